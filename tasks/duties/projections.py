"""Proofs, changes, and the rungs that were reminded of or acknowledged."""

from __future__ import annotations

from typing import Any

import msgspec
import sqlalchemy as sa

from tasks.core.journal.bodies import canonical
from tasks.core.journal.projections import projection
from tasks.core.journal.table_columns import row_of
from tasks.duties.events import DutyAcknowledged, DutyChanged, DutyEnded, DutyFulfilled, DutyReminded, DutyWithdrawn
from tasks.duties.proof_files import duty_proof_name, record_proof_uses, reuse_note
from tasks.duties.tables import CHANGE_FACTS, CHANGES, PROOF_FACTS, PROOF_USES, PROOFS, RUNGS


@projection(DutyFulfilled)
def _fulfilled(connection: sa.Connection, seq: int, body: DutyFulfilled) -> None:
    row = row_of(body, *PROOF_FACTS)
    row |= {"facts": canonical(body.facts), "withdrawn": False, "ended": False, "seq": seq}
    row |= {"shared": reuse_note(body.also, body.reason)}
    scan = msgspec.to_builtins(body.scan)
    connection.execute(sa.insert(PROOFS), [{**row, "scan": canonical(scan) if scan else ""}])
    if body.proof:
        record_proof_uses(connection, seq, duty_proof_name(body.duty, body.item), [body.proof])


@projection(DutyWithdrawn)
def _withdrawn(connection: sa.Connection, seq: int, body: DutyWithdrawn) -> None:
    is_proof = PROOFS.c.seq == body.fulfilled
    connection.execute(sa.update(PROOFS).where(is_proof).values(withdrawn=True))
    connection.execute(sa.delete(PROOF_USES).where(PROOF_USES.c.seq == body.fulfilled))


@projection(DutyEnded)
def _ended(connection: sa.Connection, seq: int, body: DutyEnded) -> None:
    is_item = sa.and_(PROOFS.c.duty == body.duty, PROOFS.c.item == body.item)
    connection.execute(sa.update(PROOFS).where(is_item).values(ended=True))


@projection(DutyChanged)
def _changed(connection: sa.Connection, seq: int, body: DutyChanged) -> None:
    connection.execute(sa.insert(CHANGES), [{**row_of(body, *CHANGE_FACTS), "seq": seq}])


@projection(DutyReminded)
def _reminded(connection: sa.Connection, seq: int, body: DutyReminded) -> None:
    rows = [
        {**_term(body), "rung": rung, "reminded": seq, "mail": body.mail, "acknowledged": None} for rung in body.rungs
    ]
    if rows:
        connection.execute(sa.insert(RUNGS), rows)
    for rung in body.again:
        key = {**_term(body), "rung": rung}
        connection.execute(sa.update(RUNGS).where(_rung_is(key)).values(mail=body.mail))


@projection(DutyAcknowledged)
def _acknowledged(connection: sa.Connection, seq: int, body: DutyAcknowledged) -> None:
    for rung in body.rungs:
        key = {**_term(body), "rung": rung}
        change = sa.update(RUNGS).where(_rung_is(key)).values(acknowledged=seq)
        if not connection.execute(change).rowcount:
            connection.execute(sa.insert(RUNGS), [{**key, "reminded": None, "mail": "", "acknowledged": seq}])


def _rung_is(key: dict[str, str]) -> sa.ColumnElement[bool]:
    return sa.and_(*(RUNGS.c[name] == value for name, value in key.items()))


def _term(body: DutyReminded | DutyAcknowledged) -> dict[str, Any]:
    return {"duty": body.duty, "item": body.item, "term": body.term}
