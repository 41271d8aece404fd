"""The one calendar: U.S. federal working days, and dates that are moved by months.

Working day: Monday to Friday, no federal holiday (5 USC 6103), nor the day on which one is observed.
"""

from __future__ import annotations

from calendar import monthrange
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, timedelta
from functools import cache


@cache
def federal_holidays(year: int) -> frozenset[date]:
    """The federal holidays of a year, with the days on which they are observed."""
    import holidays

    return frozenset(holidays.country_holidays("US", years=(year, year + 1)))


@dataclass(frozen=True)
class Calendar:
    """Working days. `closed`: further days that do not count, such as a port's local holidays."""

    closed: frozenset[date] = frozenset()

    def open(self, day: date) -> bool:
        """Whether this is a working day."""
        return day.weekday() < 5 and day not in self.closed and day not in federal_holidays(day.year)

    def on_or_after(self, day: date) -> date:
        while not self.open(day):
            day += timedelta(days=1)
        return day

    def on_or_before(self, day: date) -> date:
        while not self.open(day):
            day -= timedelta(days=1)
        return day

    def after(self, day: date, working: int = 1) -> date:
        """The nth working day after a day."""
        for _ in range(working):
            day = self.on_or_after(day + timedelta(days=1))
        return day

    def days(self, first: date, last: date) -> Iterable[date]:
        """The open days from first to last, both included."""
        day = self.on_or_after(first)
        while day <= last:
            yield day
            day = self.after(day)

    def working_day(self, year: int, month: int, number: int) -> date:
        """The nth working day of a month."""
        return self.after(date(year, month, 1) - timedelta(days=1), number)


def months_after(day: date, months: int) -> date:
    """The same day of the month so many months on; where there is none, the month's last.

    29 February and twelve months is 28 February: a term never ends later than its anniversary.
    """
    year, month = divmod(day.year * 12 + day.month - 1 + months, 12)
    return date(year, month + 1, min(day.day, monthrange(year, month + 1)[1]))
