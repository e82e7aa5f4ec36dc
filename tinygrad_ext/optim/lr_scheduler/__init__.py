"""Schedules of the learning rate, under PyTorch's names and with its numbers.

Make one for an optimizer and call its `step` after the optimizer's. Most take the present rate and change it,
so several on one optimizer multiply.
"""

from tinygrad_ext.optim.lr_scheduler.base import LRScheduler
from tinygrad_ext.optim.lr_scheduler.compose import ChainedScheduler, SequentialLR
from tinygrad_ext.optim.lr_scheduler.cosine import CosineAnnealingLR, CosineAnnealingWarmRestarts
from tinygrad_ext.optim.lr_scheduler.cyclic import CyclicLR, OneCycleLR
from tinygrad_ext.optim.lr_scheduler.decay import (
    ConstantLR,
    ExponentialLR,
    LinearLR,
    MultiStepLR,
    PolynomialLR,
    StepLR,
)
from tinygrad_ext.optim.lr_scheduler.function import LambdaLR, MultiplicativeLR
from tinygrad_ext.optim.lr_scheduler.plateau import ReduceLROnPlateau

__all__ = [
    "ChainedScheduler",
    "ConstantLR",
    "CosineAnnealingLR",
    "CosineAnnealingWarmRestarts",
    "CyclicLR",
    "ExponentialLR",
    "LRScheduler",
    "LambdaLR",
    "LinearLR",
    "MultiStepLR",
    "MultiplicativeLR",
    "OneCycleLR",
    "PolynomialLR",
    "ReduceLROnPlateau",
    "SequentialLR",
    "StepLR",
]
