"""AE records of the whole summary before its lines: 10, 11, 20, 21, manifest groups, 30-34, SE20.

AE 2026-07 p.26-57. SE16, SE17 and SE20 only where the summary is certified for cargo release.
"""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from tasks.ace.ae_slice import SummarySlice, flag, used_layout
from tasks.ace.ae_values import estimated_entry_date
from tasks.ace.se_header import refuse_clear
from tasks.ace.slices import HEADER, REFERENCES, Part, Private, keys
from tasks.ace.vectors import PLACEHOLDER, PRIVATE, Keys, Mask, chosen, constant, truths, where

_SOCIAL = r"^\d{3}-\d{2}-\d{4}$"
_WAREHOUSE_TYPES = ("21", "22")
_WITHDRAWAL, _BOND, _RELEASE, _MISSING, _FEES, _REFERENCE = 1, 2, 3, 4, 5, 9
"""Groups of the section that follows the manifest."""

RELEASES = 6
"""Entry numbers on one 32 record (p.51)."""


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
    into = part.is_any("entry_type", _WAREHOUSE_TYPES)
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


def references(part: SummarySlice) -> list[Part]:
    """30 to 34 and SE20."""
    return [
        *_withdrawal(part),
        *_bonds(part),
        *_releases(part),
        *_missing_documents(part),
        *_fees(part),
        *_cargo_references(part),
    ]


def _withdrawal(part: SummarySlice) -> list[Part]:
    given = part.given("warehouse_entry")
    entry = part.plain("warehouse_entry")
    columns = {
        "associated_warehouse_entry_filer_code": pc.utf8_slice_codeunits(entry, 0, 3),
        "associated_warehouse_entry_number": serial(entry),
        "associated_warehouse_entry_district_port_code": part.plain("warehouse_port"),
        "final_warehouse_withdrawal_indicator": flag(part.yes("final_withdrawal")),
    }
    return _some(part, "30", columns, given, _WITHDRAWAL)


def _bonds(part: SummarySlice) -> list[Part]:
    """31: the basic bond, then the additional single transaction bond (p.156)."""
    continuous, single = (part.is_any("bond_type", (kind,)) for kind in ("8", "9"))
    designation = pc.coalesce(part.plain("bond_designation"), pa.scalar("B"))
    basic = {
        "bond_type_code": part.plain("bond_type"),
        "bond_designation_type_code": designation,
        "continuous_bond_indicator": where(continuous, part.plain("bond_supersedes")),
        "surety_company_code": part.plain("surety_code"),
        "single_transaction_bond_amount": where(single, part.number("bond_amount")),
        "bond_producer_account": where(single, part.plain("bond_account")),
    }
    more = part.given("second_surety")
    additional = {
        "bond_type_code": flag(more, "9"),
        "bond_designation_type_code": flag(more, "A"),
        "surety_company_code": part.plain("second_surety"),
        "single_transaction_bond_amount": part.number("second_bond_amount"),
        "bond_producer_account": part.plain("second_bond_account"),
    }
    return [
        *_some(part, "31", basic, continuous | single, _BOND),
        *_some(part, "31", additional, more, _BOND, 1),
    ]


def _releases(part: SummarySlice) -> list[Part]:
    """32: six releases a record (p.51)."""
    rank = part.ranks["releases"]
    if not len(rank):
        return []
    number = part.plain("release", "releases")
    order = np.lexsort((np.arange(len(rank)), rank))
    place = count_within(rank[order])
    heads = np.flatnonzero(place % RELEASES == 0)
    columns: dict[str, pa.Array] = {}
    for slot in range(RELEASES):
        held = slot_rows(order, rank[order], heads, slot)
        chosen_number = number.take(held)
        columns[f"release_entry_filer_code_{slot + 1}"] = pc.utf8_slice_codeunits(
            chosen_number, 0, 3
        )
        columns[f"release_entry_number_{slot + 1}"] = serial(chosen_number)
    owner = rank[order][heads]
    at = keys(owner, REFERENCES, _RELEASE, place[heads])
    return [Part(at, part.records("32", columns, owner))]


def _missing_documents(part: SummarySlice) -> list[Part]:
    columns = {
        "missing_document_code_1": part.plain("missing_document"),
        "missing_document_code_2": part.plain("missing_document_2"),
    }
    return _some(part, "33", columns, part.given("missing_document"), _MISSING)


def _fees(part: SummarySlice) -> list[Part]:
    """34: informal entry fee or dutiable mail fee; never both, since mail pays no informal fee."""
    informal, mail = part.yes("informal_due"), part.yes("mail_due")
    columns = {
        "accounting_class_code_1": pc.if_else(pa.array(informal), "311", "496"),
        "header_fee_amount_1": pc.if_else(
            pa.array(informal), part.number("total_informal"), part.number("total_mail")
        ),
    }
    return _some(part, "34", columns, informal | mail, _FEES)


def _cargo_references(part: SummarySlice) -> list[Part]:
    """SE20 of certified summaries: at most four, so the ledger key comes last (p.21, 56)."""
    certified = part.yes("certified")
    if not certified.any():
        return []
    into = part.is_any("entry_type", _WAREHOUSE_TYPES)
    outside = part.ranks["bills"][part.yes("not_automated", "bills")]
    manual = np.bincount(outside, minlength=len(part)) > 0
    texts = (
        ("NAM", flag(manual)),
        ("LOC", where(into, part.plain("location_of_goods"))),
        ("GEN", part.plain("general_order_number")),
        ("SSR", part.plain("split_release")),
        ("EXP", flag(part.yes("express_consignment"))),
        ("PER", flag(part.yes("perishable"))),
        ("CES", part.plain("exam_site")),
        ("RRN", part.text("rail_reference")),
        ("CR", part.text("broker_reference")),
    )
    parts: list[Part] = []
    used = np.zeros(len(part), dtype=np.int64)
    for place, (qualifier, text) in enumerate(texts):
        given = certified & truths(pc.is_valid(text))
        if qualifier == "CR":
            given &= used < 4
        used += given
        columns = {"qualifier": flag(given, qualifier), "reference": text}
        parts.extend(_some(part, "SE20", columns, given, _REFERENCE, place))
    return parts


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


def count_within(owner: Keys) -> Keys:
    """0, 1, 2 ... within each run of equal values."""
    row = np.arange(len(owner))
    fresh = np.concatenate(([True], owner[1:] != owner[:-1])) if len(owner) else row == 0
    return row - np.maximum.accumulate(np.where(fresh, row, 0))


def slot_rows(order: Keys, owner: Keys, heads: Keys, slot: int) -> pa.Array:
    """The row that stands `slot` places after each head of a group of one owner; null if none."""
    at = np.minimum(heads + slot, len(order) - 1)
    missing = (heads + slot >= len(order)) | (owner[at] != owner[heads])
    return pa.array(order[at], mask=missing)


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


def _some(
    part: SummarySlice,
    record: str,
    columns: dict[str, pa.Array],
    given: Mask,
    group: int,
    place: int = 0,
) -> list[Part]:
    if not given.any():
        return []
    rank = np.flatnonzero(given)
    rows = {name: chosen(column, given) for name, column in columns.items()}
    return [Part(keys(rank, REFERENCES, group, place), part.records(record, rows, rank))]
