"""Single transaction bonds by surety: the list of what each must file before a summary can go.

AE checks a single transaction bond against the surety's eBond: errors 752 to 757 unless one stands
under the entry number with the same type, amount and importer (AE 2026-07 p.156-158).
"""

from __future__ import annotations

import pyarrow as pa

from tasks.ace.wire.table_columns import table_schema
from tasks.core import arrow_compute as pc
from tasks.entries.api import EntryRecord

SURETIES = table_schema("sureties")
_SHARED = ("entry_type", "port_of_entry", "importer_number", "importer_name", "release_date")


def surety_table(record: EntryRecord) -> pa.Table:
    """SURETIES, one row a single transaction bond, by surety and entry number.

    designation: B basic, U substitution, E superseding, A additional. amount: whole dollars.
    """
    entries = record.entries
    single = pc.fill_null(pc.equal(entries["bond_type"], "9"), False)
    second = _column(entries, "second_surety", pa.string())
    basic = _rows(
        entries.filter(single),
        "surety_code",
        "bond_amount",
        "bond_account",
        _column(entries, "bond_designation", pa.string()).filter(single),
    )
    additional = entries.filter(pc.is_valid(second))
    letters = pa.chunked_array([pa.array(["A"] * additional.num_rows, pa.string())])
    second_bonds = _rows(additional, "second_surety", "second_bond_amount", "second_bond_account", letters)
    return pa.concat_tables([basic, second_bonds]).sort_by(
        [("surety_code", "ascending"), ("entry_number", "ascending"), ("designation", "descending")]
    )


def _rows(entries: pa.Table, surety: str, amount: str, account: str, designation: pa.ChunkedArray) -> pa.Table:
    columns = [
        _column(entries, surety, pa.string()),
        entries["entry_number"],
        pc.fill_null(designation, "B"),
        _column(entries, amount, pa.int64()),
        _column(entries, account, pa.string()),
        *(entries[name] for name in _SHARED),
    ]
    return pa.table(columns, schema=SURETIES)


def _column(table: pa.Table, name: str, kind: pa.DataType) -> pa.ChunkedArray:
    if name in table.column_names:
        return table[name]
    return pa.chunked_array([pa.array([None] * table.num_rows, kind)])
