"""Downtime letters and the documents that go behind them."""

from __future__ import annotations

import sqlalchemy as sa

from tasks.shared.folds.registry import fold
from tasks.shared.kinds.base import canonical
from tasks.shared.kinds.letters import (
    DocumentAttached,
    DocumentDropped,
    LetterIssued,
    LetterReissued,
    LetterSent,
    LetterWithdrawn,
)
from tasks.shared.projections import DOCUMENTS, LETTERS


@fold(DocumentAttached)
def _attached(connection: sa.Connection, seq: int, body: DocumentAttached) -> None:
    names = ("number", "reference", "document", "file", "content", "size", "media", "pages")
    row = {name: getattr(body, name) for name in names}
    connection.execute(sa.insert(DOCUMENTS), [{**row, "seq": seq}])


@fold(DocumentDropped)
def _dropped(connection: sa.Connection, seq: int, body: DocumentDropped) -> None:
    column = DOCUMENTS.c
    wanted = sa.and_(column.number == body.number, column.reference == body.reference)
    connection.execute(sa.delete(DOCUMENTS).where(wanted))


@fold(LetterIssued)
def _issued(connection: sa.Connection, seq: int, body: LetterIssued) -> None:
    rows = [
        {"letter": body.letter, "number": one.number, "state": "issued", "live": one.number,
         "port": body.port, "digest": one.digest, "seq": seq,
         "follows": canonical(one.follows, floats=False)}
        for one in body.entries
    ]  # fmt: skip
    connection.execute(sa.insert(LETTERS), rows)


@fold(LetterReissued)
def _reissued(connection: sa.Connection, seq: int, body: LetterReissued) -> None:
    """An earlier letter may have named more entries: only those of the new one leave it."""
    for one in body.entries:
        live = LETTERS.c.live == one.number
        connection.execute(sa.update(LETTERS).where(live).values(state="replaced", live=None))
    _issued(connection, seq, body)


@fold(LetterWithdrawn)
def _withdrawn(connection: sa.Connection, seq: int, body: LetterWithdrawn) -> None:
    wanted = sa.and_(LETTERS.c.letter == body.letter, LETTERS.c.live.is_not(None))
    connection.execute(sa.update(LETTERS).where(wanted).values(state="withdrawn", live=None))


@fold(LetterSent)
def _sent(connection: sa.Connection, seq: int, body: LetterSent) -> None:
    wanted = sa.and_(LETTERS.c.letter == body.letter, LETTERS.c.live.is_not(None))
    connection.execute(sa.update(LETTERS).where(wanted).values(state="sent"))
