"""The year's dates on paper: one page to hang on the wall, three months side by side, and the
particulars of each date behind it."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from itertools import zip_longest

from tasks.duties.readiness import line
from tasks.duties.year import Day
from tasks.shared import clock
from tasks.shared.board import RED
from tasks.shared.journal import is_drill
from tasks.shared.paper import INNER, Column, Frame, Paper
from tasks.workspace import Workspace

_COLUMNS = (
    Column("Day", 27), Column("Duty", 110), Column("Owner", 26), Column("Counts as proof", INNER - 173),
    Column("Rule", 10),
)  # fmt: skip
_MARKS = (
    "Rule: P read in CBP's own text, S reliable secondary source, W weak source, G general knowledge or "
    "our default (verify W and G before relying on them). Days with a star, or in brackets, hold if the "
    "term before is done on its last day. Weekly duties that the house does itself are not shown."
)


def render(workspace: Workspace, days: Sequence[Day], year: int) -> bytes:
    """The PDF. Raises MissingPart without fpdf2 or its fonts."""
    broker, head = workspace.settings.broker, workspace.journal.head()
    paper = Paper(
        Frame(
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


def _wall(paper: Paper, days: Sequence[Day], year: int) -> None:
    """The page itself. What recurs each month stands once, under it."""
    monthly = {one.standing.name: one for one in days if _is_monthly(one)}
    for first in (1, 4, 7, 10):
        months = range(first, first + 3)
        lists = [
            [_short(one) for one in days if one.day.month == month and not _is_monthly(one)]
            for month in months
        ]
        columns = [Column(f"{date(year, month, 1):%B}", INNER / 3) for month in months]
        paper.table(columns, list(zip_longest(*lists, fillvalue="")), 7.5)
    if monthly:
        names = ", ".join(sorted(monthly))
        paper.text(f"Each month besides: {names}", 8)


def _is_monthly(one: Day) -> bool:
    every = one.standing.duty.every
    return every is not None and every.months == 1


def _short(one: Day) -> str:
    what = "submit " if one.what == "submit" else ""
    mark = f" [{one.standing.duty.mark}]" if one.standing.duty.mark in ("W", "G") else ""
    return f"{one.day:%a %d}  {what}{one.standing.name}{mark}{' *' if one.ahead else ''}"


def _row(one: Day, today: date) -> list[str]:
    standing, duty = one.standing, one.standing.duty
    day = f"{one.day:%a %d}"
    if one.ahead:
        day = f"({day})"
    elif line(standing, today).light == RED:
        day += " !"
    what = f"Submit: {standing.title}" if one.what == "submit" else standing.title
    return [day, what, duty.owner, duty.proof, duty.mark]
