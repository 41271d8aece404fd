"""Moments as people write them and as clocks show them: zones, and the hours that a daylight-saving
change leaves out or counts twice."""

from __future__ import annotations

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

from tasks.core import clock
from tasks.core.errors import BadInput, Problem


def parse_moment(text: str, zone: ZoneInfo, column: str, *, ahead: bool = False) -> datetime:
    """The moment in UTC; without an offset it is read in `zone`, and empty is now.

    Raises BadInput for what is no moment, lies more than five minutes ahead (unless `ahead`), or has
    no offset and falls into an hour that a daylight-saving change leaves out or repeats.
    """
    if not text:
        return clock.now()
    try:
        read = datetime.fromisoformat(text.strip())
    except ValueError:
        raise _bad(Problem(column=column, value=text, code="moment-malformed")) from None
    if "T" not in text.upper() and ":" not in text:
        raise _bad(Problem(column=column, value=text, code="moment-without-time"))
    found = read if read.tzinfo else _placed(read, zone, column)
    if not ahead and (found - clock.now()).total_seconds() > 300:
        raise _bad(Problem(column=column, value=text, code="moment-in-future"))
    return found.astimezone(UTC)


def _placed(read: datetime, zone: ZoneInfo, column: str) -> datetime:
    first, second = (read.replace(tzinfo=zone, fold=fold) for fold in (0, 1))
    if first.utcoffset() == second.utcoffset():
        return first
    there = first.astimezone(UTC).astimezone(zone).replace(tzinfo=None) == read
    code = "moment-ambiguous" if there else "moment-nonexistent"
    values = {"first": first.isoformat(), "second": second.isoformat()}
    raise _bad(Problem(column=column, value=read.isoformat(), code=code, values=values))


def local_text(when: datetime, zone: ZoneInfo) -> str:
    """As a clock of the broker shows it, with the zone's letters: `Tue 2026-11-24 08:03 EST`."""
    return f"{when.astimezone(zone):%a %Y-%m-%d %H:%M %Z}"


def _bad(problem: Problem) -> BadInput:
    return BadInput("moment-not-understood", [problem])
