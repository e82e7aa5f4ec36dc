"""Every case, by its label; a name that is not known is answered with those that are."""

from __future__ import annotations

from collections.abc import Iterable
from functools import cache

from bench.case import Case
from bench.cases import graphs, layers, loading, memory, ops, products, startup, training

MODULES = (products, layers, ops, graphs, training, loading, startup, memory)


@cache
def every() -> dict[str, Case]:
    """All cases in the order of the report."""
    found: dict[str, Case] = {}
    for module in MODULES:
        for case in module.cases():
            assert case.label not in found, case.label
            found[case.label] = case
    return found


def find(label: str) -> Case:
    return every()[label]


def chosen(words: Iterable[str]) -> list[Case]:
    """Cases whose group is one of the words or whose label contains one; all without words.

    Raises
    ------
    LookupError
        If a word finds nothing; the message lists the groups.
    """
    words = list(words)
    for word in words:
        if not any(word == case.group or word in case.label for case in every().values()):
            groups = dict.fromkeys(case.group for case in every().values())
            raise LookupError(
                f"no case {word!r}; the groups are {', '.join(groups)} (`python -m bench list` shows them)"
            )
    return [c for c in every().values() if not words or any(w == c.group or w in c.label for w in words)]
