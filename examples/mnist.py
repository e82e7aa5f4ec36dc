"""Train on MNIST: `python examples/mnist.py DIR --model mlp` (or lenet), DIR holding the four IDX files."""

from __future__ import annotations

import argparse
import math
import time
from collections.abc import Callable
from typing import NamedTuple

import tinygrad_ext as tg
from tinygrad_ext import nn
from tinygrad_ext.data import Split, mnist

try:
    from tqdm import tqdm
except ImportError:  # no bar then; the line per epoch below stays
    tqdm = None


def mlp() -> nn.Module:
    """784-16-16-10, the network of 3Blue1Brown's lessons, with ReLU: 13,002 parameters."""
    return nn.Sequential(
        nn.Flatten(),  # [N, 1, 28, 28] -> [N, 784]
        nn.Linear(784, 16),
        nn.ReLU(),
        nn.Linear(16, 16),
        nn.ReLU(),
        nn.Linear(16, 10),
    )


def lenet() -> nn.Module:
    """LeNet-5 (LeCun et al., 1998) with ReLU and max pooling: 61,706 parameters."""
    return nn.Sequential(
        nn.Conv2d(1, 6, kernel_size=5, padding=2),  # [N, 6, 28, 28]
        nn.ReLU(),
        nn.MaxPool2d(2),  # [N, 6, 14, 14]
        nn.Conv2d(6, 16, kernel_size=5),  # [N, 16, 10, 10]
        nn.ReLU(),
        nn.MaxPool2d(2),  # [N, 16, 5, 5]
        nn.Flatten(),  # [N, 400]
        nn.Linear(400, 120),
        nn.ReLU(),
        nn.Linear(120, 84),
        nn.ReLU(),
        nn.Linear(84, 10),
    )


class Recipe(NamedTuple):
    """A model with the settings it trains well with."""

    model: Callable[[], nn.Module]
    epochs: int
    lr: float
    weight_decay: float


RECIPES = {
    "mlp": Recipe(mlp, epochs=15, lr=4e-3, weight_decay=1e-3),
    "lenet": Recipe(lenet, epochs=8, lr=3e-3, weight_decay=0.0),
}


def accuracy(model: nn.Module, split: Split) -> float:
    """The share of images that the model gets right, found in batches to keep the memory small."""
    hits = 0
    with tg.no_grad():
        for images, labels in zip(split.images.split(1000), split.labels.split(1000), strict=True):
            hits += (model(images).argmax(dim=1) == labels).sum().item()
    return hits / len(split.labels)


def main() -> None:
    """Read the command line, train, print the accuracy on the test images."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("dir", help="where train-images-idx3-ubyte[.gz] and the three others are")
    parser.add_argument("--model", choices=RECIPES, default="lenet")
    parser.add_argument("--epochs", type=int, help="passes over the training images (mlp 15, lenet 8)")
    parser.add_argument("--batch-size", type=int, default=32)
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()
    recipe = RECIPES[options.model]
    epochs = recipe.epochs if options.epochs is None else options.epochs
    if epochs < 1 or options.batch_size < 1:
        parser.error("--epochs and --batch-size must be at least 1")
    try:
        train, test = mnist(options.dir)
    except (OSError, ValueError) as error:
        parser.exit(2, f"{error}\n")

    tg.manual_seed(options.seed)
    model = recipe.model()
    loss_of = nn.CrossEntropyLoss()
    optimizer = tg.optim.Adam(model.parameters(), lr=recipe.lr, weight_decay=recipe.weight_decay)
    print(model)

    steps, start = 0, time.perf_counter()
    for epoch in range(epochs):
        # The step size falls from lr to zero along half a cosine.
        optimizer.param_groups[0]["lr"] = recipe.lr * 0.5 * (1 + math.cos(math.pi * epoch / epochs))
        batches = tg.randperm(len(train.labels)).split(options.batch_size)
        total = 0.0
        for batch in batches if tqdm is None else tqdm(batches, desc=f"epoch {epoch + 1}", leave=False):
            loss = loss_of(model(train.images[batch]), train.labels[batch])
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            total += loss.item()
            steps += 1
        print(f"epoch {epoch + 1:2} of {epochs}: loss {total / len(batches):.4f}")
    seconds = time.perf_counter() - start

    print(f"train accuracy {accuracy(model, train):.2%} of {len(train.labels)} images")
    print(f"test accuracy {accuracy(model, test):.2%} of {len(test.labels)} images")
    print(f"{steps} steps in {seconds:.1f} s: {1e3 * seconds / steps:.3f} ms per step")


if __name__ == "__main__":
    main()
