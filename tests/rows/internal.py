"""Ops that users do not call: gradients that are ops of their own, so that they have gradients too."""

from __future__ import annotations

import numpy as np
from case import ALL, A, C, Case, DType, call, rough
from scipy.special import expit

from rows.activation import SOFTMAXES

PAIRS = (
    call(A(), A()),
    call(A(2, 3, 4), A(2, 3, 4)),
    call(A(1003), A(1003)),
    call(A(0, 3), A(0, 3)),
)
# The two arguments of the gradient of softmax: any gradient, and any output.
ROWWISE = tuple(
    call(A(*s.args[0].shape), A(*s.args[0].shape, low=0.1, high=0.9), *(s.args[1:] or (s.kwargs["dim"],)))
    for s in SOFTMAXES
    if s.smooth and s.args[0].low is None
)


def internal(name, reference, samples, **options):
    return Case(name, reference, samples, **{"forms": ("core",), "ulp": 4.0, **options})


def log_softmax_grad(dy, y, dim):
    return dy - np.exp(y) * dy.sum(dim, keepdims=True)


def softmax_grad(dy, y, dim):
    return y * (dy - (dy * y).sum(dim, keepdims=True))


def lstm_steps(x, h, c, weight, reverse=False):
    steps = []
    for gates in x[::-1] if reverse else x:
        i, f, g, o = np.split(gates + h @ weight.T, 4, 1)
        c = expit(f) * c + expit(i) * np.tanh(g)
        h = expit(o) * np.tanh(c)
        steps.append(h)
    return np.stack([*(steps[::-1] if reverse else steps), c])


def sequence(steps, batch, size, *reverse):
    weight = A(4 * size, size, low=-2 / size, high=2 / size)
    return call(A(steps, batch, 4 * size), A(batch, size), A(batch, size), weight, *reverse)


ROWS = (
    # Piecewise constant in the output: only the incoming gradient is differentiated.
    internal(
        "relu_grad",
        lambda dy, y: np.where(y > 0, dy, 0.0),
        tuple(call(s.args[0], C(*s.args[1].shape)) for s in PAIRS),
        ulp=0.0,
    ),
    internal("tanh_grad", lambda dy, y: dy * (1 - y * y), PAIRS, scale=8.0),
    internal("sigmoid_grad", lambda dy, y: dy * y * (1 - y), PAIRS, scale=4.0),
    internal("softmax_grad", softmax_grad, ROWWISE, scale=16.0),
    internal("log_softmax_grad", log_softmax_grad, ROWWISE, scale=128.0),
    internal(
        "lstm_steps",
        lstm_steps,
        (
            sequence(3, 2, 3),
            sequence(2, 3, 2, True),
            sequence(1, 1, 1),
            sequence(4, 0, 2),
            sequence(5, 40, 17),  # several ranges of rows, part of a vector
        ),
        scale=16.0,
    ),
    internal(
        "cast",
        lambda x, dtype: np.trunc(x).astype(dtype) if dtype.kind in "iu" else x.astype(dtype),
        tuple((call if d == "float64" else rough)(A(2, 3), DType(d)) for d in ALL if d != "uint8"),
        dtypes=ALL,
        result="given",
        away=0.2,
        ulp=0.0,
    ),
)

# Ops that take no plain arguments. Their values are tested by the first, their gradients by the second
# derivative of the op named here.
THROUGH = {
    "choose": "where",
    "relaid": "reshape",
    "strided": "as_strided",
    "part": "split",
    "put_part": "as_strided_scatter",
    "join_diagonal": "block_diag",
    "on_diagonal": "diag_embed",
    "repeat_blocks": "repeat",
    "add_windows": "sliding_windows",
    "slice": "index",
    "slice_grad": "index",
    "take_at": "index",
    "add_at": "index",
    "take_shared": "embedding",
    "put_at": "index_put",
    "scatter_put": "scatter",
    "scatter_prod": "scatter_reduce",
    "scatter_extreme": "scatter_reduce",
    "conv1d_geometry": "conv1d",
    "cofactors": "det",
    "logabsdet": "logdet",
    "det_sign": "slogdet",
    "solve_matrix": "linalg_solve",
    "triangular_solve_matrix": "linalg_solve_triangular",
    "qr_q": "linalg_qr",
    "qr_r": "linalg_qr",
    "svd_u": "linalg_svd",
    "svd_s": "linalg_svd",
    "svd_vh": "linalg_svd",
    "eigh_values": "linalg_eigh",
    "eigh_vectors": "linalg_eigh",
    "pinv_of": "linalg_pinv",
    "attention": "scaled_dot_product_attention",
    "curve_grad": "gelu",
    "conv2d_geometry": "conv2d",
    "conv_transpose1d_geometry": "conv_transpose1d",
    "conv_transpose2d_geometry": "conv_transpose2d",
    "conv_weight_grad": "conv2d",
    "max_pool_at": "max_pool2d",
    "plane_at": "max_pool2d",
    "plane_add": "max_pool2d",
    "max_unpool_at": "max_unpool2d",
    "avg_pool_geometry": "avg_pool2d",
    "avg_pool_grad": "avg_pool2d",
    "resample": "interpolate",
    "resample_adjoint": "interpolate",
    "im2col_geometry": "im2col",
    "col2im_geometry": "im2col",
    "known": "var_mean",
    "picked": "sort",
    "picked_grad": "sort",
    "cumsum_reverse": "cumsum",
    "decayed_sum": "logcumsumexp",
    "whole_median": "median",
    "whole_nanmedian": "nanmedian",
}
