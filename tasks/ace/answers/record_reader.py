"""All answers of one application in a file, read as columns.

A reading joins the records of every batch of the application into one deck, knows the batch,
block and file place of each record, and gives fields as Arrow columns. What cannot be read is
noted with record, field and value; it never becomes a value.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from functools import cache

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from tasks.ace.answers.column_values import Index
from tasks.ace.answers.table_schemas import TablePart, fill_table, stack_tables
from tasks.ace.checker.record_deck import Deck, RecordColumns
from tasks.ace.checker.record_tables import FIRST_OWN, UNKNOWN, RecordTable, record_table
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
        kinds, known = _recognised(application, matrix)
        return cls(application, Deck(application, matrix, kinds, known), batch, block, index, name)

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
        found = np.searchsorted(starts, at, side="right") - 1
        near = starts[np.maximum(found, 0)]
        same = (found >= 0) & (self.block[near] == self.block[at]) & (self.block[at] >= 0)
        same &= self.batch[near] == self.batch[at]
        return np.where(same, found, -1)

    def heads(self, starts: Index, owner: Index) -> Index:
        """The file index of each owner's first record; -1 without an owner."""
        found = np.full(len(owner), -1, dtype=np.int64)
        found[owner >= 0] = self.index[starts[owner[owner >= 0]]]
        return found

    def columns(self, rows: RecordColumns, *names: str) -> dict[str, pa.Array]:
        """Fields of records: text, whole numbers and dates; unreadable ones null and noted."""
        plain = tuple(name for name in names if _is_text(rows.layout[name]))
        typed = tuple(name for name in names if name not in plain)
        found = self.texts(rows, *plain)
        made = decode_records(_narrowed(rows.layout, typed), rows.matrix, typed=True)
        for name in typed:
            found[name] = made[name].combine_chunks()
            self._note(rows, name, found[name])
        return {name: found[name] for name in names}

    def texts(self, rows: RecordColumns, *names: str) -> dict[str, pa.Array]:
        """Fields as they stand, without their padding."""
        made = decode_records(_narrowed(rows.layout, names), rows.matrix)
        return {name: made[name].combine_chunks() for name in names}

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

    def add(self, name: str, columns: dict[str, pa.Array], at: Index) -> None:
        """Rows of an answer table, one for each of the deck rows `at`."""
        if len(at):
            table_ = fill_table(name, {**columns, "record_index": pa.array(self.index[at])}, len(at))
            self.tables.setdefault(name, []).append((table_, self.batch[at]))

    def parts(self) -> dict[str, TablePart]:
        """The finished tables, in the order of the file."""
        return {name: stack_tables(name, made, "record_index") for name, made in self.tables.items()}

    def _note(self, rows: RecordColumns, name: str, column: pa.Array) -> None:
        if not column.null_count:
            return
        raw = rows.raw(name)
        lost = column.is_null().to_numpy(zero_copy_only=False) & ~is_blank(raw)
        if pa.types.is_date(column.type) and lost.any():
            lost &= (raw != ord("0")).any(axis=1)
        code = "answer-date-unreadable" if pa.types.is_date(column.type) else "answer-number-unreadable"
        for row in np.flatnonzero(lost)[:_LIMIT]:
            value = raw[row].tobytes().decode("latin-1").strip()
            record = rows.layout.record
            self.note(int(rows.at[row]), record, name, value, code)


def _is_text(one: LayoutField) -> bool:
    return not one.is_date and one.cls not in ("N", "SN")


@cache
def _narrowed(layout: RecordLayout, names: tuple[str, ...]) -> RecordLayout:
    """Some fields of a layout. ACE pads the numbers that it returns with blanks, whatever their
    class (EQ v26 p.52)."""
    fields = (layout[name] for name in names)
    padded = (replace(one, cls="SN") if one.cls == "N" and not one.is_date else one for one in fields)
    return replace(layout, fields=tuple(padded))


def _recognised(application: str, matrix: Bytes) -> tuple[NDArray[np.uint8], RecordTable]:
    """Record kinds by the application's own sets, then by the set that it borrows from."""
    own = record_table(application)
    kinds = own.codes(matrix)
    if application not in ALSO:
        return kinds, own
    other = record_table(ALSO[application])
    strange = np.flatnonzero(kinds == UNKNOWN)
    found = other.codes(matrix[strange])
    shift = len(own.records) - FIRST_OWN
    kinds[strange] = np.where(found >= FIRST_OWN, found + shift, UNKNOWN)
    joined = RecordTable(
        own.records + other.records[FIRST_OWN:], own.layouts + other.layouts[FIRST_OWN:], own.heads, own.tails
    )
    return kinds, joined
