"""What runs by itself: what went wrong with it, and that somebody looked after it."""

from __future__ import annotations

from typing import ClassVar

import msgspec

from tasks.core.journal.bodies import AdoptionRule, Body, LocalBody


class AlertRaised(Body, frozen=True, kw_only=True):
    """Something needs a person. `code` and `subject` are its key (`run-failed`, `backup`): while an
    alert of one key is open there is no second one. `next` is what to do."""

    kind: ClassVar[str] = "alert.raised"
    adoption: ClassVar[AdoptionRule] = AdoptionRule("of-that-machine-alone", keys=("alert",))
    code: str
    subject: str
    what: str
    next: str
    to: list[str]


class AlertClosed(LocalBody, frozen=True, kw_only=True):
    """The cause of the alert of this key is gone."""

    kind: ClassVar[str] = "alert.closed"
    code: str
    subject: str
    reason: str


class RunBegun(Body, frozen=True, kw_only=True):
    """The one run of `work` that answers the `turn`-th event about `about`: its key keeps others,
    which the same event started, from doing it again."""

    kind: ClassVar[str] = "run.begun"
    adoption: ClassVar[AdoptionRule] = AdoptionRule("of-that-machine-alone", keys=("run",))
    work: str
    about: str
    turn: int
    run: str


class UpkeepFault(msgspec.Struct, frozen=True, kw_only=True):
    """Something that upkeep found wrong, by code and subject; `text` is for a person."""

    code: str
    subject: str
    text: str


class UpkeepDone(LocalBody, frozen=True, kw_only=True):
    """Journal, home and server were looked at: what is wrong is in `faults`. `head` is the event up to
    which the chain was verified, `book_bytes` and `server_bytes` sizes of the databases (0 where it cannot be
    known), `workers` how many are on line."""

    kind: ClassVar[str] = "upkeep.done"
    head: int
    book_bytes: int
    server_bytes: int
    workers: int
    waiting_plans: int
    waiting_letters: int
    faults: list[UpkeepFault]
