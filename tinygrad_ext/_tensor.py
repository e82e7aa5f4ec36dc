"""Cold sugar on the C++ `Tensor`: what is written in Python is attached to the type once, at import.

No operator and no hot method is defined here.
"""

from __future__ import annotations

from collections.abc import Callable
from copy import deepcopy
from functools import partial
from typing import Any

import numpy as np

from tinygrad_ext import _core
from tinygrad_ext._core import Tensor
from tinygrad_ext._printing import represent

# NumPy's functions that keep the gradient when they are called with a tensor.
_UFUNCS: dict[str, Callable[..., Any]] = {
    "absolute": _core.abs,
    "add": _core.add,
    "arccos": _core.acos,
    "arccosh": _core.acosh,
    "arcsin": _core.asin,
    "arcsinh": _core.asinh,
    "arctan": _core.atan,
    "arctan2": _core.atan2,
    "arctanh": _core.atanh,
    "bitwise_and": _core.bitwise_and,
    "bitwise_or": _core.bitwise_or,
    "bitwise_xor": _core.bitwise_xor,
    "ceil": _core.ceil,
    "clip": _core.clamp,
    "copysign": _core.copysign,
    "cos": _core.cos,
    "cosh": _core.cosh,
    "deg2rad": _core.deg2rad,
    "degrees": _core.rad2deg,
    "divide": _core.div,
    "equal": _core.eq,
    "exp": _core.exp,
    "exp2": _core.exp2,
    "expm1": _core.expm1,
    "float_power": _core.float_power,
    "floor": _core.floor,
    "floor_divide": _core.floor_divide,
    "fmax": _core.fmax,
    "fmin": _core.fmin,
    "fmod": _core.fmod,
    "gcd": _core.gcd,
    "greater": _core.gt,
    "greater_equal": _core.ge,
    "heaviside": _core.heaviside,
    "hypot": _core.hypot,
    "invert": _core.bitwise_not,
    "isfinite": _core.isfinite,
    "isinf": _core.isinf,
    "isnan": _core.isnan,
    "lcm": _core.lcm,
    "ldexp": _core.ldexp,
    "left_shift": _core.bitwise_left_shift,
    "less": _core.lt,
    "less_equal": _core.le,
    "log": _core.log,
    "log10": _core.log10,
    "log1p": _core.log1p,
    "log2": _core.log2,
    "logaddexp": _core.logaddexp,
    "logaddexp2": _core.logaddexp2,
    "logical_and": _core.logical_and,
    "logical_not": _core.logical_not,
    "logical_or": _core.logical_or,
    "logical_xor": _core.logical_xor,
    "matmul": _core.matmul,
    "maximum": _core.maximum,
    "minimum": _core.minimum,
    "multiply": _core.mul,
    "negative": _core.neg,
    "not_equal": _core.ne,
    "positive": _core.positive,
    "power": _core.pow,
    "rad2deg": _core.rad2deg,
    "radians": _core.deg2rad,
    "reciprocal": _core.reciprocal,
    "remainder": _core.remainder,
    "right_shift": _core.bitwise_right_shift,
    "rint": _core.round,
    "sign": _core.sign,
    "signbit": _core.signbit,
    "sin": _core.sin,
    "sinh": _core.sinh,
    "sqrt": _core.sqrt,
    "square": _core.square,
    "subtract": _core.sub,
    "tan": _core.tan,
    "tanh": _core.tanh,
    "trunc": _core.trunc,
}


class RemovableHandle:
    """What registering a hook returns: `remove()` takes the hook away again."""

    def __init__(self, remove: Callable[[], None]) -> None:
        self._remove: Callable[[], None] | None = remove

    def remove(self) -> None:
        """Take the hook away; calling this again does nothing."""
        if self._remove is not None:
            self._remove()
            self._remove = None

    def __enter__(self) -> RemovableHandle:
        return self

    def __exit__(self, *error: object) -> None:
        self.remove()


def register_hook(self: Tensor, hook: Callable[[Tensor], Tensor | None]) -> RemovableHandle:
    """Call ``hook(grad)`` when backward has this tensor's gradient; a Tensor that it returns replaces it."""
    return RemovableHandle(partial(_core._remove_hook, self, _core._add_hook(self, hook)))


def tolist(self: Tensor) -> Any:
    """The values as nested lists of Python numbers; a number for a 0-d tensor."""
    return to_array(self).tolist()


def to_array(tensor: Tensor) -> Any:
    """Return the values as an array: on the same memory, or a float32 copy of bfloat16, which NumPy lacks."""
    values = tensor.detach()
    return (values.float() if values.dtype == _core.bfloat16 else values).numpy()


def to_bits(tensor: Tensor) -> Any:
    """Return a bfloat16 tensor's elements as a uint16 array of its shape, others' as they are."""
    if tensor.dtype != _core.bfloat16:
        return tensor.detach().numpy()
    flat = tensor.detach().contiguous().reshape(-1)
    return flat.view(_core.uint8).numpy().view(np.uint16).reshape(tuple(tensor.shape))


def from_bits(array: Any) -> Tensor:
    """Undo `to_bits`: a uint16 array holds bfloat16 elements; a tensor on another array."""
    if array.dtype != np.uint16:
        return _core.as_tensor(array)
    flat = np.ascontiguousarray(array).reshape(-1).view(np.uint8)
    return _core.as_tensor(flat).view(_core.bfloat16).reshape(array.shape)


def new_tensor(self: Tensor, data: Any, *, dtype: Any = None, **kwargs: Any) -> Tensor:
    """A new tensor with a copy of data, in this tensor's dtype unless another is given."""
    return _core.tensor(data, self.dtype if dtype is None else dtype, **kwargs)


def where(self: Tensor, condition: Tensor, other: Any) -> Tensor:
    """The elements of this tensor where condition is True, of other elsewhere; the shapes broadcast."""
    result: Tensor = _core.where(condition, self, other)
    return result


def fill_diagonal_(self: Tensor, fill_value: float, wrap: bool = False) -> Tensor:
    """Set the elements whose indices are all equal to a value, in place.

    Parameters
    ----------
    fill_value : float
        The value.
    wrap : bool, default False
        Of a matrix with more rows than columns: begin again below each diagonal, one row being left out.
    """
    if self.ndim < 2:
        raise RuntimeError(f"fill_diagonal_(): at least 2 dims are needed, the shape is {tuple(self.shape)}")
    if self.ndim > 2 and len(set(self.shape)) != 1:
        raise RuntimeError(
            f"fill_diagonal_(): more than 2 dims must be of one size, the shape is {tuple(self.shape)}"
        )
    if self.ndim > 2:
        part = self
        while part.ndim > 1:
            part = part.diagonal()
        part.fill_(fill_value)
        return self
    rows, columns = self.shape
    for start in range(0, max(rows, 1) if wrap else 1, columns + 1):
        self.diagonal(-start).fill_(fill_value)
    return self


def _array(self: Tensor, dtype: Any = None, copy: bool | None = None) -> Any:
    """NumPy's conversion protocol: shares memory unless a copy or another dtype is asked for."""
    array = self.numpy()
    if dtype is not None and array.dtype != np.dtype(dtype):
        if copy is False:
            raise ValueError(f"__array__: a copy is needed to convert {self.dtype} to {np.dtype(dtype)}")
        return array.astype(dtype)
    return array.copy() if copy else array


def _array_ufunc(self: Tensor, ufunc: Any, method: str, *inputs: Any, **kwargs: Any) -> Any:
    function = _UFUNCS.get(ufunc.__name__) if method == "__call__" and not kwargs else None
    if function is not None:
        return function(*(x if isinstance(x, Tensor) else _operand(x) for x in inputs))
    if any(isinstance(x, Tensor) and x.requires_grad for x in (*inputs, *kwargs.get("out", ()))):
        raise TypeError(
            f"np.{ufunc.__name__}: has no counterpart that keeps the gradient; "
            "use a tinygrad_ext function, or .detach() the tensor"
        )
    arrays = [x.numpy() if isinstance(x, Tensor) else x for x in inputs]
    if "out" in kwargs:
        kwargs["out"] = tuple(x.numpy() if isinstance(x, Tensor) else x for x in kwargs["out"])
    return getattr(ufunc, method)(*arrays, **kwargs)


def _operand(x: Any) -> Any:
    # A NumPy scalar acts as the Python number it holds, so that it does not widen the tensor.
    return x.item() if isinstance(x, np.generic) else _core.as_tensor(x) if isinstance(x, np.ndarray) else x


def _dlpack(
    self: Tensor,
    *,
    stream: Any = None,
    max_version: Any = None,
    dl_device: Any = None,
    copy: bool | None = None,
) -> Any:
    """DLPack's export; see https://dmlc.github.io/dlpack/latest/python_spec.html."""
    if stream is not None:
        raise BufferError("__dlpack__: a CPU tensor has no stream")
    if dl_device is not None and tuple(dl_device) != (1, 0):
        raise BufferError(f"__dlpack__: cannot export to device {dl_device}; the only one is (1, 0), the CPU")
    return _core._to_dlpack(self.clone() if copy else self)


def _dlpack_device(self: Tensor) -> tuple[int, int]:
    return (1, 0)


def _contains(self: Tensor, value: Any) -> bool:
    return bool((self == value).any())


def _format(self: Tensor, spec: str) -> str:
    # A 0-d tensor formats as its number; others as text, which takes no number's specification.
    return format(self.item(), spec) if self.ndim == 0 else format(str(self), spec)


def _rebuild(
    cls: type[Tensor], values: Any, requires_grad: bool, label: str, state: dict[str, Any] | None
) -> Tensor:
    tensor: Tensor = Tensor.__new__(cls, from_bits(values), requires_grad)
    if label:
        tensor.label = label
    if state:
        tensor.__dict__.update(state)
    return tensor


def _reduce(self: Tensor, protocol: Any) -> tuple[Any, ...]:
    """Pickling: the values, without history."""
    values = to_bits(self).copy()
    return _rebuild, (type(self), values, self.requires_grad, self.label, getattr(self, "__dict__", None))


def _deepcopy(self: Tensor, memo: dict[int, Any]) -> Tensor:
    if not self.is_leaf:
        raise RuntimeError("deepcopy: only leaves can be copied so; clone() or detach() an interior tensor")
    if id(self) not in memo:
        kind, values, requires_grad, label, state = _reduce(self, None)[1]
        copy = _rebuild(kind, values, requires_grad, label, deepcopy(state, memo))
        if self.grad is not None:
            copy.grad = self.grad.detach().clone()
        memo[id(self)] = copy
    return memo[id(self)]  # type: ignore[no-any-return]


def _attach() -> None:
    methods = {
        "register_hook": register_hook,
        "tolist": tolist,
        "new_tensor": new_tensor,
        "where": where,
        "fill_diagonal_": fill_diagonal_,
        "__array__": _array,
        "__array_ufunc__": _array_ufunc,
        "__dlpack__": _dlpack,
        "__dlpack_device__": _dlpack_device,
        "__contains__": _contains,
        "__format__": _format,
        "__repr__": represent,
        "__reduce_ex__": _reduce,
        "__deepcopy__": _deepcopy,
        "grad_fn": property(_core._grad_fn, doc="The recorded operation that made this tensor, or None."),
    }
    for name, value in methods.items():
        setattr(Tensor, name, value)


_attach()
