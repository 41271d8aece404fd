"""Numbers, recorded entries, and what ACE was sent and reported of them."""

from __future__ import annotations

import sqlalchemy as sa

from tasks.core.journal.table_columns import METADATA, struct_columns
from tasks.entries.events import AceStatus, EntryLine

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

ENTRY_FACTS = tuple(name for name in EntryLine.__struct_fields__ if name not in ("number", "in_bonds"))
"""Fields of a recorded entry that its row keeps."""

ENTRIES = sa.Table(
    "p_entry",
    METADATA,
    sa.Column("number", sa.Text, sa.ForeignKey("p_number.number"), primary_key=True),
    sa.Column("revision", sa.Integer, nullable=False),
    sa.Column("content", sa.Text, nullable=False),
    sa.Column("desk", sa.Text, nullable=False),
    sa.Column("file", sa.Text, nullable=False),
    *struct_columns(EntryLine, *ENTRY_FACTS),
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
"""State of the last sending: `waiting`, `taken` or `found` (on file before), or one of
`REFUSED`. `reasons`: CBP's for a rejection, as JSON; `lost`: noted as never received by ACE;
`outside`: rejected for causes outside the record. `digest`: of the entry as it was sent,
`release_digest`: of its release data as ACE has it. `seq`: when it was sent, or noted as lost."""


REFUSED = ("rejected", "batch rejected", "not processed")
"""States of a failed sending, so that the number may be used again: the entry or its whole batch was rejected,
or ACE failed."""


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
"""The last ACE status by query (`summary`, `release`, `bill`, `importer`) or by notice (`notice`, `action`,
`request`). `asked`: the event number of the query; a status older than a sending proves nothing."""


HELD_BY_ACE = ("accepted", "accepted with warnings", "already on file")
"""Dispositions under which ACE has, or had, something under a number."""
