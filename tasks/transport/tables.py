"""Letters by mail, as the events amount to now."""

from __future__ import annotations

import sqlalchemy as sa

from tasks.core.journal.table_columns import METADATA

MAIL = sa.Table(
    "p_mail",
    METADATA,
    sa.Column("mail", sa.Text, primary_key=True),
    sa.Column("title", sa.Text, nullable=False),
    sa.Column("content", sa.Text, nullable=False),
    sa.Column("waiting", sa.Text, nullable=False, index=True),
    sa.Column("accepted", sa.Text, nullable=False),
    sa.Column("refused", sa.Text, nullable=False),
    sa.Column("attempt", sa.Integer, nullable=False),
    sa.Column("until", sa.Text, nullable=False),
    sa.Column("seq", sa.BigInteger, nullable=False),
)
"""`waiting`, `accepted` and `refused` are JSON; a letter whose `waiting` is `[]` is done. `until`: a
process has the attempt for itself so long; empty when none does."""
