"""`FusedOptimizer`: optimizers whose step is one pass over all parameters (csrc/kernels/optim.cpp)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar, TypeAlias

from tinygrad_ext._core import Tensor, optim_step, zeros_like
from tinygrad_ext.optim.optimizer import Optimizer, check_range

Group: TypeAlias = dict[str, Any]
Entry: TypeAlias = dict[str, Any]

_NOTHING: Entry = {}


class FusedOptimizer(Optimizer):
    """An optimizer made of a rule in C++, the names of its states and its settings.

    A subclass sets `_rule`, `_names` and `_counters` and defines `_settings`; `Optimizer` says what the
    parameters are.
    """

    _rule: ClassVar[str]
    """The name of the rule in C++."""
    _counters: ClassVar[Mapping[str, float]] = {"step": 0}

    # `_names` are in the rule's order and start from zero. Parameters that agree in `_counters` are stepped
    # together.

    def _settings(
        self, group: Group, counters: tuple[Any, ...], first: bool
    ) -> tuple[tuple[float, ...], tuple[Any, ...]]:
        """Give the rule's settings for a step from `counters` (`first`: from no state), and those after."""
        raise NotImplementedError(f"{type(self).__name__} does not define _settings")

    def _check(self, group: Group) -> None:
        owner = type(self).__name__
        check_range(owner, group, "lr", "weight_decay")
        for name in ("capturable", "differentiable"):
            if group.get(name, False):
                raise ValueError(f"{owner}: {name}=True is not supported")
        if group.get("foreach", False) and group.get("fused", False):
            raise RuntimeError(f"{owner}: foreach and fused cannot both be True")

    def _states(self, group: Group) -> tuple[str | None, ...]:
        """Give the names of the states, None for those that the settings of `group` do without."""
        return self._names

    def _start(self, param: Tensor, group: Group) -> Entry:
        """Give the state of a parameter before its first step."""
        return {**self._counters, **{name: zeros_like(param) for name in self._states(group) if name}}

    def _decay(self, group: Group) -> tuple[float, float]:
        """Give what share of a parameter joins its gradient, and what share of it stays."""
        decay = group["weight_decay"]
        if decay and group.get("decoupled_weight_decay", False):
            return 0.0, 1.0 - group["lr"] * decay
        return decay, 1.0

    def _update(self, group: Group) -> None:
        names, counters, state = self._states(group), tuple(self._counters), self.state
        needed = {*counters, *names} - {None}
        # Parameters that have seen equally many steps go to C++ together: as a rule, all of them.
        batches: dict[tuple[Any, ...], tuple[list[Tensor], list[Entry]]] = {}
        fresh: list[tuple[Tensor, Entry]] = []
        for param in group["params"]:
            if param.grad is None:
                continue
            entry = state.get(param, _NOTHING)
            first = not needed <= entry.keys()
            if first and needed:
                # Something may be there: a setting that needs more was switched on in between.
                entry = {**self._start(param, group), **entry}
                fresh.append((param, entry))
            key = (first, *[entry[name] for name in counters])
            batch = batches.get(key)
            if batch is None:
                batch = batches[key] = [], []
            batch[0].append(param)
            batch[1].append(entry)
        decay, keep = self._decay(group)
        for (first, *before), (params, entries) in batches.items():
            settings, after = self._settings(group, tuple(before), first)
            optim_step(self._rule, params, entries, names, settings, decay, keep, group["maximize"])
            # Only now, so that a failed call leaves no trace.
            for entry in entries if counters else ():
                entry.update(zip(counters, after, strict=True))
        state.update(fresh)
