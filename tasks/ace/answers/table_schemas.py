"""The tables of an answer as schemas, and parts of them by batch."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import msgspec
import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from tasks.ace.answers.answer_facts import AnswerCondition, EntryAnswer
from tasks.ace.wire.array_tools import Column, one_array
from tasks.ace.wire.table_columns import COLUMN_TYPES, table_schema
from tasks.core.journal.table_columns import arrow_types

_FROM_FILE = ("bills", "events", "agencies", "importers", "unread")


def _columns(struct: type[msgspec.Struct], *omit: str) -> list[tuple[str, pa.DataType]]:
    return [(name, COLUMN_TYPES[kind]) for name, kind in arrow_types(struct, omit).items()]


ANSWER_SCHEMAS: Mapping[str, pa.Schema] = {
    "entries": pa.schema(_columns(EntryAnswer, "conditions")),
    "conditions": pa.schema([("head", pa.int64()), ("block", pa.int32()), *_columns(AnswerCondition, "application")]),
    **{name: table_schema(name) for name in _FROM_FILE},
}
"""Tables of an answer. `record_index` and `head` (the first record of the entry, or -1) count the
file's records from 0; `events.bill` is the `record_index` of its bill."""


ColumnValues = Column | np.ndarray | list | str | int | None
"""A column, or one value for every row."""


@dataclass(frozen=True)
class TablePart:
    """One table over all batches of an application in a file; `batch` ascends, one a row."""

    table: pa.Table
    batch: NDArray[np.int64]

    def of(self, batch: int) -> pa.Table:
        """The rows of one batch."""
        low, high = np.searchsorted(self.batch, [batch, batch + 1])
        return self.table.slice(int(low), int(high - low))


def fill_table(name: str, columns: Mapping[str, ColumnValues], rows: int) -> pa.Table:
    """A table of a schema; columns that are not given are null. Raises KeyError for others."""
    schema = ANSWER_SCHEMAS[name]
    unknown = set(columns) - set(schema.names)
    if unknown:
        raise KeyError(f"{name} has no column {', '.join(sorted(unknown))}")
    arrays = [_column(columns.get(field.name), field.type, rows) for field in schema]
    return pa.Table.from_arrays(arrays, schema=schema)


def stack_tables(name: str, parts: list[tuple[pa.Table, NDArray[np.int64]]], order: str) -> TablePart:
    """Tables of one name over another, sorted by batch and then by a column (`record_index`)."""
    if not parts:
        return TablePart(ANSWER_SCHEMAS[name].empty_table(), np.empty(0, dtype=np.int64))
    table = pa.concat_tables([part for part, _ in parts]).combine_chunks()
    batch = np.concatenate([part for _, part in parts])
    if len(parts) == 1 and (np.diff(batch) >= 0).all():
        return TablePart(table, batch)
    sorter = np.lexsort((table[order].to_numpy(), batch))
    return TablePart(table.take(sorter), batch[sorter])


def _column(values: ColumnValues, kind: pa.DataType, rows: int) -> pa.Array:
    if isinstance(values, pa.Array | pa.ChunkedArray):
        column = one_array(values)
        return column if column.type == kind else column.cast(kind)
    if isinstance(values, np.ndarray | list):
        return pa.array(values, kind)
    return pa.array([values], kind).take(np.zeros(rows, dtype=np.int64))
