"""What the events amount to now: tables kept in the same transaction, with the constraints that
make "twice" impossible. They can be dropped and rebuilt; truth is the events.

States of a number: reserved > issued > recorded | void; then settled, handed over or burnt.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

import sqlalchemy as sa

from tasks.shared import kinds
from tasks.shared.errors import NumberUnavailable
from tasks.shared.numbering import printed

METADATA = sa.MetaData()

NUMBERS = sa.Table(
    "p_number",
    METADATA,
    sa.Column("number", sa.Text, primary_key=True),
    sa.Column("series", sa.Text, nullable=False),
    sa.Column("filer", sa.Text, nullable=False),
    sa.Column("serial", sa.BigInteger, nullable=False),
    sa.Column("state", sa.Text, nullable=False),
    sa.Column("desk", sa.Text, nullable=False),
    sa.Column("port", sa.Text, nullable=False),
    sa.Column("seq", sa.BigInteger, nullable=False),
    sa.Column("note", sa.Text, nullable=False),
    sa.UniqueConstraint("series", "filer", "serial"),
    sa.Index("p_number_state", "series", "filer", "state", "serial"),
)

ENTRIES = sa.Table(
    "p_entry",
    METADATA,
    sa.Column("number", sa.Text, sa.ForeignKey("p_number.number"), primary_key=True),
    sa.Column("revision", sa.Integer, nullable=False),
    sa.Column("content", sa.Text, nullable=False),
    sa.Column("digest", sa.Text, nullable=False),
    sa.Column("desk", sa.Text, nullable=False),
    sa.Column("file", sa.Text, nullable=False),
    sa.Column("entry_type", sa.Text, nullable=False),
    sa.Column("route", sa.Text, nullable=False),
    sa.Column("outcome", sa.Text, nullable=False),
    sa.Column("port", sa.Text, nullable=False),
    sa.Column("importer", sa.Text, nullable=False),
    sa.Column("complete", sa.Boolean, nullable=False),
    sa.Column("seq", sa.BigInteger, nullable=False),
)

BATCHES = sa.Table(
    "p_batch",
    METADATA,
    sa.Column("batch", sa.Text, primary_key=True),
    sa.Column("application", sa.Text, nullable=False),
    sa.Column("plan", sa.Text, nullable=False),
    sa.Column("content", sa.Text, nullable=False),
    sa.Column("file", sa.Text, nullable=False, unique=True),
    sa.Column("written", sa.Boolean, nullable=False),
)

SENT = sa.Table(
    "p_sent",
    METADATA,
    sa.Column("application", sa.Text, primary_key=True),
    sa.Column("number", sa.Text, sa.ForeignKey("p_number.number"), primary_key=True),
    sa.Column("batch", sa.Text, sa.ForeignKey("p_batch.batch"), nullable=False),
)

PEOPLE = sa.Table(
    "p_person",
    METADATA,
    sa.Column("person", sa.Text, primary_key=True),
    sa.Column("name", sa.Text, nullable=False),
    sa.Column("licence", sa.Text, nullable=False),
    sa.Column("roles", sa.Text, nullable=False),
    sa.Column("enrolled", sa.Boolean, nullable=False),
    sa.Column("revoked", sa.Boolean, nullable=False),
)

APPROVALS = sa.Table(
    "p_approval",
    METADATA,
    sa.Column("plan", sa.Text, primary_key=True),
    sa.Column("what", sa.Text, nullable=False),
    sa.Column("binds", sa.Text, nullable=False),
    sa.Column("preparer", sa.Text, nullable=False),
    sa.Column("seq", sa.BigInteger, nullable=False),
)

GRANTS = sa.Table(
    "p_grant",
    METADATA,
    sa.Column("plan", sa.Text, sa.ForeignKey("p_approval.plan"), primary_key=True),
    sa.Column("person", sa.Text, primary_key=True),
    sa.Column("seq", sa.BigInteger, nullable=False),
)

_Kind = TypeVar("_Kind", bound=kinds.Body)
_folds: dict[type[kinds.Body], Callable[[sa.Connection, int, Any], None]] = {}


def fold(struct: type[_Kind]) -> Callable[..., Any]:
    """Registers the function that carries an event of this kind into the tables."""

    def register(apply: Callable[[sa.Connection, int, _Kind], None]) -> Any:
        _folds[struct] = apply
        return apply

    return register


def apply(connection: sa.Connection, seq: int, body: kinds.Body) -> None:
    """Carry one event into the tables. Raises IntegrityError or NumberUnavailable if it cannot
    be true after what stands already."""
    if found := _folds.get(type(body)):
        found(connection, seq, body)


@fold(kinds.NumbersReserved)
def _reserved(connection: sa.Connection, seq: int, body: kinds.NumbersReserved) -> None:
    serials = range(body.first, body.last + 1)
    texts = printed(body.series, body.filer, body.first, body.last, body.offset)
    common = {"series": body.series, "filer": body.filer, "state": "reserved"}
    blank = {"desk": "", "port": "", "seq": seq, "note": ""}
    rows = [
        {"number": text, "serial": serial, **common, **blank}
        for text, serial in zip(texts, serials, strict=True)
    ]
    connection.execute(sa.insert(NUMBERS), rows)


@fold(kinds.NumbersIssued)
def _issued(connection: sa.Connection, seq: int, body: kinds.NumbersIssued) -> None:
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
            f"Serials {body.first}-{body.last} of {body.filer} are not all free in the reserve"
        )


@fold(kinds.NumbersVoided)
def _voided(connection: sa.Connection, seq: int, body: kinds.NumbersVoided) -> None:
    move(connection, seq, body.numbers, ("issued",), "void", body.reason)


@fold(kinds.EntriesRecorded)
def _recorded(connection: sa.Connection, seq: int, body: kinds.EntriesRecorded) -> None:
    move(connection, seq, [line.number for line in body.entries], ("issued",), "recorded")
    rows = [{**_entry(line, body, seq), "revision": 1} for line in body.entries]
    connection.execute(sa.insert(ENTRIES), rows)


@fold(kinds.EntriesRevised)
def _revised(connection: sa.Connection, seq: int, body: kinds.EntriesRevised) -> None:
    move(connection, seq, [line.number for line in body.entries], ("recorded",), "recorded")
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
        change,
        [{"n": row["number"], **{f"new_{k}": v for k, v in row.items() if k != "number"}}
         for row in rows],
    )  # fmt: skip


def _replaced() -> list[sa.Column[Any]]:
    return [column for column in ENTRIES.c if column.name not in ("number", "revision")]


def _entry(line: kinds.EntryLine, body: kinds.EntriesRecorded, seq: int) -> dict[str, Any]:
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
        "seq": seq,
    }


@fold(kinds.BatchNamed)
def _named(connection: sa.Connection, seq: int, body: kinds.BatchNamed) -> None:
    move(connection, seq, body.numbers, ("recorded",), "recorded")
    batch = {"batch": body.batch, "application": body.application, "plan": body.plan}
    connection.execute(
        sa.insert(BATCHES),
        [{**batch, "content": body.content, "file": body.file, "written": False}],
    )
    rows = [
        {"application": body.application, "number": number, "batch": body.batch}
        for number in body.numbers
    ]
    connection.execute(sa.insert(SENT), rows)


@fold(kinds.BatchWritten)
def _written(connection: sa.Connection, seq: int, body: kinds.BatchWritten) -> None:
    change = sa.update(BATCHES).where(BATCHES.c.batch == body.batch).values(written=True)
    connection.execute(change)


@fold(kinds.EntrySettled)
def _settled(connection: sa.Connection, seq: int, body: kinds.EntrySettled) -> None:
    move(connection, seq, [body.number], ("recorded",), "settled", body.how)


@fold(kinds.EntryHandedOver)
def _handed_over(connection: sa.Connection, seq: int, body: kinds.EntryHandedOver) -> None:
    note = f"filed by {body.filer} under {body.other_number}"
    move(connection, seq, [body.number], ("issued", "recorded"), "handed over", note)


@fold(kinds.EntryBurnt)
def _burnt(connection: sa.Connection, seq: int, body: kinds.EntryBurnt) -> None:
    move(connection, seq, [body.number], ("issued", "recorded", "settled"), "burnt", body.reason)


@fold(kinds.PersonAdded)
def _person(connection: sa.Connection, seq: int, body: kinds.PersonAdded) -> None:
    row = {"person": body.person, "name": body.name, "licence": body.licence}
    row |= {"roles": " ".join(body.roles), "enrolled": False, "revoked": False}
    connection.execute(sa.insert(PEOPLE), [row])


@fold(kinds.PersonEnrolled)
def _enrolled(connection: sa.Connection, seq: int, body: kinds.PersonEnrolled) -> None:
    connection.execute(
        sa.update(PEOPLE).where(PEOPLE.c.person == body.person).values(enrolled=True)
    )


@fold(kinds.PersonRevoked)
def _revoked(connection: sa.Connection, seq: int, body: kinds.PersonRevoked) -> None:
    connection.execute(sa.update(PEOPLE).where(PEOPLE.c.person == body.person).values(revoked=True))


@fold(kinds.ApprovalAsked)
def _asked(connection: sa.Connection, seq: int, body: kinds.ApprovalAsked) -> None:
    row = {"plan": body.plan, "what": body.what, "binds": " ".join(body.binds)}
    connection.execute(sa.insert(APPROVALS), [{**row, "preparer": body.preparer, "seq": seq}])


@fold(kinds.ApprovalGranted)
def _granted(connection: sa.Connection, seq: int, body: kinds.ApprovalGranted) -> None:
    connection.execute(
        sa.insert(GRANTS), [{"plan": body.plan, "person": body.person, "seq": seq}]
    )


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
    change = (
        sa.update(NUMBERS)
        .where(NUMBERS.c.number == sa.bindparam("n"))
        .where(sa.or_(*(NUMBERS.c.state == one for one in allowed)))
        .values(state=state, seq=seq, note=note)
    )
    done = connection.execute(change, [{"n": number} for number in numbers])
    if done.rowcount not in (-1, len(numbers)):
        raise NumberUnavailable(_elsewhere(connection, seq, numbers, allowed, state))
    if done.rowcount == -1:
        raise RuntimeError("this database driver does not count updated rows")


def _elsewhere(
    connection: sa.Connection, seq: int, numbers: list[str], allowed: tuple[str, ...], state: str
) -> str:
    column = NUMBERS.c
    for number in numbers:
        query = sa.select(column.state, column.desk).where(column.number == number)
        query = query.where(column.seq != seq)
        found = connection.execute(query).first()
        if found is not None:
            held = f" for {found.desk}" if found.desk else ""
            return f"{number} is {found.state}{held}; to become {state} it must be {allowed[0]}"
    return f"{numbers[0]} is in no reserve of this book"
