"""One step of a recurrent layer as a module: `RNNCell`, `LSTMCell`, `GRUCell`."""

from __future__ import annotations

import math
from typing import ClassVar

from tinygrad_ext._core import Tensor, dtype, zeros
from tinygrad_ext.nn import init
from tinygrad_ext.nn.make import Device, blank
from tinygrad_ext.nn.module import Module
from tinygrad_ext.nn.parameter import Parameter
from tinygrad_ext.nn.rnn_steps import BY_MODE, State, Weights


class RNNCellBase(Module):
    """What the cells share: `num_chunks` gates, their parameters, and a step.

    Attributes
    ----------
    weight_ih : Parameter, [num_chunks hidden_size, input_size]
    weight_hh : Parameter, [num_chunks hidden_size, hidden_size]
        Uniform in ±1/sqrt(hidden_size) at first, as are the biases.
    bias_ih, bias_hh : Parameter, [num_chunks hidden_size], or None
    """

    mode: str
    weight_ih: Parameter
    weight_hh: Parameter
    bias_ih: Parameter | None
    bias_hh: Parameter | None

    def __init__(
        self,
        input_size: int,
        hidden_size: int,
        bias: bool,
        num_chunks: int,
        device: Device = None,
        dtype: dtype | None = None,
    ) -> None:
        super().__init__()
        if input_size < 1 or hidden_size < 1:
            raise ValueError(
                f"{type(self).__name__}: sizes must be positive, got {input_size} and {hidden_size}"
            )
        self.input_size, self.hidden_size, self.bias = input_size, hidden_size, bias
        gates = num_chunks * hidden_size
        self.weight_ih = blank((gates, input_size), device, dtype)
        self.weight_hh = blank((gates, hidden_size), device, dtype)
        for name in ("bias_ih", "bias_hh"):
            self.register_parameter(name, blank((gates,), device, dtype) if bias else None)
        self.reset_parameters()

    def reset_parameters(self) -> None:
        """Draw all parameters anew, in the order above."""
        bound = 1 / math.sqrt(self.hidden_size)
        for parameter in self.parameters():
            init.uniform_(parameter, -bound, bound)

    def _step(self, input: Tensor, state: State | None, parts: int) -> State:
        """The state after a step from one of `parts` tensors, zeros if None, all [N, ...] or without N."""
        alone = input.ndim == 1
        if input.ndim not in (1, 2) or input.shape[-1] != self.input_size:
            raise RuntimeError(
                f"{type(self).__name__}: expected [N, {self.input_size}] or [{self.input_size}], "
                f"got {tuple(input.shape)}"
            )
        shape = (*input.shape[:-1], self.hidden_size)
        if state is None:
            state = (zeros(shape, dtype=input.dtype),) * parts
        if any(tuple(s.shape) != shape for s in state):
            shapes = " and ".join(str(tuple(s.shape)) for s in state)
            raise RuntimeError(f"{type(self).__name__}: expected a hidden state of {shape}, got {shapes}")
        recurrence = BY_MODE[self.mode](Weights(self.weight_ih, self.weight_hh, self.bias_ih, self.bias_hh))
        if not alone:
            return recurrence.step(recurrence.project(input), state)
        state = recurrence.step(recurrence.project(input.unsqueeze(0)), tuple(s.unsqueeze(0) for s in state))
        return tuple(s.squeeze(0) for s in state)

    def extra_repr(self) -> str:
        parts = [f"{self.input_size}, {self.hidden_size}"]
        if not self.bias:
            parts.append("bias=False")
        return ", ".join(parts)


class RNNCell(RNNCellBase):
    """``h' = f(W_ih x + b_ih + W_hh h + b_hh)``: one step of `RNN`.

    Called with the input ``[N, input_size]`` or ``[input_size]`` and h, zeros if left out; returns h'.

    Parameters
    ----------
    input_size, hidden_size : int
    bias : bool, default True
    nonlinearity : {"tanh", "relu"}
        The f.
    device, dtype
        As in `Linear`.

    Raises
    ------
    ValueError
        If a size is not positive or the nonlinearity unknown.
    RuntimeError
        From a call, if the input or the state has another shape.
    """

    def __init__(
        self,
        input_size: int,
        hidden_size: int,
        bias: bool = True,
        nonlinearity: str = "tanh",
        device: Device = None,
        dtype: dtype | None = None,
    ) -> None:
        super().__init__(input_size, hidden_size, bias, 1, device, dtype)
        if nonlinearity not in ("tanh", "relu"):
            raise ValueError(f'RNNCell: nonlinearity must be "tanh" or "relu", got {nonlinearity!r}')
        self.nonlinearity = nonlinearity
        self.mode = f"RNN_{nonlinearity.upper()}"

    def forward(self, input: Tensor, hx: Tensor | None = None) -> Tensor:
        return self._step(input, None if hx is None else (hx,), 1)[0]

    def extra_repr(self) -> str:
        shown = f", nonlinearity={self.nonlinearity}" if self.nonlinearity != "tanh" else ""
        return super().extra_repr() + shown


class _GatedCell(RNNCellBase):
    """A cell without a choice of nonlinearity."""

    gates: ClassVar[int]

    def __init__(
        self,
        input_size: int,
        hidden_size: int,
        bias: bool = True,
        device: Device = None,
        dtype: dtype | None = None,
    ) -> None:
        super().__init__(input_size, hidden_size, bias, self.gates, device, dtype)


class LSTMCell(_GatedCell):
    """One step of `LSTM`; parameters as `RNNCell`, without the nonlinearity.

    Called with the input and ``(h, c)``, zeros if left out; returns ``(h', c')``.
    """

    mode, gates = "LSTM", 4

    def forward(self, input: Tensor, hx: tuple[Tensor, Tensor] | None = None) -> tuple[Tensor, Tensor]:
        if hx is not None and not (isinstance(hx, tuple | list) and len(hx) == 2):
            raise RuntimeError(f"LSTMCell: expected a state (h, c), got {type(hx).__name__}")
        h, c = self._step(input, None if hx is None else tuple(hx), 2)
        return h, c


class GRUCell(_GatedCell):
    """One step of `GRU`; parameters as `RNNCell`, without the nonlinearity.

    Called with the input and h, zeros if left out; returns h'.
    """

    mode, gates = "GRU", 3

    def forward(self, input: Tensor, hx: Tensor | None = None) -> Tensor:
        return self._step(input, None if hx is None else (hx,), 1)[0]
