"""Private fields of the record and their sealing: importer and party numbers that are Social Security numbers,
and the driver's birth date, license and plate."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date

import pyarrow as pa

from tasks.core import arrow_compute as pc
from tasks.core.arrow_compute import to_list
from tasks.core.errors import Refused
from tasks.entries.numbers.importer_numbers import is_ssn_importer
from tasks.entries.record.entry_record import EntryRecord
from tasks.entries.record.record_fields import fields_of
from tasks.security.api import REFERENCE_PREFIX, Vault, is_reference

_IMPORTER_COLUMNS = (
    ("entries", "importer_number"),
    ("entries", "consignee_number"),
    ("entries", "notify_party"),
    ("parties", "number"),
    ("lines", "sold_to"),
    ("lines", "delivered_to"),
)


def private_columns() -> list[tuple[str, str]]:
    """(table, field) of the driver's data, which is purged on schedule."""
    return [(f.table, f.name) for f in fields_of("entries") if f.level == "private" and f.name != "driver_name"]


def seal_record(record: EntryRecord, vault: Vault, purge: date) -> EntryRecord:
    """The record with each private value replaced by its reference. Social Security numbers are
    kept until the entry is filed; driver data until `purge`."""
    for table, name in _IMPORTER_COLUMNS:
        record = _sealed_column(record, table, name, vault, None, only_ssn=True)
    for table, name in private_columns():
        record = _sealed_column(record, table, name, vault, purge, only_ssn=False)
    return record


def _sealed_column(
    record: EntryRecord, table: str, name: str, vault: Vault, purge: date | None, *, only_ssn: bool
) -> EntryRecord:
    rows: pa.Table = getattr(record, table)
    values = to_list(rows[name])
    numbers = to_list(rows["entry_number"])
    private_rows = [
        index
        for index, value in enumerate(values)
        if value and not value.startswith(REFERENCE_PREFIX) and (not only_ssn or is_ssn_importer(value))
    ]
    if not private_rows:
        return record
    references = vault.seal([(numbers[p], f"{table}.{name}", values[p]) for p in private_rows], purge)
    for index, reference in zip(private_rows, references, strict=True):
        values[index] = reference
    return _with_column(record, table, name, pa.array(values, pa.string()))


def private_references(record: EntryRecord) -> Iterator[tuple[str, str, str, str]]:
    """(table, field, entry number, reference) of every private field that holds a reference."""
    for table, name in (*_IMPORTER_COLUMNS, *private_columns()):
        rows: pa.Table = getattr(record, table)
        pairs = zip(pc.to_list(rows["entry_number"]), pc.to_list(rows[name]), strict=True)
        yield from ((table, name, number, value) for number, value in pairs if is_reference(value))


def unseal_record(record: EntryRecord, vault: Vault) -> EntryRecord:
    """The record with the real values, for the desk that gave them. A value that was purged stays empty."""
    for table, name in (*_IMPORTER_COLUMNS, *private_columns()):
        rows: pa.Table = getattr(record, table)
        values = [_unsealed_value(value, vault) for value in to_list(rows[name])]
        record = _with_column(record, table, name, pa.array(values, pa.string()))
    return record


def _unsealed_value(value: str | None, vault: Vault) -> str | None:
    if not is_reference(value) or value is None:
        return value
    try:
        return vault.open(value)
    except Refused:
        return None


def with_ledger_key(record: EntryRecord) -> EntryRecord:
    """Broker reference set to serial and check digit: at most 9 characters, unique for a filer."""
    serial = pc.utf8_slice_codeunits(record.entries["entry_number"], 4, 11)
    check = pc.utf8_slice_codeunits(record.entries["entry_number"], 12, 13)
    joined = pc.binary_join_element_wise(serial, check, "")
    return _with_column(record, "entries", "broker_reference", joined)


def _with_column(record: EntryRecord, table: str, name: str, column: pa.Array | pa.ChunkedArray) -> EntryRecord:
    rows: pa.Table = getattr(record, table)
    index = rows.column_names.index(name)
    changed = rows.set_column(index, rows.schema.field(index), column)
    return EntryRecord.of({**dict(record.items()), table: changed})
