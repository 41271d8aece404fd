"""Lines of the status page on numbers: the reserves, and the desks' numbers."""

from __future__ import annotations

from collections.abc import Iterator

import sqlalchemy as sa

from tasks.core.journal.journal import Journal
from tasks.core.journal.store import EVENTS
from tasks.core.settings import Settings
from tasks.core.status_lines import AMBER, GREEN, RED, Rows, StatusLine
from tasks.entries.numbers.entry_numbers import ENTRY_SERIES
from tasks.entries.numbers.number_reserve import reserve_counts
from tasks.entries.settings import NumberSettings
from tasks.entries.tables import NUMBERS
from tasks.workspace import Workspace


def lines(workspace: Workspace) -> Iterator[StatusLine]:
    """The reserve of entry numbers, unused numbers of desks, and other reserves that run low."""
    yield reserve_line(workspace.journal.rows, workspace.settings)
    yield from _desks(workspace.journal)
    yield from _other_reserves(workspace.journal, workspace.settings)


def _desks(journal: Journal) -> Iterator[StatusLine]:
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
        yield StatusLine(
            "numbers-at-desk",
            "",
            f"numbers at the desk {row.desk}",
            AMBER,
            f"{row.n} issued, nothing recorded or voided",
            "continuity entries record FILE, or numbers void",
            at[row.seq],
            subject=row.desk,
            values={"issued": row.n},
        )


def _at(journal: Journal, events: list[int]) -> dict[int, str]:
    """The moments of these events."""
    query = sa.select(EVENTS.c.seq, EVENTS.c.at).where(EVENTS.c.seq.in_(events))
    return {row.seq: row.at for row in journal.rows(query)}


def _other_reserves(journal: Journal, settings: Settings) -> Iterator[StatusLine]:
    """Series besides entry numbers, which have `reserve_line`."""
    for series in reserve_counts(journal, settings):
        if series.series == ENTRY_SERIES or not series.alarm:
            continue
        daily = settings(NumberSettings).daily_volume
        yield StatusLine(
            "reserve-other-numbers",
            "",
            f"reserve of {series.series} numbers",
            RED,
            f"{series.free} free, {series.days_left} days at {daily} a day",
            f"{RESERVE} --series {series.series}",
            subject=series.series,
            values={"free": series.free, "days": series.days_left},
        )


RESERVE = "continuity numbers reserve --first SERIAL --count N --range-check WORDS"


def reserve_line(rows: Rows, settings: Settings) -> StatusLine:
    """Days that the free entry numbers last; the alarm is a setting."""
    column = NUMBERS.c
    free = sa.select(sa.func.count()).where(column.series == "entry", column.state == "reserved")
    numbers = settings(NumberSettings)
    days = rows(free)[0][0] / numbers.daily_volume
    ever = rows(sa.select(column.seq).where(column.series == "entry").limit(1))
    fact = f"{days:.0f} days at {numbers.daily_volume} a day" if ever else "never reserved"
    low = days < numbers.alarm_days
    alarm_text = f", alarm below {numbers.alarm_days}" if low and ever else ""
    command = RESERVE if low else ""
    return StatusLine(
        "reserve-entry-numbers",
        "P8",
        "reserve of entry numbers",
        RED if low else GREEN,
        fact + alarm_text,
        command,
        values={"days": days if ever else None, "alarm_days": numbers.alarm_days},
    )
