"""`summary`: a model's layers in a table, found by running it once."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

from tinygrad_ext._core import Tensor, zeros
from tinygrad_ext.autograd.grad_mode import no_grad
from tinygrad_ext.nn.module import Module
from tinygrad_ext.train.flops import flops_of, rule_of
from tinygrad_ext.train.modes import mode


class Layer(NamedTuple):
    """One call of a layer.

    Attributes
    ----------
    name, kind : str
        Its dotted name and its class.
    output : str
        The shape of what it gave, or of each part of it.
    parameters : int
        How many numbers it trains or keeps fixed; 0 for a layer counted before, which is `shared`.
    flops : int or None
        Floating-point operations; None for a kind without a rule.
    shared : bool
    """

    name: str
    kind: str
    output: str
    parameters: int
    flops: int | None
    shared: bool


class Summary:
    """A model's layers, in the order in which they are called; ``str`` of it is a table.

    Attributes
    ----------
    layers : list of Layer
    parameters, trainable : int
        Of the whole model, each once.
    flops : int
        The sum over the layers that have a rule.
    """

    def __init__(self, model: Module, inputs: str, layers: list[Layer]) -> None:
        self.model = type(model).__name__
        self.inputs = inputs
        self.layers = layers
        parameters = list(model.parameters())
        self.parameters = sum(p.numel() for p in parameters)
        self.trainable = sum(p.numel() for p in parameters if p.requires_grad)
        self.bytes = sum(p.numel() * p.itemsize for p in parameters)
        self.flops = sum(layer.flops or 0 for layer in layers)

    def __str__(self) -> str:
        head = ("layer", "type", "output", "parameters", "FLOPs")
        rows = [
            (
                layer.name or "(itself)",
                layer.kind,
                layer.output,
                "shared" if layer.shared else f"{layer.parameters:,}",
                "?" if layer.flops is None else f"{layer.flops:,}",
            )
            for layer in self.layers
        ]
        widths = [max(map(len, column)) for column in zip(head, *rows, strict=True)]
        lines = [_line(row, widths) for row in (head, *rows)]
        rule = "-" * max(map(len, lines))
        unknown = sorted({layer.kind for layer in self.layers if layer.flops is None})
        notes = [f"{self.parameters:,} parameters ({_size(self.bytes)}), {self.trainable:,} of them trained"]
        notes.append(f"{self.flops:,} FLOPs forward, a multiplication with its addition being two")
        if unknown:
            notes.append(f"not counted: {', '.join(unknown)}")
        title = f"{self.model} on {self.inputs}"
        return "\n".join([title, rule, lines[0], rule, *lines[1:], rule, *notes])

    def __repr__(self) -> str:
        return f"<Summary of {self.model}: {len(self.layers)} layers, {self.parameters:,} parameters>"


def summary(model: Module, input: Any, *, show: bool = True) -> Summary:
    """Print a table of a model's layers: output shapes, parameters and floating-point operations.

    The model is run once on `input`, in evaluation mode and without gradients; its modes are restored. What
    it computes outside of layers, such as ``x.relu()`` in a `forward`, is not seen.

    Parameters
    ----------
    model : Module
    input : Tensor, tuple of Tensor, or shape
        What the model is called with; a shape, batch included, stands for zeros of the model's dtype.
    show : bool, default True
        Whether to print the table.

    Returns
    -------
    Summary
        Operations are counted as the head of ``tinygrad_ext/train/flops.py`` says, by kind of layer.

    Raises
    ------
    TypeError
        If `input` is neither.

    Examples
    --------
    >>> tg.summary(tg.nn.Sequential(tg.nn.Linear(4, 3), tg.nn.ReLU()), (1, 4), show=False).flops
    30
    """
    inputs = _inputs(model, input)
    layers: list[Layer] = []
    seen: set[int] = set()
    handles = [
        module.register_forward_hook(_note(name, layers, seen), with_kwargs=True)
        for name, module in _shown(model)
    ]
    try:
        with mode(model, training=False), no_grad():
            model(*inputs)
    finally:
        for handle in handles:
            handle.remove()
    result = Summary(model, ", ".join(str(list(x.shape)) for x in inputs), layers)
    if show:
        print(result)
    return result


def _inputs(model: Module, input: Any) -> tuple[Tensor, ...]:
    if isinstance(input, Tensor):
        return (input,)
    if isinstance(input, tuple | list) and input:
        if all(isinstance(part, Tensor) for part in input):
            return tuple(input)
        if all(isinstance(part, int) for part in input):
            kinds = (p.dtype for p in model.parameters() if p.dtype.is_floating_point)
            return (zeros(tuple(input), dtype=next(kinds, None)),)
    raise TypeError(
        f"summary: input must be a Tensor, a tuple of them, or a shape such as (1, 784), got {input!r}"
    )


def _shown(model: Module, name: str = "") -> list[tuple[str, Module]]:
    """The layers: modules that have a rule, no modules below them, or parameters of their own."""
    children = [(child_name, child) for child_name, child in model._modules.items() if child is not None]
    if not children or rule_of(model) is not None:
        return [(name, model)]
    layers = [(name, model)] if any(p is not None for p in model._parameters.values()) else []
    found = {id(module) for _, module in layers}
    for child_name, child in children:
        for path, module in _shown(child, f"{name}.{child_name}" if name else child_name):
            if id(module) not in found:
                found.add(id(module))
                layers.append((path, module))
    return layers


def _note(name: str, layers: list[Layer], seen: set[int]) -> Callable[..., None]:
    def note(module: Module, args: tuple[Any, ...], kwargs: dict[str, Any], output: Any) -> None:
        whole = rule_of(module) is not None or not any(module.children())
        own = [p for p in module.parameters(recurse=whole) if id(p) not in seen]
        shared = not own and any(True for _ in module.parameters(recurse=whole))
        seen.update(id(p) for p in own)
        flops = flops_of(module, (*args, *kwargs.values()), output)
        size = sum(p.numel() for p in own)
        layers.append(Layer(name, type(module).__name__, _shape(output), size, flops, shared))

    return note


def _shape(output: Any) -> str:
    if isinstance(output, Tensor):
        return str(list(output.shape))
    if isinstance(output, tuple | list):
        return ", ".join(_shape(part) for part in output)
    return type(output).__name__


def _line(row: tuple[str, ...], widths: list[int]) -> str:
    texts = [text.ljust(width) for text, width in zip(row[:3], widths[:3], strict=True)]
    numbers = [text.rjust(width) for text, width in zip(row[3:], widths[3:], strict=True)]
    return "  ".join(texts + numbers)


def _size(bytes: int) -> str:
    for unit in ("bytes", "KB", "MB"):
        if bytes < 1000:
            return f"{bytes:.4g} {unit}"
        bytes /= 1000  # type: ignore[assignment]
    return f"{bytes:.4g} GB"
