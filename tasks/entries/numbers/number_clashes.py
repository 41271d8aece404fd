"""Numbers that two books of one broker issued after they parted."""

from __future__ import annotations

from collections.abc import Iterator, Set
from itertools import groupby

import msgspec
import sqlalchemy as sa

from tasks.core.journal.bodies import Body, read_body
from tasks.core.journal.journal import Event, Pen
from tasks.core.journal.store import EVENTS
from tasks.entries.events import EntriesRecorded, NumbersIssued, NumbersVoided
from tasks.entries.numbers.numbering import printed_numbers
from tasks.entries.tables import NUMBERS


def issued_elsewhere(pen: Pen, event: Event, said: NumbersIssued) -> dict[str, tuple[str, str]]:
    """Numbers of a block of the other book that are not free in this one: state and desk here. A
    block that this book does not hold at all has none: that is another fault."""
    column = NUMBERS.c
    query = (
        sa.select(column.number, column.serial, column.state, column.desk)
        .where(column.series == said.series, column.filer == said.filer)
        .where(column.serial.between(said.first, said.last), column.state != "reserved")
        .order_by(column.serial)
    )
    before = adopted_serials(pen, event)
    return {row.number: (row.state, row.desk or "") for row in pen.rows(query) if row.serial not in before}


def adopted_serials(pen: Pen, event: Event) -> set[int]:
    """Serials that an earlier adoption took from this very event."""
    key, columns = f"adopted:{event.digest}", EVENTS.c
    mine = sa.or_(columns.key == key, columns.key.startswith(f"{key}:"))
    if event.key:
        mine = sa.or_(mine, columns.key == event.key)
    found: set[int] = set()
    for row in pen.rows(sa.select(columns.kind, columns.body).where(mine)):
        body = read_body(row.kind, row.body)
        if isinstance(body, NumbersIssued):
            found |= set(range(body.first, body.last + 1))
    return found


def twice_issued(said: Body, twice: Set[str]) -> list[str]:
    """Numbers issued by both books that keep this event of the other one, or a part of it, out. What speaks
    of other numbers too and cannot be parted, such as a letter for a port, is taken."""
    if isinstance(said, EntriesRecorded):
        return [line.number for line in said.entries if line.number in twice]
    one, some = getattr(said, "number", None), getattr(said, "numbers", None)
    numbers = [one] if isinstance(one, str) else some if isinstance(some, list) else []
    both = [number for number in numbers if number in twice]
    return both if isinstance(said, NumbersVoided) or len(both) == len(numbers) else []


def without_twice_issued(said: Body, twice: Set[str]) -> Body | None:
    """The same event without those numbers: one of them must not keep a whole file's entries out. None
    if nothing is left."""
    if isinstance(said, EntriesRecorded):
        lines = [line for line in said.entries if line.number not in twice]
        return msgspec.structs.replace(said, entries=lines) if lines else None
    if isinstance(said, NumbersVoided):
        numbers = [number for number in said.numbers if number not in twice]
        return msgspec.structs.replace(said, numbers=numbers) if numbers else None
    return None


def unissued_blocks(pen: Pen, event: Event, said: NumbersIssued, clash: set[str]) -> Iterator[NumbersIssued]:
    """The block without the numbers that clash or were adopted before, a block for each run of what is
    left."""
    serials = range(said.first, said.last + 1)
    texts = printed_numbers(said.series, said.filer, said.first, said.last, said.offset)
    before = adopted_serials(pen, event)
    free = [n for n, text in zip(serials, texts, strict=True) if text not in clash and n not in before]
    for _, run in groupby(enumerate(free), lambda pair: pair[1] - pair[0]):
        some = [serial for _, serial in run]
        yield msgspec.structs.replace(said, first=some[0], last=some[-1])
