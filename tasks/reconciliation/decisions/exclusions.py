"""Open entries that bear another filer code than the settings: ACE takes an entry, and answers about it,
only under its own filer (C103), so neither questions nor batches go for them. No desk can mend that.

Withdrawals and re-warehousings draw on a warehouse entry, whose summary ACE must hold before theirs
(AE 2026-07 p.178; error 298). Where that entry is in our own book they wait for it: sent together or first,
they came back to a desk that had nothing to mend. One that only ACE has is ACE's to judge.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING

from tasks.core.errors import BadInput, Problem
from tasks.core.settings import BrokerSettings, Settings
from tasks.entries.api import RECORD_SHEETS, field_named
from tasks.reconciliation.decisions.classification import EntryDecision
from tasks.reconciliation.decisions.entry_facts import CLOSED, SummaryStatus, derive_facts
from tasks.reconciliation.decisions.rule_table import SENDING, NextStep
from tasks.reconciliation.state.entry_state import EntryState

if TYPE_CHECKING:
    import pyarrow as pa


AWAITED = "warehouse-summary-awaited"
"""The code of an entry that waits for another one: no desk need correct it."""

_IN_ACE = (SummaryStatus.GOOD, SummaryStatus.DIFFERENT)


def refuse_warehouse_entries(entries: pa.Table, known: Mapping[str, EntryState]) -> None:
    """Raises BadInput, naming each entry that draws on one of ours of which ACE shows no summary yet."""
    drawn = entries.filter(entries["warehouse_entry"].is_valid())
    problems = []
    for row in drawn.select(["entry_number", "warehouse_entry"]).to_pylist():
        source = known.get(row["warehouse_entry"])
        if source is not None and (code := _fault(source)):
            problems.append(_problem(row["entry_number"], source, code))
    if problems:
        raise BadInput("warehouse-entries-not-in-ace", problems)


def _fault(source: EntryState) -> str:
    """The code of what a warehouse entry lacks; empty if it may be drawn on."""
    if source.state == "settled":
        return ""
    if source.state != "recorded" or source.outcome in CLOSED:
        return "warehouse-entry-closed"
    return "" if derive_facts(source).summary in _IN_ACE else AWAITED


def _problem(number: str, source: EntryState, code: str) -> Problem:
    state = source.outcome if source.state == "recorded" else source.state
    return Problem(
        subject=number,
        sheet=RECORD_SHEETS["entries"],
        column=field_named("entries", "warehouse_entry").title,
        code=code,
        values={"source": source.number, "state": state},
    )


DIFFERS = "filer-code-differs"
"""The code of an entry that is recorded under another filer code than the settings'."""


def foreign_filer_entries(some: Iterable[EntryState], settings: Settings) -> dict[str, Problem]:
    """Of these, each that is recorded under another filer code than the settings', with what to do."""
    ours = settings(BrokerSettings).filer_code
    return {
        one.number: Problem(subject=one.number, code=DIFFERS, values={"theirs": one.number[:3], "ours": ours})
        for one in some
        if one.state == "recorded" and one.number[:3] != ours
    }


def excluded_entries(some: Iterable[tuple[EntryState, EntryDecision]], settings: Settings) -> dict[str, Problem]:
    """Of `foreign` those that should be asked about or sent next."""
    due = (
        one
        for one, verdict in some
        if verdict.step in (*SENDING, NextStep.ASK) or (verdict.step is NextStep.WAIT and verdict.ask)
    )
    return foreign_filer_entries(due, settings)


def is_desk_correctable(reason: Problem) -> bool:
    """Whether an entry is held back for what its desk can correct: not for its filer code, nor until
    ACE shows its warehouse entry."""
    return reason.code not in (DIFFERS, AWAITED)
