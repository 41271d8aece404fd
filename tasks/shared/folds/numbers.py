"""Numbers: reserved, issued, voided, and the one way from state to state."""

from __future__ import annotations

from functools import cache

import sqlalchemy as sa

from tasks.shared.errors import NumberUnavailable
from tasks.shared.folds.registry import fold
from tasks.shared.kinds.numbers import NumbersIssued, NumbersReserved, NumbersVoided
from tasks.shared.numbering import printed
from tasks.shared.projections import NUMBERS


@fold(NumbersReserved)
def _reserved(connection: sa.Connection, seq: int, body: NumbersReserved) -> None:
    serials = range(body.first, body.last + 1)
    texts = printed(body.series, body.filer, body.first, body.last, body.offset)
    common = {"series": body.series, "filer": body.filer, "state": "reserved"}
    blank = {"desk": "", "port": "", "seq": seq, "note": ""}
    rows = [
        {"number": text, "serial": serial, **common, **blank}
        for text, serial in zip(texts, serials, strict=True)
    ]
    connection.execute(sa.insert(NUMBERS), rows)


@fold(NumbersIssued)
def _issued(connection: sa.Connection, seq: int, body: NumbersIssued) -> None:
    column = NUMBERS.c
    change = (
        sa.update(NUMBERS)
        .where(column.series == body.series, column.filer == body.filer)
        .where(column.serial.between(body.first, body.last), column.state == "reserved")
        .values(state="issued", desk=body.desk, port=body.port, seq=seq)
    )
    wanted = body.last - body.first + 1
    if connection.execute(change).rowcount != wanted:
        raise NumberUnavailable(
            "reserve-serials-not-free", first=body.first, last=body.last, filer=body.filer
        )


@fold(NumbersVoided)
def _voided(connection: sa.Connection, seq: int, body: NumbersVoided) -> None:
    move(connection, seq, body.numbers, ("issued",), "void", body.reason)


def move(
    connection: sa.Connection,
    seq: int,
    numbers: list[str],
    allowed: tuple[str, ...],
    state: str,
    note: str = "",
) -> None:
    """Carry numbers from one of the allowed states into `state`. Raises NumberUnavailable, naming
    the first number that is elsewhere."""
    into = {"into": state, "at": seq, "why": note}
    done = connection.execute(_moving(allowed), [{"n": number, **into} for number in numbers])
    if done.rowcount not in (-1, len(numbers)):
        raise _elsewhere(connection, seq, numbers, allowed, state)
    if done.rowcount == -1:
        raise RuntimeError("this database driver does not count updated rows")


@cache
def _moving(allowed: tuple[str, ...]) -> sa.Update:
    """One statement for all moves from these states: to put one together takes longer than to run
    it, and a settled entry is an event of its own."""
    return (
        sa.update(NUMBERS)
        .where(NUMBERS.c.number == sa.bindparam("n"))
        .where(sa.or_(*(NUMBERS.c.state == one for one in allowed)))
        .values(state=sa.bindparam("into"), seq=sa.bindparam("at"), note=sa.bindparam("why"))
    )


def _elsewhere(
    connection: sa.Connection, seq: int, numbers: list[str], allowed: tuple[str, ...], state: str
) -> NumberUnavailable:
    column = NUMBERS.c
    for number in numbers:
        query = sa.select(column.state, column.desk).where(column.number == number)
        query = query.where(column.seq != seq)
        found = connection.execute(query).first()
        if found is not None:
            return NumberUnavailable("number-in-another-state", number=number, state=found.state,
                                     desk=f" for {found.desk}" if found.desk else "",
                                     to=state, needed=allowed[0])  # fmt: skip
    return NumberUnavailable("number-not-in-reserve", number=numbers[0])
