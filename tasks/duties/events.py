"""Recurring duties: proofs, changes, reminders."""

from __future__ import annotations

from typing import ClassVar

import msgspec

from tasks.core.journal.bodies import AdoptedBody


class ScanCounts(msgspec.Struct, frozen=True, kw_only=True):
    """Open findings of a scan report by severity, and the day on which the oldest of each severity
    was first seen in a report of this broker."""

    format: str
    tool: str
    open: dict[str, int]
    oldest: dict[str, str]


class _Duty(AdoptedBody, frozen=True, kw_only=True):
    """`item`: which policy, provider or client, empty where there is only one."""

    duty: str
    item: str


class DutyFulfilled(_Duty, frozen=True, kw_only=True):
    """A duty was done `on` a day, for the `term` that was open then. `until`: the day on which the
    proof itself ends. `proof`: the file as given; `statement` where none is needed. `content`: the
    findings of a scan report, normalised. `also`: what else the same file proved before, in words;
    then `reason` says why."""

    kind: ClassVar[str] = "duty.fulfilled"
    term: str
    on: str
    until: str
    proof: str
    file: str
    statement: str
    facts: dict[str, str]
    content: str = ""
    scan: ScanCounts | None = None
    also: tuple[str, ...] = ()
    reason: str = ""


class DutyWithdrawn(_Duty, frozen=True, kw_only=True):
    """The fulfilment at `fulfilled` was a mistake and does not count."""

    kind: ClassVar[str] = "duty.withdrawn"
    fulfilled: int
    reason: str


class DutyChanged(_Duty, frozen=True, kw_only=True):
    """Something happened `on` a day that makes the duty due again before its date."""

    kind: ClassVar[str] = "duty.changed"
    what: str
    on: str


class DutyEnded(_Duty, frozen=True, kw_only=True):
    """The item ended: the provider or client left."""

    kind: ClassVar[str] = "duty.ended"
    reason: str


class DutyReminded(_Duty, frozen=True, kw_only=True):
    """A letter reminds of these rungs of the term's ladder; `again`: those whose earlier letter
    reached nobody."""

    kind: ClassVar[str] = "duty.reminded"
    term: str
    rungs: list[str]
    again: list[str]
    mail: str


class DutyAcknowledged(_Duty, frozen=True, kw_only=True):
    """Somebody acknowledged these rungs. It ends nothing: the next rung reminds again."""

    kind: ClassVar[str] = "duty.acknowledged"
    term: str
    rungs: list[str]
    note: str
