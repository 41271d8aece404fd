"""Lists in force, the last screening, hits and reviews, as the events amount to now."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import sqlalchemy as sa

from tasks.core.journal.table_columns import METADATA


def _columns(kind: type[sa.types.TypeEngine[Any]], *names: str) -> Iterator[sa.Column[Any]]:
    """Columns of one type that are never null."""
    return (sa.Column(name, kind, nullable=False) for name in names)


LISTS = sa.Table(
    "p_list",
    METADATA,
    sa.Column("list", sa.Text, primary_key=True),
    *_columns(sa.Text, "content", "as_of"),
    *_columns(sa.Integer, "records", "names"),
    *_columns(sa.Boolean, "partial"),
    *_columns(sa.Integer, "faults"),
    *_columns(sa.Text, "accepted_by", "short"),
    *_columns(sa.BigInteger, "seq"),
)
"""The version of each list that is in force. `short`: a JSON array of `ListShortfall`, `[]` if whole."""

SCREENED = sa.Table(
    "p_screened",
    METADATA,
    sa.Column("what", sa.Text, primary_key=True),
    *_columns(sa.Text, "content", "model", "lists", "partners"),
    *_columns(sa.BigInteger, "seq"),
)
"""Two rows: `register`, the partners as last taken, and `hits`, the last screening of them."""

HITS = sa.Table(
    "p_hit",
    METADATA,
    sa.Column("hit", sa.Text, primary_key=True),
    *_columns(sa.Text, "partner", "record", "partner_digest", "record_digest"),
    *_columns(sa.Float, "score"),
    *_columns(sa.Boolean, "strong"),
    *_columns(sa.Text, "effect"),
    *_columns(sa.Boolean, "present"),
    *_columns(sa.BigInteger, "found"),
    *_columns(
        sa.Text,
        *(
            f"{stage}_{column}"
            for stage in ("decided", "proposed")
            for column in ("verdict", "by", "partner_digest", "record_digest", "expires")
        ),
    ),
    *_columns(sa.Text, "proposed_plan"),
    *_columns(sa.BigInteger, "decided_seq"),
    sa.UniqueConstraint("partner", "record"),
)
"""`decided_verdict`: cleared, confirmed or empty, `decided_expires` empty too for a clearance of one person
that two must give now; `proposed_...`: what the first of two persons says,
`proposed_plan` the plan that waits for the second.
Whether a clearance still holds is reckoned from the digests and the day, in `hit_decisions`."""

REVIEWS = sa.Table(
    "p_review",
    METADATA,
    sa.Column("partner", sa.Text, primary_key=True),
    *_columns(sa.Text, "tier"),
    *_columns(sa.Integer, "points"),
    *_columns(sa.Text, "due"),
    *_columns(sa.BigInteger, "seq"),
)
