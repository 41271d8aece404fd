"""Events of the book that Prefect must hear of, each once told as far as anybody can know: it is noted
when the server has taken it, and carries an id of its own by which a second copy is known."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from tasks.incident.office import Office
from tasks.shared import kinds
from tasks.shared.journal import Event

RELAYED = (kinds.IncidentDeclared.kind, kinds.IncidentRemediated.kind)
"""Kinds that start flows."""


@dataclass(frozen=True)
class Told:
    """An event in the words of Prefect. `name` begins with `drill.` in a drill, so that no exercise
    starts what a real incident starts."""

    seq: int
    digest: str
    id: UUID
    name: str
    occurred: str
    resource: str
    payload: dict[str, Any]


def waiting(office: Office) -> Iterator[Told]:
    """What Prefect was not told yet, oldest first."""
    known = {
        body.of for event in office.journal.events(kind=kinds.EventEmitted.kind)
        if isinstance(body := event.said, kinds.EventEmitted)
    }  # fmt: skip
    found = [event for kind in RELAYED for event in office.journal.events(kind=kind)]
    for event in sorted(found, key=lambda one: one.seq):
        if event.digest not in known:
            yield _told(office, event)


def _told(office: Office, event: Event) -> Told:
    body = event.said
    assert isinstance(body, kinds.IncidentStep)
    return Told(
        seq=event.seq,
        digest=event.digest,
        id=UUID(event.digest[:32]),
        name=f"drill.{event.kind}" if office.drill else event.kind,
        occurred=event.at,
        resource=f"continuity.incident.{body.incident}",
        payload={"incident": body.incident, "actor": event.actor, "drill": office.drill},
    )


def note(office: Office, told: Told, actor: str) -> None:
    """The server has it."""
    body = kinds.EventEmitted(event=told.seq, of=told.digest)
    office.journal.append(body, "relay", actor, f"emitted:{told.digest}")
