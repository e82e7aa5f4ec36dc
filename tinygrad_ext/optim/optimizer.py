"""`Optimizer`: what all optimizers share: parameter groups, per-parameter state, saving and loading."""

from __future__ import annotations

import functools
import math
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping
from numbers import Real
from typing import Any, ClassVar, TypeAlias

import numpy as np

from tinygrad_ext._core import Tensor, float32, float64, tensor
from tinygrad_ext.autograd.grad_mode import enable_grad

Parameters: TypeAlias = Iterable[Tensor] | Iterable[tuple[str, Tensor]] | Iterable[Mapping[str, Any]]
Closure: TypeAlias = Callable[[], Any]

# What a group may hold beside an optimizer's settings: names, and what schedules keep there.
_EXTRAS = frozenset(
    ("name", "param_names", "initial_lr", "max_lr", "min_lr", "base_momentum", "max_momentum", "params")
)


class Optimizer:
    """The base class of optimizers; a subclass defines `_update`, or `step` as a whole.

    PyTorch's settings on how to compute a step are accepted: `foreach` and `fused` change nothing, since a
    step is one pass over memory anyway, and `capturable` and `differentiable` must be False.

    Parameters
    ----------
    params : iterable of Tensor, of (name, Tensor), or of dict
        What to optimise. A dict is a group: ``{"params": ..., "lr": ...}`` with its own settings.
    defaults : dict
        The settings of a group that does not give its own.

    Attributes
    ----------
    param_groups : list of dict
        Each has "params", a list of tensors, and its settings; a schedule may assign ``group["lr"]``. Where
        parameters were given with names, "param_names" has them.
    state : dict from Tensor to dict
        What the optimizer remembers about each parameter that had a gradient. Counters are Python numbers.

    Raises
    ------
    TypeError, ValueError
        If a parameter is not a leaf Tensor, appears twice, or there is none; if a setting is out of range.
    """

    _names: ClassVar[tuple[str, ...]] = ()
    """The names of states that are tensors like the parameter."""
    _counters: ClassVar[Mapping[str, float]] = {}
    """The names of states that are numbers, and how they start."""

    # Schedules warn when they are stepped before it is.
    _opt_called = False

    def __init_subclass__(cls, **kwargs: Any) -> None:
        super().__init_subclass__(**kwargs)
        if "step" in cls.__dict__:
            cls.step = _noted(cls.__dict__["step"])  # type: ignore[method-assign]

    def __init__(self, params: Parameters, defaults: dict[str, Any]) -> None:
        self.defaults = defaults
        self.state: defaultdict[Tensor, dict[str, Any]] = defaultdict(dict)
        self.param_groups: list[dict[str, Any]] = []
        if isinstance(params, Tensor):
            raise TypeError(f"{type(self).__name__}: params must be an iterable of tensors, got one Tensor")
        groups = list(params)
        if not groups:
            raise ValueError(f"{type(self).__name__}: params is empty")
        for group in groups if isinstance(groups[0], Mapping) else [{"params": groups}]:
            self.add_param_group(group)  # type: ignore[arg-type]

    def add_param_group(self, param_group: Mapping[str, Any]) -> None:
        """Add a group ``{"params": ..., settings}``, for example layers that were frozen so far."""
        owner = type(self).__name__
        given = param_group["params"]
        if isinstance(given, set | frozenset):
            raise TypeError(f"{owner}: params must have an order, got a set")
        members = [given] if isinstance(given, Tensor) else list(given)
        names = [member[0] for member in members if isinstance(member, tuple)]
        if names and len(names) < len(members):
            raise ValueError(f"{owner}: {len(members) - len(names)} of {len(members)} params have no name")
        params = [member[1] if isinstance(member, tuple) else member for member in members]
        seen = {id(param) for group in self.param_groups for param in group["params"]}
        for param in params:
            if not isinstance(param, Tensor):
                raise TypeError(f"{owner}: params must be tensors, got {type(param).__name__}")
            if not param.is_leaf:
                raise ValueError(
                    f"{owner}: can only optimise leaf tensors, got one computed by {param.grad_fn}"
                )
            if id(param) in seen:
                raise ValueError(
                    f"{owner}: a parameter of shape {tuple(param.shape)} appears twice in params"
                )
            seen.add(id(param))
        unknown = set(param_group) - set(self.defaults) - _EXTRAS
        if unknown:
            raise ValueError(f"{owner}: unknown settings {sorted(unknown)}; known: {list(self.defaults)}")
        group = {**self.defaults, **param_group, "params": params}
        if names:
            group["param_names"] = names
        if any(("param_names" in other) != ("param_names" in group) for other in self.param_groups):
            raise ValueError(f"{owner}: either all groups have names for their parameters or none has")
        self._check(group)
        self.param_groups.append(group)

    def zero_grad(self, set_to_none: bool = True) -> None:
        """Forget the gradients of all parameters, or fill them with zeros when `set_to_none` is False."""
        for group in self.param_groups:
            for param in group["params"]:
                if set_to_none or param.grad is None:
                    param.grad = None
                else:
                    param.grad = param.grad.detach().zero_()

    def step(self, closure: Closure | None = None) -> Any:
        """Change every parameter that has a gradient.

        Parameters
        ----------
        closure : callable, optional
            Clears the gradients, computes the loss, calls backward and returns the loss.

        Returns
        -------
        The closure's result, or None.
        """
        self._opt_called = True
        loss = None
        if closure is not None:
            with enable_grad():
                loss = closure()
        self._update_all()
        return loss

    def _update_all(self) -> None:
        for group in self.param_groups:
            self._update(group)

    def _update(self, group: dict[str, Any]) -> None:
        """Change the parameters of one group that have a gradient."""
        raise NotImplementedError(f"{type(self).__name__} does not define _update")

    def _check(self, group: dict[str, Any]) -> None:
        """Raise ValueError naming the setting of `group` that is out of range."""

    def state_dict(self) -> dict[str, Any]:
        """Return the state and the settings, with parameters replaced by their position.

        Returns
        -------
        dict
            "state": from position to that parameter's state; "param_groups": the settings, "params" being
            positions. Tensors are the optimizer's own, not copies; counters become 0-d tensors, as in
            PyTorch.
        """
        params = [param for group in self.param_groups for param in group["params"]]
        position = {id(param): number for number, param in enumerate(params)}
        groups = [
            {**group, "params": [position[id(p)] for p in group["params"]]} for group in self.param_groups
        ]
        state = {
            position[id(param)]: {key: self._saved(key, value) for key, value in entry.items()}
            for param, entry in self.state.items()
            if id(param) in position
        }
        return {"state": state, "param_groups": groups}

    def load_state_dict(self, state_dict: Mapping[str, Any]) -> None:
        """Take over what `state_dict` returned, all of it or nothing; tensors are copied.

        A state of PyTorch's optimizer of the same name fits once its tensors are NumPy arrays or tensors
        of this library.

        Raises
        ------
        ValueError
            If the groups, their sizes, settings or the shapes of state tensors do not fit.
        """
        owner = type(self).__name__
        saved = state_dict["param_groups"]
        sizes = [len(group["params"]) for group in self.param_groups]
        if (seen := [len(group["params"]) for group in saved]) != sizes:
            raise ValueError(f"{owner}.load_state_dict: expected groups of {sizes} parameters, got {seen}")
        numbers = [number for group in saved for number in group["params"]]
        params = [param for group in self.param_groups for param in group["params"]]
        by_number = dict(zip(numbers, params, strict=True))
        state: defaultdict[Tensor, dict[str, Any]] = defaultdict(dict)
        for number, entry in state_dict["state"].items():
            if number not in by_number:
                raise ValueError(f"{owner}.load_state_dict: state for parameter {number}, which no group has")
            state[by_number[number]] = {
                key: self._restored(key, value, by_number[number], f"{key} of parameter {number}")
                for key, value in entry.items()
                if value is not None
            }
        groups = []
        for group, settings in zip(self.param_groups, saved, strict=True):
            groups.append({**group, **settings, "params": group["params"]})
            self._check(groups[-1])
        self.state = state
        self.param_groups = groups

    def _saved(self, key: str, value: Any) -> Any:
        """Give a state as it is saved: a counter as PyTorch keeps it, a 0-d tensor."""
        if key not in self._counters:
            return value
        return tensor(value, dtype=float32 if isinstance(value, int) else float64)

    def _restored(self, key: str, value: Any, param: Tensor, what: str) -> Any:
        """Give a copy of a saved state for `param`."""
        if key in self._counters:
            return type(self._counters[key])(float(value))
        copy = _copied(value, param)
        if key in self._names and (not isinstance(copy, Tensor) or copy.shape != param.shape):
            seen = tuple(copy.shape) if isinstance(copy, Tensor) else type(value).__name__
            raise ValueError(
                f"{type(self).__name__}.load_state_dict: {what}: expected shape {tuple(param.shape)}, "
                f"got {seen}"
            )
        return copy

    def __repr__(self) -> str:
        lines = [f"{type(self).__name__} ("]
        for number, group in enumerate(self.param_groups):
            lines.append(f"Parameter Group {number}")
            lines += [f"    {key}: {value}" for key, value in sorted(group.items()) if key != "params"]
        return "\n".join([*lines, ")"])


def check_range(owner: str, group: Mapping[str, Any], *names: str, most: float = math.inf) -> None:
    """Check that the settings `names` of `group` are finite numbers from 0 to `most`.

    Raises
    ------
    ValueError
        Naming the setting that is not.
    """
    for name in names:
        value = group[name]
        # A NaN fails the comparison.
        if not _is_number(value) or not 0 <= value <= most or math.isinf(value):
            upper = f"in [0, {most:g}]" if most < math.inf else "of at least 0"
            raise ValueError(f"{owner}: {name} must be a number {upper}, got {value!r}")


def check_betas(owner: str, group: Mapping[str, Any]) -> None:
    """Check that "betas" of `group` are two numbers in [0, 1).

    Raises
    ------
    ValueError
        If they are not.
    """
    betas = group["betas"]
    if not isinstance(betas, tuple | list) or len(betas) != 2:
        raise ValueError(f"{owner}: betas must be a pair of numbers, got {betas!r}")
    for number, beta in enumerate(betas):
        if not _is_number(beta) or not 0 <= beta < 1:
            raise ValueError(f"{owner}: betas[{number}] must be a number in [0, 1), got {beta!r}")


def _is_number(value: Any) -> bool:
    return isinstance(value, Real) and not isinstance(value, bool)


def _noted(step: Callable[..., Any]) -> Callable[..., Any]:
    """`step`, leaving a note for schedules that it was called."""

    @functools.wraps(step)
    def wrapped(self: Optimizer, *args: Any, **kwargs: Any) -> Any:
        self._opt_called = True
        return step(self, *args, **kwargs)

    return wrapped


def _copied(value: Any, param: Tensor) -> Any:
    """A copy of a state: tensors and arrays in the parameter's dtype; what holds them, anew."""
    if isinstance(value, np.ndarray | np.generic):
        value = tensor(value)
    if isinstance(value, Tensor):
        return value.detach().to(param.dtype).clone()
    if isinstance(value, list | tuple):
        return type(value)(_copied(element, param) for element in value)
    if isinstance(value, dict):
        return {key: _copied(element, param) for key, element in value.items()}
    return value
