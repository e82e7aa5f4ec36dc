"""`python -m bench report`: measures a set of cases and writes a page, a Markdown document and the raw turns.

DIR/report.html is one self-contained file, DIR/report.md the same without charts, DIR/report.json every turn
of every library, from which `--from` makes the other two again.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from bench import history, machine, markdown, page, scaling
from bench.cases import chosen, scaling as sized
from bench.content import headline, sections
from bench.libraries import PEERS
from bench.measure import Processes, measure
from bench.results import Report


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("cases", nargs="*", help="groups, or parts of the names of cases; all without any")
    parser.add_argument("--output", type=Path, default=Path("build/report"), metavar="DIR")
    parser.add_argument(
        "--from", dest="source", type=Path, metavar="JSON", help="measure nothing: remake the page"
    )
    parser.add_argument(
        "--quick", action="store_true", help="few, short turns and small sizes: to see that it works"
    )
    parser.add_argument("--peers", nargs="+", default=list(PEERS), help="all without it")
    parser.add_argument("--rounds", type=int, default=9)
    parser.add_argument("--seconds", type=float, default=0.05, help="of each turn")
    parser.add_argument("--threads", type=int, default=scaling.counts()[-1])
    parser.add_argument("--no-scaling", action="store_true", help="leave out growth with size and threads")
    parser.add_argument(
        "--history",
        type=Path,
        default=Path(".benchmarks"),
        metavar="DIR",
        help="pytest-benchmark's saved runs",
    )


def take(arguments: argparse.Namespace) -> Report:
    """Measure everything, with a progress bar."""
    from tqdm import tqdm

    cases = chosen(arguments.cases)
    rounds, seconds = (3, 0.005) if arguments.quick else (arguments.rounds, arguments.seconds)
    largest = 10_000.0 if arguments.quick else 1e7
    settings = {"threads": arguments.threads, "rounds": rounds, "seconds": seconds, "peers": arguments.peers}
    growing = [] if arguments.no_scaling else [c for c, n in sized.every().values() if n <= largest]
    steps = len(cases) + (len(growing) + len(scaling.THREADED) if growing else 0)
    with tqdm(total=steps, unit="case", file=sys.stderr) as bar:
        bar.set_description("peaks of the machine")
        peaks = machine.peaks(arguments.threads, 0.2 if arguments.quick else 1.0)
        report = Report(machine.describe(), settings, peaks, [])

        def tick(label: str) -> None:
            bar.set_description(label[:32].ljust(32))
            bar.update()

        with Processes(arguments.threads) as processes:
            for case in cases:
                tick(case.label)
                found = measure(case, processes, peers=arguments.peers, rounds=rounds, seconds=seconds)
                report.cases.append(found)
        if growing:
            report.sizes, wrong = scaling.sizes(arguments.peers, rounds, seconds, largest, tick)
            report.problems += wrong
            report.threads, wrong = scaling.threads(rounds, seconds, tick)
            report.problems += wrong
    report.history, unreadable = history.read(arguments.history)
    report.problems += unreadable
    return report


def write(report: Report, folder: Path) -> list[Path]:
    """All three files; the raw turns first, so that they are there whatever becomes of the page."""
    folder.mkdir(parents=True, exist_ok=True)
    paths = [folder / name for name in ("report.json", "report.md", "report.html")]
    report.write(paths[0])
    made = sections(report)
    paths[1].write_text(markdown.document(made), encoding="utf-8")
    paths[2].write_text(page.document(made), encoding="utf-8")
    return paths


def run(arguments: argparse.Namespace) -> int:
    """Measure or read, write, and say where and what."""
    unknown = sorted(set(arguments.peers) - set(PEERS))
    if unknown:
        raise LookupError(f"no peer {', '.join(unknown)}; there are {', '.join(PEERS)}")
    report = Report.read(arguments.source) if arguments.source else take(arguments)
    for path in write(report, arguments.output):
        print(path)
    print(headline(report))
    return 0
