"""Clocks across weekends, federal holidays, daylight-saving changes and the year's end."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, strategies as st

from tasks.core.errors import BadInput
from tasks.incident.timeline.deadline_rules import (
    DEADLINES_FILE,
    WASHINGTON,
    Deadline,
    due_of,
    for_work,
    load_deadlines,
    shipped,
)
from tests.errors import refused

RULES = shipped()
ZONES = ("America/New_York", "America/Los_Angeles", "Pacific/Guam", "America/Puerto_Rico")
MOMENTS = st.datetimes(datetime(2024, 1, 1), datetime(2034, 12, 31)).map(
    lambda one: one.replace(tzinfo=UTC, microsecond=0)
)
DAYS = st.dates(date(2024, 1, 1), date(2034, 12, 31))


def nth(year: int, month: int, weekday: int, which: int) -> date:
    """The which-th weekday (Monday 0) of a month; -1 is its last."""
    days = [date(year, month, 1) + timedelta(n) for n in range(31)]
    found = [one for one in days if one.month == month and one.weekday() == weekday]
    return found[which - 1 if which > 0 else which]


def closed(day: date) -> bool:
    """Whether federal offices are closed, reckoned anew from 5 USC 6103."""
    year = day.year
    floating = {nth(year, 1, 0, 3), nth(year, 2, 0, 3), nth(year, 5, 0, -1), nth(year, 9, 0, 1),
                nth(year, 10, 0, 2), nth(year, 11, 3, 4)}  # fmt: skip
    fixed = [date(y, m, d) for y in (year, year + 1)
             for m, d in ((1, 1), (6, 19), (7, 4), (11, 11), (12, 25))]  # fmt: skip
    observed = {one - timedelta(1) if one.weekday() == 5 else
                one + timedelta(1) if one.weekday() == 6 else one for one in fixed}  # fmt: skip
    return day.weekday() > 4 or day in floating or day in observed


@given(MOMENTS, st.sampled_from(ZONES))
def test_seventy_two_hours_are_hours(moment: datetime, zone: str) -> None:
    """Weekends, holidays and the hour that the clocks skip or repeat change nothing."""
    there = moment.astimezone(ZoneInfo(zone))
    ends = due_of(RULES["BR72"], there)
    assert ends.at - moment == timedelta(hours=72) and ends.day is None
    assert ends.at.tzinfo is UTC


@given(MOMENTS)
def test_ten_business_days_after_the_notice(moment: datetime) -> None:
    ends = due_of(RULES["BR10"], moment)
    first, last = moment.astimezone(WASHINGTON).date(), ends.day
    assert last is not None and not closed(last)
    between = [first + timedelta(n) for n in range(1, (last - first).days + 1)]
    assert sum(not closed(day) for day in between) == 10
    assert ends.at.astimezone(WASHINGTON).replace(tzinfo=None) == datetime(last.year, last.month, last.day) + timedelta(
        days=1
    )


@given(DAYS)
def test_days_end_when_washington_says(day: date) -> None:
    ends = due_of(RULES["ENT15"], day)
    assert ends.day == day + timedelta(days=15)
    assert ends.at.astimezone(WASHINGTON).hour == 0
    assert ends.at - due_of(RULES["UNANSWERED"], day).at in {timedelta(days=15, hours=h) for h in (-1, 0, 1)}


@given(DAYS)
def test_the_statement_is_due_on_a_working_day_of_the_next_month(day: date) -> None:
    last = due_of(RULES["PMS15"], day).day
    assert last is not None and not closed(last)
    assert (last.year * 12 + last.month) - (day.year * 12 + day.month) == 1
    first = last.replace(day=1)
    assert sum(not closed(first + timedelta(n)) for n in range((last - first).days + 1)) == 15


@given(MOMENTS, st.integers(0, 100))
def test_later_starts_are_never_due_earlier(moment: datetime, hours: int) -> None:
    for rule in RULES.values():
        assert due_of(rule, moment).at <= due_of(rule, moment + timedelta(hours=hours)).at, rule.id


@pytest.mark.parametrize(
    ("rule", "start", "day"),
    [
        ("SUM10", date(2026, 11, 24), date(2026, 12, 9)),  # Thanksgiving lies between
        ("SUM10", date(2026, 12, 18), date(2027, 1, 5)),  # Christmas, and New Year over the year's end
        ("SUM10", date(2027, 6, 17), date(2027, 7, 2)),  # Juneteenth on a Saturday, Friday is closed
        ("BR10", datetime(2026, 12, 31, 23, 30, tzinfo=WASHINGTON), date(2027, 1, 15)),
        ("BR10", datetime(2027, 1, 1, 4, 30, tzinfo=UTC), date(2027, 1, 15)),  # still 31 December there
        ("TIB", date(2028, 2, 29), date(2029, 2, 28)),
        ("PMS15", date(2026, 12, 31), date(2027, 1, 25)),
        ("INB2", date(2026, 11, 25), date(2026, 11, 30)),
    ],
)  # fmt: skip
def test_days_worked_out_by_hand(rule: str, start: date, day: date) -> None:
    assert due_of(RULES[rule], start).day == day


def test_hours_through_a_change_of_the_clocks() -> None:
    """Friday 22:00 before the clocks go back ends on Monday at 21:00 by the wall."""
    friday = datetime(2026, 10, 30, 22, tzinfo=WASHINGTON)
    ends = due_of(RULES["BR72"], friday).at.astimezone(WASHINGTON)
    assert (ends.weekday(), ends.hour) == (0, 21)
    lading = datetime(2027, 3, 14, 12, tzinfo=WASHINGTON)
    assert due_of(RULES["ISF"], lading).at.astimezone(WASHINGTON).hour == 11


@pytest.mark.parametrize(
    ("kind", "entry_type", "mode", "expected"),
    [
        ("summary", "01", "", ["SUM10"]),
        ("summary", "02", "", ["QUOTA"]),
        ("summary", "38", "", ["WITHDRAW"]),
        ("summary", "23", "", ["SUM10"]),
        ("prior-notice", "", "30", ["FDAPN-ROAD"]),
        ("prior-notice", "", "40", ["FDAPN-AIR-RAIL"]),
        ("prior-notice", "", "", ["FDAPN"]),
        ("nothing", "", "", []),
    ],
)  # fmt: skip
def test_the_rule_of_the_entry_type_goes_first(kind: str, entry_type: str, mode: str, expected: list[str]) -> None:
    assert [one.id for one in for_work(RULES, kind, entry_type, mode)] == expected


def test_a_broker_changes_a_deadline(tmp_path: Path) -> None:
    own = '[[deadline]]\nid = "SUM10"\nwhat = "x"\nstarts = "x"\nworking_days = 8\n'
    own += 'work = ["summary"]\nsource = "our bond"\nmark = "G"\nreplaces = true\n'
    (tmp_path / DEADLINES_FILE).write_text(own)
    assert due_of(load_deadlines(tmp_path)["SUM10"], date(2026, 11, 24)).day == date(2026, 12, 7)
    assert len(load_deadlines(tmp_path)) == len(RULES)


def test_faults_are_named_by_line(tmp_path: Path) -> None:
    own = '[[deadline]]\nid = "SUM10"\nwhat = "x"\nstarts = "x"\ndays = 1\nhours = 2\nsource = "x"\n'
    own += 'mark = "Z"\ncolour = "red"\n\n[[deadline]]\nid = "bad id"\n'
    (tmp_path / DEADLINES_FILE).write_text(own)
    with refused("toml-file-invalid", BadInput) as caught:
        load_deadlines(tmp_path)
    found = {(one.file.partition(", line ")[2], one.column, one.code) for one in caught.problems}
    assert {("8", "deadline.mark", "toml-value-invalid"), ("9", "deadline.colour", "toml-key-unknown"),
            ("12", "deadline.id", "toml-value-invalid")} <= found  # fmt: skip
    (tmp_path / DEADLINES_FILE).write_text('title = "x"\n[[deadline\n')
    with refused("toml-file-invalid", BadInput) as caught:
        load_deadlines(tmp_path)
    assert caught.codes == ["toml-syntax-invalid"]
    assert caught.problems[0].file.endswith("line 2")


def test_every_rule_says_where_it_comes_from() -> None:
    assert len(RULES) >= 22
    for rule in RULES.values():
        assert isinstance(rule, Deadline) and rule.source and rule.mark in "PSWG"
    types = {one for rule in RULES.values() for one in rule.entry_types}
    from tasks.entries.record.code_lists import code_meanings

    assert types <= code_meanings("entry_type").keys()
