"""Numbers and entries: the one way from state to state.

In-bond numbers on recorded bills are used while an entry names them, and issued again when a revision
removes the last one. Several entries may come out of one in-bond movement.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from typing import Any

import sqlalchemy as sa

from tasks.core.errors import NumberUnavailable
from tasks.core.journal.projections import projection
from tasks.core.journal.table_columns import column_value, row_of, rows_among
from tasks.entries.events import (
    EntriesRecorded,
    EntriesRevised,
    EntryBurnt,
    EntryHandedOver,
    EntryLine,
    EntryReopened,
    EntrySettled,
    NumbersIssued,
    NumbersReserved,
    NumbersVoided,
    SingleBond,
)
from tasks.entries.numbers.entry_numbers import IN_BOND_SERIES, printed_numbers
from tasks.entries.tables import ENTRIES, ENTRY_FACTS, IN_BONDS, NUMBERS, WITH_ANOTHER

USED, ISSUED = "used", "issued"


def replace_in_bonds(connection: sa.Connection, seq: int, entries: Sequence[EntryLine]) -> None:
    """Replace the in-bond numbers of these entries."""
    named = {line.number: line.in_bonds for line in entries}
    previous = rows_among(connection.execute, sa.select(IN_BONDS), IN_BONDS.c.entry, list(named))
    touched = {row.number for row in previous}
    if touched:
        of_entry = sa.delete(IN_BONDS).where(IN_BONDS.c.entry == sa.bindparam("n"))
        connection.execute(of_entry, [{"n": entry} for entry in named])
    rows = [{"number": number, "entry": entry} for entry, in_bonds in named.items() for number in in_bonds]
    if rows:
        connection.execute(sa.insert(IN_BONDS), rows)
    if touched := touched | {row["number"] for row in rows}:
        _move_in_bonds(connection, seq, sorted(touched))


def _move_in_bonds(connection: sa.Connection, seq: int, numbers: list[str]) -> None:
    """Only numbers that were issued here move; others belong to a carrier, or are void."""
    users: dict[str, list[str]] = {number: [] for number in numbers}
    for row in rows_among(connection.execute, sa.select(IN_BONDS), IN_BONDS.c.number, numbers):
        users[row.number].append(row.entry)
    rows = [
        {
            "n": number,
            "into": USED if entries else ISSUED,
            "why": f"on the bills of {', '.join(sorted(entries))}" if entries else "",
        }
        for number, entries in users.items()
    ]
    change = (
        sa.update(NUMBERS)
        .where(NUMBERS.c.number == sa.bindparam("n"), NUMBERS.c.series == IN_BOND_SERIES)
        .where(sa.or_(NUMBERS.c.state == ISSUED, NUMBERS.c.state == USED))
        .where(NUMBERS.c.note != sa.bindparam("why"))
    )
    into, why = sa.bindparam("into"), sa.bindparam("why")
    connection.execute(change.values(state=into, seq=seq, note=why), rows)


@projection(NumbersReserved)
def _reserved(connection: sa.Connection, seq: int, body: NumbersReserved) -> None:
    serials = range(body.first, body.last + 1)
    texts = printed_numbers(body.series, body.filer, body.first, body.last, body.offset)
    common = {"series": body.series, "filer": body.filer, "state": "reserved"}
    blank = {"desk": "", "port": "", "seq": seq, "note": ""}
    rows = [{"number": text, "serial": serial, **common, **blank} for text, serial in zip(texts, serials, strict=True)]
    connection.execute(sa.insert(NUMBERS), rows)


@projection(NumbersIssued)
def _issued(connection: sa.Connection, seq: int, body: NumbersIssued) -> None:
    column = NUMBERS.c
    change = (
        sa.update(NUMBERS)
        .where(column.series == body.series, column.filer == body.filer)
        .where(column.serial.between(body.first, body.last), column.state == "reserved")
        .values(state="issued", desk=body.desk, port=body.port, seq=seq)
    )
    count = body.last - body.first + 1
    if connection.execute(change).rowcount != count:
        raise NumberUnavailable("reserve-serials-not-free", first=body.first, last=body.last, filer=body.filer)


@projection(NumbersVoided)
def _voided(connection: sa.Connection, seq: int, body: NumbersVoided) -> None:
    move_numbers(connection, seq, body.numbers, ("issued",), "void", body.reason)


def move_numbers(
    connection: sa.Connection, seq: int, numbers: list[str], allowed: tuple[str, ...], state: str, note: str = ""
) -> None:
    """Move numbers from one of the allowed states into `state`. Raises NumberUnavailable, naming
    the first number in another state."""
    new_values = {"into": state, "at": seq, "why": note}
    result = connection.execute(_move_statement(allowed), [{"n": number, **new_values} for number in numbers])
    if result.rowcount not in (-1, len(numbers)):
        raise _unavailable(connection, seq, numbers, allowed, state)
    if result.rowcount == -1:
        raise RuntimeError("this database driver does not count updated rows")


@cache
def _move_statement(allowed: tuple[str, ...]) -> sa.Update:
    """The statement for moves from these states; cached, for building it takes longer than running it."""
    return (
        sa.update(NUMBERS)
        .where(NUMBERS.c.number == sa.bindparam("n"))
        .where(sa.or_(*(NUMBERS.c.state == state for state in allowed)))
        .values(state=sa.bindparam("into"), seq=sa.bindparam("at"), note=sa.bindparam("why"))
    )


def _unavailable(
    connection: sa.Connection, seq: int, numbers: list[str], allowed: tuple[str, ...], state: str
) -> NumberUnavailable:
    column = NUMBERS.c
    for number in numbers:
        query = sa.select(column.state, column.desk).where(column.number == number)
        query = query.where(column.seq != seq)
        row = connection.execute(query).first()
        if row is not None:
            return NumberUnavailable(
                "number-in-another-state",
                number=number,
                state=row.state,
                desk=f" for {row.desk}" if row.desk else "",
                to=state,
                needed=allowed[0],
            )
    return NumberUnavailable("number-not-in-reserve", number=numbers[0])


@projection(EntriesRecorded)
def _recorded(connection: sa.Connection, seq: int, body: EntriesRecorded) -> None:
    move_numbers(connection, seq, [line.number for line in body.entries], ("issued",), "recorded")
    rows = [{**_entry(line, body, seq), "revision": 1} for line in body.entries]
    connection.execute(sa.insert(ENTRIES), rows)
    replace_in_bonds(connection, seq, body.entries)


@projection(EntriesRevised)
def _revised(connection: sa.Connection, seq: int, body: EntriesRevised) -> None:
    move_numbers(connection, seq, [line.number for line in body.entries], ("recorded",), "recorded")
    change = (
        sa.update(ENTRIES)
        .where(ENTRIES.c.number == sa.bindparam("n"))
        .values(
            revision=ENTRIES.c.revision + 1,
            **{column.name: sa.bindparam(f"new_{column.name}") for column in _replaced()},
        )
    )
    rows = [_entry(line, body, seq) for line in body.entries]
    connection.execute(
        change, [{"n": row["number"], **{f"new_{k}": v for k, v in row.items() if k != "number"}} for row in rows]
    )
    replace_in_bonds(connection, seq, body.entries)


def _replaced() -> list[sa.Column[Any]]:
    return [column for column in ENTRIES.c if column.name not in ("number", "revision")]


def _entry(line: EntryLine, body: EntriesRecorded, seq: int) -> dict[str, Any]:
    row = {"number": line.number, "content": body.content, "desk": body.desk, "file": body.file, "seq": seq}
    row |= row_of(line, *ENTRY_FACTS)
    if line.bond_type == "9" and not line.single_bonds:  # a single transaction bond of unknown terms
        row["single_bonds"] = column_value([SingleBond()])
    return row


@projection(EntrySettled)
def _settled(connection: sa.Connection, seq: int, body: EntrySettled) -> None:
    move_numbers(connection, seq, [body.number], ("recorded",), "settled", body.how)


@projection(EntryReopened)
def _reopened(connection: sa.Connection, seq: int, body: EntryReopened) -> None:
    move_numbers(connection, seq, [body.number], ("settled",), "recorded", body.reason)


@projection(EntryHandedOver)
def _handed_over(connection: sa.Connection, seq: int, body: EntryHandedOver) -> None:
    note = f"filed by other broker {body.filer} under {body.other_number}"
    allowed = ("issued", "recorded", WITH_ANOTHER)
    move_numbers(connection, seq, [body.number], allowed, "handed over", note)


@projection(EntryBurnt)
def _canceled(connection: sa.Connection, seq: int, body: EntryBurnt) -> None:
    # A void or free number can be in ACE too, until CBP cancels it.
    allowed = ("issued", "recorded", "settled", "void", "reserved")
    move_numbers(connection, seq, [body.number], allowed, "burnt", body.reason)
