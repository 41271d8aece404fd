"""Entries: recorded, revised, and the ends that a number can have.

Numbers: reserved, issued, voided, and the one way from state to state.

In-bond numbers on recorded bills: used while an entry names them, issued again when a revision
takes the last one off. Several entries may come out of one in-bond movement.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from typing import Any

import sqlalchemy as sa

from tasks.core.errors import NumberUnavailable
from tasks.core.journal.projections import projection
from tasks.core.journal.table_columns import column_value, rows_among
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
from tasks.entries.numbers.numbering import printed_numbers
from tasks.entries.tables import ENTRIES, IN_BONDS, NUMBERS, WITH_ANOTHER

SERIES, USED, ISSUED = "in-bond", "used", "issued"


def carry(connection: sa.Connection, seq: int, entries: Sequence[EntryLine]) -> None:
    """Put these entries' in-bond numbers in the place of those that they named before."""
    named = {line.number: line.in_bonds for line in entries}
    before = rows_among(connection.execute, sa.select(IN_BONDS), IN_BONDS.c.entry, list(named))
    touched = {row.number for row in before}
    if touched:
        own = sa.delete(IN_BONDS).where(IN_BONDS.c.entry == sa.bindparam("n"))
        connection.execute(own, [{"n": entry} for entry in named])
    rows = [{"number": one, "entry": entry} for entry, some in named.items() for one in some]
    if rows:
        connection.execute(sa.insert(IN_BONDS), rows)
    if touched := touched | {row["number"] for row in rows}:
        _stand(connection, seq, sorted(touched))


def _stand(connection: sa.Connection, seq: int, numbers: list[str]) -> None:
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
        .where(NUMBERS.c.number == sa.bindparam("n"), NUMBERS.c.series == SERIES)
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
    wanted = body.last - body.first + 1
    if connection.execute(change).rowcount != wanted:
        raise NumberUnavailable("reserve-serials-not-free", first=body.first, last=body.last, filer=body.filer)


@projection(NumbersVoided)
def _voided(connection: sa.Connection, seq: int, body: NumbersVoided) -> None:
    move_numbers(connection, seq, body.numbers, ("issued",), "void", body.reason)


def move_numbers(
    connection: sa.Connection, seq: int, numbers: list[str], allowed: tuple[str, ...], state: str, note: str = ""
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
            return NumberUnavailable(
                "number-in-another-state",
                number=number,
                state=found.state,
                desk=f" for {found.desk}" if found.desk else "",
                to=state,
                needed=allowed[0],
            )
    return NumberUnavailable("number-not-in-reserve", number=numbers[0])


@projection(EntriesRecorded)
def _recorded(connection: sa.Connection, seq: int, body: EntriesRecorded) -> None:
    move_numbers(connection, seq, [line.number for line in body.entries], ("issued",), "recorded")
    rows = [{**_entry(line, body, seq), "revision": 1} for line in body.entries]
    connection.execute(sa.insert(ENTRIES), rows)
    carry(connection, seq, body.entries)


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
    carry(connection, seq, body.entries)


def _replaced() -> list[sa.Column[Any]]:
    return [column for column in ENTRIES.c if column.name not in ("number", "revision")]


def _entry(line: EntryLine, body: EntriesRecorded, seq: int) -> dict[str, Any]:
    return {
        "number": line.number,
        "content": body.content,
        "digest": line.digest,
        "desk": body.desk,
        "file": body.file,
        "entry_type": line.entry_type,
        "route": line.route,
        "outcome": line.outcome,
        "port": line.port,
        "importer": line.importer,
        "complete": line.complete,
        "covered_by": line.covered_by,
        "consolidating": line.consolidating,
        "released": line.released,
        "entered": line.entered,
        "bond_type": line.bond_type,
        "single_bonds": _single_bonds(line),
        "consignee": line.consignee,
        "release_digest": line.release_digest,
        "seq": seq,
    }


def _single_bonds(line: EntryLine) -> str:
    """A JSON list; empty if there is none. Bond type 9 is a single transaction bond of unknown terms."""
    unknown = [SingleBond()] if line.bond_type == "9" else []
    return column_value(line.single_bonds or unknown)


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
def _burnt(connection: sa.Connection, seq: int, body: EntryBurnt) -> None:
    # A number that is void or free can stand in ACE all the same, until CBP cancels it.
    allowed = ("issued", "recorded", "settled", "void", "reserved")
    move_numbers(connection, seq, [body.number], allowed, "burnt", body.reason)
