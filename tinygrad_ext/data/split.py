"""`Split`: images with their labels, and how both are made from bytes."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from tinygrad_ext._core import Tensor, from_numpy


class Split(NamedTuple):
    """One part of a data set of labelled grey images.

    Attributes
    ----------
    images : Tensor, float32 [N, 1, H, W]
        Brightness from 0 to 1.
    labels : Tensor, int64 [N]
        Class numbers.
    """

    images: Tensor
    labels: Tensor


def split_from_bytes(images: npt.NDArray[np.uint8], labels: npt.NDArray[np.uint8], white: int) -> Split:
    """Make a split from images [N, H, W], in which `white` is the brightest value, and labels [N]."""
    scaled = images[:, None].astype(np.float32) / np.float32(white)
    return Split(from_numpy(scaled), from_numpy(labels.astype(np.int64)))
