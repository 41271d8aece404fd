"""Records of one kind of many summaries, each found by a key: what two sides are compared by.

A key has, from the top: rank of the entry, line number, what tells records of the line apart (party,
case, fee class), and which of several alike. Both sides make their keys here, out of the records
themselves, so the same record has the same key wherever it comes from.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from tasks.ace.wire.array_tools import Keys, Mask, count_within
from tasks.ace.wire.data_classes import BLANK_BYTE, Bytes, is_blank
from tasks.ace.wire.record_layouts import RECORD_WIDTH

ENTRY_LEVEL, LINE_LEVEL, RECORD_SLOT = 41, 31, 13
MOST_LINES, MOST_ALIKE = (1 << (ENTRY_LEVEL - LINE_LEVEL)) - 1, (1 << RECORD_SLOT) - 1

_PAIRS = {"32": (13, 6), "34": (11, 2), "89": (14, 5)}
"""Records that hold several of a kind: columns of each, and how many."""

_QUALIFIER_COLUMNS = {"31": (3, 4), "34": (2, 5), "47": (2, 3), "53": (2, 3), "54": (2, 4), "62": (2, 5), "89": (2, 5)}
"""Columns that tell records of one id on one line apart."""

_SECOND_BOND = "A"


@dataclass(frozen=True)
class RecordGroup:
    """Keys, ascending and each once, and (n, 80) records."""

    keys: Keys
    matrix: Bytes

    def __len__(self) -> int:
        return len(self.keys)

    def some(self, which: Mask | Keys) -> RecordGroup:
        return RecordGroup(self.keys[which], self.matrix[which])


@dataclass(frozen=True)
class ComparisonSide:
    """What one side says of summaries. groups: by record id; value: dollars entered by rank."""

    groups: Mapping[str, RecordGroup]
    value: Keys

    def of(self, record: str) -> RecordGroup:
        return self.groups.get(record) or EMPTY_GROUP


EMPTY_GROUP = RecordGroup(np.empty(0, dtype=np.int64), np.empty((0, RECORD_WIDTH), dtype=np.uint8))


def group_records(record: str, matrix: Bytes, entry: Keys, line: Keys) -> RecordGroup:
    """A group of records that stand in the order of the file, with the rank and the line (0: none)
    of each."""
    if record in _PAIRS:
        matrix, entry, line = _split_pairs(matrix, entry, line, *_PAIRS[record])
    keys = (
        (entry << ENTRY_LEVEL) | (np.minimum(line, MOST_LINES) << LINE_LEVEL) | (_slot(record, matrix) << RECORD_SLOT)
    )
    if (np.diff(keys) > 0).all():
        return RecordGroup(keys, matrix)
    order = np.argsort(keys, kind="stable")
    keys = keys[order]
    keys = keys | np.minimum(count_within(keys), MOST_ALIKE)
    return RecordGroup(keys, matrix if (np.diff(order) == 1).all() else matrix[order])


def entry_ranks(keys: Keys) -> Keys:
    """The rank of the entry of each key."""
    return keys >> ENTRY_LEVEL


def line_numbers(keys: Keys) -> Keys:
    """The line of each key, 0 for none."""
    return (keys >> LINE_LEVEL) & MOST_LINES


def key_parts(key: int) -> tuple[int, int, int]:
    """Rank, line, and which of several alike (from 0) one key names."""
    return key >> ENTRY_LEVEL, (key >> LINE_LEVEL) & MOST_LINES, key & MOST_ALIKE


def record_qualifier(record: str, row: Bytes) -> str:
    """What tells a record from others of its id on the line: a letter, or a class."""
    if record not in _QUALIFIER_COLUMNS:
        return ""
    text = row[slice(*_QUALIFIER_COLUMNS[record])].tobytes().decode("latin-1").strip()
    return text if record != "31" or text == _SECOND_BOND else ""


def _slot(record: str, matrix: Bytes) -> Keys:
    """Six bits a column: blank, digits and capital letters each have their own."""
    slot = np.zeros(len(matrix), dtype=np.int64)
    if record == "31":
        return (matrix[:, 3] == ord(_SECOND_BOND)).astype(np.int64)
    for column in range(*_QUALIFIER_COLUMNS.get(record, (0, 0))):
        slot = (slot << 6) | ((matrix[:, column] - np.uint8(BLANK_BYTE)) & 63)
    return slot


def _split_pairs(matrix: Bytes, entry: Keys, line: Keys, width: int, count: int) -> tuple[Bytes, Keys, Keys]:
    """Each of the several as a record of its own, in the columns of the first."""
    parts = []
    for number in range(count):
        record = np.full((len(matrix), RECORD_WIDTH), BLANK_BYTE, dtype=np.uint8)
        record[:, :2] = matrix[:, :2]
        start = 2 + number * width
        record[:, 2 : 2 + width] = matrix[:, start : start + width]
        parts.append(record)
    records = np.stack(parts, axis=1).reshape(-1, RECORD_WIDTH)
    filled = ~is_blank(np.ascontiguousarray(records[:, 2:5]))
    return records[filled], np.repeat(entry, count)[filled], np.repeat(line, count)[filled]
