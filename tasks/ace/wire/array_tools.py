"""Small helpers over Arrow columns and numpy masks that the SE record builders share."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

Keys = NDArray[np.int64]
Mask = NDArray[np.bool_]

PRIVATE = "~"
"""Begins a private reference in the entry record."""

PLACEHOLDER = "000-00-0000"
"""Stands for a Social Security number in every stored batch."""


def as_mask(column: pa.Array) -> Mask:
    """A boolean column as a mask; null is no."""
    if isinstance(column, pa.ChunkedArray):
        column = column.combine_chunks()
    return pc.fill_null(column, False).to_numpy(zero_copy_only=False)


def to_numpy(column: pa.Array | pa.ChunkedArray, dtype: type) -> NDArray:
    if isinstance(column, pa.ChunkedArray):
        column = column.combine_chunks()
    return column.to_numpy(zero_copy_only=False).astype(dtype, copy=False)


def take_rows(column: pa.Array, rows: Mask | Keys) -> pa.Array:
    """Rows of a column by mask or by index."""
    if rows.dtype == np.bool_:
        return column.filter(pa.array(rows)) if not rows.all() else column
    return column.take(pa.array(rows))


def null_outside(rows: Mask, column: pa.Array) -> pa.Array:
    """The column, null where the mask is off."""
    if rows.all():
        return column
    return pc.if_else(pa.array(rows), column, pa.scalar(None, column.type))


def upper_case(column: pa.Array) -> pa.Array:
    """Upper case: CBP takes no other (Batch & Block v23 p.8)."""
    if pa.types.is_dictionary(column.type):
        return pa.DictionaryArray.from_arrays(column.indices, pc.ascii_upper(column.dictionary))
    return pc.ascii_upper(column)


def constant_column(value: str, count: int) -> pa.Array:
    return pa.DictionaryArray.from_arrays(pa.array(np.zeros(count, dtype=np.int32)), pa.array([value]))


def find_rows(known: Keys, wanted: Keys) -> Keys:
    """The row of `known` that holds each wanted value; -1 where there is none."""
    if not len(known):
        return np.full(len(wanted), -1, dtype=np.int64)
    sorter = np.argsort(known, kind="stable")
    found = sorter[np.minimum(np.searchsorted(known, wanted, sorter=sorter), len(known) - 1)]
    return np.where(known[found] == wanted, found, -1)


def with_placeholders(column: pa.Array, kind: pa.Array) -> tuple[pa.Array, Keys, Mask]:
    """Party numbers with the placeholder for private ones; rows that are private; rows that
    hold a Social Security number in the clear (type 34 and no reference)."""
    plain = column.dictionary.take(column.indices) if _coded(column) else column
    sealed = as_mask(pc.starts_with(plain, PRIVATE))
    social = kind.dictionary.take(kind.indices) if _coded(kind) else kind
    clear = as_mask(pc.equal(social, "34")) & as_mask(pc.is_valid(plain)) & ~sealed
    if not sealed.any():
        return column, np.empty(0, dtype=np.int64), clear
    return (pc.if_else(pa.array(sealed), pa.scalar(PLACEHOLDER), plain), np.flatnonzero(sealed), clear)


def _coded(column: pa.Array) -> bool:
    return pa.types.is_dictionary(column.type)
