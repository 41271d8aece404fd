"""What the events amount to now: tables kept in the same transaction, with the constraints that
make "twice" impossible. They can be dropped and rebuilt (`folds`); truth is the events.

States of a number: reserved > issued > recorded | void; then settled, handed over or burnt. An
in-bond number is `used` while it stands on the bills of a recorded entry.
"""

from __future__ import annotations

import sqlalchemy as sa

METADATA = sa.MetaData()

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
    sa.Column("bond_type", sa.Text, nullable=False),
    sa.Column("consignee", sa.Text, nullable=False),
    sa.Column("seq", sa.BigInteger, nullable=False),
)

IN_BONDS = sa.Table(
    "p_in_bond",
    METADATA,
    sa.Column("number", sa.Text, primary_key=True),
    sa.Column("entry", sa.Text, sa.ForeignKey("p_entry.number"), primary_key=True),
)
"""In-bond numbers on the bills of recorded entries, ours and carriers' own."""

BATCHES = sa.Table(
    "p_batch",
    METADATA,
    sa.Column("batch", sa.Text, primary_key=True),
    sa.Column("application", sa.Text, nullable=False),
    sa.Column("plan", sa.Text, nullable=False),
    sa.Column("content", sa.Text, nullable=False),
    sa.Column("file", sa.Text, nullable=False, unique=True),
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
    sa.Column("code", sa.Text, nullable=False),
    sa.Column("seq", sa.BigInteger, nullable=False),
)
"""What became of the last sending: `waiting`, `taken` or `found` (on file before), or one of
`REFUSED`. `code`: CBP's codes and texts. `digest`: of the entry as it was sent."""

REFUSED = ("rejected", "batch rejected", "not processed")
"""States of a sending that came to nothing, so that the number may be named again: the entry was
rejected, its batch was rejected whole, or ACE failed."""

QUERIES = sa.Table(
    "p_query",
    METADATA,
    sa.Column("batch", sa.Text, primary_key=True),
    sa.Column("application", sa.Text, nullable=False),
    sa.Column("about", sa.Text, nullable=False),
    sa.Column("answered", sa.Boolean, nullable=False),
    sa.Column("seq", sa.BigInteger, nullable=False),
)

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
    sa.Column("disposition", sa.Text, nullable=False),
    sa.Column("code", sa.Text, nullable=False),
    sa.Column("text", sa.Text, nullable=False),
    sa.Column("release", sa.Text, nullable=False),
    sa.Column("release_code", sa.Text, nullable=False),
    sa.Column("release_date", sa.Text, nullable=False),
    sa.Column("control", sa.Text, nullable=False),
    sa.Column("summary", sa.Text, nullable=False),
    sa.Column("version", sa.Text, nullable=False),
    sa.Column("late", sa.Boolean, nullable=True),
    sa.Column("differs", sa.Text, nullable=False),
    sa.Column("content", sa.Text, nullable=False),
)
"""What ACE last said when it was asked (`summary`, `release`, `bill`, `importer`) or told of its own
accord (`notice`). `asked` is the place of the question: a view older than a sending proves nothing."""

BONDS = sa.Table(
    "p_bond",
    METADATA,
    sa.Column("number", sa.Text, primary_key=True),
    sa.Column("seq", sa.BigInteger, nullable=False),
)

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
    sa.Column("what", sa.Text, nullable=False),
    sa.Column("binds", sa.Text, nullable=False),
    sa.Column("preparer", sa.Text, nullable=False),
    sa.Column("seq", sa.BigInteger, nullable=False),
)

GRANTS = sa.Table(
    "p_grant",
    METADATA,
    sa.Column("plan", sa.Text, sa.ForeignKey("p_approval.plan"), primary_key=True),
    sa.Column("person", sa.Text, primary_key=True),
    sa.Column("seq", sa.BigInteger, nullable=False),
)
