"""What was sent to ACE, asked of it and said by it, as the events amount to now."""

from __future__ import annotations

import sqlalchemy as sa

from tasks.shared.kinds.ace import AceStatus, BatchNamed, BondConfirmed, PlanDropped, QueryNamed
from tasks.shared.projections import METADATA
from tasks.shared.struct_columns import columns

OF_BATCH = ("batch", "application", "plan", "content", "file")
OF_QUERY = ("batch", "application", "about", "file")
OF_DROPPED = ("plan", "reason")
"""Fields of an event that its table keeps as they are."""

BATCHES = sa.Table(
    "p_batch",
    METADATA,
    *columns(BatchNamed, *OF_BATCH, keys=("batch",), unique=("file",)),
    sa.Column("written", sa.Boolean, nullable=False),
    sa.Column("size", sa.Integer, nullable=False),
    sa.Column("seq", sa.BigInteger, nullable=False),
)

SENT = sa.Table(
    "p_sent",
    METADATA,
    sa.Column("application", sa.Text, primary_key=True),
    sa.Column("number", sa.Text, sa.ForeignKey("p_number.number"), primary_key=True),
    sa.Column("batch", sa.Text, sa.ForeignKey("p_batch.batch"), nullable=False),
    sa.Column("state", sa.Text, nullable=False),
    sa.Column("digest", sa.Text, nullable=False),
    sa.Column("reasons", sa.Text, nullable=False),
    sa.Column("lost", sa.Boolean, nullable=False),
    sa.Column("release_digest", sa.Text, nullable=False),
    sa.Column("outside", sa.Boolean, nullable=False),
    sa.Column("seq", sa.BigInteger, nullable=False),
    sa.Index("p_sent_batch", "batch"),
)
"""What became of the last sending: `waiting`, `taken` or `found` (on file before), or one of
`REFUSED`. `reasons`: CBP's for a rejection, as JSON; `lost`: noted as never received by ACE;
`outside`: rejected for causes outside the record. `digest`: of the entry as it was sent,
`release_digest`: of its release data as ACE has it. `seq`: when it was sent, or noted as lost."""

REFUSED = ("rejected", "batch rejected", "not processed")
"""States of a sending that came to nothing, so that the number may be named again: the entry was
rejected, its batch was rejected whole, or ACE failed."""

DROPPED = sa.Table(
    "p_dropped",
    METADATA,
    *columns(PlanDropped, *OF_DROPPED, keys=("plan",)),
    sa.Column("seq", sa.BigInteger, nullable=False),
)
"""Approved plans of which nothing more will be written."""

QUERIES = sa.Table(
    "p_query",
    METADATA,
    *columns(QueryNamed, *OF_QUERY, keys=("batch",)),
    sa.Column("written", sa.Boolean, nullable=False),
    sa.Column("answered", sa.Boolean, nullable=False),
    sa.Column("rejected", sa.Boolean, nullable=False),
    sa.Column("reasons", sa.Text, nullable=False),
    sa.Column("seq", sa.BigInteger, nullable=False),
)
"""`written`: the file is, or was, visible in the outbound folder. `rejected`: ACE rejected
the question whole; `reasons`: its reasons as JSON."""

ASKED = sa.Table(
    "p_asked",
    METADATA,
    sa.Column("about", sa.Text, primary_key=True),
    sa.Column("number", sa.Text, primary_key=True),
    sa.Column("seq", sa.BigInteger, nullable=False),
)
"""The last time each thing was asked."""

VIEWS = sa.Table(
    "p_view",
    METADATA,
    sa.Column("about", sa.Text, primary_key=True),
    sa.Column("number", sa.Text, primary_key=True),
    sa.Column("asked", sa.BigInteger, nullable=False),
    sa.Column("seq", sa.BigInteger, nullable=False),
    *columns(AceStatus),
    sa.Column("content", sa.Text, nullable=False),
)
"""What ACE last said when it was asked (`summary`, `release`, `bill`, `importer`) or told of its own
accord (`notice`, `action`, `request`). `asked` is the place of the question: a view older than a
sending proves nothing."""

HELD_BY_ACE = ("accepted", "accepted with warnings", "already on file")
"""Dispositions under which ACE has, or had, something under a number."""

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
    *columns(BondConfirmed, "number", keys=("number",)),
    sa.Column("bond", sa.Text, primary_key=True),
    sa.Column("seq", sa.BigInteger, nullable=False),
)
"""Single transaction bonds whose eBond is confirmed; `bond` as JSON, empty for any basic bond."""
