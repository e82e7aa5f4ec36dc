"""Switching a model between training and evaluation for a while."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from tinygrad_ext.nn.module import Module


@contextmanager
def mode(model: Module, training: bool) -> Iterator[None]:
    """Within the block the whole model trains, or does not; then each module gets back the mode it had."""
    before = [(module, module.training) for module in model.modules()]
    model.train(training)
    try:
        yield
    finally:
        for module, was in before:
            module.training = was
