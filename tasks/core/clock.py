"""The one place that asks what time it is, so that a test or a drill can hold it still.

Moments as people write them and as clocks show them: zones, and the hours that a daylight-saving
change leaves out or counts twice.
"""

from __future__ import annotations

import re
from collections.abc import Generator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

from tasks.core.errors import BadInput, Problem


def parse_moment(text: str, zone: ZoneInfo, column: str, *, ahead: bool = False) -> datetime:
    """The moment in UTC; without an offset it is read in `zone`, and empty is now.

    Raises BadInput for what is no moment, lies more than five minutes ahead (unless `ahead`), or has
    no offset and falls into an hour that a daylight-saving change leaves out or repeats.
    """
    if not text:
        return now()
    try:
        read = datetime.fromisoformat(text.strip())
    except ValueError:
        raise _not_a_moment(Problem(column=column, value=text, code="moment-malformed")) from None
    if "T" not in text.upper() and ":" not in text:
        raise _not_a_moment(Problem(column=column, value=text, code="moment-without-time"))
    moment = read if read.tzinfo else _in_zone(read, zone, column)
    if not ahead and (moment - now()).total_seconds() > 300:
        raise _not_a_moment(Problem(column=column, value=text, code="moment-in-future"))
    return moment.astimezone(UTC)


def _in_zone(read: datetime, zone: ZoneInfo, column: str) -> datetime:
    first, second = (read.replace(tzinfo=zone, fold=fold) for fold in (0, 1))
    if first.utcoffset() == second.utcoffset():
        return first
    there = first.astimezone(UTC).astimezone(zone).replace(tzinfo=None) == read
    code = "moment-ambiguous" if there else "moment-nonexistent"
    values = {"first": first.isoformat(), "second": second.isoformat()}
    raise _not_a_moment(Problem(column=column, value=read.isoformat(), code=code, values=values))


def local_text(when: datetime, zone: ZoneInfo) -> str:
    """As a clock of the broker shows it, with the zone's letters: `Tue 2026-11-24 08:03 EST`."""
    return f"{when.astimezone(zone):%a %Y-%m-%d %H:%M %Z}"


def _not_a_moment(problem: Problem) -> BadInput:
    return BadInput("moment-not-understood", [problem])


FORMAT = "%Y-%m-%dT%H:%M:%S.%fZ"
_SHAPE = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z", re.ASCII)

_frozen_at: datetime | None = None
_ahead = timedelta()


def now() -> datetime:
    """The present moment in UTC."""
    return _frozen_at or datetime.now(UTC) + _ahead


def text(moment: datetime | None = None) -> str:
    """A moment as the journal writes it: `YYYY-MM-DDTHH:MM:SS.ffffffZ`."""
    return (moment or now()).astimezone(UTC).strftime(FORMAT)


def washington(moment: datetime | None = None) -> datetime:
    """A moment as a clock in Washington shows it, without a zone: CBP counts days and ACE stamps
    its times there."""
    from zoneinfo import ZoneInfo  # looks for its files: not everybody asks

    return (moment or now()).astimezone(ZoneInfo("America/New_York")).replace(tzinfo=None)


def parse(written: str) -> datetime:
    """The moment behind `text`. Raises ValueError for any other shape."""
    if _SHAPE.fullmatch(written):
        return datetime.fromisoformat(written)  # many times faster than by a format
    return datetime.strptime(written, FORMAT).replace(tzinfo=UTC)


def stamp(moment: datetime | None = None) -> str:
    """A moment as file names carry it, which sort by time: `20261124T0803Z`."""
    return (moment or now()).astimezone(UTC).strftime("%Y%m%dT%H%MZ")


@contextmanager
def held(moment: datetime) -> Generator[None, None, None]:
    """Hold the clock at `moment` for the time of the block."""
    global _frozen_at
    before, _frozen_at = _frozen_at, moment
    try:
        yield
    finally:
        _frozen_at = before


@contextmanager
def started(moment: datetime) -> Generator[None, None, None]:
    """Let the clock run from `moment` for the time of the block. For a drill, which makes its home
    itself: nothing that a real home keeps may carry such a time."""
    global _ahead
    before, _ahead = _ahead, moment - datetime.now(UTC)
    try:
        yield
    finally:
        _ahead = before
