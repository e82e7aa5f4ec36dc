"""micrograd's demo: two moons told apart by a network of single numbers. `python examples/micrograd_demo.py`

The program is that of micrograd's notebook with only the import changed: every weight and every sum is a
`Value`, and each step builds a graph of some 65,000 of them.
"""

from __future__ import annotations

import argparse
import math
import random
import time

import numpy as np
import numpy.typing as npt

from tinygrad_ext.micrograd.engine import Value
from tinygrad_ext.micrograd.nn import MLP

Array = npt.NDArray[np.float64]


def make_moons(n: int, noise: float, seed: int) -> tuple[Array, npt.NDArray[np.int64]]:
    """Two interleaving half circles of n / 2 points each, with noise: points [n, 2], labels -1 or 1."""
    rng = np.random.default_rng(seed)
    angle = np.linspace(0, math.pi, n // 2)
    upper = np.stack([np.cos(angle), np.sin(angle)], axis=1)
    points = np.concatenate([upper, [1.0, 0.5] - upper])
    labels = np.repeat([-1, 1], n // 2)
    return points + rng.normal(scale=noise, size=points.shape), labels


def loss_of(model: MLP, points: Array, labels: npt.NDArray[np.int64]) -> tuple[Value, float]:
    """The max-margin loss with a little weight decay, and the share of points on the right side."""
    inputs = [list(map(Value, point)) for point in points]
    scores = list(map(model, inputs))
    losses = [(1 + -label * score).relu() for label, score in zip(labels, scores, strict=True)]
    data_loss = sum(losses) * (1.0 / len(losses))
    penalty = 1e-4 * sum(p * p for p in model.parameters())
    hits = [(label > 0) == (score.data > 0) for label, score in zip(labels, scores, strict=True)]
    return data_loss + penalty, sum(hits) / len(hits)


def draw_boundary(model: MLP, points: Array, labels: npt.NDArray[np.int64], path: str) -> None:
    """Write a picture of the regions that the model tells apart, with the points."""
    import matplotlib

    matplotlib.use("Agg")
    from matplotlib import pyplot

    low, high = points.min(axis=0) - 0.5, points.max(axis=0) + 0.5
    xs, ys = np.meshgrid(np.arange(low[0], high[0], 0.1), np.arange(low[1], high[1], 0.1))
    above = np.array([model([x, y]).data > 0 for x, y in zip(xs.flat, ys.flat, strict=True)])
    pyplot.contourf(xs, ys, above.reshape(xs.shape), cmap="Spectral", alpha=0.8)
    pyplot.scatter(points[:, 0], points[:, 1], c=labels, s=40, cmap="Spectral", edgecolors="black")
    pyplot.savefig(path)
    print(f"decision boundary in {path}")


def main() -> None:
    """Read the command line, train, draw."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--steps", type=int, default=100)
    parser.add_argument("--seed", type=int, default=1337)
    parser.add_argument("--picture", default="moons.png", help="where to draw the decision boundary")
    options = parser.parse_args()

    random.seed(options.seed)
    points, labels = make_moons(100, noise=0.1, seed=options.seed)
    model = MLP(2, [16, 16, 1])
    print(f"{len(model.parameters())} parameters")

    start = time.perf_counter()
    for step in range(options.steps):
        loss, accuracy = loss_of(model, points, labels)
        model.zero_grad()
        loss.backward()
        learning_rate = 1.0 - 0.9 * step / options.steps
        for p in model.parameters():
            p.data -= learning_rate * p.grad
        if step % 10 == 0 or step == options.steps - 1:
            print(f"step {step:3}: loss {loss.data:.4f}, accuracy {accuracy:.0%}")
    seconds = time.perf_counter() - start
    print(f"{options.steps} steps in {seconds:.2f} s")

    try:
        draw_boundary(model, points, labels, options.picture)
    except ImportError:
        print("no picture: that takes matplotlib, pip install matplotlib")


if __name__ == "__main__":
    main()
