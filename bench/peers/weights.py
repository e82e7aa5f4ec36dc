"""The first weights of every network, by its parameters' names and shapes: the same for each library."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import pairwise

import numpy as np

Shapes = dict[str, tuple[int, ...]]
Arrays = dict[str, np.ndarray]


def initial(shapes: Mapping[str, tuple[int, ...]], seed: int = 0) -> Arrays:
    """Biases 0, gains 1, matrices and filters normal with the deviation 1 / sqrt(inputs): float32."""
    random = np.random.default_rng(seed)
    found: Arrays = {}
    for name, shape in shapes.items():
        if len(shape) > 1:
            value = random.standard_normal(shape) / np.sqrt(np.prod(shape[1:]))
        else:
            value = np.zeros(shape) if "bias" in name else np.ones(shape)
        found[name] = value.astype(np.float32)
    return found


def mlp(*sizes: int) -> Shapes:
    """A `Sequential` of linear layers with an activation between any two of them."""
    found: Shapes = {}
    for i, (a, b) in enumerate(pairwise(sizes)):
        found |= {f"{2 * i}.weight": (b, a), f"{2 * i}.bias": (b,)}
    return found


def lenet() -> Shapes:
    found: Shapes = {}
    for i, shape in ((0, (6, 1, 5, 5)), (3, (16, 6, 5, 5)), (7, (120, 400)), (9, (84, 120)), (11, (10, 84))):
        found |= {f"{i}.weight": shape, f"{i}.bias": shape[:1]}
    return found


def names_mlp() -> Shapes:
    """The lecture's network of character names: a table of ten numbers a letter, three letters, 200 tanh."""
    return {"table": (27, 10), "w1": (30, 200), "bias1": (200,), "w2": (200, 27), "bias2": (27,)}


def gpt(vocabulary: int = 65, layers: int = 4, width: int = 64, length: int = 32) -> Shapes:
    w = width
    found: Shapes = {"wte.weight": (vocabulary, w), "wpe.weight": (length, w)}
    for i in range(layers):
        for name, shape in (
            ("ln_1.weight", (w,)), ("ln_1.bias", (w,)),
            ("attn.c_attn.weight", (3 * w, w)), ("attn.c_attn.bias", (3 * w,)),
            ("attn.c_proj.weight", (w, w)), ("attn.c_proj.bias", (w,)),
            ("ln_2.weight", (w,)), ("ln_2.bias", (w,)),
            ("mlp.c_fc.weight", (4 * w, w)), ("mlp.c_fc.bias", (4 * w,)),
            ("mlp.c_proj.weight", (w, 4 * w)), ("mlp.c_proj.bias", (w,)),
        ):  # fmt: skip
            found[f"h.{i}.{name}"] = shape
    return found | {"ln_f.weight": (w,), "ln_f.bias": (w,), "lm_head.weight": (vocabulary, w)}
