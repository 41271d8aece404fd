"""The entry-type matrix as data: which element a type needs, may have, must not have.

`data/ace/entry_type_matrix.csv` (AE 2026-07 p.134-135). M mandatory, N not allowed, A allowed, C
conditional: judged by the rules of its note. Where the chapter and CBP's dictionary disagree
stands in `data/ace/ae_errata.csv`.
"""

from __future__ import annotations

import csv
from dataclasses import dataclass
from functools import cache
from importlib.resources import files

from tasks.ace.wire.codes import codes

MANDATORY, FORBIDDEN, ALLOWED, CONDITIONAL = "MNAC"


@dataclass(frozen=True)
class Element:
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
class Erratum:
    """Where two texts of CBP disagree, and which one holds here."""

    subject: str
    types_or_modes: str
    printed: str
    against: str
    code: str
    holds: str
    source: str


@cache
def matrix() -> dict[str, Element]:
    """Elements by name, in the order of the chapter."""
    kinds = codes("summary_type")
    return {
        row["element"]: Element(
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
def errata() -> tuple[Erratum, ...]:
    """Every disagreement that was found."""
    return tuple(Erratum(**row) for row in _rows("ae_errata.csv"))


def erratum(code: str) -> Erratum | None:
    """The disagreement that an error code takes part in."""
    return next((one for one in errata() if one.code == code), None)


def _rows(name: str) -> list[dict[str, str]]:
    text = (files("continuity_data") / "ace" / name).read_text(encoding="utf-8")
    return list(csv.DictReader(text.splitlines()))
