"""Sizes of two-dimensional windows: one number or a (vertical, horizontal) pair, checked once."""

from __future__ import annotations

from operator import index
from typing import TypeAlias

Pair: TypeAlias = tuple[int, int]


def pair(owner: str, name: str, value: int | Pair, least: int) -> Pair:
    """Return `value` as (vertical, horizontal).

    Raises
    ------
    ValueError
        If it is not one or two integers of at least `least`; names the module and the argument.
    """
    try:
        vertical, horizontal = value if isinstance(value, tuple | list) else (value, value)
        numbers = index(vertical), index(horizontal)
    except (TypeError, ValueError):
        raise ValueError(f"{owner}: {name} must be an int or a pair of ints, got {value!r}") from None
    if min(numbers) < least:
        raise ValueError(f"{owner}: {name} must be at least {least}, got {value!r}")
    return numbers


def checked(owner: str, name: str, value: int | Pair, least: int) -> int | Pair:
    """Return `value` as it is, after the checks of `pair`."""
    pair(owner, name, value, least)
    return value
