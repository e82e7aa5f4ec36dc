"""The bridge between the op table and a library: arguments in, arrays out, in PyTorch's names.

Every function takes the library as `tg`, so that the same rows run on tinygrad_ext and on PyTorch.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
from case import FLOATS, Arr, Case, Drawn, DType, Sample, leaves, tree_map_sample

EPS = {"float32": 2.0**-23, "float64": 2.0**-52}
LAYOUTS = ("contiguous", "transposed", "sliced")


def to_tensor(tg: Any, array: np.ndarray, layout: str = "contiguous", requires_grad: bool = False) -> Any:
    """A tensor equal to `array` whose memory is laid out as `layout`; it requires grad through its base."""
    if layout == "contiguous" or array.ndim == 0:
        return leaf(tg, array, requires_grad)
    if layout == "transposed":
        base = leaf(tg, np.ascontiguousarray(array.transpose()), requires_grad)
        return base.permute(tuple(range(array.ndim))[::-1])
    wide = np.full((*array.shape[:-1], 2 * array.shape[-1] + 1), 77).astype(array.dtype)
    wide[..., 1::2] = array
    return leaf(tg, wide, requires_grad)[..., 1::2]


def leaf(tg: Any, array: np.ndarray, requires_grad: bool = False) -> Any:
    """A new contiguous tensor that owns its memory."""
    t = tg.tensor(array)
    return t.requires_grad_() if requires_grad else t


def tensors(
    tg: Any, sample: Sample, dtype: str, layout: str = "contiguous", requires_grad: bool = False
) -> Sample:
    """`sample` with tensors of `tg` for its drawn arrays and dtypes."""

    def convert(v: Any) -> Any:
        if isinstance(v, Drawn):
            wanted = requires_grad and v.kind == "value" and v.array.dtype.kind == "f"
            return to_tensor(tg, v.array, layout, wanted)
        return getattr(tg, v.name or dtype) if isinstance(v, DType) else v

    return tree_map_sample(convert, sample)


def arrays(case: Case, sample: Sample, dtype: str) -> Sample:
    """`sample` with plain NumPy arrays for the reference: float64 for all that is computed in floats."""

    def convert(v: Any) -> Any:
        if isinstance(v, Drawn):
            floating = v.array.dtype.kind == "f" or (case.result == "float" and v.kind == "value")
            return v.array.astype("float64") if floating else v.array
        return np.dtype(v.name or dtype) if isinstance(v, DType) else v

    return tree_map_sample(convert, sample)


def spellings(tg: Any, case: Case, sample: Sample) -> list[Callable[..., Any]]:
    """The ways to call `case` on `sample`: the function, the method, the functional, the operator."""
    if case.torch and tg.__name__ == "torch":
        return [case.torch]
    found: list[Callable[..., Any]] = []
    name = case.called or case.name
    plain = not (case.operator and sample.args and not isinstance(sample.args[0], (Arr, Drawn)))
    for form in case.forms if plain else ():
        if form == "tg":
            found.append(getattr(tg, name))
        elif form == "F":
            found.append(getattr(tg.nn.functional, name))
        elif form == "core":
            found.append(getattr(tg._core, case.name))
        elif form in ("linalg", "special"):
            found.append(getattr(getattr(tg, form), case.name.removeprefix(form + "_")))
        else:
            found.append(lambda x, *args, **kwargs: getattr(x, name)(*args, **kwargs))
    return [*found, case.operator] if case.operator else found


def outputs(result: Any) -> list[Any]:
    """The tensors of a result, which may be a tuple of them."""
    return list(result) if isinstance(result, (tuple, list)) else [result]


def numpy_of(t: Any) -> np.ndarray:
    """The numbers of a tensor."""
    return np.asarray(t.detach().numpy())


def reference(case: Case, sample: Sample, dtype: str) -> list[np.ndarray]:
    """What the row's NumPy reference gives, without its warnings."""
    plain = arrays(case, sample, dtype)
    with np.errstate(all="ignore"), warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return [np.asarray(y) for y in outputs(case.reference(*plain.args, **plain.kwargs))]


def result_dtypes(case: Case, sample: Sample, dtype: str, n: int) -> list[str]:
    """The dtypes that the `n` results must have."""
    floating = dtype in FLOATS
    named = {
        "same": dtype,
        "float": dtype if floating else "float32",
        "wide": dtype if floating else "int64",
        "given": next((v.name or dtype for v in leaves(sample.args) if isinstance(v, DType)), dtype),
    }
    rules = case.result if isinstance(case.result, tuple) else (case.result,) * n
    return [named.get(rule, rule) for rule in rules[:n]]


def bound(case: Case, sample: Sample, dtype: str, want: list[np.ndarray]) -> list[np.ndarray]:
    """The error allowed in each element of each result; the float64 reference has one ulp of its own."""
    ulp = case.ulp + (1.0 if dtype == "float64" and case.ulp else 0.0)
    if case.by_abs:
        magnitude = reference(case, tree_map_sample(absolute, sample), dtype)
    else:
        magnitude = [np.abs(y) for y in want]
    everything = leaves((sample.args, sample.kwargs))
    numbers = [v.array for v in everything if isinstance(v, Drawn) and v.array.dtype.kind == "f"]
    numbers += [np.array(v) for v in everything if isinstance(v, float)]
    floor = case.absolute + case.scale * max(
        [0.0, *(float(np.abs(v[np.isfinite(v)]).max(initial=0)) for v in numbers)]
    )
    return [EPS[dtype] * (ulp * m + floor) for m in magnitude]


def allowances(case: Case, sample: Sample, dtype: str, want: list[np.ndarray]) -> list[Any]:
    """The `bound` of results of any dtype: integers are exact, floats made of them are float32."""
    floats = dtype if dtype in FLOATS else "float32"
    return bound(case, sample, floats, want) if any(w.dtype.kind == "f" for w in want) else [0.0] * len(want)


def absolute(v: Any) -> Any:
    """The argument with its signs removed, for error bounds."""
    return Drawn(v.kind, np.abs(v.array)) if isinstance(v, Drawn) and v.kind in ("value", "const") else v


def assert_close(got: np.ndarray, want: np.ndarray, allowed: np.ndarray | float, what: str) -> None:
    """Elementwise |got - want| <= allowed, NaN equal to NaN and infinities equal to themselves."""
    assert got.shape == want.shape, f"{what}: shape {got.shape}, not {want.shape}"
    if want.dtype.kind in "biu":
        np.testing.assert_array_equal(got, want.astype(got.dtype), err_msg=what)
        return
    with np.errstate(invalid="ignore"):
        error = np.abs(got.astype("float64") - want)
        wrong = ~((error <= allowed) | (got == want) | (np.isnan(got) & np.isnan(want)))
    if wrong.any():
        at = tuple(int(i[0]) for i in np.nonzero(np.atleast_1d(wrong)))
        limit = np.broadcast_to(allowed, want.shape)
        g, w, e, a = (float(np.atleast_1d(v)[at]) for v in (got, want, error, limit))
        count = f"{wrong.sum()} of {wrong.size} wrong"
        raise AssertionError(f"{what}: {count}; at {at} {g!r}, not {w!r} ({e:.3g} > {a:.3g})")


def drawn_by_mkl() -> bool:
    """Whether PyTorch draws some distributions through MKL here: on Intel's CPUs."""
    text = Path("/proc/cpuinfo")
    return not text.exists() or "GenuineIntel" in text.read_text()
