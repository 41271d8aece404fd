"""AE records between the manifest and the lines: 30 to 34, and SE20 of certified summaries.

AE 2026-07 p.48-57, 156-158, 176-178.
"""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from tasks.ace.summary.header import WAREHOUSE_TYPES, serial
from tasks.ace.summary.slice import SummarySlice, count_within, flag, slot_rows
from tasks.ace.wire.slices import REFERENCES, Part, keys
from tasks.ace.wire.vectors import Mask, chosen, truths, where

_WITHDRAWAL, _BOND, _RELEASE, _MISSING, _FEES, _REFERENCE = 1, 2, 3, 4, 5, 9
"""Groups of the section that follows the manifest."""

RELEASES = 6
"""Entry numbers on one 32 record (p.51)."""

_MOST = 4
"""SE20 records of a summary (p.21)."""


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
    into = part.is_any("entry_type", WAREHOUSE_TYPES)
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
            given &= used < _MOST
        used += given
        columns = {"qualifier": flag(given, qualifier), "reference": text}
        parts.extend(_some(part, "SE20", columns, given, _REFERENCE, place))
    return parts


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
