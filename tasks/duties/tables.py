"""Proofs of duties, changes and reminders, as the events amount to now."""

from __future__ import annotations

import sqlalchemy as sa

from tasks.core.journal.table_columns import METADATA

PROOFS = sa.Table(
    "p_duty_proof",
    METADATA,
    sa.Column("seq", sa.BigInteger, primary_key=True, autoincrement=False),
    sa.Column("duty", sa.Text, nullable=False),
    sa.Column("item", sa.Text, nullable=False),
    sa.Column("term", sa.Text, nullable=False),
    sa.Column("on", sa.Text, nullable=False),
    sa.Column("until", sa.Text, nullable=False),
    sa.Column("proof", sa.Text, nullable=False),
    sa.Column("file", sa.Text, nullable=False),
    sa.Column("statement", sa.Text, nullable=False),
    sa.Column("facts", sa.Text, nullable=False),
    sa.Column("content", sa.Text, nullable=False),
    sa.Column("scan", sa.Text, nullable=False),
    sa.Column("shared", sa.Text, nullable=False),
    sa.Column("withdrawn", sa.Boolean, nullable=False),
    sa.Column("ended", sa.Boolean, nullable=False),
)
"""Each fulfilment of a duty; `facts` and `scan` are JSON. `shared`: what else its file proves and why, in
words. `ended`: its item is no more."""

CHANGES = sa.Table(
    "p_duty_change",
    METADATA,
    sa.Column("seq", sa.BigInteger, primary_key=True, autoincrement=False),
    sa.Column("duty", sa.Text, nullable=False),
    sa.Column("item", sa.Text, nullable=False),
    sa.Column("what", sa.Text, nullable=False),
    sa.Column("on", sa.Text, nullable=False),
)

RUNGS = sa.Table(
    "p_duty_rung",
    METADATA,
    sa.Column("duty", sa.Text, primary_key=True),
    sa.Column("item", sa.Text, primary_key=True),
    sa.Column("term", sa.Text, primary_key=True),
    sa.Column("rung", sa.Text, primary_key=True),
    sa.Column("told", sa.BigInteger, nullable=True),
    sa.Column("mail", sa.Text, nullable=False, index=True),
    sa.Column("acknowledged", sa.BigInteger, nullable=True),
    sa.Index("p_duty_rung_term", "term"),
)
"""Rungs that are told (`mail`: by which letter) or acknowledged, by the place of the event. None is
told twice: that would be a second row of one key."""
