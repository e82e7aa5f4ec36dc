"""What a call costs beyond its arithmetic: well-known operations on a few elements, recorded and not.

A run makes `TIMES` calls, so that the clock does not count; a case's time is that of all of them.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import lib as bridge
from case import Case as Row, Drawn, draw, leaves

from bench.case import Case, Make, Run, Step, alike

TIMES = 200
NAMES = (
    "add", "sub", "mul", "div", "pow", "neg", "exp", "log", "sqrt", "tanh", "sigmoid", "relu", "abs", "clamp",
    "maximum", "where", "eq", "lt", "sum", "mean", "max", "argmax", "cumsum", "matmul", "linear", "reshape",
    "transpose", "permute", "unsqueeze", "expand", "cat", "stack", "gather", "index_select", "softmax",
    "log_softmax", "cross_entropy", "mse_loss", "gelu", "layer_norm", "conv2d", "max_pool2d", "embedding",
)  # fmt: skip
NOT_RECORDED = ("eq", "lt", "argmax")


def function_of(library: Any, row: Row, sample: Any) -> tuple[Callable[..., Any], tuple[Any, ...]]:
    """The way users call it most: the method where there is one, looked up beforehand as `x.name`."""
    name = row.called or row.name
    if row.torch and library.__name__ == "torch":
        return row.torch, sample.args
    for form in row.forms:
        if form == "tg":
            return getattr(library, name), sample.args
        if form == "method":
            return getattr(sample.args[0], name), sample.args[1:]
        if form == "F":
            return getattr(library.nn.functional, name), sample.args
        if form in ("linalg", "special"):
            return getattr(getattr(library, form), row.name.removeprefix(form + "_")), sample.args
    raise LookupError(row.name)


def sizes(sample: Any) -> list[int]:
    return [v.array.size for v in leaves((sample.args, sample.kwargs)) if isinstance(v, Drawn)]


def small(sample: Any) -> bool:
    """Whether no array has more than 64 elements, and none is empty."""
    return max(sizes(sample), default=1) <= 64 and min(sizes(sample), default=1) > 0


def repeated(expression: str, **names: Any) -> Run:
    """`TIMES` times an expression in a loop, as a user writes it; what it gave last."""
    scope: dict[str, Any] = {"times": range(TIMES), **names}
    exec(f"def run():\n  for _ in times:\n    y = {expression}\n  return y", scope)
    run: Run = scope["run"]
    return run


def call(name: str, tracked: bool) -> Make:
    """A row's first small sample of several numbers; compared are outputs and, if `tracked`, gradients."""

    def make(library: Any) -> Step:
        from cases import BY_NAME  # not before it is needed: it brings SciPy into the process

        row = BY_NAME[name]
        drawn = (draw(row, i, "float32") for i, sample in enumerate(row.samples) if sample.torch)
        chosen = next(sample for sample in drawn if small(sample) and max(sizes(sample)) > 1)
        sample = bridge.tensors(library, chosen, "float32", requires_grad=tracked)
        function, args = function_of(library, row, sample)
        names = {f"a{i}": value for i, value in enumerate(args)}
        words = [*names, *(f"{k}=k_{k}" for k in sample.kwargs)]
        names |= {f"k_{k}": value for k, value in sample.kwargs.items()}
        run = repeated(f"f({', '.join(words)})", f=function, **names)

        def compared() -> Any:
            found = [y for y in bridge.outputs(run()) if hasattr(y, "requires_grad")]
            if not tracked:
                return found
            sum((y * y).sum() for y in found if y.requires_grad).backward()
            inputs = leaves((sample.args, sample.kwargs))
            return found, [t.grad for t in inputs if getattr(t, "grad", None) is not None]

        return Step(run, compared)

    return make


def table() -> list[Case]:
    return [
        Case("overhead", name + " tracked" * tracked, alike(call(name, tracked)), target=10.0)
        for name in NAMES
        for tracked in ((False,) if name in NOT_RECORDED else (False, True))
    ]


def chain(length: int = 50, factor: float = 1.01, term: float = 0.5) -> Make:
    """Multiplications and additions in turns, forward and backward."""

    def make(library: Any) -> Run:
        x = library.tensor(1.0, requires_grad=True)

        def run() -> Any:
            x.grad = None
            y = x
            for _ in range(length):
                y = y * factor
                y = y + term
            y.backward()
            return y, x.grad

        return run

    return make


def module(library: Any) -> Run:
    class Same(library.nn.Module):  # type: ignore[misc]
        def forward(self, x: Any) -> Any:
            return x

    return repeated("f(x)", f=Same(), x=library.ones(4))


def layer(library: Any) -> Run:
    linear = library.nn.Linear(4, 4)
    with library.no_grad():
        linear.weight.copy_(library.eye(4))
        linear.bias.zero_()
    return repeated("f(x)", f=linear, x=library.ones(4, 4))


def cases() -> list[Case]:
    found = table()
    for name, make in {
        "a + b": lambda library: repeated("a + b", a=library.tensor(1.0), b=library.tensor(2.0)),
        "a * b tracked": lambda library: repeated(
            "a * b", a=library.tensor(1.0, requires_grad=True), b=library.tensor(2.0, requires_grad=True)
        ),
        "a[1:3]": lambda library: repeated("a[1:3]", a=library.ones(4, 5)),
        "sum keywords": lambda library: repeated("a.sum(dim=1, keepdim=True)", a=library.ones(4, 5)),
        "Module call": module,
        "Linear call": layer,
        "chain of 100 fb": chain(),
    }.items():
        found.append(Case("overhead", name, alike(make), target=10.0))
    return found
