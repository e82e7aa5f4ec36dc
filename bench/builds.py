"""Builds commits of this repository, each into a folder of its own, to be run beside each other."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

ROOT = Path(__file__).parents[1]
KEPT = ROOT / "build" / "bench"  # ignored by git; a commit that was built once is not built again


class BuildError(RuntimeError):
    """A commit does not build; the message ends with the last lines of its log."""


def git(*arguments: str, root: Path = ROOT) -> str:
    """What git prints, without the newline at its end."""
    command = ["git", "-C", str(root), *arguments]
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout.strip()


def resolve(name: str, root: Path = ROOT) -> str:
    """The full hash of a commit, by any name that git knows.

    Raises
    ------
    LookupError
        If there is none, with names that do exist.
    """
    try:
        return git("rev-parse", "--verify", "--quiet", "--end-of-options", f"{name}^{{commit}}", root=root)
    except subprocess.CalledProcessError:
        if not (root / ".git").exists():
            raise LookupError(f"no commit {name!r}: {root.name} is no checkout of git's") from None
        recent = git("log", "-3", "--format=%h", root=root).split()
        branches = git("branch", "--format=%(refname:short)", root=root).splitlines()[:5]
        known = ", ".join([*branches, *recent])
        raise LookupError(f"no commit {name!r} in {root.name}; there are, for example, {known}") from None


@contextmanager
def worktree(commit: str, root: Path = ROOT) -> Iterator[Path]:
    """A checkout of a commit in a temporary folder, gone afterwards, also after Ctrl-C."""
    folder = Path(tempfile.mkdtemp(prefix="tinygrad_ext-"))
    try:
        git("worktree", "add", "--detach", "--force", str(folder / "tree"), commit, root=root)
        yield folder / "tree"
    finally:
        shutil.rmtree(folder, ignore_errors=True)
        git("worktree", "prune", root=root)


def install(tree: Path, target: Path, label: str) -> None:
    """Build a source tree in release mode and install it, without its dependencies, into a folder."""
    from tqdm import tqdm

    environment = {**os.environ, "CMAKE_BUILD_PARALLEL_LEVEL": str(os.cpu_count())}
    if shutil.which("ccache"):
        environment |= {"CMAKE_C_COMPILER_LAUNCHER": "ccache", "CMAKE_CXX_COMPILER_LAUNCHER": "ccache"}
        environment |= {"CCACHE_BASEDIR": str(tree), "CCACHE_NOHASHDIR": "1"}
    command = [sys.executable, "-m", "pip", "install", "--disable-pip-version-check", "--no-deps", "-v"]
    command += ["--target", str(target), str(tree)]
    lines: list[str] = []
    with (
        tqdm(desc=f"building {label}", unit="file", file=sys.stderr) as bar,
        subprocess.Popen(
            command, cwd=tree, env=environment, text=True, stdout=subprocess.PIPE, stderr=subprocess.STDOUT
        ) as process,
    ):
        assert process.stdout is not None
        try:
            for line in process.stdout:
                lines.append(line)
                if step := re.search(r"\[(\d+)/(\d+)\]", line):  # as Ninja counts
                    bar.total = int(step[2])
                    bar.update(int(step[1]) - bar.n)
        except BaseException:
            process.terminate()
            raise
    if process.returncode:
        raise BuildError(f"{label} does not build:\n{''.join(lines[-40:])}")


def built(commit: str, kept: Path = KEPT) -> Path:
    """The folder that a commit is installed in: built now, or found from an earlier time."""
    target = kept / f"{commit}-{sys.implementation.cache_tag}"
    if not target.exists():
        kept.mkdir(parents=True, exist_ok=True)
        unfinished = Path(tempfile.mkdtemp(prefix="unfinished-", dir=kept))
        try:
            with worktree(commit) as tree:
                install(tree, unfinished, commit[:12])
            unfinished.rename(target)
        finally:
            shutil.rmtree(unfinished, ignore_errors=True)
    return target
