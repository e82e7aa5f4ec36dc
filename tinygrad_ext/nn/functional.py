"""The operations behind the layers, as plain functions.

Made by docs/generate.py from _core.OPS; do not edit.
"""

from tinygrad_ext._core import (
    avg_pool2d,
    binary_cross_entropy_with_logits,
    conv2d,
    cross_entropy,
    dropout,
    linear,
    log_softmax,
    max_pool2d,
    mse_loss,
    nll_loss,
    one_hot,
    relu,
    relu_,
    sigmoid,
    sigmoid_,
    softmax,
    tanh,
    tanh_,
)

__all__ = [
    "avg_pool2d",
    "binary_cross_entropy_with_logits",
    "conv2d",
    "cross_entropy",
    "dropout",
    "linear",
    "log_softmax",
    "max_pool2d",
    "mse_loss",
    "nll_loss",
    "one_hot",
    "relu",
    "relu_",
    "sigmoid",
    "sigmoid_",
    "softmax",
    "tanh",
    "tanh_",
]
