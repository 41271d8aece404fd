"""The incident's projections. An incident that is over leaves `open` empty, so that the constraint
holds one open incident for a filer."""

from __future__ import annotations

import sqlalchemy as sa

from tasks.core.journal.table_columns import METADATA


def _texts(*names: str) -> list[sa.Column[str]]:
    return [sa.Column(name, sa.Text, nullable=False) for name in names]


INCIDENTS = sa.Table(
    "p_incident",
    METADATA,
    sa.Column("incident", sa.Text, primary_key=True),
    sa.Column("filer", sa.Text, nullable=False),
    sa.Column("open", sa.Text, nullable=True, unique=True),
    sa.Column("drill", sa.Boolean, nullable=False),
    sa.Column("state", sa.Text, nullable=False),
    sa.Column("opened", sa.BigInteger, nullable=False),
    sa.Column("seq", sa.BigInteger, nullable=False),
)
"""`opened`: the place of the first event; `seq`: of the last step."""

INCIDENT_STEPS = sa.Table(
    "p_incident_step",
    METADATA,
    sa.Column("seq", sa.BigInteger, primary_key=True, autoincrement=False),
    sa.Column("incident", sa.Text, nullable=False, index=True),
    *_texts("state", "happened", "note", "reference", "ports", "until", "attached"),
)
"""`ports` are parted by blanks; `attached` is JSON."""

BREACHES = sa.Table(
    "p_breach",
    METADATA,
    sa.Column("seq", sa.BigInteger, primary_key=True, autoincrement=False),
    sa.Column("incident", sa.Text, nullable=False, index=True),
    *_texts("discovered", "note"),
)

OPEN_WORK = sa.Table(
    "p_open_work",
    METADATA,
    sa.Column("incident", sa.Text, primary_key=True),
    sa.Column("item", sa.Text, primary_key=True),
    *_texts(
        "work",
        "reference",
        "entry_type",
        "port",
        "mode",
        "importer",
        "importer_number",
        "starts",
        "due",
        "amount",
        "note",
    ),
    sa.Column("taken", sa.BigInteger, nullable=False),
    sa.Column("closed", sa.BigInteger, nullable=True),
    sa.Column("how", sa.Text, nullable=False),
)
"""The hour-zero list. `closed`: the place of the event that closed the item, `how` its act."""

NOTICES = sa.Table(
    "p_notice",
    METADATA,
    sa.Column("notice", sa.Text, primary_key=True),
    sa.Column("incident", sa.Text, nullable=False, index=True),
    *_texts(
        "template",
        "contact",
        "channel",
        "title",
        "telling",
        "content",
        "sent",
        "how",
        "reference",
        "acknowledged",
        "who",
    ),
    sa.Column("drafted", sa.BigInteger, nullable=False),
)
"""`sent` and `acknowledged` are moments, empty while they did not happen."""

CONTACTS = sa.Table(
    "p_contact",
    METADATA,
    sa.Column("contact", sa.Text, primary_key=True),
    *_texts("digest", "on"),
    sa.Column("works", sa.Boolean, nullable=False),
    sa.Column("how", sa.Text, nullable=False),
    sa.Column("seq", sa.BigInteger, nullable=False),
)


DOCUMENTS = sa.Table(
    "p_document",
    METADATA,
    sa.Column("number", sa.Text, primary_key=True),
    sa.Column("reference", sa.Text, primary_key=True),
    *_texts("document", "file", "content"),
    sa.Column("size", sa.BigInteger, nullable=False),
    sa.Column("media", sa.Text, nullable=False),
    sa.Column("pages", sa.Integer, nullable=False),
    sa.Column("seq", sa.BigInteger, nullable=False),
    sa.UniqueConstraint("number", "content"),
)
"""Files attached to entries: each once an entry, each with a reference of its own."""


LETTERS = sa.Table(
    "p_letter",
    METADATA,
    sa.Column("letter", sa.Text, primary_key=True),
    sa.Column("number", sa.Text, sa.ForeignKey("p_number.number"), primary_key=True),
    sa.Column("state", sa.Text, nullable=False),
    sa.Column("live", sa.Text, nullable=True, unique=True),
    *_texts("port", "digest", "follows"),
    sa.Column("seq", sa.BigInteger, nullable=False),
    sa.Index("p_letter_number", "number"),
)
"""A row an entry on a downtime letter. `state`: issued, sent, replaced or withdrawn; `live` is the
number while the letter is the one that counts, so that an entry never has two. `digest`: of the
record that the letter was made from; `follows`: JSON, what was to follow."""
