"""The days of a year: open terms, and the terms after them if each is done on its last day.

The year's dates on paper: one page to hang on the wall, three months side by side, and the
particulars of each date behind it.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from itertools import islice, zip_longest

from tasks.core import clock
from tasks.core.journal.journal import is_drill
from tasks.core.settings import BrokerSettings
from tasks.core.status_lines import RED
from tasks.documents.api import INNER_WIDTH, PageFrame, Paper, PaperColumn
from tasks.duties.status import status_line
from tasks.duties.term_schedule import DutyState, add_period
from tasks.workspace import Workspace

_COLUMNS = (
    PaperColumn("YearDate", 27),
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
    _wall(paper, days, year)
    paper.text(_MARKS, 7.5)
    paper.page()
    for month in range(1, 13):
        if own := [one for one in days if one.day.month == month]:
            paper.heading(f"{date(year, month, 1):%B}")
            rows = [_row(one, workspace.today()) for one in own]
            paper.table(_COLUMNS, rows, 8, red=lambda row: row[0].endswith("!"))
    if not days:
        paper.text("No duty falls into this year.")
    return paper.bytes()


def _wall(paper: Paper, days: Sequence[YearDate], year: int) -> None:
    """The page itself. What recurs each month stands once, under it."""
    monthly = {one.standing.name: one for one in days if _is_monthly(one)}
    for first in (1, 4, 7, 10):
        months = range(first, first + 3)
        lists = [[_short(one) for one in days if one.day.month == month and not _is_monthly(one)] for month in months]
        columns = [PaperColumn(f"{date(year, month, 1):%B}", INNER_WIDTH / 3) for month in months]
        paper.table(columns, list(zip_longest(*lists, fillvalue="")), 7.5)
    if monthly:
        names = ", ".join(sorted(monthly))
        paper.text(f"Each month besides: {names}", 8)


def _is_monthly(one: YearDate) -> bool:
    every = one.standing.duty.every
    return every is not None and every.months == 1


def _short(one: YearDate) -> str:
    what = "submit " if one.what == "submit" else ""
    mark = f" [{one.standing.duty.mark}]" if one.standing.duty.mark in ("W", "G") else ""
    return f"{one.day:%a %d}  {what}{one.standing.name}{mark}{' *' if one.ahead else ''}"


def _row(one: YearDate, today: date) -> list[str]:
    standing, duty = one.standing, one.standing.duty
    day = f"{one.day:%a %d}"
    if one.ahead:
        day = f"({day})"
    elif status_line(standing, today).light == RED:
        day += " !"
    what = f"Submit: {standing.title}" if one.what == "submit" else standing.title
    return [day, what, duty.owner, duty.proof, duty.mark]


AT_LEAST_DAYS = 28
"""Cadences shorter than this are the house's own work, and would fill every week of a page."""


@dataclass(frozen=True)
class YearDate:
    """One date of a duty: `what` is due, or submit. `ahead`: how many terms on it lies."""

    standing: DutyState
    day: date
    what: str
    ahead: int = 0


def year_dates(found: Sequence[DutyState], year: int) -> list[YearDate]:
    """All dates in a year, in order. Watched duties and those of days' cadence are left out."""
    days = [one for standing in found if _shown(standing) for one in _days(standing, year)]
    return sorted((one for one in days if one.day.year == year), key=lambda one: (one.day, one.standing.name))


def _shown(standing: DutyState) -> bool:
    every = standing.duty.every
    return every is None or every.months > 0 or every.days >= AT_LEAST_DAYS


def _days(standing: DutyState, year: int) -> Iterator[YearDate]:
    if standing.submit_by:
        yield YearDate(standing, standing.submit_by, "submit")
    for ahead, day in enumerate(islice(_ends(standing), 400)):
        if day.year > year:
            return
        yield YearDate(standing, day, "due", ahead)


def _ends(standing: DutyState) -> Iterator[date]:
    day = standing.due
    yield day
    while standing.duty.every:
        day = add_period(day, standing.duty.every)
        yield day
