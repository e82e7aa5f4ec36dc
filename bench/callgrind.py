"""Runs a program under valgrind's callgrind and reads how many instructions each shared object executed."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import tempfile
from collections import Counter
from collections.abc import Iterable, Mapping
from pathlib import Path

MARK = "getppid"  # a function of libc that nothing else calls: entering it begins a new part of the output


def instructions(lines: Iterable[str]) -> Counter[str]:
    """Instructions of each shared object itself, from one part of callgrind's output.

    Lines are records (`ob=(3) /lib/libc.so.6`, where later ones say `ob=(3)` alone) or costs (`+12 480`: a
    position and a count). The line after `calls=` is the cost of the called function, which is counted where
    it stands itself. The format is valgrind's manual's, "Callgrind Format Specification".
    """
    names: dict[str, str] = {}
    counts: Counter[str] = Counter()
    here, call = "", False
    for line in lines:
        if record := re.match(r"c?ob=\((\d+)\)(?: (.*))?", line):
            number, name = record.groups()
            if name:
                names[number] = name.strip()
            if line.startswith("ob"):
                here = names.get(number, "???")
        elif line.startswith("calls="):
            call = True
        elif re.match(r"[\d+*-]", line):
            if not call:
                counts[here] += int(line.split()[1])
            call = False
    return counts


def run(command: list[str], environment: Mapping[str, str]) -> list[Counter[str]]:
    """Counts of every part of a Python program's run, in order: what was before the first mark, after it, ...

    Raises
    ------
    RuntimeError
        If the program fails; with what it printed.
    """
    with tempfile.TemporaryDirectory() as folder:
        whole = Path(folder, "out")
        done = subprocess.run(
            [
                "valgrind", "--tool=callgrind", f"--dump-before={MARK}", f"--callgrind-out-file={whole}",
                sys.executable, *command,
            ],
            env={**os.environ, **environment}, capture_output=True, text=True, check=False,
        )  # fmt: skip
        if done.returncode:
            raise RuntimeError(f"{' '.join(command)} failed under valgrind:\n{done.stderr[-2000:]}")
        parts = sorted(Path(folder).glob("out.*"), key=lambda path: int(path.suffix[1:]))
        return [instructions(path.read_text(errors="replace").splitlines()) for path in [*parts, whole]]
