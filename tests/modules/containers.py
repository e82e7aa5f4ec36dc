"""Containers of modules and parameters: their names, text and draws; small networks made with them."""

from __future__ import annotations

from case import A

from modules.row import row


def each(lib, module, x):
    """A list or dict of modules, run in its order."""
    for part in module.values() if hasattr(module, "values") else module:
        x = part(x)
    return x


def products(lib, module, x):
    """A list or dict of matrices, multiplied in its order."""
    for part in module.values() if hasattr(module, "values") else module:
        x = x @ part
    return x


def cnn(nn):
    return nn.Sequential(
        nn.Conv2d(1, 2, 3, padding=1),
        nn.BatchNorm2d(2),
        nn.ReLU(),
        nn.MaxPool2d(2),
        nn.Sequential(nn.Flatten(), nn.Linear(8, 3), nn.LogSoftmax(1)),
    )


ROWS = (
    row("Sequential", cnn, A(2, 1, 4, 4)),
    row(
        "ModuleList",
        lambda nn: nn.ModuleList([nn.Linear(3, 3), nn.Linear(3, 3), nn.Tanh()]),
        A(2, 3),
        call=each,
    ),
    row("ModuleDict", lambda nn: nn.ModuleDict({"z": nn.Linear(3, 2), "a": nn.Tanh()}), A(2, 3), call=each),
    row(
        "ParameterList",
        lambda nn: nn.ParameterList(
            [nn.Bilinear(1, 3, 2, False).weight[:, 0].T, nn.Linear(3, 2, False).weight]
        ),
        A(2, 3),
        call=products,
    ),
    row(
        "ParameterDict",
        lambda nn: nn.ParameterDict({"w": nn.Linear(2, 3, False).weight}),
        A(2, 3),
        call=products,
        text=False,
    ),
)
