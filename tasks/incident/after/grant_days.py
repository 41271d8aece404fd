"""Whether entries lie in the days of a grant: not made after its last, nor late before its first."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date

import sqlalchemy as sa

from tasks.incident import deadlines, hour_zero, state
from tasks.shared.errors import Problem
from tasks.shared.kinds.after import DiscretionGranted
from tasks.shared.projections import ENTRIES, among
from tasks.workspace import Workspace

SUMMARY = "late-summary"
_WORKS = ("summary", "unpaid", "immediate-delivery")


@dataclass(frozen=True)
class Days:
    """Of one entry: its day, and by when its summary was due at the latest."""

    entered: date
    due: date


def days_of(workspace: Workspace, numbers: Sequence[str]) -> dict[str, Days]:
    """What the book knows: of recorded entries, and of production's in the hour-zero list."""
    rules = deadlines.load(workspace.settings.home)
    found = dict(_listed(workspace, rules, frozenset(numbers)))
    query = sa.select(ENTRIES.c.number, ENTRIES.c.entry_type, ENTRIES.c.entered)
    for row in among(workspace.journal.rows, query, ENTRIES.c.number, list(numbers)):
        if row.entered:
            entered = date.fromisoformat(row.entered)
            dues = [deadlines.due(rule, entered).day or entered
                    for rule in deadlines.for_work(rules, "summary", row.entry_type)]  # fmt: skip
            found[row.number] = Days(entered, max(dues, default=entered))
    return found


def _listed(workspace: Workspace, rules: Mapping[str, deadlines.Deadline], numbers: frozenset[str]
            ) -> Iterator[tuple[str, Days]]:  # fmt: skip
    incident = state.newest(workspace.journal.rows)
    for item in hour_zero.items(workspace.journal.rows, incident.id, rules) if incident else ():
        if item.reference in numbers and item.work in _WORKS and item.starts and item.due:
            start = deadlines.day_of(hour_zero.start_of(item.starts))
            yield item.reference, Days(start, item.due.day or deadlines.day_of(item.due.at))


def outside(given: DiscretionGranted, act: str, known: Mapping[str, Days]) -> Iterator[Problem]:
    """Why a grant cannot cover these entries."""
    first, last = date.fromisoformat(given.first), date.fromisoformat(given.last)
    for number, days in known.items():
        if days.entered > last:
            yield Problem(
                column=number,
                code="entry-after-grant",
                values={
                    "entered": days.entered,
                    "reference": given.reference,
                    "first": first,
                    "last": last,
                },
            )
        elif act == SUMMARY and days.due < first:
            yield Problem(
                column=number,
                code="summary-due-before-grant",
                values={
                    "due": days.due,
                    "reference": given.reference,
                    "first": first,
                    "last": last,
                },
            )
