"""Every way to draw random numbers, written once for PyTorch and for this library.

A draw takes the library and a generator and gives a tensor. Called in the same order, both must agree.
"""

from __future__ import annotations

import zlib
from collections.abc import Callable
from functools import partial
from typing import Any

SIZES = (1, 15, 16, 17, 1003)
FLOATS = ("float32", "float64")
ALL = (*FLOATS, "int64", "int32", "uint8", "bool")
Draw = Callable[[Any, Any], Any]


def weights(lib: Any, n: int, dtype: str) -> Any:
    """Numbers in (0, 1], without randomness, equal to the bit in both libraries."""
    return ((lib.arange(n) * 37 + 11) % 64 + 1).to(getattr(lib, dtype)) / 64


def layouts(lib: Any, n: int, dtype: str) -> dict[str, Any]:
    """Tensors of zeros whose memory is not in the order of their dims."""
    kind = getattr(lib, dtype)
    return {
        "transposed": lib.zeros(n, 3, dtype=kind).t(),
        "sliced": lib.zeros(n, 6, dtype=kind)[:, 1::2],
        "permuted": lib.zeros(2, n, 3, dtype=kind).permute(2, 0, 1),
    }


def into(method: str, *args: Any, **kwargs: Any) -> Callable[..., Any]:
    """A call of an in-place method."""
    return lambda x, g: getattr(x, method)(*args, generator=g, **kwargs)


INTO = {
    "uniform_": (into("uniform_", -1.5, 2.5), FLOATS),
    "normal_": (into("normal_", 1.0, 3.0), FLOATS),
    "log_normal_": (into("log_normal_", 0.5, 0.25), FLOATS),
    "exponential_": (into("exponential_", 3.0), FLOATS),
    "cauchy_": (into("cauchy_", 1.0, 2.0), FLOATS),
    "geometric_": (into("geometric_", 0.3), ALL[:-1]),
    "bernoulli_": (into("bernoulli_", 0.3), ALL),
    "random_": (into("random_"), ALL),
    "random_to": (into("random_", 2), ALL),
    "random_from_to": (into("random_", 3, 100), ALL[:-1]),
    "random_wide": (into("random_", -(2**40), 2**41), ("int64", "float64")),
    "random_28_bits": (into("random_", 0, 2**28), ("int64", "int32", "float64")),
}
# Their last bits go through functions that each library computes in its own way.
ROUNDED = ("normal", "randn", "log_normal_", "exponential_", "cauchy_", "gumbel")


def fills() -> dict[str, Draw]:
    """In-place draws: every dtype, size and layout."""
    draws: dict[str, Draw] = {}
    for name, (fill, dtypes) in INTO.items():
        for dtype in dtypes:
            for n in SIZES:

                def flat(lib: Any, g: Any, n: int = n, dtype: str = dtype, fill: Any = fill) -> Any:
                    return fill(lib.zeros(n, dtype=getattr(lib, dtype)), g)

                draws[f"{name} {dtype} {n}"] = flat
            for layout in ("transposed", "sliced", "permuted"):

                def strided(
                    lib: Any, g: Any, dtype: str = dtype, fill: Any = fill, layout: str = layout
                ) -> Any:
                    return fill(layouts(lib, 7, dtype)[layout], g)

                draws[f"{name} {dtype} {layout}"] = strided
    return draws


def makers() -> dict[str, Draw]:
    """Draws that make tensors."""
    draws: dict[str, Draw] = {}
    for n in SIZES:
        for dtype in FLOATS:
            for name in ("rand", "randn"):
                draws[f"{name} {dtype} {n}"] = lambda lib, g, n=n, d=dtype, name=name: getattr(lib, name)(
                    n, dtype=getattr(lib, d), generator=g
                )
            draws[f"bernoulli {dtype} {n}"] = lambda lib, g, n=n, d=dtype: lib.bernoulli(
                weights(lib, n, d), generator=g
            )
            draws[f"bernoulli p {dtype} {n}"] = lambda lib, g, n=n, d=dtype: lib.bernoulli(
                weights(lib, n, d), 0.25, generator=g
            )
            for count, replacement in ((1, False), (n // 2 + 1, False), (n, False), (1, True), (25, True)):
                draws[f"multinomial {count} {replacement} {dtype} {n}"] = (
                    lambda lib, g, n=n, d=dtype, c=count, r=replacement: lib.multinomial(
                        weights(lib, n, d), c, r, generator=g
                    )
                )
            draws[f"normal tensors {dtype} {n}"] = lambda lib, g, n=n, d=dtype: lib.normal(
                weights(lib, n, d), weights(lib, n, d), generator=g
            )
            draws[f"normal mean {dtype} {n}"] = lambda lib, g, n=n, d=dtype: lib.normal(
                weights(lib, n, d), 2.0, generator=g
            )
            draws[f"normal std {dtype} {n}"] = lambda lib, g, n=n, d=dtype: lib.normal(
                2.0, weights(lib, n, d), generator=g
            )
            draws[f"normal size {dtype} {n}"] = lambda lib, g, n=n, d=dtype: lib.normal(
                2.0, 0.5, (n,), dtype=getattr(lib, d), generator=g
            )
            draws[f"poisson {dtype} {n}"] = lambda lib, g, n=n, d=dtype: lib.poisson(
                weights(lib, n, d) * 30, g
            )
            draws[f"binomial {dtype} {n}"] = lambda lib, g, n=n, d=dtype: lib.binomial(
                (weights(lib, n, d) * 64), weights(lib, n, d), g
            )
        for low, high in ((0, 10), (-5, 5), (0, 2**31), (-(2**40), 2**41)):
            draws[f"randint {low} {high} {n}"] = lambda lib, g, n=n, low=low, high=high: lib.randint(
                low, high, (n,), generator=g
            )
        draws[f"randint uint8 {n}"] = lambda lib, g, n=n: lib.randint(200, (n,), dtype=lib.uint8, generator=g)
        draws[f"randint float32 {n}"] = lambda lib, g, n=n: lib.randint(
            9, (n,), dtype=lib.float32, generator=g
        )
        draws[f"randperm {n}"] = lambda lib, g, n=n: lib.randperm(n, generator=g)
    draws["randperm int32"] = lambda lib, g: lib.randperm(20, dtype=lib.int32, generator=g)
    draws["multinomial rows"] = lambda lib, g: lib.multinomial(
        weights(lib, 60, "float32").reshape(3, 20), 4, generator=g
    )
    draws["multinomial rows again"] = lambda lib, g: lib.multinomial(
        weights(lib, 60, "float64").reshape(3, 20).t(), 5, True, generator=g
    )
    draws["multinomial zeros"] = lambda lib, g: lib.multinomial(
        lib.tensor([0.0, 1.0, 0.0, 2.0, 0.0, 0.5]), 5, generator=g
    )
    draws["bernoulli_ tensor"] = lambda lib, g: lib.zeros(4, 9).bernoulli_(
        weights(lib, 9, "float64"), generator=g
    )
    draws["bernoulli_ tensor transposed"] = lambda lib, g: (
        lib.zeros(9, 4, dtype=lib.int32).t().bernoulli_(weights(lib, 9, "float32"), generator=g)
    )
    return draws


def globals_() -> dict[str, Draw]:
    """Draws that always take from the global generator; those of the names before also run on it."""
    draws: dict[str, Draw] = {}
    for name in ("rand_like", "randn_like"):
        for layout in ("transposed", "sliced", "permuted"):
            draws[f"{name} {layout}"] = lambda lib, g, name=name, layout=layout: getattr(lib, name)(
                layouts(lib, 7, "float32")[layout]
            )
    draws["randint_like"] = lambda lib, g: lib.randint_like(layouts(lib, 7, "float32")["transposed"], 3, 50)
    for name, shape in {
        "dropout": (40,),
        "alpha_dropout": (40,),
        "dropout1d": (3, 5, 2),
        "dropout2d": (3, 5, 2, 2),
        "dropout3d": (3, 5, 2, 2, 2),
        "feature_alpha_dropout": (3, 5, 2),
    }.items():
        for dtype in FLOATS:
            for p in (0.0, 0.3, 0.5, 1.0):

                def dropped(
                    lib: Any, g: Any, name: str = name, shape: Any = shape, d: str = dtype, p: float = p
                ) -> Any:
                    n = 1
                    for size in shape:
                        n *= size
                    x = weights(lib, n, d).reshape(shape)
                    return getattr(lib.nn.functional, name)(x, p, True)

                draws[f"{name} {dtype} {p}"] = dropped
    draws["dropout 1003"] = lambda lib, g: lib.nn.functional.dropout(weights(lib, 1003, "float32"), 0.1)
    draws["dropout transposed"] = lambda lib, g: lib.nn.functional.dropout(
        weights(lib, 21, "float64").reshape(7, 3).t(), 0.4
    )
    draws["dropout in place"] = lambda lib, g: lib.nn.functional.dropout(
        weights(lib, 21, "float64"), 0.4, inplace=True
    )
    for hard in (False, True):
        draws[f"gumbel_softmax {hard}"] = partial(gumbel, hard)
    return draws


def gumbel(hard: bool, lib: Any, g: Any) -> Any:
    """A sample of rows of logits."""
    return lib.nn.functional.gumbel_softmax(weights(lib, 24, "float64").reshape(4, 6), 0.7, hard)


DRAWS: dict[str, Draw] = {**fills(), **makers(), **globals_()}
SEED = 2**40 + 7
# Without seeding in between: each must take as many numbers as PyTorch's does, the spare normal included.
SEQUENCE = sorted(DRAWS, key=lambda name: zlib.crc32(name.encode()))[::4]


def shown(values: list[float]) -> list[str]:
    """All numbers, or some of many, in hexadecimal."""
    return [v.hex() for v in values[:: 1 if len(values) <= 20 else len(values) // 12]]


def tolerance(name: str, dtype: str) -> dict[str, float]:
    """How far two results may be apart: nothing unless functions are computed differently."""
    if not name.startswith(ROUNDED) and "alpha_dropout" not in name:
        return {"rtol": 0.0, "atol": 0.0}
    vector = name.startswith(
        ("normal", "randn", "gumbel", "alpha", "feature_alpha")
    )  # PyTorch's float32 vector functions
    if dtype == "float32":
        return {"rtol": 1e-6, "atol": 2e-6} if vector else {"rtol": 2.4e-7, "atol": 0.0}
    return {"rtol": 1e-14, "atol": 2e-15} if vector else {"rtol": 4.5e-16, "atol": 0.0}
