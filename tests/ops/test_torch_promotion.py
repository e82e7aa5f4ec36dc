"""Result dtype and shape equal PyTorch's for every op over all pairs of dtypes, dims and Python scalars."""

from __future__ import annotations

import itertools
import warnings

import lib
import numpy as np
import pytest
from case import ALL, FLOATS, Case, Drawn, draw, leaves, tree_map_sample
from cases import CASES

import tinygrad_ext as tg

torch = pytest.importorskip("torch")

# A tensor as the row has it, or with 0 dims, in every dtype; or a Python number.
KINDS = [*itertools.product(ALL, (False, True)), True, 2, 2.5]
# Accepted or refused on purpose where PyTorch does otherwise: for which operands, and why.
WIDE_BIAS = (
    lambda kinds: set(kinds) == {("float64", False)},
    "a bias of another dtype (float32 in the sample) is refused, as by the other convolutions",
)
DIFFERENCES = {
    "conv_transpose1d": WIDE_BIAS,
    "conv_transpose2d": WIDE_BIAS,
    "hardsigmoid": (
        lambda kinds: kinds[0][0] not in FLOATS,
        "the formula that stands for PyTorch's in its row takes integers, PyTorch's own does not",
    ),
    "instance_norm": (
        lambda kinds: kinds[0] == ("float32", False) != kinds[1] and not kinds[1][1],
        "running statistics of another dtype are refused, as by batch_norm",
    ),
    "soft_margin_loss": (
        lambda kinds: (
            comparable(kinds)
            and (
                kinds[0][0] not in FLOATS
                or kinds[1][0] == "bool"
                or (kinds[0][0], kinds[1][0]) == ("float32", "float64")
            )
        ),
        "the result has the floating dtype of input, as PyTorch's own; the formula in its row promotes",
    ),
    "step": (
        lambda kinds: kinds[0][0] == "bool",
        "PyTorch has none; the formula that stands for it in its row is not defined for bool",
    ),
    "upsample_bilinear": (
        lambda kinds: kinds == (("uint8", False),),
        "uint8 images are refused: PyTorch interpolates them in fixed-point arithmetic",
    ),
}
# A prediction and a target of different shapes are refused instead of broadcast, and so are two of integers.
PREDICTIONS = {
    "gaussian_nll_loss",
    "hinge_embedding_loss",
    "hinge_loss",
    "huber_loss",
    "kl_div",
    "l1_loss",
    "mse_loss",
    "multilabel_soft_margin_loss",
    "poisson_nll_loss",
    "smooth_l1_loss",
    "soft_margin_loss",
}


def comparable(kinds) -> bool:
    """Tensors of one shape, one of them floating."""
    shapes = {kind[1] if isinstance(kind, tuple) else None for kind in kinds}
    return len(shapes) == 1 and any(kind[0] in FLOATS for kind in kinds)


def operand(library, kind, array: np.ndarray):
    if not isinstance(kind, tuple):
        return kind
    dtype, zero_dim = kind
    array = np.asarray(np.abs(array)).astype(dtype)
    array = np.where(array == 0, np.ones((), dtype), array)
    return library.tensor(array.flat[0].item() if zero_dim else array, dtype=getattr(library, dtype))


def outcome(library, case: Case, sample, kinds):
    """The dtypes and shapes of the results; None where the call is refused."""
    left = iter(kinds)

    def convert(v):
        if isinstance(v, Drawn):
            if v.kind in ("value", "const"):
                return operand(library, next(left, ("float32", False)), v.array)
            return library.tensor(v.array)
        return getattr(library, v.name or "float32") if type(v).__name__ == "DType" else v

    call = tree_map_sample(convert, sample)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            function = lib.spellings(library, case, sample)[0]
            found = lib.outputs(function(*call.args, **call.kwargs))
        except (RuntimeError, TypeError, ValueError, IndexError, AttributeError, NotImplementedError):
            return None
    return [
        (str(t.dtype).rsplit(".", 1)[-1], tuple(t.shape))
        if isinstance(t, library.Tensor)
        else type(t).__name__
        for t in found
    ]


def pick(case: Case):
    """A small sample with as many tensors as any of the row's (up to two are varied)."""
    best, most = None, 0
    for index, sample in enumerate(case.samples):
        drawn = draw(case, index, "float64")
        arrays = [v for v in leaves((drawn.args, drawn.kwargs)) if isinstance(v, Drawn)]
        varied = sum(v.kind in ("value", "const") for v in arrays)
        sizes = [v.array.size for v in arrays]
        if sample.torch and arrays and min(sizes) > 0 and max(sizes) <= 200 and varied > most:
            best, most = drawn, varied
    return best, min(most, 2)


CALLABLE = [c for c in CASES if c.torch or c.forms != ("core",)]


def check(case: Case, operands) -> None:
    """Every choice of operands for a sample of the row gives PyTorch's dtypes and shapes."""
    sample, count = pick(case)
    if sample is None:
        return
    wrong = []
    differs, _ = DIFFERENCES.get(case.name, (lambda kinds: False, ""))
    for kinds in itertools.product(operands, repeat=count):
        if not any(isinstance(kind, tuple) for kind in kinds):
            continue
        ours, theirs = outcome(tg, case, sample, kinds), outcome(torch, case, sample, kinds)
        if theirs is None and not all(isinstance(kind, tuple) for kind in kinds):
            continue  # a Python number is taken wherever an operator would take one
        if case.name in PREDICTIONS and ours is None and not comparable(kinds):
            continue
        if (ours != theirs) != differs(kinds):
            wrong.append(f"{case.name}{kinds}: {ours}, not {theirs}")
    assert not wrong, f"{len(wrong)} differ:\n" + "\n".join(wrong[:8])


@pytest.mark.parametrize("case", CALLABLE, ids=str)
def test_promotion_equals_torch(case):
    check(case, KINDS)


@pytest.fixture
def _double():
    tg.set_default_dtype(tg.float64)
    torch.set_default_dtype(torch.float64)
    yield
    tg.set_default_dtype(tg.float32)
    torch.set_default_dtype(torch.float32)


@pytest.mark.usefixtures("_double")
@pytest.mark.parametrize("case", CALLABLE, ids=str)
def test_default_dtype_equals_torch(case):
    """What becomes floating becomes float64 where that is the default."""
    check(case, (("int64", False), ("bool", True), ("float32", True), 2.5))
