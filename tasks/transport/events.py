"""Letters by mail, and what the server answered."""

from __future__ import annotations

from typing import ClassVar

from tasks.core.findings import Finding
from tasks.core.journal.bodies import AdoptedBody


class MailQueued(AdoptedBody, frozen=True, kw_only=True):
    """A letter waits. `to`: roles or addresses; `content`: the message, without its recipients;
    `private`: the private values that it may show, the alias in its text -> the reference, as JSON
    kept under this digest; empty if it shows none."""

    kind: ClassVar[str] = "mail.queued"
    mail: str
    title: str
    to: list[str]
    content: str
    private: str = ""


class MailTried(AdoptedBody, frozen=True, kw_only=True):
    """One process has this attempt for itself until `until`; without an answer by then the attempt
    is lost, and whether the letter arrived is not known."""

    kind: ClassVar[str] = "mail.tried"
    mail: str
    attempt: int
    until: str


class MailAnswered(AdoptedBody, frozen=True, kw_only=True):
    """What the server answered to an attempt: addresses taken, addresses refused for good with the
    reason, and the roles or addresses of `to` that are still to be reached."""

    kind: ClassVar[str] = "mail.answered"
    mail: str
    attempt: int
    accepted: list[str]
    refused: dict[str, str]
    waiting: list[str]


class MailSuperseded(AdoptedBody, frozen=True, kw_only=True):
    """Nobody got this letter; a newer one, `by`, has all that it had."""

    kind: ClassVar[str] = "mail.superseded"
    mail: str
    by: str


class MailDelayed(AdoptedBody, frozen=True, kw_only=True):
    """Letters wait, and why. The same reasons are written at most once a day."""

    kind: ClassVar[str] = "mail.delayed"
    reasons: list[Finding]
    waiting: list[str]
