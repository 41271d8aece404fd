"""The status page: CBP's ten recommendations to brokers (P1-P10), each green, amber or red, with the facts
that make it so. What no event names was never done, and is red. The lines are those of the packages."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from tasks.core import clock
from tasks.core.journal.store import EVENTS
from tasks.core.messages import Reason

Rows = Callable[[sa.Select[Any]], Sequence[sa.Row[Any]]]
GREEN, AMBER, RED = "green", "amber", "red"
_STATUS_ORDER = (GREEN, AMBER, RED)

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

OTHER_SUBJECTS = {"licence": "Keeping the licence", "clients": "Powers of attorney and bonds"}
"""What a broker also watches, beyond the ten."""


@dataclass(frozen=True, init=False)
class StatusReason(Reason):
    """A reason for a status."""

    light: str = RED

    def __init__(self, code: str, light: str, /, **values: Any) -> None:
        super().__init__(code, **values)
        self._set(light=light)


@dataclass(frozen=True)
class StatusLine:
    """One fact.

    `code`: what it is a line of, in kebab-case; with `subject` (a duty, a desk, an alert; empty where
    there is only one) it names the line, and stays as it is when its texts change. `about`: P1-P10, a
    key of OTHERS, or empty; `next`: what a person should do, empty if nothing; `since`: the moment of
    the event behind it, empty if there is none; `mark`: how sure the rule behind it is (P, S, W, G),
    empty where it is the broker's own fact; `values`: the facts of the texts, for machines.
    """

    code: str
    about: str
    what: str
    light: str
    fact: str
    next: str = ""
    since: str = ""
    mark: str = ""
    subject: str = ""
    values: Mapping[str, object] = field(default_factory=dict[str, object], hash=False)

    def as_dict(self) -> dict[str, object]:
        """For `--json`."""
        return asdict(self)

    @property
    def label(self) -> str:
        """What it is, with the mark of a rule that is to be verified: `contacts [G]`."""
        return f"{self.what} [{self.mark}]" if self.mark in ("W", "G") else self.what


def worst_light(lights: Iterable[str]) -> str:
    """Red before amber before green; red if there is none."""
    statuses = list(lights)
    return max(statuses, key=_STATUS_ORDER.index) if statuses else RED


def ago(moment: datetime) -> str:
    """How long since, in the largest unit that says something: `3 h ago`, `12 days ago`."""
    seconds = max(0, int((clock.now() - moment).total_seconds()))
    for size, unit in ((86_400, "day"), (3_600, "h"), (60, "min")):
        if seconds >= size * (2 if unit == "day" else 1):
            count = seconds // size
            return f"{count} {unit}{'s' if unit == 'day' else ''} ago"
    return "just now"


def last_event(rows: Rows, kind: str) -> tuple[datetime, dict[str, Any]] | None:
    """The newest event of a kind: its moment and its body. The index on kinds finds it."""
    return newest_event(rows, EVENTS.c.kind == kind)


def newest_event(rows: Rows, which: sa.ColumnElement[bool]) -> tuple[datetime, dict[str, Any]] | None:
    """The same of the events that a condition picks."""
    last_one = sa.select(sa.func.max(EVENTS.c.seq)).where(which).scalar_subquery()
    events = rows(sa.select(EVENTS.c.at, EVENTS.c.body).where(EVENTS.c.seq == last_one))
    return (clock.parse(events[0].at), json.loads(events[0].body)) if events else None


@dataclass(frozen=True)
class Recommendation:
    """One of the ten on the page: its light is that of its worst line, which is the fact shown."""

    id: str
    title: str
    light: str
    fact: str
    lines: tuple[StatusLine, ...]


def recommendations(lines: Iterable[StatusLine]) -> list[Recommendation]:
    """P1 to P10, each with its lines, worst first."""
    all_lines = list(lines)
    return [_recommendation(name, title, all_lines) for name, title in RECOMMENDATIONS.items()]


def _recommendation(name: str, title: str, lines: list[StatusLine]) -> Recommendation:
    own_lines = sorted(
        (line for line in lines if line.about == name), key=lambda line: -_STATUS_ORDER.index(line.light)
    )
    light = worst_light(line.light for line in own_lines)
    decisive = [line for line in own_lines if line.light == light]
    fact = f"{decisive[0].label}: {decisive[0].fact}" if decisive else Reason("never-done").text
    if len(decisive) > 1 and light != GREEN:
        fact += f" (and {len(decisive) - 1} more)"
    return Recommendation(name, title, light, fact, tuple(own_lines))


def page_as_dict(lines: Iterable[StatusLine]) -> dict[str, object]:
    """The page for machines: `readiness`, P1 to P10 with their lines, and `needs` a person."""
    all_lines = list(lines)
    readiness = [
        {
            "id": recommendation.id,
            "title": recommendation.title,
            "light": recommendation.light,
            "fact": recommendation.fact,
            "lines": [line.as_dict() for line in recommendation.lines],
        }
        for recommendation in recommendations(all_lines)
    ]
    return {"readiness": readiness, "needs": [line.as_dict() for line in lines_that_need_a_person(all_lines)]}


def page_text(lines: Iterable[StatusLine]) -> Iterator[str]:
    """The page as text, a line a recommendation."""
    for recommendation in recommendations(lines):
        yield f"{recommendation.light:5} {recommendation.id:3} {recommendation.title}: {recommendation.fact}"


def page_markdown(lines: Iterable[StatusLine]) -> str:
    """The page for an artifact."""
    all_lines = list(lines)
    rows = ["| | recommendation | | because |", "|---|---|---|---|"]
    rows += [
        f"| {r.id} | {r.title} | {_DOTS[r.light]} {r.light} | {_cell(r.fact)} |" for r in recommendations(all_lines)
    ]
    rows += [
        "",
        "**What needs a person, newest first**",
        "",
        "| since | what | | fact | next |",
        "|---|---|---|---|---|",
    ]
    rows += [
        f"| {row.since[:10]} | {_cell(row.label)} | {_DOTS[row.light]} {row.light} | {_cell(row.fact)} | `{row.next}` |"
        for row in lines_that_need_a_person(all_lines)
    ]
    return "\n".join(rows)


_DOTS = {GREEN: "🟢", AMBER: "🟡", RED: "🔴"}


def _cell(text: str) -> str:
    return text.replace("|", "\\|").replace("\n", " ").replace("<", "&lt;")


def lines_that_need_a_person(lines: Iterable[StatusLine]) -> list[StatusLine]:
    """What needs a person, newest first; what never happened stands after what has a date, red
    before amber."""
    open_ = [line for line in lines if line.light != GREEN]
    open_.sort(key=lambda line: (line.since, _STATUS_ORDER.index(line.light)), reverse=True)
    return open_
