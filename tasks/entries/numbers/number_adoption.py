"""Numbers that two copies of the journal issued after they parted."""

from __future__ import annotations

from collections.abc import Iterator, Set
from itertools import groupby

import msgspec
import sqlalchemy as sa

from tasks.core.findings import Finding
from tasks.core.journal.adoption import AdoptionHook, EventParts
from tasks.core.journal.bodies import Body, read_body
from tasks.core.journal.journal import Event, Pen
from tasks.core.journal.store import EVENTS
from tasks.entries.events import EntriesRecorded, NumbersIssued, NumbersVoided
from tasks.entries.numbers.entry_numbers import printed_numbers
from tasks.entries.tables import NUMBERS


class NumberAdoption(AdoptionHook):
    """Takes of a block the numbers that are free here, so that they are not issued once more, and of other
    events what does not name a number that both copies issued."""

    def __init__(self) -> None:
        self._issued_twice: set[str] = set()

    def parts(self, pen: Pen, event: Event) -> EventParts | None:
        body = event.said
        if isinstance(body, NumbersIssued):
            return self._block_parts(pen, event, body)
        if not (numbers := _twice_issued(body, self._issued_twice)):
            return None
        rest = _without_numbers(body, self._issued_twice)
        conflicts = [Finding("number-issued-twice", number) for number in numbers]
        return EventParts([(rest, ":rest")] if rest else [], conflicts)

    def _block_parts(self, pen: Pen, event: Event, block: NumbersIssued) -> EventParts | None:
        clashes = _issued_here(pen, event, block)
        self._issued_twice |= clashes.keys()
        if not clashes and not _adopted_serials(pen, event):
            return None
        conflicts = [
            Finding("number-not-free-here", number, values={"state": state, "desk": desk or "-", "there": block.desk})
            for number, (state, desk) in clashes.items()
        ]
        free = _unissued_blocks(pen, event, block, clashes.keys())
        return EventParts([(part, f":{part.first}") for part in free], conflicts)


def _issued_here(pen: Pen, event: Event, block: NumbersIssued) -> dict[str, tuple[str, str]]:
    """Numbers of a block of the other copy that are not free here: state and desk here. A block that this journal does
    not hold at all has none: that is another fault."""
    column = NUMBERS.c
    query = (
        sa.select(column.number, column.serial, column.state, column.desk)
        .where(column.series == block.series, column.filer == block.filer)
        .where(column.serial.between(block.first, block.last), column.state != "reserved")
        .order_by(column.serial)
    )
    adopted = _adopted_serials(pen, event)
    return {row.number: (row.state, row.desk or "") for row in pen.rows(query) if row.serial not in adopted}


def _adopted_serials(pen: Pen, event: Event) -> set[int]:
    """Serials that an earlier adoption took from this very event."""
    key, columns = f"adopted:{event.digest}", EVENTS.c
    of_event = sa.or_(columns.key == key, columns.key.startswith(f"{key}:"))
    if event.key:
        of_event = sa.or_(of_event, columns.key == event.key)
    serials: set[int] = set()
    for row in pen.rows(sa.select(columns.kind, columns.body).where(of_event)):
        body = read_body(row.kind, row.body)
        if isinstance(body, NumbersIssued):
            serials |= set(range(body.first, body.last + 1))
    return serials


def _twice_issued(body: Body, issued_twice: Set[str]) -> list[str]:
    """Numbers issued by both copies that keep this event of the other one, or a part of it, out. An event that
    names other numbers too and cannot be parted, such as a letter for a port, is taken."""
    if isinstance(body, EntriesRecorded):
        return [line.number for line in body.entries if line.number in issued_twice]
    number, numbers = getattr(body, "number", None), getattr(body, "numbers", None)
    named = [number] if isinstance(number, str) else numbers if isinstance(numbers, list) else []
    shared = [number for number in named if number in issued_twice]
    return shared if isinstance(body, NumbersVoided) or len(shared) == len(named) else []


def _without_numbers(body: Body, issued_twice: Set[str]) -> Body | None:
    """The same event without those numbers: one of them must not keep a whole file's entries out. None
    if nothing is left."""
    if isinstance(body, EntriesRecorded):
        lines = [line for line in body.entries if line.number not in issued_twice]
        return msgspec.structs.replace(body, entries=lines) if lines else None
    if isinstance(body, NumbersVoided):
        numbers = [number for number in body.numbers if number not in issued_twice]
        return msgspec.structs.replace(body, numbers=numbers) if numbers else None
    return None


def _unissued_blocks(pen: Pen, event: Event, block: NumbersIssued, clashes: Set[str]) -> Iterator[NumbersIssued]:
    """The block without the numbers that clash or were adopted before, a block for each run of what is
    left."""
    block_serials = range(block.first, block.last + 1)
    texts = printed_numbers(block.series, block.filer, block.first, block.last, block.offset)
    adopted = _adopted_serials(pen, event)
    free = [n for n, text in zip(block_serials, texts, strict=True) if text not in clashes and n not in adopted]
    for _, run in groupby(enumerate(free), lambda pair: pair[1] - pair[0]):
        serials = [serial for _, serial in run]
        yield msgspec.structs.replace(block, first=serials[0], last=serials[-1])
