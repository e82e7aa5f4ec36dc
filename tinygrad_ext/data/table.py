"""Reader of tables: a CSV file with numbers and categories becomes a tensor of features."""

from __future__ import annotations

import math
import os
from collections.abc import Mapping, Sequence
from typing import NamedTuple, NoReturn

import numpy as np

from tinygrad_ext._core import Tensor, from_numpy

Rows = Sequence[Mapping[str, str]]


class Table(NamedTuple):
    """A table as tensors, with the record of how it was encoded.

    Attributes
    ----------
    features : Tensor, float32 [N, F]
        Numbers as they are; a category as one column per value, 1 where the row has it and 0 elsewhere.
    target : Tensor, float32 [N], or None
    names : list of str
        Of the F columns: ``size``, or ``area=94110`` for a category's.
    categories : dict from str to list of str
        The values of each categorical column, sorted; their order is that of the columns.
    """

    features: Tensor
    target: Tensor | None
    names: list[str]
    categories: dict[str, list[str]]


def csv(
    path: str | os.PathLike[str],
    target: str | None = None,
    categorical: Sequence[str] | Mapping[str, Sequence[str]] = (),
    *,
    delimiter: str = ",",
) -> Table:
    """Read a table from a CSV file (RFC 4180) whose first line names the columns.

    Parameters
    ----------
    path : path
        Text in UTF-8.
    target : str, optional
        The column to predict, which must be a number.
    categorical : sequence of str, or mapping from str to sequence of str
        The columns that are categories and not numbers, such as an area code. A mapping, such as another
        table's `categories`, gives their values as well, so that new rows are encoded as those before.
    delimiter : str, default ","

    Returns
    -------
    Table

    Raises
    ------
    FileNotFoundError
        If there is no such file; says what is expected there.
    ValueError
        If a value is missing, not a finite number or a category not known: names line, column and value. If
        a row has too many or too few values, a column is not there or twice, the file is empty or not text.

    Examples
    --------
    >>> houses = tg.data.csv("houses.csv", target="price", categorical=["area"])  # doctest: +SKIP
    >>> houses.names  # doctest: +SKIP
    ['area=94110', 'area=94114', 'size']
    """
    header, rows = _read(path, delimiter)
    wanted = [*categorical, *([] if target is None else [target])]
    for name in wanted:
        if name not in header:
            _refuse(path, f"no column {name!r}; the columns are {', '.join(header)}")
    if target in categorical:
        _refuse(path, f"the target {target!r} cannot be categorical")
    given = categorical if isinstance(categorical, Mapping) else {}
    names, columns, categories = [], [], {}
    for at, name in enumerate(header):
        if name == target:
            continue
        if name not in categorical:
            names.append(name)
            columns.append(_numbers(path, name, at, rows))
            continue
        values = [row[at] for _, row in rows]
        known = sorted(set(values)) if name not in given else list(given[name])
        categories[name] = known
        number = {value: i for i, value in enumerate(known)}
        for (line, _), value in zip(rows, values, strict=True):
            if value not in number:
                _refuse(
                    path,
                    f"line {line}, column {name!r}: unknown category {value!r}; known: {', '.join(known)}",
                )
        chosen = np.array([number[value] for value in values])
        names += [f"{name}={value}" for value in known]
        columns += [(chosen == i).astype(np.float32) for i in range(len(known))]
    if not columns:
        _refuse(path, "no columns beside the target")
    goal = None if target is None else from_numpy(_numbers(path, target, header.index(target), rows))
    return Table(from_numpy(np.stack(columns, axis=1)), goal, names, categories)


def _read(path: str | os.PathLike[str], delimiter: str) -> tuple[list[str], list[tuple[int, list[str]]]]:
    import csv as reader

    try:
        with open(path, encoding="utf-8-sig", newline="") as file:
            lines = reader.reader(file, delimiter=delimiter, strict=True)
            header = [name.strip() for name in next(lines, [])]
            rows = [(lines.line_num, [value.strip() for value in row]) for row in lines if row]
    except FileNotFoundError:
        raise FileNotFoundError(
            f"{os.fspath(path)}: no such file; put a CSV file there whose first line names the columns"
        ) from None
    except UnicodeDecodeError as error:
        _refuse(path, f"at byte {error.start}: expected text in UTF-8, got {error.object[error.start]:#04x}")
    except reader.Error as error:
        _refuse(path, f"line {lines.line_num}: {error}")
    if not rows:
        _refuse(path, "expected a line of column names and rows below it, got none")
    if len(set(header)) < len(header):
        _refuse(path, f"column names must differ, got {', '.join(header)}")
    for line, row in rows:
        if len(row) != len(header):
            _refuse(path, f"line {line}: expected {len(header)} values, got {len(row)}")
        if "" in row:
            name = header[row.index("")]
            _refuse(
                path, f"line {line}, column {name!r}: the value is missing; fill it in or leave out the row"
            )
    return header, rows


def _numbers(
    path: str | os.PathLike[str], name: str, at: int, rows: list[tuple[int, list[str]]]
) -> np.ndarray[tuple[int], np.dtype[np.float32]]:
    values = np.empty(len(rows), dtype=np.float32)
    for i, (line, row) in enumerate(rows):
        try:
            value = float(row[at])
        except ValueError:
            value = math.nan
        if not abs(value) <= float(np.finfo(np.float32).max):
            _refuse(
                path,
                f"line {line}, column {name!r}: expected a number, got {row[at]!r}; "
                "a column of categories is named in `categorical`",
            )
        values[i] = value
    return values


def _refuse(path: str | os.PathLike[str], problem: str) -> NoReturn:
    raise ValueError(f"{os.fspath(path)}: {problem}")
