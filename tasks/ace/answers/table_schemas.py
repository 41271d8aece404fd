"""The tables of an answer as schemas, and parts of them by batch."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import msgspec
import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from tasks.ace.answers.answer_facts import AnswerCondition, EntryAnswer
from tasks.core.journal.table_columns import arrow_types

MONEY_TYPE = pa.decimal128(14, 2)
TIME = pa.timestamp("s")
_TEXT, _DATE, _FLAG, _NUMBER, _PLACE = (pa.string(), pa.date32(), pa.bool_(), pa.int64(), pa.int32())

_BY_TYPE: Mapping[str, pa.DataType] = {
    "str": _TEXT,
    "date": _DATE,
    "bool": _FLAG,
    "int": _NUMBER,
    "int32": _PLACE,
    "datetime": TIME,
    "decimal": MONEY_TYPE,
}


def _columns(struct: type[msgspec.Struct], *omit: str) -> dict[str, pa.DataType]:
    return {name: _BY_TYPE[kind] for name, kind in arrow_types(struct, omit).items()}


_ENTRIES: Mapping[str, pa.DataType] = _columns(EntryAnswer, "conditions")
_CONDITIONS: Mapping[str, pa.DataType] = {"head": _NUMBER, "block": _PLACE, **_columns(AnswerCondition, "application")}
_BILLS: Mapping[str, pa.DataType] = {
    "head": _NUMBER,
    "entry_number": _TEXT,
    "bill_type": _TEXT,
    "issuer": _TEXT,
    "bill_number": _TEXT,
    "house_issuer": _TEXT,
    "house_number": _TEXT,
    "in_bond_number": _TEXT,
    "in_bond_status": _TEXT,
    "in_bond_type": _TEXT,
    "in_bond_arrival": _DATE,
    "quantity": _NUMBER,
    "unit": _TEXT,
    "manifested": _NUMBER,
    "mode": _TEXT,
    "carrier_code": _TEXT,
    "voyage": _TEXT,
    "arrival_date": _DATE,
    "port": _TEXT,
    "split": _FLAG,
    "code": _TEXT,
    "text": _TEXT,
    "at": TIME,
    "record_index": _NUMBER,
}
_EVENTS: Mapping[str, pa.DataType] = {
    "bill": _NUMBER,
    "entry_number": _TEXT,
    "at": TIME,
    "place": _TEXT,
    "code": _TEXT,
    "text": _TEXT,
    "release_date": _DATE,
    "release_origin": _TEXT,
    "quantity": _NUMBER,
    "number": _TEXT,
    "record_index": _NUMBER,
}
_AGENCIES: Mapping[str, pa.DataType] = {
    "head": _NUMBER,
    "entry_number": _TEXT,
    "agency": _TEXT,
    "program": _TEXT,
    "at": TIME,
    "status": _TEXT,
    "text": _TEXT,
    "line_status": _TEXT,
    "reason": _TEXT,
    "line": _NUMBER,
    "tariff": _NUMBER,
    "pga_line": _NUMBER,
    "last_line": _NUMBER,
    "last_tariff": _NUMBER,
    "last_pga_line": _NUMBER,
    "document_type": _TEXT,
    "hold": _TEXT,
    "version": _TEXT,
    "latest": _FLAG,
    "sub_reasons": _TEXT,
    "references": _TEXT,
    "comments": _TEXT,
    "record_index": _NUMBER,
}
_IMPORTERS: Mapping[str, pa.DataType] = {
    "importer_number": _TEXT,
    "status": _TEXT,
    "code": _TEXT,
    "name": _TEXT,
    "legal_name": _TEXT,
    "second_name": _TEXT,
    "center": _TEXT,
    "surety_code": _TEXT,
    "activity": _TEXT,
    "bond_number": _TEXT,
    "bond_amount": _NUMBER,
    "bond_port": _TEXT,
    "bond_from": _DATE,
    "bond_until": _DATE,
    "sufficient": _FLAG,
    "user_active": _FLAG,
    "user_until": _DATE,
    "periodic_monthly": _FLAG,
    "mail_address": _TEXT,
    "mail_city": _TEXT,
    "mail_state": _TEXT,
    "mail_postal_code": _TEXT,
    "address": _TEXT,
    "city": _TEXT,
    "state": _TEXT,
    "postal_code": _TEXT,
    "record_index": _NUMBER,
}
_UNREAD: Mapping[str, pa.DataType] = {"record_index": _NUMBER, "block": _PLACE, "text": _TEXT}

ANSWER_SCHEMAS: Mapping[str, pa.Schema] = {
    name: pa.schema(list(columns.items()))
    for name, columns in (
        ("entries", _ENTRIES),
        ("conditions", _CONDITIONS),
        ("bills", _BILLS),
        ("events", _EVENTS),
        ("agencies", _AGENCIES),
        ("importers", _IMPORTERS),
        ("unread", _UNREAD),
    )
}
"""Tables of an answer. `record_index` and `head` (the first record of the entry, or -1) count the
file's records from 0; `events.bill` is the `record_index` of its bill."""


@dataclass(frozen=True)
class TablePart:
    """One table over all batches of an application in a file; `batch` ascends, one a row."""

    table: pa.Table
    batch: NDArray[np.int64]

    def of(self, batch: int) -> pa.Table:
        """The rows of one batch."""
        low, high = np.searchsorted(self.batch, [batch, batch + 1])
        return self.table.slice(int(low), int(high - low))


def fill_table(name: str, columns: Mapping[str, pa.Array], rows: int) -> pa.Table:
    """A table of a schema; columns that are not given are null. Raises KeyError for others."""
    schema = ANSWER_SCHEMAS[name]
    unknown = set(columns) - set(schema.names)
    if unknown:
        raise KeyError(f"{name} has no column {', '.join(sorted(unknown))}")
    made = [_as(columns[one.name], one.type) if one.name in columns else pa.nulls(rows, one.type) for one in schema]
    return pa.Table.from_arrays(made, schema=schema)


def stack_tables(name: str, parts: list[tuple[pa.Table, NDArray[np.int64]]], order: str) -> TablePart:
    """Tables of one name over another, sorted by batch and then by a column (`record_index`)."""
    if not parts:
        return TablePart(ANSWER_SCHEMAS[name].empty_table(), np.empty(0, dtype=np.int64))
    table = pa.concat_tables([one for one, _ in parts]).combine_chunks()
    batch = np.concatenate([one for _, one in parts])
    if len(parts) == 1 and (np.diff(batch) >= 0).all():
        return TablePart(table, batch)
    sorter = np.lexsort((table[order].to_numpy(), batch))
    return TablePart(table.take(pa.array(sorter)), batch[sorter])


def _as(column: pa.Array | pa.ChunkedArray, kind: pa.DataType) -> pa.Array:
    if isinstance(column, pa.ChunkedArray):
        column = column.combine_chunks()
    return column if column.type == kind else column.cast(kind)
