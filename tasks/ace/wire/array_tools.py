"""Small helpers over Arrow columns and numpy masks that all readers and writers share."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import cast

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from tasks.core import arrow_compute as pc

Keys = NDArray[np.int64]
Mask = NDArray[np.bool_]
Column = pa.Array | pa.ChunkedArray

PRIVATE = "~"
"""Begins a private reference in the entry record."""

PLACEHOLDER = "000-00-0000"
"""Stands for a Social Security number in every stored batch."""

NO_TEXT = pa.scalar(None, pa.string())


def one_array(column: Column) -> pa.Array:
    """A column in one piece."""
    # pyarrow-stubs 20 let combine_chunks return a chunked array
    return cast(pa.Array, column.combine_chunks()) if isinstance(column, pa.ChunkedArray) else column


def decoded(column: pa.Array) -> pa.Array:
    """A column without its dictionary."""
    return column.dictionary.take(column.indices) if isinstance(column, pa.DictionaryArray) else column


def as_mask(column: Column) -> Mask:
    """A boolean column as a mask; null is no."""
    return pc.fill_null(one_array(column), False).to_numpy(zero_copy_only=False)


def is_given(column: Column) -> Mask:
    return as_mask(pc.is_valid(column))


def texts_among(column: Column, values: Collection[str]) -> Mask:
    """Which rows hold one of the texts."""
    return as_mask(pc.is_in(column, value_set=pa.array(list(values), pa.string())))


def to_numpy(column: Column, dtype: type) -> NDArray:
    return one_array(column).to_numpy(zero_copy_only=False).astype(dtype, copy=False)


def whole_numbers(column: Column, missing: int = 0) -> Keys:
    """Whole numbers with a value in place of nulls."""
    return to_numpy(pc.fill_null(column, missing), np.int64)


def take_rows(column: pa.Array, rows: Mask | Keys) -> pa.Array:
    """Rows of a column by mask or by index."""
    if rows.dtype == np.bool_:
        return column.filter(pa.array(rows)) if not rows.all() else column
    return column.take(pa.array(rows, pa.int64()))


def take_or_null(column: pa.Array, rows: Keys) -> pa.Array:
    """Values at rows; null for a row below zero."""
    return column.take(pa.array(rows, pa.int64(), mask=rows < 0))


def null_outside(rows: Mask, column: pa.Array) -> pa.Array:
    """The column, null where the mask is off."""
    if rows.all():
        return column
    return pc.if_else(pa.array(rows), column, pa.scalar(None, column.type))


def upper_case(column: pa.Array) -> pa.Array:
    """Upper case: CBP takes no other (Batch & Block v23 p.8)."""
    if isinstance(column, pa.DictionaryArray):
        return pa.DictionaryArray.from_arrays(column.indices, pc.ascii_upper(column.dictionary))
    return pc.ascii_upper(column)


def coded_column(codes: NDArray[np.integer] | Mask, values: Sequence[str], absent: Mask | None = None) -> pa.Array:
    """The value of each code (0, 1 ...), null where absent."""
    indices = pa.array(codes.astype(np.int32), pa.int32(), mask=absent)
    return pa.DictionaryArray.from_arrays(indices, pa.array(values))


def constant_column(value: str, count: int) -> pa.Array:
    return coded_column(np.zeros(count, dtype=np.int32), [value])


def flag_column(mask: Mask, value: str = "Y") -> pa.Array:
    """The value where the mask is on, else null."""
    return coded_column(np.zeros(len(mask), dtype=np.int32), [value], ~mask)


def fixed_width_texts(view: NDArray[np.uint8]) -> pa.Array:
    """Each row of an (n, width) matrix of ASCII bytes as a text."""
    offsets = np.arange(0, view.size + 1, view.shape[1], dtype=np.int32)
    text = np.ascontiguousarray(view)
    return pa.StringArray.from_buffers(len(view), pa.py_buffer(offsets.data), pa.py_buffer(text.data))


def find_rows(values: Keys, searched: Keys) -> Keys:
    """The row of `values` that holds each value searched for; -1 where there is none."""
    if not len(values):
        return np.full(len(searched), -1, dtype=np.int64)
    sorter = np.argsort(values, kind="stable")
    rows = sorter[np.minimum(np.searchsorted(values, searched, sorter=sorter), len(values) - 1)]
    return np.where(values[rows] == searched, rows, -1)


def count_within(owner: Keys) -> Keys:
    """0, 1, 2 ... within each run of equal values."""
    row = np.arange(len(owner))
    fresh = np.concatenate(([True], owner[1:] != owner[:-1])) if len(owner) else row == 0
    return row - np.maximum.accumulate(np.where(fresh, row, 0))


def entry_serial(number: pa.Array) -> pa.Array:
    """`XXX-NNNNNNN-C` to the eight characters of the wire form."""
    return pc.binary_join_element_wise(
        pc.utf8_slice_codeunits(number, 4, 11), pc.utf8_slice_codeunits(number, 12, 13), ""
    )


def with_placeholders(column: pa.Array, kind: pa.Array) -> tuple[pa.Array, Keys, Mask]:
    """Party numbers with the placeholder for private ones; rows that are private; rows that
    hold a Social Security number in the clear (type 34 and no reference)."""
    plain = decoded(column)
    sealed = as_mask(pc.starts_with(plain, PRIVATE))
    clear = as_mask(pc.equal(decoded(kind), "34")) & is_given(plain) & ~sealed
    if not sealed.any():
        return column, np.empty(0, dtype=np.int64), clear
    return (pc.if_else(pa.array(sealed), pa.scalar(PLACEHOLDER), plain), np.flatnonzero(sealed), clear)
