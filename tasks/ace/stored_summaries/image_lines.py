"""Lines of stored summaries: 40 to 47, 4A, 51, 52 and 54 under each 10, as columns."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import pyarrow as pa

from tasks.ace.answers.column_values import Index, first_by_owner, hide_ssn, trimmed_text
from tasks.ace.answers.record_reader import AnswerRecords, select_rows
from tasks.ace.checker.record_deck import RecordColumns, pack
from tasks.ace.wire.array_tools import NO_TEXT, take_or_null, whole_numbers
from tasks.ace.wire.table_columns import image_fields, table_schema
from tasks.core import arrow_compute as pc
from tasks.entries.api import record_schema

LINE_DETAILS = table_schema("line details")
"""line: its place in the summary. line_id: what filer or officer called it; cbp_line: the 4A."""

PARTIES = table_schema("line parties")
"""Article parties (47): M manufacturer, E exporter, S sold to, C delivered to."""

_FIELDS_40 = image_fields("40")
_FIELDS_UNDER_LINE = {record: image_fields(record) for record in ("41", "43", "44", "51", "52")}
_COLUMNS = {"M": "manufacturer_id", "E": "foreign_exporter", "S": "sold_to", "C": "delivered_to"}

TableRows = tuple[pa.Table, Index]
"""A table and the deck row of each of its rows."""


class LineRecords:
    """The lines (40) of the summaries that begin at `starts`, and what stands under each."""

    def __init__(self, reading: AnswerRecords, starts: Index, names: pa.Array) -> None:
        rows = reading.rows("40")
        owner = reading.owner(rows.at, starts)
        inside = np.flatnonzero(owner >= 0)
        self.reading = reading
        self.names = names
        self.starts = starts
        self.rows = select_rows(rows, inside)
        self.entry = owner[inside]
        self.count = np.bincount(self.entry, minlength=len(starts))
        first = np.concatenate(([0], np.cumsum(self.count)))
        self.number = np.arange(len(inside)) - first[self.entry] + 1
        self.entry_number = take_or_null(names, self.entry)

    def __len__(self) -> int:
        return len(self.rows)

    def of(self, record: str) -> tuple[RecordColumns, Index]:
        """Records of an id that stand in a line, and the line (0, 1 ... over all) of each."""
        rows = self.reading.rows(record)
        line = self.reading.owner(rows.at, self.rows.at)
        entry = self.reading.owner(rows.at, self.starts)
        inside = (line >= 0) & (entry >= 0)
        inside[inside] &= self.entry[line[inside]] == entry[inside]
        rows_inside = np.flatnonzero(inside)
        return (rows, line) if len(rows_inside) == len(rows) else (select_rows(rows, rows_inside), line[rows_inside])

    def first(self, record: str, *names: str) -> dict[str, pa.Array]:
        """Fields of the first such record of each line."""
        rows, line = self.of(record)
        fields = self.reading.columns(rows, *names)
        return {name: first_by_owner(column, line, len(self)) for name, column in fields.items()}

    def keys(self, line: Index) -> dict[str, pa.Array]:
        return {"entry_number": self.entry_number.take(line), "line": pa.array(self.number[line])}


@dataclass(frozen=True)
class LineTables:
    """The tables of the lines, and for each summary what its lines agree on; null where they
    have several values or none."""

    made: dict[str, TableRows]
    export_date: pa.Array
    foreign_port: pa.Array


def read_lines(under: LineRecords, extra_columns: Mapping[str, pa.Array]) -> LineTables:
    """`more`: columns by line of cases, tax and fees, from `answers.image_money`."""
    fields = under.reading.columns(
        under.rows, "line", *_FIELDS_40.values(), "related_party_indicator", "non_reimbursement_statement"
    )
    parties, by_kind = _parties(under)
    keys = under.keys(np.arange(len(under)))
    columns = keys | {name: fields[field] for name, field in _FIELDS_40.items()}
    columns |= {
        "related_party": _flag(fields["related_party_indicator"]),
        "nonreimbursement": _flag(fields["non_reimbursement_statement"]),
        "textile_category": _category(under),
        "declarations": _declarations(under),
    }
    columns |= _under_line(under) | by_kind | dict(extra_columns)
    details = keys | {"line_id": fields["line"], "cbp_line": _cbp_lines(under)}
    tables = {
        "lines": (build_table(record_schema("lines"), columns, len(under)), under.rows.at),
        "line_details": (build_table(LINE_DETAILS, details, len(under)), under.rows.at),
        "parties": parties,
    }
    return LineTables(tables, *(_shared(columns[name], under) for name in ("export_date", "foreign_port")))


def _under_line(under: LineRecords) -> dict[str, pa.Array]:
    """Fields of 41, 43, 44, 51 and 52: the first of each kind on a line."""
    columns = {}
    for record, names in _FIELDS_UNDER_LINE.items():
        fields = under.first(record, *names.values())
        columns |= {name: fields[field] for name, field in names.items()}
    return columns


def _flag(text: pa.Array) -> pa.Array:
    return pc.if_else(pc.is_valid(text), pc.equal(text, "Y"), pa.scalar(None, pa.bool_()))


def _category(under: LineRecords) -> pa.Array:
    """Three digits; null for zeros."""
    name = "category_code_for_textiles"
    text = under.reading.texts(under.rows, name)[name]
    if text.null_count == len(text):
        return text
    zeros = pc.match_substring_regex(text, "^0*$")
    return pc.if_else(zeros, NO_TEXT, pc.ascii_lpad(text, 3, "0"))


def _declarations(under: LineRecords) -> pa.Array:
    """54: columns 3-80 of each, one a line of the cell."""
    rows, line = under.of("54")
    if not len(rows):
        return pa.nulls(len(under), pa.string())
    text = hide_ssn(trimmed_text(rows.matrix, 2, 80, np.arange(len(rows))))
    ends = np.searchsorted(line, np.arange(len(under) + 1)).astype(np.int32)
    joined = pc.binary_join(pa.ListArray.from_arrays(pa.array(ends, pa.int32()), pc.fill_null(text, "")), "\n")
    return pc.if_else(pa.array(np.diff(ends) > 0), joined, NO_TEXT)


def _cbp_lines(under: LineRecords) -> pa.Array:
    """The 4A that precedes each 40 (EQ v26 p.54)."""
    rows = under.reading.rows("4A")
    number = under.reading.columns(rows, "cbp_line_number")["cbp_line_number"]
    index = np.searchsorted(rows.at, under.rows.at) - 1
    before = rows.at[np.maximum(index, 0)] if len(rows) else np.full(len(under), -9)
    return take_or_null(number, np.where(before == under.rows.at - 1, index, -1))


def _parties(under: LineRecords) -> tuple[TableRows, dict[str, pa.Array]]:
    rows, line = under.of("47")
    fields = under.reading.columns(rows, "article_party_type_code", "article_party_identifier")
    number = fields["article_party_identifier"]
    columns = under.keys(line) | {"party": fields["article_party_type_code"], "number": number}
    kind = rows.code("article_party_type_code")
    by_kind = {
        name: first_by_owner(number, np.where(kind == pack(letter, 1), line, -1), len(under))
        for letter, name in _COLUMNS.items()
    }
    return (build_table(PARTIES, columns, len(rows)), rows.at), by_kind


def _shared(column: pa.Array, under: LineRecords) -> pa.Array:
    """The value of each summary, null where its lines have several or none."""
    coded = column.dictionary_encode()
    codes = whole_numbers(coded.indices, -1)
    low = np.full(len(under.starts), np.iinfo(np.int64).max, dtype=np.int64)
    high = np.full(len(under.starts), -1, dtype=np.int64)
    np.minimum.at(low, under.entry, codes)
    np.maximum.at(high, under.entry, codes)
    return take_or_null(coded.dictionary, np.where((low != high) | (high < 0), -1, low))


def build_table(kinds: pa.Schema, columns: Mapping[str, pa.Array], rows: int) -> pa.Table:
    """A table of a schema: columns that are not given are null, others are left out."""
    arrays = [columns[field.name] if field.name in columns else pa.nulls(rows, field.type) for field in kinds]
    return pa.Table.from_arrays(arrays, schema=kinds)
