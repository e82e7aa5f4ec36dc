"""Charts as SVG that stands in a page: its text is text, its colours are the page's, light or dark."""

from __future__ import annotations

import io
import re
from collections.abc import Callable, Iterable, Sequence
from datetime import datetime
from functools import wraps
from typing import TYPE_CHECKING, Any

from bench.measure import OURS, Measured
from bench.results import Curve, Report, verdict

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

WIDTH = 4.3  # inches of 72 CSS pixels: what a telephone shows without scrolling
# Okabe and Ito's colours, which differ for colour-blind readers too; each is a variable of the page's style.
SERIES = ("#0072b2", "#d55e00", "#009e73", "#cc79a7", "#e69f00", "#56b4e9", "#999999", "#b8a800")
MARKERS = "os^Dv*PX"
TEXT, GRID = "#010101", "#020202"
LIBRARIES = (OURS, "torch", "numpy", "jax", "autograd", "micrograd", "tinygrad")
STYLE = {
    "svg.fonttype": "none",
    "svg.hashsalt": "bench",
    "font.family": "sans-serif",
    "font.size": 8.5,
    "text.color": TEXT,
    "axes.labelcolor": TEXT,
    "axes.edgecolor": GRID,
    "axes.titlesize": 9.5,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "xtick.color": GRID,
    "xtick.labelcolor": TEXT,
    "ytick.color": GRID,
    "ytick.labelcolor": TEXT,
    "grid.color": GRID,
    "grid.linewidth": 0.5,
    "legend.frameon": False,
    "legend.fontsize": 8,
    "figure.constrained_layout.use": True,
}


def look(library: str) -> dict[str, Any]:
    """Colour and marker of a library, the same in every chart."""
    i = LIBRARIES.index(library) if library in LIBRARIES else len(LIBRARIES)
    return {"color": SERIES[i], "marker": MARKERS[i]}


def styled(draw: Callable[..., str]) -> Callable[..., str]:
    """Draw in the style above, and leave matplotlib's settings as they were."""

    @wraps(draw)
    def drawn(*args: Any) -> str:
        from matplotlib import rc_context

        with rc_context(STYLE):
            return draw(*args)

    return drawn


def figure(height: float, rows: int = 1, columns: int = 1) -> tuple[Figure, Any]:
    from matplotlib.figure import Figure

    made = Figure((WIDTH, height))
    axes = made.subplots(rows, columns, squeeze=False)
    return made, axes if rows * columns > 1 else axes[0, 0]


def svg(made: Figure, name: str, description: str) -> str:
    """The figure as an element of a page; `name` keeps its ids apart from other figures'."""
    file = io.StringIO()
    made.savefig(file, format="svg", transparent=True, metadata={"Date": None})
    text = file.getvalue()
    text = text[text.index("<svg") :]
    text = re.sub(r"<metadata>.*?</metadata>\s*", "", text, flags=re.DOTALL)
    text = re.sub(r'(<svg [^>]*?)\s(?:width|height)="[^"]*"', r"\1", text)
    text = re.sub(r'(<svg [^>]*?)\s(?:width|height)="[^"]*"', r"\1", text)
    text = re.sub(r'\bid="([^"]*)"', rf'id="{name}-\1"', text)
    text = re.sub(r'(href="|url\()#', rf"\1#{name}-", text)
    for colour, variable in {TEXT: "currentColor", GRID: "var(--line)"}.items():
        text = text.replace(colour, variable)
    for i, colour in enumerate(SERIES):
        text = text.replace(colour, f"var(--series{i})")
    label = description.replace("&", "and").replace('"', "'").replace("<", "less than ")
    return text.replace("<svg ", f'<svg role="img" aria-label="{label}" ', 1)


def plain(axis: Any, subs: Sequence[float] = (1.0,)) -> None:
    """Numbers on a logarithmic axis: 0.5, 1, 2, and 10^5 from there on."""
    from matplotlib.ticker import FuncFormatter, LogLocator, NullFormatter

    def text(value: float, _: Any) -> str:
        power = f"{value:.0e}".split("e")[1] if value > 0 else "0"
        return f"{value:g}" if 1e-3 <= value < 1e5 else f"1e{int(power)}"

    axis.set_major_locator(LogLocator(subs=subs, numticks=12))
    axis.set_major_formatter(FuncFormatter(text))
    axis.set_minor_formatter(NullFormatter())


@styled
def ratios(cases: Sequence[Measured], name: str) -> str:
    """A row for each case: a dot at its ratio to the best peer, a line from quartile to quartile."""
    shown = [m for m in cases if verdict(m)]
    made, axes = figure(0.6 + 0.19 * max(3, len(shown)))
    axes.set_xscale("log")
    axes.axvline(1, color=TEXT, linewidth=0.8)
    every = [1.0]
    for row, m in enumerate(shown):
        best = str(m.best_peer)
        ratio, (low, high) = m.ratio(best), m.ratio_quartiles(best)
        every += [low, high]
        colour = SERIES[1 if verdict(m) == "lost" else 0]
        axes.plot([low, high], [row, row], color=colour, linewidth=1.5, solid_capstyle="butt")
        face = {"won": colour, "lost": "none", "even": "none"}[verdict(m)]
        mark = "D" if verdict(m) == "lost" else "o"
        axes.plot([ratio], [row], mark, color=colour, markerfacecolor=face, markersize=4.5)
    axes.set_yticks(range(len(shown)), [m.case.name for m in shown])
    axes.set_ylim(len(shown) - 0.4, -0.6)
    axes.set_xlim(min(every) / 1.15, max(every) * 1.15)
    plain(axes.xaxis, (1, 2, 5) if max(every) / min(every) < 120 else (1,))
    axes.tick_params(axis="y", length=0)
    axes.grid(axis="x")
    axes.set_axisbelow(True)
    what = "time of the best peer / time of tinygrad_ext"
    made.supxlabel(f"{what}\nfilled: won, hollow circle: even, diamond: lost", fontsize=8)
    return svg(made, name, f"Ratios to the best peer of {len(shown)} cases of group {shown[0].case.group}")


@styled
def roofline(report: Report, name: str) -> str:
    """Rate over intensity, below the measured peaks of multiply-adds and of memory."""
    threads = report.settings["threads"]
    peak, memory = report.peaks[f"float32 {threads}"], report.peaks[f"memory {threads}"]
    timed = [m for m in report.cases if m.case.kind == "time" and m.outcomes[OURS].turns]
    shown = [m for m in timed if m.case.flops and m.case.bytes and not m.case.double]
    made, axes = figure(3.9)
    intensities = [m.case.flops / m.case.bytes for m in shown]
    low, high = min([*intensities, 0.1]) / 1.5, max([*intensities, peak / memory]) * 2
    knee = peak / memory
    axes.loglog([low, knee, high], [memory * low / 1e9, peak / 1e9, peak / 1e9], color=TEXT, linewidth=1)
    axes.text(high, peak / 1e9 * 1.06, f"{peak / 1e9:.0f} GFLOP/s", ha="right", va="bottom")
    there = (low * 3, memory * low * 3 / 1e9)
    axes.annotate(f"{memory / 1e9:.0f} GB/s of memory", there, (8, -4), textcoords="offset points", va="top")
    for i, group in enumerate(dict.fromkeys(m.case.group for m in shown)):
        points = [m for m in shown if m.case.group == group]
        axes.loglog(
            [m.case.flops / m.case.bytes for m in points],
            [m.case.flops / m.outcomes[OURS].median / 1e9 for m in points],
            MARKERS[i % 8], color=SERIES[i % 8], markersize=4.5, label=group,
        )  # fmt: skip
    axes.set_ylim(top=peak / 1e9 * 2.2)
    plain(axes.xaxis)
    plain(axes.yaxis)
    axes.grid()
    axes.set_axisbelow(True)
    axes.set_xlabel("operations per byte that must move")
    axes.set_ylabel("GFLOP/s")
    if shown:
        made.legend(loc="outside lower center", ncols=4, handletextpad=0.2, columnspacing=1)
    return svg(made, name, "Roofline: rate of each case over its arithmetic intensity")


@styled
def growth(curves: Sequence[Curve], unit: str, name: str) -> str:
    """Nanoseconds per element or node over their number, a line for each library."""
    made, axes = figure(2.9)
    for curve in curves:
        each = [1e9 * t / n for n, t in zip(curve.sizes, curve.seconds, strict=True)]
        axes.loglog(
            curve.sizes, each, label=curve.library, markersize=4, linewidth=1.3, **look(curve.library)
        )
    plain(axes.xaxis)
    every = [t / n for curve in curves for n, t in zip(curve.sizes, curve.seconds, strict=True)]
    plain(axes.yaxis, (1, 2, 5) if max(every) / min(every) < 120 else (1,))
    axes.grid()
    axes.set_title(curves[0].name, loc="left")
    axes.set_xlabel(f"{unit}s")
    axes.set_ylabel(f"ns per {unit}")
    axes.legend()
    return svg(made, name, f"{curves[0].name}: time per {unit} over the number of {unit}s")


@styled
def speedup(curves: Sequence[Curve], name: str) -> str:
    """Time on one thread over time on n."""
    made, axes = figure(3.2)
    most = max(max(c.sizes) for c in curves)
    axes.plot(
        [1, most], [1, most], color=GRID, linestyle="--", linewidth=1, label="n threads, n times as fast"
    )
    for i, c in enumerate(curves):
        axes.plot(
            c.sizes, [c.seconds[0] / t for t in c.seconds],
            color=SERIES[i % 8], marker=MARKERS[i % 8], markersize=4, linewidth=1.3, label=c.name,
        )  # fmt: skip
    axes.set_xticks(sorted({int(n) for c in curves for n in c.sizes}))
    axes.grid()
    axes.set_xlabel("threads")
    axes.set_ylabel("times as fast as on one")
    axes.legend()
    return svg(made, name, "Speed-up over one thread")


@styled
def history(lines: Iterable[tuple[str, list[dict[str, Any]]]], name: str) -> str:
    """A small chart for each benchmark: its median over the date of the commit."""
    from matplotlib.dates import AutoDateLocator, ConciseDateFormatter

    lines = list(lines)
    made, grid = figure(1.5 * -(-len(lines) // 2) + 0.2, -(-len(lines) // 2), 2)
    cells: list[Axes] = list(grid.flat)
    for axes, (title, rows) in zip(cells, lines, strict=False):
        dates = [datetime.fromisoformat(row["date"]) for row in rows]
        axes.plot(dates, [1e6 * row["seconds"] for row in rows], color=SERIES[0], marker="o", markersize=3)
        locator = AutoDateLocator(minticks=2, maxticks=4)
        axes.xaxis.set_major_locator(locator)
        axes.xaxis.set_major_formatter(ConciseDateFormatter(locator))
        axes.set_ylim(bottom=0)
        axes.grid(axis="y")
        axes.set_title(title if len(title) < 28 else title[:26] + "…", loc="left", fontsize=8)
        axes.set_ylabel("µs")
        axes.tick_params(labelsize=7)
    for axes in cells[len(lines) :]:
        axes.set_axis_off()
    return svg(made, name, "Medians of benchmarks across commits")
