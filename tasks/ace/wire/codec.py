"""Records as columns: a table becomes an (n, 80) byte matrix and back, a field at a time.

No loop runs over records. Field names, positions and classes come from `layout.py`. A table's
columns are the layout's fields that are neither filler nor constant; one that is not given, or a
null in it, is blank. Numbers that are not used are blank, never zero (CATAIR SE v40 p.21).

One Arrow column as the bytes of one field: text padded, numbers filled, dates as MMDDYY.

Reading files that may be damaged: as many records as there are, and what keeps the rest back.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pyarrow as pa

from tasks.ace.wire.array_tools import NO_TEXT, as_mask, fixed_width_texts, one_array
from tasks.ace.wire.check_conditions import FileFinding, make_finding
from tasks.ace.wire.data_classes import BLANK_BYTE, PIVOT, Bytes, digit_bytes, faulty_rows, impossible_date, is_blank
from tasks.ace.wire.record_files import read_records
from tasks.ace.wire.record_layouts import RECORD_WIDTH, LayoutField, RecordLayout
from tasks.core import arrow_compute as pc
from tasks.core.errors import BadInput, Problem


def read_damaged(content: bytes) -> tuple[Bytes, list[FileFinding]]:
    """The (n, 80) records of a file and C001, C003 or X42 for what cannot be read of it.

    A short last record is left out. Of a file with a line over 80 characters nothing is read,
    since no record in it is sure.
    """
    nothing = np.empty((0, RECORD_WIDTH), dtype=np.uint8)
    if not content.strip(b" \r\n\x1a\0\t"):
        return nothing, [make_finding(0, 0, "C001")]
    try:
        return read_records(content), []
    except BadInput as refused:
        problems = refused.problems
    # A finding has the text of its condition; what the problem says stands after it.
    if any(problem.code == "X42" for problem in problems):
        count = len(content) // RECORD_WIDTH
        matrix = np.frombuffer(content[: count * RECORD_WIDTH], dtype=np.uint8).reshape(-1, RECORD_WIDTH)
        return matrix, [make_finding(count, 0, "X42", detail=problems[0].wrong)]
    return nothing, [make_finding(problem.row - 1, 0, "C003", detail=problem.wrong) for problem in problems]


ValueFaults = dict[int, tuple[str, dict[str, object]]]
"""Row (0-based) -> the code of what is wrong, as in `Problem`, and its values."""

_FIRST_YEAR, _LAST_YEAR = 1900 + PIVOT, 1999 + PIVOT


def column_bytes(field: LayoutField, column: pa.Array) -> tuple[Bytes, ValueFaults]:
    """The (n, length) bytes of a column and the rows that cannot be written (blank there).

    Dictionary-encoded columns are written once per distinct value. Raises TypeError for a type
    that no field can hold.
    """
    kind = column.type
    if isinstance(column, pa.DictionaryArray):
        return _dictionary(field, column)
    if pa.types.is_null(kind):
        return np.full((len(column), field.length), BLANK_BYTE, dtype=np.uint8), {}
    if pa.types.is_string(kind) or pa.types.is_large_string(kind):
        return _padded(field, column)
    if pa.types.is_integer(kind):
        return _number(field, column)
    if pa.types.is_decimal128(kind):
        return _number(field, _unscaled(column))
    if pa.types.is_date(kind):
        return _date(field, column)
    raise TypeError(f"{field.name}: a column of {kind} cannot be written")


def _dictionary(field: LayoutField, column: pa.DictionaryArray) -> tuple[Bytes, ValueFaults]:
    values, faults = column_bytes(field, column.dictionary)
    blank = np.full((1, field.length), BLANK_BYTE, dtype=np.uint8)
    indices = pc.fill_null(column.indices.cast(pa.int32()), len(values)).to_numpy()
    view = np.take(np.concatenate((values, blank)), indices, axis=0)
    if not faults:
        return view, {}
    rows = np.flatnonzero(np.isin(indices, list(faults)))
    return view, {int(row): faults[int(indices[row])] for row in rows}


def _padded(field: LayoutField, text: pa.Array) -> tuple[Bytes, ValueFaults]:
    """Text to the field's width: left-justified with blanks, or right with zeros or blanks."""
    faults: ValueFaults = {}
    lengths = pc.binary_length(text)
    if len(text) and (pc.max(lengths).as_py() or 0) > field.length:
        too_long = pc.fill_null(pc.greater(lengths, field.length), False)
        for row in np.flatnonzero(as_mask(too_long)):
            faults[int(row)] = ("value-too-long", {"count": lengths[int(row)].as_py()})
        text = pc.if_else(too_long, pa.scalar(None, text.type), text)
    if not field.right:
        padded = pc.ascii_rpad(text, field.length, " ")
    else:
        padded = pc.ascii_lpad(text, field.length, "0" if field.cls == "N" else " ")
        if field.cls == "N" and len(text) and (pc.min(lengths).as_py() or 0) == 0:
            padded = pc.if_else(pc.equal(lengths, 0), " " * field.length, padded)
    return _view(pc.fill_null(padded, " " * field.length), field.length), faults


def _number(field: LayoutField, column: pa.Array) -> tuple[Bytes, ValueFaults]:
    faults: ValueFaults = {}
    negative = pc.fill_null(pc.less(column, 0), False)
    if len(column) and pc.any(negative).as_py():
        for row in np.flatnonzero(as_mask(negative)):
            faults[int(row)] = ("value-negative", {})
        column = pc.if_else(negative, pa.scalar(None, column.type), column)
    view, length_faults = _padded(field, pc.cast(column, pa.string()))
    return view, {**faults, **length_faults}


def _unscaled(column: pa.Array) -> pa.Array:
    """A decimal column's digits without the point, as text-able integers."""
    scale = column.type.scale
    factor = pa.scalar(10**scale, pa.decimal128(scale + 1, 0))
    unscaled = pc.multiply(column.cast(pa.decimal128(38 - scale - 2, scale)), factor)
    return pc.cast(unscaled, pa.int64())


def _date(field: LayoutField, column: pa.Array) -> tuple[Bytes, ValueFaults]:
    days = pc.cast(column, pa.date32())
    year, month, day = pc.year(days), pc.month(days), pc.day(days)
    faults: ValueFaults = {}
    out_of_range = pa.scalar(False)
    if field.length not in (6, 8):
        raise TypeError(f"{field.name}: no date fits {field.length} columns")
    if field.length == 6:
        out_of_range = pc.fill_null(pc.or_(pc.less(year, _FIRST_YEAR), pc.greater(year, _LAST_YEAR)), False)
        for row in np.flatnonzero(as_mask(out_of_range)):
            faults[int(row)] = ("year-out-of-range", {"first": _FIRST_YEAR, "last": _LAST_YEAR})
        year = pc.subtract(year, pc.multiply(pc.divide(year, 100), 100))
    scale = 10 ** (field.length - 4)
    number = pc.add(pc.multiply(pc.add(pc.multiply(month, 100), day), scale), year)
    text = pc.ascii_lpad(pc.cast(number, pa.string()), field.length, "0")
    if faults:
        text = pc.if_else(out_of_range, NO_TEXT, text)
    return _view(pc.fill_null(text, " " * field.length), field.length), faults


def _view(text: pa.Array, width: int) -> Bytes:
    """An array of equally long strings as an (n, width) view of its own buffer."""
    if len(text) == 0:
        return np.empty((0, width), dtype=np.uint8)
    content = np.asarray(text.buffers()[2]).view(np.uint8)
    start = 0 if text.offset == 0 else text.offset * width
    return content[start : start + len(text) * width].reshape(len(text), width)


Columns = pa.Table | Mapping[str, pa.Array | pa.ChunkedArray]

_CLASS_CHARACTERS = {
    "A": "letters A-Z",
    "AN": "letters A-Z, digits and blanks",
    "N": "digits",
    "SN": "digits",
    "D": "a date MMDDYY",
    "X": "upper-case letters, digits and keyboard characters",
}


def encode_records(layout: RecordLayout, table: Columns) -> Bytes:
    """The (n, 80) records of a table whose columns are named as the layout's fields.

    Takes text, integers, dates (MMDDYY, or MMDDCCYY where the field has eight columns) and
    decimals (written without their point), plain or dictionary-encoded. Raises BadInput with
    every value that does not fit: `row` counts the table's rows from 1, `column` is the field.
    """
    columns = _columns(layout, table)
    rows = len(next(iter(columns.values()))) if columns else 0
    matrix = np.full((rows, RECORD_WIDTH), BLANK_BYTE, dtype=np.uint8)
    problems: list[Problem] = []
    for field in layout.fields:
        if field.constant:
            matrix[:, field.span] = np.frombuffer(field.constant.encode("ascii"), dtype=np.uint8)
        elif field.name in columns:
            column = columns[field.name]
            if column.null_count == len(column) and not field.required:
                continue  # blank already, as most fields of most records are
            view, faults = column_bytes(field, column)
            faults = {**faults, **_faults(field, view, faults)}
            problems.extend(_problem(layout, field, column, *fault) for fault in faults.items())
            matrix[:, field.span] = view
        elif field.required and rows:
            problems.append(Problem(sheet=layout.title, column=field.name, code="required-field-blank"))
    if problems:
        problems.sort(key=lambda problem: problem.row)
        raise BadInput("values-not-encodable", problems, title=layout.title, problems_count=len(problems))
    return matrix


def decode_records(layout: RecordLayout, matrix: Bytes, typed: bool = False) -> pa.Table:
    """The table of (n, 80) records: text without its padding, null where blank.

    `typed` gives int64 for N and (S)N and date32 for dates (years 1970-2069); a value that is no
    number or no date becomes null there: run `check` first. A byte outside ASCII reads as `?`.
    """
    columns = {
        field.name: _typed(field, matrix[:, field.span]) if typed else _text(field, matrix)
        for field in layout.data_fields
    }
    return pa.table(columns)


def _columns(layout: RecordLayout, table: Columns) -> dict[str, pa.Array]:
    names = list(table) if isinstance(table, Mapping) else table.column_names
    unknown = set(names) - {field.name for field in layout.data_fields}
    if unknown:
        raise KeyError(f"{layout.title} has no field {', '.join(sorted(unknown))}")
    columns = {name: one_array(table[name]) for name in names}
    if len({len(column) for column in columns.values()}) > 1:
        raise ValueError(f"{layout.title}: columns of different length")
    return columns


def _faults(field: LayoutField, view: Bytes, noted: ValueFaults) -> ValueFaults:
    """Rows whose bytes are not of the class, are no date, or are blank where a value must be."""
    faults: ValueFaults = {}
    allowed: dict[str, object] = {"allowed": _CLASS_CHARACTERS[field.cls]}
    for row in np.flatnonzero(faulty_rows(field, view)):
        faults[int(row)] = ("value-characters-invalid", allowed)
    if field.is_date:
        for row in np.flatnonzero(impossible_date(view)):
            faults[int(row)] = ("date-not-in-calendar", {})
    if field.required:
        for row in np.flatnonzero(is_blank(view)):
            faults[int(row)] = ("required-value-missing", allowed)
    return {row: fault for row, fault in faults.items() if row not in noted}


def _problem(
    layout: RecordLayout, field: LayoutField, column: pa.Array, row: int, fault: tuple[str, dict[str, object]]
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


def _text(field: LayoutField, matrix: Bytes) -> pa.Array:
    view = np.ascontiguousarray(matrix[:, field.span])
    high = view > 126
    if high.any():
        view[high] = ord("?")
    padded = fixed_width_texts(view)
    trim = pc.ascii_ltrim if field.right else pc.ascii_rtrim
    text = trim(padded, " ")
    return pc.if_else(pc.equal(text, ""), NO_TEXT, text)


def _typed(field: LayoutField, view: Bytes) -> pa.Array:
    if field.is_date:
        return _dates(view)
    if field.cls not in ("N", "SN"):
        return _text_view(field, view)
    blank = view == BLANK_BYTE
    number = np.where(blank, 0, view - np.uint8(48)).astype(np.int64)
    value = number @ (10 ** np.arange(field.length - 1, -1, -1, dtype=np.int64))
    return pa.array(value, mask=faulty_rows(field, view) | blank.all(axis=1))


def _text_view(field: LayoutField, view: Bytes) -> pa.Array:
    record = np.full((len(view), RECORD_WIDTH), BLANK_BYTE, dtype=np.uint8)
    record[:, field.span] = view
    return _text(field, record)


def _dates(view: Bytes) -> pa.Array:
    good = digit_bytes(view).all(axis=1) & ~impossible_date(view)
    pair = (view - np.uint8(48)).astype(np.int64).reshape(len(view), 3, 2) @ np.array([10, 1])
    month, day, year = (np.where(good, pair[:, k], 1) for k in range(3))
    months = (np.where(year < PIVOT, year + 2000, year + 1900) - 1970) * 12 + month - 1
    days = months.astype("datetime64[M]").astype("datetime64[D]").astype(np.int64) + day - 1
    return pa.array(days.astype("datetime64[D]"), mask=~good)
