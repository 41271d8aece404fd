"""Tables as content: equal rows have equal bytes, so that their digest names them."""

from __future__ import annotations

import io
from collections.abc import Collection

import pyarrow as pa
import pyarrow.parquet as pq

from tasks.core import arrow_compute as pc


def to_bytes(table: pa.Table, schema: pa.Schema) -> bytes:
    """A table as Parquet. One that was read before writes the same bytes as a fresh one."""
    out = io.BytesIO()
    pq.write_table(table.cast(schema).combine_chunks(), out, compression="zstd")
    return out.getvalue()


def select_rows(data: bytes, schema: pa.Schema, **values_by_column: Collection[str]) -> pa.Table:
    """Of a table the columns of `schema`, and the rows whose named columns have one of the values."""
    table = pq.ParquetFile(pa.BufferReader(data)).read(columns=schema.names)
    for name, values in values_by_column.items():
        table = table.filter(pc.is_in(table[name], pa.array(sorted(values), pa.string())))
    return table.cast(schema)


def from_bytes(data: bytes, schema: pa.Schema) -> pa.Table:
    """The table behind `to_bytes`."""
    return pq.ParquetFile(pa.BufferReader(data)).read().cast(schema)
