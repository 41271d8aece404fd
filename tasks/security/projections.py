"""People and approvals."""

from __future__ import annotations

import sqlalchemy as sa

from tasks.core.journal.bodies import Body
from tasks.core.journal.projections import projection, projection_of_all
from tasks.core.journal.table_columns import row_of
from tasks.security.events import (
    ApprovalAsked,
    ApprovalGranted,
    PersonAdded,
    PersonEnrolled,
    PersonRevoked,
    PlanDropped,
)
from tasks.security.tables import APPROVALS, DROPPED, GRANTS, OF_DROPPED, PEOPLE


@projection(PersonAdded)
def _person(connection: sa.Connection, seq: int, body: PersonAdded) -> None:
    row = {"person": body.person, "name": body.name, "licence": body.licence}
    row |= {"roles": " ".join(body.roles), "enrolled": False, "revoked": False}
    connection.execute(sa.insert(PEOPLE), [row])


@projection(PersonEnrolled)
def _enrolled(connection: sa.Connection, seq: int, body: PersonEnrolled) -> None:
    connection.execute(sa.update(PEOPLE).where(PEOPLE.c.person == body.person).values(enrolled=True))


@projection(PersonRevoked)
def _revoked(connection: sa.Connection, seq: int, body: PersonRevoked) -> None:
    connection.execute(sa.update(PEOPLE).where(PEOPLE.c.person == body.person).values(revoked=True))


@projection(ApprovalAsked)
def _asked(connection: sa.Connection, seq: int, body: ApprovalAsked) -> None:
    row = {"plan": body.plan, "act": str(body.act), "topic": body.topic, "preparer": body.preparer}
    row |= {"binds": " ".join(body.binds), "seq": seq, "carried_out": 0}
    connection.execute(sa.insert(APPROVALS), [row])


@projection(ApprovalGranted)
def _granted(connection: sa.Connection, seq: int, body: ApprovalGranted) -> None:
    connection.execute(sa.insert(GRANTS), [{"plan": body.plan, "person": body.person, "seq": seq}])


@projection_of_all
def _approval_of(connection: sa.Connection, seq: int, body: Body) -> None:
    if plan := getattr(body, "approval", ""):
        carried_out(connection, seq, plan)


def carried_out(connection: sa.Connection, seq: int, plan: str) -> None:
    """Note the first event that an approved act caused."""
    mine = sa.update(APPROVALS).where(APPROVALS.c.plan == plan, APPROVALS.c.carried_out == 0)
    connection.execute(mine.values(carried_out=seq))


@projection(PlanDropped)
def _dropped(connection: sa.Connection, seq: int, body: PlanDropped) -> None:
    connection.execute(sa.insert(DROPPED), [row_of(body, *OF_DROPPED) | {"seq": seq}])
