"""bfloat16 values for tests, by the arithmetic of their bits, and the bound that one rounding allows."""

from __future__ import annotations

import numpy as np

import tinygrad_ext as tg

RNG = np.random.default_rng(0)


def rounded(values) -> np.ndarray:
    """The nearest bfloat16 of each float32, ties to even, as float64: by the arithmetic of its bits."""
    bits = np.asarray(values, np.float32).view(np.uint32).astype(np.uint64)
    return (
        ((bits + 0x7FFF + (bits >> 16 & 1)) >> 16 << 16).astype(np.uint32).view(np.float32).astype(np.float64)
    )


def make(*shape: int) -> tuple[tg.Tensor, np.ndarray]:
    """Random values: as a bfloat16 tensor, and the same as float64."""
    values = rounded(RNG.standard_normal(shape))
    return tg.tensor(values.tolist(), dtype=tg.bfloat16).reshape(shape), values


def array(t: tg.Tensor) -> np.ndarray:
    return t.detach().double().numpy()


def close(got: tg.Tensor, exact: np.ndarray, terms: int, sizes: np.ndarray | float) -> None:
    """One rounding to bfloat16 after a float32 sum of `terms` products; sizes: their magnitudes' sum."""
    assert got.dtype == tg.bfloat16
    bound = 2.0**-8 * np.abs(exact) + (terms + 1) * 2.0**-23 * sizes + 1e-37
    assert got.shape == exact.shape
    assert (np.abs(array(got) - exact) <= bound).all()
