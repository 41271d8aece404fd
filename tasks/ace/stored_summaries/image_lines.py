"""Lines of stored summaries: 40 to 47, 4A, 51, 52 and 54 under each 10, as columns."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from tasks.ace.answers.column_values import Index, first_by_owner, hide_ssn, take_or_null, trimmed_text
from tasks.ace.answers.record_reader import AnswerRecords
from tasks.ace.checker.record_deck import RecordColumns, pack
from tasks.entries.api import record_schema

LINE_DETAILS = pa.schema(
    [("entry_number", pa.string()), ("line", pa.int64()), ("line_id", pa.string()), ("cbp_line", pa.int64())]
)
"""line: its place in the summary. line_id: what filer or officer called it; cbp_line: the 4A."""

PARTIES = pa.schema(
    [("entry_number", pa.string()), ("line", pa.int64()), ("party", pa.string()), ("number", pa.string())]
)
"""Article parties (47): M manufacturer, E exporter, S sold to, C delivered to."""

_FORTY = {
    "country_of_origin": "country_of_origin_code",
    "country_of_export": "country_of_export_code",
    "gross_weight": "gross_shipping_weight",
    "charges": "charges_amount",
    "program_indicator": "trade_agreement_special_program_claim_code",
    "article_set": "article_set_indicator",
    "export_date": "date_of_exportation",
    "foreign_port": "foreign_port_of_lading_code",
    "textile_export_date": "date_of_exportation_for_textiles",
    "product_claim": "product_claim_code",
    "fee_exemption": "fee_exemption_code",
}
_UNDER = {
    "41": {
        "zone_status": "ftz_merchandise_status_code",
        "privileged_date": "privileged_date",
        "zone_quantity": "zone_quantity",
    },
    "43": {"ruling_type": "ruling_type_code", "ruling_number": "ruling_number"},
    "44": {"description": "description"},
    "51": {"visa_number": "standard_visa_number"},
    "52": {"license_type": "license_type_code", "license_number": "license_number"},
}
_COLUMNS = {"M": "manufacturer_id", "E": "foreign_exporter", "S": "sold_to", "C": "delivered_to"}

Made = tuple[pa.Table, Index]
"""A table and the deck row of each of its rows."""


class LineRecords:
    """The lines (40) of the summaries that begin at `starts`, and what stands under each."""

    def __init__(self, reading: AnswerRecords, starts: Index, names: pa.Array) -> None:
        rows = reading.rows("40")
        owner = reading.owner(rows.at, starts)
        kept = np.flatnonzero(owner >= 0)
        self.reading = reading
        self.names = names
        self.starts = starts
        self.rows = select_rows(rows, kept)
        self.entry = owner[kept]
        self.count = np.bincount(self.entry, minlength=len(starts))
        first = np.concatenate(([0], np.cumsum(self.count)))
        self.number = np.arange(len(kept)) - first[self.entry] + 1
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
        kept = np.flatnonzero(inside)
        return (rows, line) if len(kept) == len(rows) else (select_rows(rows, kept), line[kept])

    def first(self, record: str, *names: str) -> dict[str, pa.Array]:
        """Fields of the first such record of each line."""
        rows, line = self.of(record)
        said = self.reading.columns(rows, *names)
        return {name: first_by_owner(column, line, len(self)) for name, column in said.items()}

    def keys(self, line: Index) -> dict[str, pa.Array]:
        return {"entry_number": self.entry_number.take(pa.array(line)), "line": pa.array(self.number[line])}


@dataclass(frozen=True)
class LineTables:
    """The tables of the lines, and for each summary what its lines agree on; null where they
    have several values or none."""

    made: dict[str, Made]
    export_date: pa.Array
    foreign_port: pa.Array


def read_lines(under: LineRecords, more: Mapping[str, pa.Array]) -> LineTables:
    """`more`: columns by line of cases, tax and fees, from `answers.image_money`."""
    said = under.reading.columns(
        under.rows, "line", *_FORTY.values(), "related_party_indicator", "non_reimbursement_statement"
    )
    parties, by_kind = _parties(under)
    keys = under.keys(np.arange(len(under)))
    columns = keys | {name: said[field] for name, field in _FORTY.items()}
    columns |= {
        "related_party": _flag(said["related_party_indicator"]),
        "nonreimbursement": _flag(said["non_reimbursement_statement"]),
        "textile_category": _category(under),
        "declarations": _declarations(under),
    }
    columns |= _under_line(under) | by_kind | dict(more)
    details = keys | {"line_id": said["line"], "cbp_line": _cbp_lines(under)}
    made = {
        "lines": (build_table(record_schema("lines"), columns, len(under)), under.rows.at),
        "line_details": (build_table(LINE_DETAILS, details, len(under)), under.rows.at),
        "parties": parties,
    }
    return LineTables(made, *(_shared(columns[name], under) for name in ("export_date", "foreign_port")))


def _under_line(under: LineRecords) -> dict[str, pa.Array]:
    """Fields of 41, 43, 44, 51 and 52: the first of each kind on a line."""
    found = {}
    for record, names in _UNDER.items():
        said = under.first(record, *names.values())
        found |= {name: said[field] for name, field in names.items()}
    return found


def _flag(text: pa.Array) -> pa.Array:
    return pc.if_else(pc.is_valid(text), pc.equal(text, "Y"), pa.scalar(None, pa.bool_()))


def _category(under: LineRecords) -> pa.Array:
    """Three digits; null for zeros."""
    name = "category_code_for_textiles"
    text = under.reading.texts(under.rows, name)[name]
    if text.null_count == len(text):
        return text
    zeros = pc.match_substring_regex(text, "^0*$")
    return pc.if_else(zeros, pa.scalar(None, pa.string()), pc.ascii_lpad(text, 3, "0"))


def _declarations(under: LineRecords) -> pa.Array:
    """54: columns 3-80 of each, one a line of the cell."""
    rows, line = under.of("54")
    if not len(rows):
        return pa.nulls(len(under), pa.string())
    text = hide_ssn(trimmed_text(rows.matrix, 2, 80, np.arange(len(rows))))
    ends = np.searchsorted(line, np.arange(len(under) + 1)).astype(np.int32)
    joined = pc.binary_join(pa.ListArray.from_arrays(pa.array(ends), pc.fill_null(text, "")), "\n")
    return pc.if_else(pa.array(np.diff(ends) > 0), joined, pa.scalar(None, pa.string()))


def _cbp_lines(under: LineRecords) -> pa.Array:
    """The 4A that precedes each 40 (EQ v26 p.54)."""
    rows = under.reading.rows("4A")
    number = under.reading.columns(rows, "cbp_line_number")["cbp_line_number"]
    found = np.searchsorted(rows.at, under.rows.at) - 1
    near = rows.at[np.maximum(found, 0)] if len(rows) else np.full(len(under), -9)
    return take_or_null(number, np.where(near == under.rows.at - 1, found, -1))


def _parties(under: LineRecords) -> tuple[Made, dict[str, pa.Array]]:
    rows, line = under.of("47")
    said = under.reading.columns(rows, "article_party_type_code", "article_party_identifier")
    number = said["article_party_identifier"]
    columns = under.keys(line) | {"party": said["article_party_type_code"], "number": number}
    kind = rows.code("article_party_type_code")
    by_kind = {
        name: first_by_owner(number, np.where(kind == pack(letter, 1), line, -1), len(under))
        for letter, name in _COLUMNS.items()
    }
    return (build_table(PARTIES, columns, len(rows)), rows.at), by_kind


def _shared(column: pa.Array, under: LineRecords) -> pa.Array:
    """The value of each summary, null where its lines have several or none."""
    coded = column.dictionary_encode()
    codes = pc.fill_null(coded.indices, -1).to_numpy(zero_copy_only=False)
    low = np.full(len(under.starts), np.iinfo(np.int32).max, dtype=np.int32)
    high = np.full(len(under.starts), -1, dtype=np.int32)
    np.minimum.at(low, under.entry, codes)
    np.maximum.at(high, under.entry, codes)
    return coded.dictionary.take(pa.array(low, mask=(low != high) | (high < 0)))


def select_rows(rows: RecordColumns, which: Index) -> RecordColumns:
    """Part of the records of a kind."""
    return RecordColumns(rows.layout, rows.matrix[which], rows.at[which])


def build_table(kinds: pa.Schema, columns: Mapping[str, pa.Array], rows: int) -> pa.Table:
    """A table of a schema: columns that are not given are null, others are left out."""
    made = [columns[one.name] if one.name in columns else pa.nulls(rows, one.type) for one in kinds]
    return pa.Table.from_arrays(made, schema=kinds)
