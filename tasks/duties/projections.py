"""Duties: proofs, changes, and the rungs that are told or acknowledged."""

from __future__ import annotations

from typing import Any

import msgspec
import sqlalchemy as sa

from tasks.core.journal.bodies import canonical
from tasks.core.journal.projections import projection
from tasks.documents.api import reuse_note
from tasks.duties.events import DutyAcknowledged, DutyChanged, DutyEnded, DutyFulfilled, DutyReminded, DutyWithdrawn
from tasks.duties.tables import CHANGES, PROOFS, RUNGS


@projection(DutyFulfilled)
def _fulfilled(connection: sa.Connection, seq: int, body: DutyFulfilled) -> None:
    row = {name: getattr(body, name) for name in _COPIED}
    row |= {"facts": canonical(body.facts), "withdrawn": False, "ended": False, "seq": seq}
    row |= {"shared": reuse_note(body.also, body.reason)}
    scan = msgspec.to_builtins(body.scan)
    connection.execute(sa.insert(PROOFS), [{**row, "scan": canonical(scan) if scan else ""}])


_COPIED = ("duty", "item", "term", "on", "until", "proof", "file", "statement", "content")


@projection(DutyWithdrawn)
def _withdrawn(connection: sa.Connection, seq: int, body: DutyWithdrawn) -> None:
    own = PROOFS.c.seq == body.fulfilled
    connection.execute(sa.update(PROOFS).where(own).values(withdrawn=True))


@projection(DutyEnded)
def _ended(connection: sa.Connection, seq: int, body: DutyEnded) -> None:
    own = sa.and_(PROOFS.c.duty == body.duty, PROOFS.c.item == body.item)
    connection.execute(sa.update(PROOFS).where(own).values(ended=True))


@projection(DutyChanged)
def _changed(connection: sa.Connection, seq: int, body: DutyChanged) -> None:
    row = {"duty": body.duty, "item": body.item, "what": body.what, "on": body.on, "seq": seq}
    connection.execute(sa.insert(CHANGES), [row])


@projection(DutyReminded)
def _told(connection: sa.Connection, seq: int, body: DutyReminded) -> None:
    rows = [{**_term(body), "rung": rung, "told": seq, "mail": body.mail, "acknowledged": None} for rung in body.rungs]
    if rows:
        connection.execute(sa.insert(RUNGS), rows)
    for rung in body.again:
        key = {**_term(body), "rung": rung}
        connection.execute(sa.update(RUNGS).where(_is(key)).values(mail=body.mail))


@projection(DutyAcknowledged)
def _acknowledged(connection: sa.Connection, seq: int, body: DutyAcknowledged) -> None:
    for rung in body.rungs:
        key = {**_term(body), "rung": rung}
        change = sa.update(RUNGS).where(_is(key)).values(acknowledged=seq)
        if not connection.execute(change).rowcount:
            connection.execute(sa.insert(RUNGS), [{**key, "told": None, "mail": "", "acknowledged": seq}])


def _is(key: dict[str, str]) -> sa.ColumnElement[bool]:
    return sa.and_(*(RUNGS.c[name] == value for name, value in key.items()))


def _term(body: DutyReminded | DutyAcknowledged) -> dict[str, Any]:
    return {"duty": body.duty, "item": body.item, "term": body.term}
