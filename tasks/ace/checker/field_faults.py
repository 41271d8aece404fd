"""Class, filler, date and mandatory faults of records under their codes.

What CBP accepts although its print forbids it, and what its print says in a note only, stands in
`data/ace/exceptions.csv`; it becomes a warning, or nothing where `becomes` is empty.
"""

from __future__ import annotations

import csv
from collections.abc import Callable
from functools import cache
from importlib.resources import files

import numpy as np

from tasks.ace.checker.record_deck import Deck, FaultColumns, Index
from tasks.ace.checker.record_tables import UNKNOWN
from tasks.ace.wire.batch_envelope import applications
from tasks.ace.wire.data_classes import KINDS, Bytes, Flags, class_faults, keyboard_bytes, outside_class
from tasks.ace.wire.record_layouts import LayoutField, RecordLayout, code_list

CLASS_CODES = {"A": "C010", "N": "C011", "SN": "C012", "AN": "C013", "D": "C014", "X": "X40"}
KIND_CODES = {"X39": "X39", "X40": "X40", "date": "C014", "blank": "C016", "constant": "C017"}
_HYPHEN, _ZERO = ord("-"), ord("0")


def check_classes(deck: Deck) -> FaultColumns:
    """The faults of every record of a deck that has a layout, and odd bytes in the others."""
    faults = FaultColumns()
    for code, layout in enumerate(deck.table.layouts):
        at = deck.of_kind(code)
        if layout is not None and len(at):
            check_records(layout, _matrix(deck, code, at), at, faults, deck.application)
    at = deck.of_kind(UNKNOWN)
    if len(at):
        rows = deck.matrix[at]
        faults.add("X40", at[_odd(rows).any(axis=1)])
    return faults


def check_records(layout: RecordLayout, matrix: Bytes, at: Index, faults: FaultColumns, application: str = "") -> None:
    """Adds the faults of (n, 80) records of one layout that stand at the deck rows `at`."""
    breaches = class_faults(layout, matrix)
    for number in np.unique(breaches.field * len(KINDS) + breaches.kind) if len(breaches) else ():
        field, kind = layout.fields[int(number) // len(KINDS)], KINDS[int(number) % len(KINDS)]
        rows = breaches.row[(breaches.field * len(KINDS) + breaches.kind) == number]
        _add(faults, application, layout, field, kind, matrix[rows], at[rows])
    for field in layout.data_fields if application in applications() else ():
        if field.cls in ("A", "AN", "X") and not field.right and field.length > 1:
            faults.add("C018", at[_indented(matrix[:, field.span])], field.start)


def _add(
    faults: FaultColumns, application: str, layout: RecordLayout, field: LayoutField, kind: str, rows: Bytes, at: Index
) -> None:
    left = np.ones(len(rows), dtype=bool)
    for exception in _exceptions():
        rule_key = tuple(exception[name] for name in ("record", "field", "kind"))
        if exception["application"] in ("*", application) and rule_key == (layout.record, field.name, kind):
            excused = left & _WHEN[exception["when"]](rows, field)
            if exception["becomes"]:
                faults.add(exception["becomes"], at[excused], field.start)
            left &= ~excused
    if kind == "class":
        unprintable = _odd(rows[:, field.span]).any(axis=1)
        faults.add("X40", at[left & unprintable], field.start)
        faults.add(CLASS_CODES[field.cls], at[left & ~unprintable], field.start)
    else:
        faults.add(KIND_CODES[kind], at[left], field.start)


def _matrix(deck: Deck, code: int, at: Index) -> Bytes:
    """The records of a kind; shared with the rules where the kind is alone under its id."""
    record = deck.table.records[code]
    return deck.rows(record).matrix if deck.table.records.count(record) == 1 else deck.matrix[at]


def _odd(view: Bytes) -> Flags:
    """Bytes that are no displayable upper-case character (B&B v23 p.9)."""
    return ~keyboard_bytes(view) | ((view - np.uint8(97)) < 26)


def _indented(view: Bytes) -> Flags:
    """Rows that begin with a blank but are not blank."""
    indented = view[:, 0] == 32
    rows = np.flatnonzero(indented)
    if len(rows):
        indented[rows] = (view[rows, 1:] != 32).any(axis=1)
    return indented


def _hyphen_only(rows: Bytes, field: LayoutField) -> Flags:
    view = rows[:, field.span].copy()
    view[view == _HYPHEN] = _ZERO
    return ~np.logical_or.reduce(outside_class("AN", view), axis=1)


def _chapter_99(rows: Bytes, field: LayoutField) -> Flags:
    return (rows[:, 2] == ord("9")) & (rows[:, 3] == ord("9"))


def _chapter_98(rows: Bytes, field: LayoutField) -> Flags:
    return (rows[:, 2] == ord("9")) & (rows[:, 3] == ord("8"))


def _unknown_carrier(rows: Bytes, field: LayoutField) -> Flags:
    values = np.array([code.ljust(field.length).encode() for code in code_list("unknown_carrier")])
    view = np.ascontiguousarray(rows[:, field.span]).view(f"S{field.length}")[:, 0]
    return np.isin(view, values)


def _ends_substitution(rows: Bytes, field: LayoutField) -> Flags:
    return rows[:, 4] == ord("E")


_WHEN: dict[str, Callable[[Bytes, LayoutField], Flags]] = {
    "always": lambda rows, field: np.ones(len(rows), dtype=bool),
    "hyphen": _hyphen_only,
    "chapter 99": _chapter_99,
    "chapter 98": _chapter_98,
    "unknown carrier": _unknown_carrier,
    "ends": _ends_substitution,
}


@cache
def _exceptions() -> tuple[dict[str, str], ...]:
    text = (files("continuity_data") / "ace" / "exceptions.csv").read_text(encoding="utf-8")
    return tuple(csv.DictReader(text.splitlines()))
