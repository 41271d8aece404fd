"""What runs by itself: what went wrong with it, and that somebody looked after it."""

from __future__ import annotations

from typing import ClassVar

from tasks.shared.kinds.base import Body


class AlertRaised(Body, frozen=True, kw_only=True):
    """Something needs a person. `about` names it (`flow backup`, `plan 3f...`): while an alert about
    it is open there is no second one. `next` is what to do."""

    kind: ClassVar[str] = "alert.raised"
    about: str
    what: str
    next: str
    to: list[str]


class AlertClosed(Body, frozen=True, kw_only=True):
    """The cause of the alert about `about` is gone."""

    kind: ClassVar[str] = "alert.closed"
    about: str
    reason: str


class RunBegun(Body, frozen=True, kw_only=True):
    """The one run of `work` that answers the `turn`-th event about `about`: its key keeps others,
    which the same event started, from doing it again."""

    kind: ClassVar[str] = "run.begun"
    work: str
    about: str
    turn: int
    run: str


class UpkeepDone(Body, frozen=True, kw_only=True):
    """The house was looked after. `faults` are in words; `head` is the event up to which the chain
    was verified, `book_bytes` and `server_bytes` sizes of the databases (0 where it cannot be
    known), `workers` how many are on line."""

    kind: ClassVar[str] = "upkeep.done"
    head: int
    book_bytes: int
    server_bytes: int
    workers: int
    waiting_plans: int
    waiting_letters: int
    faults: list[str]
