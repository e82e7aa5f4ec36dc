"""What a report says, section by section; `page.py` and `markdown.py` say how it looks."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, field

from bench import plots
from bench.history import lines
from bench.measure import OURS, Measured
from bench.results import (
    Curve,
    Report,
    digits,
    mean_ratio,
    problems,
    quantity,
    share_of_memory,
    share_of_peak,
    tally,
    verdict,
)  # fmt: skip

SIGNS = {"won": "▲ won", "even": "= even", "lost": "▼ lost", "": "—"}
LINEAR = 1.1  # the greatest exponent that is called linear

RULES = (
    "The same work on the same inputs; before any timing the results of all are compared, gradients "
    "included, and who disagrees is named and not timed.",
    "Every library runs in a process of its own, on the same number of threads; they take turns, and who "
    "begins moves on from round to round. A turn begins after a pause in which thread pools fall asleep.",
    "A turn repeats the work for a fixed time, its first call left out. What is computed is an array in "
    "memory: nothing is promised for later, and compiled functions are waited for.",
    "A ratio is the median over rounds of a peer's turn over ours next to it; beside it stand its quartiles. "
    "Won and lost mean that both quartiles lie on one side of 1; wins and losses are all shown.",
)


@dataclass
class Table:
    """Rows of cells; `marks` gives a row's class where it has one."""

    header: list[str]
    rows: list[list[str]]
    marks: list[str] = field(default_factory=list)


@dataclass
class Section:
    title: str
    paragraphs: list[str] = field(default_factory=list)
    items: list[str] = field(default_factory=list)
    table: Table | None = None
    figures: list[str] = field(default_factory=list)


def sections(report: Report) -> list[Section]:
    """All of the report, in order."""
    found = [summary(report)]
    found += [group_section(report, name, cases, i) for i, (name, cases) in enumerate(report.groups())]
    found += [roofline(report), sizes(report), threads(report), past(report), left_out(report)]
    found.append(Section("How it is measured", items=list(RULES)))
    found.append(machine(report))
    return found


def headline(report: Report) -> str:
    """The result in two sentences."""
    found = tally(report.cases)
    compared = sum(found.values())
    if not compared:
        return "No case could be compared with a peer."
    alone = len(report.cases) - compared
    rest = f" {alone} more have no peer here or failed." if alone else ""
    return (
        f"Against the best peer of each case, tinygrad_ext is faster or smaller in {found['won']} of "
        f"{compared} cases, even within the spread in {found['even']} and behind in {found['lost']}; the "
        f"geometric mean of the ratios is {digits(mean_ratio(report.cases))}.{rest}"
    )


def summary(report: Report) -> Section:
    rows = []
    for name, cases in report.groups():
        n = tally(cases)
        rows.append(
            [name, str(len(cases)), *(str(n[w]) for w in ("won", "even", "lost")), digits(mean_ratio(cases))]
        )
    table = Table(["group", "cases", "▲ won", "= even", "▼ lost", "ratio (geometric mean)"], rows)
    threads = report.settings["threads"]
    setting = (
        f"{threads} threads, {report.settings['rounds']} rounds of turns of {report.settings['seconds']:g} "
        "s. Ratios are the best peer's time (or bytes) over ours: above 1, tinygrad_ext is ahead."
    )
    return Section("Summary", [headline(report), setting], table=table)


def percent(share: float) -> str:
    return f"{share:.0%}" if math.isfinite(share) else "—"


def cell(m: Measured, name: str) -> str:
    """A library's median, and half the distance of its quartiles as a part of it; or why there is none."""
    outcome = m.outcomes.get(name)
    if outcome is None:
        return "—"
    if outcome.problem:
        return outcome.problem.split(":")[0]
    low, high = outcome.quartiles
    spread = f" ±{(high - low) / 2 / outcome.median:.0%}" if len(outcome.turns) > 1 and outcome.median else ""
    return quantity(outcome.median, m.case.kind) + spread


def group_section(report: Report, name: str, cases: list[Measured], number: int) -> Section:
    """The group's table and its chart."""
    peers = [p for p in plots.LIBRARIES[1:] if any(p in m.outcomes for m in cases)]
    others = {p for m in cases for p in m.outcomes} - {*peers, OURS}
    peers += sorted(others)
    columns: list[tuple[str, Callable[[Measured], str]]] = [
        ("case", lambda m: m.case.name),
        (OURS, lambda m: cell(m, OURS)),
    ]
    columns += [(peer, lambda m, peer=peer: cell(m, peer)) for peer in peers]  # type: ignore[misc]
    columns += [("ratio to the best (quartiles)", best), ("", lambda m: SIGNS[verdict(m)])]
    if any(math.isfinite(share_of_peak(m)) for m in cases):
        columns.append(("of FMA peak", lambda m: percent(share_of_peak(m))))
    if any(math.isfinite(share_of_memory(m, report)) for m in cases):
        columns.append(("of memory", lambda m: percent(share_of_memory(m, report))))
    table = Table(
        [title for title, _ in columns],
        [[text(m) for _, text in columns] for m in cases],
        [verdict(m) for m in cases],
    )
    drawn = [plots.ratios(cases, f"g{number}")] if any(verdict(m) for m in cases) else []
    return Section(name, table=table, figures=drawn)


def best(m: Measured) -> str:
    if not verdict(m):
        return "—"
    peer = str(m.best_peer)
    low, high = m.ratio_quartiles(peer)
    return f"{digits(m.ratio(peer))} ({digits(low)} to {digits(high)}) {peer}"


def roofline(report: Report) -> Section:
    """What the machine can do, as measured here, and where the cases lie below it."""
    section = Section("Shares of what the machine can do")
    rows = []
    for n in dict.fromkeys((1, report.settings["threads"])):
        rates = [report.peaks.get(f"{what} {n}", float("nan")) for what in ("float32", "float64", "memory")]
        rows.append([str(n), *(digits(rate / 1e9) for rate in rates)])
    section.table = Table(["threads", "float32 GFLOP/s", "float64 GFLOP/s", "memory GB/s"], rows)
    section.paragraphs.append(
        "Peaks measured on this machine: chains of fused multiply-adds in registers, and copies of arrays "
        "larger than the caches (bytes read and written). A point is a case; the slope is memory, the roof "
        "arithmetic. Points above the slope work on data that the caches hold."
    )
    if all(rate == rate for rate in report.peaks.values()) and report.peaks:
        section.figures.append(plots.roofline(report, "roof"))
    return section


def growth(curve: Curve) -> str:
    """Whether a library's time grows linearly, with the number."""
    if not math.isfinite(curve.exponent):
        return f"{curve.name}, {curve.library}: too few sizes to tell."
    first = curve.sizes[len(curve.sizes) // 2]
    word = (
        "NOT LINEAR" if curve.exponent > LINEAR else "linear" if curve.exponent > 0.9 else "less than linear"
    )
    return (
        f"{curve.name}, {curve.library}: time grows as n^{curve.exponent:.2f} from {first:,.0f} to "
        f"{curve.sizes[-1]:,.0f}: {word}."
    )


def sizes(report: Report) -> Section:
    section = Section("Growth with size")
    if not report.sizes:
        section.paragraphs.append("Not measured in this report.")
        return section
    section.paragraphs.append(
        "On one thread. Exponents are slopes of log time over log size by least squares over the upper half "
        f"of the sizes; up to {LINEAR} is called linear. The cost of an element also rises where arrays "
        f"outgrow a cache."
    )
    section.items = [growth(curve) for curve in report.sizes]
    for i, name in enumerate(dict.fromkeys(c.name for c in report.sizes)):
        curves = [c for c in report.sizes if c.name == name]
        section.figures.append(
            plots.growth(curves, "node" if name.startswith("chain") else "element", f"size{i}")
        )
    return section


def threads(report: Report) -> Section:
    section = Section("Growth with threads")
    curves = [c for c in report.threads if c.sizes]
    if not curves:
        section.paragraphs.append("Not measured in this report.")
        return section
    numbers = [int(n) for n in max(curves, key=lambda c: len(c.sizes)).sizes]
    rows = []
    for c in curves:
        times = dict(zip(map(int, c.sizes), c.seconds, strict=True))
        rows.append([c.name, *(quantity(times.get(n, math.nan), "time") for n in numbers)])
        rows[-1].append(digits(c.seconds[0] / c.seconds[-1]))
    section.table = Table(["case", *(f"{n} thread{'s' * (n > 1)}" for n in numbers), "times as fast"], rows)
    if len(numbers) > 1:
        section.figures.append(plots.speedup(curves, "threads"))
    return section


def past(report: Report) -> Section:
    section = Section("History")
    found = lines(report.history)
    if found:
        commits = len({row["commit"] for row in report.history})
        section.paragraphs.append(f"Medians of pytest-benchmark's saved runs, {commits} commits.")
        section.figures.append(plots.history(found.items(), "past"))
    else:
        section.paragraphs.append(
            "No history: fewer than two commits have saved runs. `pytest bench/ --benchmark-autosave` saves "
            "one."
        )
    return section


def left_out(report: Report) -> Section:
    """Failures, disagreements and libraries that are not installed."""
    found = [*problems(report.cases), *report.problems]
    section = Section("What did not take part", items=found)
    if not found:
        section.paragraphs.append("Every library took part in all of its cases, and all results agreed.")
    return section


def machine(report: Report) -> Section:
    rows = [[name, text] for name, text in report.machine.items()]
    return Section("Machine and versions", table=Table(["", ""], rows))
