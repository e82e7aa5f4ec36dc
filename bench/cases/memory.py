"""The peak memory of every training step, beyond what importing the library takes."""

from __future__ import annotations

from dataclasses import replace

from bench.case import Case
from bench.cases import training


def cases() -> list[Case]:
    return [
        replace(case, group="peak memory", kind="peak", flops=0.0, target=1.0, rival="torch")
        for case in training.cases()
    ]
