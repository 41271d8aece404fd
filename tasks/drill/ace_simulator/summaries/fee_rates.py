"""Fees and business days as the simulator reckons them.

The amounts come from the dated tables that the writer reads too (`data/ace/fees.csv`,
`fee_exemptions.csv`). The order of days, the sums and the calendar are the simulator's own.
Amounts are whole cents.
"""

from __future__ import annotations

import csv
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import ROUND_HALF_UP, Decimal
from functools import cache
from importlib.resources import files

DE_MINIMIS = 300
"""HMF up to this, in cents, is not submitted if nothing else is due (ESF p.162)."""


@dataclass(frozen=True, slots=True)
class FeePeriod:
    """What a fee was in one period. Cents; `per_million` of the value."""

    per_million: int
    amount: int
    minimum: int
    maximum: int


def fee_period(fee: str, day: date) -> FeePeriod | None:
    """A fee's rate on a day; None where the table has no period for it."""
    for row in _table("fees.csv"):
        if row["fee"] == fee and _within(row, day):
            return FeePeriod(
                int(row["per_million"] or 0), *(_cents(row[name]) for name in ("amount", "minimum", "maximum"))
            )
    return None


def is_fee_exempt(fee: str, kind: str, code: str, day: date) -> bool:
    """Whether `code` (an entry type, origin, program, chapter ...) pays no such fee on a day."""
    return any(
        row["fee"] == fee and row["kind"] == kind and row["code"] == code and _within(row, day)
        for row in _table("fee_exemptions.csv")
    )


def fee_share(per_million: int, value: int) -> int:
    """A rate of a value in whole dollars, as cents, rounded half up (ESF p.186)."""
    exact = Decimal(per_million) * value / Decimal(10_000)
    return int(exact.quantize(Decimal(1), rounding=ROUND_HALF_UP))


def _within(row: dict[str, str], day: date) -> bool:
    first, last = row["first"], row["last"]
    return (not first or date.fromisoformat(first) <= day) and (not last or day <= date.fromisoformat(last))


def _cents(text: str) -> int:
    return int(Decimal(text) * 100) if text else 0


@cache
def _table(name: str) -> tuple[dict[str, str], ...]:
    text = (files("continuity_data") / "ace" / name).read_text(encoding="utf-8")
    return tuple(csv.DictReader(text.splitlines()))


def is_business_day(day: date) -> bool:
    """No Saturday, Sunday or federal holiday (5 USC 6103), nor its day in lieu."""
    return day.weekday() < 5 and day not in _holidays(day.year)


def business_days_after(day: date, count: int) -> date:
    while count:
        day += timedelta(days=1)
        count -= is_business_day(day)
    return day


@cache
def _holidays(year: int) -> frozenset[date]:
    fixed = [(1, 1), (6, 19), (7, 4), (11, 11), (12, 25)]
    days = [_in_lieu(date(year, month, day)) for month, day in fixed]
    days.append(_in_lieu(date(year + 1, 1, 1)))
    mondays = [(1, 3), (2, 3), (9, 1), (10, 2)]
    days += [_nth(year, month, 0, count) for month, count in mondays]
    days.append(_nth(year, 6, 0, 1) - timedelta(days=7))
    days.append(_nth(year, 11, 3, 4))
    return frozenset(days)


def _in_lieu(day: date) -> date:
    return day + timedelta(days={5: -1, 6: 1}.get(day.weekday(), 0))


def _nth(year: int, month: int, weekday: int, count: int) -> date:
    first = date(year, month, 1)
    return first + timedelta(days=(weekday - first.weekday()) % 7 + 7 * (count - 1))
