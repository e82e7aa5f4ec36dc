"""How many floating-point operations an operation does, by its name and shapes; a multiply-add counts as two.

- Matrix products of [m, k] and [k, n]: 2 m n k, times the batch; 1 per result for a bias or an added matrix.
- Convolutions: 2 per weight that an output value meets (a transposed one: that an input value meets), the
  same for the gradient of the weight; 1 per result for a bias.
- Attention of L queries and S keys: 2 L S for each number of a key and of a value, 3 L S for the softmax; its
  gradient does the five products of which two are the forward's again.
- Softmax 3 per value, its gradient 4. Layer, group and RMS norm 7 per value.
- Elementwise functions: 1 per result, whichever. Reductions, scans, pooling: 1 per input value.
- Copies, views, indexing, sorting, drawing, factorisations, optimizers: not counted.

An operation made of others is the sum of those, the ones that have a formula above apart.
"""

from __future__ import annotations

from collections.abc import Callable
from math import prod

from tinygrad_ext._core import OPS

Shape = tuple[int, ...]
Rule = Callable[[list[Shape | None], Shape], int]


def flops(name: str, inputs: list[Shape | None], output: Shape) -> int:
    """Return what one call does by itself.

    Parameters
    ----------
    name : str
        The operation's; in place, with an underscore behind it.
    inputs : list of shape or None
        Of its tensor arguments in order, None for one that was left out.
    output : shape
    """
    rule = _RULES.get(name) or _RULES.get(name.removesuffix("_"))
    return rule(inputs, output) if rule else 0


def gradient_flops(name: str, inputs: list[Shape | None]) -> int:
    """Return what a gradient rule does by itself, apart from the operations that it calls.

    Parameters
    ----------
    name : str
        The operation's.
    inputs : list of shape or None
        The gradient of its result, then the operation's inputs.
    """
    shapes = _given(inputs)
    if (
        name != "attention" or len(shapes) < 4 or min(map(len, shapes)) < 2
    ):  # a user's function may have the name
        return 0
    query, key, value = shapes[1:4]
    return 2 * prod(query[:-1]) * key[-2] * (3 * query[-1] + 2 * value[-1])


def is_whole(name: str) -> bool:
    """Whether the formula covers all that the operation does, other operations inside it too."""
    return name.removesuffix("_") in _WHOLE


def _given(shapes: list[Shape | None]) -> list[Shape]:
    return [shape for shape in shapes if shape is not None]


def _product(inputs: list[Shape | None], output: Shape) -> int:
    """The last two inputs are multiplied, the first, where there are three, is added."""
    shapes = _given(inputs)
    return prod(output) * (2 * shapes[-2][-1] + (len(shapes) > 2))


def _linear(inputs: list[Shape | None], output: Shape) -> int:
    shapes = _given(inputs)
    return prod(output) * (2 * shapes[0][-1] + (len(shapes) > 2))


def _conv(inputs: list[Shape | None], output: Shape) -> int:
    shapes = _given(inputs)
    return prod(output) * (2 * prod(shapes[1][1:]) + (len(shapes) > 2))


def _conv_transpose(inputs: list[Shape | None], output: Shape) -> int:
    shapes = _given(inputs)
    return 2 * prod(shapes[0]) * prod(shapes[1][1:]) + prod(output) * (len(shapes) > 2)


def _conv_weight_grad(inputs: list[Shape | None], output: Shape) -> int:
    return 2 * prod(_given(inputs)[0]) * prod(output[1:])


def _attention(inputs: list[Shape | None], output: Shape) -> int:
    query, key, value = _given(inputs)[:3]
    return prod(query[:-1]) * key[-2] * (2 * query[-1] + 2 * value[-1] + 3)


def _per_result(each: int) -> Rule:
    return lambda inputs, output: each * prod(output)


def _per_input(inputs: list[Shape | None], output: Shape) -> int:
    shapes = _given(inputs)
    return prod(shapes[0]) if shapes else 0


def _named(names: str, rule: Rule) -> dict[str, Rule]:
    return dict.fromkeys(names.split(), rule)


_FAMILIES = {
    **_named("activation arithmetic compare distance exponential logic math order", _per_result(1)),
    **_named("resize rounding special trigonometry", _per_result(1)),
    **_named("extreme pool reduce scan statistics", _per_input),
}
_WHOLE: dict[str, Rule] = {
    **_named("linear", _linear),
    **_named("matmul addmm addmv baddbmm", _product),
    **_named("conv1d_geometry conv2d_geometry", _conv),
    **_named("conv_transpose1d_geometry conv_transpose2d_geometry", _conv_transpose),
    **_named("conv_weight_grad", _conv_weight_grad),
    **_named("attention", _attention),
}
_RULES: dict[str, Rule] = {
    **{op.name: _FAMILIES[op.family] for op in OPS if op.family in _FAMILIES},
    **_named("where choose masked_fill positive", _per_result(0)),
    **_named("outer kron", _per_result(1)),
    **_named("addr", _per_result(2)),
    **_named("softmax log_softmax", _per_result(3)),
    **_named("softmax_grad log_softmax_grad", _per_result(4)),
    **_named("layer_norm group_norm rms_norm", _per_result(7)),
    **_WHOLE,
}
