"""PyTorch's own sample inputs give the same results here, and everything that it refuses is refused."""

from __future__ import annotations

import re

import pytest

pytest.importorskip("torch")
pytest.importorskip("expecttest", reason="PyTorch's table of operations needs it")

import opinfo

# Where the library differs on purpose: what the difference looks like, and why.
DIFFERENCES: dict[str, tuple[str, str]] = {
    # operation: (pattern of the difference, reason)
}


def unexpected(op, problem: str) -> bool:
    pattern = DIFFERENCES.get(op.name, ("$^", ""))[0]
    return not re.search(pattern, problem)


@pytest.mark.parametrize("op", opinfo.ENTRIES, ids=opinfo.label)
def test_samples(op):
    wrong = []
    for dtype in opinfo.DTYPES:
        for call in opinfo.calls(op, dtype, limit=20):
            problem = opinfo.compare(op, call, dtype)
            if problem and unexpected(op, problem):
                wrong.append(f"{dtype} {problem} at {call}")
    assert not wrong, "\n".join(wrong[:5])


@pytest.mark.parametrize("op", [op for op in opinfo.ENTRIES if op.error_inputs_func], ids=opinfo.label)
def test_refused(op):
    wrong = [
        f"{problem}: {what}" for what, problem in opinfo.refused(op) if problem and unexpected(op, problem)
    ]
    assert not wrong, "\n".join(wrong[:5])
