"""Duties as calendar files (RFC 5545): a day-long event each, whose UID never changes, so that a
calendar moves what it has instead of doubling it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import date, timedelta
from hashlib import sha256
from typing import TYPE_CHECKING

from tasks.core import clock
from tasks.duties.term_schedule import DutyState

if TYPE_CHECKING:
    from icalendar import Event

Entry = tuple[str, date, str]
"""UID, day, title."""


def calendar_file(found: Sequence[DutyState], filer: str, more: Sequence[tuple[DutyState, int, date]] = ()) -> bytes:
    """The open terms, and `more`: later ones as (standing, how many terms on, last day)."""
    from icalendar import Calendar

    made = Calendar()
    made.add("prodid", "-//Broker Continuity//duties//EN")
    made.add("version", "2.0")
    made.add("method", "PUBLISH")
    for standing in found:
        for uid, day, title in calendar_events(standing, filer):
            made.add_component(_event(standing, uid, day, title))
    for standing, ahead, day in more:
        uid = uid_of(standing, filer, f"+{ahead}")
        title = f"{standing.title} (if done on its day before)"
        made.add_component(_event(standing, uid, day, title))
    return made.to_ical()


def calendar_events(standing: DutyState, filer: str) -> Iterator[Entry]:
    """The days of an open term."""
    if standing.submit_by:
        title = f"Submit: {standing.title}"
        yield uid_of(standing, filer, "submit"), standing.submit_by, title
        yield uid_of(standing, filer), standing.due, f"Ends: {standing.title}"
    else:
        yield uid_of(standing, filer), standing.due, f"Due: {standing.title}"


def uid_of(standing: DutyState, filer: str, part: str = "") -> str:
    """The same for every term: `isa-submit@abc.continuity`. An item's name is hashed in it."""
    item = f"-{sha256(standing.item.encode()).hexdigest()[:12]}" if standing.item else ""
    tail = f"-{part}" if part else ""
    return f"{standing.duty.id}{item}{tail}@{filer.lower()}.continuity"


def _event(standing: DutyState, uid: str, day: date, title: str) -> Event:
    from icalendar import Alarm, Event

    duty = standing.duty
    made = Event()
    made.add("uid", uid)
    made.add("sequence", standing.seq)
    made.add("dtstamp", clock.now())
    made.add("last-modified", clock.now())
    made.add("dtstart", day)
    made.add("dtend", day + timedelta(days=1))
    made.add("summary", title)
    mark = f"[{duty.mark}]"
    sure = "" if mark in duty.source else f" {mark}"
    made.add("description", f"Proof: {duty.proof}\nRule: {duty.source}{sure}")
    made.add("categories", [duty.about])
    made.add("transp", "TRANSPARENT")
    alarm = Alarm()
    alarm.add("action", "DISPLAY")
    alarm.add("description", title)
    alarm.add("trigger", timedelta(days=-1))
    made.add_component(alarm)
    return made
