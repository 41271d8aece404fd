"""The days of a year: open terms, and the terms after them if each is done on its last day."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from itertools import islice

from tasks.duties.terms import Standing, add

AT_LEAST_DAYS = 28
"""Cadences shorter than this are the house's own work, and would fill every week of a page."""


@dataclass(frozen=True)
class Day:
    """One date of a duty: `what` is due, or submit. `ahead`: how many terms on it lies."""

    standing: Standing
    day: date
    what: str
    ahead: int = 0


def year_of(found: Sequence[Standing], year: int) -> list[Day]:
    """All dates in a year, in order. Watched duties and those of days' cadence are left out."""
    days = [one for standing in found if _shown(standing) for one in _days(standing, year)]
    return sorted(
        (one for one in days if one.day.year == year), key=lambda one: (one.day, one.standing.name)
    )


def _shown(standing: Standing) -> bool:
    every = standing.duty.every
    return every is None or every.months > 0 or every.days >= AT_LEAST_DAYS


def _days(standing: Standing, year: int) -> Iterator[Day]:
    if standing.submit_by:
        yield Day(standing, standing.submit_by, "submit")
    for ahead, day in enumerate(islice(_ends(standing), 400)):
        if day.year > year:
            return
        yield Day(standing, day, "due", ahead)


def _ends(standing: Standing) -> Iterator[date]:
    day = standing.due
    yield day
    while standing.duty.every:
        day = add(day, standing.duty.every)
        yield day
