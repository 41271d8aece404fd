"""Open entries that bear another filer code than the settings: ACE takes an entry, and answers about it,
only under its own filer (C103), so neither questions nor batches go for them. No desk can mend that."""

from __future__ import annotations

from collections.abc import Iterable

from tasks.reconciliation.classify import Verdict
from tasks.reconciliation.rules import SENDING, Step
from tasks.reconciliation.view import Standing
from tasks.reconciliation.warehouse import is_waiting
from tasks.shared.settings import Settings

_OTHER = "the settings say filer_code = "
"""Reasons are kept in plans as text; by this the one that no desk can mend is known."""


def foreign(some: Iterable[Standing], settings: Settings) -> dict[str, str]:
    """Of these, each that is recorded under another filer code than the settings', with what to do."""
    ours = settings.broker.filer_code
    return {
        one.number: _words(one.number[:3], ours)
        for one in some
        if one.state == "recorded" and one.number[:3] != ours
    }


def kept_back(some: Iterable[tuple[Standing, Verdict]], settings: Settings) -> dict[str, str]:
    """Of `foreign` those that should be asked about or sent next."""
    due = (one for one, verdict in some
           if verdict.step in (*SENDING, Step.ASK) or (verdict.step is Step.WAIT and verdict.ask))  # fmt: skip
    return foreign(due, settings)


def _words(theirs: str, ours: str) -> str:
    return (
        f'these numbers are of the filer {theirs}, but {_OTHER}"{ours}": ACE takes an entry only under '
        f'its own filer. Put filer_code = "{theirs}" back under [broker] in continuity.toml until they '
        f"are settled; work of the filer {ours} takes a home folder of its own"
    )


def is_desks(reason: str) -> bool:
    """Whether an entry is held for what its desk can correct: not for its filer code, nor until its
    warehouse entry stands."""
    return _OTHER not in reason and not is_waiting(reason)
