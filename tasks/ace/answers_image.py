"""The stored summaries of an ER answer as tables of the entry record.

EQ with J0Y returns each summary as AE records 10-90, numbers blank-padded, a 4A before each line
(EQ v26 p.52-54). They become columns: the record's own tables, so that both can be compared, and
tables for what a summary has and the record has not (statement, duty, fees, cases).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, fields

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from tasks.ace.answers_columns import Index, is_text, money, placed, taken
from tasks.ace.answers_image_lines import Under, read_bills, read_lines, some, tabled
from tasks.ace.answers_image_money import read_cases, read_fees, read_tariffs
from tasks.ace.answers_read import Reading
from tasks.ace.answers_tables import MONEY, Part
from tasks.ace.deck import Rows
from tasks.entries.record import schema

SUMMARIES = pa.schema(
    [
        ("entry_number", pa.string()),
        ("estimated_entry_date", pa.date32()),
        ("statement_date", pa.date32()),
        ("statement_month", pa.string()),
        ("branch", pa.string()),
        ("certified", pa.bool_()),
        ("live", pa.bool_()),
        ("consolidated", pa.bool_()),
        ("corrected", pa.bool_()),
        ("bond_designation", pa.string()),
        ("notify_party", pa.string()),
        ("lines", pa.int64()),
        ("duty", MONEY),
        ("fees", MONEY),
        ("tax", MONEY),
        ("ad_duty", MONEY),
        ("cv_duty", MONEY),
        ("other", MONEY),
        ("record_index", pa.int64()),
    ]
)
"""What the 10, 11, 31 and 90 records say beyond the record; totals in dollars."""

_TOTALS = {
    "duty": "grand_total_duty_amount",
    "fees": "grand_total_user_fee_amount",
    "tax": "grand_total_ir_tax_amount",
    "ad_duty": "grand_total_ad_duty_amount",
    "cv_duty": "grand_total_cv_duty_amount",
    "other": "grand_total_other_revenue_amount",
}
_ELEVEN = (
    "importer_of_record_number", "consignee_number", "date_of_importation",
    "u_s_state_of_destination_code", "zone_id", "estimated_entry_date",
    "designated_notify_party_4811_number",
)  # fmt: skip
_ZONE = "FTZ"


@dataclass(frozen=True)
class Image:
    """Stored summaries. `entries`, `bills`, `lines`, `tariffs` have the record's schemas.

    The record's own columns that a summary cannot know (letters, outcome, release) are null. A
    line is numbered by its place, as the record does; `line_details.line_id` is what the filer
    or officer called it. A value that ACE prints as zero is 0, not null.
    """

    entries: pa.Table
    bills: pa.Table
    lines: pa.Table
    tariffs: pa.Table
    summaries: pa.Table
    line_details: pa.Table
    duties: pa.Table
    fees: pa.Table
    fee_totals: pa.Table
    parties: pa.Table
    cases: pa.Table
    batches: Mapping[str, Index] = field(repr=False, default_factory=dict)

    def of(self, batch: int) -> Image:
        """The summaries of one batch of the file."""
        cut = {name: Part(table, self.batches[name]).of(batch) for name, table in self.tables()}
        return Image(**cut)

    def tables(self) -> Iterator[tuple[str, pa.Table]]:
        for one in fields(self):
            if one.name != "batches":
                yield one.name, getattr(self, one.name)


def read_image(reading: Reading, starts: Index, numbers: pa.Array) -> Image | None:
    """The images of the summaries that begin at `starts` (JB); None if there is no 10-record."""
    if not reading.has("10"):
        return None
    head = reading.rows("10")
    owner = reading.owner(head.at, starts)
    own = np.flatnonzero(owner >= 0)
    head = some(head, own)
    names = taken(numbers, owner[own])
    under = Under(reading, head.at, names)
    made, by_line = read_cases(under)
    lines, export_date = read_lines(under, by_line)
    tariffs, value = read_tariffs(under)
    made |= lines | tariffs | read_fees(under)
    eleven = _one(reading, head, "11", *_ELEVEN)
    columns = _header(reading, head, eleven) | {
        "entry_number": names,
        "entered_value": pa.array(value),
        "export_date": export_date,
    }
    made["entries"] = (tabled(schema("entries"), columns, len(head)), head.at)
    made["summaries"] = (_summaries(reading, head, names, eleven, under.count), head.at)
    made["bills"] = read_bills(reading, head, names)
    return Image(
        **{name: table for name, (table, _) in made.items()},
        batches={name: reading.batch[at] for name, (_, at) in made.items()},
    )


def _header(reading: Reading, head: Rows, eleven: dict[str, pa.Array]) -> dict[str, pa.Array]:
    ten = reading.columns(
        head, "district_port_of_entry", "broker_reference_number", "entry_type_code",
        "mode_of_transport", "bond_waiver_indicator", "payment_type_code",
        "known_importer_indicator",
    )  # fmt: skip
    twenty = _one(reading, head, "20", "carrier_code", "district_port_of_unlading",
                  "estimated_date_of_arrival", "location_of_goods_code", "conveyance_name",
                  "in_bond_in_transit_date")  # fmt: skip
    trip = _one(reading, head, "21", "trip_identifier")
    bond = _one(reading, head, "31", "bond_type_code", "surety_company_code",
                "single_transaction_bond_amount")  # fmt: skip
    zone = pc.binary_join_element_wise(_ZONE, eleven["zone_id"], "")
    return {
        "entry_type": ten["entry_type_code"],
        "port_of_entry": ten["district_port_of_entry"],
        "port_of_unlading": twenty["district_port_of_unlading"],
        "importer_number": eleven["importer_of_record_number"],
        "importer_type": _kind(eleven["importer_of_record_number"]),
        "mode_of_transport": ten["mode_of_transport"],
        "bond_type": pc.coalesce(bond["bond_type_code"], ten["bond_waiver_indicator"]),
        "surety_code": bond["surety_company_code"],
        "bond_amount": bond["single_transaction_bond_amount"],
        "carrier_code": twenty["carrier_code"],
        "conveyance_name": twenty["conveyance_name"],
        "voyage": trip["trip_identifier"],
        "location_of_goods": twenty["location_of_goods_code"],
        "zone_id": zone,
        "known_importer": is_text(ten["known_importer_indicator"], "Y"),
        "broker_reference": ten["broker_reference_number"],
        "estimated_arrival": twenty["estimated_date_of_arrival"],
        "import_date": eleven["date_of_importation"],
        "in_bond_date": twenty["in_bond_in_transit_date"],
        "consignee_number": eleven["consignee_number"],
        "state_of_destination": eleven["u_s_state_of_destination_code"],
        "estimated_entry_date": eleven["estimated_entry_date"],
        "payment_type": ten["payment_type_code"],
    } | _warehouse(reading, head)


def _summaries(
    reading: Reading, head: Rows, names: pa.Array, eleven: dict[str, pa.Array], lines: Index
) -> pa.Table:
    ten = reading.columns(
        head, "preliminary_statement_print_date", "periodic_statement_month",
        "statement_client_branch_identifier", "cargo_release_certification_request_indicator",
        "live_entry_indicator", "consolidated_summary_indicator",
        "post_summary_correction_indicator",
    )  # fmt: skip
    bond = _one(reading, head, "31", "bond_designation_type_code")
    totals = _one(reading, head, "90", *_TOTALS.values())
    columns = {
        "entry_number": names,
        "estimated_entry_date": eleven["estimated_entry_date"],
        "statement_date": ten["preliminary_statement_print_date"],
        "statement_month": ten["periodic_statement_month"],
        "branch": ten["statement_client_branch_identifier"],
        "certified": pc.is_valid(ten["cargo_release_certification_request_indicator"]),
        "live": _yes(ten["live_entry_indicator"]),
        "consolidated": _yes(ten["consolidated_summary_indicator"]),
        "corrected": _yes(ten["post_summary_correction_indicator"]),
        "bond_designation": bond["bond_designation_type_code"],
        "notify_party": eleven["designated_notify_party_4811_number"],
        "lines": pa.array(lines),
        "record_index": pa.array(reading.index[head.at]),
    }
    columns |= {name: money(totals[field]) for name, field in _TOTALS.items()}
    return tabled(SUMMARIES, columns, len(head))


def _warehouse(reading: Reading, head: Rows) -> dict[str, pa.Array]:
    said = _one(reading, head, "30", "associated_warehouse_entry_filer_code",
                "associated_warehouse_entry_number",
                "associated_warehouse_entry_district_port_code")  # fmt: skip
    filer, number, port = said.values()
    whole = pc.binary_join_element_wise(
        filer, pc.utf8_slice_codeunits(number, 0, 7), pc.utf8_slice_codeunits(number, 7, 8), "-"
    )
    return {"warehouse_entry": whole, "warehouse_port": port}


def _one(reading: Reading, head: Rows, record: str, *names: str) -> dict[str, pa.Array]:
    """Fields of a record that stands at most once in a summary (of 31, the first)."""
    rows = reading.rows(record)
    owner = reading.owner(rows.at, head.at)
    said = reading.columns(rows, *names)
    if len(owner) == len(head) and (owner == np.arange(len(head))).all():
        return said
    return {name: placed(column, owner, len(head)) for name, column in said.items()}


def _kind(number: pa.Array) -> pa.Array:
    """EI, ANI or 34 by the form of an importer number (AE July 2026 usage note f)."""
    third = pc.utf8_slice_codeunits(number, 2, 3)
    fourth = pc.utf8_slice_codeunits(number, 3, 4)
    kind = pc.if_else(pc.equal(third, "-"), "EI", pc.if_else(pc.equal(fourth, "-"), "34", "ANI"))
    return pc.if_else(pc.is_valid(number), kind, pa.scalar(None, pa.string()))


def _yes(text: pa.Array) -> pa.Array:
    return pc.fill_null(pc.equal(text, "Y"), False)
