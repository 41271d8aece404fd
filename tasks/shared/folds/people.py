"""People and approvals."""

from __future__ import annotations

import sqlalchemy as sa

from tasks.shared import kinds
from tasks.shared.folds.registry import fold
from tasks.shared.projections import APPROVALS, GRANTS, PEOPLE


@fold(kinds.PersonAdded)
def _person(connection: sa.Connection, seq: int, body: kinds.PersonAdded) -> None:
    row = {"person": body.person, "name": body.name, "licence": body.licence}
    row |= {"roles": " ".join(body.roles), "enrolled": False, "revoked": False}
    connection.execute(sa.insert(PEOPLE), [row])


@fold(kinds.PersonEnrolled)
def _enrolled(connection: sa.Connection, seq: int, body: kinds.PersonEnrolled) -> None:
    connection.execute(
        sa.update(PEOPLE).where(PEOPLE.c.person == body.person).values(enrolled=True)
    )


@fold(kinds.PersonRevoked)
def _revoked(connection: sa.Connection, seq: int, body: kinds.PersonRevoked) -> None:
    connection.execute(sa.update(PEOPLE).where(PEOPLE.c.person == body.person).values(revoked=True))


@fold(kinds.ApprovalAsked)
def _asked(connection: sa.Connection, seq: int, body: kinds.ApprovalAsked) -> None:
    row = {"plan": body.plan, "act": str(body.act), "topic": body.topic, "preparer": body.preparer}
    row |= {"binds": " ".join(body.binds), "seq": seq, "carried_out": 0}
    connection.execute(sa.insert(APPROVALS), [row])


@fold(kinds.ApprovalGranted)
def _granted(connection: sa.Connection, seq: int, body: kinds.ApprovalGranted) -> None:
    connection.execute(sa.insert(GRANTS), [{"plan": body.plan, "person": body.person, "seq": seq}])


def carried_out(connection: sa.Connection, seq: int, plan: str) -> None:
    """Note the first event that an approved act caused."""
    mine = sa.update(APPROVALS).where(APPROVALS.c.plan == plan, APPROVALS.c.carried_out == 0)
    connection.execute(mine.values(carried_out=seq))


@fold(kinds.AccountingSigned)
def _signed(connection: sa.Connection, seq: int, body: kinds.AccountingSigned) -> None:
    carried_out(connection, seq, body.plan)
