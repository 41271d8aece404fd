"""The entries that letters are about: each with its next step and what its desk recorded."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from functools import cached_property
from typing import Any

from tasks.ace.api import SUMMARY_DUE_DAYS
from tasks.core.calendar import Calendar
from tasks.core.errors import Refused
from tasks.entries.api import EntryRecord, code_meanings
from tasks.reconciliation.accounting.report_rows import mask_importer
from tasks.reconciliation.decisions.classification import EntryDecision, classify
from tasks.reconciliation.decisions.entry_facts import CLOSED, HELD
from tasks.reconciliation.plan.batch_building import load_records
from tasks.reconciliation.state.entry_reader import list_entry_states
from tasks.reconciliation.state.entry_state import SUMMARY, EntryState
from tasks.security.api import is_reference
from tasks.workspace import Workspace


@dataclass(frozen=True)
class LetterCase:
    """One entry. `row` is its row of the record's table `entries`."""

    entry: EntryState
    decision: EntryDecision
    row: Mapping[str, Any]

    @property
    def number(self) -> str:
        return self.entry.number

    @property
    def importer(self) -> str:
        """The importer's name, or the number if none was written down."""
        return self.row["importer_name"] or mask_importer(self.entry.importer) or "(no importer recorded)"

    @property
    def due(self) -> date | None:
        """When the summary is due (19 CFR 142.12(b)); None while nothing is released."""
        return summary_due(self.row["release_date"])


@dataclass(frozen=True)
class LetterCases:
    """Entries of one workspace, and their rows."""

    workspace: Workspace
    entries: tuple[LetterCase, ...]

    @cached_property
    def record(self) -> EntryRecord:
        return load_records(self.workspace.content, {case.number: case.entry.content for case in self.entries})

    def where(self, condition: Callable[[LetterCase], bool]) -> LetterCases:
        return LetterCases(self.workspace, tuple(case for case in self.entries if condition(case)))

    def by(self, key: Callable[[LetterCase], str]) -> dict[str, LetterCases]:
        """Groups by a key, in its order."""
        groups: dict[str, list[LetterCase]] = {}
        for case in self.entries:
            groups.setdefault(key(case), []).append(case)
        return {name: LetterCases(self.workspace, tuple(cases)) for name, cases in sorted(groups.items())}

    @property
    def numbers(self) -> tuple[str, ...]:
        return tuple(case.number for case in self.entries)


def all_cases(workspace: Workspace) -> LetterCases:
    """Every recorded entry that has no final place yet."""
    entries = [entry for entry in list_entry_states(workspace.journal) if entry.state == "recorded"]
    if not entries:
        return LetterCases(workspace, ())
    record = load_records(workspace.content, {entry.number: entry.content for entry in entries})
    rows = {row["entry_number"]: row for row in record.entries.to_pylist()}
    return LetterCases(workspace, tuple(LetterCase(entry, classify(entry), rows[entry.number]) for entry in entries))


def to_be_filed(case: LetterCase) -> bool:
    """Something is still to be filed for it: it came in, and ACE shows no summary. What a consolidating
    summary covers has none of its own."""
    status = case.entry.ace_statuses.get(SUMMARY)
    if case.entry.covered_by:
        return False
    filed = status is not None and status.disposition in HELD
    return case.entry.outcome not in CLOSED and case.entry.route != "none" and not filed


def summary_due(released: date | None) -> date | None:
    return Calendar().after(released, SUMMARY_DUE_DAYS) if released else None


def party_identity(workspace: Workspace, number: str) -> str:
    """What tells one person from another of the same name; never printed. A Social Security number
    stands behind another reference in each entry; once purged, each is somebody of its own."""
    try:
        return workspace.vault.open(number) if is_reference(number) else number
    except Refused:
        return number


def port_name(code: str) -> str:
    name = code_meanings("port").get(code, "")
    return f"Port {code}{f' {name}' if name else ''}"


def day_text(value: date | None) -> str:
    return value.isoformat() if value else ""


def join_text(parts: Iterable[str], sign: str = ", ") -> str:
    return sign.join(part for part in parts if part)
