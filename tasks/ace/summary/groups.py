"""Records of one kind of many summaries, each found by a key: what two sides are compared by.

A key has, from the top: rank of the entry, line number, what tells records of the line apart (party,
case, fee class), and which of several alike. Both sides make their keys here, out of the records
themselves, so the same record has the same key wherever it comes from.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from tasks.ace.layout import WIDTH
from tasks.ace.summary.slice import count_within
from tasks.ace.wire.classes import SPACE, Bytes, is_blank
from tasks.ace.wire.vectors import Keys, Mask

ENTRY, LINE, SLOT = 41, 31, 13
MOST_LINES, MOST_ALIKE = (1 << (ENTRY - LINE)) - 1, (1 << SLOT) - 1

_PAIRS = {"32": (13, 6), "34": (11, 2), "89": (14, 5)}
"""Records that hold several of a kind: columns of each, and how many."""

_TOLD_BY = {"31": (3, 4), "34": (2, 5), "47": (2, 3), "53": (2, 3), "54": (2, 4), "62": (2, 5),
            "89": (2, 5)}  # fmt: skip
"""Columns that tell records of one id on one line apart."""

_SECOND_BOND = "A"


@dataclass(frozen=True)
class Group:
    """Keys, ascending and each once, and (n, 80) records."""

    keys: Keys
    matrix: Bytes

    def __len__(self) -> int:
        return len(self.keys)

    def some(self, which: Mask | Keys) -> Group:
        return Group(self.keys[which], self.matrix[which])


@dataclass(frozen=True)
class Said:
    """What one side says of summaries. groups: by record id; value: dollars entered by rank."""

    groups: Mapping[str, Group]
    value: Keys

    def of(self, record: str) -> Group:
        return self.groups.get(record) or EMPTY


EMPTY = Group(np.empty(0, dtype=np.int64), np.empty((0, WIDTH), dtype=np.uint8))


def grouped(record: str, matrix: Bytes, entry: Keys, line: Keys) -> Group:
    """A group of records that stand in the order of the file, with the rank and the line (0: none)
    of each."""
    if record in _PAIRS:
        matrix, entry, line = _apart(matrix, entry, line, *_PAIRS[record])
    keys = (
        (entry << ENTRY) | (np.minimum(line, MOST_LINES) << LINE) | (_slot(record, matrix) << SLOT)
    )
    if (np.diff(keys) > 0).all():
        return Group(keys, matrix)
    order = np.argsort(keys, kind="stable")
    keys = keys[order]
    keys = keys | np.minimum(count_within(keys), MOST_ALIKE)
    return Group(keys, matrix if (np.diff(order) == 1).all() else matrix[order])


def entries(keys: Keys) -> Keys:
    """The rank of the entry of each key."""
    return keys >> ENTRY


def lines(keys: Keys) -> Keys:
    """The line of each key, 0 for none."""
    return (keys >> LINE) & MOST_LINES


def place_of(key: int) -> tuple[int, int, int]:
    """Rank, line, and which of several alike (from 0) one key names."""
    return key >> ENTRY, (key >> LINE) & MOST_LINES, key & MOST_ALIKE


def told_apart(record: str, row: Bytes) -> str:
    """What tells a record from others of its id on the line: a letter, or a class."""
    if record not in _TOLD_BY:
        return ""
    text = row[slice(*_TOLD_BY[record])].tobytes().decode("latin-1").strip()
    return text if record != "31" or text == _SECOND_BOND else ""


def _slot(record: str, matrix: Bytes) -> Keys:
    """Six bits a column: blank, digits and capital letters each have their own."""
    found = np.zeros(len(matrix), dtype=np.int64)
    if record == "31":
        return (matrix[:, 3] == ord(_SECOND_BOND)).astype(np.int64)
    for column in range(*_TOLD_BY.get(record, (0, 0))):
        found = (found << 6) | ((matrix[:, column] - np.uint8(SPACE)) & 63)
    return found


def _apart(
    matrix: Bytes, entry: Keys, line: Keys, width: int, many: int
) -> tuple[Bytes, Keys, Keys]:
    """Each of the several as a record of its own, in the columns of the first."""
    parts = []
    for place in range(many):
        one = np.full((len(matrix), WIDTH), SPACE, dtype=np.uint8)
        one[:, :2] = matrix[:, :2]
        start = 2 + place * width
        one[:, 2 : 2 + width] = matrix[:, start : start + width]
        parts.append(one)
    whole = np.stack(parts, axis=1).reshape(-1, WIDTH)
    given = ~is_blank(np.ascontiguousarray(whole[:, 2:5]))
    return whole[given], np.repeat(entry, many)[given], np.repeat(line, many)[given]
