"""Entries that a substitute broker has, or gave back."""

from __future__ import annotations

import sqlalchemy as sa

from tasks.shared import kinds
from tasks.shared.folds.numbers import move
from tasks.shared.folds.registry import fold
from tasks.shared.projections import WITH_ANOTHER


@fold(kinds.HandoverPrepared)
def _prepared(connection: sa.Connection, seq: int, body: kinds.HandoverPrepared) -> None:
    note = f"sealed for {body.broker} ({body.filer}), {body.handover}"
    move(connection, seq, body.numbers, ("recorded",), WITH_ANOTHER, note)


@fold(kinds.HandoverRecalled)
def _recalled(connection: sa.Connection, seq: int, body: kinds.HandoverRecalled) -> None:
    move(connection, seq, body.numbers, (WITH_ANOTHER,), "recorded")
