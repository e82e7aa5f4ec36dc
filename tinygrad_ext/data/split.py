"""`Split`: images with their labels, and how both are made from bytes."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from tinygrad_ext._core import Tensor, from_numpy


class Split(NamedTuple):
    """One part of a data set of labelled images.

    Attributes
    ----------
    images : Tensor, float32 [N, C, H, W]
        Brightness from 0 to 1, of one channel (grey) or three (red, green, blue).
    labels : Tensor, int64 [N]
        Class numbers.
    """

    images: Tensor
    labels: Tensor


def split_from_bytes(images: npt.NDArray[np.uint8], labels: npt.NDArray[np.uint8], white: int) -> Split:
    """Make a split from images [N, H, W] or [N, C, H, W], `white` being their brightest value, and labels."""
    scaled = images.astype(np.float32)
    scaled /= np.float32(white)  # in place: a data set may fill a good part of the memory
    scaled = scaled[:, None] if images.ndim == 3 else scaled
    return Split(from_numpy(scaled), from_numpy(labels.astype(np.int64)))
