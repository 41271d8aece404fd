"""What the events amount to now: tables kept in the same transaction, with the constraints that
make "twice" impossible. They can be dropped and rebuilt (`folds`); truth is the events.

States of a number: reserved > issued > recorded | void; then settled, handed over or burnt; `with
another broker` while a substitute has the entry and has not named its own number yet. An in-bond number
is `used` while it stands on the bills of a recorded entry.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any

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
    sa.Column("release_digest", sa.Text, nullable=False),
    sa.Column("outside", sa.Boolean, nullable=False),
    sa.Column("seq", sa.BigInteger, nullable=False),
    sa.Index("p_sent_batch", "batch"),
)
"""What became of the last sending: `waiting`, `taken` or `found` (on file before), or one of
`REFUSED`. `code`: CBP's codes and texts. `digest`: of the entry as it was sent, `release_digest`:
of its release data as ACE has it; `outside`: rejected
for causes outside the record. `seq`: when it was sent, or found never to have reached ACE."""

REFUSED = ("rejected", "batch rejected", "not processed")
"""States of a sending that came to nothing, so that the number may be named again: the entry was
rejected, its batch was rejected whole, or ACE failed."""

DROPPED = sa.Table(
    "p_dropped",
    METADATA,
    sa.Column("plan", sa.Text, primary_key=True),
    sa.Column("reason", sa.Text, nullable=False),
    sa.Column("seq", sa.BigInteger, nullable=False),
)
"""Approved plans of which nothing more will be written."""

QUERIES = sa.Table(
    "p_query",
    METADATA,
    sa.Column("batch", sa.Text, primary_key=True),
    sa.Column("application", sa.Text, nullable=False),
    sa.Column("about", sa.Text, nullable=False),
    sa.Column("answered", sa.Boolean, nullable=False),
    sa.Column("rejected", sa.Text, nullable=False),
    sa.Column("seq", sa.BigInteger, nullable=False),
)
"""`rejected`: why ACE rejected the question whole, empty if it did not."""

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
    sa.Column("bonds", sa.Text, nullable=False),
    sa.Column("monthly", sa.Boolean, nullable=True),
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
    sa.Column("number", sa.Text, primary_key=True),
    sa.Column("bond", sa.Text, primary_key=True),
    sa.Column("seq", sa.BigInteger, nullable=False),
)
"""Single transaction bonds whose eBond is confirmed."""

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
    sa.Column("withdrawn", sa.Boolean, nullable=False),
    sa.Column("ended", sa.Boolean, nullable=False),
)
"""Each fulfilment of a duty; `facts` and `scan` are JSON. `ended`: its item is no more."""

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
    sa.Column("seq", sa.BigInteger, nullable=False),
)
"""The version of each list that is in force."""

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
    sa.Column("decided_seq", sa.BigInteger, nullable=False),
    sa.UniqueConstraint("partner", "record"),
)
"""`decided_verdict`: cleared, confirmed or empty; `proposed_...`: what the first of two persons says.
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

WITH_ANOTHER = "with another broker"
"""State of a number whose entry was sealed for a substitute broker."""

DOCUMENTS = sa.Table(
    "p_document",
    METADATA,
    sa.Column("number", sa.Text, primary_key=True),
    sa.Column("reference", sa.Text, primary_key=True),
    sa.Column("document", sa.Text, nullable=False),
    sa.Column("file", sa.Text, nullable=False),
    sa.Column("content", sa.Text, nullable=False),
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
    sa.Column("port", sa.Text, nullable=False),
    sa.Column("digest", sa.Text, nullable=False),
    sa.Column("follows", sa.Text, nullable=False),
    sa.Column("seq", sa.BigInteger, nullable=False),
    sa.Index("p_letter_number", "number"),
)
"""A row an entry on a downtime letter. `state`: issued, sent, replaced or withdrawn; `live` is the
number while the letter is the one that counts, so that an entry never has two. `digest`: of the
record that the letter was made from; `follows`: JSON, what was to follow."""


def among(
    rows: Callable[[sa.Select[Any]], Iterable[sa.Row[Any]]],
    query: sa.Select[Any],
    column: sa.Column[Any],
    values: Sequence[Any],
) -> Iterator[Any]:
    """The rows of a query in which a column is one of any number of values, a part of them at a
    time: a statement takes only so many. `rows` runs a query."""
    for start in range(0, len(values), _AT_ONCE):
        yield from rows(query.where(column.in_(values[start : start + _AT_ONCE])))


_AT_ONCE = 500
