"""All answers of one application in a file, read as columns.

A reading joins the records of every batch of the application into one deck, knows the batch,
block and file place of each record, and gives fields as Arrow columns. What cannot be read is
noted with record, field and value; it never becomes a value.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from functools import cache

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from tasks.ace.answers.column_values import Index
from tasks.ace.answers.table_schemas import ANSWER_SCHEMAS, ColumnValues, TablePart, fill_table, stack_tables
from tasks.ace.checker.record_deck import Deck, RecordColumns
from tasks.ace.checker.record_tables import FIRST_OWN, UNKNOWN, RecordTable, record_table
from tasks.ace.wire.array_tools import Mask, is_given, one_array
from tasks.ace.wire.codec import decode_records
from tasks.ace.wire.data_classes import Bytes, is_blank
from tasks.ace.wire.record_layouts import LayoutField, RecordLayout
from tasks.core.errors import Problem

ALSO = {"UC": "SO", "ER": "AX"}
"""Answers that carry records of another set: agency statuses in UC (UC v30 p.14), and agency and
census records in an ER image (EQ v26 p.15)."""

_LIMIT = 200


@dataclass
class AnswerRecords:
    """Records of one application: their deck, batch rank, block (-1 outside) and file index."""

    application: str
    deck: Deck
    batch: Index
    block: Index
    index: Index
    name: str = ""
    problems: list[tuple[int, Problem]] = field(default_factory=list)
    tables: dict[str, list[tuple[pa.Table, Index]]] = field(default_factory=dict)

    @classmethod
    def of(cls, application: str, matrix: Bytes, batch: Index, block: Index, index: Index, name: str) -> AnswerRecords:
        kinds, table = _recognised(application, matrix)
        return cls(application, Deck(application, matrix, kinds, table), batch, block, index, name)

    def rows(self, record: str) -> RecordColumns:
        return self.deck.rows(record)

    def has(self, record: str) -> bool:
        return record in self.deck.table.records and len(self.deck.index(record)) > 0

    def data_rows(self) -> Index:
        """Deck rows that are no part of the envelope."""
        kinds = self.deck.kinds
        return np.flatnonzero((kinds >= FIRST_OWN) | (kinds == UNKNOWN))

    def owner(self, at: Index, starts: Index) -> Index:
        """For each deck row the number of the start at or before it in the same block; else -1."""
        if not len(starts):
            return np.full(len(at), -1, dtype=np.int64)
        number = np.searchsorted(starts, at, side="right") - 1
        start = starts[np.maximum(number, 0)]
        same = (number >= 0) & (self.block[start] == self.block[at]) & (self.block[at] >= 0)
        same &= self.batch[start] == self.batch[at]
        return np.where(same, number, -1)

    def under(self, record: str, heads: RecordColumns) -> tuple[RecordColumns, Index]:
        """The records of an id, and which head each stands under (-1: none)."""
        rows = self.rows(record)
        return rows, self.owner(rows.at, heads.at)

    def heads(self, starts: Index, owner: Index) -> Index:
        """The file index of each owner's first record; -1 without an owner."""
        indexes = np.full(len(owner), -1, dtype=np.int64)
        indexes[owner >= 0] = self.index[starts[owner[owner >= 0]]]
        return indexes

    def columns(self, rows: RecordColumns, *names: str) -> dict[str, pa.Array]:
        """Fields of records: text, whole numbers and dates; unreadable ones null and noted."""
        plain = tuple(name for name in names if _is_text(rows.layout[name]))
        typed = tuple(name for name in names if name not in plain)
        columns = self.texts(rows, *plain)
        decoded = decode_records(_narrowed(rows.layout, typed), rows.matrix, typed=True)
        for name in typed:
            columns[name] = one_array(decoded[name])
            self._note(rows, name, columns[name])
        return {name: columns[name] for name in names}

    def texts(self, rows: RecordColumns, *names: str) -> dict[str, pa.Array]:
        """Fields as they stand, without their padding."""
        decoded = decode_records(_narrowed(rows.layout, names), rows.matrix)
        return {name: one_array(decoded[name]) for name in names}

    def named(self, rows: RecordColumns, **fields: str) -> dict[str, pa.Array]:
        """Fields under other names: `named(rows, unit="unit_of_measure")`."""
        columns = self.columns(rows, *fields.values())
        return {name: columns[field] for name, field in fields.items()}

    def note(self, at: int, record: str, column: str, value: str, code: str) -> None:
        """A fault at a deck row. At most a few hundred are kept one by one."""
        if len(self.problems) < _LIMIT:
            self.problems.append(
                (
                    int(self.batch[at]),
                    Problem(
                        file=self.name,
                        sheet=f"{self.application} {record}".strip(),
                        row=int(self.index[at]) + 1,
                        column=column,
                        value=value,
                        code=code,
                    ),
                )
            )

    def add(self, name: str, columns: Mapping[str, ColumnValues], at: Index) -> None:
        """Rows of an answer table, one for each of the deck rows `at`, with their block and index."""
        if len(at):
            block = {"block": self.block[at]} if "block" in ANSWER_SCHEMAS[name].names else {}
            table = fill_table(name, {**columns, **block, "record_index": self.index[at]}, len(at))
            self.tables.setdefault(name, []).append((table, self.batch[at]))

    def parts(self) -> dict[str, TablePart]:
        """The finished tables, in the order of the file."""
        return {name: stack_tables(name, tables, "record_index") for name, tables in self.tables.items()}

    def _note(self, rows: RecordColumns, name: str, column: pa.Array) -> None:
        if not column.null_count:
            return
        raw = rows.raw(name)
        unreadable = ~is_given(column) & ~is_blank(raw)
        if pa.types.is_date(column.type) and unreadable.any():
            unreadable &= (raw != ord("0")).any(axis=1)
        code = "answer-date-unreadable" if pa.types.is_date(column.type) else "answer-number-unreadable"
        for row in np.flatnonzero(unreadable)[:_LIMIT]:
            value = raw[row].tobytes().decode("latin-1").strip()
            record = rows.layout.record
            self.note(int(rows.at[row]), record, name, value, code)


def _is_text(field: LayoutField) -> bool:
    return not field.is_date and field.cls not in ("N", "SN")


@cache
def _narrowed(layout: RecordLayout, names: tuple[str, ...]) -> RecordLayout:
    """Some fields of a layout. ACE pads the numbers that it returns with blanks, whatever their
    class (EQ v26 p.52)."""
    fields = (layout[name] for name in names)
    padded = (replace(field, cls="SN") if field.cls == "N" and not field.is_date else field for field in fields)
    return replace(layout, fields=tuple(padded))


def _recognised(application: str, matrix: Bytes) -> tuple[NDArray[np.uint8], RecordTable]:
    """Record kinds by the application's own sets, then by the set that it borrows from."""
    table = record_table(application)
    kinds = table.codes(matrix)
    if application not in ALSO:
        return kinds, table
    borrowed = record_table(ALSO[application])
    unknown = np.flatnonzero(kinds == UNKNOWN)
    codes = borrowed.codes(matrix[unknown])
    shift = len(table.records) - FIRST_OWN
    kinds[unknown] = np.where(codes >= FIRST_OWN, codes + shift, UNKNOWN)
    joined = RecordTable(
        table.records + borrowed.records[FIRST_OWN:],
        table.layouts + borrowed.layouts[FIRST_OWN:],
        table.heads,
        table.tails,
    )
    return kinds, joined


def select_rows(rows: RecordColumns, which: Index | Mask) -> RecordColumns:
    """Part of the records of a kind."""
    return RecordColumns(rows.layout, rows.matrix[which], rows.at[which])
