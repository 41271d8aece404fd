"""What `continuity status` says: each row a fact, and what to do where a person is needed."""

from __future__ import annotations

import sqlalchemy as sa

from tasks.entries import reserve
from tasks.reconciliation.classify import Step, classify
from tasks.reconciliation.view import standings
from tasks.shared import approval
from tasks.shared.journal import Journal
from tasks.shared.projections import BATCHES, NUMBERS
from tasks.shared.settings import Settings


def rows(journal: Journal, settings: Settings) -> list[dict[str, str]]:
    """Facts with a state (green, amber, red), newest need first."""
    found = [*_tasks(journal), *_plans(journal, settings), *_batches(journal), *_desks(journal)]
    return [*found, *_reserve(journal, settings)]


_NEEDS = (
    (Step.TASK, "red", "released on paper, held in ACE: today"),
    (Step.DESK, "amber", "entries go back to their desks"),
    (Step.FORM, "amber", "entries wait for CBP Form 5106"),
    (Step.CHASE, "amber", "summaries wait for the importer's data"),
    (Step.SURETY, "amber", "entries wait for the surety's eBond"),
    (Step.DATE, "amber", "release dates differ: the port is to post them"),
    (Step.DIFFERS, "amber", "entries differ from what ACE holds"),
    (Step.PERSON, "amber", "entries wait for a person's decision"),
)
"""Steps that wait for somebody, what is most urgent first."""

_BY_LETTER = (Step.TASK, Step.FORM, Step.CHASE, Step.SURETY, Step.DATE)


def _tasks(journal: Journal) -> list[dict[str, str]]:
    at: dict[Step, list[str]] = {}
    for one in standings(journal):
        at.setdefault(classify(one).step, []).append(one.number)
    return [
        {
            "what": words,
            "state": state,
            "fact": f"{len(numbers)}: {', '.join(numbers[:3])}{', ...' if numbers[3:] else ''}",
            "next": "continuity reconcile letters --out FOLDER" if step in _BY_LETTER
            else f'continuity reconcile next --step "{step}"',
        }
        for step, state, words in _NEEDS
        if (numbers := at.get(step, []))
    ]  # fmt: skip


def _reserve(journal: Journal, settings: Settings) -> list[dict[str, str]]:
    return [
        {
            "what": f"reserve of {one.series} numbers",
            "state": "red" if one.alarm else "green",
            "fact": f"{one.free} free, {one.days_left} days at {settings.numbers.daily_volume} a day",
            "next": "continuity numbers reserve" if one.alarm else "",
        }
        for one in reserve.standings(journal, settings)
    ]


def _plans(journal: Journal, settings: Settings) -> list[dict[str, str]]:
    return [
        {
            "what": "plan waits for approval",
            "state": "amber",
            "fact": f"{asked.what}, prepared by {asked.preparer}",
            "next": f"continuity approve {asked.plan[:12]} --by ID",
        }
        for asked in approval.waiting(journal, settings.approval.persons)
    ]


def _batches(journal: Journal) -> list[dict[str, str]]:
    query = sa.select(BATCHES.c.batch).where(~BATCHES.c.written)
    return [
        {
            "what": "batch named but not written",
            "state": "red",
            "fact": row.batch,
            "next": "continuity ace batch",
        }
        for row in journal.rows(query)
    ]


def _desks(journal: Journal) -> list[dict[str, str]]:
    column = NUMBERS.c
    query = (
        sa.select(column.desk, sa.func.count().label("n"))
        .where(column.state == "issued")
        .group_by(column.desk)
        .order_by(column.desk)
    )
    return [
        {
            "what": f"numbers at the desk {row.desk}",
            "state": "amber",
            "fact": f"{row.n} issued, nothing recorded or voided",
            "next": "continuity entries record FILE, or numbers void",
        }
        for row in journal.rows(query)
    ]
