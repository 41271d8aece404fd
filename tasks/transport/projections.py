"""Letters: what waits, whom they reached, who has the attempt."""

from __future__ import annotations

import json

import sqlalchemy as sa

from tasks.core.journal.bodies import canonical
from tasks.core.journal.projections import projection
from tasks.transport.events import MailAnswered, MailQueued, MailSuperseded, MailTried
from tasks.transport.tables import MAIL


@projection(MailQueued)
def _queued(connection: sa.Connection, seq: int, body: MailQueued) -> None:
    row = {"mail": body.mail, "title": body.title, "content": body.content, "seq": seq}
    row |= {"waiting": canonical(body.to), "accepted": "[]", "refused": "{}"}
    connection.execute(sa.insert(MAIL), [{**row, "attempt": 0, "until": ""}])


@projection(MailTried)
def _tried(connection: sa.Connection, seq: int, body: MailTried) -> None:
    change = sa.update(MAIL).where(MAIL.c.mail == body.mail)
    connection.execute(change.values(attempt=body.attempt, until=body.until))


@projection(MailAnswered)
def _answered(connection: sa.Connection, seq: int, body: MailAnswered) -> None:
    of_letter = MAIL.c.mail == body.mail
    row = connection.execute(sa.select(MAIL.c.accepted, MAIL.c.refused).where(of_letter)).one()
    accepted = sorted({*json.loads(row.accepted), *body.accepted})
    refused = {**json.loads(row.refused), **body.refused}
    connection.execute(
        sa.update(MAIL)
        .where(of_letter)
        .values(waiting=canonical(body.waiting), accepted=canonical(accepted), refused=canonical(refused), until="")
    )


@projection(MailSuperseded)
def _superseded(connection: sa.Connection, seq: int, body: MailSuperseded) -> None:
    connection.execute(sa.update(MAIL).where(MAIL.c.mail == body.mail).values(waiting="[]"))
