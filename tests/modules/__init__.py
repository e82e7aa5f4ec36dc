"""The module table: one row per layer, with small sizes, run here and in PyTorch."""

from __future__ import annotations

from modules import activations, attention, containers, layers, losses, recurrent, windows
from modules.row import Row

ROWS: tuple[Row, ...] = (
    *layers.ROWS,
    *windows.ROWS,
    *activations.ROWS,
    *losses.ROWS,
    *recurrent.ROWS,
    *attention.ROWS,
    *containers.ROWS,
)
BY_NAME = {row.name: row for row in ROWS}
assert len(BY_NAME) == len(ROWS), "two rows of one name"
