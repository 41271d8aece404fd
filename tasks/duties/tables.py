"""Proofs of duties, changes and reminders, as the events amount to now."""

from __future__ import annotations

import sqlalchemy as sa

from tasks.core.journal.table_columns import METADATA, struct_columns
from tasks.duties.events import DutyChanged, DutyFulfilled

PROOF_FACTS = ("duty", "item", "term", "on", "until", "proof", "file", "statement", "content")
CHANGE_FACTS = ("duty", "item", "what", "on")

PROOFS = sa.Table(
    "p_duty_proof",
    METADATA,
    sa.Column("seq", sa.BigInteger, primary_key=True, autoincrement=False),
    *struct_columns(DutyFulfilled, *PROOF_FACTS),
    sa.Column("facts", sa.Text, nullable=False),
    sa.Column("scan", sa.Text, nullable=False),
    sa.Column("shared", sa.Text, nullable=False),
    sa.Column("withdrawn", sa.Boolean, nullable=False),
    sa.Column("ended", sa.Boolean, nullable=False),
)
"""Each fulfillment of a duty; `facts` and `scan` are JSON. `shared`: what else its file proves and why, in
words. `ended`: its item ended."""

CHANGES = sa.Table(
    "p_duty_change",
    METADATA,
    sa.Column("seq", sa.BigInteger, primary_key=True, autoincrement=False),
    *struct_columns(DutyChanged, *CHANGE_FACTS),
)

RUNGS = sa.Table(
    "p_duty_rung",
    METADATA,
    sa.Column("duty", sa.Text, primary_key=True),
    sa.Column("item", sa.Text, primary_key=True),
    sa.Column("term", sa.Text, primary_key=True),
    sa.Column("rung", sa.Text, primary_key=True),
    sa.Column("reminded", sa.BigInteger, nullable=True),
    sa.Column("mail", sa.Text, nullable=False, index=True),
    sa.Column("acknowledged", sa.BigInteger, nullable=True),
    sa.Index("p_duty_rung_term", "term"),
)
"""Rungs that were reminded of (`mail`: by which letter) or acknowledged, by the event's number. The key
prevents a second reminder."""

PROOF_USES = sa.Table(
    "p_proof_use",
    METADATA,
    sa.Column("digest", sa.Text, primary_key=True),
    sa.Column("proves", sa.Text, primary_key=True),
    sa.Column("seq", sa.BigInteger, primary_key=True, autoincrement=False),
)
"""What each file (SHA-256) proves now, and by which event: duties, and evidence of incidents. A withdrawn proof
of a duty has no row."""
