"""How many floating-point operations a layer does, by kind of layer; a multiply-add counts as two.

Every rule counts what the layer computes for its actual input, batch included, in evaluation mode:

- `Linear`, convolutions: 2 per weight that an output value meets, and 1 for the bias.
- Transposed convolutions: 2 per weight that an input value meets, and 1 per output value for the bias.
- `Bilinear`: per output value 2 in1 (in2 + 1), and 1 for the bias.
- `MultiheadAttention`: its four projections as `Linear`; 2 for each product of a query's value with a key's,
  and of a weight with a value's; 3 per weight for the softmax.
- Recurrent layers and cells: per sample and time step 2 per weight and 1 per bias; gates are left out.
- Activations: 1 per value, whatever the function; `Softmax` and its like 3 (exp, sum, division).
- Batch norm: 2 per value (one scale, one shift); layer, group, instance and RMS norm 7 (mean, variance,
  normalisation, scale and shift).
- Pooling: 1 per value under each window; adaptive pooling 1 per input value.
- Embedding, dropout, reshaping, padding, upsampling by copies: 0.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

from tinygrad_ext._core import Tensor
from tinygrad_ext.nn.module import Module

Rule = Callable[[Any, tuple[Any, ...], Any], int]


def flops_of(module: Module, inputs: tuple[Any, ...], output: Any) -> int | None:
    """Return the operations of one call, or None for a kind of layer without a rule."""
    rule = rule_of(module)
    return None if rule is None else rule(module, inputs, output)


def rule_of(module: Module) -> Rule | None:
    """The rule for a module's class, or for the nearest of its bases that has one."""
    for kind in type(module).__mro__:
        if kind.__name__ in _RULES and kind.__module__.startswith("tinygrad_ext.nn"):
            return _RULES[kind.__name__]
    return None


def _first(value: Any) -> Tensor:
    """A layer's first tensor, where it takes or gives several."""
    while isinstance(value, tuple | list):
        value = value[0]
    return value  # type: ignore[no-any-return]


def _per_output(count: Callable[[Any], int]) -> Rule:
    """So many operations per output value, and one more for the bias."""

    def rule(module: Any, inputs: tuple[Any, ...], output: Any) -> int:
        each = count(module) + (getattr(module, "bias", None) is not None)
        return int(_first(output).numel()) * each

    return rule


def _constant(each: int) -> Rule:
    return lambda module, inputs, output: each * int(_first(output).numel())


def _transposed(module: Any, inputs: tuple[Any, ...], output: Any) -> int:
    meets = int(math.prod(module.weight.shape[1:]))  # [in, out / groups, kernel...]
    bias = int(output.numel()) if module.bias is not None else 0
    return 2 * int(inputs[0].numel()) * meets + bias


def _attention(module: Any, inputs: tuple[Any, ...], output: Any) -> int:
    query, key = inputs[:2]
    size, place = module.embed_dim, 1 if module.batch_first and query.ndim == 3 else 0
    queries, keys = int(query.numel()) // size, int(key.numel()) // module.kdim  # batch included
    seen = int(key.shape[place]) + (module.bias_k is not None) + module.add_zero_attn
    projections = 2 * size * (2 * size * queries + (module.kdim + module.vdim) * keys)
    biases = 2 * size * (queries + keys) if module.in_proj_bias is not None else 0
    return int(projections + biases + queries * seen * (4 * size + 3 * module.num_heads))


def _recurrent(module: Any, inputs: tuple[Any, ...], output: Any) -> int:
    data = getattr(inputs[0], "data", inputs[0])  # of a packed sequence, its values
    steps = int(data.numel()) // int(data.shape[-1])
    sizes = [(p.ndim, int(p.numel())) for p in module.parameters()]
    return steps * sum(2 * n if rank == 2 else n for rank, n in sizes)


def _window(module: Any, inputs: tuple[Any, ...], output: Any) -> int:
    size = module.kernel_size
    sizes = size if isinstance(size, tuple | list) else (size,) * _dims(module)
    return int(_first(output).numel()) * int(math.prod(sizes))


def _dims(module: Module) -> int:
    """How many dimensions a pooling layer's window has, from the name of the class that the rule is for."""
    names = (kind.__name__ for kind in type(module).__mro__)
    return int(next(name for name in names if name in _RULES)[-2])


def _input_values(module: Any, inputs: tuple[Any, ...], output: Any) -> int:
    return int(_first(inputs).numel())


def _named(names: str, rule: Rule) -> dict[str, Rule]:
    return dict.fromkeys(names.split(), rule)


_RULES: dict[str, Rule] = {
    **_named("Linear", _per_output(lambda m: 2 * int(m.weight.shape[1]))),
    **_named("Conv1d Conv2d Conv3d", _per_output(lambda m: 2 * math.prod(m.weight.shape[1:]))),
    **_named("Bilinear", _per_output(lambda m: 2 * int(m.weight.shape[1]) * (int(m.weight.shape[2]) + 1))),
    **_named("ConvTranspose1d ConvTranspose2d ConvTranspose3d", _transposed),
    **_named("MultiheadAttention", _attention),
    **_named("RNN LSTM GRU RNNCell LSTMCell GRUCell", _recurrent),
    **_named(
        "CELU ELU GELU SELU Hardshrink Hardsigmoid Hardswish Hardtanh LeakyReLU LogSigmoid Mish PReLU ReLU "
        "ReLU6 RReLU Sigmoid SiLU Softplus Softshrink Softsign Tanh Tanhshrink Threshold GLU",
        _constant(1),
    ),
    **_named("Softmax LogSoftmax Softmin Softmax2d", _constant(3)),
    **_named("BatchNorm1d BatchNorm2d BatchNorm3d", _constant(2)),
    **_named(
        "LayerNorm GroupNorm RMSNorm InstanceNorm1d InstanceNorm2d InstanceNorm3d LocalResponseNorm",
        _constant(7),
    ),
    **_named("MaxPool1d MaxPool2d MaxPool3d AvgPool1d AvgPool2d AvgPool3d LPPool1d LPPool2d", _window),
    **_named(
        "AdaptiveAvgPool1d AdaptiveAvgPool2d AdaptiveAvgPool3d AdaptiveMaxPool1d AdaptiveMaxPool2d "
        "AdaptiveMaxPool3d",
        _input_values,
    ),
    **_named(
        "Identity Flatten Unflatten Dropout Dropout1d Dropout2d Dropout3d AlphaDropout FeatureAlphaDropout "
        "Embedding Upsample UpsamplingNearest2d PixelShuffle PixelUnshuffle ChannelShuffle ZeroPad1d "
        "ZeroPad2d ConstantPad1d ConstantPad2d ReflectionPad1d ReflectionPad2d ReplicationPad1d "
        "ReplicationPad2d CircularPad1d CircularPad2d Fold Unfold",
        _constant(0),
    ),
}
