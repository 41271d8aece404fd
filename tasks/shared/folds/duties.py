"""Duties: proofs, changes, and the rungs that are told or acknowledged."""

from __future__ import annotations

from typing import Any

import msgspec
import sqlalchemy as sa

from tasks.shared import kinds, proof_files
from tasks.shared.duty_tables import CHANGES, PROOFS, RUNGS
from tasks.shared.folds.registry import fold


@fold(kinds.DutyFulfilled)
def _fulfilled(connection: sa.Connection, seq: int, body: kinds.DutyFulfilled) -> None:
    row = {name: getattr(body, name) for name in _COPIED}
    row |= {"facts": kinds.canonical(body.facts), "withdrawn": False, "ended": False, "seq": seq}
    row |= {"shared": proof_files.words(body.also, body.reason)}
    scan = msgspec.to_builtins(body.scan)
    connection.execute(sa.insert(PROOFS), [{**row, "scan": kinds.canonical(scan) if scan else ""}])


_COPIED = ("duty", "item", "term", "on", "until", "proof", "file", "statement", "content")


@fold(kinds.DutyWithdrawn)
def _withdrawn(connection: sa.Connection, seq: int, body: kinds.DutyWithdrawn) -> None:
    own = PROOFS.c.seq == body.fulfilled
    connection.execute(sa.update(PROOFS).where(own).values(withdrawn=True))


@fold(kinds.DutyEnded)
def _ended(connection: sa.Connection, seq: int, body: kinds.DutyEnded) -> None:
    own = sa.and_(PROOFS.c.duty == body.duty, PROOFS.c.item == body.item)
    connection.execute(sa.update(PROOFS).where(own).values(ended=True))


@fold(kinds.DutyChanged)
def _changed(connection: sa.Connection, seq: int, body: kinds.DutyChanged) -> None:
    row = {"duty": body.duty, "item": body.item, "what": body.what, "on": body.on, "seq": seq}
    connection.execute(sa.insert(CHANGES), [row])


@fold(kinds.DutyReminded)
def _told(connection: sa.Connection, seq: int, body: kinds.DutyReminded) -> None:
    rows = [
        {**_term(body), "rung": rung, "told": seq, "mail": body.mail, "acknowledged": None}
        for rung in body.rungs
    ]
    if rows:
        connection.execute(sa.insert(RUNGS), rows)
    for rung in body.again:
        key = {**_term(body), "rung": rung}
        connection.execute(sa.update(RUNGS).where(_is(key)).values(mail=body.mail))


@fold(kinds.DutyAcknowledged)
def _acknowledged(connection: sa.Connection, seq: int, body: kinds.DutyAcknowledged) -> None:
    for rung in body.rungs:
        key = {**_term(body), "rung": rung}
        change = sa.update(RUNGS).where(_is(key)).values(acknowledged=seq)
        if not connection.execute(change).rowcount:
            connection.execute(
                sa.insert(RUNGS), [{**key, "told": None, "mail": "", "acknowledged": seq}]
            )


def _is(key: dict[str, str]) -> sa.ColumnElement[bool]:
    return sa.and_(*(RUNGS.c[name] == value for name, value in key.items()))


def _term(body: kinds.DutyReminded | kinds.DutyAcknowledged) -> dict[str, Any]:
    return {"duty": body.duty, "item": body.item, "term": body.term}
