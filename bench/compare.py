"""`python -m bench compare BASE HEAD`: two commits, built and timed in turns; a slowdown fails.

Each commit is built in release mode from a worktree of its own (kept in build/bench, so once only) and runs
in a process of its own; the benchmarks are those of the present checkout for both. Results are compared
first, then the two take turns. A case is slower if Wilcoxon's signed-rank test on the paired ratios of rounds
says so after Holm's correction over the cases, and the median ratio is beyond a threshold. Exit code: 1 if a
case is slower, else 2 if one fails or disagrees, else 0.
"""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from bench.builds import BuildError, built, resolve
from bench.case import Case
from bench.cases import chosen
from bench.measure import OURS, REST, Outcome, Processes, check, problem
from bench.significance import METHOD, Verdict, judge, rounds_needed

NAMES = ("BASE", "HEAD")


class Build(Processes):
    """A process that imports the library from a folder of its own."""

    def __init__(self, folder: Path, threads: int) -> None:
        super().__init__(threads)
        self.folder = folder

    def start(self, name: str) -> Any:
        sys.path.insert(0, str(self.folder))  # which the new process takes over
        try:
            return super().start(name)
        finally:
            sys.path.remove(str(self.folder))


class Builds:
    """A build for each name, asked like the libraries in `Processes`."""

    def __init__(self, folders: Mapping[str, Path], threads: int) -> None:
        self.builds = {which: Build(folder, threads) for which, folder in folders.items()}

    def ask(self, which: str, kind: str, label: str = "", argument: Any = None) -> tuple[str, Any]:
        return self.builds[which].ask(OURS, kind, label, argument)

    def verify(self) -> None:
        """Nothing, where each process has its own build.

        Raises
        ------
        BuildError
            If another was imported, as by an editable install, or none.
        """
        for which, build in self.builds.items():
            state, value = self.ask(which, "file")
            if state != "ok" or not Path(value).is_relative_to(build.folder):
                raise BuildError(f"{which} was to be imported from {build.folder}, but: {value}")

    def close(self) -> None:
        for build in self.builds.values():
            build.close()


def turns(case: Case, builds: Builds, rounds: int, seconds: float) -> dict[str, Outcome]:
    """Both builds' outcomes of a case: results first, then turns, the first one changing."""
    outcomes = {which: Outcome() for which in NAMES}
    check(case, builds, outcomes)
    if any(outcome.problem for outcome in outcomes.values()):
        return outcomes
    order = list(NAMES)
    for _ in range(rounds):
        order.reverse()
        for which in order:
            time.sleep(REST)
            state, value = builds.ask(which, "time", case.label, seconds)
            if state != "ok":
                outcomes[which] = Outcome(problem=problem(value))
                return outcomes
            outcomes[which].turns.append(value)
    return outcomes


def table(verdicts: list[Verdict]) -> str:
    lines = [f"{'case':48} {'HEAD/BASE':>9} {'95 % interval':>16} {'p':>8}"]
    for v in verdicts:
        lines.append(f"{v.label:48} {v.ratio:9.3f} {v.low:7.3f} to {v.high:.3f} {v.p:8.2g} {v.word}")
    return "\n".join(lines)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("base", metavar="BASE", help="a commit, by any name that git knows")
    parser.add_argument("head", metavar="HEAD", help="another")
    parser.add_argument(
        "cases", nargs="*", help="groups, or parts of the names of cases; all timed ones without"
    )
    parser.add_argument("--rounds", type=int, default=25)
    parser.add_argument("--seconds", type=float, default=0.05, help="of each turn")
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument(
        "--alpha", type=float, default=0.01, help="significance after correction (default 0.01)"
    )
    parser.add_argument(
        "--threshold", type=float, default=0.03, help="least change that counts (default 0.03)"
    )


def run(arguments: argparse.Namespace) -> int:
    """Build, take turns, judge."""
    from tqdm import tqdm

    cases = [case for case in chosen(arguments.cases) if case.kind == "time"]
    needed = rounds_needed(len(cases), arguments.alpha)
    if arguments.rounds < needed:
        raise LookupError(
            f"{arguments.rounds} rounds cannot be significant over {len(cases)} cases; take {needed}"
        )
    commits = [resolve(name) for name in (arguments.base, arguments.head)]
    ratios, problems = {}, []
    try:
        folders = [built(commit) for commit in commits]
        builds = Builds(dict(zip(NAMES, folders, strict=True)), arguments.threads)
        try:
            builds.verify()
            for case in (bar := tqdm(cases, unit="case", file=sys.stderr)):
                bar.set_description(case.label[:32].ljust(32))
                outcomes = turns(case, builds, arguments.rounds, arguments.seconds)
                wrong = [f"{case.label}: {which} {o.problem}" for which, o in outcomes.items() if o.problem]
                problems += wrong
                if not wrong:
                    ratios[case.label] = np.divide(outcomes["HEAD"].turns, outcomes["BASE"].turns).tolist()
        finally:
            builds.close()
    except BuildError as error:
        print(error, file=sys.stderr)
        return 2
    verdicts = judge(ratios, arguments.alpha, arguments.threshold)
    print(table(verdicts))
    print("\n".join(problems))
    words = [v.word for v in verdicts]
    print(f"\n{arguments.rounds} rounds of {arguments.seconds:g} s, {arguments.threads} threads. ", end="")
    print(METHOD.format(alpha=arguments.alpha, threshold=arguments.threshold))
    print(
        f"slower: {words.count('slower')}, faster: {words.count('faster')}, same: {words.count('same')}, ",
        end="",
    )
    print(f"failed or disagreed: {len(problems)}")
    return 1 if "slower" in words else 2 if problems else 0
