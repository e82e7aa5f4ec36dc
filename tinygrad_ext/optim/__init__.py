"""Optimizers: what turns gradients into better parameters. Each step is one C++ call over all parameters."""

from tinygrad_ext.optim import lr_scheduler
from tinygrad_ext.optim.adam import Adam, Adamax, AdamW, NAdam, RAdam
from tinygrad_ext.optim.adaptive import Adadelta, Adagrad, RMSprop
from tinygrad_ext.optim.lbfgs import LBFGS
from tinygrad_ext.optim.lion import Lion
from tinygrad_ext.optim.optimizer import Optimizer
from tinygrad_ext.optim.sgd import SGD

__all__ = [
    "LBFGS",
    "SGD",
    "Adadelta",
    "Adagrad",
    "Adam",
    "AdamW",
    "Adamax",
    "Lion",
    "NAdam",
    "Optimizer",
    "RAdam",
    "RMSprop",
    "lr_scheduler",
]
