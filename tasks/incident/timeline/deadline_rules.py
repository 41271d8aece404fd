"""Deadlines as data: when a thing is due that began at a moment or on a day.

Hours are hours of the sun, through nights, weekends and daylight-saving changes. Days are Washington's,
where CBP counts them, and last until midnight there.
"""

from __future__ import annotations

import datetime
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, date, timedelta
from functools import cache
from pathlib import Path
from typing import Annotated
from zoneinfo import ZoneInfo

from pydantic import Field, model_validator

from tasks.core.calendar import Calendar, months_after
from tasks.incident import toml_data
from tasks.incident.toml_data import Mark, TomlTable, Words, merge_tables, parse_table, shipped_text, toml_error

DEADLINES_FILE = "deadlines.toml"
WASHINGTON = ZoneInfo("America/New_York")
Moment = datetime.datetime
Start = datetime.datetime | date
Count = Annotated[int, Field(ge=0, le=4000, strict=True)]
_UNITS = ("hours", "hours_before", "days", "months", "working_days", "month_working_day")


class Deadline(TomlTable):
    """One rule. Exactly one unit is set; `starts` says in words what it counts from."""

    id: Annotated[str, Field(pattern=r"^[A-Z0-9][A-Z0-9+-]{1,19}$")]
    what: Words
    starts: Words
    hours: Count | None = None
    hours_before: Count | None = None
    days: Count | None = None
    months: Count | None = None
    working_days: Count | None = None
    month_working_day: Annotated[int, Field(ge=1, le=18, strict=True)] | None = None
    at_once: bool = False
    work: tuple[str, ...] = ()
    entry_types: tuple[Annotated[str, Field(pattern=r"^\d{2}$")], ...] = ()
    modes: tuple[Annotated[str, Field(pattern=r"^\d{2}$")], ...] = ()
    met_by: str = ""
    source: Words
    mark: Mark
    replaces: bool = False

    @model_validator(mode="after")
    def _one_unit(self) -> Deadline:
        units = [name for name in _UNITS if getattr(self, name) is not None]
        if len(units) + self.at_once != 1:
            raise toml_error(code="deadline-unit-not-single", values={"units": ", ".join((*_UNITS, "at_once"))})
        return self

    @property
    def rule(self) -> str:
        """The rule's words with the mark of one that is to be verified."""
        return f"{self.source} [{self.mark}]"


class _DeadlineFile(TomlTable):
    title: str = ""
    source: str = ""
    dated: date | None = None
    deadline: tuple[Deadline, ...] = ()


@dataclass(frozen=True)
class Due:
    """When: a moment in UTC. `day`: the last day, in Washington, where the rule counts days."""

    at: Moment
    day: date | None = None


def due_of(rule: Deadline, start: Start) -> Due:
    """When a thing is due that began at `start`, a moment with a zone or a day.

    A day stands for its first moment where hours are counted, so that nothing is due too late.
    """
    if rule.at_once:
        return Due(_moment(start))
    if rule.hours is not None:
        return Due(_moment(start) + timedelta(hours=rule.hours))
    if rule.hours_before is not None:
        return Due(_moment(start) - timedelta(hours=rule.hours_before))
    last = _last_day(rule, day_of(start))
    return Due(end_of(last), last)


def _last_day(rule: Deadline, first: date) -> date:
    calendar = Calendar()
    if rule.working_days is not None:
        return calendar.after(first, rule.working_days)
    if rule.month_working_day is not None:
        following = months_after(first.replace(day=1), 1)
        return calendar.working_day(following.year, following.month, rule.month_working_day)
    if rule.months is not None:
        return months_after(first, rule.months)
    return first + timedelta(days=rule.days or 0)


def day_of(start: Start) -> date:
    """The day in Washington on which a moment falls."""
    if isinstance(start, Moment):
        return start.astimezone(WASHINGTON).date()
    return start


def end_of(day: date) -> Moment:
    """The last moment of a day in Washington, as UTC: the first one of the next."""
    return Moment.combine(day + timedelta(days=1), datetime.time(), WASHINGTON).astimezone(UTC)


def _moment(start: Start) -> Moment:
    """UTC, since hours added to a clock on the wall go wrong when the clocks change."""
    if isinstance(start, Moment):
        return start.astimezone(UTC)
    return Moment.combine(start, datetime.time(), WASHINGTON).astimezone(UTC)


@cache
def shipped() -> Mapping[str, Deadline]:
    read = parse_table(shipped_text(DEADLINES_FILE), f"data/incident/{DEADLINES_FILE}", _DeadlineFile)
    return {deadline.id: deadline for deadline in read.deadline}


def load_deadlines(home: Path) -> Mapping[str, Deadline]:
    """The shipped deadlines with the broker's own. Raises BadInput, naming every line at fault."""
    path = home / DEADLINES_FILE
    text = toml_data.own_text(path)
    replaced = parse_table(text, str(path), _DeadlineFile)
    return merge_tables(shipped().values(), replaced.deadline, "deadline", text, str(path))


def for_work(rules: Mapping[str, Deadline], kind: str, entry_type: str = "", mode: str = "") -> list[Deadline]:
    """The deadlines of an item of open work. One that names its entry type or mode of transport
    takes the place of those that name neither."""
    fit = [
        rule
        for rule in rules.values()
        if kind in rule.work
        and (not rule.entry_types or entry_type in rule.entry_types)
        and (not rule.modes or mode in rule.modes)
    ]
    special = [rule for rule in fit if rule.entry_types or rule.modes]
    return special or fit


def kinds_of_work(rules: Mapping[str, Deadline]) -> tuple[str, ...]:
    """The kinds of open work that deadlines know, in their order."""
    return tuple(dict.fromkeys(kind for rule in rules.values() for kind in rule.work))
