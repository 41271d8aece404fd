"""What a letter must name by mode of transport, and what may follow: `data/letters/fields.csv`."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from tasks.incident.letters.case import GONE, Case
from tasks.incident.letters.tables import Table, require_known, table
from tasks.incident.letters.values import NAMES, text_of

REQUIRED, LATER, USEFUL, NOT = "R", "A", "O", "-"
MODES = ("truck", "rail", "air", "ocean", "other")


@dataclass(frozen=True)
class Gaps:
    """`missing`: (title, why) without which no letter goes out; `follows`: titles to be chased."""

    missing: tuple[tuple[str, str], ...]
    follows: tuple[str, ...]


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
                missing.append((row["title"], _why(case, row)))
            else:
                follows.append(row["title"])
    return Gaps(tuple(missing), tuple(follows))


def _why(case: Case, row: dict[str, str]) -> str:
    if case.opened.get(row["field"]) == GONE:
        return "was purged on schedule, or lies on the machine that recorded it: record it again"
    return f"needed on a letter for {case.mode} [{row['mark']}]: {row['source']}"


def needed(found: Table, port: str) -> list[dict[str, str]]:
    """A row a field: the one for this port where there is one, in the order of the file."""
    rows: dict[str, dict[str, str]] = {}
    for row in found.rows:
        ports = row["ports"].split()
        if port in ports or (not ports and row["field"] not in rows):
            rows[row["field"]] = row
    return list(rows.values())
