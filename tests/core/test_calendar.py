from __future__ import annotations

from datetime import date, timedelta

import pytest
from hypothesis import given, strategies as st

from tasks.core.calendar import Calendar, months_after
from tasks.drill.ace_simulator.summaries.fee_rates import is_business_day

DAYS = st.dates(date(2021, 7, 1), date(2040, 12, 31))


@given(DAYS)
def test_the_library_agrees_with_the_law(day: date) -> None:
    """The stand-in reckons the holidays of 5 USC 6103 by itself."""
    assert Calendar().open(day) == is_business_day(day)


@given(DAYS)
def test_on_or_before_and_after_are_open_and_near(day: date) -> None:
    before, after = Calendar().on_or_before(day), Calendar().on_or_after(day)
    assert Calendar().open(before) and Calendar().open(after)
    assert timedelta() <= day - before < timedelta(5) and timedelta() <= after - day < timedelta(5)


@pytest.mark.parametrize(
    ("day", "months", "then"),
    [
        (date(2024, 2, 29), 36, date(2027, 2, 28)),
        (date(2024, 2, 29), 48, date(2028, 2, 29)),
        (date(2026, 1, 31), 1, date(2026, 2, 28)),
        (date(2026, 11, 30), 3, date(2027, 2, 28)),
        (date(2026, 12, 15), 1, date(2027, 1, 15)),
    ],
)
def test_months_end_where_the_month_does(day: date, months: int, then: date) -> None:
    assert months_after(day, months) == then
