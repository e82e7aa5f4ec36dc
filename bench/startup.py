"""What a library costs before it computes anything: the time of its import, the size of its installation."""

from __future__ import annotations

import importlib.metadata
import importlib.util
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from functools import cache
from pathlib import Path

from bench.libraries import LIBRARIES

STATEMENTS = {  # other than "import module", where that alone brings nothing to work with
    "micrograd": "import micrograd.engine, micrograd.nn",
    "autograd": "import autograd, autograd.numpy",
    "jax": "import jax, jax.numpy",
}
SOURCE_NEEDS = ("numpy",)  # by this library where it is a source tree, without metadata that says so


def seconds(statement: str) -> float:
    """Of a fresh Python that executes the statement, in a folder where nothing is found by chance."""
    where = os.environ | {"PYTHONPATH": str(home("tinygrad_ext").parent)}
    where.pop("PYTHONDONTWRITEBYTECODE", None)  # installed packages are compiled once, not at each import
    command = [sys.executable, "-c", statement]
    start = time.perf_counter()
    done = subprocess.run(command, capture_output=True, text=True, cwd=tempfile.gettempdir(), env=where)
    spent = time.perf_counter() - start
    if done.returncode:
        raise RuntimeError((done.stderr.strip().splitlines() or [f"exit code {done.returncode}"])[-1])
    return spent


def home(name: str) -> Path:
    """The folder of a library's package."""
    spec = importlib.util.find_spec(LIBRARIES[name][0])
    if spec is None or spec.origin is None:
        raise RuntimeError(f"no file of the module {LIBRARIES[name][0]} is found")
    return Path(spec.origin).parent


def import_time(name: str) -> float:
    """Seconds of a fresh Python that imports the library, less those of one that does nothing; at least 0."""
    statement = STATEMENTS.get(name, f"import {LIBRARIES[name][0]}")
    read_once(statement)
    return max(0.0, seconds(statement) - seconds("pass"))


@cache
def read_once(statement: str) -> None:
    """Have files in the system's cache and compiled: what is measured is any import but the first."""
    seconds(statement)


def folder_size(path: Path) -> int:
    return sum(f.stat().st_size for f in path.rglob("*") if f.is_file() and "__pycache__" not in f.parts)


def needed(distribution: str) -> set[str]:
    """A distribution and all that it requires, without extras."""
    from packaging.requirements import Requirement
    from packaging.utils import canonicalize_name

    found: set[str] = set()
    waiting = [distribution]
    while waiting:
        name = canonicalize_name(waiting.pop())
        if name in found:
            continue
        found.add(name)
        for text in importlib.metadata.requires(name) or ():
            requirement = Requirement(text)
            if requirement.marker is None or requirement.marker.evaluate({"extra": ""}):
                waiting.append(requirement.name)
    return found


def installed_size(name: str) -> float:
    """Bytes of the files of a library and of what it requires, without compiled Python.

    A library that is used from its source tree counts with its folder.
    """
    from packaging.utils import canonicalize_name

    folder, distribution = home(name), LIBRARIES[name][1]
    try:
        copied = any(Path(str(f.locate())) == folder / "__init__.py" for f in files(distribution))
        needs = needed(distribution) - {canonicalize_name(distribution)}
    except importlib.metadata.PackageNotFoundError:
        copied, needs = False, set().union(*map(needed, SOURCE_NEEDS))
    own = distribution_size(distribution) if copied else folder_size(folder)
    return float(own + sum(map(distribution_size, needs)))


def files(distribution: str) -> list[importlib.metadata.PackagePath]:
    return importlib.metadata.files(distribution) or []


def distribution_size(distribution: str) -> int:
    """Bytes of a distribution's files."""
    paths = [Path(str(f.locate())) for f in files(distribution) if "__pycache__" not in f.parts]
    return sum(p.stat().st_size for p in paths if p.is_file())


OUTSIDE: dict[str, Callable[[str], float]] = {"import": import_time, "size": installed_size}
