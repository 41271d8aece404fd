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

from tasks.ace.answers.columns import Index, is_text, money, taken
from tasks.ace.answers.image_header import once, read_bills, read_header, read_releases
from tasks.ace.answers.image_lines import Under, read_lines, some, tabled
from tasks.ace.answers.image_money import read_cases, read_fees, read_tariffs
from tasks.ace.answers.read import Reading
from tasks.ace.answers.tables import MONEY, Part
from tasks.ace.checks.deck import Rows
from tasks.entries.record import schema

SUMMARIES = pa.schema(
    [
        ("entry_number", pa.string()),
        ("statement_date", pa.date32()),
        ("statement_month", pa.string()),
        ("branch", pa.string()),
        ("certified", pa.bool_()),
        ("corrected", pa.bool_()),
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
"""What the 10 and 90 records say beyond the record; totals in dollars."""

_TOTALS = {
    "duty": "grand_total_duty_amount",
    "fees": "grand_total_user_fee_amount",
    "tax": "grand_total_ir_tax_amount",
    "ad_duty": "grand_total_ad_duty_amount",
    "cv_duty": "grand_total_cv_duty_amount",
    "other": "grand_total_other_revenue_amount",
}


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
    fees: pa.Table
    fee_totals: pa.Table
    parties: pa.Table
    cases: pa.Table
    releases: pa.Table
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
    cases, by_case = read_cases(under)
    fees, by_fee = read_fees(under)
    lines = read_lines(under, by_case | by_fee)
    tariffs, value = read_tariffs(under)
    made = cases | fees | lines.made | tariffs
    columns = read_header(reading, head) | {
        "entry_number": names,
        "entered_value": pa.array(value),
        "export_date": lines.export_date,
        "foreign_port": lines.foreign_port,
    }
    made["entries"] = (tabled(schema("entries"), columns, len(head)), head.at)
    made["summaries"] = (_summaries(reading, head, names, under.count), head.at)
    made["bills"] = read_bills(reading, head, names)
    made["releases"] = read_releases(reading, head, names)
    return Image(
        **{name: table for name, (table, _) in made.items()},
        batches={name: reading.batch[at] for name, (_, at) in made.items()},
    )


def _summaries(reading: Reading, head: Rows, names: pa.Array, lines: Index) -> pa.Table:
    ten = reading.columns(
        head, "preliminary_statement_print_date", "periodic_statement_month",
        "statement_client_branch_identifier", "cargo_release_certification_request_indicator",
        "post_summary_correction_indicator",
    )  # fmt: skip
    totals = once(reading, head, "90", *_TOTALS.values())
    columns = {
        "entry_number": names,
        "statement_date": ten["preliminary_statement_print_date"],
        "statement_month": ten["periodic_statement_month"],
        "branch": ten["statement_client_branch_identifier"],
        "certified": pc.is_valid(ten["cargo_release_certification_request_indicator"]),
        "corrected": pc.fill_null(is_text(ten["post_summary_correction_indicator"], "Y"), False),
        "lines": pa.array(lines),
        "record_index": pa.array(reading.index[head.at]),
    }
    columns |= {name: money(totals[field]) for name, field in _TOTALS.items()}
    return tabled(SUMMARIES, columns, len(head))
