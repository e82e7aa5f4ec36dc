"""What readers of data files say when a file is missing or not what it should be."""

from __future__ import annotations

import os
from pathlib import Path
from typing import NoReturn


def fail(path: str | os.PathLike[str], offset: int, expected: str, seen: str) -> NoReturn:
    """Raise ValueError for what stands at a byte of a file."""
    raise ValueError(f"{os.fspath(path)}: at byte {offset}: expected {expected}, got {seen}")


def find(root: str | os.PathLike[str], names: list[str], source: str) -> Path:
    """Return the first of `names` that is a file below `root`.

    Raises
    ------
    FileNotFoundError
        Names the files looked for; `source` says where to get them.
    """
    for name in names:
        if (path := Path(root) / name).is_file():
            return path
    others = f" (nor {', '.join(names[1:])})" if names[1:] else ""
    raise FileNotFoundError(
        f"{Path(root) / names[0]}: no such file{others}. {source}, and put them into {root}"
    )
