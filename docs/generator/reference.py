"""The operation reference: one page per family, every example executed while the page is made."""

from __future__ import annotations

import warnings
from types import SimpleNamespace
from typing import Any

from generator import core

DTYPES = ("float32", "float64", "int64", "int32", "uint8", "bool")
TITLES = {
    "create": "Creation",
    "random": "Random numbers",
    "arithmetic": "Arithmetic",
    "order": "Order and selection",
    "compare": "Comparison",
    "logic": "Logic and bits",
    "exponential": "Exponentials, logarithms, powers",
    "trigonometry": "Trigonometry and hyperbolic functions",
    "rounding": "Rounding",
    "special": "Special functions",
    "math": "Tanh and sigmoid",
    "reduce": "Sums, products, truths",
    "extreme": "Extremes",
    "statistics": "Statistics",
    "scan": "Cumulative operations",
    "difference": "Differences and integrals",
    "sort": "Sorting and searching",
    "count": "Counting",
    "views": "Views",
    "layout": "Layouts",
    "diagonal": "Diagonals and triangles",
    "repeat": "Repeating, flipping, rolling",
    "join": "Joining and splitting",
    "index": "Indexing, gathering, scattering",
    "matmul": "Matrix products",
    "linalg": "Linear algebra",
    "activation": "Activations",
    "loss": "Losses",
    "norm": "Normalisation",
    "distance": "Similarity and distance",
    "attention": "Attention",
    "noise": "Dropout",
    "conv": "Convolution",
    "pool": "Pooling",
    "resize": "Resizing and padding",
}


class Probe:
    """The library for an example, with the tensors that the example is about in another dtype."""

    def __init__(self, dtype: str | None, floats: bool) -> None:
        import tinygrad_ext as tg

        self._tg, self._dtype, self._floats = tg, dtype, floats
        self.saw_floats = self.converted = False

    def __getattr__(self, name: str) -> Any:
        return getattr(self._tg, name)

    def tensor(self, data: Any, **options: Any) -> Any:
        made = self._tg.tensor(data, **options)
        self.saw_floats = self.saw_floats or made.dtype.is_floating_point
        if self._dtype is None or "dtype" in options or made.dtype.is_floating_point != self._floats:
            return made
        self.converted = True
        return made.to(getattr(self._tg, self._dtype))


def run(example: str, dtype: str | None = None, floats: bool = True) -> tuple[Any, Probe]:
    """What an example gives, and the library it ran with."""
    probe = Probe(dtype, floats)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return eval(example, {"tg": probe, "F": probe.nn.functional}), probe


def first(result: Any) -> Any:
    """The first tensor of a result."""
    return first(result[0]) if isinstance(result, tuple | list) and result else result


def dtypes(example: str) -> str:
    """The dtypes that an example accepts, with those it gives where they differ."""
    floats = run(example)[1].saw_floats
    groups: dict[str, list[str]] = {}
    for dtype in DTYPES:
        try:
            result, probe = run(example, dtype, floats)
        except (RuntimeError, TypeError, ValueError, IndexError):
            continue
        if not probe.converted:
            return ""  # made out of nothing, or of numbers
        result = first(result)
        found = getattr(result, "dtype", SimpleNamespace(name=type(result).__name__)).name
        groups.setdefault("" if found == dtype else f" -> {found}", []).append(dtype)
    return "; ".join(", ".join(names) + target for target, names in groups.items())


def spellings(op: Any) -> str:
    """Where users find an operation."""
    words = []
    for namespace, name, _ in op.places:
        prefix = {"tg": "tg.", "Tensor": "x."}.get(namespace, f"tg.{namespace}.")
        words.append(f"`{prefix}{name}`")
    return " ".join(words)


def section(op: Any) -> str:
    """One operation."""
    lines = [f"### {op.name}", "", f"`{op.name}{op.signature}`", "", op.doc, ""]
    lines.append(f"- Names: {spellings(op)}")
    if op.formula:
        lines.append(f"- Formula: `{op.formula}`")
    if op.gradient:
        lines.append(f"- Gradient: `{op.gradient}`")
    if op.shapes:
        lines.append(f"- Shapes: `{op.shapes}`")
    if op.example:
        if accepted := dtypes(op.example):
            lines.append(f"- Dtypes: {accepted}")
        lines += ["", "```pycon", f">>> {op.example}", repr(run(op.example)[0]), "```"]
    return "\n".join(lines) + "\n"


def pages() -> dict[str, str]:
    """The text of every page by its file name, and of the index."""
    families: dict[str, list[Any]] = {}
    for op in core.OPS:
        if op.places:
            families.setdefault(op.family, []).append(op)
    texts = {}
    index = [
        "# Operations",
        "",
        "Made by `docs/generate.py` from `_core.OPS`; every example is executed. `tg` is `tinygrad_ext`,",
        "`F` is `tg.nn.functional`, `x` a tensor.",
        "",
    ]
    for family in sorted(families, key=lambda name: [*TITLES, name].index(name)):
        title = TITLES.get(family, family.capitalize())
        ops = sorted(families[family], key=lambda op: op.name)
        texts[f"{family}.md"] = "\n".join([f"# {title}\n", *map(section, ops)])
        names = ", ".join(f"[{op.name}]({family}.md#{op.name})" for op in ops)
        index += [f"## {title}", "", names, ""]
    index += ["## Coverage", "", "[What PyTorch has and this library has](coverage.md)"]
    texts["README.md"] = "\n".join(index) + "\n"
    return texts
