"""People, approvals and their grants, as the events amount to now."""

from __future__ import annotations

import sqlalchemy as sa

from tasks.core.journal.table_columns import METADATA, struct_columns
from tasks.security.events import PlanDropped

PEOPLE = sa.Table(
    "p_person",
    METADATA,
    sa.Column("person", sa.Text, primary_key=True),
    sa.Column("name", sa.Text, nullable=False),
    sa.Column("licence", sa.Text, nullable=False),
    sa.Column("roles", sa.Text, nullable=False),
    sa.Column("enrolled", sa.Boolean, nullable=False),
    sa.Column("revoked", sa.Boolean, nullable=False),
)


APPROVALS = sa.Table(
    "p_approval",
    METADATA,
    sa.Column("plan", sa.Text, primary_key=True),
    sa.Column("act", sa.Text, nullable=False),
    sa.Column("topic", sa.Text, nullable=False),
    sa.Column("binds", sa.Text, nullable=False),
    sa.Column("preparer", sa.Text, nullable=False),
    sa.Column("seq", sa.BigInteger, nullable=False),
    sa.Column("carried_out", sa.BigInteger, nullable=False),
)
"""`carried_out`: the first event that the approved act caused; 0 while there is none."""


GRANTS = sa.Table(
    "p_grant",
    METADATA,
    sa.Column("plan", sa.Text, sa.ForeignKey("p_approval.plan"), primary_key=True),
    sa.Column("person", sa.Text, primary_key=True),
    sa.Column("seq", sa.BigInteger, nullable=False),
)


OF_DROPPED = ("plan", "reason")
"""Fields of an event that its table keeps as they are."""


DROPPED = sa.Table(
    "p_dropped",
    METADATA,
    *struct_columns(PlanDropped, *OF_DROPPED, keys=("plan",)),
    sa.Column("seq", sa.BigInteger, nullable=False),
)
"""Approved plans of which nothing more will be written."""
