"""Functions that a user hangs on a module: run before it, after it, or when its gradients are known.

`Hooked` stands between the C type, which calls modules, and `Module`. A module without hooks pays nothing.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterable
from typing import Any, NamedTuple

from tinygrad_ext._core import Tensor, _Forward, is_grad_enabled
from tinygrad_ext._tensor import RemovableHandle
from tinygrad_ext.autograd.function import Function, FunctionContext

Grads = tuple[Tensor | None, ...]


class _Hook(NamedTuple):
    function: Callable[..., Any]
    with_kwargs: bool = False
    always_call: bool = False

    def run(self, module: Hooked, args: tuple[Any, ...], kwargs: dict[str, Any], *output: Any) -> Any:
        """Call a hook of forward, before it or with its output."""
        return self.function(module, args, *[kwargs] * self.with_kwargs, *output)


class Hooked(_Forward):
    """A thing with a `forward` and with hooks around it."""

    _hooked: bool  # kept by the C type, which reads it at each call
    _hooks: dict[str, dict[int, _Hook]]

    def register_forward_pre_hook(
        self, hook: Callable[..., Any], *, prepend: bool = False, with_kwargs: bool = False
    ) -> RemovableHandle:
        """Call ``hook(module, args)`` before each forward.

        Parameters
        ----------
        hook : callable
            What it returns, unless None, replaces the arguments: one value, or a tuple of them.
        prepend : bool, default False
            Run it before the hooks that are there, not after them.
        with_kwargs : bool, default False
            Call ``hook(module, args, kwargs)`` instead; it returns None or a pair ``(args, kwargs)``.

        Returns
        -------
        RemovableHandle
            Its ``remove()`` takes the hook away.
        """
        return self._add_hook("before", _Hook(hook, with_kwargs), prepend)

    def register_forward_hook(
        self,
        hook: Callable[..., Any],
        *,
        prepend: bool = False,
        with_kwargs: bool = False,
        always_call: bool = False,
    ) -> RemovableHandle:
        """Call ``hook(module, args, output)`` after each forward; what it returns, unless None, replaces it.

        Parameters
        ----------
        hook : callable
        prepend : bool, default False
            Run it before the hooks that are there, not after them.
        with_kwargs : bool, default False
            Call ``hook(module, args, kwargs, output)`` instead.
        always_call : bool, default False
            Call it, with None for the output, even when forward raises.

        Returns
        -------
        RemovableHandle
        """
        return self._add_hook("after", _Hook(hook, with_kwargs, always_call), prepend)

    def register_full_backward_pre_hook(
        self, hook: Callable[..., Any], prepend: bool = False
    ) -> RemovableHandle:
        """Call ``hook(module, grad_output)`` when the gradients of the outputs are known.

        What it returns, unless None, replaces them: a tuple of as many, or one Tensor for one.
        """
        return self._add_hook("grad_output", _Hook(hook), prepend)

    def register_full_backward_hook(self, hook: Callable[..., Any], prepend: bool = False) -> RemovableHandle:
        """Call ``hook(module, grad_input, grad_output)`` when backward has passed the module.

        Both are tuples with one entry per positional input and per output, None for those without a gradient.
        A tuple that the hook returns replaces `grad_input`.

        Raises
        ------
        RuntimeError
            Later, from backward, if the hook returns another number of gradients.
        """
        return self._add_hook("grad_input", _Hook(hook), prepend)

    def _add_hook(self, kind: str, hook: _Hook, prepend: bool) -> RemovableHandle:
        hooks: dict[str, dict[int, _Hook]] = self.__dict__.setdefault("_hooks", {})
        number = next(_NUMBERS)
        old = hooks.get(kind, {})
        hooks[kind] = {number: hook, **old} if prepend else {**old, number: hook}
        object.__setattr__(self, "_hooked", True)

        def remove() -> None:
            hooks[kind] = {n: h for n, h in hooks[kind].items() if n != number}
            object.__setattr__(self, "_hooked", any(hooks.values()))

        return RemovableHandle(remove)

    def __getstate__(self) -> dict[str, Any]:
        return self.__dict__.copy()

    def __setstate__(self, state: dict[str, Any]) -> None:
        self.__dict__.update(state)
        object.__setattr__(self, "_hooked", any(state.get("_hooks", {}).values()))

    def _call_with_hooks(self, *args: Any, **kwargs: Any) -> Any:
        """Run forward with the hooks around it; the C type calls this while there are any."""
        for hook in self._hooks_of("before"):
            given = hook.run(self, args, kwargs)
            if given is not None and hook.with_kwargs:
                args, kwargs = given
            elif given is not None:
                args = given if isinstance(given, tuple) else (given,)
        watch = None
        if is_grad_enabled() and (self._hooks_of("grad_input") or self._hooks_of("grad_output")):
            watch = _Watch(self, self._hooks_of("grad_output"), self._hooks_of("grad_input"))
            args = watch.inputs(args)
        waiting = list(self._hooks_of("after"))
        try:
            result = self.forward(*args, **kwargs)  # type: ignore[attr-defined]  # Module's
            while waiting:
                given = waiting.pop(0).run(self, args, kwargs, result)
                result = result if given is None else given
        except Exception:
            for hook in waiting:
                if hook.always_call:
                    hook.run(self, args, kwargs, None)
            raise
        return result if watch is None else watch.outputs(result)

    def _hooks_of(self, kind: str) -> Iterable[_Hook]:
        return tuple(self.__dict__["_hooks"].get(kind, {}).values())


_NUMBERS = itertools.count()


class _Tap(Function):
    """The identity on tensors; their gradients pass through a function, which may replace them."""

    @staticmethod
    def forward(ctx: FunctionContext, receive: Callable[[Grads], Grads], *tensors: Tensor) -> Any:
        ctx.receive = receive  # type: ignore[attr-defined]
        return tensors

    @staticmethod
    def backward(ctx: FunctionContext, *grads: Tensor) -> Any:
        return None, *ctx.receive(grads)  # type: ignore[attr-defined]


class _Watch:
    """One call of a module on its way through backward: first its outputs' gradients, then its inputs'."""

    def __init__(self, module: Hooked, before: Iterable[_Hook], after: Iterable[_Hook]) -> None:
        self.module = module
        self.before, self.after = before, after
        self.count = 0
        self.grad_output: Grads | None = None
        self.has_inputs = False

    def inputs(self, args: tuple[Any, ...]) -> tuple[Any, ...]:
        """The arguments, tapped."""
        self.count = len(args)
        self.has_inputs = any(isinstance(x, Tensor) and x.requires_grad for x in args)
        return self._tap(self._input_grads, args) if self.has_inputs else args

    def outputs(self, result: Any) -> Any:
        """The result, tapped, where it is a Tensor or a tuple."""
        if isinstance(result, tuple):
            return self._tap(self._output_grads, result)
        return self._tap(self._output_grads, (result,))[0]

    def _tap(self, receive: Callable[[list[int], int, Grads], Grads], values: tuple[Any, ...]) -> Any:
        places = [i for i, x in enumerate(values) if isinstance(x, Tensor) and x.requires_grad]
        if not places:
            return values
        tapped = _Tap.apply(lambda grads: receive(places, len(values), grads), *(values[i] for i in places))
        found = dict(zip(places, tapped, strict=True))
        return tuple(found.get(i, x) for i, x in enumerate(values))

    def _output_grads(self, places: list[int], count: int, grads: Grads) -> Grads:
        full = _spread(places, count, grads)
        for hook in self.before:
            full = self._replaced(full, hook.function(self.module, full))
        self.grad_output = full
        if not self.has_inputs:  # nothing will come back to the inputs
            for hook in self.after:
                given = hook.function(self.module, (None,) * self.count, full)
                if given is not None and any(g is not None for g in given):
                    raise RuntimeError(
                        f"backward hook of {type(self.module).__name__}: must return None or Nones where no "
                        "input requires grad"
                    )
        return tuple(full[i] for i in places)

    def _input_grads(self, places: list[int], count: int, grads: Grads) -> Grads:
        full = _spread(places, count, grads)
        for hook in self.after:
            full = self._replaced(full, hook.function(self.module, full, self.grad_output))
        return tuple(full[i] for i in places)

    def _replaced(self, grads: Grads, given: Any) -> Grads:
        if given is None:
            return grads
        new = given if isinstance(given, tuple) else (given,)
        if len(new) != len(grads):
            raise RuntimeError(
                f"backward hook of {type(self.module).__name__}: returned {len(new)} gradients, "
                f"expected {len(grads)}"
            )
        return new


def _spread(places: list[int], count: int, grads: Grads) -> Grads:
    full: list[Tensor | None] = [None] * count
    for place, grad in zip(places, grads, strict=True):
        full[place] = grad
    return tuple(full)
