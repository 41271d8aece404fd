"""Alerts: something that runs by itself needs a person. Told once, kept open until its cause is gone."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import sqlalchemy as sa

from tasks.shared import board, kinds
from tasks.shared.content import ContentStore
from tasks.shared.journal import Event, Journal
from tasks.shared.mail import Delivery, Letter, Post
from tasks.shared.settings import Settings
from tasks.shared.store import EVENTS


@dataclass(frozen=True)
class Alert:
    """An alert that is open. `at`: since when."""

    about: str
    what: str
    next: str
    at: str
    seq: int


def open_alerts(journal: Journal) -> dict[str, Alert]:
    """What needs a person, by what it is about, oldest first."""
    found: dict[str, Alert] = {}
    for event in _events(journal):
        said = event.said
        if isinstance(said, kinds.AlertClosed):
            found.pop(said.about, None)
        elif isinstance(said, kinds.AlertRaised):
            found[said.about] = Alert(said.about, said.what, said.next, event.at, event.seq)
    return found


def _events(journal: Journal) -> Iterator[Event]:
    query = (
        sa.select(EVENTS)
        .where(EVENTS.c.kind.in_([kinds.AlertRaised.kind, kinds.AlertClosed.kind]))
        .order_by(EVENTS.c.seq)
    )
    return (Event(**row._mapping) for row in journal.rows(query))


class Alarm:
    """Raises and closes alerts of one house."""

    def __init__(
        self, journal: Journal, content: ContentStore, settings: Settings, actor: str
    ) -> None:
        self._journal, self._settings, self._actor = journal, settings, actor
        self._post = Post(journal, content, settings)

    def raise_(self, about: str, what: str, next_: str, *, escalate: bool = False) -> bool:
        """Write an alert and its letter down, in one transaction. False if one about it is open."""
        wanted = self._settings.operations
        to = wanted.escalate_to if escalate else wanted.alert_to
        with self._journal.write(self._actor) as pen:
            if about in open_alerts(self._journal):
                return False
            body = kinds.AlertRaised(about=about, what=what, next=next_, to=list(to))
            event = pen.append(body, f"alert/{about}")
            assert event is not None
            if to:
                self._post.queue(pen, _letter(body, event))
        return True

    def close(self, about: str, reason: str) -> bool:
        """The cause is gone. False if no alert about it is open."""
        with self._journal.write(self._actor) as pen:
            if about not in open_alerts(self._journal):
                return False
            pen.append(kinds.AlertClosed(about=about, reason=reason), f"alert/{about}")
        return True

    def deliver(self) -> Delivery:
        """Send every letter that waits."""
        return self._post.deliver(self._actor)


def _letter(body: kinds.AlertRaised, event: Event) -> Letter:
    text = f"{body.what}.\n\nNext: {body.next}\n\nSince {event.at[:16].replace('T', ' ')} UTC."
    return Letter(
        key=f"alert:{event.digest}", to=body.to, title=f"[continuity] {body.what}", text=text
    )


def lines(journal: Journal) -> list[board.Line]:
    """The open alerts for `continuity status`."""
    return [
        board.Line("", one.about, board.RED, one.what, one.next, one.at)
        for one in open_alerts(journal).values()
    ]
