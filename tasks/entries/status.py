"""Lines of the status page on numbers: other reserves than that of entry numbers, and the desks' numbers."""

from __future__ import annotations

from collections.abc import Iterator

import sqlalchemy as sa

from tasks.entries import reserve
from tasks.shared.board import AMBER, RED, Line
from tasks.shared.journal import Journal
from tasks.shared.projections import NUMBERS
from tasks.shared.settings import Settings
from tasks.shared.status import RESERVE
from tasks.shared.store import EVENTS
from tasks.workspace import Workspace


def lines(workspace: Workspace) -> Iterator[Line]:
    """Numbers that lie at desks, and reserves that run low."""
    yield from _desks(workspace.journal)
    yield from _other_reserves(workspace.journal, workspace.settings)


def _desks(journal: Journal) -> Iterator[Line]:
    column = NUMBERS.c
    query = (
        sa.select(column.desk, sa.func.count().label("n"), sa.func.max(column.seq).label("seq"))
        .where(column.state == "issued")
        .group_by(column.desk)
        .order_by(column.desk)
    )
    rows = journal.rows(query)
    at = _at(journal, [row.seq for row in rows])
    for row in rows:
        yield Line("numbers-at-desk", "", f"numbers at the desk {row.desk}", AMBER,
                   f"{row.n} issued, nothing recorded or voided",
                   "continuity entries record FILE, or numbers void", at[row.seq], subject=row.desk,
                   values={"issued": row.n})  # fmt: skip


def _at(journal: Journal, events: list[int]) -> dict[int, str]:
    """When these events were written."""
    query = sa.select(EVENTS.c.seq, EVENTS.c.at).where(EVENTS.c.seq.in_(events))
    return {row.seq: row.at for row in journal.rows(query)}


def _other_reserves(journal: Journal, settings: Settings) -> Iterator[Line]:
    """Series besides entry numbers, of which `tasks.shared.status` has the line."""
    for series in reserve.standings(journal, settings):
        if series.series == reserve.ENTRY or not series.alarm:
            continue
        daily = settings.numbers.daily_volume
        yield Line("reserve-other-numbers", "", f"reserve of {series.series} numbers", RED,
                   f"{series.free} free, {series.days_left} days at {daily} a day",
                   f"{RESERVE} --series {series.series}", subject=series.series,
                   values={"free": series.free, "days": series.days_left})  # fmt: skip
