"""What the entry summary takes of the entry record, and typed columns of a slice of it.

A column that the record does not carry, or that is null throughout, is left out before the slices
are made and reads as nulls: the many fields that few summaries need cost nothing.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from functools import cache

import numpy as np
import pyarrow as pa

from tasks.ace.wire.array_tools import Keys, Mask, as_mask, take_rows, upper_case, whole_numbers
from tasks.ace.wire.data_classes import Bytes
from tasks.ace.wire.entry_slices import CHILDREN, EntrySlice, RecordPart
from tasks.ace.wire.record_layouts import RecordLayout, record_layout
from tasks.core import arrow_compute as pc
from tasks.core.errors import Problem
from tasks.entries.api import EntryRecord

APPLICATION = "AE"
_WIDE = ("entries", "lines", "tariffs", "pga")

_ACCEPTED_BY_CBP = {
    ("47", "article_party_identifier"): {"cls": "X"},
    ("40", "trade_agreement_special_program_claim_code"): {"cls": "X"},
    ("50", "unit_of_measure_code_1"): {"may_be_blank": True},
    ("20", "carrier_code"): {"cls": "X"},
    ("SE16", "carrier_code"): {"cls": "X"},
}
"""Where CBP takes what the print of the field forbids (`data/ace/exceptions.csv`): party numbers
with hyphens, programmes such as `S+`, no unit on chapter 98 and 99 numbers, `*F` for an unknown carrier."""


@cache
def used_layout(record: str) -> RecordLayout:
    """The layout of a record as it is written; PG records have a chapter of their own."""
    kind = record_layout("PGA" if record.startswith("PG") else APPLICATION, record)
    fields = tuple(replace(field, **_ACCEPTED_BY_CBP.get((record, field.name), {})) for field in kind.fields)
    return replace(kind, fields=fields)


def tables_of(record: EntryRecord) -> dict[str, pa.Table]:
    """The tables of a record; the wide ones without the columns that hold nothing."""
    return drop_unused_columns({name: getattr(record, name) for name in ("entries", *CHILDREN)})


def drop_unused_columns(tables: Mapping[str, pa.Table]) -> dict[str, pa.Table]:
    """The wide tables without the columns that hold nothing."""
    return {name: _used(table) if name in _WIDE else table for name, table in tables.items()}


def _used(table: pa.Table) -> pa.Table:
    names = [name for name in table.column_names if name == "entry_number" or table[name].null_count < table.num_rows]
    return table.select(names)


class SummarySlice(EntrySlice):
    """A slice for the entry summary: columns by kind, nulls where the record has no such column."""

    def rows(self, table: str) -> int:
        return self.entries.num_rows if table == "entries" else self.tables[table].num_rows

    def has(self, name: str, table: str = "entries") -> bool:
        source = self.entries if table == "entries" else self.tables[table]
        return name in source.column_names

    def column(self, name: str, table: str = "entries") -> pa.Array:
        if not self.has(name, table):
            return pa.nulls(self.rows(table), pa.string())
        return super().column(name, table)

    def text(self, name: str, table: str = "entries") -> pa.Array:
        """Upper-case text."""
        return upper_case(self.column(name, table))

    def number(self, name: str, table: str = "entries") -> pa.Array:
        """Whole numbers; a decimal counts in hundredths."""
        column = self.plain(name, table)
        if pa.types.is_decimal128(column.type):
            scaled = pc.multiply(column.cast(pa.decimal128(20, 2)), pa.scalar(100, pa.decimal128(3, 0)))
            return scaled.cast(pa.int64())
        return column.cast(pa.int64())

    def whole(self, name: str, table: str = "entries") -> Keys:
        """`number` as numpy, zero where absent."""
        if not self.has(name, table):
            return np.zeros(self.rows(table), dtype=np.int64)
        return whole_numbers(self.number(name, table))

    def day(self, name: str, table: str = "entries") -> pa.Array:
        return self.column(name, table).cast(pa.date32())

    def yes(self, name: str, table: str = "entries") -> Mask:
        if not self.has(name, table):
            return np.zeros(self.rows(table), dtype=bool)
        return as_mask(self.plain(name, table))

    def integers(self, name: str, table: str) -> Keys:
        return self.whole(name, table)

    def of_entry(self, column: pa.Array, table: str) -> pa.Array:
        """A column of the entries for each row of a child table."""
        return column.take(self.ranks[table])

    @property
    def line_keys(self) -> Keys:
        """One number for each line: entry rank and line."""
        return (self.ranks["lines"] << 10) | self.integers("line", "lines")

    def records(self, record: str, columns: Mapping[str, pa.Array], ranks: Keys) -> Bytes:
        """Records of one kind of the summary. A value that does not fit is noted."""
        return self._encoded(used_layout(record), columns, ranks)

    def marked_records(
        self, record: str, columns: Mapping[str, pa.Array], marked: Mask, keys: Keys, table: str = "entries"
    ) -> list[RecordPart]:
        """Records of the rows of a table that the mask marks; keys: of all its rows."""
        if not marked.any():
            return []
        ranks = np.flatnonzero(marked) if table == "entries" else self.ranks[table][marked]
        rows = {name: take_rows(column, marked) for name, column in columns.items()}
        return [RecordPart(keys[marked], self.records(record, rows, ranks))]

    def note(self, rank: int, column: str, code: str, /, value: str = "", **values: object) -> None:
        """One thing wrong with an entry: `code` and `values` as in `Problem`."""
        number = self.column("entry_number")[rank].as_py()
        self.problems.append(Problem(subject=number, column=column, value=value, code=code, values=values))

    def certified_part(self, certified: Mask) -> SummarySlice:
        """The same entries with the child rows of certified ones only."""
        children, ranks = {}, {}
        for name, table in self.tables.items():
            rows = certified[self.ranks[name]]
            children[name] = table if rows.all() else table.filter(rows)
            ranks[name] = self.ranks[name][rows]
        return SummarySlice(self.entries, children, ranks, self.problems)


def slot_rows(order: Keys, owner: Keys, heads: Keys, slot: int) -> pa.Array:
    """The row that stands `slot` places after each head of a group of one owner; null if none."""
    at = np.minimum(heads + slot, len(order) - 1)
    missing = (heads + slot >= len(order)) | (owner[at] != owner[heads])
    return pa.array(order[at], pa.int64(), mask=missing)
