"""What bites next: every clock of an incident, in the order of its bite."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta

import sqlalchemy as sa

from tasks.incident import deadlines, hour_zero
from tasks.incident.deadlines import Deadline, Due
from tasks.incident.hour_zero import Item
from tasks.incident.office import Office
from tasks.incident.state import Incident, Rows
from tasks.shared import clock, kinds
from tasks.shared.board import AMBER, GREEN, RED
from tasks.shared.incident_tables import NOTICES
from tasks.shared.projections import ENTRIES, NUMBERS
from tasks.shared.store import EVENTS

SOON = timedelta(hours=24)
ON_LINE = ("reconnected", "keying_backlog", "reconciled", "closed", "dismissed")
"""States in which business runs again, so that no daily status is owed."""


@dataclass(frozen=True)
class Clock:
    """`about`: of what and how many; `next`: what a person should do; `whole`: how long it runs in
    all, where that is less than the days in which others turn red."""

    rule: Deadline
    due: Due
    about: str
    next: str
    count: int = 1
    whole: timedelta = 4 * SOON

    def left(self, now: datetime) -> timedelta:
        return self.due.at - now

    def light(self, now: datetime) -> str:
        """Red when less than a day is left (a quarter of a short clock), amber twice that."""
        left, soon = self.left(now), min(SOON, self.whole / 4)
        return RED if left < soon else AMBER if left < 2 * soon else GREEN

    def words(self, now: datetime) -> str:
        left = self.left(now)
        return f"in {span(left)}" if left >= timedelta() else f"OVERDUE by {span(-left)}"


def span(time: timedelta) -> str:
    """`3 days 4 h`, `5 h 12 min`."""
    minutes = int(time.total_seconds()) // 60
    days, hours, rest = minutes // 1440, minutes // 60 % 24, minutes % 60
    if days:
        return f"{days} day{'s' if days > 1 else ''}" + (f" {hours} h" if hours else "")
    return f"{hours} h {rest} min" if hours else f"{rest} min"


def clocks(office: Office, incident: Incident) -> list[Clock]:
    """Every clock that runs, the next to bite in front."""
    rules = deadlines.load(office.settings.home)
    rows = office.journal.rows
    found = [*_telling(rows, incident, rules)]
    if incident.is_open:
        found += [*_work(rows, incident, rules), *_paper(rows, rules)]
    return sorted(found, key=lambda one: (one.due.at, one.rule.id, one.about))


def _telling(rows: Rows, incident: Incident, rules: Mapping[str, Deadline]) -> Iterator[Clock]:
    """Whom to tell. A clock is met by the notice that its rule names, sent after it began."""
    if incident.state == "dismissed":
        return
    told = sent_times(rows, incident.id)
    yield from _breach(rows, incident, rules, told)
    declared = incident.last("declared")
    if declared and incident.state not in ON_LINE:
        status = rules["STATUS"]
        yield _tell(status, max(told[status.met_by], default=declared.happened), "last told")
        yield from _leave(incident, rules["LEAVE"])


def _leave(incident: Incident, rule: Deadline) -> Iterator[Clock]:
    """CBP's authorisations that end on a day, which nobody should find out at the port."""
    for step, force in incident.authorisations:
        if step.until:
            ports = f"port {', '.join(force.ports)}" if force.ports else "all ports"
            due = deadlines.due(rule, date.fromisoformat(step.until))
            yield Clock(rule, due, f"{step.reference or 'authorisation'}, {ports}",
                        "continuity incident step downtime_authorised")  # fmt: skip


def _breach(
    rows: Rows,
    incident: Incident,
    rules: Mapping[str, Deadline],
    told: Mapping[str, Sequence[datetime]],
) -> Iterator[Clock]:
    notice, update, news = (rules[name] for name in ("BR72", "BR10", "BR72+"))
    sent = sorted(told.get(notice.met_by, ()))
    updates = told.get(update.met_by, ())
    first = incident.discovered
    if first and not sent:
        yield _tell(notice, first.discovered, "discovered")
    if sent and not any(at >= sent[0] for at in updates):
        yield _tell(update, sent[0], "notice sent")
    # What is recorded after a notice went, it did not say, however early it was discovered.
    tellings = list(_tellings(rows, incident.id, (notice.met_by, update.met_by))) if sent else []
    for one in incident.breaches:
        known = one is first if not sent else one is incident.breaches[0]
        if not known and not any(seq > one.seq and at >= one.discovered for seq, at in tellings):
            # what adds to a notice that was never sent is the notice
            yield _tell(news, one.discovered, "discovered", "" if sent else notice.met_by)


def _tellings(rows: Rows, incident: str, templates: Sequence[str]
              ) -> Iterator[tuple[int, datetime]]:  # fmt: skip
    """When notices were told: the event that says so, and the moment."""
    query = sa.select(EVENTS.c.seq, EVENTS.c.body).where(
        EVENTS.c.kind == kinds.NoticeSent.kind,
        sa.or_(*(EVENTS.c.subject.startswith(f"notice/{incident}/{one}/") for one in templates)),
    )
    for row in rows(query):
        yield row.seq, clock.parse(json.loads(row.body)["happened"])


def _tell(rule: Deadline, start: datetime, word: str, met_by: str = "") -> Clock:
    about = f"{word} {clock.text(start)[:16]}Z"
    due = deadlines.due(rule, start)
    command = f"continuity incident notify {met_by or rule.met_by}"
    return Clock(rule, due, about, command, whole=due.at - start)


def sent_times(rows: Rows, incident: str) -> defaultdict[str, list[datetime]]:
    """When notices were sent, by the template."""
    query = sa.select(NOTICES.c.template, NOTICES.c.sent)
    found: defaultdict[str, list[datetime]] = defaultdict(list)
    for row in rows(query.where(NOTICES.c.incident == incident, NOTICES.c.sent != "")):
        found[row.template].append(clock.parse(row.sent))
    return found


def _work(rows: Rows, incident: Incident, rules: Mapping[str, Deadline]) -> Iterator[Clock]:
    """Open items of the hour-zero list, together where they fall due together."""
    groups: defaultdict[tuple[str, Due], list[Item]] = defaultdict(list)
    for item in hour_zero.items(rows, incident.id, rules):
        if item.is_open and item.rule and item.due:
            groups[item.rule.id, item.due].append(item)
    for (name, due), some in groups.items():
        about = _named([one.reference for one in some])
        yield Clock(rules[name], due, about, "continuity incident work list", len(some))


def _paper(rows: Rows, rules: Mapping[str, Deadline]) -> Iterator[Clock]:
    """Entries that went out on paper and are not settled in ACE, by what their summaries owe."""
    query = (
        sa.select(ENTRIES.c.number, ENTRIES.c.entry_type, ENTRIES.c.released)
        .join(NUMBERS, NUMBERS.c.number == ENTRIES.c.number)
        .where(NUMBERS.c.state == "recorded", ENTRIES.c.released != "")
        .order_by(ENTRIES.c.number)
    )
    groups: defaultdict[tuple[str, Due], list[str]] = defaultdict(list)
    for row in rows(query):
        start = date.fromisoformat(row.released)
        for rule in deadlines.for_work(rules, "summary", row.entry_type):
            groups[rule.id, deadlines.due(rule, start)].append(row.number)
    for (name, due), numbers in groups.items():
        yield Clock(rules[name], due, f"on paper: {_named(numbers)}", "continuity reconcile next",
                    len(numbers))  # fmt: skip


def _named(numbers: Sequence[str]) -> str:
    first = ", ".join(numbers[:3]) + (", ..." if numbers[3:] else "")
    return f"{len(numbers)}: {first}" if numbers[1:] else first
