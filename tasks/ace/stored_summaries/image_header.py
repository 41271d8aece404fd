"""Headers of stored summaries: 10 to 33 under each JB, as columns of the record's entries.

The other way round stand `summary.header` and `summary.manifest`, which write them.
"""

from __future__ import annotations

import numpy as np
import pyarrow as pa

from tasks.ace.answers.column_values import Index, entry_numbers, first_by_owner, is_one_of
from tasks.ace.answers.record_reader import AnswerRecords, select_rows
from tasks.ace.checker.record_deck import RecordColumns
from tasks.ace.stored_summaries.image_lines import TableRows, build_table
from tasks.ace.wire.array_tools import NO_TEXT, is_given, take_or_null
from tasks.ace.wire.table_columns import image_fields, table_schema
from tasks.core import arrow_compute as pc
from tasks.entries.api import record_schema

RELEASES = table_schema("releases")
"""Entries that a consolidating summary covers (32)."""

_FIELDS_10 = image_fields("10")
_FLAGS_10 = image_fields("10", "flag")
"""Y in the 10 record; of the last, F is the weekly zone entry (AE July 2026 p.31)."""

_FIELDS_11 = image_fields("11")
_FIELDS_20 = image_fields("20")
_FIELDS_31 = image_fields("31")
_SECOND_BOND = {
    "surety_code": "second_surety",
    "bond_amount": "second_bond_amount",
    "bond_account": "second_bond_account",
}
_ADDITIONAL = "A"
_INTO_WAREHOUSE = ("21", "22")
_ZONE = "FTZ"
_RELEASES = 6


def read_header(reading: AnswerRecords, head: RecordColumns) -> dict[str, pa.Array]:
    """Columns of the record's entries that stand in the header of each summary."""
    ten = reading.columns(head, "bond_waiver_indicator", *_FIELDS_10.values(), *_FLAGS_10.values())
    columns = {name: ten[field] for name, field in _FIELDS_10.items()}
    columns |= {name: is_one_of(ten[field], "Y") for name, field in _FLAGS_10.items()}
    for record, names in (("11", _FIELDS_11), ("20", _FIELDS_20), ("21", {"voyage": "trip_identifier"})):
        fields = single_record_columns(reading, head, record, *names.values())
        columns |= {name: fields[field] for name, field in names.items()}
    columns |= _bonds(reading, head)
    columns["bond_type"] = pc.coalesce(columns["bond_type"], ten["bond_waiver_indicator"])
    columns["importer_type"] = _kind(columns["importer_number"])
    columns["zone_id"] = pc.binary_join_element_wise(_ZONE, columns["zone_id"], "")
    # the goods of a warehouse entry are located by the warehouse (AE July 2026 p.39)
    into = pc.fill_null(is_one_of(columns["entry_type"], *_INTO_WAREHOUSE), False)
    columns["bonded_warehouse"] = pc.if_else(into, columns["location_of_goods"], NO_TEXT)
    columns["location_of_goods"] = pc.if_else(into, NO_TEXT, columns["location_of_goods"])
    missing = single_record_columns(reading, head, "33", "missing_document_code_1", "missing_document_code_2")
    columns["missing_document"], columns["missing_document_2"] = missing.values()
    return columns | _warehouse(reading, head)


def read_releases(reading: AnswerRecords, head: RecordColumns, names: pa.Array) -> TableRows:
    """32: up to six entries a record."""
    rows = reading.rows("32")
    owner = reading.owner(rows.at, head.at)
    inside = np.flatnonzero(owner >= 0)
    rows, owner = select_rows(rows, inside), owner[inside]
    release = pa.concat_arrays(
        [
            entry_numbers(rows.raw(f"release_entry_filer_code_{slot}"), rows.raw(f"release_entry_number_{slot}"))
            for slot in range(1, _RELEASES + 1)
        ]
    )
    row = np.tile(np.arange(len(rows)), _RELEASES)
    order = np.lexsort((np.repeat(np.arange(_RELEASES), len(rows)), row))
    order = order[is_given(release)[order]]
    row = row[order]
    columns = {"entry_number": take_or_null(names, owner[row]), "release": release.take(order)}
    return build_table(RELEASES, columns, len(order)), rows.at[row]


def read_bills(reading: AnswerRecords, head: RecordColumns, names: pa.Array) -> TableRows:
    """22 and 23: one row a component; the quantity stands on the last one of its group."""
    rows, groups = reading.rows("23"), reading.rows("22")
    owner = reading.owner(rows.at, head.at)
    inside = np.flatnonzero(owner >= 0)
    rows, owner = select_rows(rows, inside), owner[inside]
    fields = reading.columns(
        rows, "manifest_component_type_code", "manifest_component_issuer_code", "manifest_component_identifier"
    )
    group = reading.owner(rows.at, groups.at)
    first = np.searchsorted(groups.at, head.at)
    number = group - first[owner] + 1 if len(rows) else group
    size = reading.columns(groups, "manifested_quantity", "manifested_quantity_unit_of_measure_code")
    last = np.append(group[1:] != group[:-1], True) if len(group) else np.zeros(0, dtype=bool)
    group_row = np.where(last, group, -1)
    columns = {
        "entry_number": take_or_null(names, owner),
        "bill_group": pa.array(number),
        "bill_type": fields["manifest_component_type_code"],
        "issuer": fields["manifest_component_issuer_code"],
        "bill_number": fields["manifest_component_identifier"],
        "quantity": take_or_null(size["manifested_quantity"], group_row),
        "unit": take_or_null(size["manifested_quantity_unit_of_measure_code"], group_row),
    }
    return build_table(record_schema("bills"), columns, len(rows)), rows.at


def single_record_columns(reading: AnswerRecords, head: RecordColumns, record: str, *names: str) -> dict[str, pa.Array]:
    """Fields of a record that stands at most once in a summary; of several, of the first."""
    rows = reading.rows(record)
    owner = reading.owner(rows.at, head.at)
    fields = reading.columns(rows, *names)
    return {name: _spread(column, owner, len(head)) for name, column in fields.items()}


def _spread(column: pa.Array, owner: Index, count: int) -> pa.Array:
    if len(owner) == count and (owner == np.arange(count)).all():
        return column
    return first_by_owner(column, owner, count)


def _bonds(reading: AnswerRecords, head: RecordColumns) -> dict[str, pa.Array]:
    """31: the bond of the summary, and the additional one (designation A)."""
    rows = reading.rows("31")
    fields = reading.columns(rows, *_FIELDS_31.values())
    owner = reading.owner(rows.at, head.at)
    is_second = rows.says("bond_designation_type_code", _ADDITIONAL)
    basic, second = np.where(is_second, -1, owner), np.where(is_second, owner, -1)
    columns = {name: _spread(fields[field], basic, len(head)) for name, field in _FIELDS_31.items()}
    return columns | {
        name: first_by_owner(fields[_FIELDS_31[plain]], second, len(head)) for plain, name in _SECOND_BOND.items()
    }


def _warehouse(reading: AnswerRecords, head: RecordColumns) -> dict[str, pa.Array]:
    fields = single_record_columns(
        reading,
        head,
        "30",
        "associated_warehouse_entry_filer_code",
        "associated_warehouse_entry_number",
        "associated_warehouse_entry_district_port_code",
        "final_warehouse_withdrawal_indicator",
    )
    filer, number, port, final = fields.values()
    number_text = pc.binary_join_element_wise(
        filer, pc.utf8_slice_codeunits(number, 0, 7), pc.utf8_slice_codeunits(number, 7, 8), "-"
    )
    return {"warehouse_entry": number_text, "warehouse_port": port, "final_withdrawal": is_one_of(final, "Y")}


def _kind(number: pa.Array) -> pa.Array:
    """EI, ANI or 34 by the form of an importer number (AE July 2026 usage note f)."""
    third = pc.utf8_slice_codeunits(number, 2, 3)
    fourth = pc.utf8_slice_codeunits(number, 3, 4)
    kind = pc.if_else(pc.equal(third, "-"), "EI", pc.if_else(pc.equal(fourth, "-"), "34", "ANI"))
    return pc.if_else(pc.is_valid(number), kind, NO_TEXT)
