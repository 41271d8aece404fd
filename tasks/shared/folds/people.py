"""People and approvals."""

from __future__ import annotations

import sqlalchemy as sa

from tasks.shared.folds.registry import fold
from tasks.shared.kinds.people import (
    ApprovalAsked,
    ApprovalGranted,
    PersonAdded,
    PersonEnrolled,
    PersonRevoked,
)
from tasks.shared.kinds.settling import AccountingSigned
from tasks.shared.projections import APPROVALS, GRANTS, PEOPLE


@fold(PersonAdded)
def _person(connection: sa.Connection, seq: int, body: PersonAdded) -> None:
    row = {"person": body.person, "name": body.name, "licence": body.licence}
    row |= {"roles": " ".join(body.roles), "enrolled": False, "revoked": False}
    connection.execute(sa.insert(PEOPLE), [row])


@fold(PersonEnrolled)
def _enrolled(connection: sa.Connection, seq: int, body: PersonEnrolled) -> None:
    connection.execute(
        sa.update(PEOPLE).where(PEOPLE.c.person == body.person).values(enrolled=True)
    )


@fold(PersonRevoked)
def _revoked(connection: sa.Connection, seq: int, body: PersonRevoked) -> None:
    connection.execute(sa.update(PEOPLE).where(PEOPLE.c.person == body.person).values(revoked=True))


@fold(ApprovalAsked)
def _asked(connection: sa.Connection, seq: int, body: ApprovalAsked) -> None:
    row = {"plan": body.plan, "act": str(body.act), "topic": body.topic, "preparer": body.preparer}
    row |= {"binds": " ".join(body.binds), "seq": seq, "carried_out": 0}
    connection.execute(sa.insert(APPROVALS), [row])


@fold(ApprovalGranted)
def _granted(connection: sa.Connection, seq: int, body: ApprovalGranted) -> None:
    connection.execute(sa.insert(GRANTS), [{"plan": body.plan, "person": body.person, "seq": seq}])


def carried_out(connection: sa.Connection, seq: int, plan: str) -> None:
    """Note the first event that an approved act caused."""
    mine = sa.update(APPROVALS).where(APPROVALS.c.plan == plan, APPROVALS.c.carried_out == 0)
    connection.execute(mine.values(carried_out=seq))


@fold(AccountingSigned)
def _signed(connection: sa.Connection, seq: int, body: AccountingSigned) -> None:
    carried_out(connection, seq, body.plan)
