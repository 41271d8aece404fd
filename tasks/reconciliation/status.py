"""Lines of the status page on entries in the reconciliation: what waits for somebody, and since when."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import sqlalchemy as sa

from tasks.reconciliation.classify import Step
from tasks.reconciliation.covering import without_summary
from tasks.reconciliation.filers import kept_back
from tasks.reconciliation.requests import requests
from tasks.reconciliation.silent import silent
from tasks.reconciliation.standings import entry_states, standings
from tasks.shared import board, clock
from tasks.shared.ace_tables import BATCHES
from tasks.shared.board import AMBER, RED, Line
from tasks.shared.journal import Journal
from tasks.shared.settings import Settings
from tasks.shared.store import EVENTS
from tasks.workspace import Workspace


def lines(workspace: Workspace) -> Iterator[Line]:
    """What the reconciliation waits for."""
    journal = workspace.journal
    yield from _steps(journal, workspace.settings)
    yield from _uncovered(journal)
    yield from _requests(journal)
    yield from _batches(journal)


_NEEDS = (
    (Step.TASK, "entries-released-held-in-ace", RED, "released on paper, held in ACE: today"),
    (Step.MEND, "entries-to-correct", RED, "ACE will drop the entry unless it is mended: today"),
    (Step.CANCEL, "entries-to-cancel", RED, "did not come in, but stand in ACE: cancel them"),
    (Step.DESK, "entries-back-to-desk", AMBER, "entries go back to their desks"),
    (Step.OUTSIDE, "entries-rejected-outside-record", AMBER,
     "rejected for a cause outside the record: mend it, then send again"),
    (Step.FORM, "entries-wait-for-form-5106", AMBER, "entries wait for CBP Form 5106"),
    (Step.CHASE, "entries-wait-for-importer", AMBER, "summaries wait for the importer's data"),
    (Step.SURETY, "entries-wait-for-ebond", AMBER, "entries wait for the surety's eBond"),
    (Step.DATE, "release-dates-differ", AMBER, "release dates differ: the port is to post them"),
    (Step.DIFFERS, "entries-differ-from-ace", AMBER, "entries differ from what ACE holds"),
    (Step.PERSON, "entries-wait-for-decision", AMBER, "entries wait for a person's decision"),
)  # fmt: skip
"""Steps that wait for somebody, what is most urgent first."""

_BY_LETTER = (Step.TASK, Step.FORM, Step.CHASE, Step.SURETY, Step.DATE)


def _steps(journal: Journal, settings: Settings) -> Iterator[Line]:
    """What entries wait for, since ACE last answered or a desk last handed in."""
    at: dict[Step, list[str]] = {}
    states = entry_states(journal).verdicts
    for state, verdict in states:
        at.setdefault(verdict.step, []).append(state.number)
    if others := kept_back(states, settings):
        yield Line("entries-of-other-filer", "", "entries of another filer code than the settings'", RED,
                   f"{len(others)}: {next(iter(others.values()))}", "continuity reconcile turn",
                   values={"numbers": list(others)})  # fmt: skip
    answers = [board.last(journal.rows, kind) for kind in ("answer.read", "entries.recorded")]
    since = max((clock.text(event[0]) for event in answers if event), default="")
    for step, code, light, words in _NEEDS:
        if numbers := at.get(step, []):
            command = "letters --out FOLDER" if step in _BY_LETTER else f'next --step "{step}"'
            yield Line(code, "", words, light, _first(numbers), f"continuity reconcile {command}", since,
                       values={"numbers": numbers})  # fmt: skip


def _first(numbers: Sequence[str]) -> str:
    return f"{len(numbers)}: {', '.join(numbers[:3])}{', ...' if numbers[3:] else ''}"


def _uncovered(journal: Journal) -> Iterator[Line]:
    """Releases that no summary of the journal can take."""
    if reasons := without_summary(standings(journal)):
        yield Line("releases-without-summary", "", "releases without the summary that is to cover them", AMBER,
                   "; ".join(reasons), "continuity entries record FILE, or entries correct")  # fmt: skip


def _requests(journal: Journal) -> Iterator[Line]:
    """What CBP asks of summaries, since it asked last."""
    if open_ := requests(journal):
        numbers = list(dict.fromkeys(request.number for request in open_))
        yield Line("requests-of-cbp", "", "CBP asks for papers or acts on summaries", RED, _first(numbers),
                   "continuity reconcile requests", max(request.since for request in open_),
                   values={"numbers": numbers})  # fmt: skip


def _batches(journal: Journal) -> Iterator[Line]:
    query = (
        sa.select(BATCHES.c.batch, EVENTS.c.at)
        .join(EVENTS, EVENTS.c.seq == BATCHES.c.seq)
        .where(~BATCHES.c.written)
    )
    for row in journal.rows(query):
        yield Line("batch-not-written", "", "batch named but not written", RED, row.batch,
                   "continuity ace batch", row.at, subject=row.batch)  # fmt: skip
    for batch in silent(journal):
        fact = f"{len(batch.numbers)} entries: {batch.words}"
        yield Line("batch-without-answer", "", "batch without an answer", RED, fact,
                   'continuity reconcile next --step "wait for ACE"', batch.since,
                   values={"numbers": list(batch.numbers)})  # fmt: skip
