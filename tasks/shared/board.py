"""The board: CBP's ten recommendations to brokers (P1-P10), each green, amber or red, with the facts
that make it so. What no event speaks of was never done, and is red.

Rooms add lines of their own; the lines here come from events that the whole house writes.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from typing import Any

import sqlalchemy as sa

from tasks.shared import clock
from tasks.shared.projections import NUMBERS
from tasks.shared.settings import Settings
from tasks.shared.store import EVENTS

Rows = Callable[[sa.Select[Any]], Sequence[sa.Row[Any]]]
GREEN, AMBER, RED = "green", "amber", "red"
_ORDER = (GREEN, AMBER, RED)

RECOMMENDATIONS = {
    "P1": "Cyber policies, written and reviewed",
    "P2": "Firewall, anti-virus and anti-spyware current",
    "P3": "Vulnerability scans",
    "P4": "Due diligence on IT providers",
    "P5": "Interconnection security agreement (ISA)",
    "P6": "Backups: sealed, off-site, proved",
    "P7": "Whom to tell, and when",
    "P8": "Going on without the systems",
    "P9": "Partners screened",
    "P10": "Agency requirements without the systems",
}
"""CBP's guidance on cyber-attacks on brokers' data systems, 2023, in our own words."""

OTHERS = {"licence": "Keeping the licence", "clients": "Powers of attorney and bonds"}
"""What a broker also watches, beyond the ten."""


@dataclass(frozen=True)
class Line:
    """One fact. `about`: P1-P10, or a key of OTHERS; `next`: what a person should do, empty if
    nothing; `since`: the moment of the event behind it, empty if there is none; `mark`: how sure
    the rule behind it is (P, S, W, G), empty where it is the house's own fact."""

    about: str
    what: str
    light: str
    fact: str
    next: str = ""
    since: str = ""
    mark: str = ""

    def as_dict(self) -> dict[str, str]:
        return asdict(self)


def worst(lights: Iterable[str]) -> str:
    """Red before amber before green; red if there is none."""
    found = list(lights)
    return max(found, key=_ORDER.index) if found else RED


def ago(moment: datetime) -> str:
    """How long since, in the largest unit that says something: `3 h ago`, `12 days ago`."""
    seconds = max(0, int((clock.now() - moment).total_seconds()))
    for size, unit in ((86_400, "day"), (3_600, "h"), (60, "min")):
        if seconds >= size * (2 if unit == "day" else 1):
            count = seconds // size
            return f"{count} {unit}{'s' if unit == 'day' else ''} ago"
    return "just now"


def last(rows: Rows, kind: str) -> tuple[datetime, dict[str, Any]] | None:
    """The newest event of a kind: its moment and its body. The index on kinds finds it."""
    newest = sa.select(sa.func.max(EVENTS.c.seq)).where(EVENTS.c.kind == kind).scalar_subquery()
    found = rows(sa.select(EVENTS.c.at, EVENTS.c.body).where(EVENTS.c.seq == newest))
    return (clock.parse(found[0].at), json.loads(found[0].body)) if found else None


def house_lines(rows: Rows, settings: Settings) -> list[Line]:
    """The lines that the house counts itself: backups and the reserve."""
    return [*_backup(rows, settings), reserve(rows, settings)]


def _backup(rows: Rows, settings: Settings) -> list[Line]:
    done, failed = last(rows, "backup.done"), last(rows, "backup.failed")
    if done is None:
        why = f"; it failed {ago(failed[0])}: {failed[1]['reason']}" if failed else ""
        return [Line("P6", "newest backup", RED, f"never done{why}", "continuity backup run")]
    at, said = done
    hours = settings.backup.home_objective_hours
    late = clock.now() - at > timedelta(hours=hours)
    lines = [
        Line("P6", "newest backup", AMBER if late else GREEN,
             f"taken {ago(at)}, objective {hours:g} h", "continuity backup run" if late else "",
             clock.text(at))
    ]  # fmt: skip
    if failed and failed[0] > at:
        fact = f"{failed[1]['what']} failed {ago(failed[0])}: {failed[1]['reason'][:200]}"
        lines.append(Line("P6", "backup after that", RED, fact, "continuity backup run",
                          clock.text(failed[0])))  # fmt: skip
    if said["flags"]:
        fact = f"looks as if files were encrypted: {'; '.join(said['flags'])[:200]}"
        lines.append(Line("P6", "what was backed up", RED, fact, "continuity backup list",
                          clock.text(at)))  # fmt: skip
    if not said["customs_territory"]:
        fact = "not declared to lie in the U.S. customs territory (19 CFR 111.23(a))"
        lines.append(Line("P6", "where the store is", AMBER, fact,
                          "set [backup] place and customs_territory", clock.text(at), "S"))  # fmt: skip
    return lines


def reserve(rows: Rows, settings: Settings) -> Line:
    """Days that the free entry numbers last; the alarm is a setting."""
    column = NUMBERS.c
    free = sa.select(sa.func.count()).where(column.series == "entry", column.state == "reserved")
    numbers = settings.numbers
    days = rows(free)[0][0] / numbers.daily_volume
    ever = rows(sa.select(column.seq).where(column.series == "entry").limit(1))
    fact = f"{days:.0f} days at {numbers.daily_volume} a day" if ever else "never reserved"
    low = days < numbers.alarm_days
    more = f", alarm below {numbers.alarm_days}" if low and ever else ""
    command = "continuity numbers reserve" if low else ""
    return Line("P8", "reserve of entry numbers", RED if low else GREEN, fact + more, command)


@dataclass(frozen=True)
class Recommendation:
    """One of the ten on the page: its light is that of its worst line, which is the fact shown."""

    id: str
    title: str
    light: str
    fact: str
    lines: tuple[Line, ...]


def page(lines: Iterable[Line]) -> list[Recommendation]:
    """P1 to P10, each with its lines, worst first."""
    found = list(lines)
    return [_recommendation(name, title, found) for name, title in RECOMMENDATIONS.items()]


def _recommendation(name: str, title: str, lines: list[Line]) -> Recommendation:
    own = sorted(
        (line for line in lines if line.about == name), key=lambda line: -_ORDER.index(line.light)
    )
    light = worst(line.light for line in own)
    telling = [line for line in own if line.light == light]
    fact = f"{telling[0].what}: {telling[0].fact}" if telling else "never done"
    more = len(telling) - 1
    if more > 0 and light != GREEN:
        fact += f" (and {more} more)"
    return Recommendation(name, title, light, fact, tuple(own))


def needs(lines: Iterable[Line]) -> list[Line]:
    """What needs a person, newest first; what never happened stands after what has a date, red
    before amber."""
    open_ = [line for line in lines if line.light != GREEN]
    open_.sort(key=lambda line: (line.since, _ORDER.index(line.light)), reverse=True)
    return open_
