"""The entry-type matrix: mandatory and forbidden cells of every element (AE 2026-07 p.134-135)."""

from __future__ import annotations

import numpy as np

from tasks.ace.checks.deck import Rows
from tasks.ace.summary.matrix import FORBIDDEN, MANDATORY, Element, matrix
from tasks.ace.summary.summary import Summary, rule
from tasks.ace.wire.classes import Flags

_HEADS = ("10", "11", "20")
_WHOLE_LINE = ("41",)
_PARTY = "47"


def _raised() -> tuple[str, ...]:
    held = {code for one in matrix().values() for code in (one.missing, one.stray) if code}
    return tuple(sorted(held))


@rule(*_raised())
def entry_types(summary: Summary) -> None:
    """Each element against the cell of the summary's type. A delete has none of them (p.133)."""
    for element in matrix().values():
        needed = summary.full & summary.is_type(*element.types(MANDATORY))
        barred = summary.full & summary.is_type(*element.types(FORBIDDEN))
        if element.record in _HEADS:
            _header(summary, element, needed, barred)
        elif element.record == "40" and element.field:
            _line(summary, element, needed, barred)
        elif element.record == _PARTY:
            _party(summary, element, needed)
        elif element.record in _WHOLE_LINE:
            _grouped(summary, element, needed, barred)
        elif element.record != "B":
            _record(summary, element, needed, barred)


def _header(summary: Summary, element: Element, needed: Flags, barred: Flags) -> None:
    given = summary.given(element.record, element.field)
    if element.missing:
        _at_head(summary, element, needed & ~given, element.missing)
    if element.stray:
        rows = summary.rows(element.record)
        stray = rows.given(element.field) & barred[summary.entry(rows)]
        summary.fault(element.stray, rows, stray, element.field)


def _at_head(summary: Summary, element: Element, missing: Flags, code: str) -> None:
    """At the field of the record, or at the 10 record where the record itself is not there."""
    row = summary.once(element.record)
    rows = summary.rows(element.record)
    held = np.zeros(len(rows), dtype=bool)
    held[row[missing & (row >= 0)]] = True
    summary.fault(code, rows, held, element.field)
    summary.fault(code, summary.header, missing & (row < 0), "", element.title)


def _line(summary: Summary, element: Element, needed: Flags, barred: Flags) -> None:
    rows = summary.rows("40")
    entry = summary.line_entry
    if element.missing and element.name != "charges":
        missing = needed[entry] & rows.blank(element.field)
        summary.fault(element.missing, rows, missing, element.field)
    if element.stray:
        summary.fault(element.stray, rows, barred[entry] & rows.given(element.field), element.field)


def _party(summary: Summary, element: Element, needed: Flags) -> None:
    """A 47 record of the type on each line."""
    parties, lines = summary.rows(_PARTY), summary.rows("40")
    held = summary.line_has(parties, parties.says("article_party_type_code", element.field))
    missing = needed[summary.line_entry] & ~held
    summary.fault(element.missing, lines, missing, "", element.title)


def _grouped(summary: Summary, element: Element, needed: Flags, barred: Flags) -> None:
    """A record that every line has, or none."""
    rows, lines = summary.rows(element.record), summary.rows("40")
    missing = needed[summary.line_entry] & ~summary.line_has(rows)
    summary.fault(element.missing, lines, missing, "", element.title)
    summary.fault(element.stray, rows, barred[summary.entry(rows)])


def _record(summary: Summary, element: Element, needed: Flags, barred: Flags) -> None:
    """A record that the summary has, or has not."""
    rows: Rows = summary.rows(element.record)
    if element.missing:
        missing = needed & ~summary.has(element.record)
        summary.fault(element.missing, summary.header, missing, "", element.title)
    if element.stray:
        summary.fault(element.stray, rows, barred[summary.entry(rows)])
