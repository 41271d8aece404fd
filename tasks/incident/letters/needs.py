"""What a letter must name by mode of transport, and what may follow: `data/letters/fields.csv`."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from tasks.incident.letters.case import GONE, Case
from tasks.incident.letters.tables import Table, require_known, table
from tasks.incident.letters.values import NAMES, text_of
from tasks.shared.errors import Problem
from tasks.shared.kinds.letters import LetterGap

REQUIRED, LATER, USEFUL, NOT = "R", "A", "O", "-"
MODES = ("truck", "rail", "air", "ocean", "other")


@dataclass(frozen=True)
class Gaps:
    """`missing`: problems, by title of the field, without which no letter goes out; `follows`: what
    is to be chased."""

    missing: tuple[Problem, ...]
    follows: tuple[LetterGap, ...]


def fields(home: Path) -> Table:
    """Raises BadInput if the broker's own file names a field or a need that there is not."""
    found = table(home, "letters", "fields.csv")
    require_known(found, "field", NAMES)
    for mode in MODES:
        require_known(found, mode, (REQUIRED, LATER, USEFUL, NOT))
    return found


def gaps(case: Case, found: Table) -> Gaps:
    """What this entry lacks for its mode and port."""
    missing, follows = [], []
    for row in needed(found, case.port):
        need = row[case.mode]
        if need in (REQUIRED, LATER) and not text_of(case, row["field"]):
            if need == REQUIRED:
                missing.append(_missing(case, row))
            else:
                follows.append(LetterGap(kind="value", name=row["title"]))
    return Gaps(tuple(missing), tuple(follows))


def _missing(case: Case, row: dict[str, str]) -> Problem:
    if case.opened.get(row["field"]) == GONE:
        return Problem(file=case.number, column=row["title"], code="letter-value-purged")
    return Problem(
        file=case.number,
        column=row["title"],
        code="letter-value-missing",
        values={
            "field": row["field"],
            "mode": case.mode,
            "mark": row["mark"],
            "source": row["source"],
        },
    )


def needed(found: Table, port: str) -> list[dict[str, str]]:
    """A row a field: the one for this port where there is one, in the order of the file."""
    rows: dict[str, dict[str, str]] = {}
    for row in found.rows:
        ports = row["ports"].split()
        if port in ports or (not ports and row["field"] not in rows):
            rows[row["field"]] = row
    return list(rows.values())
