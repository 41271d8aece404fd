"""News from the journal to the server: each event of a listed kind, sent once, in order. The id of what is
sent comes from the event's digest, so that the server knows it when it is sent twice; and the same event
twice starts one run's work, whatever the server does.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import timedelta
from itertools import islice
from pathlib import Path
from typing import Any
from uuid import UUID

import sqlalchemy as sa

from tasks.core import clock
from tasks.core.files import write_atomic
from tasks.core.journal.journal import Event, Journal
from tasks.core.journal.store import EVENTS
from tasks.operations.events import RunBegun

REMEDIATED = "incident.remediated"


def remediation_count(journal: Journal, about: str) -> int:
    """How often the incident `about` was remediated: a second time begins anew."""
    column = EVENTS.c
    query = sa.select(sa.func.count()).where(column.kind == REMEDIATED, column.subject == f"incident/{about}")
    return journal.rows(query)[0][0]


def begin_run(journal: Journal, work: str, about: str, run: str, actor: str) -> str:
    """Take the work on an event for this run. Returns the run that has it: this one, also when it
    comes back after a wait, or another that was quicker."""
    count = remediation_count(journal, about)
    key = f"run:{work}:{about}:{count}"
    body = RunBegun(work=work, about=about, turn=count, run=run)
    if journal.append(body, f"run/{work}", actor, key):
        return run
    begun = next(journal.events(key=key)).said
    return begun.run if isinstance(begun, RunBegun) else ""


def open_incident(journal: Journal) -> str:
    """The incident whose reconciliation is under way: remediated, or begun by an event, with no
    accounting signed since. Empty if there is none."""
    column = EVENTS.c
    signed = journal.rows(sa.select(sa.func.max(column.seq)).where(column.kind == "accounting.signed"))[0][0]
    query = (
        sa.select(column.kind, column.subject, column.seq)
        .where(column.kind.in_([REMEDIATED, "run.begun"]), column.seq > (signed or 0))
        .order_by(column.seq.desc())
    )
    for row in journal.rows(query):
        if row.kind == REMEDIATED:
            return row.subject.partition("/")[2]
        begun = next(journal.events(after=row.seq - 1)).said
        if isinstance(begun, RunBegun) and begun.work == "reconciliation":
            return begun.about
    return ""


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
"""Of several at once only the newest is sent: they say no more than that something changed."""
OLDEST = timedelta(days=7)
"""To a new server nothing older is sent: what a year ago called for a run does so no more."""
MOST = 500


@dataclass(frozen=True)
class RelayPosition:
    """How far the journal was relayed: the last event looked at."""

    seq: int
    digest: str

    @classmethod
    def read(cls, path: Path) -> RelayPosition | None:
        """None if there is none, or none that can be read."""
        try:
            position = json.loads(path.read_text(encoding="utf-8"))
            return cls(int(position["seq"]), str(position["digest"]))
        except (OSError, ValueError, KeyError, TypeError):
            return None

    def keep(self, path: Path) -> None:
        write_atomic(path, json.dumps({"seq": self.seq, "digest": self.digest}).encode())


@dataclass(frozen=True)
class News:
    """What is sent, in the words of an event bus. Holds ids and kinds, never what an entry says."""

    id: UUID
    event: str
    occurred: str
    resource: dict[str, str]
    payload: dict[str, Any]


def due_news(journal: Journal, position: RelayPosition | None) -> tuple[list[News], RelayPosition | None]:
    """What is to be sent after `position`, at most `MOST` events on, and the position after that. A
    position that does not fit the journal (another journal, a lost file) counts as none."""
    after = position.seq if position and _fits(journal, position) else _begin(journal)
    events = list(islice(journal.events(after=after), MOST))
    if not events:
        return [], position
    listed = [event for event in events if _listed(event.kind)]
    last = {event.kind: event.seq for event in listed}
    listed = [event_ for event_ in listed if event_.kind not in LOOK_AGAIN or last[event_.kind] == event_.seq]
    return [_news(event_) for event_ in listed], RelayPosition(events[-1].seq, events[-1].digest)


def _listed(kind: str) -> bool:
    return kind in KINDS or kind.startswith(FAMILIES)


def _fits(journal: Journal, position: RelayPosition) -> bool:
    rows = journal.rows(sa.select(EVENTS.c.digest).where(EVENTS.c.seq == position.seq))
    return bool(rows) and rows[0].digest == position.digest


def _begin(journal: Journal) -> int:
    since = clock.text(clock.now() - OLDEST)
    return journal.rows(sa.select(sa.func.max(EVENTS.c.seq)).where(EVENTS.c.at < since))[0][0] or 0


def _news(event: Event) -> News:
    family, _, subject_id = event.subject.partition("/")
    return News(
        id=UUID(bytes=bytes.fromhex(event.digest)[:16], version=4),
        event=event.kind,
        occurred=event.at,
        resource={
            "prefect.resource.id": "continuity." + event.subject.replace("/", "."),
            "continuity.actor": event.actor,
        },
        payload={"seq": event.seq, family: subject_id},
    )
