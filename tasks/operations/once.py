"""The same event twice starts one run's work, whatever the server does."""

from __future__ import annotations

import sqlalchemy as sa

from tasks.shared.journal import Journal
from tasks.shared.kinds.operations import RunBegun
from tasks.shared.store import EVENTS

REMEDIATED = "incident.remediated"


def turn(journal: Journal, about: str) -> int:
    """How often the incident `about` was remediated: a second time begins anew."""
    column = EVENTS.c
    query = sa.select(sa.func.count()).where(
        column.kind == REMEDIATED, column.subject == f"incident/{about}"
    )
    return journal.rows(query)[0][0]


def begin(journal: Journal, work: str, about: str, run: str, actor: str) -> str:
    """Take the work on an event for this run. Returns the run that has it: this one, also when it
    comes back after a wait, or another that was quicker."""
    count = turn(journal, about)
    key = f"run:{work}:{about}:{count}"
    body = RunBegun(work=work, about=about, turn=count, run=run)
    if journal.append(body, f"run/{work}", actor, key):
        return run
    held = next(journal.events(key=key)).said
    return held.run if isinstance(held, RunBegun) else ""


def open_incident(journal: Journal) -> str:
    """The incident whose reconciliation is under way: remediated, or begun by an event, with no
    accounting signed since. Empty if there is none."""
    column = EVENTS.c
    signed = journal.rows(
        sa.select(sa.func.max(column.seq)).where(column.kind == "accounting.signed")
    )[0][0]
    query = (
        sa.select(column.kind, column.subject, column.seq)
        .where(column.kind.in_([REMEDIATED, "run.begun"]), column.seq > (signed or 0))
        .order_by(column.seq.desc())
    )
    for row in journal.rows(query):
        if row.kind == REMEDIATED:
            return row.subject.partition("/")[2]
        begun = next(journal.events(after=row.seq - 1)).said
        if isinstance(begun, RunBegun) and begun.work == "reconciliation":
            return begun.about
    return ""
