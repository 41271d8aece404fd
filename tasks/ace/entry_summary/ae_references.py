"""AE records between the manifest and the lines: 30 to 34, and SE20 of certified summaries.

AE 2026-07 p.48-57, 156-158, 176-178.

Cargo parties of certified summaries: SE30-36 and SE50-56 (AE 2026-07 p.58-64, 80-88).

The manufacturer goes on every line; the consignee's number stands in the 11 record; a buyer or a
ship-to that a 47 record already names must not be named again (note 2, p.83).
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pyarrow as pa

from tasks.ace.cargo_release.se_header import party_parts
from tasks.ace.entry_summary.ae_header import WAREHOUSE_TYPES
from tasks.ace.entry_summary.summary_slices import SummarySlice, slot_rows
from tasks.ace.wire.array_tools import (
    Keys,
    Mask,
    as_mask,
    count_within,
    entry_serial,
    flag_column,
    is_given,
    null_outside,
)
from tasks.ace.wire.entry_slices import REFERENCES, RecordPart, position_keys
from tasks.core import arrow_compute as pc

_NAMED_BY_LINE = (("BY", "sold_to"), ("ST", "delivered_to"))


def cargo_party_parts(part: SummarySlice) -> list[RecordPart]:
    """The party records of a slice that holds certified entries' rows only."""
    if not len(part.ranks["parties"]):
        return []
    return party_parts(_arranged(part))


def _arranged(part: SummarySlice) -> SummarySlice:
    """The same entries with their parties as AE wants them."""
    table, rank = part.tables["parties"], part.ranks["parties"]
    kind = part.plain("party", "parties")
    line = part.integers("line", "parties")
    dropped = as_mask(pc.equal(kind, "CN")) & part.given("number", "parties") & (line == 0)
    for code, field in _NAMED_BY_LINE:
        named = np.bincount(part.ranks["lines"][part.given(field, "lines")], minlength=len(part))
        dropped |= as_mask(pc.equal(kind, code)) & (named > 0)[rank]
    makers = as_mask(pc.equal(kind, "MF")) & (line == 0)
    retained = ~(dropped | makers)
    copies, lines = _on_lines(part, makers, kind, line)
    rows = np.concatenate((np.flatnonzero(retained), copies))
    numbers = pa.array(np.concatenate((line[retained], lines)))
    index = table.column_names.index("line")
    arranged = table.take(rows).set_column(index, "line", numbers)
    return replace(part, tables={**part.tables, "parties": arranged}, ranks={**part.ranks, "parties": rank[rows]})


def _on_lines(part: SummarySlice, makers: Mask, kind: pa.Array, line: Keys) -> tuple[Keys, Keys]:
    """Rows of the summary's manufacturer for each line that names none, and those lines."""
    rank = part.ranks["parties"]
    line_makers = as_mask(pc.equal(kind, "MF")) & (line > 0)
    made_on_line = np.isin(part.line_keys, (rank[line_makers] << 10) | line[line_makers])
    maker = np.full(len(part), -1, dtype=np.int64)
    maker[rank[makers]] = np.flatnonzero(makers)
    of_line = maker[part.ranks["lines"]]
    inherits = ~made_on_line & (of_line >= 0)
    return of_line[inherits], part.integers("line", "lines")[inherits]


_WITHDRAWAL, _BOND, _RELEASE, _MISSING, _FEES, _REFERENCE = 1, 2, 3, 4, 5, 9
"""Groups of the section that follows the manifest."""

RELEASES = 6
"""Entry numbers on one 32 record (p.51)."""

_MOST = 4
"""SE20 records of a summary (p.21)."""


def reference_parts(part: SummarySlice) -> list[RecordPart]:
    """30 to 34 and SE20."""
    return [
        *_withdrawal(part),
        *_bonds(part),
        *_releases(part),
        *_missing_documents(part),
        *_fees(part),
        *_cargo_references(part),
    ]


def _withdrawal(part: SummarySlice) -> list[RecordPart]:
    rows = part.given("warehouse_entry")
    entry = part.plain("warehouse_entry")
    columns = {
        "associated_warehouse_entry_filer_code": pc.utf8_slice_codeunits(entry, 0, 3),
        "associated_warehouse_entry_number": entry_serial(entry),
        "associated_warehouse_entry_district_port_code": part.plain("warehouse_port"),
        "final_warehouse_withdrawal_indicator": flag_column(part.yes("final_withdrawal")),
    }
    return _marked_records(part, "30", columns, rows, _WITHDRAWAL)


def _bonds(part: SummarySlice) -> list[RecordPart]:
    """31: the basic bond, then the additional single transaction bond (p.156)."""
    continuous, single = (part.is_any("bond_type", (kind,)) for kind in ("8", "9"))
    designation = pc.coalesce(part.plain("bond_designation"), pa.scalar("B"))
    basic = {
        "bond_type_code": part.plain("bond_type"),
        "bond_designation_type_code": designation,
        "continuous_bond_indicator": null_outside(continuous, part.plain("bond_supersedes")),
        "surety_company_code": part.plain("surety_code"),
        "single_transaction_bond_amount": null_outside(single, part.number("bond_amount")),
        "bond_producer_account": null_outside(single, part.plain("bond_account")),
    }
    has_second = part.given("second_surety")
    additional = {
        "bond_type_code": flag_column(has_second, "9"),
        "bond_designation_type_code": flag_column(has_second, "A"),
        "surety_company_code": part.plain("second_surety"),
        "single_transaction_bond_amount": part.number("second_bond_amount"),
        "bond_producer_account": part.plain("second_bond_account"),
    }
    return [
        *_marked_records(part, "31", basic, continuous | single, _BOND),
        *_marked_records(part, "31", additional, has_second, _BOND, 1),
    ]


def _releases(part: SummarySlice) -> list[RecordPart]:
    """32: six releases a record (p.51)."""
    rank = part.ranks["releases"]
    if not len(rank):
        return []
    number = part.plain("release", "releases")
    order = np.lexsort((np.arange(len(rank)), rank))
    position = count_within(rank[order])
    heads = np.flatnonzero(position % RELEASES == 0)
    columns: dict[str, pa.Array] = {}
    for slot in range(RELEASES):
        row_of = slot_rows(order, rank[order], heads, slot)
        chosen_number = number.take(row_of)
        columns[f"release_entry_filer_code_{slot + 1}"] = pc.utf8_slice_codeunits(chosen_number, 0, 3)
        columns[f"release_entry_number_{slot + 1}"] = entry_serial(chosen_number)
    owner = rank[order][heads]
    at = position_keys(owner, REFERENCES, _RELEASE, position[heads])
    return [RecordPart(at, part.records("32", columns, owner))]


def _missing_documents(part: SummarySlice) -> list[RecordPart]:
    columns = {
        "missing_document_code_1": part.plain("missing_document"),
        "missing_document_code_2": part.plain("missing_document_2"),
    }
    return _marked_records(part, "33", columns, part.given("missing_document"), _MISSING)


def _fees(part: SummarySlice) -> list[RecordPart]:
    """34: informal entry fee or dutiable mail fee; never both, since mail pays no informal fee."""
    informal, mail = part.yes("informal_due"), part.yes("mail_due")
    columns = {
        "accounting_class_code_1": pc.if_else(pa.array(informal), "311", "496"),
        "header_fee_amount_1": pc.if_else(pa.array(informal), part.number("total_informal"), part.number("total_mail")),
    }
    return _marked_records(part, "34", columns, informal | mail, _FEES)


def _cargo_references(part: SummarySlice) -> list[RecordPart]:
    """SE20 of certified summaries: at most four, so the ledger key comes last (p.21, 56)."""
    certified = part.yes("certified")
    if not certified.any():
        return []
    into = part.is_any("entry_type", WAREHOUSE_TYPES)
    outside = part.ranks["bills"][part.yes("not_automated", "bills")]
    manual = np.bincount(outside, minlength=len(part)) > 0
    texts = (
        ("NAM", flag_column(manual)),
        ("LOC", null_outside(into, part.plain("location_of_goods"))),
        ("GEN", part.plain("general_order_number")),
        ("SSR", part.plain("split_release")),
        ("EXP", flag_column(part.yes("express_consignment"))),
        ("PER", flag_column(part.yes("perishable"))),
        ("CES", part.plain("exam_site")),
        ("RRN", part.text("rail_reference")),
        ("CR", part.text("broker_reference")),
    )
    parts: list[RecordPart] = []
    used = np.zeros(len(part), dtype=np.int64)
    for position, (qualifier, text) in enumerate(texts):
        rows = certified & is_given(text)
        if qualifier == "CR":
            rows &= used < _MOST
        used += rows
        columns = {"qualifier": flag_column(rows, qualifier), "reference": text}
        parts.extend(_marked_records(part, "SE20", columns, rows, _REFERENCE, position))
    return parts


def _marked_records(
    part: SummarySlice, record: str, columns: dict[str, pa.Array], marked: Mask, group: int, position: int = 0
) -> list[RecordPart]:
    return part.marked_records(
        record, columns, marked, position_keys(np.arange(len(part)), REFERENCES, group, position)
    )
