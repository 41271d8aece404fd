"""The one place that asks what time it is, so that a test or a drill can hold it still."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta

FORMAT = "%Y-%m-%dT%H:%M:%S.%fZ"
_SHAPE = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z", re.ASCII)

_held: datetime | None = None
_ahead = timedelta()


def now() -> datetime:
    """The present moment in UTC."""
    return _held or datetime.now(UTC) + _ahead


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
def held(moment: datetime) -> Iterator[None]:
    """Hold the clock at `moment` for the time of the block."""
    global _held
    before, _held = _held, moment
    try:
        yield
    finally:
        _held = before


@contextmanager
def started(moment: datetime) -> Iterator[None]:
    """Let the clock run from `moment` for the time of the block. For a drill, which makes its home
    itself: nothing that a real home keeps may carry such a time."""
    global _ahead
    before, _ahead = _ahead, moment - datetime.now(UTC)
    try:
        yield
    finally:
        _ahead = before
