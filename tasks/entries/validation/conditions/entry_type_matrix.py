"""Which element an entry type needs, may have, must not have: `data/ace/entry_type_matrix.csv` (AE
2026-07 p.134-135).

M mandatory, N not allowed, A allowed, C conditional: judged by the rules of its note.
"""

from __future__ import annotations

import csv
from dataclasses import dataclass
from functools import cache
from importlib.resources import files

MANDATORY, FORBIDDEN, ALLOWED, CONDITIONAL = "MNAC"
_OTHERS = ("element", "record", "field", "title", "missing", "stray", "notes", "source")


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

    def types(self, letters: str) -> tuple[str, ...]:
        """Entry types whose cell has one of the letters."""
        return tuple(kind for kind, cell in self.cells.items() if cell in letters)


@cache
def entry_type_matrix() -> dict[str, MatrixElement]:
    """Elements by name, in the order of the chapter."""
    text = files("continuity_data").joinpath("ace", "entry_type_matrix.csv").read_text(encoding="utf-8")
    return {
        row["element"]: MatrixElement(
            name=row["element"],
            record=row["record"],
            field=row["field"],
            title=row["title"],
            missing=row["missing"],
            stray=row["stray"],
            cells={kind: cell for kind, cell in row.items() if kind not in _OTHERS},
            notes=row["notes"],
            source=row["source"],
        )
        for row in csv.DictReader(text.splitlines())
    }
