"""Headers of stored summaries: 10 to 33 under each JB, as columns of the record's entries.

The other way round stand `summary.header` and `summary.manifest`, which write them.
"""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from tasks.ace.answers.column_values import Index, entry_numbers, first_by_owner, is_one_of, take_or_null
from tasks.ace.answers.record_reader import AnswerRecords
from tasks.ace.checker.record_deck import RecordColumns
from tasks.ace.stored_summaries.image_lines import Made, build_table, select_rows
from tasks.entries.api import record_schema

RELEASES = pa.schema([("entry_number", pa.string()), ("release", pa.string())])
"""Entries that a consolidating summary covers (32)."""

_TEN = {
    "entry_type": "entry_type_code",
    "port_of_entry": "district_port_of_entry",
    "mode_of_transport": "mode_of_transport",
    "broker_reference": "broker_reference_number",
    "payment_type": "payment_type_code",
    "bond_waiver_reason": "bond_waiver_reason_code",
    "shipment_usage": "shipment_usage_type_code",
    "deferred_tax": "deferred_tax_payment_code",
    "recon_issue": "reconciliation_issue_code",
}
_TEN_FLAGS = {
    "known_importer": "known_importer_indicator",
    "live_entry": "live_entry_indicator",
    "recon_trade_agreement": "trade_agreement_reconciliation_indicator",
    "tib_declaration": "tib_declaration_indicator",
    "express_informal": "consolidated_express_informal_indicator",
    "consolidating": "consolidated_summary_indicator",
    "expedited_release": "pga_data_included_indicator",
}
"""Y in the 10 record; of the last, F is the weekly zone entry (AE July 2026 p.31)."""

_ELEVEN = {
    "importer_number": "importer_of_record_number",
    "consignee_number": "consignee_number",
    "notify_party": "designated_notify_party_4811_number",
    "import_date": "date_of_importation",
    "estimated_entry_date": "estimated_entry_date",
    "state_of_destination": "u_s_state_of_destination_code",
    "zone_id": "zone_id",
}
_TWENTY = {
    "carrier_code": "carrier_code",
    "port_of_unlading": "district_port_of_unlading",
    "estimated_arrival": "estimated_date_of_arrival",
    "location_of_goods": "location_of_goods_code",
    "conveyance_name": "conveyance_name",
    "vessel_code": "vessel_code",
    "in_bond_date": "in_bond_in_transit_date",
}
_BOND = {
    "bond_type": "bond_type_code",
    "bond_designation": "bond_designation_type_code",
    "bond_supersedes": "continuous_bond_indicator",
    "surety_code": "surety_company_code",
    "bond_amount": "single_transaction_bond_amount",
    "bond_account": "bond_producer_account",
}
_SECOND = {"surety_code": "second_surety", "bond_amount": "second_bond_amount", "bond_account": "second_bond_account"}
_ADDITIONAL = "A"
_INTO_WAREHOUSE = ("21", "22")
_ZONE = "FTZ"
_RELEASES = 6


def read_header(reading: AnswerRecords, head: RecordColumns) -> dict[str, pa.Array]:
    """Columns of the record's entries that stand in the header of each summary."""
    ten = reading.columns(head, "bond_waiver_indicator", *_TEN.values(), *_TEN_FLAGS.values())
    found = {name: ten[field] for name, field in _TEN.items()}
    found |= {name: is_one_of(ten[field], "Y") for name, field in _TEN_FLAGS.items()}
    for record, names in (("11", _ELEVEN), ("20", _TWENTY), ("21", {"voyage": "trip_identifier"})):
        said = single_record_columns(reading, head, record, *names.values())
        found |= {name: said[field] for name, field in names.items()}
    found |= _bonds(reading, head)
    found["bond_type"] = pc.coalesce(found["bond_type"], ten["bond_waiver_indicator"])
    found["importer_type"] = _kind(found["importer_number"])
    found["zone_id"] = pc.binary_join_element_wise(_ZONE, found["zone_id"], "")
    # the goods of a warehouse entry are located by the warehouse (AE July 2026 p.39)
    into = pc.fill_null(is_one_of(found["entry_type"], *_INTO_WAREHOUSE), False)
    nothing = pa.scalar(None, pa.string())
    found["bonded_warehouse"] = pc.if_else(into, found["location_of_goods"], nothing)
    found["location_of_goods"] = pc.if_else(into, nothing, found["location_of_goods"])
    missing = single_record_columns(reading, head, "33", "missing_document_code_1", "missing_document_code_2")
    found["missing_document"], found["missing_document_2"] = missing.values()
    return found | _warehouse(reading, head)


def read_releases(reading: AnswerRecords, head: RecordColumns, names: pa.Array) -> Made:
    """32: up to six entries a record."""
    rows = reading.rows("32")
    owner = reading.owner(rows.at, head.at)
    kept = np.flatnonzero(owner >= 0)
    rows, owner = select_rows(rows, kept), owner[kept]
    release = pa.concat_arrays(
        [
            entry_numbers(rows.raw(f"release_entry_filer_code_{slot}"), rows.raw(f"release_entry_number_{slot}"))
            for slot in range(1, _RELEASES + 1)
        ]
    )
    place = np.tile(np.arange(len(rows)), _RELEASES)
    order = np.lexsort((np.repeat(np.arange(_RELEASES), len(rows)), place))
    order = order[release.is_valid().to_numpy(zero_copy_only=False)[order]]
    place = place[order]
    columns = {"entry_number": take_or_null(names, owner[place]), "release": release.take(pa.array(order))}
    return build_table(RELEASES, columns, len(order)), rows.at[place]


def read_bills(reading: AnswerRecords, head: RecordColumns, names: pa.Array) -> Made:
    """22 and 23: one row a component; the quantity stands on the last one of its group."""
    rows, groups = reading.rows("23"), reading.rows("22")
    owner = reading.owner(rows.at, head.at)
    kept = np.flatnonzero(owner >= 0)
    rows, owner = select_rows(rows, kept), owner[kept]
    said = reading.columns(
        rows, "manifest_component_type_code", "manifest_component_issuer_code", "manifest_component_identifier"
    )
    group = reading.owner(rows.at, groups.at)
    first = np.searchsorted(groups.at, head.at)
    number = group - first[owner] + 1 if len(rows) else group
    size = reading.columns(groups, "manifested_quantity", "manifested_quantity_unit_of_measure_code")
    last = np.append(group[1:] != group[:-1], True) if len(group) else np.zeros(0, dtype=bool)
    place = np.where(last, group, -1)
    columns = {
        "entry_number": take_or_null(names, owner),
        "bill_group": pa.array(number),
        "bill_type": said["manifest_component_type_code"],
        "issuer": said["manifest_component_issuer_code"],
        "bill_number": said["manifest_component_identifier"],
        "quantity": take_or_null(size["manifested_quantity"], place),
        "unit": take_or_null(size["manifested_quantity_unit_of_measure_code"], place),
    }
    return build_table(record_schema("bills"), columns, len(rows)), rows.at


def single_record_columns(reading: AnswerRecords, head: RecordColumns, record: str, *names: str) -> dict[str, pa.Array]:
    """Fields of a record that stands at most once in a summary; of several, of the first."""
    rows = reading.rows(record)
    owner = reading.owner(rows.at, head.at)
    said = reading.columns(rows, *names)
    return {name: _spread(column, owner, len(head)) for name, column in said.items()}


def _spread(column: pa.Array, owner: Index, count: int) -> pa.Array:
    if len(owner) == count and (owner == np.arange(count)).all():
        return column
    return first_by_owner(column, owner, count)


def _bonds(reading: AnswerRecords, head: RecordColumns) -> dict[str, pa.Array]:
    """31: the bond of the summary, and the additional one (designation A)."""
    rows = reading.rows("31")
    said = reading.columns(rows, *_BOND.values())
    owner = reading.owner(rows.at, head.at)
    more = rows.says("bond_designation_type_code", _ADDITIONAL)
    basic, second = np.where(more, -1, owner), np.where(more, owner, -1)
    found = {name: _spread(said[field], basic, len(head)) for name, field in _BOND.items()}
    return found | {name: first_by_owner(said[_BOND[plain]], second, len(head)) for plain, name in _SECOND.items()}


def _warehouse(reading: AnswerRecords, head: RecordColumns) -> dict[str, pa.Array]:
    said = single_record_columns(
        reading,
        head,
        "30",
        "associated_warehouse_entry_filer_code",
        "associated_warehouse_entry_number",
        "associated_warehouse_entry_district_port_code",
        "final_warehouse_withdrawal_indicator",
    )
    filer, number, port, final = said.values()
    whole = pc.binary_join_element_wise(
        filer, pc.utf8_slice_codeunits(number, 0, 7), pc.utf8_slice_codeunits(number, 7, 8), "-"
    )
    return {"warehouse_entry": whole, "warehouse_port": port, "final_withdrawal": is_one_of(final, "Y")}


def _kind(number: pa.Array) -> pa.Array:
    """EI, ANI or 34 by the form of an importer number (AE July 2026 usage note f)."""
    third = pc.utf8_slice_codeunits(number, 2, 3)
    fourth = pc.utf8_slice_codeunits(number, 3, 4)
    kind = pc.if_else(pc.equal(third, "-"), "EI", pc.if_else(pc.equal(fourth, "-"), "34", "ANI"))
    return pc.if_else(pc.is_valid(number), kind, pa.scalar(None, pa.string()))
