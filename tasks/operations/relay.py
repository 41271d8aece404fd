"""News from the book to whoever waits for it: each event of a listed kind, told once, in order.

The desk only appends. What has to start because of that is told from here, whoever wrote it. The id of
what is told comes from the event's digest, so that telling it twice is seen to be the same.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

import sqlalchemy as sa

from tasks.shared import clock
from tasks.shared.files import write_atomic
from tasks.shared.journal import Event, Journal
from tasks.shared.store import EVENTS

FAMILIES = ("incident.", "alert.", "approval.")
KINDS = (
    "accounting.signed",
    "backup.done",
    "backup.failed",
    "backup.proved",
    "batch.written",
    "list.loaded",
    "partners.taken",
)
LOOK_AGAIN = ("list.loaded", "partners.taken")
"""Of several at once only the newest is told: they say no more than that something changed."""
OLDEST = timedelta(days=7)
"""On a new server nothing older is told: what a year ago called for a run does so no more."""
MOST = 500


@dataclass(frozen=True)
class Position:
    """How far the book was told: the last event looked at."""

    seq: int
    digest: str

    @classmethod
    def read(cls, path: Path) -> Position | None:
        """None if there is none, or none that can be read."""
        try:
            said = json.loads(path.read_text(encoding="utf-8"))
            return cls(int(said["seq"]), str(said["digest"]))
        except (OSError, ValueError, KeyError, TypeError):
            return None

    def keep(self, path: Path) -> None:
        write_atomic(path, json.dumps({"seq": self.seq, "digest": self.digest}).encode())


@dataclass(frozen=True)
class News:
    """What is told, in the words of an event bus. Holds ids and kinds, never what an entry says."""

    id: UUID
    event: str
    occurred: str
    resource: dict[str, str]
    payload: dict[str, Any]


def due(journal: Journal, position: Position | None) -> tuple[list[News], Position | None]:
    """What is to be told after `position`, at most `MOST` events on, and the position after that. A
    position that does not fit the book (another book, a lost file) counts as none."""
    after = position.seq if position and _fits(journal, position) else _begin(journal)
    events = list(_after(journal, after))
    if not events:
        return [], position
    told = [event for event in events if _listed(event.kind)]
    last = {event.kind: event.seq for event in told}
    told = [one for one in told if one.kind not in LOOK_AGAIN or last[one.kind] == one.seq]
    return [_news(one) for one in told], Position(events[-1].seq, events[-1].digest)


def _after(journal: Journal, seq: int) -> Iterable[Event]:
    query = sa.select(EVENTS).where(EVENTS.c.seq > seq).order_by(EVENTS.c.seq).limit(MOST)
    return (Event(**row._mapping) for row in journal.rows(query))


def _listed(kind: str) -> bool:
    return kind in KINDS or kind.startswith(FAMILIES)


def _fits(journal: Journal, position: Position) -> bool:
    rows = journal.rows(sa.select(EVENTS.c.digest).where(EVENTS.c.seq == position.seq))
    return bool(rows) and rows[0].digest == position.digest


def _begin(journal: Journal) -> int:
    since = clock.text(clock.now() - OLDEST)
    return journal.rows(sa.select(sa.func.max(EVENTS.c.seq)).where(EVENTS.c.at < since))[0][0] or 0


def _news(event: Event) -> News:
    room, _, about = event.subject.partition("/")
    return News(
        id=UUID(bytes=bytes.fromhex(event.digest)[:16], version=4),
        event=event.kind,
        occurred=event.at,
        resource={
            "prefect.resource.id": "continuity." + event.subject.replace("/", "."),
            "continuity.actor": event.actor,
        },
        payload={"seq": event.seq, room: about},
    )
