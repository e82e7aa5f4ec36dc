"""Tools around modules: clipping gradients, flattening parameters, weight normalisation, sequences."""

from tinygrad_ext.nn.utils import rnn

__all__ = ["rnn"]
