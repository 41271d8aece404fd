"""What went to ACE, what was asked, and what ACE said."""

from __future__ import annotations

from typing import Any

import msgspec
import sqlalchemy as sa

from tasks.shared import kinds
from tasks.shared.folds.numbers import move
from tasks.shared.folds.registry import fold
from tasks.shared.projections import (
    ASKED,
    BATCHES,
    BONDS,
    ENTRIES,
    QUERIES,
    REFUSED,
    SENT,
    VIEWS,
)


@fold(kinds.BatchNamed)
def _named(connection: sa.Connection, seq: int, body: kinds.BatchNamed) -> None:
    move(connection, seq, body.numbers, ("recorded",), "recorded")
    batch = {"batch": body.batch, "application": body.application, "plan": body.plan, "seq": seq}
    connection.execute(
        sa.insert(BATCHES),
        [
            {
                **batch,
                "content": body.content,
                "file": body.file,
                "written": False,
                "size": len(body.numbers),
            }
        ],
    )
    refused = sa.or_(*(SENT.c.state == state for state in REFUSED))
    again = sa.delete(SENT).where(SENT.c.application == body.application, refused)
    connection.execute(
        again.where(SENT.c.number == sa.bindparam("n")), [{"n": n} for n in body.numbers]
    )
    digests = entry_digests(connection, body.numbers)
    rows = [
        {"application": body.application, "number": number, "batch": body.batch, "code": "",
         "state": "waiting", "digest": digests.get(number, ""), "seq": seq}
        for number in body.numbers
    ]  # fmt: skip
    connection.execute(sa.insert(SENT), rows)


def entry_digests(connection: sa.Connection, numbers: list[str]) -> dict[str, str]:
    """The digest of each recorded entry as it stands."""
    found: dict[str, str] = {}
    for start in range(0, len(numbers), 500):
        some = ENTRIES.c.number.in_(numbers[start : start + 500])
        rows = connection.execute(sa.select(ENTRIES.c.number, ENTRIES.c.digest).where(some))
        found |= {row.number: row.digest for row in rows}
    return found


@fold(kinds.BatchWritten)
def _written(connection: sa.Connection, seq: int, body: kinds.BatchWritten) -> None:
    change = sa.update(BATCHES).where(BATCHES.c.batch == body.batch).values(written=True)
    connection.execute(change)


@fold(kinds.QueryNamed)
def _queried(connection: sa.Connection, seq: int, body: kinds.QueryNamed) -> None:
    row = {"batch": body.batch, "application": body.application, "about": body.about}
    connection.execute(sa.insert(QUERIES), [{**row, "answered": False, "seq": seq}])
    for number in body.asked:
        _put(connection, ASKED, {"about": body.about, "number": number}, {"seq": seq})


@fold(kinds.AnswerRead)
def _answered(connection: sa.Connection, seq: int, body: kinds.AnswerRead) -> None:
    query = sa.select(QUERIES.c.seq).where(QUERIES.c.batch == body.batch)
    asked = connection.execute(query).first()
    if asked is not None and not body.rejected:
        change = sa.update(QUERIES).where(QUERIES.c.batch == body.batch).values(answered=True)
        connection.execute(change)
        for line in body.lines:
            _view(connection, body, line, asked.seq, seq)
    elif not body.batch:
        for line in body.lines:
            _view(connection, body, line, seq, seq)
    else:
        _told(connection, body)


def _told(connection: sa.Connection, body: kinds.AnswerRead) -> None:
    """An answer to what we sent. Only what waits can change: a second or late copy does nothing."""
    change = sa.update(SENT).where(SENT.c.batch == body.batch, SENT.c.state == "waiting")
    if body.rejected:
        connection.execute(change.values(state="batch rejected", code=body.why))
        return
    for line in body.lines:
        state = _SENT_STATES.get(line.disposition)
        if state:
            own = change.where(SENT.c.number == line.number)
            told = f"{line.code} {line.text}".strip()
            connection.execute(own.values(state=state, code=told))


_SENT_STATES = {
    "accepted": "taken",
    "accepted with warnings": "taken",
    "referred": "taken",
    "already on file": "found",
    "rejected": "rejected",
    "system failure": "not processed",
}


def _view(
    connection: sa.Connection, body: kinds.AnswerRead, line: kinds.AnswerLine, asked: int, seq: int
) -> None:
    key = {"about": body.about, "number": line.number}
    where = sa.and_(VIEWS.c.about == body.about, VIEWS.c.number == line.number)
    known = connection.execute(sa.select(VIEWS.c.asked).where(where)).first()
    if known is not None and known.asked > asked:
        return
    said = msgspec.to_builtins(line)
    said |= {"differs": "; ".join(line.differs), "asked": asked, "seq": seq}
    del said["number"]
    _put(connection, VIEWS, key, {**said, "content": body.content})


def _put(
    connection: sa.Connection, table: sa.Table, key: dict[str, Any], values: dict[str, Any]
) -> None:
    """Insert or replace one row by its key, on either database."""
    where = sa.and_(*(table.c[name] == value for name, value in key.items()))
    if not connection.execute(sa.update(table).where(where).values(**values)).rowcount:
        connection.execute(sa.insert(table), [{**key, **values}])


@fold(kinds.BondConfirmed)
def _bonded(connection: sa.Connection, seq: int, body: kinds.BondConfirmed) -> None:
    _put(connection, BONDS, {"number": body.number}, {"seq": seq})
