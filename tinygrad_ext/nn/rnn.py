"""Recurrent layers over sequences: `RNN`, `LSTM`, `GRU`, stacked and in both directions."""

from __future__ import annotations

import math
import warnings
from typing import Any

from tinygrad_ext._core import Tensor, cat, dropout, dtype, stack, zeros
from tinygrad_ext.nn import init
from tinygrad_ext.nn.make import Device, blank
from tinygrad_ext.nn.module import Module
from tinygrad_ext.nn.rnn_steps import BY_MODE, State, Weights, run
from tinygrad_ext.nn.utils.rnn import PackedSequence

_GATES = {"RNN_TANH": 1, "RNN_RELU": 1, "LSTM": 4, "GRU": 3}


class RNNBase(Module):
    """What the recurrent layers share; see `LSTM` for the parameters.

    `mode` is "RNN_TANH", "RNN_RELU", "LSTM" or "GRU".
    """

    def __init__(
        self,
        mode: str,
        input_size: int,
        hidden_size: int,
        num_layers: int = 1,
        bias: bool = True,
        batch_first: bool = False,
        dropout: float = 0.0,
        bidirectional: bool = False,
        proj_size: int = 0,
        device: Device = None,
        dtype: dtype | None = None,
    ) -> None:
        super().__init__()
        name = type(self).__name__
        if mode not in _GATES:
            raise ValueError(f"{name}: mode must be one of {', '.join(_GATES)}, got {mode!r}")
        for what, size in (
            ("input_size", input_size),
            ("hidden_size", hidden_size),
            ("num_layers", num_layers),
        ):
            if size < 1:
                raise ValueError(f"{name}: {what} must be positive, got {size}")
        if not 0 <= dropout <= 1:
            raise ValueError(f"{name}: dropout must be in [0, 1], got {dropout}")
        if dropout > 0 and num_layers == 1:
            message = f"{name}: dropout={dropout} is between layers, and there is only one"
            warnings.warn(message, stacklevel=3)
        if not 0 <= proj_size < hidden_size:
            raise ValueError(f"{name}: proj_size must be in [0, {hidden_size}), got {proj_size}")
        if proj_size and mode != "LSTM":
            raise ValueError(f"{name}: proj_size is for LSTM only, got {proj_size}")
        self.mode = mode
        self.input_size, self.hidden_size, self.num_layers = input_size, hidden_size, num_layers
        self.bias, self.batch_first = bias, batch_first
        self.dropout = float(dropout)
        self.bidirectional, self.proj_size = bidirectional, proj_size
        width = proj_size or hidden_size
        gates = _GATES[mode] * hidden_size
        self._names: list[list[str]] = []  # of the weights of each layer and direction, as in `Weights`
        for layer in range(num_layers):
            inputs = width * (1 + bidirectional) if layer else input_size
            shapes: dict[str, tuple[int, ...]] = {"weight_ih": (gates, inputs), "weight_hh": (gates, width)}
            if bias:
                shapes |= {"bias_ih": (gates,), "bias_hh": (gates,)}
            if proj_size:
                shapes["weight_hr"] = (proj_size, hidden_size)
            for suffix in ("", "_reverse")[: 1 + bidirectional]:
                names = {kind: f"{kind}_l{layer}{suffix}" for kind in shapes}
                for kind, own in names.items():
                    setattr(self, own, blank(shapes[kind], device, dtype))
                self._names.append(list(names.values()))
        self.reset_parameters()

    def reset_parameters(self) -> None:
        """Draw all parameters anew, uniform in ±1/sqrt(hidden_size), in the order of their names."""
        bound = 1 / math.sqrt(self.hidden_size)
        for parameter in self.parameters():
            init.uniform_(parameter, -bound, bound)

    @property
    def all_weights(self) -> list[list[Tensor]]:
        """The parameters of each layer and direction."""
        return [[getattr(self, name) for name in names] for names in self._names]

    def flatten_parameters(self) -> None:
        """Do nothing; PyTorch's call for other devices."""

    def _weights(self, number: int) -> Weights:
        w_ih, w_hh, *rest = (getattr(self, name) for name in self._names[number])
        b_ih, b_hh = rest[:2] if self.bias else (None, None)
        return Weights(w_ih, w_hh, b_ih, b_hh, rest[-1] if self.proj_size else None)

    def _run(self, input: Tensor | PackedSequence, state: State | None) -> tuple[Any, State]:
        """The outputs, laid out as the input, and the states after the last steps [layers, N, ...]."""
        alone, sizes, order = False, None, None
        if isinstance(input, PackedSequence):
            x, sizes, order = input.data, input.batch_sizes.tolist(), input.sorted_indices
            batch = sizes[0]
        else:
            alone = input.ndim == 2
            self._check_dims(input)
            x = input.unsqueeze(1) if alone else input.transpose(0, 1) if self.batch_first else input
            batch = x.shape[1]
        if x.shape[-1] != self.input_size:
            raise RuntimeError(
                f"{type(self).__name__}: expected {self.input_size} features, got {tuple(x.shape)}"
            )
        start = self._start(state, batch, alone, x)
        if order is not None:
            start = tuple(s.index_select(1, order) for s in start)
        ends: list[State] = []
        for layer in range(self.num_layers):
            found = []
            for direction in range(1 + self.bidirectional):
                number = len(ends)
                recurrence = BY_MODE[self.mode](self._weights(number))
                begin = tuple(s[number] for s in start)
                output, end = run(recurrence, x, begin, sizes, bool(direction))
                found.append(output)
                ends.append(end)
            x = cat(found, -1) if self.bidirectional else found[0]
            if self.dropout and layer < self.num_layers - 1:
                x = dropout(x, self.dropout, self.training)
        last = tuple(stack(parts) for parts in zip(*ends, strict=True))
        if isinstance(input, PackedSequence):
            if input.unsorted_indices is not None:
                back = input.unsorted_indices
                last = tuple(s.index_select(1, back) for s in last)
            return input._replace(data=x), last
        if alone:
            return x.squeeze(1), tuple(s.squeeze(1) for s in last)
        return x.transpose(0, 1) if self.batch_first else x, last

    def _check_dims(self, input: Tensor) -> None:
        if input.ndim not in (2, 3) or 0 in input.shape[:-1]:
            layout = "[N, T, features]" if self.batch_first else "[T, N, features]"
            raise RuntimeError(
                f"{type(self).__name__}: expected {layout} or [T, features], T at least 1, "
                f"got {tuple(input.shape)}"
            )

    def _start(self, state: State | None, batch: int, alone: bool, x: Tensor) -> State:
        """The initial state, zeros unless given, checked: [layers * directions, batch, width] each."""
        widths = [self.proj_size or self.hidden_size, self.hidden_size][: 1 + (self.mode == "LSTM")]
        shapes = [(len(self._names), batch, width) for width in widths]
        if state is None:
            return tuple(zeros(shape, dtype=x.dtype) for shape in shapes)
        wanted = [(shape[0], shape[2]) if alone else shape for shape in shapes]
        given = [tuple(s.shape) for s in state]
        if given != wanted:
            raise RuntimeError(
                f"{type(self).__name__}: expected a hidden state of {' and '.join(map(str, wanted))}, "
                f"got {' and '.join(map(str, given))}"
            )
        return tuple(s.unsqueeze(1) for s in state) if alone else state

    def extra_repr(self) -> str:
        usual = {
            "proj_size": 0,
            "num_layers": 1,
            "bias": True,
            "batch_first": False,
            "dropout": 0.0,
            "bidirectional": False,
        }
        parts = [f"{n}={getattr(self, n)}" for n, v in usual.items() if getattr(self, n) != v]
        return ", ".join([f"{self.input_size}, {self.hidden_size}", *parts])


class _Plain(RNNBase):
    """A layer whose state is one tensor."""

    def forward(self, input: Tensor | PackedSequence, hx: Tensor | None = None) -> tuple[Any, Tensor]:
        """Return the outputs of all steps and the last hidden states; see the class."""
        output, (h,) = self._run(input, None if hx is None else (hx,))
        return output, h


class RNN(_Plain):
    """``h' = f(W_ih x + b_ih + W_hh h + b_hh)`` over a sequence (Elman, 1990).

    Parameters
    ----------
    input_size, hidden_size, num_layers, bias, batch_first, dropout, bidirectional, device, dtype
        As in `LSTM`, as are inputs and outputs, but for the state, which is h alone.
    nonlinearity : {"tanh", "relu"}
        The f.

    Attributes
    ----------
    weight_ih_l0, weight_hh_l0, bias_ih_l0, bias_hh_l0, ... : Parameter
        As in `LSTM`, with hidden_size instead of 4 hidden_size rows.

    Raises
    ------
    ValueError
        As `LSTM`; and for another nonlinearity.
    """

    def __init__(
        self,
        input_size: int,
        hidden_size: int,
        num_layers: int = 1,
        nonlinearity: str = "tanh",
        bias: bool = True,
        batch_first: bool = False,
        dropout: float = 0.0,
        bidirectional: bool = False,
        device: Device = None,
        dtype: dtype | None = None,
    ) -> None:
        if nonlinearity not in ("tanh", "relu"):
            raise ValueError(f'RNN: nonlinearity must be "tanh" or "relu", got {nonlinearity!r}')
        mode = f"RNN_{nonlinearity.upper()}"
        layers = num_layers, bias, batch_first, dropout, bidirectional
        super().__init__(mode, input_size, hidden_size, *layers, 0, device, dtype)
        self.nonlinearity = nonlinearity


class LSTM(RNNBase):
    """``c' = s(f) c + s(i) tanh(g)``, ``h' = s(o) tanh(c')`` over a sequence, s being the sigmoid.

    Hochreiter & Schmidhuber, 1997.

    Called with the input ``[T, N, input_size]``, or ``[T, input_size]`` for one sequence, or a
    `PackedSequence`, and, optionally, the initial state ``(h_0, c_0)``, which is zeros otherwise. Returns
    ``output, (h_n, c_n)``: the last layer's h of all steps ``[T, N, D width]``, and the states of all
    layers after their last step ``[D num_layers, N, width]``, with D directions and ``width`` hidden_size or,
    for h, proj_size.

    Parameters
    ----------
    input_size, hidden_size : int
    num_layers : int, default 1
        Each layer after the first runs over the outputs of the one before.
    bias : bool, default True
    batch_first : bool, default False
        Whether input and output are ``[N, T, ...]``; the state is not.
    dropout : float, default 0
        The probability of `Dropout` between the layers.
    bidirectional : bool, default False
        Whether each layer also runs backwards, with weights of its own, and both outputs are joined.
    proj_size : int, default 0
        If positive, h is multiplied by a matrix to this size (Sak et al., 2014).
    device, dtype
        As in `Linear`.

    Attributes
    ----------
    weight_ih_l0, weight_hh_l0 : Parameter, [4 hidden_size, input_size] and [4 hidden_size, width]
        The gates i, f, g, o one below the other; uniform in ±1/sqrt(hidden_size) at first, as are all.
    bias_ih_l0, bias_hh_l0 : Parameter, [4 hidden_size]
    weight_hr_l0 : Parameter, [proj_size, hidden_size], if there is a projection
    weight_ih_l0_reverse, ..., weight_ih_l1, ... : Parameter
        The same for the other direction and further layers.

    Raises
    ------
    ValueError
        If a size is out of range.
    RuntimeError
        From a call, if the input or the state has another shape.
    """

    def __init__(
        self,
        input_size: int,
        hidden_size: int,
        num_layers: int = 1,
        bias: bool = True,
        batch_first: bool = False,
        dropout: float = 0.0,
        bidirectional: bool = False,
        proj_size: int = 0,
        device: Device = None,
        dtype: dtype | None = None,
    ) -> None:
        layers = num_layers, bias, batch_first, dropout, bidirectional
        super().__init__("LSTM", input_size, hidden_size, *layers, proj_size, device, dtype)

    def forward(
        self, input: Tensor | PackedSequence, hx: tuple[Tensor, Tensor] | None = None
    ) -> tuple[Any, tuple[Tensor, Tensor]]:
        """Return the outputs of all steps and the last states; see the class."""
        if hx is not None and not (isinstance(hx, tuple | list) and len(hx) == 2):
            raise RuntimeError(f"LSTM: expected a state (h_0, c_0), got {type(hx).__name__}")
        output, (h, c) = self._run(input, None if hx is None else tuple(hx))
        return output, (h, c)


class GRU(_Plain):
    """``h' = (1 - z) n + z h`` over a sequence, with gates r and z (Cho et al., 2014).

    ``n = tanh(W_in x + b_in + r (W_hn h + b_hn))``.

    Parameters
    ----------
    input_size, hidden_size, num_layers, bias, batch_first, dropout, bidirectional, device, dtype
        As in `LSTM`, as are inputs and outputs, but for the state, which is h alone.

    Attributes
    ----------
    weight_ih_l0, weight_hh_l0, bias_ih_l0, bias_hh_l0, ... : Parameter
        As in `LSTM`, with 3 hidden_size rows for r, z and n.

    Raises
    ------
    ValueError, RuntimeError
        As `LSTM`.
    """

    def __init__(
        self,
        input_size: int,
        hidden_size: int,
        num_layers: int = 1,
        bias: bool = True,
        batch_first: bool = False,
        dropout: float = 0.0,
        bidirectional: bool = False,
        device: Device = None,
        dtype: dtype | None = None,
    ) -> None:
        layers = num_layers, bias, batch_first, dropout, bidirectional
        super().__init__("GRU", input_size, hidden_size, *layers, 0, device, dtype)
