"""Write what is made from the operation table; a test fails while any of it is stale.

Run ``python docs/generate.py`` after a change to an operation's name, signature or description.
"""

from __future__ import annotations

import sys
from pathlib import Path

HERE = Path(__file__).parent
PACKAGE = HERE.parent / "tinygrad_ext"
sys.path.insert(0, str(HERE))

from generator import coverage, namespaces, reference, stub  # noqa: E402 - found through the line above


def package() -> dict[Path, str]:
    """The modules, which the package is imported through."""
    texts = {PACKAGE / "_core.pyi": stub.stub()}
    for path, (namespace, doc) in namespaces.MODULES.items():
        texts[PACKAGE / path] = namespaces.module(namespace, doc)
    return {path: text for path, text in texts.items() if text}


def pages() -> dict[Path, str]:
    """The documents, whose examples run with the package."""
    texts = {**reference.pages(), "coverage.md": coverage.page()}
    return {HERE / "reference" / name: text for name, text in texts.items()}


if __name__ == "__main__":
    for texts in (package, pages):
        for path, text in texts().items():
            path.parent.mkdir(exist_ok=True)
            path.write_text(text)
