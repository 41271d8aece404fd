"""The entries that letters are about: each with its next step and what its desk recorded."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from functools import cached_property
from typing import Any

from tasks.ace.money.statement_days import DUE, Calendar
from tasks.entries import codes
from tasks.entries.record import Record
from tasks.reconciliation.building import records
from tasks.reconciliation.classify import CLOSED, HELD, Verdict, classify
from tasks.reconciliation.report_rows import masked
from tasks.reconciliation.standings import standings
from tasks.reconciliation.view import SUMMARY, Standing
from tasks.shared.errors import Refused
from tasks.shared.private import is_reference
from tasks.workspace import Workspace


@dataclass(frozen=True)
class Case:
    """One entry. `row` is its row of the record's table `entries`."""

    one: Standing
    verdict: Verdict
    row: Mapping[str, Any]

    @property
    def number(self) -> str:
        return self.one.number

    @property
    def importer(self) -> str:
        """The importer's name, or the number if none was written down."""
        return self.row["importer_name"] or masked(self.one.importer) or "(no importer recorded)"

    @property
    def due(self) -> date | None:
        """When the summary is due (19 CFR 142.12(b)); None while nothing is released."""
        return summary_due(self.row["release_date"])


@dataclass(frozen=True)
class Cases:
    """Entries of one house, and their rows."""

    workspace: Workspace
    entries: tuple[Case, ...]

    @cached_property
    def record(self) -> Record:
        return records(
            self.workspace.content, {one.number: one.one.content for one in self.entries}
        )

    def where(self, wanted: Callable[[Case], bool]) -> Cases:
        return Cases(self.workspace, tuple(one for one in self.entries if wanted(one)))

    def by(self, key: Callable[[Case], str]) -> dict[str, Cases]:
        """Groups by a key, in its order."""
        found: dict[str, list[Case]] = {}
        for one in self.entries:
            found.setdefault(key(one), []).append(one)
        return {name: Cases(self.workspace, tuple(some)) for name, some in sorted(found.items())}

    @property
    def numbers(self) -> tuple[str, ...]:
        return tuple(one.number for one in self.entries)


def all_cases(workspace: Workspace) -> Cases:
    """Every recorded entry that has no final place yet."""
    open_ = [one for one in standings(workspace.journal) if one.state == "recorded"]
    if not open_:
        return Cases(workspace, ())
    record = records(workspace.content, {one.number: one.content for one in open_})
    rows = {row["entry_number"]: row for row in record.entries.to_pylist()}
    return Cases(workspace, tuple(Case(one, classify(one), rows[one.number]) for one in open_))


def to_be_filed(case: Case) -> bool:
    """Something is still to be filed for it: it came in, and ACE shows no summary. What a consolidating
    summary covers has none of its own."""
    view = case.one.views.get(SUMMARY)
    if case.one.covered_by:
        return False
    filed = view is not None and view.disposition in HELD
    return case.one.outcome not in CLOSED and case.one.route != "none" and not filed


def summary_due(released: date | None) -> date | None:
    return Calendar().after(released, DUE) if released else None


def identity(workspace: Workspace, number: str) -> str:
    """What tells one person from another of the same name; never printed. A Social Security number
    stands behind another reference in each entry; once purged, each is somebody of its own."""
    try:
        return workspace.vault.open(number) if is_reference(number) else number
    except Refused:
        return number


def port_name(code: str) -> str:
    name = codes.meanings("port").get(code, "")
    return f"Port {code}{f' {name}' if name else ''}"


def day(value: date | None) -> str:
    return value.isoformat() if value else ""


def joined(parts: Iterable[str], sign: str = ", ") -> str:
    return sign.join(part for part in parts if part)
