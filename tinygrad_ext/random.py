"""The global random generator: seeding it, and its state."""

from __future__ import annotations

import os

from tinygrad_ext._core import Generator, Tensor, default_generator


def manual_seed(seed: int) -> Generator:
    """Start the global generator's stream of a seed; the same seed gives the same numbers on every machine.

    Returns
    -------
    Generator
        The global generator.
    """
    return default_generator.manual_seed(seed)


def seed() -> int:
    """Seed the global generator from the system's source of randomness; returns the seed (64 bits)."""
    number = int.from_bytes(os.urandom(7), "little")
    default_generator.manual_seed(number)
    return number


def get_rng_state() -> Tensor:
    """Return the global generator's state, a uint8 tensor."""
    return default_generator.get_state()


def set_rng_state(new_state: Tensor) -> None:
    """Set the global generator's state to one that `get_rng_state` gave."""
    default_generator.set_state(new_state)
