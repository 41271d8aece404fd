"""Letters: what waits, whom they reached, who has the attempt."""

from __future__ import annotations

import json

import sqlalchemy as sa

from tasks.shared import kinds
from tasks.shared.folds.registry import fold
from tasks.shared.projections import MAIL


@fold(kinds.MailQueued)
def _queued(connection: sa.Connection, seq: int, body: kinds.MailQueued) -> None:
    row = {"mail": body.mail, "title": body.title, "content": body.content, "seq": seq}
    row |= {"waiting": kinds.canonical(body.to), "accepted": "[]", "refused": "{}"}
    connection.execute(sa.insert(MAIL), [{**row, "attempt": 0, "until": ""}])


@fold(kinds.MailTried)
def _tried(connection: sa.Connection, seq: int, body: kinds.MailTried) -> None:
    change = sa.update(MAIL).where(MAIL.c.mail == body.mail)
    connection.execute(change.values(attempt=body.attempt, until=body.until))


@fold(kinds.MailAnswered)
def _answered(connection: sa.Connection, seq: int, body: kinds.MailAnswered) -> None:
    own = MAIL.c.mail == body.mail
    known = connection.execute(sa.select(MAIL.c.accepted, MAIL.c.refused).where(own)).one()
    accepted = sorted({*json.loads(known.accepted), *body.accepted})
    refused = {**json.loads(known.refused), **body.refused}
    connection.execute(
        sa.update(MAIL)
        .where(own)
        .values(
            waiting=kinds.canonical(body.waiting),
            accepted=kinds.canonical(accepted),
            refused=kinds.canonical(refused),
            until="",
        )
    )
