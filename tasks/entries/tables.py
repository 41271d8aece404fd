"""TODO."""

from __future__ import annotations

import sqlalchemy as sa

from tasks.core.journal.table_columns import METADATA, struct_columns
from tasks.entries.events import AceStatus

NUMBERS = sa.Table(
    "p_number",
    METADATA,
    sa.Column("number", sa.Text, primary_key=True),
    sa.Column("series", sa.Text, nullable=False),
    sa.Column("filer", sa.Text, nullable=False),
    sa.Column("serial", sa.BigInteger, nullable=False),
    sa.Column("state", sa.Text, nullable=False),
    sa.Column("desk", sa.Text, nullable=False),
    sa.Column("port", sa.Text, nullable=False),
    sa.Column("seq", sa.BigInteger, nullable=False),
    sa.Column("note", sa.Text, nullable=False),
    sa.UniqueConstraint("series", "filer", "serial"),
    sa.Index("p_number_state", "series", "filer", "state", "serial"),
)


ENTRIES = sa.Table(
    "p_entry",
    METADATA,
    sa.Column("number", sa.Text, sa.ForeignKey("p_number.number"), primary_key=True),
    sa.Column("revision", sa.Integer, nullable=False),
    sa.Column("content", sa.Text, nullable=False),
    sa.Column("digest", sa.Text, nullable=False),
    sa.Column("desk", sa.Text, nullable=False),
    sa.Column("file", sa.Text, nullable=False),
    sa.Column("entry_type", sa.Text, nullable=False),
    sa.Column("route", sa.Text, nullable=False),
    sa.Column("outcome", sa.Text, nullable=False),
    sa.Column("port", sa.Text, nullable=False),
    sa.Column("importer", sa.Text, nullable=False),
    sa.Column("complete", sa.Boolean, nullable=False),
    sa.Column("released", sa.Text, nullable=False),
    sa.Column("entered", sa.Text, nullable=False),
    sa.Column("bond_type", sa.Text, nullable=False),
    sa.Column("single_bonds", sa.Text, nullable=False),
    sa.Column("consignee", sa.Text, nullable=False),
    sa.Column("release_digest", sa.Text, nullable=False),
    sa.Column("covered_by", sa.Text, nullable=False),
    sa.Column("consolidating", sa.Boolean, nullable=False),
    sa.Column("seq", sa.BigInteger, nullable=False),
)


IN_BONDS = sa.Table(
    "p_in_bond",
    METADATA,
    sa.Column("number", sa.Text, primary_key=True),
    sa.Column("entry", sa.Text, sa.ForeignKey("p_entry.number"), primary_key=True),
    sa.Index("p_in_bond_entry", "entry"),
)
"""In-bond numbers on the bills of recorded entries, ours and carriers' own."""


WITH_ANOTHER = "with another broker"
"""State of a number whose entry was sealed for a substitute broker."""


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


VIEWS = sa.Table(
    "p_view",
    METADATA,
    sa.Column("about", sa.Text, primary_key=True),
    sa.Column("number", sa.Text, primary_key=True),
    sa.Column("asked", sa.BigInteger, nullable=False),
    sa.Column("seq", sa.BigInteger, nullable=False),
    *struct_columns(AceStatus),
    sa.Column("content", sa.Text, nullable=False),
)
"""What ACE last said when it was asked (`summary`, `release`, `bill`, `importer`) or told of its own
accord (`notice`, `action`, `request`). `asked` is the place of the question: a view older than a
sending proves nothing."""


HELD_BY_ACE = ("accepted", "accepted with warnings", "already on file")
"""Dispositions under which ACE has, or had, something under a number."""
