"""Transforms of images [C, H, W] and of batches [N, C, H, W], drawn from the library's random generator.

Each is a callable without state of its own; in a batch every image gets draws of its own.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from tinygrad_ext._core import (
    Generator,
    Tensor,
    arange,
    as_tensor,
    float32,
    int64,
    one_hot,
    pad,
    rand,
    randint,
    where,
)


class Compose:
    """Transforms one after the other.

    Parameters
    ----------
    transforms : sequence of callable
    """

    def __init__(self, transforms: Sequence[Callable[[Any], Any]]) -> None:
        self.transforms = list(transforms)

    def __call__(self, input: Any) -> Any:
        for transform in self.transforms:
            input = transform(input)
        return input

    def __repr__(self) -> str:
        return f"Compose({self.transforms})"


class Normalize:
    """``(input - mean) / std`` for each channel.

    Parameters
    ----------
    mean, std : float, or sequence of float or Tensor, [C]
        In units of the input; a number serves for all channels.

    Raises
    ------
    ValueError
        If a `std` is not positive; when called, if the input has another number of channels.
    """

    def __init__(self, mean: Any, std: Any) -> None:
        self.mean = as_tensor(mean, dtype=float32).reshape(-1)
        self.std = as_tensor(std, dtype=float32).reshape(-1)
        if not bool((self.std > 0).all()):
            raise ValueError(f"Normalize: std must be positive, got {std!r}")

    def __call__(self, input: Tensor) -> Tensor:
        _check_image("Normalize", input)
        for name, setting in ("mean", self.mean), ("std", self.std):
            if len(setting) not in (1, input.shape[-3]):
                raise ValueError(
                    f"Normalize: {name} of {len(setting)} channels, input of shape {tuple(input.shape)}"
                )
        return (input - self.mean.reshape(-1, 1, 1)) / self.std.reshape(-1, 1, 1)

    def __repr__(self) -> str:
        return f"Normalize(mean={self.mean.tolist()}, std={self.std.tolist()})"


class OneHot:
    """Class numbers [...] as rows [..., num_classes] of zeros with a one, float32.

    Parameters
    ----------
    num_classes : int

    Raises
    ------
    ValueError
        If `num_classes` is not positive; when called, if a class number is outside; names it.
    """

    def __init__(self, num_classes: int) -> None:
        if num_classes < 1:
            raise ValueError(f"OneHot: num_classes must be positive, got {num_classes}")
        self.num_classes = num_classes

    def __call__(self, input: Any) -> Tensor:
        labels = as_tensor(input, dtype=int64)
        outside = ((labels < 0) | (labels >= self.num_classes)).flatten().nonzero()
        if len(outside):
            at = int(outside[0, 0].item())
            seen = int(labels.flatten()[at].item())
            raise ValueError(
                f"OneHot: class number {seen} at position {at}, expected 0 to {self.num_classes - 1}"
            )
        return one_hot(labels, self.num_classes).to(float32)

    def __repr__(self) -> str:
        return f"OneHot({self.num_classes})"


class _Random:
    """A transform that draws; `generator` None is the global one."""

    def __init__(self, generator: Generator | None) -> None:
        self.generator = generator

    def _batch(self, images: Tensor) -> Tensor:
        raise NotImplementedError

    def __call__(self, input: Tensor) -> Tensor:
        _check_image(type(self).__name__, input)
        return self._batch(input) if input.ndim == 4 else self._batch(input.unsqueeze(0)).squeeze(0)

    def _places(self, n: int, count: int) -> Tensor:
        return randint(count, (n,), generator=self.generator)


class RandomHorizontalFlip(_Random):
    """Mirrors an image left to right with probability `p`.

    Parameters
    ----------
    p : float, default 0.5
    generator : Generator, optional
    """

    def __init__(self, p: float = 0.5, generator: Generator | None = None) -> None:
        super().__init__(generator)
        if not 0 <= p <= 1:
            raise ValueError(f"RandomHorizontalFlip: p must be in [0, 1], got {p!r}")
        self.p = p

    def _batch(self, images: Tensor) -> Tensor:
        mirrored = rand(len(images), generator=self.generator) < self.p
        flipped: Tensor = where(mirrored.reshape(-1, 1, 1, 1), images.flip(-1), images)
        return flipped

    def __repr__(self) -> str:
        return f"RandomHorizontalFlip(p={self.p})"


class RandomCrop(_Random):
    """A window of an image, at a random place.

    Parameters
    ----------
    size : int or (int, int)
        Height and width of the window, in pixels.
    padding : int, default 0
        Pixels added on each side first.
    fill : float, default 0
        The value of padding.
    generator : Generator, optional

    Raises
    ------
    ValueError
        If a number is out of range; when called, if the padded image is smaller than the window.
    """

    def __init__(
        self,
        size: int | tuple[int, int],
        padding: int = 0,
        fill: float = 0.0,
        generator: Generator | None = None,
    ) -> None:
        super().__init__(generator)
        self.size = (size, size) if isinstance(size, int) else tuple(size)
        if len(self.size) != 2 or min(self.size) < 1 or padding < 0:
            raise ValueError(
                f"RandomCrop: size must be positive and padding not negative, got {size!r}, {padding!r}"
            )
        self.padding = padding
        self.fill = fill

    def _batch(self, images: Tensor) -> Tensor:
        n, _, height, width = images.shape
        rows = height + 2 * self.padding - self.size[0] + 1
        columns = width + 2 * self.padding - self.size[1] + 1
        if rows < 1 or columns < 1:
            raise ValueError(
                f"RandomCrop: a window of {self.size} does not fit into an image of {(height, width)} "
                f"with padding {self.padding}"
            )
        top, left = self._places(n, rows), self._places(n, columns)
        return windows(images, top, left, self.size, self.padding, self.fill)

    def __repr__(self) -> str:
        return f"RandomCrop(size={self.size}, padding={self.padding})"


class RandomShift(_Random):
    """Moves an image by up to `pixels` in each direction; what comes in at the edge is `fill`.

    Parameters
    ----------
    pixels : int
    fill : float, default 0
    generator : Generator, optional
    """

    def __init__(self, pixels: int, fill: float = 0.0, generator: Generator | None = None) -> None:
        super().__init__(generator)
        if pixels < 0:
            raise ValueError(f"RandomShift: pixels must not be negative, got {pixels}")
        self.pixels = pixels
        self.fill = fill

    def _batch(self, images: Tensor) -> Tensor:
        n, _, height, width = images.shape
        top, left = self._places(n, 2 * self.pixels + 1), self._places(n, 2 * self.pixels + 1)
        return windows(images, top, left, (height, width), self.pixels, self.fill)

    def __repr__(self) -> str:
        return f"RandomShift(pixels={self.pixels})"


def windows(
    images: Tensor, top: Tensor, left: Tensor, size: tuple[int, ...], padding: int, fill: float
) -> Tensor:
    """Cut a window out of each image [N, C, H, W], padded first, at rows `top` and columns `left`, [N]."""
    if padding:
        images = pad(images, (padding,) * 4, value=fill)
    height, width = size
    views = images.unfold(2, height, 1).unfold(3, width, 1)  # [N, C, places, places, height, width]
    cut: Tensor = views[arange(len(images)), :, top, left]
    return cut


def _check_image(owner: str, input: Any) -> None:
    if not isinstance(input, Tensor) or input.ndim not in (3, 4):
        seen = f"shape {tuple(input.shape)}" if isinstance(input, Tensor) else type(input).__name__
        raise ValueError(f"{owner}: expected a tensor [C, H, W] or [N, C, H, W], got {seen}")
