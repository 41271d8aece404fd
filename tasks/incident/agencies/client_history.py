"""What each client had to show to which agency for which goods: out of the entries of this journal and of
a table that the broker loaded (an ACE report, an export of its own system)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa

from tasks.entries.api import ENTRIES, record_of_entries
from tasks.incident.agencies.flag_tables import HISTORY, table_in_force
from tasks.incident.letters.entry_case import Row
from tasks.security.api import masked_value
from tasks.workspace import Workspace

BOOK, FILE = "this book", "loaded history"
_NOT_THEIRS = ("A",)
"""Disclaimer: the agency does not regulate these goods at all."""


@dataclass(frozen=True)
class PastRequirement:
    """One client, number and agency. `client` is what entries are matched by: the importer's number,
    or the name where that is a Social Security number. `last`: the newest day, or empty."""

    client: str
    name: str
    hts: str
    agency: str
    program: str
    form: str
    last: str
    where: str


def client_of(entry: Row) -> str:
    """The importer's number, or the name where that is a Social Security number or missing."""
    number = str(entry["importer_number"] or "")
    hidden = masked_value(number) != number
    return str(entry["importer_name"] or "") if hidden or not number else number


def past_requirements(workspace: Workspace) -> list[PastRequirement]:
    """Every combination once, the newest day of each; what the journal itself holds comes first."""
    newest: dict[tuple[str, str, str, str], PastRequirement] = {}
    for requirement in [*_of_book(workspace), *_of_file(workspace)]:
        key = (requirement.client, requirement.hts, requirement.agency, requirement.program)
        if key not in newest or requirement.last > newest[key].last:
            newest[key] = requirement
    return sorted(
        newest.values(),
        key=lambda requirement: (requirement.name, requirement.client, requirement.hts, requirement.agency),
    )


def _of_book(workspace: Workspace) -> list[PastRequirement]:
    where = {row.number: row.content for row in workspace.journal.rows(sa.select(ENTRIES.c.number, ENTRIES.c.content))}
    record: Any = record_of_entries(workspace.content, where, ("entries", "tariffs", "pga"))
    entries = {row["entry_number"]: row for row in record.entries.to_pylist()}
    numbers = {
        (row["entry_number"], row["line"], row["position"]): row["hts_number"] for row in record.tariffs.to_pylist()
    }
    return [
        PastRequirement(
            client_of(entry),
            str(entry["importer_name"] or ""),
            hts,
            row["agency"],
            row["program"] or "",
            row["form"] or "",
            _day(entry),
            BOOK,
        )
        for row in record.pga.to_pylist()
        if row["agency"]
        and row["disclaimer"] not in _NOT_THEIRS
        and (entry := entries.get(row["entry_number"]))
        and (hts := numbers.get((row["entry_number"], row["line"], row["position"])) or "")
    ]


def _day(entry: Row) -> str:
    day = entry["release_date"] or entry["arrival_date"] or entry["estimated_arrival"]
    return day.isoformat() if day else ""


def _of_file(workspace: Workspace) -> list[PastRequirement]:
    history = table_in_force(workspace, HISTORY)
    return [
        PastRequirement(
            row["importer"] or row["client"],
            row["client"] or row["importer"],
            row["hts"],
            row["agency"],
            row["program"],
            row["form"],
            row["last"] or history.as_of,
            FILE,
        )
        for row in history.rows
    ]
