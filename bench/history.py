"""Medians across commits, from the JSON that `pytest bench/ --benchmark-autosave` leaves behind."""

from __future__ import annotations

import json
from datetime import datetime, timezone
from pathlib import Path
from typing import Any

from bench.measure import BYTES, OURS


def read(folder: Path) -> tuple[list[dict[str, Any]], list[str]]:
    """Rows {name, commit, date, seconds} of this library, oldest first, and the files that are not readable.

    Runs on changed files ("dirty") are marked by a + behind the commit. One machine's runs are kept in one
    folder by pytest-benchmark; all folders below `folder` are read.
    """
    rows, unreadable = [], []
    for path in sorted(folder.glob("*/*.json")):
        try:
            document = json.loads(path.read_text())
            info = document["commit_info"]
            mark = str(info.get("id") or "?")[:10] + ("+" if info.get("dirty") else "")
            date = utc(info.get("time") or document["datetime"])
            for b in document["benchmarks"]:
                extra = b.get("extra_info", {})
                if extra.get("library", OURS) == OURS and extra.get("kind") not in BYTES:
                    name = extra.get("case", b["name"])
                    rows.append({"name": name, "commit": mark, "date": date, "seconds": b["stats"]["median"]})
        except (OSError, ValueError, KeyError, TypeError) as error:
            unreadable.append(
                f"{path.name} is not a file of pytest-benchmark ({type(error).__name__}: {error})"
            )
    return sorted(rows, key=lambda row: row["date"]), unreadable


def utc(text: str) -> str:
    """A date in ISO 8601, in UTC and without saying so: such texts sort as their dates."""
    date = datetime.fromisoformat(text.replace("Z", "+00:00"))
    return (date.astimezone(timezone.utc) if date.tzinfo else date).replace(tzinfo=None).isoformat()


def lines(rows: list[dict[str, Any]], most: int = 12) -> dict[str, list[dict[str, Any]]]:
    """Rows by benchmark, only with two commits at least; the longest histories "
    "first."""
    found: dict[str, list[dict[str, Any]]] = {}
    for row in rows:
        found.setdefault(row["name"], []).append(row)
    found = {name: line for name, line in found.items() if len({r["commit"] for r in line}) > 1}
    return dict(sorted(found.items(), key=lambda item: -len(item[1]))[:most])
