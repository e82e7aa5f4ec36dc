"""Write what is made from the operation table; a test fails while any of it is stale.

Run ``python docs/generate.py`` after a change to an operation's name, signature or description.
"""

from __future__ import annotations

import sys
from pathlib import Path

HERE = Path(__file__).parent
PACKAGE = HERE.parent / "tinygrad_ext"
sys.path.insert(0, str(HERE))

from generator import namespaces, stub  # noqa: E402 - found through the line above


def outputs() -> dict[Path, str]:
    """Every generated file with its text."""
    texts = {PACKAGE / "_core.pyi": stub.stub()}
    for path, (namespace, doc) in namespaces.MODULES.items():
        texts[PACKAGE / path] = namespaces.module(namespace, doc)
    return {path: text for path, text in texts.items() if text}


if __name__ == "__main__":
    for path, text in outputs().items():
        path.write_text(text)
    print(f"wrote {len(outputs())} files")
