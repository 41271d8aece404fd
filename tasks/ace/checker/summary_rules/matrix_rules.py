"""The entry-type matrix: mandatory and forbidden cells of every element (AE 2026-07 p.134-135).

Where the chapter and CBP's dictionary disagree stands in `data/ace/ae_errata.csv`.
"""

from __future__ import annotations

import csv
from dataclasses import dataclass
from functools import cache
from importlib.resources import files

import numpy as np

from tasks.ace.checker.record_deck import RecordColumns
from tasks.ace.checker.summary_rules.summary_facts import SummaryFacts, rule
from tasks.ace.wire.data_classes import Flags
from tasks.entries.api import FORBIDDEN, MANDATORY, MatrixElement, entry_type_matrix


@dataclass(frozen=True)
class MatrixErratum:
    """Where two texts of CBP disagree, and which one holds here."""

    subject: str
    types_or_modes: str
    printed: str
    against: str
    code: str
    holds: str
    source: str


@cache
def errata() -> tuple[MatrixErratum, ...]:
    """Every disagreement that was found."""
    text = (files("continuity_data") / "ace" / "ae_errata.csv").read_text(encoding="utf-8")
    return tuple(MatrixErratum(**row) for row in csv.DictReader(text.splitlines()))


def erratum(code: str) -> MatrixErratum | None:
    """The disagreement that an error code takes part in."""
    return next((row for row in errata() if row.code == code), None)


_HEADS = ("10", "11", "20")
_WHOLE_LINE = ("41",)
_PARTY = "47"


def _raised() -> tuple[str, ...]:
    codes = {code for element in entry_type_matrix().values() for code in (element.missing, element.stray) if code}
    return tuple(sorted(codes))


@rule(*_raised())
def entry_types(summary: SummaryFacts) -> None:
    """Each element against the cell of the summary's type. A delete has none of them (p.133)."""
    for element in entry_type_matrix().values():
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


def _header(summary: SummaryFacts, element: MatrixElement, needed: Flags, barred: Flags) -> None:
    filled = summary.given(element.record, element.field)
    if element.missing:
        _at_head(summary, element, needed & ~filled, element.missing)
    if element.stray:
        rows = summary.rows(element.record)
        stray = rows.given(element.field) & barred[summary.entry(rows)]
        summary.fault(element.stray, rows, stray, element.field)


def _at_head(summary: SummaryFacts, element: MatrixElement, missing: Flags, code: str) -> None:
    """At the field of the record, or at the 10 record where the record itself is not there."""
    row = summary.once(element.record)
    rows = summary.rows(element.record)
    flagged = np.zeros(len(rows), dtype=bool)
    flagged[row[missing & (row >= 0)]] = True
    summary.fault(code, rows, flagged, element.field)
    summary.fault(code, summary.header, missing & (row < 0), "", element.title)


def _line(summary: SummaryFacts, element: MatrixElement, needed: Flags, barred: Flags) -> None:
    rows = summary.rows("40")
    entry = summary.line_entry
    if element.missing and element.name != "charges":
        missing = needed[entry] & rows.blank(element.field)
        summary.fault(element.missing, rows, missing, element.field)
    if element.stray:
        summary.fault(element.stray, rows, barred[entry] & rows.given(element.field), element.field)


def _party(summary: SummaryFacts, element: MatrixElement, needed: Flags) -> None:
    """A 47 record of the type on each line."""
    parties, lines = summary.rows(_PARTY), summary.rows("40")
    present = summary.line_has(parties, parties.says("article_party_type_code", element.field))
    missing = needed[summary.line_entry] & ~present
    summary.fault(element.missing, lines, missing, "", element.title)


def _grouped(summary: SummaryFacts, element: MatrixElement, needed: Flags, barred: Flags) -> None:
    """A record that every line has, or none."""
    rows, lines = summary.rows(element.record), summary.rows("40")
    missing = needed[summary.line_entry] & ~summary.line_has(rows)
    summary.fault(element.missing, lines, missing, "", element.title)
    summary.fault(element.stray, rows, barred[summary.entry(rows)])


def _record(summary: SummaryFacts, element: MatrixElement, needed: Flags, barred: Flags) -> None:
    """A record that the summary has, or has not."""
    rows: RecordColumns = summary.rows(element.record)
    if element.missing:
        missing = needed & ~summary.has(element.record)
        summary.fault(element.missing, summary.header, missing, "", element.title)
    if element.stray:
        summary.fault(element.stray, rows, barred[summary.entry(rows)])
