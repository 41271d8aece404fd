"""The order of records in a transaction, written down anew from the structure maps.

SE v40 p.24-27, AE 2026-07 p.21-25, EQ v26 p.17, CQ v21 p.14, KI v7 p.9. What ACE answers record
by record with a condition of its own (an AE without its 11, lines, 50 or 90) is no fault of
structure here. A repeated group ends where its maximum is reached.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cache

from tasks.ace.layout import layouts


@dataclass(frozen=True, slots=True)
class Part:
    """One record (`ids`) or one group (`parts`), at least and at most so many times."""

    least: int
    most: int
    ids: tuple[str, ...] = ()
    parts: tuple[Part, ...] = ()

    @property
    def starts(self) -> frozenset[str]:
        if self.ids:
            return frozenset(self.ids)
        found: set[str] = set()
        for part in self.parts:
            found |= part.starts
            if part.least:
                break
        return frozenset(found)


class OutOfOrder(Exception):
    """A structure fault: CBP's code, and the index of the record that shows it.

    Stays inside the simulator: `syntax` catches it and rejects the batch or the transaction.
    """

    def __init__(self, code: str, at: int) -> None:
        super().__init__(code)
        self.code, self.at = code, at


@dataclass
class _Walk:
    ids: Sequence[str]
    full: set[str] = field(default_factory=set)

    def follow(self, parts: tuple[Part, ...], at: int) -> int:
        for part in parts:
            count = 0
            starts = part.starts
            while count < part.most and at < len(self.ids) and self.ids[at] in starts:
                at = at + 1 if part.ids else self.follow(part.parts, at)
                count += 1
            if count < part.least:
                raise OutOfOrder("X37", at)
            if count == part.most:
                self.full |= starts
        return at


def order(parts: tuple[Part, ...], ids: Sequence[str]) -> None:
    """Raises OutOfOrder with X35, X36 or X37 at the first record that does not belong there."""
    walk = _Walk(ids)
    at = walk.follow(parts, 0)
    if at < len(ids):
        raise OutOfOrder("X36" if ids[at] in walk.full else "X35", at)


def one(code: str, least: int = 0, most: int = 1) -> Part:
    return Part(least, most, ids=(code,))


def group(most: int, *parts: Part, least: int = 0) -> Part:
    return Part(least, most, parts=parts)


@cache
def _pga() -> Part:
    codes = tuple({code for code, _ in layouts("PGA") if code.startswith("PG")})
    return Part(1, 9999, ids=codes)


def _parties(prefix: str, groups: int, identifiers: Part) -> Part:
    return group(
        groups,
        one(f"{prefix}0", 1),
        identifiers,
        one(f"{prefix}5", 0, 3),
        one(f"{prefix}6"),
    )


def _agencies() -> Part:
    return group(2, one("OI", 1), _pga())


def _bills() -> Part:
    return group(999, one("SE15", 1, 3), one("SE16", 0, 99), one("SE17", 0, 99))


@cache
def release(action: str) -> tuple[Part, ...]:
    """Cargo release. D and U have shorter maps; any other action is read as an add."""
    head = (one("SE10", 1),)
    if action == "D":
        return (*head, one("SE13", 1), one("SE20", 0, 99))
    contact = (one("SE11"), one("SE13", 1), _bills(), one("SE20", 0, 99))
    if action == "U":
        return (*head, *contact)
    lines = group(
        999,
        one("SE40", 1),
        one("SE41"),
        _parties("SE5", 11, one("SE51", 0, 3)),
        group(32, one("SE60", 1), one("SE61"), _agencies(), least=1),
    )
    filing = Part(0, 9999, ids=tuple(code for code, _ in layouts("SE") if code.startswith("SF")))
    return (*head, *contact, _parties("SE3", 12, one("SE31", 0, 3)), lines, filing)


def _summary_line() -> Part:
    return group(
        998,
        one("40", 1),
        one("41"),
        group(999, one("42", 1), one("43"), one("44", 0, 999)),
        one("43"),
        one("44", 0, 999),
        one("47", 0, 6),
        _parties("SE5", 11, group(4, one("SE51", 1), one("SE52", 0, 9))),
        Part(0, 9999, ids=_pga().ids),
        group(32, one("50", 1), one("SE60"), one("SE61"), _agencies()),
        one("51"),
        one("52"),
        one("53", 0, 2),
        one("54", 0, 9),
        one("60"),
        one("61"),
        one("62", 0, 5),
        group(99, one("SE62", 1), one("SE63", 0, 99)),
        one("63"),
        one("CW02"),
    )


@cache
def summary() -> tuple[Part, ...]:
    """Entry summary, for every action: a delete with more than its 10 record is B24."""
    manifest = group(999, one("22", 1), one("23", 0, 4), one("SE16", 0, 99), one("SE17", 0, 99))
    return (
        one("10", 1),
        one("11"),
        one("20"),
        one("SE13"),
        one("21"),
        manifest,
        one("30"),
        one("31", 0, 2),
        one("32", 0, 999),
        *(one(code) for code in ("33", "34", "35")),
        one("36", 0, 99),
        Part(0, 9999, ids=_pga().ids),
        one("SE20", 0, 4),
        _parties("SE3", 12, group(4, one("SE31", 1), one("SE32", 0, 9))),
        _summary_line(),
        one("88"),
        one("89", 0, 9),
        one("90"),
    )


MANY = 1_000_000
QUERIES = {
    "EQ": (one("J0"), one("J1", 0, MANY)),
    "EQ by date": (one("J0"), one("J2", 1)),
    "CQ": (one("WR1", 1, MANY),),
    "KI": (one("K", 1, MANY),),
}
"""One block of a query is one transaction."""
