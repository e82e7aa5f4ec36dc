"""Images read at the places of a grid."""

from __future__ import annotations

import warnings

import numpy as np
from case import A, V, call, functional, rough, torch


def affine_grid(theta, size, align_corners=None):
    def places(n):
        outer = 1 if align_corners else (n - 1) / n
        return np.linspace(-outer, outer, n) if n > 1 else np.zeros(1)

    y, x = np.meshgrid(places(size[2]), places(size[3]), indexing="ij")
    return np.stack([x, y, np.ones_like(x)], -1) @ theta[:, None].swapaxes(-1, -2)


def reflected(p, n, align):
    low, high = (0, n - 1) if align else (-0.5, n - 0.5)
    while high > low and not low <= p <= high:
        p = 2 * low - p if p < low else 2 * high - p
    return p if high > low else 0


def bounded(p, n, padding, align):
    if padding == "reflection":
        p = reflected(p, n, align)
    return p if padding == "zeros" else min(max(p, 0), n - 1)


def pixel(image, i, j, padding, align):
    """The pixel at whole numbers, which may lie beyond the image: [C]."""
    i, j = (int(bounded(p, n, padding, align)) for p, n in zip((i, j), image.shape[1:], strict=True))
    return image[:, i, j] if 0 <= i < image.shape[1] and 0 <= j < image.shape[2] else 0 * image[:, 0, 0]


def keys(d):
    d, a = abs(d), -0.75
    if d <= 1:
        return (a + 2) * d**3 - (a + 3) * d**2 + 1
    return a * (d**3 - 5 * d**2 + 8 * d - 4) if d < 2 else 0.0


def grid_sample(x, grid, mode="bilinear", padding_mode="zeros", align_corners=None):
    y = np.zeros((*x.shape[:2], *grid.shape[1:3]))
    for n, i, j in np.ndindex(grid.shape[:3]):
        place = [
            (g + 1) / 2 * (size - 1) if align_corners else ((g + 1) * size - 1) / 2
            for g, size in zip(grid[n, i, j, ::-1], x.shape[2:], strict=True)
        ]
        if mode != "bicubic":
            place = [
                bounded(p, size, padding_mode, align_corners)
                for p, size in zip(place, x.shape[2:], strict=True)
            ]
        if mode == "nearest":
            y[n, :, i, j] = pixel(x[n], *np.rint(place), "zeros", align_corners)
            continue
        weight = keys if mode == "bicubic" else lambda d: max(0, 1 - abs(d))
        beyond = padding_mode if mode == "bicubic" else "zeros"
        first = np.floor(place).astype(int)
        for row in range(first[0] - 1, first[0] + 3):
            for column in range(first[1] - 1, first[1] + 3):
                share = weight(place[0] - row) * weight(place[1] - column)
                y[n, :, i, j] += share * pixel(x[n], row, column, beyond, align_corners)
    return y


def quietly(name):
    """PyTorch's function without its warning that align_corners was not given."""

    def function(*args, **kwargs):
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return getattr(torch.nn.functional, name)(*args, **kwargs)

    return function


def places(size, reach):
    """12 places far from the middles of pixels, where the interpolation changes its polynomial."""
    p = np.linspace(-reach, reach, 997)
    apart = [np.abs(q - np.rint(q)) for q in ((p + 1) / 2 * (size - 1), ((p + 1) * size - 1) / 2)]
    p = p[np.minimum(*apart) > 0.1]
    return p[np.linspace(0, p.size - 1, 12).astype(int)]


def spread(reach):
    rng = np.random.default_rng(0)
    x, y = rng.permutation(places(5, reach)), rng.permutation(places(4, reach))
    return V(np.stack([x, y], -1).reshape(2, 3, 2, 2))


NEAR, FAR = spread(0.9), spread(2.9)
CORNERS = V(np.array([[-1.0, -1.0], [1.0, 1.0], [0.0, 0.0], [-1.0, 1.0]]).reshape(1, 2, 2, 2))

ROWS = (
    functional(
        "affine_grid",
        affine_grid,
        (
            call(A(2, 2, 3), (2, 3, 4, 5)),
            call(A(1, 2, 3), (1, 1, 2, 3), True),
            call(A(1, 2, 3), size=(1, 1, 1, 1), align_corners=True),
            call(A(1, 2, 3), (1, 1, 1, 4), align_corners=False),
        ),
        ulp=8.0,
        scale=4.0,
        torch=quietly("affine_grid"),
    ),
    functional(
        "grid_sample",
        grid_sample,
        (
            call(A(2, 3, 4, 5), NEAR),
            *(
                call(A(2, 3, 4, 5), FAR, mode, padding, align)
                for mode in ("bilinear", "bicubic")
                for padding in ("zeros", "border", "reflection")
                for align in (False, True)
            ),
            *(
                rough(A(2, 3, 4, 5), FAR, mode="nearest", padding_mode=padding, align_corners=align)
                for padding in ("zeros", "border", "reflection")
                for align in (False, True)
            ),
            *(rough(A(1, 2, 3, 4), CORNERS, "bilinear", "border", align) for align in (False, True)),
            rough(A(1, 1, 1, 1), A(1, 2, 3, 2), padding_mode="reflection", align_corners=True),
            call(A(1, 2, 3, 4), A(1, 0, 3, 2)),
        ),
        ulp=64.0,
        scale=64.0,
        torch=quietly("grid_sample"),
    ),
)
