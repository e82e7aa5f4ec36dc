"""`python -m bench headline`: the README's table, from a report's raw turns or measured now.

`--update README.md` puts it between the two comments that begin `<!-- headline:` and `<!-- end of headline`.
"""

from __future__ import annotations

import argparse
import math
import re
import sys
from pathlib import Path

from bench import markdown
from bench.cases import every
from bench.content import Table
from bench.libraries import PEERS
from bench.measure import OURS, Measured, Processes, measure
from bench.results import Report, digits, quantity

ROWS = {  # label of the case: what the README calls it
    "overhead a + b": "`a + b` on one element, 200 times",
    "overhead chain of 100 fb": "100 operations on a number, forward and backward",
    "micrograd demo, package's neurons": "micrograd's demo, a step (65,000 values; Python's collector on)",
    "training MLP 784-16-16-10 b1 SGD": "MLP 784-16-16-10, batch of 1, SGD",
    "training MLP 784-128-64-10 b64 Adam": "MLP 784-128-64-10, batch of 64, Adam",
    "training names MLP b32": "MLP of character names, batch of 32",
    "training LeNet b64 Adam": "LeNet on 28x28 images, batch of 64, Adam",
    "training GPT 4x64 b16 AdamW": "GPT of 4 layers of 64, 16 texts of 32, AdamW",
    "training LSTM b32 Adam": "LSTM of 64 on 28 steps, batch of 32, Adam",
    "sgemm 512^3": "matrix product 512x512x512, float32",
    "fused softmax 256x1000 fb": "softmax 256x1000, forward and backward",
    "conv 32,64,56,64,3,1,1 fb": "convolution 64 to 64 channels of 56x56, 3x3, 32 images, fb",
    "startup import": "import",
    "startup installed size": "installed size, dependencies included",
}
BEGIN = "<!-- headline: python -m bench headline --update README.md -->"
END = "<!-- end of headline -->"
PLACE = re.compile(r"(<!-- headline:[^\n]*-->\n).*?(<!-- end of headline -->)", re.DOTALL)


def known(labels: set[str], where: str) -> None:
    """Nothing, where all rows are there.

    Raises
    ------
    LookupError
        If some are not, with their labels.
    """
    missing = [label for label in ROWS if label not in labels]
    if missing:
        raise LookupError(
            f"{where} lacks {', '.join(missing)}: adjust ROWS in bench/headline.py or measure them"
        )


def entry(m: Measured, name: str | None) -> str:
    """A library's median; why there is none; a dash for a library without this case."""
    if name is None or name not in m.outcomes:
        return "—"
    outcome = m.outcomes[name]
    return outcome.problem.split(":")[0] or quantity(outcome.median, m.case.kind)


def table(cases: list[Measured]) -> Table:
    """What, this library, PyTorch, the best other peer, and the ratios of both to this library."""
    rows = []
    for m in cases:
        others = {p: m.ratio(p) for p in m.outcomes if p not in (OURS, "torch") and math.isfinite(m.ratio(p))}
        other = min(others, key=others.__getitem__, default=None)
        rows.append(
            [
                ROWS.get(m.case.label, m.case.label),
                entry(m, OURS),
                entry(m, "torch"),
                f"{entry(m, other)} {other}" if other else "—",
                digits(m.ratio("torch")) if "torch" in m.outcomes else "—",
                digits(others[other]) if other else "—",
            ]
        )
    return Table(["", "tinygrad_ext", "PyTorch", "best other", "PyTorch / ours", "best other / ours"], rows)


def replaced(text: str, made: str) -> str:
    """A document with the table between its two comments exchanged.

    Raises
    ------
    LookupError
        If the comments are not there.
    """
    if not PLACE.search(text):
        raise LookupError(f"no place for the table; it stands between the lines\n{BEGIN}\n{END}")
    return PLACE.sub(lambda match: f"{match[1]}\n{made}\n\n{match[2]}", text)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--from", dest="source", type=Path, metavar="JSON", help="a report's raw turns")
    parser.add_argument("--update", type=Path, metavar="FILE", help="replace the table in this document")
    parser.add_argument("--rounds", type=int, default=9)
    parser.add_argument("--seconds", type=float, default=0.05, help="of each turn")
    parser.add_argument("--threads", type=int, default=2)


def take(arguments: argparse.Namespace) -> list[Measured]:
    from tqdm import tqdm

    known(set(every()), "the list of cases")
    found = []
    with Processes(arguments.threads) as processes, tqdm(ROWS, unit="case", file=sys.stderr) as bar:
        for label in bar:
            bar.set_description(label[:32].ljust(32))
            case = every()[label]
            found.append(
                measure(case, processes, peers=PEERS, rounds=arguments.rounds, seconds=arguments.seconds)
            )
    return found


def run(arguments: argparse.Namespace) -> int:
    """Print the table; write it where `--update` says."""
    if arguments.update:
        replaced(arguments.update.read_text(encoding="utf-8"), "")  # before anything is measured
    if arguments.source:
        by_label = {m.case.label: m for m in Report.read(arguments.source).cases}
        known(set(by_label), str(arguments.source))
        cases = [by_label[label] for label in ROWS]
    else:
        cases = take(arguments)
    made = markdown.table(table(cases))
    print(made)
    if arguments.update:
        text = replaced(arguments.update.read_text(encoding="utf-8"), made)
        arguments.update.write_text(text, encoding="utf-8")
    return 0
