"""Sizes of windows over one or two dimensions: one number for all, or one for each, checked once."""

from __future__ import annotations

from operator import index
from typing import TypeAlias

Sizes: TypeAlias = int | tuple[int, ...]


def sizes(owner: str, name: str, value: Sizes, dims: int, least: int) -> tuple[int, ...]:
    """Return `value` as one number per dimension, (vertical, horizontal) of images.

    Raises
    ------
    ValueError
        If it is not one or `dims` integers of at least `least`; names the module and the argument.
    """
    try:
        given = value if isinstance(value, tuple | list) else (value,) * dims
        numbers = tuple(index(number) for number in given)
        if len(numbers) != dims:
            raise ValueError
    except (TypeError, ValueError):
        wanted = {1: "an int or a tuple of one int", 2: "an int or a pair of ints"}
        raise ValueError(
            f"{owner}: {name} must be {wanted.get(dims, f'{dims} ints')}, got {value!r}"
        ) from None
    if min(numbers) < least:
        raise ValueError(f"{owner}: {name} must be at least {least}, got {value!r}")
    return numbers


def checked(owner: str, name: str, value: Sizes, dims: int, least: int) -> Sizes:
    """Return `value` as it is, after the checks of `sizes`."""
    sizes(owner, name, value, dims, least)
    return value
