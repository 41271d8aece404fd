"""Records as columns: a table becomes an (n, 80) byte matrix and back, a field at a time.

No loop runs over records. Field names, positions and classes come from `layout.py`. A table's
columns are the layout's fields that are neither filler nor constant; one that is not given, or a
null in it, is blank. Numbers that are not used are blank, never zero (CATAIR SE v40 p.21).
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from tasks.ace.layout import WIDTH, Field, Layout
from tasks.ace.wire.classes import (
    KINDS,
    PIVOT,
    SPACE,
    Bytes,
    Faults,
    check,
    digit,
    faulty,
    impossible_date,
    is_blank,
)
from tasks.ace.wire.columns import Wrong, column_bytes
from tasks.ace.wire.records import read_records, write_records
from tasks.shared.errors import BadInput, Problem

__all__ = [
    "KINDS",
    "Faults",
    "check",
    "decode",
    "encode",
    "read_records",
    "write_records",
]

Columns = pa.Table | Mapping[str, pa.Array | pa.ChunkedArray]

_WANTED = {
    "A": "letters A-Z",
    "AN": "letters A-Z, digits and blanks",
    "N": "digits",
    "SN": "digits",
    "D": "a date MMDDYY",
    "X": "upper-case letters, digits and keyboard characters",
}


def encode(layout: Layout, table: Columns) -> Bytes:
    """The (n, 80) records of a table whose columns are named as the layout's fields.

    Takes text, integers, dates (MMDDYY, or MMDDCCYY where the field has eight columns) and
    decimals (written without their point), plain or dictionary-encoded. Raises BadInput with
    every value that does not fit: `row` counts the table's rows from 1, `column` is the field.
    """
    given = _columns(layout, table)
    rows = len(next(iter(given.values()))) if given else 0
    matrix = np.full((rows, WIDTH), SPACE, dtype=np.uint8)
    problems: list[Problem] = []
    for field in layout.fields:
        if field.constant:
            matrix[:, field.span] = np.frombuffer(field.constant.encode("ascii"), dtype=np.uint8)
        elif field.name in given:
            column = given[field.name]
            if column.null_count == len(column) and not field.required:
                continue  # blank already, as most fields of most records are
            view, wrong = column_bytes(field, column)
            wrong = {**wrong, **_faults(field, view, wrong)}
            problems.extend(_problem(layout, field, column, *item) for item in wrong.items())
            matrix[:, field.span] = view
        elif field.required and rows:
            problems.append(
                Problem(sheet=layout.title, column=field.name, code="required-field-blank")
            )
    if problems:
        problems.sort(key=lambda problem: problem.row)
        raise BadInput(
            "values-not-encodable", problems, title=layout.title, problems_count=len(problems)
        )
    return matrix


def decode(layout: Layout, matrix: Bytes, typed: bool = False) -> pa.Table:
    """The table of (n, 80) records: text without its padding, null where blank.

    `typed` gives int64 for N and (S)N and date32 for dates (years 1970-2069); a value that is no
    number or no date becomes null there: run `check` first. A byte outside ASCII reads as `?`.
    """
    columns = {
        field.name: _typed(field, matrix[:, field.span]) if typed else _text(field, matrix)
        for field in layout.data_fields
    }
    return pa.table(columns)


def _columns(layout: Layout, table: Columns) -> dict[str, pa.Array]:
    names = list(table) if isinstance(table, Mapping) else table.column_names
    unknown = set(names) - {field.name for field in layout.data_fields}
    if unknown:
        raise KeyError(f"{layout.title} has no field {', '.join(sorted(unknown))}")
    columns = {name: _plain(table[name]) for name in names}
    if len({len(column) for column in columns.values()}) > 1:
        raise ValueError(f"{layout.title}: columns of different length")
    return columns


def _plain(column: pa.Array | pa.ChunkedArray) -> pa.Array:
    if isinstance(column, pa.ChunkedArray):
        return column.combine_chunks() if column.num_chunks != 1 else column.chunk(0)
    return column


def _faults(field: Field, view: Bytes, known: Wrong) -> Wrong:
    """Rows whose bytes are not of the class, are no date, or are blank where a value must be."""
    faults: Wrong = {}
    allowed: dict[str, object] = {"allowed": _WANTED[field.cls]}
    for row in np.flatnonzero(faulty(field, view)):
        faults[int(row)] = ("value-characters-invalid", allowed)
    if field.is_date:
        for row in np.flatnonzero(impossible_date(view)):
            faults[int(row)] = ("date-not-in-calendar", {})
    if field.required:
        for row in np.flatnonzero(is_blank(view)):
            faults[int(row)] = ("required-value-missing", allowed)
    return {row: fault for row, fault in faults.items() if row not in known}


def _problem(
    layout: Layout, field: Field, column: pa.Array, row: int, fault: tuple[str, dict[str, object]]
) -> Problem:
    value = column[row].as_py()
    code, values = fault
    return Problem(
        sheet=layout.title,
        row=row + 1,
        column=field.name,
        value="" if value is None else str(value),
        code=code,
        values={**values, "length": field.length},
    )


def _text(field: Field, matrix: Bytes) -> pa.Array:
    view = np.ascontiguousarray(matrix[:, field.span])
    high = view > 126
    if high.any():
        view[high] = ord("?")
    offsets = np.arange(0, view.size + 1, field.length, dtype=np.int32)
    padded = pa.StringArray.from_buffers(len(view), pa.py_buffer(offsets), pa.py_buffer(view))
    trim = pc.ascii_ltrim if field.right else pc.ascii_rtrim
    text = trim(padded, " ")
    return pc.if_else(pc.equal(text, ""), pa.scalar(None, pa.string()), text)


def _typed(field: Field, view: Bytes) -> pa.Array:
    if field.is_date:
        return _dates(view)
    if field.cls not in ("N", "SN"):
        return _text_view(field, view)
    blank = view == SPACE
    number = np.where(blank, 0, view - np.uint8(48)).astype(np.int64)
    value = number @ (10 ** np.arange(field.length - 1, -1, -1, dtype=np.int64))
    return pa.array(value, mask=faulty(field, view) | blank.all(axis=1))


def _text_view(field: Field, view: Bytes) -> pa.Array:
    whole = np.full((len(view), WIDTH), SPACE, dtype=np.uint8)
    whole[:, field.span] = view
    return _text(field, whole)


def _dates(view: Bytes) -> pa.Array:
    good = digit(view).all(axis=1) & ~impossible_date(view)
    pair = (view - np.uint8(48)).astype(np.int64).reshape(len(view), 3, 2) @ np.array([10, 1])
    month, day, year = (np.where(good, pair[:, k], 1) for k in range(3))
    months = (np.where(year < PIVOT, year + 2000, year + 1900) - 1970) * 12 + month - 1
    days = months.astype("datetime64[M]").astype("datetime64[D]").astype(np.int64) + day - 1
    return pa.array(days.astype("datetime64[D]"), mask=~good)
