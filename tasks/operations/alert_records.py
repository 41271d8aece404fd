"""Alerts: something that runs by itself needs a person. Sent once, kept open until its cause is gone."""

from __future__ import annotations

from dataclasses import dataclass

from tasks.core import status_lines
from tasks.core.content import ContentStore
from tasks.core.journal.journal import Event, Journal
from tasks.core.settings import Settings
from tasks.core.status_lines import StatusLine
from tasks.operations.events import AlertClosed, AlertRaised
from tasks.operations.settings import OperationsSettings
from tasks.transport.api import MailDelivery, MailLetter, MailService

Key = tuple[str, str]
"""Code and subject of an alert: while one is open there is no second one of this key."""


@dataclass(frozen=True)
class Alert:
    """An alert that is open. `at`: since when."""

    code: str
    subject: str
    what: str
    next: str
    at: str
    seq: int


def open_alerts(journal: Journal) -> dict[Key, Alert]:
    """What needs a person, by code and subject, oldest first."""
    alerts: dict[Key, Alert] = {}
    for event in journal.events(kind="alert."):
        body = event.said
        if isinstance(body, AlertClosed):
            alerts.pop((body.code, body.subject), None)
        elif isinstance(body, AlertRaised):
            alerts[body.code, body.subject] = Alert(body.code, body.subject, body.what, body.next, event.at, event.seq)
    return alerts


class AlertManager:
    """Raises and closes the alerts of one home."""

    def __init__(self, journal: Journal, content: ContentStore, settings: Settings, actor: str) -> None:
        self._journal, self._settings, self._actor = journal, settings, actor
        self._mail = MailService(journal, content, settings)

    def raise_(self, code: str, subject: str, what: str, next_: str, *, escalate: bool = False) -> bool:
        """Append an alert and its letter, in one transaction. False if one of this key is open."""
        operations = self._settings(OperationsSettings)
        to = operations.escalate_to if escalate else operations.alert_to
        with self._journal.write(self._actor) as writer:
            if (code, subject) in open_alerts(self._journal):
                return False
            body = AlertRaised(code=code, subject=subject, what=what, next=next_, to=list(to))
            event = writer.append(body, _name(code, subject))
            assert event is not None
            if to:
                self._mail.queue(writer, _letter(body, event))
        return True

    def close(self, code: str, subject: str, reason: str) -> bool:
        """The cause is gone. False if no alert of this key is open."""
        with self._journal.write(self._actor) as writer:
            if (code, subject) not in open_alerts(self._journal):
                return False
            body = AlertClosed(code=code, subject=subject, reason=reason)
            writer.append(body, _name(code, subject))
        return True

    def deliver(self) -> MailDelivery:
        """Send every letter that waits."""
        return self._mail.deliver(self._actor)


def _name(code: str, subject: str) -> str:
    """What the journal calls an alert."""
    return "/".join(filter(None, ("alert", code, subject)))


def _letter(body: AlertRaised, event: Event) -> MailLetter:
    text = f"{body.what}.\n\nNext: {body.next}\n\nSince {event.at[:16].replace('T', ' ')} UTC."
    return MailLetter(key=f"alert:{event.digest}", to=body.to, title=f"[continuity] {body.what}", text=text)


def lines(journal: Journal) -> list[StatusLine]:
    """The open alerts for `continuity status`."""
    return [
        StatusLine(
            "alert-open",
            "",
            " ".join(filter(None, key)),
            status_lines.RED,
            alert.what,
            alert.next,
            alert.at,
            subject="/".join(filter(None, key)),
        )
        for key, alert in open_alerts(journal).items()
    ]
