"""The stored summaries of an ER answer as tables of the entry record.

EQ with J0Y returns each summary as AE records 10-90, numbers blank-padded, a 4A before each line
(EQ v26 p.52-54). They become columns: the record's own tables, so that both can be compared, and
tables for what a summary has and the record has not (statement, duty, fees, cases).

Social Security numbers in answers, replaced by references before anything leaves the reader.

Importers and consignees can be persons whose number is an SSN; KR, ER, SX and SO echo it. The
store holds references only, so an answer must be turned into the same references to compare.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, fields, replace

import numpy as np
import pyarrow as pa

from tasks.ace.answers.column_values import Index, dollar_amounts, is_one_of
from tasks.ace.answers.record_reader import AnswerRecords, select_rows
from tasks.ace.answers.table_schemas import TablePart
from tasks.ace.checker.record_deck import RecordColumns
from tasks.ace.stored_summaries.image_header import read_bills, read_header, read_releases, single_record_columns
from tasks.ace.stored_summaries.image_lines import LineRecords, build_table, read_lines
from tasks.ace.stored_summaries.image_money import read_cases, read_fees, read_tariffs
from tasks.ace.wire.array_tools import take_or_null
from tasks.ace.wire.table_columns import image_fields, table_schema
from tasks.core import arrow_compute as pc
from tasks.entries.api import record_schema

Seal = Callable[[Sequence[tuple[str, str, str]]], Sequence[str]]
"""(entry number, `table.field`, value) triples in, references out, in order: names as the entry
record has them, so that an answer gets the reference that the record holds. The triples of KR are
(``, `importers.importer_number`, value), for the caller to match with what it asked."""

SOCIAL = r"^[0-9]{3}-[0-9]{2}-[0-9]{4}"
_FIELDS = {"entries": ("importer_number",), "importers": ("importer_number",)}
_IMAGE_FIELDS = {
    "entries": ("importer_number", "consignee_number", "notify_party"),
    "lines": ("sold_to", "delivered_to"),
    "parties": ("number",),
}


def seal_parts(parts: dict[str, TablePart], seal: Seal) -> dict[str, TablePart]:
    """The tables of an answer with references in place of the numbers."""
    return {
        name: TablePart(_sealed(name, part.table, _FIELDS.get(name, ()), seal), part.batch)
        for name, part in parts.items()
    }


def seal_image(image: ImageTables, seal: Seal) -> ImageTables:
    """The stored summaries with references in place of the numbers."""
    tables = {name: _sealed(name, table, _IMAGE_FIELDS.get(name, ()), seal) for name, table in image.tables()}
    return replace(image, **tables)


def _sealed(owner: str, table: pa.Table, fields: Sequence[str], seal: Seal) -> pa.Table:
    for name in fields:
        if name not in table.column_names:
            continue
        column = table[name].combine_chunks()
        social = pc.fill_null(pc.match_substring_regex(column, SOCIAL), False)
        rows = np.flatnonzero(social.to_numpy(zero_copy_only=False))
        if not len(rows):
            continue
        values = pc.to_list(column.take(rows))
        named = "entry_number" in table.column_names
        numbers = pc.to_list(table["entry_number"].take(rows)) if named else []
        triples = [
            (number or "", f"{owner}.{name}", value)
            for number, value in zip(numbers or [""] * len(values), values, strict=True)
        ]
        references = pa.array(list(seal(triples)), pa.string())
        changed = pc.replace_with_mask(column, social, references)
        index = table.schema.get_field_index(name)
        table = table.set_column(index, table.schema.field(name), changed)
    return table


SUMMARIES = table_schema("stored summaries")
"""What the 10 and 90 records say beyond the record; totals in dollars."""

_TOTALS = image_fields("90")


@dataclass(frozen=True)
class ImageTables:
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

    def of(self, batch: int) -> ImageTables:
        """The summaries of one batch of the file."""
        tables = {name: TablePart(table, self.batches[name]).of(batch) for name, table in self.tables()}
        return replace(self, **tables, batches={})

    def tables(self) -> Iterator[tuple[str, pa.Table]]:
        for table_field in fields(self):
            if table_field.name != "batches":
                yield table_field.name, getattr(self, table_field.name)


def read_image(reading: AnswerRecords, starts: Index, numbers: pa.Array) -> ImageTables | None:
    """The images of the summaries that begin at `starts` (JB); None if there is no 10-record."""
    if not reading.has("10"):
        return None
    head = reading.rows("10")
    owner = reading.owner(head.at, starts)
    inside = np.flatnonzero(owner >= 0)
    head = select_rows(head, inside)
    names = take_or_null(numbers, owner[inside])
    under = LineRecords(reading, head.at, names)
    cases, by_case = read_cases(under)
    fees, by_fee = read_fees(under)
    lines = read_lines(under, by_case | by_fee)
    tariffs, value = read_tariffs(under)
    tables = cases | fees | lines.made | tariffs
    columns = read_header(reading, head) | {
        "entry_number": names,
        "entered_value": pa.array(value),
        "export_date": lines.export_date,
        "foreign_port": lines.foreign_port,
    }
    tables["entries"] = (build_table(record_schema("entries"), columns, len(head)), head.at)
    tables["summaries"] = (_summaries(reading, head, names, under.count), head.at)
    tables["bills"] = read_bills(reading, head, names)
    tables["releases"] = read_releases(reading, head, names)
    return ImageTables(
        **{name: table for name, (table, _) in tables.items()},
        batches={name: reading.batch[at] for name, (_, at) in tables.items()},
    )


def _summaries(reading: AnswerRecords, head: RecordColumns, names: pa.Array, lines: Index) -> pa.Table:
    ten = reading.columns(
        head,
        "preliminary_statement_print_date",
        "periodic_statement_month",
        "statement_client_branch_identifier",
        "cargo_release_certification_request_indicator",
        "post_summary_correction_indicator",
    )
    totals = single_record_columns(reading, head, "90", *_TOTALS.values())
    columns = {
        "entry_number": names,
        "statement_date": ten["preliminary_statement_print_date"],
        "statement_month": ten["periodic_statement_month"],
        "branch": ten["statement_client_branch_identifier"],
        "certified": pc.is_valid(ten["cargo_release_certification_request_indicator"]),
        "corrected": pc.fill_null(is_one_of(ten["post_summary_correction_indicator"], "Y"), False),
        "lines": pa.array(lines),
        "record_index": pa.array(reading.index[head.at]),
    }
    columns |= {name: dollar_amounts(totals[field]) for name, field in _TOTALS.items()}
    return build_table(SUMMARIES, columns, len(head))
