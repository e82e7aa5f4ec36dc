"""The same rows on PyTorch, when it is installed: values, dtypes and gradients."""

from __future__ import annotations

import lib
import numpy as np
import pytest
from case import FLOATS, draw, leaves, samples_for
from cases import CASES

import tinygrad_ext as tg

torch = pytest.importorskip("torch")
SHARED = [c for c in CASES if c.torch or c.forms != ("core",)]


def run(library, case, sample, dtype, spelling=0):
    args = lib.tensors(library, sample, dtype, requires_grad=dtype in FLOATS and case.order > 0)
    y = lib.outputs(lib.spellings(library, case, sample)[spelling](*args.args, **args.kwargs))
    x = [v for v in leaves((args.args, args.kwargs)) if isinstance(v, library.Tensor) and v.requires_grad]
    return x, y


def name(dtype) -> str:
    return str(dtype).rsplit(".", 1)[-1]


@pytest.mark.parametrize("case", SHARED, ids=str)
def test_value_equals_torch(case):
    for dtype in case.dtypes:
        for index, _ in samples_for(case, dtype):
            sample = draw(case, index, dtype)
            ours, theirs = run(tg, case, sample, dtype)[1], run(torch, case, sample, dtype)[1]
            assert len(ours) == len(theirs)
            what = f"{case.name}{case.samples[index]} {dtype}"
            want = [lib.numpy_of(t).astype("float64") for t in theirs]
            allowed = lib.bound(case, sample, dtype if dtype in FLOATS else "float32", want)
            for a, b, w, error in zip(ours, theirs, want, allowed, strict=True):
                assert name(a.dtype) == name(b.dtype), what
                # Both sides may be off, PyTorch by a few ulp of its own.
                lib.assert_close(
                    lib.numpy_of(a).astype("float64"), w, 2 * error + 4e-7 * np.abs(w) * (case.ulp > 0), what
                )


@pytest.mark.parametrize("case", [c for c in SHARED if c.order >= 1], ids=str)
def test_gradient_equals_torch(case):
    for index, plain in enumerate(case.samples):
        if not (plain.smooth and plain.torch):
            continue
        sample = draw(case, index, "float64")
        gradients = []
        for library in (tg, torch):
            x, y = run(library, case, sample, "float64")
            y = [v for v in y if name(v.dtype) in FLOATS]
            rng = np.random.default_rng(index)
            w = [library.tensor(rng.uniform(-1, 1, tuple(v.shape))) for v in y]
            gradients.append([lib.numpy_of(g) for g in library.autograd.grad(y, x, w)] if x else [])
        for a, b in zip(*gradients, strict=True):
            scale = np.abs(b[np.isfinite(b)]).max(initial=0)
            np.testing.assert_allclose(
                a, b, rtol=1e-11, atol=1e-13 * (1 + scale), err_msg=f"{case.name}{plain}"
            )
