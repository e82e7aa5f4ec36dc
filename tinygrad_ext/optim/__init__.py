"""Optimizers: what turns gradients into better parameters. Each step is one C++ call over all parameters."""

from tinygrad_ext.optim.adam import Adam, AdamW
from tinygrad_ext.optim.optimizer import Optimizer
from tinygrad_ext.optim.sgd import SGD

__all__ = ["SGD", "Adam", "AdamW", "Optimizer"]
