"""The 1,797 handwritten digits of 8 x 8 pixels that come with the package.

Source: the test part of "Optical Recognition of Handwritten Digits", E. Alpaydin and C. Kaynak (1998), UCI
Machine Learning Repository, https://doi.org/10.24432/C50P49, licensed CC BY 4.0. Each image counts the inked
pixels in the 4 x 4 blocks of a 32 x 32 bitmap, so its values run from 0 to 16.

digits.npz holds "images", uint8 [1797, 8, 8], and "labels", uint8 [1797], unchanged but for their order:
shuffled once, with each digit's share equal in all parts, and stored as the train, then the validation, then
the test part.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from tinygrad_ext.data.split import Split, split_from_bytes


class Digits(NamedTuple):
    """The data set in its three fixed parts: 1,257, 180 and 360 images [N, 1, 8, 8] of ten classes."""

    train: Split
    validation: Split
    test: Split


def digits() -> Digits:
    """Return the handwritten digits, always in the same order and parts.

    Returns
    -------
    Digits
        New tensors at each call.

    Examples
    --------
    >>> train, validation, test = tg.data.digits()
    >>> train.images.shape
    (1257, 1, 8, 8)
    """
    from importlib.resources import files  # costs as much to import as the rest of the package

    with (files("tinygrad_ext.data") / "digits.npz").open("rb") as file, np.load(file) as arrays:
        images, labels = arrays["images"], arrays["labels"]
    parts = slice(0, 1257), slice(1257, 1437), slice(1437, 1797)
    return Digits(*(split_from_bytes(images[part], labels[part], white=16) for part in parts))
