"""`FusedOptimizer`: optimizers whose step is one pass over all parameters (csrc/kernels/optim.cpp)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from operator import itemgetter
from typing import Any, ClassVar, TypeAlias

from tinygrad_ext._core import Tensor, optim_step, zeros_like
from tinygrad_ext.optim.optimizer import Optimizer, check_range

Group: TypeAlias = dict[str, Any]
Entry: TypeAlias = dict[str, Any]

_NOTHING: Entry = {}
# Parameters, and what is remembered of each.
_Batch: TypeAlias = tuple[list[Tensor], list[Entry]]


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

    def _settings(self, group: Group, before: Any, first: bool) -> tuple[tuple[float, ...], dict[str, float]]:
        """Give the rule's settings for a step, and the counters after it.

        `before` has the counters: a number where there is one, a tuple where there are several. `first` says
        that the states start with this step.
        """
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

    def _update_all(self) -> None:
        calls: list[tuple[Any, ...]] = []
        done: list[tuple[_Batch, dict[str, float], bool]] = []
        for group in self.param_groups:
            names, decay = self._states(group), self._decay(group)
            for before, batch, fresh in self._batches(group, names):
                settings, after = self._settings(group, before, fresh)
                calls.append((*batch, names, settings, *decay, group["maximize"]))
                done.append((batch, after, fresh))
        optim_step(self._rule, calls)
        # Only now, so that a failed call leaves no trace.
        for (params, entries), after, fresh in done:
            if after:
                for entry in entries:
                    entry.update(after)
            if fresh:
                self.state.update(zip(params, entries, strict=True))

    def _batches(self, group: Group, names: tuple[str | None, ...]) -> Iterator[tuple[Any, _Batch, bool]]:
        """Yield counters, the parameters that agree in them (as a rule, all) and whether these are new."""
        state, needed = self.state, [*self._counters, *filter(None, names)]
        if not needed:
            params = [param for param in group["params"] if param.grad is not None]
            yield None, (params, [_NOTHING] * len(params)), False
            return
        complete = itemgetter(*needed)
        counted = itemgetter(*self._counters) if self._counters else _no_counters
        known: dict[Any, _Batch] = {}
        fresh: dict[Any, _Batch] = {}
        for param in group["params"]:
            if param.grad is None:
                continue
            entry, batches = state.get(param, _NOTHING), known
            try:
                complete(entry)
            except KeyError:
                # Something may be there: a setting that needs more was switched on in between.
                entry, batches = {**self._start(param, group), **entry}, fresh
            before = counted(entry)
            batch = batches.get(before)
            if batch is None:
                batch = batches[before] = [], []
            batch[0].append(param)
            batch[1].append(entry)
        for batches in (known, fresh):
            for before, batch in batches.items():
                yield before, batch, batches is fresh


def _no_counters(entry: Entry) -> None:
    """What stands for the counters of an optimizer without."""
