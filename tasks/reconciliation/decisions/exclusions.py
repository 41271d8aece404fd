"""Entries that are kept out of queries and batches for now.

ACE takes an entry, and answers about it, only under its own filer (C103): no query and no batch goes for an
open entry under another filer code than the settings', and no desk can correct that.
"""

from __future__ import annotations

from collections.abc import Iterable

from tasks.core.errors import Problem
from tasks.core.settings import BrokerSettings, Settings
from tasks.reconciliation.decisions.classification import EntryDecision
from tasks.reconciliation.decisions.rule_table import SENDING, NextStep
from tasks.reconciliation.state.entry_state import EntryState

AWAITED = "warehouse-summary-awaited"
"""The code of an entry that waits for another one: no desk need correct it."""

DIFFERS = "filer-code-differs"
"""The code of an entry that is recorded under another filer code than the settings'."""


def foreign_filer_entries(entries: Iterable[EntryState], settings: Settings) -> dict[str, Problem]:
    """Of these, each that is recorded under another filer code than the settings', with what to do."""
    ours = settings(BrokerSettings).filer_code
    return {
        entry.number: Problem(subject=entry.number, code=DIFFERS, values={"theirs": entry.number[:3], "ours": ours})
        for entry in entries
        if entry.state == "recorded" and entry.number[:3] != ours
    }


def excluded_entries(decisions: Iterable[tuple[EntryState, EntryDecision]], settings: Settings) -> dict[str, Problem]:
    """Of `foreign_filer_entries` those that should be asked about or sent next."""
    due = (
        entry
        for entry, decision in decisions
        if decision.step in (*SENDING, NextStep.ASK) or (decision.step is NextStep.WAIT and decision.ask)
    )
    return foreign_filer_entries(due, settings)


def is_desk_correctable(reason: Problem) -> bool:
    """Whether an entry is held back for what its desk can correct: not for its filer code, nor until
    ACE shows its warehouse entry."""
    return reason.code not in (DIFFERS, AWAITED)
