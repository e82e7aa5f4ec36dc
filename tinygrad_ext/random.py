"""The global random generator: seeding it, and its state."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from tinygrad_ext._core import Generator, Tensor, default_generator

__all__ = [
    "default_generator",
    "fork_rng",
    "get_rng_state",
    "initial_seed",
    "manual_seed",
    "seed",
    "set_rng_state",
]


def manual_seed(seed: int) -> Generator:
    """Start the global generator's stream of a seed; the same seed gives the same numbers on every machine.

    Parameters
    ----------
    seed : int
        Any integer of 64 bits; a negative one counts from 2**64 down.

    Returns
    -------
    Generator
        The global generator.
    """
    return default_generator.manual_seed(seed)


def seed() -> int:
    """Seed the global generator from the system's source of randomness; returns the seed."""
    return default_generator.seed()


def initial_seed() -> int:
    """Return the seed the global generator was started with."""
    return default_generator.initial_seed()


def get_rng_state() -> Tensor:
    """Return the global generator's state, a uint8 tensor laid out as PyTorch's."""
    return default_generator.get_state()


def set_rng_state(new_state: Tensor) -> None:
    """Set the global generator's state to one that `get_rng_state` gave, here or in PyTorch."""
    default_generator.set_state(new_state)


@contextmanager
def fork_rng(devices: Any = None, enabled: bool = True) -> Iterator[None]:
    """Give the global generator back its state at the end of a ``with`` block.

    Parameters
    ----------
    devices : ignored
        PyTorch's argument for other devices.
    enabled : bool, default True
        False makes it do nothing.
    """
    state = default_generator.get_state() if enabled else None
    try:
        yield
    finally:
        if state is not None:
            default_generator.set_state(state)
