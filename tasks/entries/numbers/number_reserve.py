"""The reserve of entry and in-bond numbers: reserved once, issued once, never back to free.

Each step is one event for a block, appended under the writer's lock; the projection's constraints
make a second use of a number impossible, whoever writes.
"""

from __future__ import annotations

from dataclasses import dataclass

import sqlalchemy as sa
from sqlalchemy.exc import IntegrityError

from tasks.core.errors import BadInput, Busy, NumberUnavailable
from tasks.core.journal.events import JournalContinued
from tasks.core.journal.journal import Journal, Pen
from tasks.core.journal.store import EVENTS
from tasks.core.settings import BrokerSettings, Settings
from tasks.entries.events import NumbersIssued, NumbersReserved
from tasks.entries.numbers.entry_numbers import ENTRY_SERIES, MAX_SERIALS, printed_numbers
from tasks.entries.settings import NumberSettings
from tasks.entries.tables import HELD_BY_ACE, NUMBERS, VIEWS


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
    except IntegrityError:
        raise NumberUnavailable("number-already-reserved", first=first, last=last) from None
    low, high = (printed_numbers(series, filer, serial, serial, offset)[0] for serial in (first, last))
    return low, high


def _require_range(settings: Settings, series: str, first: int, last: int, range_check: str) -> None:
    if series not in MAX_SERIALS:
        raise BadInput("number-series-unknown", series=series)
    if not 0 <= first <= last <= MAX_SERIALS[series]:
        raise BadInput("serials-out-of-range", first=first, last=last, last2=MAX_SERIALS[series])
    if not range_check.strip():
        raise BadInput("range-check-person-missing")
    number_settings = settings(NumberSettings)
    if series == ENTRY_SERIES and first <= number_settings.production_last and last >= number_settings.production_first:
        raise BadInput(
            "serials-in-production-range",
            first=first,
            last=last,
            production_first=number_settings.production_first,
            production_last=number_settings.production_last,
        )


def _offset(settings: Settings, series: str) -> int:
    return settings(NumberSettings).check_digit_offset if series == ENTRY_SERIES else 0


def issue_block(
    journal: Journal, settings: Settings, series: str, count: int, desk: str, port: str, actor: str, request: str = ""
) -> list[str]:
    """Issue the lowest `count` free numbers to a desk; returns them, in order. A journal continued from a kit
    takes the highest: the old journal may have issued from below after the kit was made.

    `request` names the request, so that repeating it returns the numbers it got the first time.
    Raises NumberUnavailable, issuing none, if the reserve holds fewer.
    """
    if count < 1 or not desk.strip():
        raise BadInput("issue-request-incomplete")
    filer = settings(BrokerSettings).filer_code
    if request and (issued_before := _issued_by(journal, request, desk, count)):
        return issued_before
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
        body = event.said
        assert isinstance(body, NumbersIssued)
        if body.desk != desk:
            raise BadInput("number-request-of-other-desk", request=request, desk=body.desk)
        numbers += printed_numbers(body.series, body.filer, body.first, body.last, body.offset)
    return numbers


def _next_free(pen: Pen, series: str, filer: str, count: int) -> list[int]:
    column = NUMBERS.c
    continued = sa.select(EVENTS.c.seq).where(EVENTS.c.kind == JournalContinued.kind).limit(1)
    order = column.serial.desc() if pen.rows(continued) else column.serial
    query = (
        sa.select(column.serial)
        .where(column.series == series, column.filer == filer, column.state == "reserved")
        .where(column.number.not_in(_KNOWN_TO_ACE))
        .order_by(order)
        .limit(count)
    )
    serials = sorted(row.serial for row in pen.rows(query))
    if len(serials) < count:
        raise NumberUnavailable("reserve-too-small", serials_count=len(serials), series=series, count=count)
    return serials


_KNOWN_TO_ACE = sa.select(VIEWS.c.number).where(VIEWS.c.disposition.in_(HELD_BY_ACE))
"""Numbers that ACE has or had: a free one of these would be used twice."""


def _offset_of(pen: Pen, series: str, filer: str, serial: int) -> int:
    """The offset that the block was reserved with; the settings may have changed since."""
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
    free = (column.state == "reserved") & column.number.in_(_KNOWN_TO_ACE)
    state = sa.case((free, "in ACE"), else_=column.state).label("state")
    query = sa.select(column.series, column.filer, state, sa.func.count().label("n")).group_by(
        column.series, column.filer, state
    )
    counts: dict[tuple[str, str], dict[str, int]] = {}
    for row in journal.rows(query):
        counts.setdefault((row.series, row.filer), {})[row.state] = row.n
    counts = counts or {(ENTRY_SERIES, settings(BrokerSettings).filer_code): {}}
    return [_reserve_count(*key, by_state, settings) for key, by_state in sorted(counts.items())]


def _reserve_count(series: str, filer: str, by_state: dict[str, int], settings: Settings) -> ReserveCount:
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
