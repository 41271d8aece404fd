"""What notices say of the entries that the book can count: the share that other agencies regulate, and
the discretion that entries rest on. A person's words stand beside it, or alone where the book is silent,
and are shown to be that."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping

import sqlalchemy as sa

from tasks.entries.ledger import Book
from tasks.incident.office import Office
from tasks.incident.state import Incident
from tasks.shared.projections import ENTRIES

SILENT: Mapping[str, str] = {"agency-share": "", "discretion": "none on record"}
"""Facts in which the book's word goes first, and what is said where nobody knows anything."""

BY_HAND = " (stated by hand, not from our book)"


def with_hand(name: str, book: str, said: str) -> str:
    """The book's words, a person's words, or both, each to be told from the other."""
    if book and said:
        return f"{book}. Added by hand: {said}"
    return book or (f"{said}{BY_HAND}" if said else SILENT[name])


def _book(office: Office) -> Book:
    return Book(office.journal, office.content, office.vault, office.settings)


def agency_share(office: Office, incident: Incident) -> str:
    """`7 of 20 entries recorded (35 %): FDA 5, NHT 2`; empty before anything is recorded. Counted is what
    the desk recorded, what a flag requires or may ask, and what the client had to show before; a hint of
    the tariff's chapter is not."""
    from tasks.incident.letters.case import cases
    from tasks.incident.pga import demands as pga

    numbers = [row.number for row in office.journal.rows(sa.select(ENTRIES.c.number))]
    known = pga.Office(_book(office))
    agencies: Counter[str] = Counter()
    regulated = 0
    for case in cases(known.book, numbers):
        own = {
            one.agency for one in pga.demands(known, case) if one.need not in (pga.HINT, pga.NOTED)
        }
        agencies.update(own)
        regulated += bool(own)
    if not numbers:
        return ""
    by = ", ".join(f"{agency} {count}" for agency, count in agencies.most_common())
    flags = known.flags
    basis = f"; tariff flags as of {flags.as_of}" if flags.rows else "; no tariff flags are loaded"
    return (f"{regulated:,} of {len(numbers):,} entries recorded ({regulated / len(numbers):.0%})"
            f"{': ' if by else ''}{by}{basis}")  # fmt: skip


def discretion(office: Office, incident: Incident) -> str:
    """Each grant with its dates and how many entries rest on it; empty where none is recorded."""
    from tasks.incident.after import discretion as room

    book = _book(office)
    rest = Counter(str(row["reference"]) for row in room.relied(book))
    return "; ".join(
        f"{one.reference} ({', '.join(one.acts)}, {one.first} to {one.last}): "
        f"{rest[one.reference]:,} entries rest on it"
        for one in room.grants(book)
    )


def relied_rows(office: Office) -> list[list[str]]:
    """A row an entry and act: number, what was done late, CBP's reference."""
    from tasks.incident.after import discretion as room

    return [
        [str(row["number"]), str(row["act"]), str(row["reference"])]
        for row in room.relied(_book(office))
    ]
