"""Entries that a substitute broker has, or gave back."""

from __future__ import annotations

import sqlalchemy as sa

from tasks.shared.folds.numbers import move
from tasks.shared.folds.registry import fold
from tasks.shared.kinds.after import HandoverPrepared, HandoverRecalled
from tasks.shared.projections import WITH_ANOTHER


@fold(HandoverPrepared)
def _prepared(connection: sa.Connection, seq: int, body: HandoverPrepared) -> None:
    note = f"sealed for {body.broker} ({body.filer}), {body.handover}"
    move(connection, seq, body.numbers, ("recorded",), WITH_ANOTHER, note)


@fold(HandoverRecalled)
def _recalled(connection: sa.Connection, seq: int, body: HandoverRecalled) -> None:
    move(connection, seq, body.numbers, (WITH_ANOTHER,), "recorded")
