"""Whether the accounting of an incident is signed, as the reconciliation room writes it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import sqlalchemy as sa

from tasks.shared.board import last
from tasks.shared.errors import Refused
from tasks.shared.store import EVENTS

_SINCE = ("entries.recorded", "entries.revised", "entry.reopened")


def require_signed(rows: Callable[[sa.Select[Any]], Sequence[sa.Row[Any]]], opened: int) -> str:
    """The digest of the accounting that was signed since event `opened`.

    Raises Refused where none was, or an entry was recorded, revised or reopened after it.
    """
    column = EVENTS.c
    newest = sa.select(sa.func.max(column.seq).label("seq"))
    signed = rows(newest.where(column.kind == "accounting.signed", column.seq > opened))[0].seq
    if signed is None:
        raise Refused("accounting-not-signed")
    count = sa.select(sa.func.count().label("n")).where(
        column.kind.in_(_SINCE), column.seq > signed
    )
    if more := rows(count)[0].n:
        raise Refused("accounting-out-of-date", more=more)  # fmt: skip
    found = last(rows, "accounting.signed")
    assert found is not None
    return str(found[1]["accounting"])
