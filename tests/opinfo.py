"""PyTorch's own table of operations (`op_db`) as test data: its sample inputs and the inputs it refuses.

`python tests/opinfo.py NAME ...` prints what differs, operation by operation.
"""

from __future__ import annotations

import sys
import types
import warnings
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import islice
from typing import Any

import numpy as np
import torch
from torch.testing._internal.common_methods_invocations import op_db

import tinygrad_ext as tg

DTYPES = ("float32", "float64", "int64", "int32", "uint8", "bool")
OURS = {getattr(torch, name): getattr(tg, name) for name in DTYPES}


# Entries whose samples name the differentiable argument first.
SWAPPED = (
    "einsum",
    "where",
    "polygamma",
    "special.polygamma",
    "nn.functional.embedding",
    "nn.functional.embedding_bag",
)


class Unsupported(Exception):
    """A sample with something the library does not have by design: complex numbers, other devices."""


def find(name: str) -> Any:
    """The function of that dotted name in this library, or the method, or None."""
    found: Any = tg
    for part in name.split("."):
        found = getattr(found, part, None)
    if found is not None and name in SWAPPED:
        return lambda first, second, *args, **kwargs: found(second, first, *args, **kwargs)
    method = getattr(tg.Tensor, name, None) or getattr(tg.Tensor, name + "_", None)
    if isinstance(method, types.GetSetDescriptorType):  # x.T
        return method.__get__
    return method if isinstance(found, tg.dtype) else found or method  # tg.bool, and x.bool()


ENTRIES = [op for op in op_db if find(op.name) is not None]


def label(op: Any) -> str:
    """A unique, readable name of an entry."""
    return op.name + (f"-{op.variant_test_name}" if op.variant_test_name else "")


def convert(value: Any) -> Any:
    """PyTorch's arguments as ours."""
    if isinstance(value, torch.Tensor):
        if value.dtype not in OURS or value.is_sparse or value.device.type != "cpu" or value.ndim > 64:
            raise Unsupported(str(value.dtype))
        tensor = tg.tensor(value.detach().numpy())
        return tensor.requires_grad_() if value.requires_grad else tensor
    if isinstance(value, torch.dtype):
        if value not in OURS:
            raise Unsupported(str(value))
        return OURS[value]
    if isinstance(value, torch.Generator | torch.layout | torch.memory_format | complex):
        raise Unsupported(repr(value))
    if isinstance(value, torch.device):
        return str(value)
    if isinstance(value, torch.Size):
        return tuple(value)
    if isinstance(value, tuple | list):
        return type(value)(convert(v) for v in value)
    if isinstance(value, dict):
        return {k: convert(v) for k, v in value.items()}
    if isinstance(value, slice):
        return slice(*map(convert, (value.start, value.stop, value.step)))
    return value


def outputs(result: Any) -> list[Any]:
    """The leaves of a result."""
    if isinstance(result, tuple | list):
        return [leaf for part in result for leaf in outputs(part)]
    return [result]


def leaves(value: Any) -> list[Any]:
    """The tensors in arguments that require grad, in order."""
    if isinstance(value, tuple | list):
        return [leaf for part in value for leaf in leaves(part)]
    if isinstance(value, dict):
        return leaves(list(value.values()))
    return [value] if isinstance(value, torch.Tensor | tg.Tensor) and value.requires_grad else []


def name_of(dtype: Any) -> str:
    """A dtype's bare name."""
    return str(dtype).rsplit(".", 1)[-1]


@dataclass
class Call:
    """One sample on both libraries."""

    sample: Any
    args: tuple[Any, ...]
    kwargs: dict[str, Any]

    def __str__(self) -> str:
        text = f"({self.args}, {self.kwargs})".replace("\n", "")
        return text if len(text) < 400 else text[:400] + "..."


def calls(op: Any, dtype: str, limit: int = 40) -> Iterator[Call]:
    """The first samples of an entry in a dtype."""
    kind = getattr(torch, dtype)
    if kind not in op.supported_dtypes("cpu"):
        return
    differentiable = dtype == "float64" and op.supports_autograd
    torch.manual_seed(0)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        samples = list(islice(op.sample_inputs("cpu", kind, requires_grad=differentiable), limit))
    for sample in samples:
        try:
            args = convert((sample.input, *sample.args))
            yield Call(sample, args, convert(sample.kwargs))
        except Unsupported:
            continue


def elements(argument: int) -> Callable[[Any, Any, Any], Any]:
    """Which of equal elements is found is open, unless the sort is stable: compared are the elements."""

    def comparable(sample: Any, x: Any, results: Any) -> Any:
        if x.ndim == 0 or sample.kwargs.get("stable"):
            return results
        dim = sample.kwargs.get("dim", sample.args[argument] if len(sample.args) > argument else -1)
        places = results[-1] if isinstance(results, tuple) else results
        found = x.gather(dim, places if places.ndim == x.ndim else places.unsqueeze(dim))
        return (results[0], found) if isinstance(results, tuple) else found

    return comparable


def directions(sample: Any, x: Any, results: Any) -> Any:
    """The sign of an eigenvector is free: its largest component made positive."""
    values, vectors = results
    if not vectors.numel():
        return results
    return values, vectors * vectors.gather(-2, vectors.abs().argmax(-2, True)).sign()


def triangle(sample: Any, wanted: list[Any]) -> list[Any]:
    """Only one triangle of the factor is read, and yet PyTorch's gradient is not zero in the other."""
    factor = wanted[-1]
    return [*wanted[:-1], factor.triu() if sample.kwargs.get("upper") else factor.tril()]


# Where results or gradients are open in part: what makes them comparable.
RESULTS = {
    "argsort": elements(0),
    "kthvalue": elements(1),
    "linalg.eigh": directions,
    "mode": elements(0),
    "sort": elements(0),
    "topk": elements(1),
}
GRADIENTS = {"cholesky_inverse": triangle, "cholesky_solve": triangle}


def compare(op: Any, call: Call, dtype: str) -> str | None:
    """What differs between both libraries on one sample, or None."""
    sample = call.sample
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            theirs = op.op(sample.input, *sample.args, **sample.kwargs)
        except Exception as error:
            return f"torch raised {error}" if find(op.name) is None else None
        try:
            tg.manual_seed(42)  # where PyTorch's table lets random operations start
            ours = find(op.name)(*call.args, **call.kwargs)
        except Exception as error:
            return f"raised {type(error).__name__}: {error}"
    if comparable := RESULTS.get(op.name):
        ours, theirs = comparable(sample, call.args[0], ours), comparable(sample, sample.input, theirs)
    a, b = outputs(ours), outputs(theirs)
    if len(a) != len(b):
        return f"{len(a)} results, not {len(b)}"
    for x, y in zip(a, b, strict=True):
        if not isinstance(y, torch.Tensor):
            if x != y:
                return f"{x}, not {y}"
            continue
        if y.dtype not in OURS:
            return None
        if not isinstance(x, tg.Tensor):
            return f"a {type(x).__name__}, not a tensor"
        if name_of(x.dtype) != name_of(y.dtype):
            return f"dtype {name_of(x.dtype)}, not {name_of(y.dtype)}"
        if tuple(x.shape) != tuple(y.shape):
            return f"shape {tuple(x.shape)}, not {tuple(y.shape)}"
        if "empty" in op.name:
            continue
        difference = close(x.detach().numpy(), y.detach().resolve_neg().numpy(force=True), dtype)
        if difference:
            return difference
    return gradients(op, call, a, b) if dtype == "float64" and op.supports_autograd else None


def close(x: np.ndarray, y: np.ndarray, dtype: str) -> str | None:
    """How far two results are apart, where that is more than rounding."""
    if y.dtype.kind != "f":
        return None if np.array_equal(x, y) else f"values {x}, not {y}"
    rtol = 1e-9 if y.dtype == np.float64 and dtype != "float32" else 2e-5
    scale = np.abs(y[np.isfinite(y)]).max(initial=0)
    if np.allclose(x, y, rtol=rtol, atol=rtol * max(scale, 1e-3), equal_nan=True):
        return None
    return f"values {x}, not {y}"


def gradients(op: Any, call: Call, ours: list[Any], theirs: list[Any]) -> str | None:
    """What differs in the gradients of a projection of all differentiable results."""
    sample = call.sample
    x, y = leaves((call.args, call.kwargs)), leaves(((sample.input, *sample.args), sample.kwargs))
    pairs = [(a, b) for a, b in zip(ours, theirs, strict=True) if getattr(b, "requires_grad", False)]
    if not pairs or not y:
        return None
    if not all(a.requires_grad for a, _ in pairs):
        return "a result does not require grad"
    rng = np.random.default_rng(0)
    weights = [rng.uniform(0.5, 1.5, tuple(b.shape)) for _, b in pairs]
    try:
        want = torch.autograd.grad(
            [b for _, b in pairs], y, list(map(torch.tensor, weights)), allow_unused=True
        )
    except RuntimeError:
        return None
    if read := GRADIENTS.get(op.name):
        want = read(sample, want)
    try:
        got = tg.autograd.grad([a for a, _ in pairs], x, list(map(tg.tensor, weights)), allow_unused=True)
    except Exception as error:
        return f"gradient raised {type(error).__name__}: {error}"
    for g, w in zip(got, want, strict=True):
        if (g is None) != (w is None):
            return f"gradient {g}, not {w}"
        if g is not None:
            difference = close(g.detach().numpy(), w.detach().numpy(force=True), "float64")
            if difference:
                return "gradient: " + difference
    return None


def refused(op: Any) -> Iterator[tuple[str, str | None]]:
    """Each input that PyTorch refuses, with what went wrong here: None where this library refuses it too."""
    if op.error_inputs_func is None:
        return
    for case in op.error_inputs("cpu"):
        sample = case.sample_input
        try:
            args, kwargs = convert((sample.input, *sample.args)), convert(sample.kwargs)
        except Unsupported:
            continue
        what = f"{case.error_type.__name__}: {case.error_regex[:120]}: ({args}, {kwargs})"
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                find(op.name)(*args, **kwargs)
        except (RuntimeError, TypeError, ValueError, IndexError, NotImplementedError) as error:
            named = op.name.rsplit(".", 1)[-1].strip("_")
            yield (
                what,
                None if str(error) and "incompatible function" not in str(error) else f"{named}: {error}",
            )
        else:
            yield what, "was accepted"


def report(wanted: list[str]) -> None:
    """Print what differs for the named operations (all without names)."""
    names = {op.name for op in op_db}
    for name in wanted:
        if name not in names:
            print(f"{name}: not in PyTorch's table")
        elif find(name) is None:
            print(f"{name}: MISSING here")
    for op in ENTRIES:
        if wanted and op.name not in wanted:
            continue
        problems: dict[str, str] = {}
        count = 0
        for dtype in DTYPES:
            for call in calls(op, dtype):
                count += 1
                problem = compare(op, call, dtype)
                if problem:
                    problems.setdefault(f"{dtype} {problem[:300]}", str(call))
        for what, problem in refused(op):
            count += 1
            if problem:
                problems.setdefault(f"error input {problem}", what[:300])
        print(f"{label(op)}: {count} samples, {len(problems)} problems")
        for problem, where in problems.items():
            print(f"    {problem}\n        {where}")


if __name__ == "__main__":
    report(sys.argv[1:])
