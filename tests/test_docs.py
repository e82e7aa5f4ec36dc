"""Every block of Python in the documents runs, in order, as a reader would run it."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]
BLOCKS = {
    page: re.findall(r"^```python\n(.*?)^```", page.read_text(), re.MULTILINE | re.DOTALL) for page in PAGES
}
PAGES_WITH_CODE = [page for page in PAGES if BLOCKS[page]]


def test_something_was_found():
    assert len(PAGES_WITH_CODE) >= 3


@pytest.mark.parametrize("page", PAGES_WITH_CODE, ids=lambda page: page.name)
def test_page(page, capsys):
    names: dict = {"__name__": page.stem}
    for block in BLOCKS[page]:
        exec(compile(block, str(page), "exec"), names)


def test_first_steps_prints_the_lectures_gradients(capsys):
    """The neuron of the micrograd lecture; the numbers are the lecture's."""
    exec(compile(BLOCKS[ROOT / "docs" / "first_steps.md"][0], "first_steps.md", "exec"), {})
    assert capsys.readouterr().out.split("[")[0].strip() == "0.7071"
