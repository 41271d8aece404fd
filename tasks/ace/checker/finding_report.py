"""From columns of faults to findings for a person: counted all, told one by one up to a limit.

What of a record a person may see: Social Security numbers and the ACE password never.
"""

from __future__ import annotations

import re
from collections import Counter

import numpy as np

from tasks.ace.checker.entry_numbers import entry_text
from tasks.ace.checker.record_deck import Deck, FaultColumns, Index
from tasks.ace.wire.check_conditions import ERROR, FileFinding, condition_of_code, make_finding
from tasks.ace.wire.record_layouts import LayoutField, RecordLayout

MASKED = "(private)"
_PASSWORDS = frozenset({"password"})
_SOCIAL = re.compile(r"\d{3}-\d{2}-\d{4}")
_SOCIAL_TYPES = frozenset({"34", "34*"})
_TYPES = ("importer_type", "identifier_qualifier")


def field_text(field: LayoutField, record: bytes) -> str:
    """A field of an 80-byte record without its padding; bytes outside ASCII as `?`."""
    part = record[field.start - 1 : field.end]
    return "".join(chr(byte) if 32 <= byte < 127 else "?" for byte in part).strip()


def masked_value(layout: RecordLayout, field: LayoutField, record: bytes) -> str:
    """A field's value for a person: masked where it is private, else as it stands."""
    text = field_text(field, record)
    if not text:
        return ""
    return MASKED if is_private(layout, field, record, text) else text


def is_private(layout: RecordLayout, field: LayoutField, record: bytes, text: str) -> bool:
    """The password; a number typed 34 (SSN), or one that has the form of one whatever its type."""
    if field.name in _PASSWORDS or _SOCIAL.search(text):
        return True
    if not ("number" in field.name or "identifier" in field.name):
        return False
    kinds = [name for name in _TYPES if name in layout.by_name]
    return any(field_text(layout[name], record) in _SOCIAL_TYPES for name in kinds if name != field.name)


LIMIT = 10_000
_MAX_VALUE = 14
"""Longer values are names, addresses and descriptions: they say little and may be private."""


class Reporter:
    """Gathers the findings of a file. `limit` is how many are kept; all are counted."""

    def __init__(self, limit: int | None = LIMIT) -> None:
        self.limit = limit
        self.findings: list[FileFinding] = []
        self.counts: Counter[str] = Counter()
        self.errors = 0

    def add(self, finding: FileFinding) -> None:
        """One finding that is already made."""
        self.count(finding.code, 1)
        if self.limit is None or len(self.findings) < self.limit:
            self.findings.append(finding)

    def count(self, code: str, times: int) -> None:
        self.counts[code] += times
        if condition_of_code(code).severity == ERROR:
            self.errors += times

    def deck(self, deck: Deck, classes: FaultColumns, at: Index, base: int) -> None:
        """Faults of a deck. `at` gives the file's record number of each deck row.

        Rows before `base` are repeated headers. A field whose bytes are wrong is told for that
        alone: what rules say of it as well is left out. A mere warning hides nothing.
        """
        if not (len(deck.found) or len(classes)):
            return
        first, second = _columns(classes), _columns(deck.found)
        wrong = np.array([condition_of_code(code).severity == ERROR for code, _ in classes.code], bool)
        hiding = wrong[first[2]]
        clash = np.isin(second[0] * 128 + second[1], (first[0] * 128 + first[1])[hiding])
        second = tuple(column[~(clash & (second[1] > 0))] for column in second)
        row, position, code = (np.concatenate(pair) for pair in zip(first, second, strict=True))
        details = [*classes.code, *deck.found.code]
        code[len(first[0]) :] += len(classes.code)
        fresh = at[row] >= base
        row, position, code = row[fresh], position[fresh], code[fresh]
        for number, times in enumerate(np.bincount(code, minlength=len(details))):
            if times:
                self.count(details[number][0], int(times))
        order = np.lexsort((code, position, row))
        room = len(order) if self.limit is None else max(self.limit - len(self.findings), 0)
        for index in order[:room]:
            name, detail = details[code[index]]
            deck_row, column = int(row[index]), int(position[index])
            self.findings.append(_finding(deck, deck_row, column, name, detail, int(at[deck_row])))


def _columns(faults: FaultColumns) -> tuple[Index, Index, Index]:
    if not faults.at:
        empty = np.empty(0, dtype=np.int64)
        return empty, empty, empty
    number = np.repeat(np.arange(len(faults.at)), [len(part) for part in faults.at])
    return np.concatenate(faults.at), np.concatenate(faults.position), number


def _finding(deck: Deck, row: int, column: int, code: str, detail: str, at: int) -> FileFinding:
    kind = int(deck.kinds[row])
    layout = deck.table.layouts[kind]
    record = deck.matrix[row].tobytes()
    name = deck.table.records[kind] or record[:4].decode("latin-1").strip()
    detail = detail or value_at(layout, column, record)
    return make_finding(at, column, code, _printable(name), _entry(deck, row), detail)


def value_at(layout: RecordLayout | None, column: int, record: bytes) -> str:
    """The field at a column and what it says, if that is short and not private."""
    field = _field(layout, column)
    if layout is None or field is None:
        return ""
    text = masked_value(layout, field, record)
    return f"{field.name} {text!r}" if text and field.length <= _MAX_VALUE else field.name


def _field(layout: RecordLayout | None, column: int) -> LayoutField | None:
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
    filer, number = (header.raw(name)[owner].tobytes() for name in ("entry_filer_code", "entry_number"))
    return entry_text(filer, number)


def _printable(text: str) -> str:
    return "".join(letter if " " <= letter <= "~" else "?" for letter in text)
