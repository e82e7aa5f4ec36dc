"""`Function`: operations that users write in Python, with a gradient of their own."""

from __future__ import annotations

from typing import Any

from tinygrad_ext._core import Tensor, _attach, _SavedTensor, is_grad_enabled, zeros
from tinygrad_ext.autograd.grad_mode import no_grad


class FunctionContext:
    """What one call of a `Function` passes from its forward to its backward; takes any further attribute.

    Attributes
    ----------
    needs_input_grad : tuple of bool
        For each argument of forward, whether its gradient is wanted.
    """

    needs_input_grad: tuple[bool, ...] = ()
    _to_save: tuple[Tensor | None, ...] = ()
    _saved: tuple[_SavedTensor | None, ...] = ()
    _constant: tuple[Tensor, ...] = ()

    def save_for_backward(self, *tensors: Tensor | None) -> None:
        """Keep inputs, outputs or other tensors for backward.

        Unlike tensors kept as attributes, they can be differentiated again, are checked for changes in place,
        and make no reference cycle when they are outputs.
        """
        for tensor in tensors:
            if tensor is not None and not isinstance(tensor, Tensor):
                raise TypeError(f"save_for_backward: expected Tensors or None, got {type(tensor).__name__}")
        self._to_save = tensors

    def mark_non_differentiable(self, *outputs: Tensor) -> None:
        """Declare outputs that have no gradient; backward then gets zeros for them.

        Outputs of integers or bool never have one.
        """
        self._constant = outputs

    @property
    def saved_tensors(self) -> tuple[Tensor | None, ...]:
        """What `save_for_backward` was given.

        Raises
        ------
        RuntimeError
            If one was changed in place since.
        """
        return tuple(None if saved is None else saved.unpack() for saved in self._saved)


class Function:
    """The base class of differentiable operations written in Python; call them through `apply`.

    Examples
    --------
    >>> class Cube(tg.autograd.Function):
    ...     @staticmethod
    ...     def forward(ctx, x):
    ...         ctx.save_for_backward(x)
    ...         return x * x * x
    ...     @staticmethod
    ...     def backward(ctx, grad):
    ...         (x,) = ctx.saved_tensors
    ...         return 3 * x * x * grad
    >>> y = Cube.apply(tg.tensor([2.0], requires_grad=True))
    """

    @staticmethod
    def forward(ctx: FunctionContext, *args: Any) -> Any:
        """Compute a Tensor, or a tuple of Tensors and others, from any arguments, unrecorded."""
        raise NotImplementedError("Function: define a static method forward(ctx, ...)")

    @staticmethod
    def backward(ctx: FunctionContext, *grads: Tensor) -> Any:
        """Return one gradient, or None, per argument of forward, from one gradient per output.

        Written in differentiable operations, it can be differentiated again.
        """
        raise NotImplementedError("Function: define a static method backward(ctx, *grads)")

    @classmethod
    def apply(cls, *args: Any) -> Any:
        """Run forward and, if an argument requires gradients, record it.

        Returns
        -------
        What forward returns.

        Raises
        ------
        RuntimeError
            Later, from backward, if the number of gradients it returns is not that of the arguments.
        """
        ctx = FunctionContext()
        recording = is_grad_enabled()
        ctx.needs_input_grad = tuple(isinstance(x, Tensor) and recording and x.requires_grad for x in args)
        with no_grad():
            result = cls.forward(ctx, *args)
        if isinstance(result, list):
            raise TypeError(f"{cls.__name__}.forward: return a Tensor or a tuple of them, not a list")
        raw = list(result) if isinstance(result, tuple) else [result]
        wired = cls._record(ctx, args, raw) if any(ctx.needs_input_grad) else {}
        ctx._saved = tuple(None if t is None else _save(t, raw, wired, cls.__name__) for t in ctx._to_save)
        ctx._to_save = ctx._constant = ()
        outputs = [wired.get(number, output) for number, output in enumerate(raw)]
        return tuple(outputs) if isinstance(result, tuple) else outputs[0]

    @classmethod
    def _record(cls, ctx: FunctionContext, args: tuple[Any, ...], raw: list[Any]) -> dict[int, Tensor]:
        """Put the call into the graph; returns the differentiable outputs by position."""
        places = [number for number, x in enumerate(args) if isinstance(x, Tensor)]
        inputs = tuple(args[number] for number in places)
        ends, blanks = {}, {}
        for number, output in enumerate(raw):
            if not isinstance(output, Tensor):
                continue
            if _among(output, ctx._constant) or not output.dtype.is_floating_point:
                blanks[number] = tuple(output.shape), output.dtype
            else:
                # An input returned as it is becomes a tensor of its own: it cannot be its own parent.
                ends[number] = output.detach() if _among(output, inputs) else output
        count = len(raw)

        def backward(*grads: Tensor) -> tuple[Tensor | None, ...]:
            incoming: list[Any] = [None] * count
            for number, grad in zip(ends_at, grads, strict=True):
                incoming[number] = grad
            for number, (shape, dtype) in blanks.items():
                incoming[number] = zeros(shape, dtype=dtype)
            returned = cls.backward(ctx, *incoming)
            returned = returned if isinstance(returned, tuple) else (returned,)
            if len(returned) < len(args) or any(g is not None for g in returned[len(args) :]):
                raise RuntimeError(
                    f"{cls.__name__}.backward: expected {len(args)} gradients, one per argument of forward, "
                    f"got {len(returned)}"
                )
            return tuple(returned[place] for place in places)

        ends_at = tuple(ends)  # positions only: the graph must not keep the outputs alive
        outputs = _attach(backward, cls.__name__, inputs, tuple(ends.values()))
        return dict(zip(ends_at, outputs, strict=True))


def _save(tensor: Tensor, raw: list[Any], wired: dict[int, Tensor], name: str) -> _SavedTensor:
    for number, output in wired.items():
        if tensor is raw[number]:
            return _SavedTensor(output, True, name)
    return _SavedTensor(tensor, False, name)


def _among(tensor: Tensor, others: tuple[Any, ...]) -> bool:
    return any(tensor is other for other in others)  # not `in`, which compares values
