"""Saving and loading: tensors, state dicts and whole checkpoints as safetensors files. Nothing is pickled."""

from tinygrad_ext.io.files import load, save

__all__ = ["load", "save"]
