"""Days on which a statement can be printed: no weekend, no federal holiday, in CBP's window.

AE 2026-07 p.174-176; errors 204 (weekend, holiday; local holidays too), 205 (at least one
business day ahead), 206 (at most 90 days), 218 (not before the estimated entry date).
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, timedelta
from functools import cache

AHEAD = 90
"""Most days from sending to the statement (error 206)."""

DUE = 10
"""Working days from entry to summary and duty (19 CFR 142.12(b))."""

MONTHLY_DAY = 15
"""Working day of the following month that a monthly statement is paid by (periodic monthly)."""


@cache
def federal_holidays(year: int) -> frozenset[date]:
    """The federal holidays of a year, with the days on which they are observed."""
    import holidays

    return frozenset(holidays.country_holidays("US", years=(year, year + 1)))


@dataclass(frozen=True)
class Calendar:
    """Working days of a port. `closed`: further days without a statement, such as local holidays."""

    closed: frozenset[date] = frozenset()

    def open(self, day: date) -> bool:
        """Whether a statement can be printed on the day."""
        return (
            day.weekday() < 5 and day not in self.closed and day not in federal_holidays(day.year)
        )

    def on_or_after(self, day: date) -> date:
        while not self.open(day):
            day += timedelta(days=1)
        return day

    def after(self, day: date, working: int = 1) -> date:
        """The nth working day after a day."""
        for _ in range(working):
            day = self.on_or_after(day + timedelta(days=1))
        return day

    def window(self, sent: date) -> tuple[date, date]:
        """First and last day that a summary sent on a day can name."""
        return self.after(sent), sent + timedelta(days=AHEAD)

    def days(self, first: date, last: date) -> Iterable[date]:
        """The open days from first to last, both included."""
        day = self.on_or_after(first)
        while day <= last:
            yield day
            day = self.after(day)

    def working_day(self, year: int, month: int, number: int) -> date:
        """The nth working day of a month."""
        return self.after(date(year, month, 1) - timedelta(days=1), number)
