"""Tools around modules: clipping gradients, flattening parameters, weight normalisation, sequences."""

from tinygrad_ext.nn.utils import parametrizations, parametrize, rnn
from tinygrad_ext.nn.utils.clip_grad import (
    clip_grad_norm_,
    clip_grad_value_,
    clip_grads_with_norm_,
    get_total_norm,
)
from tinygrad_ext.nn.utils.convert_parameters import parameters_to_vector, vector_to_parameters
from tinygrad_ext.nn.utils.weight_norm import remove_weight_norm, weight_norm

__all__ = [
    "clip_grad_norm_",
    "clip_grad_value_",
    "clip_grads_with_norm_",
    "get_total_norm",
    "parameters_to_vector",
    "parametrizations",
    "parametrize",
    "remove_weight_norm",
    "rnn",
    "vector_to_parameters",
    "weight_norm",
]
