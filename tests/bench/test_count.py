"""Counted instructions: callgrind's output read by hand, budgets kept and exceeded."""

from __future__ import annotations

import shutil

import pytest

from bench import callgrind, count, counted
from bench.count import Counts

# Costs of each object itself: core 10 + 5 + 7 = 22, interpreter 100, libc 3. What a call cost is on the line
# after calls=, and is not added where it is called. Numbers stand for names that came before, also in cob=.
SAMPLE = """\
# callgrind format
version: 1
creator: callgrind-3.19.0
part: 2
desc: Trigger: --dump-before=getppid
positions: line
events: Ir
summary: 125

ob=(1) /usr/lib/libpython3.11.so.1.0
fl=(1) ceval.c
fn=(1) _PyEval_EvalFrameDefault
12 60
+3 40
cob=(2) /site-packages/tinygrad_ext/_core.cpython-311-x86_64-linux-gnu.so
cfi=(2) ???
cfn=(2) 0x0000000000012345
calls=100 0
* 25

ob=(2)
fl=(2)
fn=(2)
0 10
-2 5
cob=(3) /usr/lib/libc.so.6
cfn=(4) malloc
calls=1 0
* 3
* 7
ob=(3)
fn=(4)
7 3

totals: 125
"""


def test_parsing():
    found = callgrind.instructions(SAMPLE.splitlines())
    assert found == {
        "/usr/lib/libpython3.11.so.1.0": 100,
        "/site-packages/tinygrad_ext/_core.cpython-311-x86_64-linux-gnu.so": 22,
        "/usr/lib/libc.so.6": 3,
    }


BUDGETS = Counts({"a": 1000.0, "b": 100.0}, {"a": 5000.0, "b": 500.0}, "3.11", "GNU 12")


def test_within_budget():
    lines, over = count.judge(
        Counts({"a": 1049.0, "b": 96.0}, {"a": 5200.0, "b": 500.0}, "3.11", "GNU 12"), BUDGETS
    )
    assert (lines, over) == ([], False)


def test_over_budget_names_the_case_and_by_how_much():
    lines, over = count.judge(
        Counts({"a": 1100.0, "b": 100.0}, {"a": 5000.0, "b": 560.0}, "3.11", "GNU 12"), BUDGETS
    )
    assert over
    assert lines == [
        "over budget: a: 1100 instructions (core), budget 1000, +10.0%",
        "over budget: b: 560 instructions (process), budget 500, +12.0%",
        count.HOW_TO_UPDATE,
    ]


def test_far_under_and_new_cases_are_told():
    lines, over = count.judge(Counts({"a": 800.0, "new": 5.0}, {"a": 5000.0}, "3.11", "GNU 12"), BUDGETS)
    assert not over
    assert lines[0] == "far under budget: a: 800 instructions (core), budget 1000, -20.0%"
    assert lines[1] == "no budget yet: new"


def test_another_python_or_compiler():
    """Of another interpreter only the core counts; another compiler has more room, not any."""
    found = Counts({"a": 1040.0}, {"a": 99_000.0}, "3.13", "GNU 12")
    lines, over = count.judge(found, BUDGETS)
    assert not over
    assert "another Python" in lines[-1]
    assert not count.judge(Counts({"a": 1250.0}, {}, "3.11", "Clang 18"), BUDGETS)[1]
    lines, over = count.judge(Counts({"a": 1350.0}, {}, "3.11", "Clang 18"), BUDGETS)
    assert over
    assert "built by Clang 18, budgets by GNU 12" in lines[-1]


def test_budgets_are_stored_and_cover_every_case(tmp_path):
    BUDGETS.write(tmp_path / "budgets.json")
    assert Counts.read(tmp_path / "budgets.json") == BUDGETS
    assert Counts.read(tmp_path / "absent.json") == Counts()
    committed = Counts.read(count.BUDGETS)
    assert list(committed.core) == list(committed.whole) == count.names()


def test_choice():
    assert count.chosen(["relu", "chain"]) == ["relu", "chain of 100"]
    with pytest.raises(LookupError, match=r"no case 'nonsense' to count; there are a \+ b,"):
        count.chosen(["nonsense"])


def test_calls_do_what_they_say():
    import tinygrad_ext as tg

    calls = counted.every(tg)
    assert len(calls) >= 15
    assert calls["a + b"]().tolist() == [3.0]
    assert calls["a * 2.0 tracked"]().requires_grad
    assert calls["sum(dim=1, keepdim=True)"]().shape == (4, 1)
    assert calls["4x5 @ 5x3"]().tolist() == [[5.0] * 3] * 4
    assert calls["item"]() == 1.0
    assert calls["Value a + b"]().data == -1.0
    for call in calls.values():
        call()


def test_without_valgrind(monkeypatch, capsys):
    """Said plainly; an error only where it was asked for."""
    from bench.__main__ import main

    monkeypatch.setattr(shutil, "which", lambda name: None)
    assert main(["count"]) == 0
    assert "valgrind is not installed" in capsys.readouterr().out
    assert main(["count", "--require"]) == 2
