"""The op table. To test a new op, add one row to its family in `rows/`; every driver picks it up."""

from __future__ import annotations

from case import Case
from rows import compare, elementwise, factories, functional, indexing, internal, reduce, shape

CASES: tuple[Case, ...] = (
    *elementwise.ROWS,
    *compare.ROWS,
    *reduce.ROWS,
    *shape.ROWS,
    *indexing.ROWS,
    *functional.ROWS,
    *factories.ROWS,
    *internal.ROWS,
)
BY_NAME = {case.name: case for case in CASES}
THROUGH: dict[str, str] = internal.THROUGH
assert len(BY_NAME) == len(CASES), "two rows of one name"
