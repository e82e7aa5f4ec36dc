"""`python -m bench COMMAND`: the comparisons, from the command line."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence

from bench import compare, count, headline, report
from bench.cases import chosen
from bench.libraries import PEERS
from bench.measure import BYTES, OURS, Measured, Processes, measure


def line(m: Measured) -> str:
    """One row of the table: our time, its share of the peak, and the ratio to every peer."""
    case, ours = m.case, m.outcomes[OURS]
    if ours.problem:
        return f"{case.label:44} {ours.problem}"
    rate = case.flops / ours.median if case.flops else 0.0
    share = f"{rate / m.peak:.0%}" if m.peak == m.peak else ""
    words = []
    for peer, outcome in m.outcomes.items():
        if peer != OURS:
            low, high = m.ratio_quartiles(peer)
            words.append(f"{peer} {outcome.problem or f'{m.ratio(peer):.2f} ({low:.2f} to {high:.2f})'}")
    missed = " *" if m.rival and m.ratio(m.rival) < case.target else ""
    number = ours.median / 2**20 if case.kind in BYTES else ours.median * 1e6
    words.append(f"[{case.target}]{missed}")
    return f"{case.label:44} {number:9.1f} {rate / 1e9:6.0f} {share:>5}  {' '.join(words)}"


def run(arguments: argparse.Namespace) -> None:
    """Print a row for every chosen case as soon as it is measured."""
    cases = chosen(arguments.cases)
    print(f"{'case':44} {'us or MB':>9} {'GF/s':>6} {'peak':>5}  ratio to each peer (quartiles) [target]")
    with Processes(arguments.threads) as processes:
        for case in cases:
            found = measure(
                case,
                processes,
                peers=arguments.peers or PEERS,
                rounds=arguments.rounds,
                seconds=arguments.seconds,
            )
            print(line(found), flush=True)


def show_list(_: argparse.Namespace) -> None:
    for case in chosen([]):
        print(f"{case.label:48} {', '.join(case.peers)}")


def main(argv: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m bench", description=__doc__)
    commands = parser.add_subparsers(required=True)
    command = commands.add_parser("list", help="every case and its peers")
    command.set_defaults(function=show_list)
    command = commands.add_parser("run", help="a table of cases, printed as they are measured")
    command.set_defaults(function=run)
    command.add_argument("cases", nargs="*", help="groups, or parts of the names of cases; all without any")
    command.add_argument("--peers", nargs="+", choices=PEERS, help="all without it")
    command.add_argument("--rounds", type=int, default=7)
    command.add_argument("--seconds", type=float, default=0.03, help="of each turn")
    command.add_argument("--threads", type=int, default=2)
    for module in (report, headline, compare, count):
        text = str(module.__doc__)
        name = module.__name__.removeprefix("bench.")
        command = commands.add_parser(
            name,
            help=text.split(": ", 1)[1].split("\n")[0].rstrip("."),
            description=text,
            formatter_class=argparse.RawDescriptionHelpFormatter,
        )
        module.add_arguments(command)
        command.set_defaults(function=module.run)
    arguments = parser.parse_args(argv)
    try:
        code = arguments.function(arguments)
    except LookupError as error:
        print(error.args[0], file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        return 130
    return code or 0


if __name__ == "__main__":
    sys.exit(main())
