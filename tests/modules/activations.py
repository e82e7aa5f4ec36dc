"""Every activation, in its plain form, with settings, and written over its input."""

from __future__ import annotations

from case import A

from modules.row import row

X = A(3, 4, distinct=True)
SETTINGS = {
    "CELU": (1.5,),
    "ELU": (0.5,),
    "GELU": ("tanh",),
    "GLU": (1,),
    "Hardshrink": (0.7,),
    "Hardsigmoid": (),
    "Hardswish": (),
    "Hardtanh": (-0.5, 0.75),
    "LeakyReLU": (0.2,),
    "LogSigmoid": (),
    "Mish": (),
    "ReLU": (),
    "ReLU6": (),
    "RReLU": (0.1, 0.4),
    "SELU": (),
    "SiLU": (),
    "Sigmoid": (),
    "Softplus": (2.0, 3.0),
    "Softshrink": (0.7,),
    "Softsign": (),
    "Tanh": (),
    "Tanhshrink": (),
}
SILENT = ("Hardsigmoid", "Hardswish")  # in PyTorch's text
INPLACE = (
    "CELU",
    "ELU",
    "Hardsigmoid",
    "Hardswish",
    "Hardtanh",
    "LeakyReLU",
    "Mish",
    "ReLU",
    "ReLU6",
    "SELU",
    "SiLU",
)


def plain(name):
    draws = "dropout" if name == "RReLU" else "uniform"
    return row(name, lambda nn: getattr(nn, name)(), X, draws=draws)


def with_settings(name, settings):
    return row(f"{name} with settings", lambda nn: getattr(nn, name)(*settings), X, train=False)


def inplace(name):
    def call(lib, module, x):
        y = x * 1
        assert module(y) is y
        return y

    return row(
        f"{name} in place", lambda nn: getattr(nn, name)(inplace=True), X, call=call, text=name not in SILENT
    )


ROWS = (
    *(plain(name) for name in SETTINGS),
    *(with_settings(name, settings) for name, settings in SETTINGS.items() if settings),
    *(inplace(name) for name in INPLACE),
    row("Threshold", lambda nn: nn.Threshold(0.1, 20.0), X),
    row("PReLU", lambda nn: nn.PReLU(), X),
    row("PReLU of channels", lambda nn: nn.PReLU(4, init=0.1), A(2, 4, 3)),
    row("Softmax", lambda nn: nn.Softmax(dim=0), X),
    row("LogSoftmax", lambda nn: nn.LogSoftmax(-1), X),
    row("Softmin", lambda nn: nn.Softmin(1), X),
    row("Softmax2d", lambda nn: nn.Softmax2d(), A(2, 3, 2, 2)),
)
