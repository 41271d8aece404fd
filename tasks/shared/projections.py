"""What the events amount to now: tables kept in the same transaction, with the constraints that make
"twice" impossible. They can be dropped and rebuilt (`folds`); truth is the events. The others of them
stand in `ace_tables`, `duty_tables`, `incident_tables` and `screening_tables`.

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
    sa.Column("act", sa.Text, nullable=False),
    sa.Column("topic", sa.Text, nullable=False),
    sa.Column("binds", sa.Text, nullable=False),
    sa.Column("preparer", sa.Text, nullable=False),
    sa.Column("seq", sa.BigInteger, nullable=False),
    sa.Column("carried_out", sa.BigInteger, nullable=False),
)
"""`carried_out`: the first event that the approved act caused; 0 while there is none."""

GRANTS = sa.Table(
    "p_grant",
    METADATA,
    sa.Column("plan", sa.Text, sa.ForeignKey("p_approval.plan"), primary_key=True),
    sa.Column("person", sa.Text, primary_key=True),
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
