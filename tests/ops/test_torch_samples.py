"""PyTorch's own sample inputs give the same results here, and everything that it refuses is refused."""

from __future__ import annotations

import re

import pytest

pytest.importorskip("torch")
pytest.importorskip("expecttest", reason="PyTorch's table of operations needs it")

import opinfo

FIXED_POINT = "PyTorch interpolates uint8 images in fixed-point arithmetic"
NO_DTYPE = "there is no such dtype here"
NO_STORAGE = "values|reach outside of|is not contiguous"

# A Python number is taken beside a tensor wherever an operator would take one.
FIRST = r"^was accepted: .*\(\(2, tensor\(\[1, 2, 3\]\)\), \{\}\)$"
SECOND = r"^was accepted: .*\(\(tensor\(\[1, 2, 3\]\), 2\), \{\}\)$"
EITHER = f"{FIRST}|{SECOND}"
NUMBER = "a Python number is taken beside a tensor"

# Where the library differs on purpose: what the difference looks like, and why.
DIFFERENCES: dict[str, tuple[str, str]] = {
    # operation, or one entry of it as pytest shows it: (pattern of the difference, reason)
    "as_strided-partial_views": (
        NO_STORAGE,
        "samples that are views of a larger memory arrive here without it",
    ),
    "as_strided_scatter": (
        "gradient: ",
        "PyTorch keeps the gradient where src was written and drops the rest",
    ),
    "cdouble": (NO_DTYPE, "the dtype does not exist here"),
    "cfloat": (NO_DTYPE, "the dtype does not exist here"),
    "chalf": (NO_DTYPE, "the dtype does not exist here"),
    "char": (NO_DTYPE, "the dtype does not exist here"),
    "einsum": (
        "dtype (int32|uint8), not int64",
        "an operand that is summed before the product keeps its dtype",
    ),
    "half": (NO_DTYPE, "the dtype does not exist here"),
    "linalg.eig": ("are complex numbers", "complex numbers do not exist here"),
    "linalg.eigvals": ("are complex numbers", "complex numbers do not exist here"),
    "linalg.lstsq": ("a result does not require grad", "residuals that are empty do not require grad here"),
    "linalg.lstsq-grad_oriented": ("4 results, not 2", "PyTorch's entry drops the last two"),
    "linalg.pinv-singular": ("takes 1 positional", "PyTorch's entry multiplies its arguments first"),
    "narrow": (
        r"^was accepted: RuntimeError: start must be an 0-dim integral Tensor",
        "a tensor of one integer serves as an int everywhere",
    ),
    "normal-in_place": ("raised TypeError: normal", "PyTorch's entry calls normal_"),
    "normal-number_mean": ("values", "PyTorch's entry swaps mean and std"),
    "rand_like": ("values", "PyTorch's entry draws with randn_like"),
    "short": (NO_DTYPE, "the dtype does not exist here"),
    "zero_": ("a leaf tensor", "PyTorch's entry clones its argument first"),
    "nn.functional.embedding": ("sparse=True is not supported", "gradients are dense"),
    "nn.functional.embedding_bag": ("sparse=True is not supported", "gradients are dense"),
    "nn.functional.batch_norm": (
        r"must be \[N, C, \.\.\.\], got shape \[0\]",
        "an input without channels is refused",
    ),
    "nn.functional.gaussian_nll_loss": ("both must be equal", "prediction and target do not broadcast"),
    "nn.functional.grid_sample": (r"must be \[N, C, H, W\]", "volumes are not supported"),
    "nn.functional.hardsigmoid": ("^gradient: values", "PyTorch's gradient has a sixth in float32"),
    "nn.functional.interpolate": ("mode 'bi(linear|cubic)' is not defined for dtype uint8", FIXED_POINT),
    "nn.functional.triplet_margin_with_distance_loss": (
        "must be Tensor, not tinygrad_ext.Tensor",
        "the distance of the sample is PyTorch's own function",
    ),
    "nn.functional.upsample_bilinear": ("mode 'bilinear' is not defined for dtype uint8", FIXED_POINT),
    "clamp_max": (SECOND, NUMBER),
    "clamp_min": (SECOND, NUMBER),
    "eq": (FIRST, NUMBER),
    "fmax": (EITHER, NUMBER),
    "fmin": (EITHER, NUMBER),
    "ge": (FIRST, NUMBER),
    "gt": (FIRST, NUMBER),
    "le": (FIRST, NUMBER),
    "lt": (FIRST, NUMBER),
    "maximum": (EITHER, NUMBER),
    "minimum": (EITHER, NUMBER),
    "ne": (FIRST, NUMBER),
    "rsub": (FIRST, NUMBER),
}


def unexpected(op, problem: str) -> bool:
    pattern = DIFFERENCES.get(opinfo.label(op)) or DIFFERENCES.get(op.name, ("$^", ""))
    return not re.search(pattern[0], problem)


@pytest.mark.parametrize("op", opinfo.ENTRIES, ids=opinfo.label)
def test_samples(op):
    wrong = []
    for dtype in opinfo.DTYPES:
        for call in opinfo.calls(op, dtype, limit=20):
            problem = opinfo.compare(op, call, dtype)
            if problem and unexpected(op, f"{problem}: {dtype}".replace("\n", " ")):
                wrong.append(f"{dtype} {problem} at {call}")
    assert not wrong, "\n".join(wrong[:5])


@pytest.mark.parametrize("op", [op for op in opinfo.ENTRIES if op.error_inputs_func], ids=opinfo.label)
def test_refused(op):
    wrong = [
        f"{problem}: {what}"
        for what, problem in opinfo.refused(op)
        if problem and unexpected(op, f"{problem}: {what}".replace("\n", " "))
    ]
    assert not wrong, "\n".join(wrong[:5])
