"""`python -m bench count`: instructions per call, without noise, against committed budgets.

Small calls run once under valgrind's callgrind, warm and on one thread. Two numbers come of each: the
instructions of the C++ core alone, which hold for any Python, and those of the whole process, interpreter and
library's Python code included, which are compared only with the very same interpreter. A call that takes more
than its budget and the allowed excess fails the command; `--update` writes what was counted as the new
budgets.
"""

from __future__ import annotations

import argparse
import json
import shutil
import sys
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from bench import callgrind
from bench.counted import CALLS

BUDGETS = Path(__file__).with_name("budgets.json")
ALLOWED = 1.05
OTHER_COMPILER = 1.3  # compilers inline differently; what this still finds is an allocation or a lookup more
FAR_UNDER = 0.9
HOW_TO_UPDATE = "`python -m bench count --update` with a release build (pip install .) sets new budgets"


@dataclass
class Counts:
    """Instructions per call by case, of the core and of the whole process, and what they were taken with."""

    core: dict[str, float] = field(default_factory=dict)
    whole: dict[str, float] = field(default_factory=dict)
    python: str = ""
    compiler: str = ""

    @staticmethod
    def read(path: Path) -> Counts:
        return Counts(**json.loads(path.read_text())) if path.exists() else Counts()

    def write(self, path: Path) -> None:
        path.write_text(json.dumps(self.__dict__, indent=2) + "\n")


@dataclass(frozen=True)
class Verdict:
    """A case's count beside its budget; `excess` is what is allowed, a factor."""

    case: str
    what: str  # "core" or "whole"
    count: float
    budget: float
    excess: float

    @property
    def over(self) -> bool:
        return self.count > self.budget * self.excess

    @property
    def far_under(self) -> bool:
        return self.count < self.budget * FAR_UNDER

    def __str__(self) -> str:
        change = self.count / self.budget - 1
        where = "core" if self.what == "core" else "process"
        return (
            f"{self.case}: {self.count:.0f} instructions ({where}), budget {self.budget:.0f}, {change:+.1%}"
        )


def verdicts(found: Counts, budgets: Counts) -> list[Verdict]:
    """All that can be compared: the core always, the whole process where the interpreter is the same."""
    excess = ALLOWED if found.compiler == budgets.compiler else OTHER_COMPILER
    listed = [
        Verdict(c, "core", n, budgets.core[c], excess) for c, n in found.core.items() if c in budgets.core
    ]
    if found.python == budgets.python:
        whole = budgets.whole
        listed += [Verdict(c, "whole", n, whole[c], excess) for c, n in found.whole.items() if c in whole]
    return listed


def names() -> list[str]:
    import tinygrad_ext as tg
    from bench.counted import every

    return list(every(tg))


def chosen(words: Iterable[str]) -> list[str]:
    """Cases whose name contains one of the words; all without words.

    Raises
    ------
    LookupError
        If a word finds nothing; the message lists the cases.
    """
    words, known = list(words), names()
    for word in words:
        if not any(word in name for name in known):
            raise LookupError(f"no case {word!r} to count; there are {', '.join(known)}")
    return [name for name in known if not words or any(word in name for word in words)]


def count(cases: list[str]) -> Counts:
    """Run the cases under callgrind once; the parts between their two marks are theirs."""
    import tinygrad_ext as tg

    environment = {
        "PYTHONHASHSEED": "0",
        "PYTHONPATH": ":".join(path for path in sys.path if path),
        "TINYGRAD_EXT_ISA": "avx2" if "avx2" in tg._core.levels() else "baseline",  # valgrind has no AVX-512
        "TINYGRAD_EXT_NUM_THREADS": "1",
        "OPENBLAS_NUM_THREADS": "1",
    }
    parts = callgrind.run(["-m", "bench.counted", *cases], environment)
    found = Counts(python=sys.version, compiler=compiler())
    assert len(parts) == 2 * len(cases) + 1, (len(parts), cases)
    for case, part in zip(cases, parts[1::2], strict=True):
        core = sum(n for name, n in part.items() if Path(name).name.startswith("_core"))
        found.core[case] = round(core / CALLS, 1)
        found.whole[case] = round(part.total() / CALLS, 1)
    return found


def compiler() -> str:
    import tinygrad_ext as tg

    return str(tg._core.build)


def table(found: Counts, budgets: Counts) -> str:
    lines = [f"{'instructions per call':28} {'core':>9} {'budget':>9} {'':>7} {'process':>10} {'budget':>10}"]
    for case, core in found.core.items():
        budget = budgets.core.get(case)
        change = f"{core / budget - 1:+.1%}" if budget else "new"
        lines.append(
            f"{case:28} {core:9.0f} {budget or float('nan'):9.0f} {change:>7} "
            f"{found.whole[case]:10.0f} {budgets.whole.get(case, float('nan')):10.0f}"
        )
    return "\n".join(lines)


def judge(found: Counts, budgets: Counts) -> tuple[list[str], bool]:
    """Lines to print below the table, and whether any case is over its budget."""
    listed = verdicts(found, budgets)
    lines = [f"over budget: {v}" for v in listed if v.over]
    lines += [f"far under budget: {v}" for v in listed if v.far_under]
    lines += [f"no budget yet: {case}" for case in found.core if case not in budgets.core]
    if lines:
        lines.append(HOW_TO_UPDATE)
    if budgets.compiler and found.compiler != budgets.compiler:
        lines.append(
            f"built by {found.compiler}, budgets by {budgets.compiler}: {OTHER_COMPILER} times passes"
        )
    if budgets.python and found.python != budgets.python:
        lines.append("another Python than the budgets': the instructions of the whole process are not judged")
    return lines, any(v.over for v in listed)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("cases", nargs="*", help="parts of names; all without any")
    parser.add_argument("--update", action="store_true", help=f"write {BUDGETS.name}")
    parser.add_argument("--require", action="store_true", help="fail where valgrind is not installed")


def run(arguments: argparse.Namespace) -> int:
    """Count, print, compare: 1 if a case is over its budget."""
    if not shutil.which("valgrind"):
        print("valgrind is not installed: no instructions counted")
        return 2 if arguments.require else 0
    found, budgets = count(chosen(arguments.cases)), Counts.read(BUDGETS)
    print(table(found, budgets))
    if arguments.update:
        as_before = found.python == budgets.python
        kept: Mapping[str, Any] = budgets.__dict__ if arguments.cases and as_before else Counts().__dict__
        Counts(
            {**kept["core"], **found.core}, {**kept["whole"], **found.whole}, found.python, found.compiler
        ).write(BUDGETS)
        print(f"wrote {BUDGETS.name}")
        return 0
    lines, over = judge(found, budgets)
    print("\n".join(lines))
    return int(over)
