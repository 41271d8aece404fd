"""Whether CBP has seen an entry under our number. What was presented or released under a filer's number
stays that filer's (ACE error B53); only the rest can go to a substitute broker."""

from __future__ import annotations

import sqlalchemy as sa

from tasks.core.journal.journal import Journal
from tasks.entries.api import ENTRIES
from tasks.incident.after_release.release_events import HandoverPrepared
from tasks.incident.tables import LETTERS

NOT_PRESENTED = "not presented"


def presented_under_other_number(journal: Journal, number: str) -> str:
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


def prepared_for_broker(journal: Journal, number: str) -> HandoverPrepared | None:
    """The last hand-over that this number was sealed for, whatever became of it since."""
    found = None
    for event in journal.events(kind=HandoverPrepared.kind):
        said = event.said
        if isinstance(said, HandoverPrepared) and number in said.numbers:
            found = said
    return found
