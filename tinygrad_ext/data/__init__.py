"""Data sets: handwritten digits that come with the package, and files in MNIST's format."""

from tinygrad_ext.data.digits import Digits, digits
from tinygrad_ext.data.idx import Mnist, mnist, read_idx
from tinygrad_ext.data.split import Split

__all__ = ["Digits", "Mnist", "Split", "digits", "mnist", "read_idx"]
