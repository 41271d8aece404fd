"""The stored summaries of an ER answer as groups of records: what is compared with our own AE.

The same keys as of `summary.groups`, made out of the records as they stand, so that only what differs
is ever turned into values. A line has the number that its 40 record gives it; where a summary's 40
records give no numbers, or one twice, it is its place.

The stored summaries of an ER file, kept as records until somebody wants them as columns.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property

import numpy as np
import pyarrow as pa

from tasks.ace.answers.column_values import Index
from tasks.ace.answers.record_reader import AnswerRecords
from tasks.ace.checker.record_deck import RecordColumns, integers
from tasks.ace.stored_summaries.comparison_fields import (
    COMPARED_NUMBERS,
    compared_fields,
    compared_layout,
    compared_records,
)
from tasks.ace.stored_summaries.image_tables import SOCIAL, ImageTables, Seal, read_image, seal_image
from tasks.ace.stored_summaries.record_groups import ComparisonSide, RecordGroup, group_records
from tasks.ace.wire.array_tools import Keys, count_within, take_or_null
from tasks.ace.wire.data_classes import Bytes, digit_bytes, impossible_date, is_blank


@dataclass(frozen=True)
class StoredImages:
    """All summaries of a reading. starts: the deck rows of their JB; numbers: of each."""

    reading: AnswerRecords = field(repr=False)
    starts: Index
    numbers: pa.Array
    seal: Seal | None = None

    def image(self, batch: int) -> ImageTables | None:
        """Those of one batch as columns."""
        return self._image.of(batch) if self._image is not None else None

    def stored(self, batch: int) -> StoredSummaries:
        """Those of one batch as records."""
        head = self.reading.rows("10")
        summaries = self.reading.owner(head.at, self.starts)
        summaries = np.unique(summaries[(summaries >= 0) & (self.reading.batch[head.at] == batch)])
        stop = int(np.searchsorted(self.reading.batch, batch, side="right"))
        return StoredSummaries(
            self.reading, self.starts[summaries], take_or_null(self.numbers, summaries), stop, self.seal
        )

    @cached_property
    def _image(self) -> ImageTables | None:
        image = read_image(self.reading, self.starts, self.numbers)
        if image is None or self.seal is None:
            return image
        return seal_image(image, self.seal)


_PRIVATE: Mapping[str, tuple[tuple[str, str, str], ...]] = {
    "11": (
        ("", "importer_of_record_number", "entries.importer_number"),
        ("", "consignee_number", "entries.consignee_number"),
        ("", "designated_notify_party_4811_number", "entries.notify_party"),
    ),
    "47": (
        ("S", "article_party_identifier", "lines.sold_to"),
        ("C", "article_party_identifier", "lines.delivered_to"),
        ("", "article_party_identifier", "parties.number"),
    ),
}
"""Where a Social Security number can stand, by the qualifier of the record, and its name in our record."""

_WIDTH = 12
_FIRST_LINE, _AFTER_LINES = "40", "88"


@dataclass(frozen=True)
class StoredSummaries:
    """Summaries of one batch. numbers: of each that has an image, in their order; heads: the deck rows
    of their JB; stop: the deck row after the batch."""

    reading: AnswerRecords = field(repr=False)
    heads: Index
    numbers: pa.Array
    stop: int
    seal: Seal | None = None

    def said(self, ranks: Index, count: int) -> ComparisonSide:
        """What they say, each under its rank (-1: left out) of `count`."""
        rank_of = np.append(np.full(len(self._all_heads), -1, dtype=np.int64), -1)
        rank_of[np.searchsorted(self._all_heads, self.heads)] = ranks
        groups = {record: self._group(record, rank_of) for record in compared_records()}
        present = {record: group for record, group in groups.items() if group is not None}
        return ComparisonSide(present, self._value(rank_of, count))

    @cached_property
    def _all_heads(self) -> Index:
        return self.reading.deck.index("JB")

    def _rows(self, record: str) -> RecordColumns:
        """Records of an id between the first of these summaries and the end of their batch."""
        rows = self.reading.rows(record)
        start = self.heads[0] if len(self.heads) else self.stop
        low, high = np.searchsorted(rows.at, [start, self.stop])
        return RecordColumns(rows.layout, rows.matrix[low:high], rows.at[low:high])

    def _owner(self, rows: RecordColumns) -> Index:
        """The summary of each record, by the count of all JB; -1 before the first of a block."""
        owner = self.reading.deck.ordinal("JB")[rows.at].astype(np.int64)
        block = self.reading.block
        if len(owner) and len(self._all_heads):
            head = self._all_heads[np.maximum(owner, 0)]
            owner = np.where((owner >= 0) & (block[head] == block[rows.at]), owner, -1)
        return owner

    def _group(self, record: str, rank_of: Index) -> RecordGroup | None:
        if not self.reading.has(record):
            return None
        rows = self._rows(record)
        owner = self._owner(rows)
        rank, matrix = rank_of[owner], self._sealed(record, rows, owner)
        line = np.zeros(len(rank), dtype=np.int64)
        if _FIRST_LINE <= record < _AFTER_LINES:
            line = self._line(rows, owner)
        if (rank < 0).any():
            inside = rank >= 0
            rank, matrix, line = rank[inside], matrix[inside], line[inside]
        if record in ("22", "23"):
            line = self._shipment(rows.at[rank_of[owner] >= 0], rank)
        return group_records(record, matrix, rank, line)

    def _shipment(self, at: Index, rank: Index) -> Keys:
        """Which shipment (22) of its summary each record belongs to, from 1."""
        count = self.reading.deck.ordinal("22")[at].astype(np.int64)
        if not len(count):
            return count
        fresh = np.concatenate(([True], rank[1:] != rank[:-1]))
        first = np.maximum.accumulate(np.where(fresh, np.arange(len(rank)), 0))
        return count - count[first] + 1

    @cached_property
    def _numbered(self) -> tuple[Index, Keys]:
        """The summary and the number of each 40 record of the whole reading."""
        rows = self.reading.rows(_FIRST_LINE)
        owner, number = self._owner(rows), _numbers(rows.raw("line"))
        ascending = (owner[1:] != owner[:-1]) | (number[1:] > number[:-1])
        if (number > 0).all() and ascending.all():
            return owner, number
        unnumbered = np.isin(owner, _unnumbered(owner, number))
        return owner, np.where(unnumbered, count_within(owner) + 1, number)

    def _line(self, rows: RecordColumns, owner: Index) -> Keys:
        """The line that each record stands under; 0 where none was begun in its summary."""
        begun = self.reading.deck.ordinal(_FIRST_LINE)[rows.at].astype(np.int64)
        owners, numbers = self._numbered
        if not len(owners):
            return np.zeros(len(owner), dtype=np.int64)
        line = np.maximum(begun, 0)
        return np.where((begun >= 0) & (owners[line] == owner), numbers[line], 0)

    def _value(self, rank_of: Index, count: int) -> Keys:
        """Whole dollars of all lines, by rank."""
        if not self.reading.has("50"):
            return np.zeros(count, dtype=np.int64)
        rows = self._rows("50")
        rank = rank_of[self._owner(rows)]
        value = rows.number("value_of_goods_amount")
        inside = rank >= 0
        return np.bincount(rank[inside], weights=value[inside], minlength=count).astype(np.int64)

    def _sealed(self, record: str, rows: RecordColumns, owner: Index) -> Bytes:
        """The records, with the reference that our record holds for each Social Security number."""
        if record not in _PRIVATE or self.seal is None:
            return rows.matrix
        matrix = rows.matrix
        names = self._names(owner)
        for qualifier, name, ours in _PRIVATE[record]:
            start = compared_layout(record)[name].span.start
            view = matrix[:, start : start + 11]
            private = _social(view)
            if qualifier:
                private &= matrix[:, 2] == ord(qualifier)
            at = np.flatnonzero(private)
            if not len(at):
                continue
            values = [view[row].tobytes().decode("ascii") for row in at]
            triples = [(names[row].as_py() or "", ours, value) for row, value in zip(at.tolist(), values, strict=True)]
            matrix = matrix.copy() if matrix is rows.matrix else matrix
            for row, reference in zip(at, self.seal(triples), strict=True):
                matrix[row, start : start + _WIDTH] = np.frombuffer(reference.encode(), np.uint8)
        return matrix

    def _names(self, owner: Index) -> pa.Array:
        summary = np.full(len(self._all_heads) + 1, -1, dtype=np.int64)
        summary[np.searchsorted(self._all_heads, self.heads)] = np.arange(len(self.heads))
        return take_or_null(self.numbers, summary[owner])


def _numbers(raw: Bytes) -> Keys:
    """The number of each line; 0 where it is no number."""
    number = integers(raw)
    for row in np.flatnonzero(~digit_bytes(raw).all(axis=1)):
        text = raw[row].tobytes().decode("latin-1").strip()
        number[row] = int(text) if text.isdecimal() else 0
    return number


def _unnumbered(owner: Index, number: Keys) -> Index:
    """Summaries whose lines have no number each of their own."""
    order = np.lexsort((number, owner))
    twice = (np.diff(owner[order]) == 0) & (np.diff(number[order]) == 0)
    return np.unique(np.concatenate((owner[number == 0], owner[order][1:][twice])))


def _social(view: Bytes) -> np.ndarray:
    """Which rows are NNN-NN-NNNN; importers' other numbers have their hyphen elsewhere."""
    matches = (view[:, 3] == ord("-")) & (view[:, 6] == ord("-"))
    at = np.flatnonzero(matches)
    matches[at] = [re.match(SOCIAL, view[row].tobytes().decode("latin-1")) is not None for row in at]
    return matches


def note_unreadable(reading: AnswerRecords) -> None:
    """Notes each number and each date of a stored summary that is none."""
    for record in compared_records():
        if not reading.has(record):
            continue
        rows = reading.rows(record)
        suspect = [typed_field for typed_field in _typed(record) if _has_unreadable(rows, *typed_field)]
        if suspect:
            reading.columns(rows, *(name for name, _ in suspect))


def _typed(record: str) -> list[tuple[str, str]]:
    kinds = {field.field: field.kind for field in compared_fields(record)}
    return [(name, kind) for name, kind in kinds.items() if kind == "date" or kind in COMPARED_NUMBERS]


def _has_unreadable(rows: RecordColumns, name: str, kind: str) -> bool:
    raw = rows.raw(name)
    if kind == "date":
        invalid = ~(digit_bytes(raw).all(axis=1) | is_blank(raw)) | impossible_date(raw)
        return bool(invalid.any())
    blank = raw == 32
    if (~(digit_bytes(raw) | blank)).any():
        return True
    return bool((blank[:, 1:] & ~blank[:, :-1]).any())
