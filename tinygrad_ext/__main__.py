"""``python -m tinygrad_ext``: trains a network on handwritten digits, or with ``info`` shows the build."""

from __future__ import annotations

import argparse
import importlib
import math
import platform
import time
from collections.abc import Sequence
from types import TracebackType
from typing import Any

import tinygrad_ext as tg
from tinygrad_ext import _core, nn
from tinygrad_ext.data import Digits, Split, digits

# ---- the lesson --------------------------------------------------------------------------------------


def network() -> nn.Module:
    """A convolutional network from images [N, 1, 8, 8] to scores [N, 10], with 33,706 parameters."""
    return nn.Sequential(
        nn.Conv2d(1, 16, kernel_size=3, padding="same"),  # [N, 16, 8, 8]
        nn.ReLU(),
        nn.Conv2d(16, 32, kernel_size=3, padding="same"),  # [N, 32, 8, 8]
        nn.ReLU(),
        nn.MaxPool2d(2),  # [N, 32, 4, 4]
        nn.Conv2d(32, 64, kernel_size=3, padding="same"),  # [N, 64, 4, 4]
        nn.ReLU(),
        nn.Flatten(),  # [N, 1024]
        nn.Dropout(0.25),
        nn.Linear(1024, 10),
    )


def train(epochs: int, batch_size: int, lr: float, seed: int) -> None:
    """Train on the digits and print what came of it."""
    tg.manual_seed(seed)
    data = digits()
    images, labels = data.train
    batches = math.ceil(len(labels) / batch_size)

    model = network()
    # The targets are softened, as a few of the digits can be read either way.
    loss_of = nn.CrossEntropyLoss(label_smoothing=0.1)
    optimizer = tg.optim.Adam(model.parameters(), lr=lr)

    start = time.perf_counter()
    with Progress(epochs, batches) as progress:
        for epoch in range(epochs):
            # The step size falls from lr to zero along half a cosine.
            optimizer.param_groups[0]["lr"] = lr * 0.5 * (1 + math.cos(math.pi * epoch / epochs))
            for batch in tg.randperm(len(labels)).split(batch_size):
                loss = loss_of(model(distort(images[batch])), labels[batch])
                optimizer.zero_grad()
                loss.backward()
                optimizer.step()
                progress.step(loss.item())
    seconds = time.perf_counter() - start

    model.eval()
    report(model, data)
    steps = epochs * batches
    print(f"{steps} steps in {seconds:.1f} s: {1e3 * seconds / steps:.2f} ms per step, {machine()}")


def distort(images: tg.Tensor) -> tg.Tensor:
    """Shift and stretch each image [N, 1, H, W] a little, at random: the same digit, written anew."""
    for _ in range(2):  # along the width, then along the height
        # Where the pixels of each new row come from in the old one: [N, 1, W, 1].
        n, _, _, width = images.shape
        middle = (width - 1) / 2
        stretch, shift = 1 + 0.1 * tg.randn(n, 1, 1, 1), 0.3 * tg.randn(n, 1, 1, 1)
        pixel = tg.arange(width, dtype=tg.float32)
        source = (pixel.reshape(width, 1) - middle) * stretch + shift + middle
        # Between two pixels, a bit of both: [N, 1, W, W], a row for each new pixel.
        share = tg.relu(1 - (source - pixel).abs())
        images = (images @ share.transpose(-1, -2)).transpose(-1, -2)
    return images


def evaluate(model: nn.Module, split: Split) -> tuple[float, float]:
    """Return the mean loss, and the share of images that the model gets right."""
    with tg.no_grad():
        scores = model(split.images)
        loss = nn.functional.cross_entropy(scores, split.labels)
        hits = (scores.argmax(dim=1) == split.labels).sum()
    return loss.item(), hits.item() / len(split.labels)


def report(model: nn.Module, data: Digits) -> None:
    """Print loss and accuracy on the three splits, and six test digits with what the model takes them for."""
    for name, split in zip(data._fields, data, strict=True):
        loss, accuracy = evaluate(model, split)
        print(f"{name:>10}: loss {loss:.4f}, accuracy {accuracy:7.2%} of {len(split.labels)} images")
    images, labels = data.test
    with tg.no_grad():
        guesses = model(images).argmax(dim=1).tolist()
    truth = labels.tolist()
    # Two that it gets wrong, if there are any, for they tell the most; the others in the order of the data.
    wrong = [number for number in range(len(truth)) if guesses[number] != truth[number]]
    shown = (wrong[:2] + [number for number in range(len(truth)) if number not in wrong])[:6]
    captions = [
        f"{guesses[number]}" if number not in wrong else f"{guesses[number]}, wrong: {truth[number]}"
        for number in shown
    ]
    print("\nSome test digits, and what the network reads:\n")
    for lines in zip(*(art(images[number, 0]) for number in shown), strict=True):
        print("  ".join(lines).rstrip())
    print("  ".join(f"{caption:^16}" for caption in captions).rstrip() + "\n")


# ---- what is around it -------------------------------------------------------------------------------


def art(image: tg.Tensor) -> list[str]:
    """An image [H, W] as lines of text, two characters per pixel."""
    shades = " .:-=+*#%@"
    return ["".join(2 * shades[round(value * (len(shades) - 1))] for value in row) for row in image.tolist()]


class Progress:
    """A progress bar with the mean loss of the last epoch; without tqdm, a line per epoch."""

    def __init__(self, epochs: int, batches: int) -> None:
        self.epochs, self.batches = epochs, batches
        self.done, self.total = 0, 0.0
        self.bar: Any = None
        try:
            tqdm = importlib.import_module("tqdm")
        except ImportError:
            return
        self.bar = tqdm.tqdm(total=epochs * batches, unit="step", desc="training")

    def step(self, loss: float) -> None:
        """Count one step."""
        self.done += 1
        self.total += loss
        if self.bar is not None:
            self.bar.update()
        if self.done % self.batches == 0:
            epoch, mean = self.done // self.batches, self.total / self.batches
            self.total = 0.0
            if self.bar is None:
                print(f"epoch {epoch:3} of {self.epochs}: loss {mean:.4f}")
            else:
                self.bar.set_postfix(epoch=epoch, loss=f"{mean:.4f}")

    def __enter__(self) -> Progress:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self.bar is not None:
            self.bar.close()


def machine() -> str:
    """The instruction set and the number of threads in use."""
    threads = tg.get_num_threads()
    return f"{_core.isa()}, {threads} thread{'s'[: threads != 1]}"


def print_info() -> None:
    """Print version, instruction sets, threads and build."""
    print(f"version          {tg.__version__}")
    print(f"instruction set  {_core.isa()} (this machine has: {', '.join(_core.levels())})")
    print(f"threads          {tg.get_num_threads()}")
    print(f"build            {_core.build}")
    print(f"python           {platform.python_version()}, {platform.platform()}")


def whole(text: str) -> int:
    """A whole number from 1, for argparse."""
    if not text.isdecimal() or int(text) < 1:
        raise argparse.ArgumentTypeError(f"expected a whole number from 1, got {text!r}")
    return int(text)


def seed_number(text: str) -> int:
    """A seed, for argparse."""
    if not text.isdecimal() or int(text) >= 2**64:
        raise argparse.ArgumentTypeError(f"expected a whole number from 0 to 2**64 - 1, got {text!r}")
    return int(text)


def rate(text: str) -> float:
    """A learning rate, for argparse."""
    try:
        value = float(text)
    except ValueError:
        value = math.nan
    if not 0 < value < math.inf:
        raise argparse.ArgumentTypeError(f"expected a number above 0, got {text!r}")
    return value


def parser() -> argparse.ArgumentParser:
    """The command line."""
    options = argparse.ArgumentParser(
        prog="python -m tinygrad_ext",
        description="Train a small convolutional network on handwritten digits that come with the package.",
        formatter_class=argparse.ArgumentDefaultsHelpFormatter,
    )
    options.add_argument(
        "command", nargs="?", choices=["train", "info"], default="train", help="info: show the build"
    )
    options.add_argument("--epochs", type=whole, default=20, help="passes over the training images")
    options.add_argument("--batch-size", type=whole, default=32, help="images per step")
    options.add_argument("--lr", type=rate, default=3e-3, help="step size of Adam at the start")
    options.add_argument("--seed", type=seed_number, default=0, help="of the random numbers")
    return options


def main(arguments: Sequence[str] | None = None) -> None:
    """Run the command line; see ``--help``."""
    chosen = parser().parse_args(arguments)
    if chosen.command == "info":
        print_info()
    else:
        train(chosen.epochs, chosen.batch_size, chosen.lr, chosen.seed)


if __name__ == "__main__":
    main()
