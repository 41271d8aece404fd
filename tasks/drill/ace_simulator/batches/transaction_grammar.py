"""The order of records in a transaction, written down anew from the structure maps.

SE v40 p.24-27, AE 2026-07 p.21-25, EQ v26 p.17, CQ v21 p.14, KI v7 p.9. What ACE answers record
by record with a condition of its own (an AE without its 11, lines, 50 or 90) is no fault of
structure here. A repeated group ends where its maximum is reached.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cache

from tasks.ace.api import record_layouts


@dataclass(frozen=True, slots=True)
class GrammarPart:
    """One record (`ids`) or one group (`parts`), at least and at most so many times."""

    least: int
    most: int
    ids: tuple[str, ...] = ()
    parts: tuple[GrammarPart, ...] = ()

    @property
    def starts(self) -> frozenset[str]:
        if self.ids:
            return frozenset(self.ids)
        codes: set[str] = set()
        for part in self.parts:
            codes |= part.starts
            if part.least:
                break
        return frozenset(codes)


class RecordOutOfOrder(Exception):
    """A structure fault: CBP's code, and the index of the record that shows it.

    Stays inside the simulator: `batch_parser` catches it and rejects the batch or the transaction.
    """

    def __init__(self, code: str, index: int) -> None:
        super().__init__(code)
        self.code, self.at = code, index


@dataclass
class _Walk:
    ids: Sequence[str]
    full: set[str] = field(default_factory=set)

    def follow(self, parts: tuple[GrammarPart, ...], index: int) -> int:
        for part in parts:
            count = 0
            starts = part.starts
            while count < part.most and index < len(self.ids) and self.ids[index] in starts:
                index = index + 1 if part.ids else self.follow(part.parts, index)
                count += 1
            if count < part.least:
                raise RecordOutOfOrder("X37", index)
            if count == part.most:
                self.full |= starts
        return index


def check_record_order(parts: tuple[GrammarPart, ...], ids: Sequence[str]) -> None:
    """Raises RecordOutOfOrder with X35, X36 or X37 at the first record that does not belong there."""
    walk = _Walk(ids)
    index = walk.follow(parts, 0)
    if index < len(ids):
        raise RecordOutOfOrder("X36" if ids[index] in walk.full else "X35", index)


def single_record(code: str, least: int = 0, most: int = 1) -> GrammarPart:
    return GrammarPart(least, most, ids=(code,))


def record_group(most: int, *parts: GrammarPart, least: int = 0) -> GrammarPart:
    return GrammarPart(least, most, parts=parts)


@cache
def _pga() -> GrammarPart:
    codes = tuple({code for code, _ in record_layouts("PGA") if code.startswith("PG")})
    return GrammarPart(1, 9999, ids=codes)


def _parties(prefix: str, groups: int, identifiers: GrammarPart) -> GrammarPart:
    return record_group(
        groups,
        single_record(f"{prefix}0", 1),
        identifiers,
        single_record(f"{prefix}5", 0, 3),
        single_record(f"{prefix}6"),
    )


def _agencies() -> GrammarPart:
    return record_group(2, single_record("OI", 1), _pga())


def _bills() -> GrammarPart:
    return record_group(999, single_record("SE15", 1, 3), single_record("SE16", 0, 99), single_record("SE17", 0, 99))


@cache
def release_map(action: str) -> tuple[GrammarPart, ...]:
    """Cargo release. D and U have shorter maps; any other action is read as an add."""
    head = (single_record("SE10", 1),)
    if action == "D":
        return (*head, single_record("SE13", 1), single_record("SE20", 0, 99))
    contact = (single_record("SE11"), single_record("SE13", 1), _bills(), single_record("SE20", 0, 99))
    if action == "U":
        return (*head, *contact)
    lines = record_group(
        999,
        single_record("SE40", 1),
        single_record("SE41"),
        _parties("SE5", 11, single_record("SE51", 0, 3)),
        record_group(32, single_record("SE60", 1), single_record("SE61"), _agencies(), least=1),
    )
    filing = GrammarPart(0, 9999, ids=tuple(code for code, _ in record_layouts("SE") if code.startswith("SF")))
    return (*head, *contact, _parties("SE3", 12, single_record("SE31", 0, 3)), lines, filing)


def _summary_line() -> GrammarPart:
    return record_group(
        998,
        single_record("40", 1),
        single_record("41"),
        record_group(999, single_record("42", 1), single_record("43"), single_record("44", 0, 999)),
        single_record("43"),
        single_record("44", 0, 999),
        single_record("47", 0, 6),
        _parties("SE5", 11, record_group(4, single_record("SE51", 1), single_record("SE52", 0, 9))),
        GrammarPart(0, 9999, ids=_pga().ids),
        record_group(32, single_record("50", 1), single_record("SE60"), single_record("SE61"), _agencies()),
        single_record("51"),
        single_record("52"),
        single_record("53", 0, 2),
        single_record("54", 0, 9),
        single_record("60"),
        single_record("61"),
        single_record("62", 0, 5),
        record_group(99, single_record("SE62", 1), single_record("SE63", 0, 99)),
        single_record("63"),
        single_record("CW02"),
    )


@cache
def summary_map() -> tuple[GrammarPart, ...]:
    """Entry summary, for every action: a delete with more than its 10 record is B24."""
    manifest = record_group(
        999,
        single_record("22", 1),
        single_record("23", 0, 4),
        single_record("SE16", 0, 99),
        single_record("SE17", 0, 99),
    )
    return (
        single_record("10", 1),
        single_record("11"),
        single_record("20"),
        single_record("SE13"),
        single_record("21"),
        manifest,
        single_record("30"),
        single_record("31", 0, 2),
        single_record("32", 0, 999),
        *(single_record(code) for code in ("33", "34", "35")),
        single_record("36", 0, 99),
        GrammarPart(0, 9999, ids=_pga().ids),
        single_record("SE20", 0, 4),
        _parties("SE3", 12, record_group(4, single_record("SE31", 1), single_record("SE32", 0, 9))),
        _summary_line(),
        single_record("88"),
        single_record("89", 0, 9),
        single_record("90"),
    )


MANY = 1_000_000
QUERIES = {
    "EQ": (single_record("J0"), single_record("J1", 0, MANY)),
    "EQ by date": (single_record("J0"), single_record("J2", 1)),
    "CQ": (single_record("WR1", 1, MANY),),
    "KI": (single_record("K", 1, MANY),),
}
"""One block of a query is one transaction."""
