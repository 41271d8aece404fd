"""How each kind of event changes the projections. One module a subject; `apply` finds the function."""

from __future__ import annotations

import sqlalchemy as sa

from tasks.shared.folds import (
    ace,
    after,
    duties,
    entries,
    incident,
    letters,
    mail,
    numbers,
    people,
    registry,
    screening,
)
from tasks.shared.kinds.base import Body

__all__ = [
    "ace",
    "after",
    "apply",
    "duties",
    "entries",
    "incident",
    "letters",
    "mail",
    "numbers",
    "people",
    "screening",
]


def apply(connection: sa.Connection, seq: int, body: Body) -> None:
    """Carry one event into the tables. Raises IntegrityError or NumberUnavailable if it cannot
    be true after what stands already."""
    registry.apply(connection, seq, body)
    if plan := getattr(body, "approval", ""):
        people.carried_out(connection, seq, plan)
