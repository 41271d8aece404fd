"""AE records of the whole summary before its lines: 10, 11, 20 and 21.

AE 2026-07 p.26-57. SE16, SE17 and SE20 only where the summary is certified for cargo release.

AE manifest groups: 22 and 23, with SE16 and SE17 of certified summaries (AE 2026-07 p.43-47).

A simple bill (R) or an express tracking number (T) of the record is a master bill here; the issuer
is left out for the modes that do not take one (p.148-155).
"""

from __future__ import annotations

import numpy as np
import pyarrow as pa

from tasks.ace.cargo_release.se_bills import BillGroups, conveyances, equipment
from tasks.ace.cargo_release.se_header import refuse_clear_ssn
from tasks.ace.entry_summary.summary_amounts import estimated_entry_date
from tasks.ace.entry_summary.summary_slices import SummarySlice, used_layout
from tasks.ace.wire.array_tools import (
    PLACEHOLDER,
    PRIVATE,
    Keys,
    Mask,
    as_mask,
    coded_column,
    constant_column,
    entry_serial,
    flag_column,
    is_given,
    null_outside,
    take_or_null,
    whole_numbers,
)
from tasks.ace.wire.entry_slices import BILLS, HEADER, PrivatePosition, RecordPart, position_keys
from tasks.ace.wire.record_layouts import code_list
from tasks.core import arrow_compute as pc

_COMPONENTS = ("I", "M", "H")
_AS_COMPONENT = {"I": "I", "M": "M", "R": "M", "T": "M", "H": "H"}


def manifest_parts(part: SummarySlice, certified: SummarySlice) -> list[RecordPart]:
    """22 a bill group, 23 a bill; SE16 and SE17 for the entries of `certified`."""
    rank, group = part.ranks["bills"], part.integers("bill_group", "bills")
    if not len(rank):
        return []
    parts = [_details(part, rank, group), _components(part, rank, group)]
    if len(certified.ranks["bills"]):
        parts.extend(conveyances(certified, BillGroups(certified)))
        parts.extend(equipment(certified))
    return parts


def _details(part: SummarySlice, rank: Keys, group: Keys) -> RecordPart:
    """22: packages of the lowest bill, or of the conveyances where these carry the quantity."""
    lowest = BillGroups(part).lowest
    key = (rank << 10) | group
    ids, first = np.unique(key, return_index=True)
    group_index = np.searchsorted(ids, key)
    packages = _sums(group_index, np.where(lowest, part.whole("quantity", "bills"), 0), len(ids))
    moved = (part.ranks["conveyances"] << 10) | part.integers("bill_group", "conveyances")
    grouped = np.isin(moved, ids)
    on_board = _sums(np.searchsorted(ids, moved[grouped]), part.whole("quantity", "conveyances")[grouped], len(ids))
    quantity = np.where(packages > 0, packages, on_board)
    columns = {
        "manifested_quantity": pa.array(quantity, mask=quantity == 0),
        "manifested_quantity_unit_of_measure_code": _units(part, lowest, group_index, moved, ids),
    }
    owner = rank[first]
    return RecordPart(position_keys(owner, BILLS, group[first]), part.records("22", columns, owner))


def _units(part: SummarySlice, lowest: Mask, group_index: Keys, moved: Keys, ids: Keys) -> pa.Array:
    """The unit of the lowest bill of each group, else of a conveyance of it."""
    unit_row = np.full(len(ids), -1, dtype=np.int64)
    stated = lowest & part.given("unit", "bills")
    unit_row[group_index[stated][::-1]] = np.flatnonzero(stated)[::-1]
    of_bill = take_or_null(part.plain("unit", "bills"), unit_row)
    unit_row[:] = -1
    stated = part.given("unit", "conveyances") & np.isin(moved, ids)
    unit_row[np.searchsorted(ids, moved[stated])[::-1]] = np.flatnonzero(stated)[::-1]
    on_board = take_or_null(part.plain("unit", "conveyances"), unit_row)
    return pc.coalesce(of_bill, on_board)


def _components(part: SummarySlice, rank: Keys, group: Keys) -> RecordPart:
    kind = part.plain("bill_type", "bills").dictionary_encode()
    names = pa.array([_AS_COMPONENT.get(bill_type or "") for bill_type in kind.dictionary.to_pylist()], pa.string())
    component = names.take(kind.indices)
    mode = part.of_entry(part.plain("mode_of_transport"), "bills")
    is_house = as_mask(pc.equal(component, "H"))
    issued = as_mask(pc.is_in(mode, value_set=pa.array(code_list("issuer_mode"))))
    issued |= is_house & ~as_mask(pc.is_in(mode, value_set=pa.array(code_list("air_mode"))))
    columns = {
        "manifest_component_type_code": component,
        "manifest_component_issuer_code": null_outside(
            issued & ~as_mask(pc.equal(component, "I")), part.plain("issuer", "bills")
        ),
        "manifest_component_identifier": part.plain("bill_number", "bills"),
    }
    position = 1 + whole_numbers(pc.index_in(component, value_set=pa.array(_COMPONENTS)), 2)
    return RecordPart(position_keys(rank, BILLS, group, position), part.records("23", columns, rank))


def _sums(index: Keys, value: Keys, count: int) -> Keys:
    return np.bincount(index, weights=value, minlength=count).astype(np.int64)


_SOCIAL = r"^\d{3}-\d{2}-\d{4}$"
WAREHOUSE_TYPES = ("21", "22")


def header_parts(part: SummarySlice) -> list[RecordPart]:
    """10, 11, 20 and 21 where any of its fields is used."""
    rank = np.arange(len(part))
    return [
        _control(part, rank),
        _content(part, rank),
        *_optional(part, "20", _cargo(part), 2),
        *_optional(part, "21", {"trip_identifier": part.text("voyage")}, 4),
    ]


def _control(part: SummarySlice, rank: Keys) -> RecordPart:
    number = part.plain("entry_number")
    waived = part.is_any("bond_type", ("0",))
    zone = part.is_any("entry_type", ("06",)) & part.given("zone_week")
    released = coded_column(zone, ["Y", "F"], ~(zone | part.yes("expedited_release")))
    columns = {
        "summary_filing_action_request_code": constant_column("A", len(part)),
        "entry_filer_code": pc.utf8_slice_codeunits(number, 0, 3),
        "entry_number": entry_serial(number),
        "district_port_of_entry": part.column("port_of_entry"),
        "broker_reference_number": part.text("broker_reference"),
        "entry_type_code": part.column("entry_type"),
        "mode_of_transport": part.column("mode_of_transport"),
        "bond_waiver_indicator": flag_column(waived, "0"),
        "electronic_signature": constant_column("X", len(part)),
        "cargo_release_certification_request_indicator": flag_column(part.yes("certified"), "A"),
        "consolidated_summary_indicator": flag_column(part.yes("consolidating")),
        "shipment_usage_type_code": part.column("shipment_usage"),
        "live_entry_indicator": flag_column(part.yes("live")),
        "deferred_tax_payment_code": part.column("deferred_tax"),
        "trade_agreement_reconciliation_indicator": flag_column(part.yes("recon_trade_agreement")),
        "reconciliation_issue_code": part.column("recon_issue"),
        "payment_type_code": part.column("sent_payment_type"),
        "preliminary_statement_print_date": part.day("statement_date"),
        "periodic_statement_month": part.column("periodic_month"),
        "statement_client_branch_identifier": part.column("statement_branch"),
        "bond_waiver_reason_code": null_outside(waived, part.plain("bond_waiver_reason")),
        "known_importer_indicator": flag_column(part.yes("known_importer")),
        "pga_data_included_indicator": released,
        "tib_declaration_indicator": flag_column(part.yes("tib_declaration")),
        "consolidated_express_informal_indicator": flag_column(part.yes("express_informal")),
    }
    return RecordPart(position_keys(rank, HEADER), part.records("10", columns, rank))


def _content(part: SummarySlice, rank: Keys) -> RecordPart:
    columns: dict[str, pa.Array] = {}
    private: list[PrivatePosition] = []
    for field, name in (
        ("importer_of_record_number", "importer_number"),
        ("consignee_number", "consignee_number"),
        ("designated_notify_party_4811_number", "notify_party"),
    ):
        columns[field], slots = hide_party_numbers(part, part.plain(name), "11", field, rank)
        private.extend(slots)
    zone = pc.replace_substring_regex(part.plain("zone_id"), "^FTZ", "")
    columns |= {
        "estimated_entry_date": estimated_entry_date(part),
        "date_of_importation": part.day("import_date"),
        "u_s_state_of_destination_code": part.column("state_of_destination"),
        "zone_id": zone,
    }
    return RecordPart(position_keys(rank, HEADER, 0, 1), part.records("11", columns, rank), tuple(private))


def _cargo(part: SummarySlice) -> dict[str, pa.Array]:
    """20. The goods of a warehouse entry are located by the warehouse (p.39)."""
    into = part.is_any("entry_type", WAREHOUSE_TYPES)
    located = part.plain("location_of_goods")
    warehouse = part.plain("bonded_warehouse")
    return {
        "carrier_code": part.plain("carrier_code"),
        "district_port_of_unlading": part.plain("port_of_unlading"),
        "estimated_date_of_arrival": pc.coalesce(part.day("arrival_date"), part.day("estimated_arrival")),
        "location_of_goods_code": pc.if_else(pa.array(into), warehouse, located),
        "conveyance_name": part.text("conveyance_name"),
        "vessel_code": part.plain("vessel_code"),
        "in_bond_in_transit_date": part.day("in_bond_date"),
    }


def hide_party_numbers(
    part: SummarySlice, number: pa.Array, record: str, field: str, rank: Keys
) -> tuple[pa.Array, list[PrivatePosition]]:
    """Party numbers with the placeholder for private ones, and where those belong.

    A Social Security number in the clear is noted as a problem, and is not named.
    """
    clear = as_mask(pc.match_substring_regex(number, _SOCIAL)) & ~as_mask(pc.equal(number, PLACEHOLDER))
    refuse_clear_ssn(part, clear, rank, f"{record} {field}")
    sealed = np.flatnonzero(as_mask(pc.starts_with(number, PRIVATE)))
    if not len(sealed):
        return number, []
    column = used_layout(record)[field]
    slots = [PrivatePosition(int(row), column.start, len(PLACEHOLDER), number[int(row)].as_py()) for row in sealed]
    hidden = pc.if_else(pc.starts_with(number, PRIVATE), PLACEHOLDER, number)
    return hidden, slots


def _optional(part: SummarySlice, record: str, columns: dict[str, pa.Array], position: int) -> list[RecordPart]:
    """Records of those entries that use any of the fields."""
    used: Mask = np.logical_or.reduce([is_given(values) for values in columns.values()])
    return part.marked_records(record, columns, used, position_keys(np.arange(len(part)), HEADER, 0, position))
