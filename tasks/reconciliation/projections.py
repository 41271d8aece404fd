"""What went to ACE, what was asked, and what ACE said."""

from __future__ import annotations

from collections.abc import Iterator
from operator import attrgetter
from typing import Any

import sqlalchemy as sa

from tasks.core.journal.projections import projection
from tasks.core.journal.table_columns import Row, column_value, insert_or_update, row_of, rows_among
from tasks.entries.api import ENTRIES, REFUSED, SENT, VIEWS, AceReason, AceStatus, move_numbers
from tasks.reconciliation.events import (
    AccountingSigned,
    AnswerRead,
    BatchNamed,
    BatchNotReceived,
    BatchWritten,
    BondConfirmed,
    QueryNamed,
    QueryWritten,
    ReleaseKept,
    RequestAnswered,
    SendAgain,
)
from tasks.reconciliation.tables import ASKED, BATCHES, BONDS, CALLS, OF_BATCH, OF_QUERY, QUERIES, REQUESTS
from tasks.security.api import carried_out


@projection(BatchNamed)
def _apply_batch_named(connection: sa.Connection, seq: int, body: BatchNamed) -> None:
    move_numbers(connection, seq, body.numbers, ("recorded",), "recorded")
    batch = row_of(body, *OF_BATCH)
    batch |= {"written": False, "size": len(body.numbers), "seq": seq}
    connection.execute(sa.insert(BATCHES), [batch])
    refused = sa.or_(*(SENT.c.state == state for state in REFUSED))
    again = sa.delete(SENT).where(SENT.c.application == body.application, refused)
    connection.execute(again.where(SENT.c.number == sa.bindparam("n")), [{"n": n} for n in body.numbers])
    digests = entry_digests(connection, body.numbers)
    rows = [
        {
            "application": body.application,
            "number": number,
            "batch": body.batch,
            "reasons": "",
            "lost": False,
            "state": "waiting",
            "digest": entry.digest,
            "release_digest": entry.release_digest,
            "outside": False,
            "seq": seq,
        }
        for number, entry in digests.items()
    ]
    connection.execute(sa.insert(SENT), rows)
    carried_out(connection, seq, body.plan)


def entry_digests(connection: sa.Connection, numbers: list[str]) -> dict[str, sa.Row[Any]]:
    """The digests of each recorded entry as it stands, whole and of its release data."""
    query = sa.select(ENTRIES.c.number, ENTRIES.c.digest, ENTRIES.c.release_digest)
    rows = rows_among(connection.execute, query, ENTRIES.c.number, numbers)
    return {row.number: row for row in rows}


@projection(ReleaseKept)
def _apply_release_kept(connection: sa.Connection, seq: int, body: ReleaseKept) -> None:
    mine = sa.update(SENT).where(SENT.c.number == body.number, SENT.c.application == "SE")
    connection.execute(mine.values(release_digest=body.digest))


@projection(BatchWritten)
def _apply_batch_written(connection: sa.Connection, seq: int, body: BatchWritten) -> None:
    change = sa.update(BATCHES).where(BATCHES.c.batch == body.batch).values(written=True)
    connection.execute(change)


@projection(QueryNamed)
def _apply_query_named(connection: sa.Connection, seq: int, body: QueryNamed) -> None:
    state = {"written": False, "answered": False, "rejected": False, "reasons": "", "seq": seq}
    connection.execute(sa.insert(QUERIES), [row_of(body, *OF_QUERY) | state])
    insert_or_update(connection, ASKED, [{"about": body.about, "number": number, "seq": seq} for number in body.asked])


@projection(QueryWritten)
def _apply_query_written(connection: sa.Connection, seq: int, body: QueryWritten) -> None:
    change = sa.update(QUERIES).where(QUERIES.c.batch == body.batch).values(written=True)
    connection.execute(change)


@projection(AnswerRead)
def _apply_answer_read(connection: sa.Connection, seq: int, body: AnswerRead) -> None:
    query = sa.select(QUERIES.c.seq).where(QUERIES.c.batch == body.batch)
    named = connection.execute(query).first()
    if body.about == "request":
        _apply_requests(connection, body, seq)
    if named is not None and body.rejected:
        mine = sa.update(QUERIES).where(QUERIES.c.batch == body.batch, ~QUERIES.c.answered)
        connection.execute(mine.values(rejected=True, reasons=column_value(body.reasons)))
    elif named is not None:
        change = sa.update(QUERIES).where(QUERIES.c.batch == body.batch).values(answered=True)
        connection.execute(change)
        _store_statuses(connection, body, named.seq, seq)
    elif not body.batch:
        _store_statuses(connection, body, seq, seq)
    else:
        _apply_sent_answers(connection, body)


_LIFTS = {"C": "D"}
"""A UC type that ends what another one began."""


def _apply_requests(connection: sa.Connection, body: AnswerRead, seq: int) -> None:
    for line in body.lines:
        code = line.code
        if code in CALLS:
            row = {"number": line.number, "code": code, "text": line.message, "how": "", "seq": seq}
            insert_or_update(connection, REQUESTS, [row])
        elif code in _LIFTS:
            over = sa.update(REQUESTS).where(REQUESTS.c.number == line.number)
            over = over.where(REQUESTS.c.code == _LIFTS[code], REQUESTS.c.how == "")
            connection.execute(over.values(how=line.message or code))


@projection(RequestAnswered)
def _apply_request_answered(connection: sa.Connection, seq: int, body: RequestAnswered) -> None:
    mine = sa.update(REQUESTS).where(REQUESTS.c.number == body.number, REQUESTS.c.how == "")
    connection.execute(mine.values(how=body.how))


def _apply_sent_answers(connection: sa.Connection, body: AnswerRead) -> None:
    """An answer to what we sent. Only what waits can change: a second or late copy does nothing,
    unless the batch was thought not to have reached ACE."""
    open_ = sa.or_(SENT.c.state == "waiting", SENT.c.lost)
    change = sa.update(SENT).where(SENT.c.batch == body.batch, open_)
    if body.rejected:
        connection.execute(change.values(state="batch rejected", reasons=column_value(body.reasons), lost=False))
        return
    sent = connection.execute(sa.select(BATCHES).where(BATCHES.c.batch == body.batch)).first()
    answers = [
        {"n": line.number, "now": state, "why": column_value(line.why), "off": line.outside and state == "rejected"}
        for line in body.lines
        if (state := SENT_STATES.get(line.disposition))
    ]
    if sent is not None and answers:
        waiting = change.where(SENT.c.application == sent.application, SENT.c.number == sa.bindparam("n"))
        now, why, off = (sa.bindparam(name) for name in ("now", "why", "off"))
        connection.execute(waiting.values(state=now, reasons=why, outside=off, lost=False), answers)


@projection(BatchNotReceived)
def _apply_batch_not_received(connection: sa.Connection, seq: int, body: BatchNotReceived) -> None:
    lost = sa.update(SENT).where(SENT.c.batch == body.batch, SENT.c.state == "waiting")
    connection.execute(lost.values(state="not processed", reasons="", lost=True, seq=seq))
    written = sa.update(BATCHES).where(BATCHES.c.batch == body.batch).values(written=True)
    connection.execute(written)


@projection(SendAgain)
def _apply_send_again(connection: sa.Connection, seq: int, body: SendAgain) -> None:
    refused = sa.or_(SENT.c.state == "rejected", SENT.c.state == "batch rejected")
    again = sa.update(SENT).where(SENT.c.number == body.number, refused)
    again = again.where(SENT.c.application == body.application)
    reasons = column_value((AceReason(text=body.reason),))
    connection.execute(again.values(state="not processed", reasons=reasons, seq=seq))


SENT_STATES = {
    "accepted": "taken",
    "accepted with warnings": "taken",
    "referred": "taken",
    "already on file": "found",
    "rejected": "rejected",
    "system failure": "not processed",
}


def _store_statuses(connection: sa.Connection, body: AnswerRead, asked_seq: int, seq: int) -> None:
    """What was said in answer to a later query stays."""
    common = {"about": body.about, "content": body.content, "asked": asked_seq, "seq": seq}
    rows = []
    for line in body.lines:
        status = dict(zip(_STATUS_COLUMNS, _status_values(line), strict=True))
        lists = {name: column_value(status[name]) for name in _LISTS}
        rows.append({**status, **lists, **common})
    insert_or_update(
        connection, VIEWS, rows if body.batch else _merge_notices(connection, body.about, rows), newer="asked"
    )


_STATUS_COLUMNS = ("number", *AceStatus.__struct_fields__)
_LISTS = ("differs", "bonds", "reasons")
_status_values = attrgetter(*_STATUS_COLUMNS)


def _merge_notices(connection: sa.Connection, about: str, rows: list[Row]) -> Iterator[Row]:
    """Each row with what stood before it, of which a notice says nothing."""
    query = sa.select(VIEWS).where(VIEWS.c.about == about)
    numbers = list(dict.fromkeys(row["number"] for row in rows))
    earlier_rows = rows_among(connection.execute, query, VIEWS.c.number, numbers)
    earlier: dict[str, Row] = {row.number: row._mapping for row in earlier_rows}
    for row in rows:
        before = earlier.get(row["number"])
        earlier[row["number"]] = {**row, **(_kept_values(before, row) if before else {})}
        yield earlier[row["number"]]


def _kept_values(earlier: Row, notice: Row) -> Row:
    """A notice tells only what is new: where it says nothing of the release or its date, what was
    told before stands."""
    values: dict[str, Any] = {}
    if not notice["release_code"]:
        values |= {"release_code": earlier["release_code"], "release": earlier["release"]}
    if not notice["release_date"] and notice["release_code"] != RELEASE_REMOVED:
        values["release_date"] = earlier["release_date"]
    return values


RELEASE_REMOVED = "99"


@projection(BondConfirmed)
def _apply_bond_confirmed(connection: sa.Connection, seq: int, body: BondConfirmed) -> None:
    insert_or_update(connection, BONDS, [{"number": body.number, "bond": column_value(body.bond) or "", "seq": seq}])


@projection(AccountingSigned)
def _apply_accounting_signed(connection: sa.Connection, seq: int, body: AccountingSigned) -> None:
    carried_out(connection, seq, body.plan)
