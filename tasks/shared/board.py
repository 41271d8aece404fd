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
from tasks.shared.projections import MAIL, NUMBERS
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
    """One fact. `about`: P1-P10, a key of OTHERS, or empty; `next`: what a person should do, empty if
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

    @property
    def label(self) -> str:
        """What it is, with the mark of a rule that is to be verified: `contacts [G]`."""
        return f"{self.what} [{self.mark}]" if self.mark in ("W", "G") else self.what


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
    return _newest(rows, EVENTS.c.kind == kind)


def _newest(rows: Rows, which: sa.ColumnElement[bool]) -> tuple[datetime, dict[str, Any]] | None:
    newest = sa.select(sa.func.max(EVENTS.c.seq)).where(which).scalar_subquery()
    found = rows(sa.select(EVENTS.c.at, EVENTS.c.body).where(EVENTS.c.seq == newest))
    return (clock.parse(found[0].at), json.loads(found[0].body)) if found else None


def house_lines(rows: Rows, settings: Settings) -> list[Line]:
    """The lines that the house counts itself: backups, the reserve, letters that wait."""
    return [*_backup(rows, settings), *_guard(rows), reserve(rows, settings), *_mail(rows)]


def _backup(rows: Rows, settings: Settings) -> list[Line]:
    failed_run = sa.and_(EVENTS.c.kind == "backup.failed", sa.not_(_BY_DOCTOR))
    done, failed = last(rows, "backup.done"), _newest(rows, failed_run)
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
        lines.append(Line("P6", "backup after that", RED, fact,
                          f"continuity backup {failed[1]['what']}",
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


_BY_DOCTOR = EVENTS.c.body.contains('"what":"doctor"', autoescape=True)  # bodies are canonical JSON


def _guard(rows: Rows) -> list[Line]:
    """What the doctor found; a backup that succeeds afterwards says nothing of the store's guard."""
    failed = _newest(rows, sa.and_(EVENTS.c.kind == "backup.failed", _BY_DOCTOR))
    passed = last(rows, "backup.examined")
    if failed and (passed is None or failed[0] > passed[0]):
        why = "; ".join([failed[1]["reason"], *failed[1]["details"]])[:200]
        return [Line("P6", "the store's guard", RED, f"found wanting {ago(failed[0])}: {why}",
                     "continuity backup doctor", clock.text(failed[0]))]  # fmt: skip
    if passed is None:
        return []
    at = passed[0]
    return [Line("P6", "the store's guard", GREEN, f"held {ago(at)}", since=clock.text(at))]


def _mail(rows: Rows) -> list[Line]:
    """Letters that are not yet with all whom they are for: red if an address is refused."""
    query = (
        sa.select(MAIL.c.refused, EVENTS.c.at)
        .join(EVENTS, EVENTS.c.seq == MAIL.c.seq)
        .where(MAIL.c.waiting != "[]")
        .order_by(MAIL.c.seq)
    )
    found = rows(query)
    if not found:
        return []
    refused = {k: v for row in found for k, v in json.loads(row.refused).items()}
    delayed = last(rows, "mail.delayed")
    why = "; ".join(f"{one}: {reason}" for one, reason in sorted(refused.items()))
    why = why or (delayed[1]["reason"] if delayed else "not sent yet")
    count = f"{len(found)} letter{'s' if len(found) > 1 else ''}"
    fact = f"{count} since {found[0].at[:10]}: {why}"
    mend = "set [mail], then " if refused or "[mail" in why else ""
    return [Line("", "letters in the outbox", RED if refused else AMBER, fact,
                 f"{mend}continuity duties remind", found[-1].at)]  # fmt: skip


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
    fact = f"{telling[0].label}: {telling[0].fact}" if telling else "never done"
    more = len(telling) - 1
    if more > 0 and light != GREEN:
        fact += f" (and {more} more)"
    return Recommendation(name, title, light, fact, tuple(own))


def as_dict(lines: Iterable[Line]) -> dict[str, object]:
    """The page for machines: `readiness`, P1 to P10 with their lines, and `needs` a person."""
    found = list(lines)
    readiness = [
        {"id": one.id, "title": one.title, "light": one.light, "fact": one.fact,
         "lines": [line.as_dict() for line in one.lines]}
        for one in page(found)
    ]  # fmt: skip
    return {"readiness": readiness, "needs": [line.as_dict() for line in needs(found)]}


def markdown(lines: Iterable[Line]) -> str:
    """The page for an artifact."""
    found = list(lines)
    rows = ["| | recommendation | | because |", "|---|---|---|---|"]
    rows += [
        f"| {r.id} | {r.title} | {_DOTS[r.light]} {r.light} | {_cell(r.fact)} |"
        for r in page(found)
    ]
    rows += ["", "**What needs a person, newest first**", "", "| since | what | | fact | next |",
             "|---|---|---|---|---|"]  # fmt: skip
    rows += [
        f"| {one.since[:10]} | {_cell(one.label)} | {_DOTS[one.light]} {one.light} "
        f"| {_cell(one.fact)} | `{one.next}` |"
        for one in needs(found)
    ]
    return "\n".join(rows)


_DOTS = {GREEN: "🟢", AMBER: "🟡", RED: "🔴"}


def _cell(text: str) -> str:
    return text.replace("|", "\\|").replace("\n", " ").replace("<", "&lt;")


def needs(lines: Iterable[Line]) -> list[Line]:
    """What needs a person, newest first; what never happened stands after what has a date, red
    before amber."""
    open_ = [line for line in lines if line.light != GREEN]
    open_.sort(key=lambda line: (line.since, _ORDER.index(line.light)), reverse=True)
    return open_
