"""`Optimizer`: what all optimizers share: parameter groups, per-parameter state, saving and loading."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from numbers import Real
from typing import Any, TypeAlias

from tinygrad_ext._core import Tensor
from tinygrad_ext.autograd.grad_mode import enable_grad

Parameters: TypeAlias = Iterable[Tensor] | Iterable[tuple[str, Tensor]] | Iterable[Mapping[str, Any]]
Closure: TypeAlias = Callable[[], Any]


class Optimizer:
    """The base class of optimizers; a subclass defines `_update`.

    Parameters
    ----------
    params : iterable of Tensor, of (name, Tensor), or of dict
        What to optimise. A dict is a group: ``{"params": ..., "lr": ...}`` with its own settings.
    defaults : dict
        The settings of a group that does not give its own.

    Attributes
    ----------
    param_groups : list of dict
        Each has "params", a list of tensors, and its settings; a schedule may assign ``group["lr"]``.
    state : dict from Tensor to dict
        What the optimizer remembers about each parameter that had a gradient.

    Raises
    ------
    TypeError, ValueError
        If a parameter is not a leaf Tensor, appears twice, or there is none; if a setting is out of range.
    """

    def __init__(self, params: Parameters, defaults: dict[str, Any]) -> None:
        self.defaults = defaults
        self.state: dict[Tensor, dict[str, Any]] = {}
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
        members = [given] if isinstance(given, Tensor) else list(given)
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
        unknown = set(param_group) - {"params", *self.defaults}
        if unknown:
            raise ValueError(f"{owner}: unknown settings {sorted(unknown)}; known: {list(self.defaults)}")
        group = {**self.defaults, **param_group, "params": params}
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
        loss = None
        if closure is not None:
            with enable_grad():
                loss = closure()
        for group in self.param_groups:
            self._update(group)
        return loss

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
            positions. Tensors are the optimizer's own, not copies.
        """
        params = [param for group in self.param_groups for param in group["params"]]
        position = {id(param): number for number, param in enumerate(params)}
        groups = [
            {**group, "params": [position[id(p)] for p in group["params"]]} for group in self.param_groups
        ]
        state = {
            position[id(param)]: dict(entry) for param, entry in self.state.items() if id(param) in position
        }
        return {"state": state, "param_groups": groups}

    def load_state_dict(self, state_dict: Mapping[str, Any]) -> None:
        """Take over what `state_dict` returned, all of it or nothing; tensors are copied.

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
        state = {}
        for number, entry in state_dict["state"].items():
            if number not in by_number:
                raise ValueError(f"{owner}.load_state_dict: state for parameter {number}, which no group has")
            state[by_number[number]] = {
                key: _fitted(
                    value, by_number[number], f"{owner}.load_state_dict: {key} of parameter {number}"
                )
                for key, value in entry.items()
            }
        groups = []
        for group, settings in zip(self.param_groups, saved, strict=True):
            groups.append({**group, **settings, "params": group["params"]})
            self._check(groups[-1])
        self.state = state
        self.param_groups = groups

    def __repr__(self) -> str:
        lines = [f"{type(self).__name__} ("]
        for number, group in enumerate(self.param_groups):
            lines.append(f"Parameter Group {number}")
            lines += [f"    {key}: {value}" for key, value in sorted(group.items()) if key != "params"]
        return "\n".join([*lines, ")"])


def check_range(owner: str, **settings: tuple[Any, float, float]) -> None:
    """Check settings given as ``name=(value, least, below)``.

    Raises
    ------
    ValueError
        Naming the setting, if it is not a number in [least, below).
    """
    for name, (value, least, below) in settings.items():
        # A NaN fails the comparison.
        if isinstance(value, bool) or not isinstance(value, Real) or not least <= float(value) < below:
            raise ValueError(f"{owner}: {name} must be a number in [{least:g}, {below:g}), got {value!r}")


def _fitted(value: Any, param: Tensor, what: str) -> Any:
    """A copy of a state tensor in the parameter's dtype; anything else as it is."""
    if not isinstance(value, Tensor):
        return value
    if value.shape != param.shape:
        raise ValueError(f"{what}: expected shape {tuple(param.shape)}, got {tuple(value.shape)}")
    return value.detach().to(param.dtype).clone()
