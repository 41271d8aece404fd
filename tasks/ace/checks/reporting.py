"""From columns of faults to findings for a person: counted all, told one by one up to a limit."""

from __future__ import annotations

from collections import Counter

import numpy as np

from tasks.ace.checks.deck import Deck, Found, Index
from tasks.ace.checks.masking import shown
from tasks.ace.checks.numbers import entry_text
from tasks.ace.conditions import ERROR, Finding, condition, finding
from tasks.ace.layout import Field, Layout

LIMIT = 10_000
_MAX_VALUE = 14
"""Longer values are names, addresses and descriptions: they say little and may be private."""


class Reporter:
    """Gathers the findings of a file. `limit` is how many are kept; all are counted."""

    def __init__(self, limit: int | None = LIMIT) -> None:
        self.limit = limit
        self.findings: list[Finding] = []
        self.counts: Counter[str] = Counter()
        self.errors = 0

    def add(self, one: Finding) -> None:
        """One finding that is already made."""
        self.count(one.code, 1)
        if self.limit is None or len(self.findings) < self.limit:
            self.findings.append(one)

    def count(self, code: str, times: int) -> None:
        self.counts[code] += times
        if condition(code).severity == ERROR:
            self.errors += times

    def deck(self, deck: Deck, classes: Found, at: Index, base: int) -> None:
        """Faults of a deck. `at` gives the file's record number of each deck row.

        Rows before `base` are repeated headers. A field whose bytes are wrong is told for that
        alone: what rules say of it as well is left out. A mere warning hides nothing.
        """
        if not (len(deck.found) or len(classes)):
            return
        first, second = _columns(classes), _columns(deck.found)
        wrong = np.array([condition(code).severity == ERROR for code, _ in classes.code], bool)
        told = wrong[first[2]]
        clash = np.isin(second[0] * 128 + second[1], (first[0] * 128 + first[1])[told])
        second = tuple(column[~(clash & (second[1] > 0))] for column in second)
        row, position, code = (np.concatenate(pair) for pair in zip(first, second, strict=True))
        details = [*classes.code, *deck.found.code]
        code[len(first[0]) :] += len(classes.code)
        kept = at[row] >= base
        row, position, code = row[kept], position[kept], code[kept]
        for number, times in enumerate(np.bincount(code, minlength=len(details))):
            if times:
                self.count(details[number][0], int(times))
        order = np.lexsort((code, position, row))
        room = len(order) if self.limit is None else max(self.limit - len(self.findings), 0)
        for index in order[:room]:
            name, detail = details[code[index]]
            place, column = int(row[index]), int(position[index])
            self.findings.append(_finding(deck, place, column, name, detail, int(at[place])))


def _columns(found: Found) -> tuple[Index, Index, Index]:
    if not found.at:
        empty = np.empty(0, dtype=np.int64)
        return empty, empty, empty
    number = np.repeat(np.arange(len(found.at)), [len(part) for part in found.at])
    return np.concatenate(found.at), np.concatenate(found.position), number


def _finding(deck: Deck, row: int, column: int, code: str, detail: str, at: int) -> Finding:
    kind = int(deck.kinds[row])
    layout = deck.table.layouts[kind]
    record = deck.matrix[row].tobytes()
    name = deck.table.records[kind] or record[:4].decode("latin-1").strip()
    detail = detail or value_at(layout, column, record)
    return finding(at, column, code, _printable(name), _entry(deck, row), detail)


def value_at(layout: Layout | None, column: int, record: bytes) -> str:
    """The field at a column and what it says, if that is short and not private."""
    field = _field(layout, column)
    if layout is None or field is None:
        return ""
    text = shown(layout, field, record)
    return f"{field.name} {text!r}" if text and field.length <= _MAX_VALUE else field.name


def _field(layout: Layout | None, column: int) -> Field | None:
    for field in layout.fields if layout is not None and column else ():
        if field.start <= column <= field.end:
            return field
    return None


def _entry(deck: Deck, row: int) -> str:
    """The entry number of the transaction that a row stands in, where it has one."""
    if not deck.head or not len(deck.starts):
        return ""
    owner = int(deck.transaction[row])
    if owner < 0 or deck.table.records[int(deck.kinds[deck.starts[owner]])] != deck.head:
        return ""
    header = deck.header
    filer, number = (
        header.raw(name)[owner].tobytes() for name in ("entry_filer_code", "entry_number")
    )
    return entry_text(filer, number)


def _printable(text: str) -> str:
    return "".join(letter if " " <= letter <= "~" else "?" for letter in text)
