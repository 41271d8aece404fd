"""How fast files may go to ACE: at most so many an hour, filings and questions together, as the journal
tells it. After an outage all brokers come back at once, and CBP asks them to pace the load."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

import sqlalchemy as sa

from tasks.shared import clock
from tasks.shared.journal import Journal
from tasks.shared.kinds.ace import BatchNamed, QueryNamed
from tasks.shared.settings import Settings
from tasks.shared.store import EVENTS

HOUR = timedelta(hours=1)
_FILES = (BatchNamed.kind, QueryNamed.kind)


@dataclass(frozen=True)
class Pace:
    """`left`: files that may go now. `again`: when the next may go, if none may now."""

    left: int
    again: datetime | None = None

    def __str__(self) -> str:
        if self.again is None:
            return f"{self.left} file(s) may go now"
        return f"enough for this hour; the next file may go at {self.again:%H:%M} UTC"


def pace(journal: Journal, settings: Settings) -> Pace:
    """What the last hour leaves of `batches_per_hour`."""
    most = settings.ace.batches_per_hour
    query = (
        sa.select(EVENTS.c.at)
        .where(EVENTS.c.kind.in_(_FILES), EVENTS.c.at > clock.text(clock.now() - HOUR))
        .order_by(EVENTS.c.at.desc())
        .limit(most)
    )
    gone = [row.at for row in journal.rows(query)]
    if len(gone) < most:
        return Pace(most - len(gone))
    return Pace(0, clock.parse(gone[-1]) + HOUR)
