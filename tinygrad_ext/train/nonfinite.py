"""Finding out where a NaN or an infinity came from: the batch is run again, every module watched."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

from tinygrad_ext._core import Tensor, default_generator
from tinygrad_ext.autograd.grad_mode import no_grad
from tinygrad_ext.nn.module import Module
from tinygrad_ext.train.history import History


class NonFiniteError(FloatingPointError):
    """A loss that is NaN or infinite.

    Attributes
    ----------
    epoch, step : int
        Where training was, both from 1; steps count through all epochs of this call.
    source : str
        The dotted name of the module or parameter that was the first with such a value; "" if it was neither.
    history : History
        The epochs before.
    """

    def __init__(self, message: str, epoch: int, step: int, source: str, history: History) -> None:
        super().__init__(message)
        self.epoch = epoch
        self.step = step
        self.source = source
        self.history = history


def find_source(
    model: Module, inputs: tuple[Any, ...], target: Any, generator_state: Tensor
) -> tuple[str, str]:
    """Return the name of what first had a value that is not finite, and a sentence on it.

    Parameters
    ----------
    model : Module
        As it was when the loss was computed; its buffers are left as they are.
    inputs, target
        The batch.
    generator_state : Tensor
        Of the global generator before the model ran, so that it draws the same again.
    """
    for number, value in enumerate((*inputs, target)):
        what = "the target" if number == len(inputs) else f"input {number}"
        if (place := _place(value)) is not None:
            return "", f"{what} of the batch holds {_at(value, place)}"
    for name, value in (*model.named_parameters(), *model.named_buffers()):
        if (place := _place(value)) is not None:
            return (
                name,
                f"{name!r} holds {_at(value, place)}: the step before, or what it was loaded from, did it",
            )
    found: list[tuple[str, str]] = []
    _run_watched(model, inputs, generator_state, lambda *seen: found.append(_report(*seen)))
    if found:
        return found[0]
    return "", "the output of every module is finite, so it is the loss function that gave it"


def _run_watched(
    model: Module, inputs: tuple[Any, ...], generator_state: Tensor, report: Callable[..., None]
) -> None:
    buffers = [(buffer, buffer.clone()) for buffer in model.buffers()]
    state = default_generator.get_state()
    handles = []

    def watch(name: str) -> Callable[..., None]:
        def look(module: Module, args: tuple[Any, ...], output: Any) -> None:
            for value in _tensors(output):
                if (place := _place(value)) is not None:
                    report(name, module, args, value, place)
                    return

        return look

    try:
        default_generator.set_state(generator_state)
        handles = [module.register_forward_hook(watch(name)) for name, module in model.named_modules()]
        with no_grad():
            model(*inputs)
    except Exception:
        pass  # the first run went through; what this one found before counts
    finally:
        for handle in handles:
            handle.remove()
        default_generator.set_state(state)
        with no_grad():
            for buffer, before in buffers:
                buffer.copy_(before)


def _report(
    name: str, module: Module, args: tuple[Any, ...], value: Tensor, place: tuple[int, ...]
) -> tuple[str, str]:
    kind = type(module).__name__
    which = f"module {name!r}, {kind}," if name else f"the model itself, {kind},"
    sizes = [float(x.abs().max().item()) for x in _tensors(args) if x.dtype.is_floating_point and x.numel()]
    largest = f", from finite inputs of up to {max(sizes):.3g}" if sizes else ""
    return name, f"the first came out of {which} with {_at(value, place)}{largest}"


def _tensors(value: Any) -> Iterator[Tensor]:
    if isinstance(value, Tensor):
        yield value
    elif isinstance(value, dict):
        yield from _tensors(tuple(value.values()))
    elif isinstance(value, tuple | list):
        for item in value:
            yield from _tensors(item)


def _place(value: Any) -> tuple[int, ...] | None:
    """The index of the first value that is not finite."""
    if not isinstance(value, Tensor) or not value.dtype.is_floating_point:
        return None
    wrong = ~value.detach().isfinite()
    return tuple(wrong.nonzero()[0].tolist()) if bool(wrong.any()) else None


def _at(value: Tensor, place: tuple[int, ...]) -> str:
    number = value.detach()[place].item() if place else value.detach().item()
    return f"{number} at {list(place)} of shape {list(value.shape)}"
