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
import pyarrow.compute as pc
from numpy.typing import NDArray

from tasks.ace.answers_tables import MONEY, TIME, Part, filled, stacked
from tasks.ace.classes import Bytes, Flags, digit, impossible_date, is_blank
from tasks.ace.codec import decode
from tasks.ace.deck import Deck, Rows, integers
from tasks.ace.layout import Layout
from tasks.ace.recognise import FIRST_OWN, UNKNOWN, Table, table
from tasks.shared.errors import Problem

Index = NDArray[np.int64]

ALSO = {"UC": "SO", "ER": "AX"}
"""Answers that carry records of another set: agency statuses in UC (UC v30 p.14), and agency and
census records in an ER image (EQ v26 p.15)."""

_SOCIAL = r"[0-9]{3}-[0-9]{2}-[0-9]{4}"
_LIMIT = 200


@dataclass
class Reading:
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
    def of(
        cls, application: str, matrix: Bytes, batch: Index, block: Index, index: Index, name: str
    ) -> Reading:
        kinds, known = _recognised(application, matrix)
        return cls(application, Deck(application, matrix, kinds, known), batch, block, index, name)

    def rows(self, record: str) -> Rows:
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

    def columns(self, rows: Rows, *names: str) -> dict[str, pa.Array]:
        """Fields of records: text, whole numbers and dates; unreadable ones null and noted."""
        part = _narrowed(rows.layout, names)
        made = decode(part, rows.matrix, typed=True)
        columns = {name: made[name].combine_chunks() for name in names}
        for name in names:
            self._note(rows, name, columns[name])
        return columns

    def texts(self, rows: Rows, *names: str) -> dict[str, pa.Array]:
        """Fields as they stand, without their padding."""
        made = decode(_narrowed(rows.layout, names), rows.matrix)
        return {name: made[name].combine_chunks() for name in names}

    def note(self, at: int, record: str, column: str, value: str, wrong: str, right: str) -> None:
        """A fault at a deck row. At most a few hundred are told one by one."""
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
                        wrong=wrong,
                        right=right,
                    ),
                )
            )

    def add(self, name: str, columns: dict[str, pa.Array], at: Index) -> None:
        """Rows of an answer table, one for each of the deck rows `at`."""
        if len(at):
            table_ = filled(name, {**columns, "record_index": pa.array(self.index[at])}, len(at))
            self.tables.setdefault(name, []).append((table_, self.batch[at]))

    def parts(self) -> dict[str, Part]:
        """The finished tables, in the order of the file."""
        return {
            name: stacked(name, made, "record_index") for name, made in self.tables.items()
        }

    def _note(self, rows: Rows, name: str, column: pa.Array) -> None:
        if pa.types.is_string(column.type) or not column.null_count:
            return
        raw = rows.raw(name)
        lost = column.is_null().to_numpy(zero_copy_only=False) & ~is_blank(raw)
        if pa.types.is_date(column.type) and lost.any():
            lost &= (raw != ord("0")).any(axis=1)
        wanted = "MMDDYY" if pa.types.is_date(column.type) else "digits"
        for row in np.flatnonzero(lost)[:_LIMIT]:
            value = raw[row].tobytes().decode("latin-1").strip()
            record = rows.layout.record
            self.note(rows.at[row], record, name, value, "cannot be read", wanted)


def entry_numbers(filer: Bytes, number: Bytes) -> pa.Array:
    """`XXX-NNNNNNN-C` of (n, 3) filer codes and (n, 8 or 9) numbers; null where one is blank.

    Nine columns are right-justified in CQ (CQ v21 p.13); a left-justified number reads the same.
    """
    if number.shape[1] == 9:
        left = number[:, 8:] == 32
        number = np.where(left, number[:, :8], number[:, 1:])
    text = np.full((len(filer), 13), ord("-"), dtype=np.uint8)
    text[:, :3], text[:, 4:11], text[:, 12] = filer, number[:, :7], number[:, 7]
    text[text > 126] = ord("?")
    gone = (filer == 32).any(axis=1) | (number == 32).any(axis=1)
    offsets = pa.py_buffer(np.arange(0, text.size + 1, 13, dtype=np.int32))
    made = pa.StringArray.from_buffers(len(text), offsets, pa.py_buffer(text))
    return pc.if_else(pa.array(gone), pa.scalar(None, pa.string()), made) if gone.any() else made


def placed(column: pa.Array, owner: Index, count: int) -> pa.Array:
    """(count,) the first value of each owner; null where an owner has none."""
    rows = np.full(count, -1, dtype=np.int64)
    kept = np.flatnonzero(owner >= 0)[::-1]
    rows[owner[kept]] = kept
    return taken(column, rows)


def taken(column: pa.Array, rows: Index) -> pa.Array:
    """Values at rows; null for a row below zero."""
    return column.take(pa.array(rows, mask=rows < 0))


def money(cents: pa.Array, places: int = 2) -> pa.Array:
    """Whole numbers with two implied decimals, or none, as dollars."""
    values = pc.fill_null(cents, 0).to_numpy(zero_copy_only=False).astype(np.int64)
    if places == 0:
        values = values * 100
    wide = np.empty((len(values), 2), dtype=np.int64)
    wide[:, 0], wide[:, 1] = values, values >> 63
    validity = cents.is_valid().cast(pa.uint8()).to_numpy(zero_copy_only=False)
    bits = np.packbits(validity.astype(np.uint8), bitorder="little")
    buffers = [pa.py_buffer(bits) if cents.null_count else None, pa.py_buffer(wide)]
    return pa.Array.from_buffers(MONEY, len(values), buffers)


def signed(text: pa.Array) -> pa.Array:
    """Digits with or without a minus in front (EQ v26 p.34, 35); null for anything else."""
    good = pc.match_substring_regex(text, r"^\s*-?[0-9]{1,15}\s*$")
    kept = pc.if_else(good, pc.utf8_trim_whitespace(text), pa.scalar(None, pa.string()))
    return kept.cast(pa.int64())


def mapped(text: pa.Array, meanings: dict[str, str]) -> pa.Array:
    """Codes by a table; a code that is not in it stays as it is, with a question mark."""
    keys = pa.array(list(meanings), pa.string())
    found = pc.index_in(text, value_set=keys)
    known = pa.array(list(meanings.values()), pa.string()).take(found)
    odd = pc.binary_join_element_wise(text, "?", "")
    return pc.if_else(pc.and_(pc.is_null(found), pc.is_valid(text)), odd, known)


def is_text(text: pa.Array, *values: str) -> pa.Array:
    """Whether a text is one of the values; null stays null."""
    found = pc.is_in(text, value_set=pa.array(values, pa.string()))
    return pc.if_else(pc.is_valid(text), found, pa.scalar(None, pa.bool_()))


def clock(day: pa.Array, time: Bytes) -> pa.Array:
    """A date and HHMM or HHMMSS as a time; null where the date is, midnight where the hour is."""
    part = [integers(time[:, k : k + 2]) for k in range(0, time.shape[1], 2)]
    good = digit(time).all(axis=1) & (part[0] < 24) & (part[1] < 60)
    seconds = part[0] * 3600 + part[1] * 60 + (part[2] if len(part) > 2 else 0)
    days = day.cast(pa.int32()).cast(pa.int64())
    whole = pc.add(pc.multiply(days, 86_400), pa.array(np.where(good, seconds, 0)))
    return whole.cast(TIME)


def twelve_hour(text: Bytes) -> tuple[pa.Array, Flags]:
    """MMDDYYHHMMSS and AM or PM (EQ v26 p.20) as times, and which texts are no such time."""
    digits = digit(text[:, :12]).all(axis=1)
    month, day, year, hour, minute, second = (
        integers(text[:, k : k + 2]) for k in range(0, 12, 2)
    )
    half = text[:, 12]
    good = digits & ~impossible_date(text[:, :6]) & (hour >= 1) & (hour <= 12)
    good &= (minute < 60) & (second < 60) & (text[:, 13] == ord("M"))
    good &= (half == ord("A")) | (half == ord("P"))
    months = (np.where(year < 70, year + 2000, year + 1900) - 1970) * 12 + month - 1
    days = np.where(good, months, 0).astype("datetime64[M]").astype("datetime64[D]").astype(int)
    hours = hour % 12 + np.where(half == ord("P"), 12, 0)
    seconds = (days + day - 1) * 86_400 + hours * 3600 + minute * 60 + second
    return pa.array(seconds, mask=~good).cast(TIME), ~good & ~is_blank(text)


def shown(matrix: Bytes) -> pa.Array:
    """Whole records as text for a person, Social Security numbers hidden."""
    view = np.where((matrix < 32) | (matrix > 126), np.uint8(ord("?")), matrix)
    lines = [row.tobytes().decode("ascii").rstrip() for row in view]
    return hidden(pa.array(lines, pa.string()))


def hidden(text: pa.Array) -> pa.Array:
    """Text without Social Security numbers."""
    return pc.replace_substring_regex(text, _SOCIAL, "(private)")


@cache
def _narrowed(layout: Layout, names: tuple[str, ...]) -> Layout:
    return replace(layout, fields=tuple(layout[name] for name in names))


def _recognised(application: str, matrix: Bytes) -> tuple[NDArray[np.uint8], Table]:
    """Record kinds by the application's own sets, then by the set that it borrows from."""
    own = table(application)
    kinds = own.codes(matrix)
    if application not in ALSO:
        return kinds, own
    other = table(ALSO[application])
    strange = np.flatnonzero(kinds == UNKNOWN)
    found = other.codes(matrix[strange])
    shift = len(own.records) - FIRST_OWN
    kinds[strange] = np.where(found >= FIRST_OWN, found + shift, UNKNOWN)
    joined = Table(
        own.records + other.records[FIRST_OWN:],
        own.layouts + other.layouts[FIRST_OWN:],
        own.heads,
        own.tails,
    )
    return kinds, joined
