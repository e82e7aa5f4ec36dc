"""The recurrences behind `RNN`, `LSTM`, `GRU` and their cells, and running one over a sequence.

A recurrence is two functions. `project` takes all steps' inputs through the input weights at once, so that a
step is left with one product by the hidden weights and the gates.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, NamedTuple, TypeAlias

from tinygrad_ext._core import (
    Tensor,
    addcmul,
    addmm,
    cat,
    chunk,
    lerp,
    linear,
    lstm_steps,
    mul,
    relu,
    sigmoid,
    split,
    stack,
    tanh,
    unbind,
)
from tinygrad_ext.autograd.function import Function, FunctionContext

State: TypeAlias = tuple[Tensor, ...]


class Recurrence(NamedTuple):
    """One step of a recurrent layer, as two functions; and all steps as one where an operation does them."""

    project: Callable[[Tensor], State]  # inputs of any number of steps -> what `step` takes of them
    step: Callable[[State, State], State]  # one step's part of that, the state before -> the state after
    # what `project` gave, the state before, from the end? -> the first part of each state, the last state
    steps: Callable[[State, State, bool], tuple[Tensor, State]] | None = None


class Weights(NamedTuple):
    """The parameters of one layer in one direction; for h = hidden_size, k gates, and p = proj_size or h."""

    w_ih: Tensor  # [k h, input_size]
    w_hh: Tensor  # [k h, p]
    b_ih: Tensor | None = None  # [k h]
    b_hh: Tensor | None = None  # [k h]
    w_hr: Tensor | None = None  # [p, h]

    @property
    def bias(self) -> Tensor | None:
        """Both biases as one."""
        return None if self.b_ih is None or self.b_hh is None else self.b_ih + self.b_hh


def elman(weights: Weights, activation: Callable[[Tensor], Tensor]) -> Recurrence:
    """``h' = f(W_ih x + b_ih + W_hh h + b_hh)`` with f tanh or ReLU (Elman, 1990)."""
    bias, hidden = weights.bias, weights.w_hh.t()

    def step(x: State, state: State) -> State:
        return (activation(addmm(x[0], state[0], hidden)),)

    return Recurrence(lambda x: (linear(x, weights.w_ih, bias),), step)


def lstm(weights: Weights) -> Recurrence:
    """``c' = s(f) c + s(i) tanh(g)``, ``h' = s(o) tanh(c')`` (Hochreiter & Schmidhuber, 1997).

    s is the sigmoid. The gates i, f, g, o are the quarters of ``W_ih x + b_ih + W_hh h + b_hh``; h' is then
    multiplied by W_hr, where there is one (Sak et al., 2014).
    """
    bias, hidden, projection = weights.bias, weights.w_hh.t(), weights.w_hr

    def step(x: State, state: State) -> State:
        h, c = state
        i, f, g, o = chunk(addmm(x[0], h, hidden), 4, 1)
        c = addcmul(mul(sigmoid(f), c), sigmoid(i), tanh(g))
        h = mul(sigmoid(o), tanh(c))
        return h if projection is None else linear(h, projection), c

    def steps(x: State, state: State, reverse: bool) -> tuple[Tensor, State]:
        h, c = state
        result = lstm_steps(x[0], h, c, weights.w_hh, reverse)
        return result[:-1], (result[0 if reverse else -2], result[-1])

    whole = steps if projection is None else None
    return Recurrence(lambda x: (linear(x, weights.w_ih, bias),), step, whole)


def gru(weights: Weights) -> Recurrence:
    """``h' = (1 - z) n + z h`` with ``n = tanh(W_in x + b_in + r (W_hn h + b_hn))`` (Cho et al., 2014).

    The gates r and z are the sigmoid of the first two thirds of ``W_ih x + b_ih + W_hh h + b_hh``.
    """
    size = weights.w_hh.shape[1]
    parts = (2 * size, size)
    gates_x, new_x = split(weights.w_ih, parts)
    gates_h, new_h = split(weights.w_hh, parts)
    gates_bias = new_x_bias = new_h_bias = None
    if weights.b_ih is not None and weights.b_hh is not None:
        first, new_x_bias = split(weights.b_ih, parts)
        second, new_h_bias = split(weights.b_hh, parts)
        gates_bias = first + second
    gates_h = gates_h.t()

    def project(x: Tensor) -> State:
        return linear(x, gates_x, gates_bias), linear(x, new_x, new_x_bias)

    def step(x: State, state: State) -> State:
        (h,) = state
        r, z = chunk(sigmoid(addmm(x[0], h, gates_h)), 2, 1)
        n = tanh(addcmul(x[1], r, linear(h, new_h, new_h_bias)))
        return (lerp(n, h, z),)

    return Recurrence(project, step)


BY_MODE: dict[str, Callable[[Weights], Recurrence]] = {
    "RNN_TANH": lambda weights: elman(weights, tanh),
    "RNN_RELU": lambda weights: elman(weights, relu),
    "LSTM": lstm,
    "GRU": gru,
}


class _Steps(Function):
    """Takes a tensor apart along its first dimension.

    Its gradient puts the parts together once; that of slices adds a tensor of the whole size per step.
    """

    @staticmethod
    def forward(ctx: FunctionContext, x: Tensor, sizes: Sequence[int] | None) -> Any:
        ctx.join = stack if sizes is None else cat  # type: ignore[attr-defined]
        return unbind(x) if sizes is None else split(x, tuple(sizes))

    @staticmethod
    def backward(ctx: FunctionContext, *grads: Tensor) -> Any:
        return ctx.join(grads), None  # type: ignore[attr-defined]


def run(
    recurrence: Recurrence, x: Tensor, state: State, sizes: Sequence[int] | None, reverse: bool
) -> tuple[Tensor, State]:
    """Run a recurrence over a sequence, from its end if `reverse`.

    Parameters
    ----------
    recurrence : Recurrence
    x : Tensor, [T, N, input_size], or [sum(sizes), input_size]
    state : tuple of Tensor, [N, ...]
    sizes : sequence of int, optional
        How many sequences still go on at each step, not increasing: those of a `PackedSequence`.
    reverse : bool

    Returns
    -------
    Tensor
        The first part of the state after each step, laid out as `x`.
    tuple of Tensor
        The state after the last step of each sequence.
    """
    if sizes is None and recurrence.steps is not None:
        return recurrence.steps(recurrence.project(x), state, reverse)
    forwards = zip(*(_Steps.apply(part, sizes) for part in recurrence.project(x)), strict=True)
    steps = list(forwards)[:: -1 if reverse else 1]
    outputs = []
    if sizes is None:
        for step in steps:
            state = recurrence.step(step, state)
            outputs.append(state[0])
        return stack(outputs[::-1] if reverse else outputs), state
    ended: list[State] = []
    counts = sizes[:: -1 if reverse else 1]
    beginning, state = state, tuple(s[: counts[0]] for s in state)
    for count, step in zip(counts, steps, strict=True):
        now = len(state[0])
        if count < now:
            ended.append(tuple(s[count:] for s in state))
            state = tuple(s[:count] for s in state)
        elif count > now:
            state = tuple(cat((s, b[now:count])) for s, b in zip(state, beginning, strict=True))
        state = recurrence.step(step, state)
        outputs.append(state[0])
    last = tuple(cat(parts) for parts in zip(state, *reversed(ended), strict=True))
    return cat(outputs[::-1] if reverse else outputs), last
