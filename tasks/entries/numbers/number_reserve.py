"""The reserve of entry and in-bond numbers: reserved once, issued once, never back to free.

Each step is one event for a block, appended under the writer's lock; the projection's constraints
make a second use of a number impossible, whoever writes.
"""

from __future__ import annotations

from dataclasses import dataclass

import sqlalchemy as sa

from tasks.core.errors import BadInput, Busy, NumberUnavailable
from tasks.core.journal.events import JournalContinued
from tasks.core.journal.journal import Journal, Pen
from tasks.core.journal.store import EVENTS
from tasks.core.settings import BrokerSettings, Settings
from tasks.entries.events import NumbersIssued, NumbersReserved
from tasks.entries.numbers.numbering import printed_numbers
from tasks.entries.settings import NumberSettings
from tasks.entries.tables import HELD_BY_ACE, NUMBERS, VIEWS

ENTRY_SERIES, IN_BOND_SERIES = "entry", "in-bond"
_LAST = {ENTRY_SERIES: 9_999_999, IN_BOND_SERIES: 99_999_999}


@dataclass(frozen=True)
class ReserveCount:
    """One series' reserve. `days_left` counts free numbers at the configured daily volume."""

    series: str
    filer: str
    free: int
    at_desks: int
    used: int
    void: int
    days_left: float
    alarm: bool


def reserve_block(
    journal: Journal, settings: Settings, series: str, first: int, count: int, range_check: str, actor: str
) -> tuple[str, str]:
    """Take serials into the reserve; returns the first and last number.

    `range_check` says who checked that the production system cannot issue them, and where. Raises
    BadInput for a range that the production system can issue or that does not exist, and
    NumberUnavailable if any of it is reserved already.
    """
    last = first + count - 1
    _require_range(settings, series, first, last, range_check)
    filer, offset = settings(BrokerSettings).filer_code, _offset(settings, series)
    body = NumbersReserved(series=series, filer=filer, first=first, last=last, offset=offset, range_check=range_check)
    try:
        journal.append(body, f"numbers/{filer}", actor)
    except sa.exc.IntegrityError:
        raise NumberUnavailable("number-already-reserved", first=first, last=last) from None
    return printed_numbers(series, filer, first, first, offset)[0], printed_numbers(series, filer, last, last, offset)[
        0
    ]


def _require_range(settings: Settings, series: str, first: int, last: int, range_check: str) -> None:
    if series not in _LAST:
        raise BadInput("number-series-unknown", series=series)
    if not 0 <= first <= last <= _LAST[series]:
        raise BadInput("serials-out-of-range", first=first, last=last, last2=_LAST[series])
    if not range_check.strip():
        raise BadInput("range-check-person-missing")
    ours = settings(NumberSettings)
    if series == ENTRY_SERIES and first <= ours.production_last and last >= ours.production_first:
        raise BadInput(
            "serials-in-production-range",
            first=first,
            last=last,
            production_first=ours.production_first,
            production_last=ours.production_last,
        )


def _offset(settings: Settings, series: str) -> int:
    return settings(NumberSettings).check_digit_offset if series == ENTRY_SERIES else 0


def issue_block(
    journal: Journal, settings: Settings, series: str, count: int, desk: str, port: str, actor: str, request: str = ""
) -> list[str]:
    """Issue the lowest `count` free numbers to a desk; returns them, in order. A book that goes on
    from a kit takes the highest: the old book may have issued from below after the kit was made.

    `request` names the request, so that repeating it returns the numbers it got the first time.
    Raises NumberUnavailable, issuing none, if the reserve holds fewer.
    """
    if count < 1 or not desk.strip():
        raise BadInput("issue-request-incomplete")
    filer = settings(BrokerSettings).filer_code
    if request and (known := _issued_by(journal, request, desk, count)):
        return known
    with journal.write(actor) as pen:
        serials = _next_free(pen, series, filer, count)
        numbers: list[str] = []
        for part, (first, last) in enumerate(_runs(serials)):
            offset = _offset_of(pen, series, filer, first)
            body = NumbersIssued(
                series=series, filer=filer, first=first, last=last, offset=offset, desk=desk, port=port
            )
            key = f"issue:{request}:{part}" if request else None
            if pen.append(body, f"numbers/{filer}", key) is None:
                raise Busy("number-request-just-fulfilled", request=request)
            numbers += printed_numbers(series, filer, first, last, offset)
    return numbers


def _issued_by(journal: Journal, request: str, desk: str, count: int) -> list[str]:
    numbers: list[str] = []
    for part in range(count):
        event = next(journal.events(key=f"issue:{request}:{part}"), None)
        if event is None:
            break
        said = event.said
        assert isinstance(said, NumbersIssued)
        if said.desk != desk:
            raise BadInput("number-request-of-other-desk", request=request, desk=said.desk)
        numbers += printed_numbers(said.series, said.filer, said.first, said.last, said.offset)
    return numbers


def _next_free(pen: Pen, series: str, filer: str, count: int) -> list[int]:
    column = NUMBERS.c
    continued = sa.select(EVENTS.c.seq).where(EVENTS.c.kind == JournalContinued.kind).limit(1)
    order = column.serial.desc() if pen.rows(continued) else column.serial
    query = (
        sa.select(column.serial)
        .where(column.series == series, column.filer == filer, column.state == "reserved")
        .where(column.number.not_in(_SEEN))
        .order_by(order)
        .limit(count)
    )
    serials = sorted(row.serial for row in pen.rows(query))
    if len(serials) < count:
        raise NumberUnavailable("reserve-too-small", serials_count=len(serials), series=series, count=count)
    return serials


_SEEN = sa.select(VIEWS.c.number).where(VIEWS.c.disposition.in_(HELD_BY_ACE))
"""What ACE showed, be it cancelled there since: a free one of these would be used twice."""


def _offset_of(pen: Pen, series: str, filer: str, serial: int) -> int:
    """The offset that the block was reserved with, which the settings may have left behind."""
    column = NUMBERS.c
    query = sa.select(column.number).where(column.series == series, column.filer == filer, column.serial == serial)
    number = pen.rows(query)[0].number
    plain = printed_numbers(series, filer, serial, serial)[0]
    return (int(number[-1]) - int(plain[-1])) % 10 if series == ENTRY_SERIES else 0


def _runs(serials: list[int]) -> list[tuple[int, int]]:
    runs: list[tuple[int, int]] = []
    for serial in serials:
        if runs and serial == runs[-1][1] + 1:
            runs[-1] = (runs[-1][0], serial)
        else:
            runs.append((serial, serial))
    return runs


def reserve_counts(journal: Journal, settings: Settings) -> list[ReserveCount]:
    """The reserve of each series, entry numbers first."""
    column = NUMBERS.c
    free = (column.state == "reserved") & column.number.in_(_SEEN)
    state = sa.case((free, "in ACE"), else_=column.state).label("state")
    query = sa.select(column.series, column.filer, state, sa.func.count().label("n")).group_by(
        column.series, column.filer, state
    )
    counts: dict[tuple[str, str], dict[str, int]] = {}
    for row in journal.rows(query):
        counts.setdefault((row.series, row.filer), {})[row.state] = row.n
    counts = counts or {(ENTRY_SERIES, settings(BrokerSettings).filer_code): {}}
    return [_standing(*key, by_state, settings) for key, by_state in sorted(counts.items())]


def _standing(series: str, filer: str, by_state: dict[str, int], settings: Settings) -> ReserveCount:
    free = by_state.get("reserved", 0)
    days = free / settings(NumberSettings).daily_volume
    return ReserveCount(
        series=series,
        filer=filer,
        free=free,
        at_desks=by_state.get("issued", 0),
        used=sum(n for state, n in by_state.items() if state not in ("reserved", "issued", "void")),
        void=by_state.get("void", 0),
        days_left=round(days, 1),
        alarm=days < settings(NumberSettings).alarm_days,
    )


def numbers_issued_to(journal: Journal, desk: str, series: str = ENTRY_SERIES) -> list[str]:
    """Numbers that a desk holds and has not used, in order."""
    column = NUMBERS.c
    query = (
        sa.select(column.number)
        .where(column.desk == desk, column.series == series, column.state == "issued")
        .order_by(column.serial)
    )
    return [row.number for row in journal.rows(query)]
