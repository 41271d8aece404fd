"""CBP's data classes as byte arithmetic: which bytes a field may hold, and how it is padded.

CATAIR SE v40 p.20-21 and Batch & Block v23 p.7: A is A-Z, N is 0-9, (S)N is leading blanks and
then digits, AN is A-Z, 0-9 and blank, D is MMDDYY, X adds the keyboard characters, S is blank.
All functions take record columns as uint8 and look at a million bytes in about a millisecond.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache

import numpy as np
from numpy.typing import NDArray

from tasks.ace.wire.record_layouts import RECORD_WIDTH, LayoutField, RecordLayout

Bytes = NDArray[np.uint8]
Flags = NDArray[np.bool_]

BLANK_BYTE = 32
FILLER, CHARACTER, CLASS, DATE, BLANK, CONSTANT = "X39", "X40", "class", "date", "blank", "constant"
"""Kinds of fault. The first two are CBP's own condition codes (Batch & Block v23 p.33)."""

KINDS = (FILLER, CHARACTER, CLASS, DATE, BLANK, CONSTANT)
PIVOT = 70
"""Two-digit years from 70 on are 1970-1999, below 2000-2069."""

_BLOCK = 8192
_DAYS = np.array([0, 31, 29, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31], dtype=np.int64)


@dataclass(frozen=True)
class ClassFaults:
    """Faults of one record type, as columns of equal length.

    row: index into the matrix checked; field: index into `layout.fields`; kind: index into KINDS.
    """

    row: NDArray[np.int64]
    field: NDArray[np.int64]
    kind: NDArray[np.int64]

    def __len__(self) -> int:
        return len(self.row)


def upper_bytes(view: Bytes) -> Flags:
    return (view - np.uint8(65)) < 26


def digit_bytes(view: Bytes) -> Flags:
    return (view - np.uint8(48)) < 10


def keyboard_bytes(view: Bytes) -> Flags:
    """Blank to tilde, lower case included (CBP converts it, B&B v23 p.8, but promises nothing)."""
    return (view - np.uint8(BLANK_BYTE)) < 95


def outside_class(cls: str, view: Bytes) -> Flags:
    """Which bytes are not of the class. Blank is never outside: it may be padding."""
    blank = view == BLANK_BYTE
    if cls == "S":
        return ~blank
    if cls == "A":
        return ~(upper_bytes(view) | blank)
    if cls == "AN":
        return ~(upper_bytes(view) | digit_bytes(view) | blank)
    if cls == "X":
        return ~keyboard_bytes(view) | ((view - np.uint8(97)) < 26)
    return ~(digit_bytes(view) | blank)


def misplaced_blanks(cls: str, view: Bytes) -> Flags:
    """Rows whose blanks stand where the class does not allow them. A wholly blank field is not."""
    blank = view == BLANK_BYTE
    if cls in ("N", "D"):
        return _rows(blank[:, 1:] != blank[:, :1])
    if cls == "SN":
        return _rows(blank[:, 1:] & ~blank[:, :-1])
    if cls == "A" and view.shape[1] > 2:
        started = np.logical_or.accumulate(~blank, axis=1)
        return _rows(started[:, :-1] & blank[:, :-1] & ~blank[:, 1:])
    return np.zeros(len(view), dtype=bool)


def faulty_rows(field: LayoutField, view: Bytes) -> Flags:
    """Rows of an (n, length) view that are not a value of the field's class, padded or blank."""
    return _rows(outside_class(field.cls, view)) | misplaced_blanks(field.cls, view)


def equals_text(view: Bytes, text: bytes) -> Flags:
    """Rows of an (n, width) view that are exactly these bytes, the last of which is not NUL."""
    if not view.size:
        return np.zeros(len(view), dtype=bool)
    rows = view if view.strides[-1] == 1 else np.ascontiguousarray(view)
    matches: Flags = np.asarray(rows.view(f"S{view.shape[1]}")[:, 0] == text, dtype=bool)
    return matches


def is_blank(view: Bytes) -> Flags:
    """Wholly blank rows."""
    return equals_text(view, b" " * view.shape[1])


def _rows(flags: Flags) -> Flags:
    """Rows with any flag. Mostly there is none at all, and that is quick to see."""
    return np.asarray(flags.any(axis=1), dtype=bool) if flags.any() else np.zeros(len(flags), bool)


def impossible_date(view: Bytes) -> Flags:
    """Rows of six digits that are no day of the calendar (MMDDYY); other rows are not judged."""
    numeric = digit_bytes(view).all(axis=1)
    number = (view - np.uint8(48)).astype(np.int64)
    month = number[:, 0] * 10 + number[:, 1]
    day = number[:, 2] * 10 + number[:, 3]
    year = number[:, 4] * 10 + number[:, 5]
    limit = _DAYS[np.where((month >= 1) & (month <= 12), month, 0)]
    limit = np.where((month == 2) & (year % 4 != 0), 28, limit)
    return numeric & ((day < 1) | (day > limit))


def class_faults(layout: RecordLayout, matrix: Bytes) -> ClassFaults:
    """Class, padding, filler, constant, date and mandatory faults of (n, 80) records of a layout.

    Two-digit years: every fourth is a leap year from 1970 to 2069.
    """
    faults: list[tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.int64]]] = []
    for start in range(0, len(matrix), _BLOCK):
        block = matrix[start : start + _BLOCK]
        _bytes(layout, block, start, faults)
        for index, field in enumerate(layout.fields):
            for flags, kind in _values(field, block[:, field.span]):
                rows = np.flatnonzero(flags)
                if len(rows):
                    faults.append(_column(rows + start, index, kind))
    if not faults:
        empty = np.empty(0, dtype=np.int64)
        return ClassFaults(empty, empty, empty)
    row, column, kinds = (np.concatenate(parts) for parts in zip(*faults, strict=True))
    order = np.lexsort((kinds, column, row))
    return ClassFaults(row[order], column[order], kinds[order])


def _values(field: LayoutField, view: Bytes) -> list[tuple[Flags, str]]:
    if field.constant:
        return [(~equals_text(view, field.constant.encode("ascii")), CONSTANT)]
    if field.is_filler:
        return []
    faults = []
    if field.cls in ("N", "SN", "A", "D"):
        gaps = misplaced_blanks(field.cls, view)
        if gaps.any():
            gaps &= ~outside_class(field.cls, view).any(axis=1)
        faults.append((gaps, CLASS))
    if field.is_date:
        faults.append((impossible_date(view), DATE))
    if field.required:
        faults.append((is_blank(view), BLANK))
    return faults


def _bytes(
    layout: RecordLayout,
    block: Bytes,
    start: int,
    faults: list[tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.int64]]],
) -> None:
    letters, digits, signs = _allowed(layout)
    is_upper, is_digit, blank = upper_bytes(block), digit_bytes(block), block == BLANK_BYTE
    bad = (is_upper & ~letters) | (is_digit & ~digits) | ~(is_upper | is_digit | blank | signs)
    untypable = ~keyboard_bytes(block) | ((block - np.uint8(97)) < 26)
    bad |= untypable
    if not bad.any():
        return
    for index, field in enumerate(layout.fields):
        if field.constant:
            continue
        span = field.span
        rows = np.flatnonzero(bad[:, span].any(axis=1))
        if not len(rows):
            continue
        alien = ~keyboard_bytes(block[rows, span]).all(axis=1)
        kind = FILLER if field.is_filler else CLASS
        faults.append(_column(rows[alien] + start, index, CHARACTER))
        faults.append(_column(rows[~alien] + start, index, kind))


def _column(
    rows: NDArray[np.int64], index: int, kind: str
) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.int64]]:
    return rows, np.full(len(rows), index), np.full(len(rows), KINDS.index(kind))


@cache
def _allowed(layout: RecordLayout) -> tuple[Flags, Flags, Flags]:
    """Per column of the record: whether letters, digits, other keyboard characters may stand."""
    letters, digits, signs = (np.zeros(RECORD_WIDTH, dtype=bool) for _ in range(3))
    for field in layout.fields:
        free = bool(field.constant)
        letters[field.span] = free or field.cls in ("A", "AN", "X")
        digits[field.span] = free or field.cls in ("AN", "N", "SN", "D", "X")
        signs[field.span] = free or field.cls == "X"
    return letters, digits, signs
