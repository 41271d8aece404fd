"""Lines of the status page on entries in the reconciliation: what waits for somebody, and since when."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import sqlalchemy as sa

from tasks.core import clock
from tasks.core.journal.journal import Journal
from tasks.core.journal.store import EVENTS
from tasks.core.settings import Settings
from tasks.core.status_lines import AMBER, RED, StatusLine, last_event
from tasks.reconciliation.decisions.consolidation import missing_summary_lines
from tasks.reconciliation.decisions.exclusions import excluded_entries
from tasks.reconciliation.decisions.rule_table import NextStep
from tasks.reconciliation.receiving.cbp_requests import open_requests
from tasks.reconciliation.sending.batch_checks import unanswered_batches
from tasks.reconciliation.state.entry_reader import entry_states, list_entry_states
from tasks.reconciliation.tables import BATCHES
from tasks.workspace import Workspace


def lines(workspace: Workspace) -> Iterator[StatusLine]:
    """What the reconciliation waits for."""
    journal = workspace.journal
    yield from _steps(journal, workspace.settings)
    yield from _uncovered(journal)
    yield from _requests(journal)
    yield from _batches(journal)


_NEEDS = (
    (NextStep.TASK, "entries-released-held-in-ace", RED, "released on paper, held in ACE: today"),
    (NextStep.CORRECT_IN_ACE, "entries-to-correct", RED, "ACE will drop the entry unless it is mended: today"),
    (NextStep.CANCEL, "entries-to-cancel", RED, "did not come in, but stand in ACE: cancel them"),
    (NextStep.DESK, "entries-back-to-desk", AMBER, "entries go back to their desks"),
    (
        NextStep.OUTSIDE,
        "entries-rejected-outside-record",
        AMBER,
        "rejected for a cause outside the record: mend it, then send again",
    ),
    (NextStep.FORM, "entries-wait-for-form-5106", AMBER, "entries wait for CBP Form 5106"),
    (NextStep.ASK_IMPORTER, "entries-wait-for-importer", AMBER, "summaries wait for the importer's data"),
    (NextStep.SURETY, "entries-wait-for-ebond", AMBER, "entries wait for the surety's eBond"),
    (NextStep.DATE, "release-dates-differ", AMBER, "release dates differ: the port is to post them"),
    (NextStep.DIFFERS, "entries-differ-from-ace", AMBER, "entries differ from what ACE holds"),
    (NextStep.PERSON, "entries-wait-for-decision", AMBER, "entries wait for a person's decision"),
)
"""Steps that wait for somebody, what is most urgent first."""

_BY_LETTER = (NextStep.TASK, NextStep.FORM, NextStep.ASK_IMPORTER, NextStep.SURETY, NextStep.DATE)


def _steps(journal: Journal, settings: Settings) -> Iterator[StatusLine]:
    """What entries wait for, since ACE last answered or a desk last handed in."""
    at: dict[NextStep, list[str]] = {}
    states = entry_states(journal).decisions
    for state, decision in states:
        at.setdefault(decision.step, []).append(state.number)
    if excluded := excluded_entries(states, settings):
        yield StatusLine(
            "entries-of-other-filer",
            "",
            "entries of another filer code than the settings'",
            RED,
            f"{len(excluded)}: {next(iter(excluded.values()))}",
            "continuity reconcile turn",
            values={"numbers": list(excluded)},
        )
    answers = [last_event(journal.rows, kind) for kind in ("answer.read", "entries.recorded")]
    since = max((clock.text(event[0]) for event in answers if event), default="")
    for step, code, status, text in _NEEDS:
        if numbers := at.get(step, []):
            command = "letters --out FOLDER" if step in _BY_LETTER else f'next --step "{step}"'
            yield StatusLine(
                code,
                "",
                text,
                status,
                _first_numbers(numbers),
                f"continuity reconcile {command}",
                since,
                values={"numbers": numbers},
            )


def _first_numbers(numbers: Sequence[str]) -> str:
    return f"{len(numbers)}: {', '.join(numbers[:3])}{', ...' if numbers[3:] else ''}"


def _uncovered(journal: Journal) -> Iterator[StatusLine]:
    """Releases that no summary of the journal can take."""
    if reasons := missing_summary_lines(list_entry_states(journal)):
        yield StatusLine(
            "releases-without-summary",
            "",
            "releases without the summary that is to cover them",
            AMBER,
            "; ".join(reasons),
            "continuity entries record FILE, or entries correct",
        )


def _requests(journal: Journal) -> Iterator[StatusLine]:
    """What CBP asks of summaries, since it asked last."""
    if open_ := open_requests(journal):
        numbers = list(dict.fromkeys(request.number for request in open_))
        yield StatusLine(
            "requests-of-cbp",
            "",
            "CBP asks for papers or acts on summaries",
            RED,
            _first_numbers(numbers),
            "continuity reconcile requests",
            max(request.since for request in open_),
            values={"numbers": numbers},
        )


def _batches(journal: Journal) -> Iterator[StatusLine]:
    query = (
        sa.select(BATCHES.c.batch, EVENTS.c.at).join(EVENTS, EVENTS.c.seq == BATCHES.c.seq).where(~BATCHES.c.written)
    )
    for row in journal.rows(query):
        yield StatusLine(
            "batch-not-written",
            "",
            "batch named but not written",
            RED,
            row.batch,
            "continuity ace batch",
            row.at,
            subject=row.batch,
        )
    for batch in unanswered_batches(journal):
        fact = f"{len(batch.numbers)} entries: {batch.words}"
        yield StatusLine(
            "batch-without-answer",
            "",
            "batch without an answer",
            RED,
            fact,
            'continuity reconcile next --step "wait for ACE"',
            batch.since,
            values={"numbers": list(batch.numbers)},
        )
