"""AE records of the whole summary before its lines: 10, 11, 20 and 21.

AE 2026-07 p.26-57. SE16, SE17 and SE20 only where the summary is certified for cargo release.
"""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from tasks.ace.cargo.header import refuse_clear
from tasks.ace.summary.slice import SummarySlice, flag, used_layout
from tasks.ace.summary.values import estimated_entry_date
from tasks.ace.wire.slices import HEADER, Part, Private, keys
from tasks.ace.wire.vectors import PLACEHOLDER, PRIVATE, Keys, Mask, chosen, constant, truths, where

_SOCIAL = r"^\d{3}-\d{2}-\d{4}$"
WAREHOUSE_TYPES = ("21", "22")


def header(part: SummarySlice) -> list[Part]:
    """10, 11, 20 and 21 where any of its fields is used."""
    rank = np.arange(len(part))
    return [
        _control(part, rank),
        _content(part, rank),
        *_optional(part, "20", _cargo(part), 2),
        *_optional(part, "21", {"trip_identifier": part.text("voyage")}, 4),
    ]


def _control(part: SummarySlice, rank: Keys) -> Part:
    number = part.plain("entry_number")
    waived = part.is_any("bond_type", ("0",))
    zone = part.is_any("entry_type", ("06",)) & part.given("zone_week")
    released = pa.DictionaryArray.from_arrays(
        pa.array(zone.astype(np.int32), mask=~(zone | part.yes("expedited_release"))),
        pa.array(["Y", "F"]),
    )
    columns = {
        "summary_filing_action_request_code": constant("A", len(part)),
        "entry_filer_code": pc.utf8_slice_codeunits(number, 0, 3),
        "entry_number": serial(number),
        "district_port_of_entry": part.column("port_of_entry"),
        "broker_reference_number": part.text("broker_reference"),
        "entry_type_code": part.column("entry_type"),
        "mode_of_transport": part.column("mode_of_transport"),
        "bond_waiver_indicator": flag(waived, "0"),
        "electronic_signature": constant("X", len(part)),
        "cargo_release_certification_request_indicator": flag(part.yes("certified"), "A"),
        "consolidated_summary_indicator": flag(part.yes("consolidating")),
        "shipment_usage_type_code": part.column("shipment_usage"),
        "live_entry_indicator": flag(part.yes("live")),
        "deferred_tax_payment_code": part.column("deferred_tax"),
        "trade_agreement_reconciliation_indicator": flag(part.yes("recon_trade_agreement")),
        "reconciliation_issue_code": part.column("recon_issue"),
        "payment_type_code": part.column("sent_payment_type"),
        "preliminary_statement_print_date": part.day("statement_date"),
        "periodic_statement_month": part.column("periodic_month"),
        "statement_client_branch_identifier": part.column("statement_branch"),
        "bond_waiver_reason_code": where(waived, part.plain("bond_waiver_reason")),
        "known_importer_indicator": flag(part.yes("known_importer")),
        "pga_data_included_indicator": released,
        "tib_declaration_indicator": flag(part.yes("tib_declaration")),
        "consolidated_express_informal_indicator": flag(part.yes("express_informal")),
    }
    return Part(keys(rank, HEADER), part.records("10", columns, rank))


def _content(part: SummarySlice, rank: Keys) -> Part:
    columns: dict[str, pa.Array] = {}
    private: list[Private] = []
    for field, name in (
        ("importer_of_record_number", "importer_number"),
        ("consignee_number", "consignee_number"),
        ("designated_notify_party_4811_number", "notify_party"),
    ):
        columns[field], held = hidden(part, part.plain(name), "11", field, rank)
        private.extend(held)
    zone = pc.replace_substring_regex(part.plain("zone_id"), "^FTZ", "")
    columns |= {
        "estimated_entry_date": estimated_entry_date(part),
        "date_of_importation": part.day("import_date"),
        "u_s_state_of_destination_code": part.column("state_of_destination"),
        "zone_id": zone,
    }
    return Part(keys(rank, HEADER, 0, 1), part.records("11", columns, rank), tuple(private))


def _cargo(part: SummarySlice) -> dict[str, pa.Array]:
    """20. The goods of a warehouse entry are located by the warehouse (p.39)."""
    into = part.is_any("entry_type", WAREHOUSE_TYPES)
    located = part.plain("location_of_goods")
    warehouse = part.plain("bonded_warehouse")
    return {
        "carrier_code": part.plain("carrier_code"),
        "district_port_of_unlading": part.plain("port_of_unlading"),
        "estimated_date_of_arrival": pc.coalesce(
            part.day("arrival_date"), part.day("estimated_arrival")
        ),
        "location_of_goods_code": pc.if_else(pa.array(into), warehouse, located),
        "conveyance_name": part.text("conveyance_name"),
        "vessel_code": part.plain("vessel_code"),
        "in_bond_in_transit_date": part.day("in_bond_date"),
    }


def hidden(
    part: SummarySlice, number: pa.Array, record: str, field: str, rank: Keys
) -> tuple[pa.Array, list[Private]]:
    """Party numbers with the placeholder for private ones, and where those belong.

    A Social Security number in the clear is noted as a problem, and is not named.
    """
    clear = truths(pc.match_substring_regex(number, _SOCIAL)) & ~truths(
        pc.equal(number, PLACEHOLDER)
    )
    refuse_clear(part, clear, rank, f"{record} {field}")
    sealed = np.flatnonzero(truths(pc.starts_with(number, PRIVATE)))
    if not len(sealed):
        return number, []
    place = used_layout(record)[field]
    held = [
        Private(int(row), place.start, len(PLACEHOLDER), number[int(row)].as_py()) for row in sealed
    ]
    shown = pc.if_else(pc.starts_with(number, PRIVATE), PLACEHOLDER, number)
    return shown, held


def serial(number: pa.Array) -> pa.Array:
    """`XXX-NNNNNNN-C` to the eight characters of the wire form."""
    return pc.binary_join_element_wise(
        pc.utf8_slice_codeunits(number, 4, 11), pc.utf8_slice_codeunits(number, 12, 13), ""
    )


def _optional(
    part: SummarySlice, record: str, columns: dict[str, pa.Array], place: int
) -> list[Part]:
    """Records of those entries that use any of the fields."""
    used: Mask = np.logical_or.reduce([truths(pc.is_valid(one)) for one in columns.values()])
    if not used.any():
        return []
    rank = np.flatnonzero(used)
    rows = {name: chosen(column, used) for name, column in columns.items()}
    return [Part(keys(rank, HEADER, 0, place), part.records(record, rows, rank))]
