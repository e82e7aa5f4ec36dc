"""Every op against its NumPy reference: every dtype, every spelling, every layout."""

from __future__ import annotations

import lib
import pytest
from case import ALL, FLOATS, Case, draw, samples_for
from cases import CASES

import tinygrad_ext as tg

HERE = [(case, dtype) for case in CASES for dtype in ALL if dtype in case.dtypes]


def check(case: Case, index: int, dtype: str, layout: str, spelling: int | None = None) -> None:
    """Compare one sample; `spelling` picks one way to call it instead of all of them."""
    sample = draw(case, index, dtype)
    want = lib.reference(case, sample, dtype)
    calls = lib.spellings(tg, case, sample)
    for i, function in enumerate(calls if spelling is None else calls[spelling : spelling + 1]):
        args = lib.tensors(tg, sample, dtype, layout)
        got = lib.outputs(function(*args.args, **args.kwargs))
        assert len(got) == len(want)
        dtypes = lib.result_dtypes(case, sample, dtype, len(want))
        for g, w, expected, allowed in zip(
            got, want, dtypes, lib.allowances(case, sample, dtype, want), strict=True
        ):
            what = f"{case.name}{case.samples[index]} spelling {i} {dtype} {layout}"
            assert g.dtype == getattr(tg, expected), f"{what}: {g.dtype}, not {expected}"
            assert tuple(g.shape) == w.shape, f"{what}: shape {tuple(g.shape)}, not {w.shape}"
            lib.assert_close(lib.numpy_of(g), w if expected in FLOATS else w.astype(expected), allowed, what)


@pytest.mark.parametrize(("case", "dtype"), HERE, ids=lambda v: str(v))
def test_value(case, dtype):
    for index, _ in samples_for(case, dtype):
        check(case, index, dtype, "contiguous")


@pytest.mark.parametrize("layout", lib.LAYOUTS[1:])
@pytest.mark.parametrize("case", [c for c in CASES if c.layouts], ids=str)
def test_layout(case, layout):
    """A transposed or step-sliced argument gives what its contiguous copy gives."""
    for dtype in {case.dtypes[0], case.dtypes[-1]}:
        for index, _ in samples_for(case, dtype):
            check(case, index, dtype, layout, spelling=0)


def inplace_forms():
    for case in CASES:
        if case.inplace:
            for dtype in FLOATS if set(FLOATS) <= set(case.dtypes) else case.dtypes[:1]:
                yield pytest.param(case, dtype, id=f"{case.name}-{dtype}")


def written(name: str):
    """The in-place form of an op: the method, or the function where it has none."""
    places = (tg.Tensor, tg, tg.nn.functional)
    return next(getattr(place, name + "_") for place in places if hasattr(place, name + "_"))


@pytest.mark.parametrize(("case", "dtype"), list(inplace_forms()))
def test_inplace(case, dtype):
    """x.op_(y) writes the same numbers into x and returns x."""
    for index, _ in samples_for(case, dtype):
        sample = draw(case, index, dtype)
        want = lib.reference(case, sample, dtype)[0]
        args = lib.tensors(tg, sample, dtype)
        x = args.args[0]
        if not isinstance(x, tg.Tensor) or tuple(x.shape) != want.shape:
            continue
        result = written(case.name)(*args.args, **args.kwargs)
        assert result is x
        lib.assert_close(
            lib.numpy_of(x), want, lib.allowances(case, sample, dtype, [want])[0], f"{case.name}_ {index}"
        )
