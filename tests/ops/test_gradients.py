"""First and second gradients by random projection.

The first gradient is compared with central differences of the NumPy *reference*, which knows nothing of the
library: <w, f(x + h v)> is differentiated along v. The second is compared with central differences of the
library's first gradient, which the first test has verified by then. The stencil has error O(h^4).
"""

from __future__ import annotations

import lib
import numpy as np
import pytest
from case import Case, Drawn, Sample, draw, leaves, tree_map_sample
from cases import CASES

import tinygrad_ext as tg

H = 5e-4
STENCIL = ((1, 8 / 12), (-1, -8 / 12), (2, -1 / 12), (-2, 1 / 12))
ONCE = [c for c in CASES if c.order >= 1]
TWICE = [c for c in CASES if c.order >= 2]


def inputs(sample: Sample) -> list[np.ndarray]:
    """The arrays that are differentiated."""
    found = leaves((sample.args, sample.kwargs))
    return [
        v.array for v in found if isinstance(v, Drawn) and v.kind == "value" and v.array.dtype.kind == "f"
    ]


def moved(sample: Sample, step: float, directions: list[np.ndarray]) -> Sample:
    """`sample` with every differentiated array moved by `step` along its direction."""
    rest = iter(directions)

    def move(v):
        if isinstance(v, Drawn) and v.kind == "value":
            return Drawn(v.kind, v.array + step * next(rest))
        return v

    return tree_map_sample(move, sample)


def randoms(rng: np.random.Generator, like: list[np.ndarray]) -> list[np.ndarray]:
    """A random direction, away from zero, for each array."""
    return [rng.uniform(0.2, 1.0, x.shape) * rng.choice([-1.0, 1.0], x.shape) for x in like]


def evaluate(case: Case, sample: Sample, dtype: str, layout: str, calling: int = 0):
    """Call the library with recording; return the tensors differentiated and the floating results."""
    args = lib.tensors(tg, sample, dtype, layout, requires_grad=True)
    results = lib.outputs(lib.spellings(tg, case, sample)[calling](*args.args, **args.kwargs))
    x = [v for v in leaves((args.args, args.kwargs)) if isinstance(v, tg.Tensor) and v.requires_grad]
    return x, [y for y in results if y.dtype in (tg.float32, tg.float64)]


def floating(results: list[np.ndarray]) -> list[np.ndarray]:
    return [y for y in results if y.dtype.kind == "f"]


def samples(case: Case):
    """Smooth samples of `case` in float64, each with random weights w for its results."""
    for index, plain in enumerate(case.samples):
        sample = draw(case, index, "float64")
        if not plain.smooth or not inputs(sample):
            continue
        rng = np.random.default_rng(index)
        w = randoms(rng, floating(lib.reference(case, sample, "float64")))
        yield f"{case.name}{plain}", sample, w, rng


def total(products) -> tuple[float, float]:
    """The sum of all elements and the sum of their sizes, which bounds the rounding."""
    products = list(products)
    return sum(float(p.sum()) for p in products), sum(float(np.abs(p).sum()) for p in products)


def check_first(case: Case, layout: str, calling: int = 0) -> None:
    for what, sample, w, rng in samples(case):
        v = randoms(rng, inputs(sample))
        x, y = evaluate(case, sample, "float64", layout, calling)
        assert len(x) == len(v), f"{what}: {len(x)} tensors require grad, not {len(v)}"
        grads = tg.autograd.grad(y, x, [lib.to_tensor(tg, a, layout) for a in w])
        assert [tuple(g.shape) for g in grads] == [a.shape for a in v]
        assert all(g.dtype == tg.float64 for g in grads)
        got, _ = total(lib.numpy_of(g) * a for g, a in zip(grads, v, strict=True))
        slopes = [np.zeros(a.shape) for a in w]
        for step, weight in STENCIL:
            values = floating(lib.reference(case, moved(sample, step * H, v), "float64"))
            for slope, value in zip(slopes, values, strict=True):
                slope += weight / H * value
        want, size = total(a * s for a, s in zip(w, slopes, strict=True))
        assert abs(got - want) <= 1e-9 * (1 + size), f"{what}: {got!r}, not {want!r}"


@pytest.mark.parametrize("case", ONCE, ids=str)
def test_gradient(case):
    check_first(case, "contiguous")


@pytest.mark.parametrize("layout", lib.LAYOUTS[1:])
@pytest.mark.parametrize("case", [c for c in ONCE if c.layouts], ids=str)
def test_gradient_of_layout(case, layout):
    """Inputs and incoming gradients may be strided."""
    check_first(case, layout)


def spellings_beyond_the_first():
    for case in ONCE:
        for i in range(1, len(case.forms) + bool(case.operator)):
            yield pytest.param(case, i, id=f"{case.name}-{i}")


@pytest.mark.parametrize(("case", "calling"), list(spellings_beyond_the_first()))
def test_gradient_of_spelling(case, calling):
    """The method and the operator record what the function records."""
    for _, sample, w, _ in list(samples(case))[:4]:
        if len(lib.spellings(tg, case, sample)) <= calling:
            continue
        results = []
        for way in (0, calling):
            x, y = evaluate(case, sample, "float64", "contiguous", way)
            results.append(tg.autograd.grad(y, x, [tg.tensor(a) for a in w]))
        for a, b in zip(*results, strict=True):
            np.testing.assert_array_equal(lib.numpy_of(a), lib.numpy_of(b))


def first_gradient(case: Case, sample: Sample, w: list[np.ndarray], create_graph: bool):
    """Inputs (the op's and the incoming gradient) and the first gradient, recorded if wanted."""
    x, y = evaluate(case, sample, "float64", "contiguous")
    dy = [lib.leaf(tg, a, True) for a in w]
    return [*x, *dy], tg.autograd.grad(y, x, dy, create_graph=create_graph)


@pytest.mark.parametrize("case", TWICE, ids=str)
def test_second_gradient(case):
    """d<u, g(x, dy)>, where g is the first gradient; the incoming gradient dy varies as well."""
    for what, sample, w, rng in samples(case):
        u = randoms(rng, inputs(sample))
        v, vw = randoms(rng, inputs(sample)), randoms(rng, w)
        x, first = first_gradient(case, sample, w, create_graph=True)
        assert any(g.requires_grad for g in first), f"{what}: the gradient has no graph"
        live = [(g, a) for g, a in zip(first, u, strict=True) if g.requires_grad]
        weights = [tg.tensor(a) for _, a in live]
        second = tg.autograd.grad([g for g, _ in live], x, weights, allow_unused=True)
        pairs = [(g, a) for g, a in zip(second, [*v, *vw], strict=True) if g is not None]
        assert all(tuple(g.shape) == a.shape for g, a in pairs)
        got, _ = total(lib.numpy_of(g) * a for g, a in pairs)
        slopes = [np.zeros(a.shape) for a in u]
        for step, weight in STENCIL:
            near_w = [a + step * H * b for a, b in zip(w, vw, strict=True)]
            _, near = first_gradient(case, moved(sample, step * H, v), near_w, create_graph=False)
            for slope, value in zip(slopes, near, strict=True):
                slope += weight / H * lib.numpy_of(value)
        want, size = total(a * s for a, s in zip(u, slopes, strict=True))
        assert abs(got - want) <= 1e-9 * (1 + size), f"{what}: {got!r}, not {want!r}"


def rounded_to(dtype: str, v):
    """The numbers of `v` rounded to float32 and held as `dtype`."""
    if isinstance(v, Drawn) and v.array.dtype.kind == "f":
        return Drawn(v.kind, v.array.astype("float32").astype(dtype))
    return v


@pytest.mark.parametrize("case", [c for c in ONCE if "float32" in c.dtypes], ids=str)
def test_float32_gradient(case):
    """The float32 gradient is the float64 gradient of the same numbers, up to rounding."""
    for what, sample, w, _ in samples(case):
        gradients = []
        for dtype in ("float32", "float64"):
            rounded = tree_map_sample(lambda v, dtype=dtype: rounded_to(dtype, v), sample)
            x, y = evaluate(case, rounded, dtype, "contiguous")
            dy = [
                tg.tensor(a.astype("float32").astype(lib.numpy_of(b).dtype))
                for a, b in zip(w, y, strict=True)
            ]
            gradients.append([lib.numpy_of(g) for g in tg.autograd.grad(y, x, dy)])
        for a, b in zip(*gradients, strict=True):
            assert a.dtype == np.float32
            # exp(x - max x) carries the rounding of x itself.
            size = max([1.0, *(np.abs(v).max(initial=0) for v in inputs(sample))]) if case.scale else 1.0
            atol = 1e-6 * size * np.abs(b).max(initial=0)
            np.testing.assert_allclose(a, b, rtol=1e-6, atol=atol, err_msg=what)


@pytest.mark.parametrize(
    "case", [c for c in CASES if c.order == 0 and c.result in ("bool", "int64")], ids=str
)
def test_no_gradient(case):
    """Results that are not floating never require grad."""
    for index, _ in enumerate(case.samples):
        sample = draw(case, index, case.dtypes[0])
        args = lib.tensors(tg, sample, case.dtypes[0], requires_grad=True)
        for y in lib.outputs(lib.spellings(tg, case, sample)[0](*args.args, **args.kwargs)):
            assert not y.requires_grad
            assert y.grad_fn is None
