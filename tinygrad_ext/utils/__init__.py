"""PyTorch's path to the data tools, ``utils.data``."""

from tinygrad_ext.utils import data

__all__ = ["data"]
