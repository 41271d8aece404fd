"""What was sent to ACE, asked of it and said by it, as the events amount to now."""

from __future__ import annotations

import sqlalchemy as sa

from tasks.core.journal.table_columns import METADATA, struct_columns
from tasks.reconciliation.events import BatchNamed, BondConfirmed, QueryNamed

OF_BATCH = ("batch", "application", "plan", "content", "file")
OF_QUERY = ("batch", "application", "about", "file")

BATCHES = sa.Table(
    "p_batch",
    METADATA,
    *struct_columns(BatchNamed, *OF_BATCH, keys=("batch",), unique=("file",)),
    sa.Column("written", sa.Boolean, nullable=False),
    sa.Column("size", sa.Integer, nullable=False),
    sa.Column("seq", sa.BigInteger, nullable=False),
)


QUERIES = sa.Table(
    "p_query",
    METADATA,
    *struct_columns(QueryNamed, *OF_QUERY, keys=("batch",)),
    sa.Column("written", sa.Boolean, nullable=False),
    sa.Column("answered", sa.Boolean, nullable=False),
    sa.Column("rejected", sa.Boolean, nullable=False),
    sa.Column("reasons", sa.Text, nullable=False),
    sa.Column("seq", sa.BigInteger, nullable=False),
)
"""`written`: the file is, or was, visible in the outbound folder. `rejected`: ACE rejected
the query whole; `reasons`: its reasons as JSON."""

ASKED = sa.Table(
    "p_asked",
    METADATA,
    sa.Column("about", sa.Text, primary_key=True),
    sa.Column("number", sa.Text, primary_key=True),
    sa.Column("seq", sa.BigInteger, nullable=False),
)
"""The last time each thing was asked."""


CALLS = ("1", "2", "3", "D", "E")
"""UC types by which CBP wants something done: papers, a detention, an extension denied (UC v30)."""

REQUESTS = sa.Table(
    "p_request",
    METADATA,
    sa.Column("number", sa.Text, primary_key=True),
    sa.Column("code", sa.Text, primary_key=True),
    sa.Column("text", sa.Text, nullable=False),
    sa.Column("how", sa.Text, nullable=False),
    sa.Column("seq", sa.BigInteger, nullable=False),
)
"""What CBP asks of a summary, the last of each UC type; `how` it was answered, empty while it is not."""

BONDS = sa.Table(
    "p_bond",
    METADATA,
    *struct_columns(BondConfirmed, "number", keys=("number",)),
    sa.Column("bond", sa.Text, primary_key=True),
    sa.Column("seq", sa.BigInteger, nullable=False),
)
"""Single transaction bonds whose eBond is confirmed; `bond` as JSON, empty for any basic bond."""
