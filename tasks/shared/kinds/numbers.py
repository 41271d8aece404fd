"""The reserve of entry numbers."""

from __future__ import annotations

from typing import ClassVar

from tasks.shared.kinds.base import Body


class NumbersReserved(Body, frozen=True, kw_only=True):
    """Serials `first`..`last` of one series and filer are ours to issue.

    `range_check` says who checked, and how, that the production system cannot issue them.
    """

    kind: ClassVar[str] = "numbers.reserved"
    series: str
    filer: str
    first: int
    last: int
    offset: int
    range_check: str


class NumbersIssued(Body, frozen=True, kw_only=True):
    """Serials `first`..`last` are printed for one desk and port."""

    kind: ClassVar[str] = "numbers.issued"
    series: str
    filer: str
    first: int
    last: int
    offset: int
    desk: str
    port: str


class NumbersVoided(Body, frozen=True, kw_only=True):
    """Numbers that will never be used. `persons` are the two who confirmed it, by the plan
    `approval`."""

    kind: ClassVar[str] = "numbers.voided"
    numbers: list[str]
    reason: str
    persons: list[str]
    approval: str = ""
