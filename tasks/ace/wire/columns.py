"""One Arrow column as the bytes of one field: text padded, numbers filled, dates as MMDDYY."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from tasks.ace.layout import Field
from tasks.ace.wire.classes import PIVOT, SPACE, Bytes

Wrong = dict[int, tuple[str, dict[str, object]]]
"""Row (0-based) -> the code of what is wrong, as in `Problem`, and its values."""

_FIRST_YEAR, _LAST_YEAR = 1900 + PIVOT, 1999 + PIVOT


def column_bytes(field: Field, column: pa.Array) -> tuple[Bytes, Wrong]:
    """The (n, length) bytes of a column and the rows that cannot be written (blank there).

    Dictionary-encoded columns are written once per distinct value. Raises TypeError for a type
    that no field can hold.
    """
    kind = column.type
    if pa.types.is_dictionary(kind):
        return _dictionary(field, column)
    if pa.types.is_null(kind):
        return np.full((len(column), field.length), SPACE, dtype=np.uint8), {}
    if pa.types.is_string(kind) or pa.types.is_large_string(kind):
        return _padded(field, column)
    if pa.types.is_integer(kind):
        return _number(field, column)
    if pa.types.is_decimal128(kind):
        return _number(field, _unscaled(column))
    if pa.types.is_date(kind):
        return _date(field, column)
    raise TypeError(f"{field.name}: a column of {kind} cannot be written")


def _dictionary(field: Field, column: pa.DictionaryArray) -> tuple[Bytes, Wrong]:
    values, wrong = column_bytes(field, column.dictionary)
    blank = np.full((1, field.length), SPACE, dtype=np.uint8)
    indices = pc.fill_null(column.indices.cast(pa.int32()), len(values)).to_numpy()
    view = np.take(np.concatenate((values, blank)), indices, axis=0)
    if not wrong:
        return view, {}
    rows = np.flatnonzero(np.isin(indices, list(wrong)))
    return view, {int(row): wrong[int(indices[row])] for row in rows}


def _padded(field: Field, text: pa.Array) -> tuple[Bytes, Wrong]:
    """Text to the field's width: left-justified with blanks, or right with zeros or blanks."""
    wrong: Wrong = {}
    lengths = pc.binary_length(text)
    if len(text) and (pc.max(lengths).as_py() or 0) > field.length:
        long = pc.fill_null(pc.greater(lengths, field.length), False)
        for row in np.flatnonzero(long.to_numpy(zero_copy_only=False)):
            wrong[int(row)] = ("value-too-long", {"count": lengths[int(row)].as_py()})
        text = pc.if_else(long, pa.scalar(None, text.type), text)
    if not field.right:
        padded = pc.ascii_rpad(text, field.length, " ")
    else:
        padded = pc.ascii_lpad(text, field.length, "0" if field.cls == "N" else " ")
        if field.cls == "N" and len(text) and (pc.min(lengths).as_py() or 0) == 0:
            padded = pc.if_else(pc.equal(lengths, 0), " " * field.length, padded)
    return _view(pc.fill_null(padded, " " * field.length), field.length), wrong


def _number(field: Field, column: pa.Array) -> tuple[Bytes, Wrong]:
    wrong: Wrong = {}
    negative = pc.fill_null(pc.less(column, 0), False)
    if len(column) and pc.any(negative).as_py():
        for row in np.flatnonzero(negative.to_numpy(zero_copy_only=False)):
            wrong[int(row)] = ("value-negative", {})
        column = pc.if_else(negative, pa.scalar(None, column.type), column)
    view, long = _padded(field, pc.cast(column, pa.string()))
    return view, {**wrong, **long}


def _unscaled(column: pa.Array) -> pa.Array:
    """A decimal column's digits without the point, as text-able integers."""
    scale = column.type.scale
    factor = pa.scalar(10**scale, pa.decimal128(scale + 1, 0))
    whole = pc.multiply(column.cast(pa.decimal128(38 - scale - 2, scale)), factor)
    return pc.cast(whole, pa.int64())


def _date(field: Field, column: pa.Array) -> tuple[Bytes, Wrong]:
    days = pc.cast(column, pa.date32())
    year, month, day = pc.year(days), pc.month(days), pc.day(days)
    wrong: Wrong = {}
    far = pa.scalar(False)
    if field.length not in (6, 8):
        raise TypeError(f"{field.name}: no date fits {field.length} columns")
    if field.length == 6:
        far = pc.fill_null(pc.or_(pc.less(year, _FIRST_YEAR), pc.greater(year, _LAST_YEAR)), False)
        for row in np.flatnonzero(far.to_numpy(zero_copy_only=False)):
            wrong[int(row)] = ("year-out-of-range", {"first": _FIRST_YEAR, "last": _LAST_YEAR})
        year = pc.subtract(year, pc.multiply(pc.divide(year, 100), 100))
    scale = 10 ** (field.length - 4)
    number = pc.add(pc.multiply(pc.add(pc.multiply(month, 100), day), scale), year)
    text = pc.ascii_lpad(pc.cast(number, pa.string()), field.length, "0")
    if wrong:
        text = pc.if_else(far, pa.scalar(None, pa.string()), text)
    return _view(pc.fill_null(text, " " * field.length), field.length), wrong


def _view(text: pa.Array, width: int) -> Bytes:
    """An array of equally long strings as an (n, width) view of its own buffer."""
    if isinstance(text, pa.ChunkedArray):
        text = text.combine_chunks()
    if len(text) == 0:
        return np.empty((0, width), dtype=np.uint8)
    data = np.frombuffer(text.buffers()[2], dtype=np.uint8)
    start = 0 if text.offset == 0 else text.offset * width
    return data[start : start + len(text) * width].reshape(len(text), width)
