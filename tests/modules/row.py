"""The vocabulary of the module table: a row, and running it with a library.

A row is run in the same way with this library and with PyTorch, each as `lib`: the seed, the module, its
parameters as they were drawn, the inputs, the outputs, and the gradients of a fixed combination of them.
"""

from __future__ import annotations

import zlib
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from case import Arr, array
from lib import leaf, numpy_of, outputs

SEED = 11


def call_it(lib: Any, module: Any, *inputs: Any) -> Any:
    """What most rows do with their module."""
    return module(*inputs)


@dataclass(frozen=True)
class Row:
    """One module: how to make it, what it is given, and what is done with it."""

    name: str
    make: Callable[[Any], Any]
    inputs: tuple[Arr, ...]
    call: Callable[..., Any] = call_it
    train: bool = True
    draws: str = (
        "uniform"  # uniform: equal to the bit | normal: but for the last bits | dropout: MKL's on Intel
    )
    grad: bool = True
    domain: tuple[float, float] = (-2.0, 2.0)
    away: float = 0.0
    repeat: int = 1  # calls in all; the last one counts
    text: bool = True  # False: the repr is not PyTorch's, which leaves things out

    def __repr__(self) -> str:
        return self.name


def row(name: str, make: Callable[[Any], Any], *inputs: Arr, **options: Any) -> Row:
    """A row whose `make` gets ``lib.nn``."""
    return Row(name, lambda lib: make(lib.nn), inputs, **options)


@dataclass
class Result:
    """What a row gives."""

    text: str  # repr
    state: dict[str, np.ndarray]  # the parameters and buffers as they were made
    values: dict[str, np.ndarray]  # outputs, gradients, and the state afterwards where it changed


def run(lib: Any, row: Row) -> Result:
    """Run a row with a library."""
    lib.manual_seed(SEED)
    module = row.make(lib)
    module.train(row.train)
    text = repr(module).replace(f"{lib.__name__}.", "") if row.text else ""
    text = text.replace("NonDynamicallyQuantizableLinear", "Linear")
    state = {name: numpy_of(t).copy() for name, t in module.state_dict().items()}
    rng = np.random.default_rng(zlib.crc32(row.name.encode()))
    drawn = [array(spec, row, rng, "float32") for spec in row.inputs]  # type: ignore[arg-type]
    inputs = [
        leaf(lib, a, row.grad and spec.kind == "value") for a, spec in zip(drawn, row.inputs, strict=True)
    ]
    lib.manual_seed(SEED + 1)
    for _ in range(row.repeat):
        found = tensors(row.call(lib, module, *inputs))
    values = {f"output {i}": numpy_of(y) for i, y in enumerate(found)}
    recorded = [y for y in found if y.requires_grad]
    if row.grad and recorded:
        sum((y * weights(lib, y)).sum() for y in recorded).backward()
        named = [(f"grad of input {i}", x) for i, x in enumerate(inputs)]
        named += [(f"grad of {name}", p) for name, p in module.named_parameters()]
        values |= {name: numpy_of(t.grad) for name, t in named if t.grad is not None}
    after = {name: numpy_of(t) for name, t in module.state_dict().items()}
    values |= {f"{name} afterwards": a for name, a in after.items() if not np.array_equal(a, state[name])}
    return Result(text, state, values)


def tensors(result: Any) -> list[Any]:
    """The tensors in nested tuples of results, in order."""
    if isinstance(result, (tuple, list)):
        return [t for part in outputs(result) for t in tensors(part)]
    return [] if result is None else [result]


def weights(lib: Any, y: Any) -> Any:
    """Fixed numbers of y's shape, the same in every library."""
    n = int(np.prod(tuple(y.shape)))
    return lib.tensor(((np.arange(n) * 7 + 3) % 11 - 4.5).reshape(tuple(y.shape)).astype("float32") / 5)
