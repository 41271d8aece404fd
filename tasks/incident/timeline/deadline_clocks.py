"""Every clock of an incident, in the order in which they are due."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta

import sqlalchemy as sa

from tasks.core import clock
from tasks.core.status_lines import AMBER, GREEN, RED, Rows
from tasks.entries.api import ENTRIES, NUMBERS
from tasks.incident.notices import proof_of_notice
from tasks.incident.notices.proof_of_notice import LoggedCall, clearing_rule, logged_calls, proven_notices
from tasks.incident.timeline import deadline_rules
from tasks.incident.timeline.deadline_rules import Deadline, Due, due_of, load_deadlines
from tasks.incident.timeline.incident_state import Incident
from tasks.incident.timeline.open_work import OpenWorkItem, open_work_items
from tasks.workspace import Workspace

SOON = timedelta(hours=24)
ON_LINE = ("reconnected", "keying_backlog", "reconciled", "closed", "dismissed")
"""States in which business runs again, so that no daily status is owed."""


@dataclass(frozen=True)
class Clock:
    """`about`: of what and how many; `next`: what a person should do; `length`: how long it runs in
    all, where that is less than the days in which others turn red; `clears`: what alone ends it, in
    words, where not every way of telling does; `calls`: how many were logged that do not."""

    rule: Deadline
    due: Due
    about: str
    next: str
    count: int = 1
    length: timedelta = 4 * SOON
    clears: str = ""
    calls: int = 0

    def left(self, now: datetime) -> timedelta:
        return self.due.at - now

    def status(self, now: datetime) -> str:
        """Red when less than a day is left (a quarter of a short clock), amber twice that."""
        left, soon = self.left(now), min(SOON, self.length / 4)
        return RED if left < soon else AMBER if left < 2 * soon else GREEN

    def words(self, now: datetime) -> str:
        left = self.left(now)
        return f"in {span(left)}" if left >= timedelta() else f"OVERDUE by {span(-left)}"


def span(time: timedelta) -> str:
    """`3 days 4 h`, `5 h 12 min`."""
    minutes = int(time.total_seconds()) // 60
    days, hours, minutes_left = minutes // 1440, minutes // 60 % 24, minutes % 60
    if days:
        return f"{days} day{'s' if days > 1 else ''}" + (f" {hours} h" if hours else "")
    return f"{hours} h {minutes_left} min" if hours else f"{minutes_left} min"


def running_clocks(workspace: Workspace, incident: Incident) -> list[Clock]:
    """Every clock that runs, the next due first."""
    rules = load_deadlines(workspace.settings.home)
    rows = workspace.journal.rows
    clocks = [*_telling(rows, incident, rules)]
    if incident.is_open:
        clocks += [*_work(rows, incident, rules), *_paper(rows, rules)]
    return sorted(clocks, key=lambda running: (running.due.at, running.rule.id, running.about))


def _telling(rows: Rows, incident: Incident, rules: Mapping[str, Deadline]) -> Iterator[Clock]:
    """Whom to notify. A clock is met by the notice that its rule names, sent after it began."""
    if incident.state == "dismissed":
        return
    sent = proof_of_notice.sent_times(rows, incident.id, rules)
    yield from _breach(rows, incident, rules, sent)
    declared = incident.last("declared")
    if declared and incident.state not in ON_LINE:
        status = rules["STATUS"]
        yield _tell(status, max(sent[status.met_by], default=declared.happened), "last told")
        yield from _authorization_ends(incident, rules["LEAVE"])


def _authorization_ends(incident: Incident, rule: Deadline) -> Iterator[Clock]:
    """CBP's authorizations that end on a day, which nobody should find out at the port."""
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
    rows: Rows, incident: Incident, rules: Mapping[str, Deadline], sent_by_notice: Mapping[str, Sequence[datetime]]
) -> Iterator[Clock]:
    notice, update, news = (rules[name] for name in ("BR72", "BR10", "BR72+"))
    sent = sorted(sent_by_notice.get(notice.met_by, ()))
    updates = sent_by_notice.get(update.met_by, ())
    first = incident.discovered
    called = logged_calls(rows, incident.id, rules)
    if first and not sent:
        yield _breach_clock(notice, first.discovered, "discovered", notice.met_by, called)
    if sent and not any(at >= sent[0] for at in updates):
        yield _breach_clock(update, sent[0], "notice sent", update.met_by, called)
    # What is recorded after a notice went, it did not say, however early it was discovered.
    templates = (notice.met_by, update.met_by)
    after = [proof for proof in proven_notices(rows, incident.id, rules) if proof.template in templates]
    for breach in incident.breaches:
        covered = breach is first if not sent else breach is incident.breaches[0]
        if covered or any(at.seq > breach.seq and at.happened >= breach.discovered for at in after):
            continue
        # what adds to a notice that was never sent is the notice
        met_by = news.met_by if sent else notice.met_by
        yield _breach_clock(news, breach.discovered, "discovered", met_by, called)


def _breach_clock(rule: Deadline, start: datetime, event: str, met_by: str, called: Sequence[LoggedCall]) -> Clock:
    """A clock that only electronic notice clears, with the calls that were logged since its start."""
    running = _tell(rule, start, event, met_by)
    count = sum(call.template == met_by and call.happened >= start for call in called)
    phrase = "call logged, which does" if count == 1 else "calls logged, which do"
    logged = f"; {count} {phrase} not clear it" if count else ""
    return replace(running, about=running.about + logged, clears=clearing_rule(met_by), calls=count)


def _tell(rule: Deadline, start: datetime, event: str, met_by: str = "") -> Clock:
    """`met_by`: the notice that meets it, if not the rule's own."""
    about = f"{event} {clock.text(start)[:16]}Z"
    due = due_of(rule, start)
    command = f"continuity incident notify {met_by or rule.met_by}"
    return Clock(rule, due, about, command, length=due.at - start)


def _work(rows: Rows, incident: Incident, rules: Mapping[str, Deadline]) -> Iterator[Clock]:
    """Open items of the hour-zero list, together where they fall due together."""
    groups: defaultdict[tuple[str, Due], list[OpenWorkItem]] = defaultdict(list)
    for work_item in open_work_items(rows, incident.id, rules):
        if work_item.is_open and work_item.rule and work_item.due:
            groups[work_item.rule.id, work_item.due].append(work_item)
    for (name, due), work_items in groups.items():
        about = _named([work_item.reference for work_item in work_items])
        yield Clock(rules[name], due, about, "continuity incident work list", len(work_items))


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
