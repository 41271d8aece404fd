"""Tables as content: equal rows have equal bytes, so that their digest names them."""

from __future__ import annotations

import io

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq


def to_bytes(table: pa.Table, schema: pa.Schema) -> bytes:
    """A table as Parquet. One that was read before writes the same bytes as a fresh one."""
    out = io.BytesIO()
    pq.write_table(table.cast(schema).combine_chunks(), out, compression="zstd")
    return out.getvalue()


def some(data: bytes, schema: pa.Schema, which: pc.Expression) -> pa.Table:
    """The rows of a table that `which` chooses, in the columns of `schema`; no others are kept."""
    return pq.read_table(pa.BufferReader(data), columns=schema.names, filters=which).cast(schema)


def from_bytes(data: bytes, schema: pa.Schema) -> pa.Table:
    """The table behind `to_bytes`."""
    return pq.ParquetFile(pa.BufferReader(data)).read().cast(schema)
