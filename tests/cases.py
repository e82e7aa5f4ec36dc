"""The op table. To test a new op, add one row to its family in `rows/`; every driver picks it up."""

from __future__ import annotations

from case import Case
from rows import (
    activation,
    choosing,
    compare,
    conv,
    elementwise,
    exponential,
    factories,
    gathering,
    grid,
    indexing,
    internal,
    join,
    linalg,
    loss,
    loss_embedding,
    matmul,
    norm,
    norms,
    order,
    pool,
    random,
    reduce,
    repeat,
    resize,
    scan,
    shape,
    sort,
    special,
)

CASES: tuple[Case, ...] = (
    *elementwise.ROWS,
    *order.ROWS,
    *exponential.ROWS,
    *special.ROWS,
    *compare.ROWS,
    *reduce.ROWS,
    *scan.ROWS,
    *sort.ROWS,
    *shape.ROWS,
    *join.ROWS,
    *repeat.ROWS,
    *indexing.ROWS,
    *gathering.ROWS,
    *choosing.ROWS,
    *conv.ROWS,
    *pool.ROWS,
    *resize.ROWS,
    *grid.ROWS,
    *matmul.ROWS,
    *linalg.ROWS,
    *norms.ROWS,
    *activation.ROWS,
    *loss.ROWS,
    *loss_embedding.ROWS,
    *norm.ROWS,
    *factories.ROWS,
    *random.ROWS,
    *internal.ROWS,
)
BY_NAME = {case.name: case for case in CASES}
THROUGH: dict[str, str] = internal.THROUGH
assert len(BY_NAME) == len(CASES), "two rows of one name"
