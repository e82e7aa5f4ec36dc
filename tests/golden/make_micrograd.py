"""Make micrograd.json: the real micrograd package and PyTorch on the programs of lecture and demo.

Run ``python tests/golden/make_micrograd.py`` where micrograd 0.1.0 and PyTorch are installed.
"""

from __future__ import annotations

import json
import math
import random
import sys
from pathlib import Path
from typing import Any

import torch
from micrograd.engine import Value
from micrograd.nn import MLP

HERE = Path(__file__).parent
sys.path[:0] = [str(HERE.parent / "micrograd"), str(HERE.parents[1] / "examples")]

import programs  # noqa: E402 - found through the line above
from micrograd_demo import make_moons  # noqa: E402


def tanh(self: Any) -> Any:
    """The operation that the lecture adds by hand."""
    t = math.tanh(self.data)
    out = Value(t, (self,), "tanh")

    def _backward() -> None:
        self.grad += (1 - t**2) * out.grad

    out._backward = _backward
    return out


def graph(backward: Any, leaf: Any) -> dict[str, Any]:
    """The expression of micrograd's second test, in PyTorch."""
    a, b = leaf(-4.0), leaf(2.0)
    g = programs.more_operations(a, b)
    backward(g)
    return {"g": g.item(), "a": a.grad.item(), "b": b.grad.item()}


def main() -> None:
    """Write the file."""
    sys.setrecursionlimit(100_000)  # the real package recurses
    golden: dict[str, Any] = {}
    golden["more_operations"] = graph(
        lambda g: g.backward(), lambda x: torch.tensor([x], dtype=torch.float64, requires_grad=True)
    )
    golden["readme"] = programs.readme(Value)

    random.seed(1337)
    model = MLP(2, [16, 16, 1])
    points, labels = make_moons(100, noise=0.1, seed=1337)
    golden["points"], golden["labels"] = points.tolist(), labels.tolist()
    golden["moons"] = programs.moons(Value, model, points.tolist(), labels.tolist(), steps=3)

    random.seed(42)
    golden["four_relu"] = programs.four_examples(MLP(3, [4, 4, 1]), steps=20, rate=0.01)
    Value.tanh = tanh
    random.seed(42)
    golden["four_tanh"] = programs.four_examples(
        programs.lecture_mlp(Value, 3, [4, 4, 1]), steps=20, rate=0.05
    )
    lines = ",\n".join(f"{json.dumps(name)}: {json.dumps(value)}" for name, value in golden.items())
    (HERE / "micrograd.json").write_text(f"{{\n{lines}\n}}\n")


if __name__ == "__main__":
    main()
