"""What bites next: every clock of an incident, in the order of its bite."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta

import sqlalchemy as sa

from tasks.core import clock
from tasks.core.status_lines import AMBER, GREEN, RED
from tasks.entries.api import ENTRIES, NUMBERS
from tasks.incident.notices import proof_of_notice
from tasks.incident.notices.proof_of_notice import LoggedCall, clearing_rule, logged_calls, proven_notices
from tasks.incident.timeline import deadline_rules
from tasks.incident.timeline.deadline_rules import Deadline, Due, due_of, load_deadlines
from tasks.incident.timeline.incident_state import Incident, Rows
from tasks.incident.timeline.open_work import OpenWorkItem, open_work_items
from tasks.workspace import Workspace

SOON = timedelta(hours=24)
ON_LINE = ("reconnected", "keying_backlog", "reconciled", "closed", "dismissed")
"""States in which business runs again, so that no daily status is owed."""


@dataclass(frozen=True)
class Clock:
    """`about`: of what and how many; `next`: what a person should do; `whole`: how long it runs in
    all, where that is less than the days in which others turn red; `clears`: what alone ends it, in
    words, where not every way of telling does; `calls`: how many were logged that do not."""

    rule: Deadline
    due: Due
    about: str
    next: str
    count: int = 1
    whole: timedelta = 4 * SOON
    clears: str = ""
    calls: int = 0

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


def running_clocks(workspace: Workspace, incident: Incident) -> list[Clock]:
    """Every clock that runs, the next to bite in front."""
    rules = load_deadlines(workspace.settings.home)
    rows = workspace.journal.rows
    found = [*_telling(rows, incident, rules)]
    if incident.is_open:
        found += [*_work(rows, incident, rules), *_paper(rows, rules)]
    return sorted(found, key=lambda one: (one.due.at, one.rule.id, one.about))


def _telling(rows: Rows, incident: Incident, rules: Mapping[str, Deadline]) -> Iterator[Clock]:
    """Whom to tell. A clock is met by the notice that its rule names, sent after it began."""
    if incident.state == "dismissed":
        return
    told = proof_of_notice.sent_times(rows, incident.id, rules)
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
            due = due_of(rule, date.fromisoformat(step.until))
            yield Clock(
                rule,
                due,
                f"{step.reference or 'authorisation'}, {ports}",
                "continuity incident step downtime_authorised",
            )


def _breach(
    rows: Rows, incident: Incident, rules: Mapping[str, Deadline], told: Mapping[str, Sequence[datetime]]
) -> Iterator[Clock]:
    notice, update, news = (rules[name] for name in ("BR72", "BR10", "BR72+"))
    sent = sorted(told.get(notice.met_by, ()))
    updates = told.get(update.met_by, ())
    first = incident.discovered
    called = logged_calls(rows, incident.id, rules)
    if first and not sent:
        yield _breach_clock(notice, first.discovered, "discovered", notice.met_by, called)
    if sent and not any(at >= sent[0] for at in updates):
        yield _breach_clock(update, sent[0], "notice sent", update.met_by, called)
    # What is recorded after a notice went, it did not say, however early it was discovered.
    templates = (notice.met_by, update.met_by)
    after = [one for one in proven_notices(rows, incident.id, rules) if one.template in templates]
    for one in incident.breaches:
        known = one is first if not sent else one is incident.breaches[0]
        if known or any(at.seq > one.seq and at.happened >= one.discovered for at in after):
            continue
        # what adds to a notice that was never sent is the notice
        met_by = news.met_by if sent else notice.met_by
        yield _breach_clock(news, one.discovered, "discovered", met_by, called)


def _breach_clock(rule: Deadline, start: datetime, word: str, met_by: str, called: Sequence[LoggedCall]) -> Clock:
    """A clock that only electronic notice clears, with the calls that were logged since its start."""
    made = _tell(rule, start, word, met_by)
    count = sum(one.template == met_by and one.happened >= start for one in called)
    some = "call logged, which does" if count == 1 else "calls logged, which do"
    logged = f"; {count} {some} not clear it" if count else ""
    return replace(made, about=made.about + logged, clears=clearing_rule(met_by), calls=count)


def _tell(rule: Deadline, start: datetime, word: str, met_by: str = "") -> Clock:
    """`met_by`: the notice that meets it, if not the rule's own."""
    about = f"{word} {clock.text(start)[:16]}Z"
    due = due_of(rule, start)
    command = f"continuity incident notify {met_by or rule.met_by}"
    return Clock(rule, due, about, command, whole=due.at - start)


def _work(rows: Rows, incident: Incident, rules: Mapping[str, Deadline]) -> Iterator[Clock]:
    """Open items of the hour-zero list, together where they fall due together."""
    groups: defaultdict[tuple[str, Due], list[OpenWorkItem]] = defaultdict(list)
    for item in open_work_items(rows, incident.id, rules):
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
        for rule in deadline_rules.for_work(rules, "summary", row.entry_type):
            groups[rule.id, due_of(rule, start)].append(row.number)
    for (name, due), numbers in groups.items():
        yield Clock(rules[name], due, f"on paper: {_named(numbers)}", "continuity reconcile next", len(numbers))


def _named(numbers: Sequence[str]) -> str:
    first = ", ".join(numbers[:3]) + (", ..." if numbers[3:] else "")
    return f"{len(numbers)}: {first}" if numbers[1:] else first
