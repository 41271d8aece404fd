"""Whether CBP has seen an entry under our number. What was presented or released under a filer's number
stays that filer's (ACE error B53); only the rest can go to a substitute broker."""

from __future__ import annotations

import sqlalchemy as sa

from tasks.shared.journal import Journal
from tasks.shared.kinds.after import HandoverPrepared
from tasks.shared.projections import ENTRIES, LETTERS

NOT_PRESENTED = "not presented"


def presented(journal: Journal, number: str) -> str:
    """Why the entry counts as presented to CBP, in words; empty if nothing says so."""
    for row in journal.rows(sa.select(ENTRIES.c.outcome).where(ENTRIES.c.number == number)):
        if row.outcome != NOT_PRESENTED:
            return f"was presented under our number: its desk says {row.outcome}"
    query = sa.select(LETTERS.c.letter, LETTERS.c.state).where(LETTERS.c.live == number)
    for row in journal.rows(query):
        if row.state == "sent":
            return f"went to the port with downtime letter {row.letter}"
        return (
            f"stands on downtime letter {row.letter}, which may be at the port: take it back first "
            "(continuity incident letters withdraw)"
        )
    return ""


def prepared_for(journal: Journal, number: str) -> HandoverPrepared | None:
    """The last hand-over that this number was sealed for, whatever became of it since."""
    found = None
    for event in journal.events(kind=HandoverPrepared.kind):
        said = event.said
        if isinstance(said, HandoverPrepared) and number in said.numbers:
            found = said
    return found
