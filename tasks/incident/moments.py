"""Moments as people write them and as clocks show them: zones, and the hours that a daylight-saving
change leaves out or counts twice."""

from __future__ import annotations

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

from tasks.shared import clock
from tasks.shared.errors import BadInput, Problem

_FORM = "2026-11-24T08:03, 2026-11-24T08:03-05:00 or 2026-11-24T13:03Z"


def moment(text: str, zone: ZoneInfo, column: str, *, ahead: bool = False) -> datetime:
    """The moment in UTC; without an offset it is read in `zone`, and empty is now.

    Raises BadInput for what is no moment, lies more than five minutes ahead (unless `ahead`), or has
    no offset and falls into an hour that a daylight-saving change leaves out or repeats.
    """
    if not text:
        return clock.now()
    try:
        read = datetime.fromisoformat(text.strip())
    except ValueError:
        raise _bad(column, text, "is no moment", _FORM) from None
    if "T" not in text.upper() and ":" not in text:
        raise _bad(column, text, "has no time of day", _FORM)
    found = read if read.tzinfo else _placed(read, zone, column)
    if not ahead and (found - clock.now()).total_seconds() > 300:
        raise _bad(column, text, "lies in the future", "when it happened")
    return found.astimezone(UTC)


def _placed(read: datetime, zone: ZoneInfo, column: str) -> datetime:
    first, second = (read.replace(tzinfo=zone, fold=fold) for fold in (0, 1))
    if first.utcoffset() == second.utcoffset():
        return first
    there = first.astimezone(UTC).astimezone(zone).replace(tzinfo=None) == read
    wrong = "stands twice that night" if there else "does not exist that night"
    right = " or ".join(one.isoformat() for one in (first, second))
    raise _bad(column, read.isoformat(), f"{wrong}, the clocks change", f"with its offset: {right}")


def shown(when: datetime, zone: ZoneInfo) -> str:
    """As a clock of the broker shows it, with the zone's letters: `Tue 2026-11-24 08:03 EST`."""
    return f"{when.astimezone(zone):%a %Y-%m-%d %H:%M %Z}"


def _bad(column: str, value: str, wrong: str, right: str) -> BadInput:
    return BadInput(
        "moment-not-understood", [Problem(column=column, value=value, wrong=wrong, right=right)]
    )
