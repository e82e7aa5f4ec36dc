"""Write promotion.json: the dtypes of PyTorch's results, for every pair of operands.

Run with PyTorch installed: python tests/golden/make_promotion.py
"""

import json
import operator
from pathlib import Path

import torch

DTYPES = ("float32", "float64", "int64", "int32", "uint8", "bool")
KINDS = [f"{d}-{n}d" for d in DTYPES for n in (0, 1)] + ["True", "2", "2.5"]
OPS = {
    "add": operator.add,
    "sub": operator.sub,
    "mul": operator.mul,
    "truediv": operator.truediv,
    "floordiv": operator.floordiv,
    "mod": operator.mod,
    "pow": operator.pow,
    "lt": operator.lt,
    "eq": operator.eq,
    "and_": operator.and_,
    "xor": operator.xor,
    "maximum": torch.maximum,
    "where": lambda a, b: torch.where(torch.tensor([True]), a, b),
    "cat": lambda a, b: torch.cat([a, b]),
    "stack": lambda a, b: torch.stack([a, b]),
    "iadd": operator.iadd,
    "imul": operator.imul,
    "itruediv": operator.itruediv,
}
UNARY = (
    "exp",
    "log",
    "sqrt",
    "sin",
    "tanh",
    "sigmoid",
    "abs",
    "neg",
    "sign",
    "relu",
    "logical_not",
    "bitwise_not",
)
REDUCE = ("sum", "prod", "mean", "amax", "argmax", "all", "any", "var")


def operand(kind):
    if "-" not in kind:
        return eval(kind)
    dtype, ndim = kind.split("-")
    return torch.ones((2,) if ndim == "1d" else (), dtype=getattr(torch, dtype))


def outcome(function, *kinds):
    """The name of the result's dtype, or "-" where PyTorch refuses."""
    try:
        return str(function(*map(operand, kinds)).dtype).removeprefix("torch.")
    except (RuntimeError, TypeError, AttributeError):
        return "-"


def main():
    table = {"kinds": KINDS}
    for name, op in OPS.items():
        table[name] = {a: " ".join(outcome(op, a, b) if "-" in a + b else "-" for b in KINDS) for a in KINDS}
    for name in (*UNARY, *REDUCE):
        table[name] = " ".join(outcome(getattr(torch, name), f"{d}-1d") for d in DTYPES)
    path = Path(__file__).with_name("promotion.json")
    path.write_text(json.dumps(table, indent=0) + "\n")


if __name__ == "__main__":
    main()
