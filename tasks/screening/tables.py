"""Lists in force, the last screening, hits and reviews, as the events amount to now."""

from __future__ import annotations

import sqlalchemy as sa

from tasks.core.journal.table_columns import METADATA

LISTS = sa.Table(
    "p_list",
    METADATA,
    sa.Column("list", sa.Text, primary_key=True),
    sa.Column("content", sa.Text, nullable=False),
    sa.Column("as_of", sa.Text, nullable=False),
    sa.Column("records", sa.Integer, nullable=False),
    sa.Column("names", sa.Integer, nullable=False),
    sa.Column("partial", sa.Boolean, nullable=False),
    sa.Column("faults", sa.Integer, nullable=False),
    sa.Column("accepted_by", sa.Text, nullable=False),
    sa.Column("short", sa.Text, nullable=False),
    sa.Column("seq", sa.BigInteger, nullable=False),
)
"""The version of each list that is in force. `short`: a JSON array of `ListShortfall`, `[]` if whole."""

SCREENED = sa.Table(
    "p_screened",
    METADATA,
    sa.Column("what", sa.Text, primary_key=True),
    sa.Column("content", sa.Text, nullable=False),
    sa.Column("model", sa.Text, nullable=False),
    sa.Column("lists", sa.Text, nullable=False),
    sa.Column("partners", sa.Text, nullable=False),
    sa.Column("seq", sa.BigInteger, nullable=False),
)
"""Two rows: `register`, the partners as last taken, and `hits`, the last screening of them."""

HITS = sa.Table(
    "p_hit",
    METADATA,
    sa.Column("hit", sa.Text, primary_key=True),
    sa.Column("partner", sa.Text, nullable=False),
    sa.Column("record", sa.Text, nullable=False),
    sa.Column("partner_digest", sa.Text, nullable=False),
    sa.Column("record_digest", sa.Text, nullable=False),
    sa.Column("score", sa.Float, nullable=False),
    sa.Column("strong", sa.Boolean, nullable=False),
    sa.Column("effect", sa.Text, nullable=False),
    sa.Column("present", sa.Boolean, nullable=False),
    sa.Column("found", sa.BigInteger, nullable=False),
    *(
        sa.Column(name, sa.Text, nullable=False)
        for stage in ("decided", "proposed")
        for name in (
            f"{stage}_verdict",
            f"{stage}_by",
            f"{stage}_partner_digest",
            f"{stage}_record_digest",
            f"{stage}_expires",
        )
    ),
    sa.Column("proposed_plan", sa.Text, nullable=False),
    sa.Column("decided_seq", sa.BigInteger, nullable=False),
    sa.UniqueConstraint("partner", "record"),
)
"""`decided_verdict`: cleared, confirmed or empty, `decided_expires` empty too for a clearance of one person
that two must give now; `proposed_...`: what the first of two persons says,
`proposed_plan` the plan that waits for the second.
Whether a clearance still holds is reckoned from the digests and the day, in the screening room."""

REVIEWS = sa.Table(
    "p_review",
    METADATA,
    sa.Column("partner", sa.Text, primary_key=True),
    sa.Column("tier", sa.Text, nullable=False),
    sa.Column("points", sa.Integer, nullable=False),
    sa.Column("due", sa.Text, nullable=False),
    sa.Column("seq", sa.BigInteger, nullable=False),
)
