"""The dates of a year, open terms and those after them if each is done on its last day, and their PDF: one page
with three months side by side, then the particulars of each date.

Duties as calendar files (RFC 5545): an all-day event each, with a constant UID, so that calendars update it.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from hashlib import sha256
from itertools import islice, zip_longest
from typing import Any

from tasks.core import clock
from tasks.core.journal.journal import is_drill
from tasks.core.settings import BrokerSettings
from tasks.core.status_lines import RED
from tasks.documents.api import INNER_WIDTH, PageFrame, Paper, PaperColumn
from tasks.duties.status import status_line
from tasks.duties.term_schedule import DutyState, add_period
from tasks.workspace import Workspace

Entry = tuple[str, date, str]
"""UID, day, title."""


def calendar_file(
    states: Sequence[DutyState], filer: str, later_terms: Sequence[tuple[DutyState, int, date]] = ()
) -> bytes:
    """The open terms, and `later_terms` as (state, how many terms on, last day)."""
    from icalendar import Calendar

    calendar = _filled(Calendar(), prodid="-//Broker Continuity//duties//EN", version="2.0", method="PUBLISH")
    for state in states:
        for uid, day, title in calendar_events(state, filer):
            calendar.add_component(_event(state, uid, day, title))
    for state, ahead, day in later_terms:
        uid = uid_of(state, filer, f"+{ahead}")
        title = f"{state.title} (if done on its day before)"
        calendar.add_component(_event(state, uid, day, title))
    return calendar.to_ical()


def calendar_events(state: DutyState, filer: str) -> Iterator[Entry]:
    """The days of an open term."""
    if state.submit_by:
        title = f"Submit: {state.title}"
        yield uid_of(state, filer, "submit"), state.submit_by, title
        yield uid_of(state, filer), state.due, f"Ends: {state.title}"
    else:
        yield uid_of(state, filer), state.due, f"Due: {state.title}"


def uid_of(state: DutyState, filer: str, part: str = "") -> str:
    """The same for every term: `isa-submit@abc.continuity`. An item's name is hashed in it."""
    item_part = f"-{sha256(state.item.encode()).hexdigest()[:12]}" if state.item else ""
    suffix = f"-{part}" if part else ""
    return f"{state.duty.id}{item_part}{suffix}@{filer.lower()}.continuity"


def _filled(component: Any, **properties: object) -> Any:
    """An icalendar component with these properties."""
    for name, value in properties.items():
        component.add(name.replace("_", "-"), value)
    return component


def _event(state: DutyState, uid: str, day: date, title: str) -> Any:
    from icalendar import Alarm, Event

    duty = state.duty
    confidence = f"[{duty.mark}]"
    suffix = "" if confidence in duty.source else f" {confidence}"
    event = _filled(
        Event(),
        uid=uid,
        sequence=state.seq,
        dtstamp=clock.now(),
        last_modified=clock.now(),
        dtstart=day,
        dtend=day + timedelta(days=1),
        summary=title,
        description=f"Proof: {duty.proof}\nRule: {duty.source}{suffix}",
        categories=[duty.about],
        transp="TRANSPARENT",
    )
    event.add_component(_filled(Alarm(), action="DISPLAY", description=title, trigger=timedelta(days=-1)))
    return event


_COLUMNS = (
    PaperColumn("Date", 27),
    PaperColumn("Duty", 110),
    PaperColumn("Owner", 26),
    PaperColumn("Counts as proof", INNER_WIDTH - 173),
    PaperColumn("Rule", 10),
)
_MARKS = (
    "Rule: P read in CBP's own text, S reliable secondary source, W weak source, G general knowledge or "
    "our default (verify W and G before relying on them). Days with a star, or in brackets, hold if the "
    "term before is done on its last day. Weekly duties that the house does itself are not shown."
)


def render_year(workspace: Workspace, days: Sequence[YearDate], year: int) -> bytes:
    """The PDF. Raises MissingPart without fpdf2 or its fonts."""
    broker, head = workspace.settings(BrokerSettings), workspace.journal.head()
    paper = Paper(
        PageFrame(
            title=f"Recurring duties {year}",
            left=f"{broker.name} · filer {broker.filer_code} · licence {broker.licence or 'not set'}",
            right=f"recurring duties {year}",
            foot=f"Made {clock.text()[:16]}Z from the book at event {head.seq}, {head.digest[:12]}",
            mark="DRILL" if is_drill(workspace.journal) else "",
            made=clock.now(),
        )
    )
    paper.page()
    paper.title(f"Recurring duties {year}")
    _month_tables(paper, days, year)
    paper.text(_MARKS, 7.5)
    paper.page()
    for month in range(1, 13):
        if month_dates := [entry for entry in days if entry.day.month == month]:
            paper.heading(f"{date(year, month, 1):%B}")
            rows = [_row(entry, workspace.today()) for entry in month_dates]
            paper.table(_COLUMNS, rows, 8, red=lambda row: row[0].endswith("!"))
    if not days:
        paper.text("No duty falls into this year.")
    return paper.bytes()


def _month_tables(paper: Paper, days: Sequence[YearDate], year: int) -> None:
    """The first page. What recurs each month is listed once, under it."""
    monthly = {entry.state.name: entry for entry in days if _is_monthly(entry)}
    for first in (1, 4, 7, 10):
        months = range(first, first + 3)
        lists = [
            [_short(entry) for entry in days if entry.day.month == month and not _is_monthly(entry)] for month in months
        ]
        columns = [PaperColumn(f"{date(year, month, 1):%B}", INNER_WIDTH / 3) for month in months]
        paper.table(columns, list(zip_longest(*lists, fillvalue="")), 7.5)
    if monthly:
        names = ", ".join(sorted(monthly))
        paper.text(f"Each month besides: {names}", 8)


def _is_monthly(entry: YearDate) -> bool:
    period = entry.state.duty.every
    return period is not None and period.months == 1


def _short(entry: YearDate) -> str:
    action = "submit " if entry.what == "submit" else ""
    suffix = f" [{entry.state.duty.mark}]" if entry.state.duty.mark in ("W", "G") else ""
    return f"{entry.day:%a %d}  {action}{entry.state.name}{suffix}{' *' if entry.ahead else ''}"


def _row(entry: YearDate, today: date) -> list[str]:
    state, duty = entry.state, entry.state.duty
    day = f"{entry.day:%a %d}"
    if entry.ahead:
        day = f"({day})"
    elif status_line(state, today).light == RED:
        day += " !"
    title = f"Submit: {state.title}" if entry.what == "submit" else state.title
    return [day, title, duty.owner, duty.proof, duty.mark]


AT_LEAST_DAYS = 28
"""Shorter cadences are automatic, and would fill every week of a page."""


@dataclass(frozen=True)
class YearDate:
    """One date of a duty: `what` is due, or submit. `ahead`: how many terms on it lies."""

    state: DutyState
    day: date
    what: str
    ahead: int = 0


def year_dates(states: Sequence[DutyState], year: int) -> list[YearDate]:
    """All dates in a year, in order, without duties whose cadence is shorter than AT_LEAST_DAYS."""
    days = [entry for state in states if _is_listed(state) for entry in _dates(state, year)]
    return sorted((entry for entry in days if entry.day.year == year), key=lambda entry: (entry.day, entry.state.name))


def _is_listed(state: DutyState) -> bool:
    period = state.duty.every
    return period is None or period.months > 0 or period.days >= AT_LEAST_DAYS


def _dates(state: DutyState, year: int) -> Iterator[YearDate]:
    if state.submit_by:
        yield YearDate(state, state.submit_by, "submit")
    for ahead, day in enumerate(islice(_due_days(state), 400)):
        if day.year > year:
            return
        yield YearDate(state, day, "due", ahead)


def _due_days(state: DutyState) -> Iterator[date]:
    day = state.due
    yield day
    while state.duty.every:
        day = add_period(day, state.duty.every)
        yield day
