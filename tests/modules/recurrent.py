"""Recurrent layers and their cells."""

from __future__ import annotations

from case import A

from modules.row import row

X = A(3, 2, 3)
KINDS = ("RNN", "LSTM", "GRU")
SETTINGS = {
    "": {},
    "deep and both ways": {"num_layers": 2, "bidirectional": True},
    "batch first without bias": {"batch_first": True, "bias": False},
    "with dropout": {"num_layers": 2, "dropout": 0.4},
}


def layer(kind, name, settings):
    draws = "dropout" if "dropout" in settings else "uniform"
    return row(f"{kind} {name}".strip(), lambda nn: getattr(nn, kind)(3, 2, **settings), X, draws=draws)


def with_state(lib, module, x, h, c):
    return module(x, (h, c) if isinstance(module, lib.nn.LSTM) else h)


def packed(lengths):
    """A call on a packed batch of sequences of the given lengths, out of order where they are."""

    def call(lib, module, x):
        rnn = lib.nn.utils.rnn
        packed = rnn.pack_padded_sequence(x, lib.tensor(lengths), enforce_sorted=False)
        y, h = module(packed)
        return rnn.pad_packed_sequence(y, total_length=4), h

    return call


def twice(lib, module, x):
    """Two steps of a cell."""
    return module(x, module(x))


ROWS = (
    *(layer(kind, name, settings) for kind in KINDS for name, settings in SETTINGS.items()),
    *(row(f"{kind} of one", lambda nn, kind=kind: getattr(nn, kind)(3, 2), A(3, 3)) for kind in KINDS),
    *(
        row(
            f"{kind} from a state",
            lambda nn, kind=kind: getattr(nn, kind)(3, 2, 2),
            X,
            A(2, 2, 2),
            A(2, 2, 2),
            call=with_state,
        )
        for kind in KINDS
    ),
    *(
        row(
            f"{kind} packed",
            lambda nn, kind=kind: getattr(nn, kind)(3, 2, bidirectional=True),
            A(4, 3, 3),
            call=packed([2, 4, 3]),
        )
        for kind in KINDS
    ),
    row("RNN relu", lambda nn: nn.RNN(3, 2, nonlinearity="relu"), X),
    row("LSTM with a projection", lambda nn: nn.LSTM(3, 4, 2, bidirectional=True, proj_size=2), X),
    row("RNNBase", lambda nn: nn.RNNBase("GRU", 3, 2), call=lambda lib, module: None),
    row("RNNCell", lambda nn: nn.RNNCell(3, 2), A(2, 3), call=twice),
    row("RNNCell relu", lambda nn: nn.RNNCell(3, 2, bias=False, nonlinearity="relu"), A(2, 3), call=twice),
    row("LSTMCell", lambda nn: nn.LSTMCell(3, 2), A(2, 3), call=twice),
    row("LSTMCell of one", lambda nn: nn.LSTMCell(3, 2, bias=False), A(3), call=twice),
    row("GRUCell", lambda nn: nn.GRUCell(3, 2), A(2, 3), call=twice),
    row("GRUCell of one", lambda nn: nn.GRUCell(3, 2, bias=False), A(3), call=twice),
    row("RNNCellBase", lambda nn: nn.RNNCellBase(3, 2, True, 2), call=lambda lib, module: None),
)
