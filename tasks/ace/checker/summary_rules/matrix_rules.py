"""The entry-type matrix: mandatory and forbidden cells of every element (AE 2026-07 p.134-135).

The entry-type matrix as data: which element a type needs, may have, must not have.

`data/ace/entry_type_matrix.csv` (AE 2026-07 p.134-135). M mandatory, N not allowed, A allowed, C
conditional: judged by the rules of its note. Where the chapter and CBP's dictionary disagree
stands in `data/ace/ae_errata.csv`.
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
from tasks.ace.wire.record_layouts import code_list

MANDATORY, FORBIDDEN, ALLOWED, CONDITIONAL = "MNAC"


@dataclass(frozen=True)
class MatrixElement:
    """One row. `field` is a field of the record, or the party type of a 47 record, or empty for
    the record itself. `missing`, `stray`: codes for a mandatory one that is not there, and for
    one that must not be; empty where CBP cannot raise any."""

    name: str
    record: str
    field: str
    title: str
    missing: str
    stray: str
    cells: dict[str, str]
    notes: str
    source: str

    def types(self, letter: str) -> tuple[str, ...]:
        """Entry types whose cell has the letter."""
        return tuple(kind for kind, cell in self.cells.items() if cell == letter)


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
def matrix() -> dict[str, MatrixElement]:
    """Elements by name, in the order of the chapter."""
    kinds = code_list("summary_type")
    return {
        row["element"]: MatrixElement(
            name=row["element"],
            record=row["record"],
            field=row["field"],
            title=row["title"],
            missing=row["missing"],
            stray=row["stray"],
            cells={kind: row[kind] for kind in kinds},
            notes=row["notes"],
            source=row["source"],
        )
        for row in _rows("entry_type_matrix.csv")
    }


@cache
def errata() -> tuple[MatrixErratum, ...]:
    """Every disagreement that was found."""
    return tuple(MatrixErratum(**row) for row in _rows("ae_errata.csv"))


def erratum(code: str) -> MatrixErratum | None:
    """The disagreement that an error code takes part in."""
    return next((one for one in errata() if one.code == code), None)


def _rows(name: str) -> list[dict[str, str]]:
    text = (files("continuity_data") / "ace" / name).read_text(encoding="utf-8")
    return list(csv.DictReader(text.splitlines()))


_HEADS = ("10", "11", "20")
_WHOLE_LINE = ("41",)
_PARTY = "47"


def _raised() -> tuple[str, ...]:
    held = {code for one in matrix().values() for code in (one.missing, one.stray) if code}
    return tuple(sorted(held))


@rule(*_raised())
def entry_types(summary: SummaryFacts) -> None:
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


def _header(summary: SummaryFacts, element: MatrixElement, needed: Flags, barred: Flags) -> None:
    given = summary.given(element.record, element.field)
    if element.missing:
        _at_head(summary, element, needed & ~given, element.missing)
    if element.stray:
        rows = summary.rows(element.record)
        stray = rows.given(element.field) & barred[summary.entry(rows)]
        summary.fault(element.stray, rows, stray, element.field)


def _at_head(summary: SummaryFacts, element: MatrixElement, missing: Flags, code: str) -> None:
    """At the field of the record, or at the 10 record where the record itself is not there."""
    row = summary.once(element.record)
    rows = summary.rows(element.record)
    held = np.zeros(len(rows), dtype=bool)
    held[row[missing & (row >= 0)]] = True
    summary.fault(code, rows, held, element.field)
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
    held = summary.line_has(parties, parties.says("article_party_type_code", element.field))
    missing = needed[summary.line_entry] & ~held
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
