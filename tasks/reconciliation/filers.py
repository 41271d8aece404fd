"""Open entries that bear another filer code than the settings: ACE takes an entry, and answers about it,
only under its own filer (C103), so neither questions nor batches go for them. No desk can mend that."""

from __future__ import annotations

from collections.abc import Iterable

from tasks.reconciliation.classify import Verdict
from tasks.reconciliation.rules import SENDING, Step
from tasks.reconciliation.view import Standing
from tasks.reconciliation.warehouse import AWAITED
from tasks.shared.errors import Problem
from tasks.shared.settings import Settings

DIFFERS = "filer-code-differs"
"""The code of an entry that is recorded under another filer code than the settings'."""


def foreign(some: Iterable[Standing], settings: Settings) -> dict[str, Problem]:
    """Of these, each that is recorded under another filer code than the settings', with what to do."""
    ours = settings.broker.filer_code
    return {
        one.number: Problem(
            subject=one.number, code=DIFFERS, values={"theirs": one.number[:3], "ours": ours}
        )
        for one in some
        if one.state == "recorded" and one.number[:3] != ours
    }


def kept_back(some: Iterable[tuple[Standing, Verdict]], settings: Settings) -> dict[str, Problem]:
    """Of `foreign` those that should be asked about or sent next."""
    due = (one for one, verdict in some
           if verdict.step in (*SENDING, Step.ASK) or (verdict.step is Step.WAIT and verdict.ask))  # fmt: skip
    return foreign(due, settings)


def is_desks(reason: Problem) -> bool:
    """Whether an entry is held back for what its desk can correct: not for its filer code, nor until
    ACE shows its warehouse entry."""
    return reason.code not in (DIFFERS, AWAITED)
