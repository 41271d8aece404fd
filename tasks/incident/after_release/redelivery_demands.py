"""Clearance can be provisional, and CBP can want the goods back (R7): how long it may ask (19 CFR 141.113),
and what it did ask for (CBP Form 4647), with the day by which it must be done."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import sqlalchemy as sa

from tasks.core import clock
from tasks.core.errors import BadInput, NumberUnavailable, Refused
from tasks.core.journal.store import EVENTS
from tasks.core.messages import Reason
from tasks.core.status_lines import AMBER, GREEN, RED, StatusLine
from tasks.entries.api import ENTRIES
from tasks.incident.after_release.release_events import RedeliveryAnswered, RedeliveryDemanded, ReleaseConditional
from tasks.incident.data_tables import table
from tasks.incident.evidence.file_attachments import keep_proof
from tasks.workspace import Workspace

CONDITIONAL, WATCHED, OVER, DEMANDED, ANSWERED = ("conditional", "watched", "over", "demanded", "answered")
COMPLIED, EXTENDED, WITHDRAWN = "complied", "extended", "withdrawn"
_NEAR = 7


@dataclass(frozen=True)
class RedeliveryWatch:
    """One entry. `until`: CBP may demand redelivery up to this day, None while a condition stands;
    `due`: by when an open demand must be met. `mark`: how sure the rule is."""

    number: str
    port: str
    importer: str
    released: date
    state: str
    why: Reason
    until: date | None
    notice: str
    due: date | None
    mark: str

    def as_dict(self) -> dict[str, object]:
        """Its fields; `why` as code, subject, field, values and text."""
        return {**vars(self), "why": self.why.as_dict()}


@dataclass
class _Facts:
    conditions: dict[str, ReleaseConditional]
    demands: dict[tuple[str, str], RedeliveryDemanded]
    answers: dict[tuple[str, str], RedeliveryAnswered]
    noted: dict[str, str]
    """When the newest of these was recorded, by number."""


def watches(workspace: Workspace, *, pressing: bool = False) -> list[RedeliveryWatch]:
    """Every entry that was released on paper, what is due first before all others; or only those under a
    condition or with a demand."""
    facts, rules = _facts(workspace), _rules(workspace)
    query = sa.select(ENTRIES).where(ENTRIES.c.released != "").order_by(ENTRIES.c.number)
    if pressing:
        named = {*facts.conditions, *(number for number, _ in facts.demands)}
        query = query.where(sa.or_(ENTRIES.c.outcome == "provisional", ENTRIES.c.number.in_(named)))
    watched = [_watch(row, facts, rules) for row in workspace.journal.rows(query)]
    order = (DEMANDED, CONDITIONAL, WATCHED, ANSWERED, OVER)
    last = date.max
    return sorted(watched, key=lambda watch: (order.index(watch.state), watch.due or watch.until or last, watch.number))


def _facts(workspace: Workspace) -> _Facts:
    facts = _Facts({}, {}, {}, {})
    for event in workspace.journal.events(kind="release."):
        if isinstance(event.said, ReleaseConditional):
            facts.conditions[event.said.number] = event.said
            facts.noted[event.said.number] = event.at
    for event in workspace.journal.events(kind="redelivery."):
        if isinstance(body := event.said, RedeliveryDemanded):
            facts.demands[body.number, body.notice] = body
            facts.noted[body.number] = event.at
        elif isinstance(body, RedeliveryAnswered):
            facts.answers[body.number, body.notice] = body
    return facts


def _rules(workspace: Workspace) -> dict[str, tuple[int, str]]:
    rows = table(workspace.settings.home, "letters", "after_release.csv").rows
    try:
        return {row["rule"]: (int(row["days"]), row["mark"]) for row in rows}
    except ValueError as error:
        raise BadInput("after-release-days-invalid", reason=error) from None


def _watch(row: sa.Row[Any], facts: _Facts, rules: dict[str, tuple[int, str]]) -> RedeliveryWatch:
    released = date.fromisoformat(row.released)
    until, why, confidence, open_ = _period(row, released, facts.conditions.get(row.number), rules)
    notices = [body for (number, _), body in facts.demands.items() if number == row.number]
    state = CONDITIONAL if open_ else WATCHED if until and until >= _today() else OVER
    notice, due, open_ones = "", None, list[tuple[str, str, str]]()
    for body in notices:
        answer = facts.answers.get((row.number, body.notice))
        if answer is None or answer.how == EXTENDED:
            open_ones.append((answer.until if answer else body.due, body.notice, body.what))
        else:
            state, notice = ANSWERED, body.notice
            why = Reason("redelivery-demand-answered", row.number, how=answer.how, on=answer.on)
    if open_ones:
        (day, notice, demand), *later = sorted(open_ones)
        state, due = DEMANDED, date.fromisoformat(day)
        why = Reason("redelivery-demanded", row.number, what=demand)
        if later:
            remaining = ", ".join(f"{what} ({name}) by {by}" for by, name, what in later)
            why = Reason("redelivery-demanded-again", row.number, what=demand, others=remaining)
    return RedeliveryWatch(row.number, row.port, row.importer, released, state, why, until, notice, due, confidence)


def _period(
    row: sa.Row[Any], released: date, condition: ReleaseConditional | None, rules: dict[str, tuple[int, str]]
) -> tuple[date | None, Reason, str, bool]:
    """Until when CBP may ask, why, how sure that is, and whether a condition stands open."""
    if condition is not None:
        days, confidence = rules["redelivery_after_condition"]
        if not condition.until:
            return None, Reason("release-conditional", row.number, why=condition.why), confidence, True
        end = date.fromisoformat(condition.until)
        ended = Reason("release-condition-ended", row.number, why=condition.why, until=condition.until)
        return end + timedelta(days=days), ended, confidence, False
    days, confidence = rules["redelivery_demand"]
    if row.outcome == "provisional":
        return None, Reason("release-provisional", row.number), confidence, True
    return released + timedelta(days=days), Reason("release-unconditional", row.number), confidence, False


def _today() -> date:
    return clock.washington().date()


def record_condition(workspace: Workspace, number: str, why: str, until: date | None, proof: Path, actor: str) -> None:
    """Note that a release stands under a condition, or (with `until`) that this ended. Raises BadInput
    without words or proof, NumberUnavailable unless the entry was released."""
    released = _released(workspace, number)
    if not why.strip():
        raise BadInput("release-condition-missing")
    if until and not released <= until <= _today():
        raise BadInput("condition-end-out-of-range", until=until, released=released)
    body = ReleaseConditional(
        number=number,
        why=why.strip(),
        until=until.isoformat() if until else "",
        proof=keep_proof(workspace, proof, "what the port wrote"),
    )
    workspace.journal.append(body, f"entry/{number}", actor)


def record_demand(
    workspace: Workspace, number: str, notice: str, on: date, due: date | None, what: str, proof: Path, actor: str
) -> date:
    """Note a notice on CBP Form 4647; returns the day by which it must be met: the one that it names,
    else the usual term [G]. Raises BadInput for days that cannot be, NumberUnavailable, Refused if that
    notice is known."""
    released = _released(workspace, number)
    days, _ = _rules(workspace)["notice_to_comply"]
    last = due or on + timedelta(days=days)
    if not released <= on <= _today() or last < on:
        raise BadInput("redelivery-notice-dates-invalid", on=on, last=last, released=released)
    if not notice.strip() or not what.strip():
        raise BadInput("redelivery-notice-incomplete")
    body = RedeliveryDemanded(
        number=number,
        notice=notice.strip(),
        on=on.isoformat(),
        due=last.isoformat(),
        what=what.strip(),
        proof=keep_proof(workspace, proof, "the notice"),
    )
    if not workspace.journal.append(body, f"entry/{number}", actor, key=f"4647:{number}:{notice.strip()}"):
        raise Refused("redelivery-notice-already-recorded", number=number, notice=notice)
    return last


def record_answer(
    workspace: Workspace, number: str, notice: str, how: str, on: date, until: date | None, proof: Path, actor: str
) -> None:
    """Note what became of a demand: complied, extended (`until`), withdrawn. Raises BadInput for another
    word or day, Refused if there is no such demand open."""
    if how not in (COMPLIED, EXTENDED, WITHDRAWN):
        raise BadInput("redelivery-outcome-unknown", how=how, complied=COMPLIED, extended=EXTENDED, withdrawn=WITHDRAWN)
    facts = _facts(workspace)
    demand, before = facts.demands.get((number, notice)), facts.answers.get((number, notice))
    if demand is None or (before is not None and before.how != EXTENDED):
        raise Refused("redelivery-demand-not-open", number=number, notice=notice)
    if not demand.on <= on.isoformat() <= _today().isoformat():
        raise BadInput("outcome-date-out-of-range", on=on, on2=demand.on)
    if (how == EXTENDED) != bool(until) or (until and until <= on):
        raise BadInput("extension-date-invalid")
    body = RedeliveryAnswered(
        number=number,
        notice=notice,
        how=how,
        on=on.isoformat(),
        until=until.isoformat() if until else "",
        proof=keep_proof(workspace, proof, "CBP's word or the receipt"),
    )
    workspace.journal.append(body, f"entry/{number}", actor)


def _released(workspace: Workspace, number: str) -> date:
    rows = workspace.journal.rows(sa.select(ENTRIES.c.released).where(ENTRIES.c.number == number))
    if not rows or not rows[0].released:
        raise NumberUnavailable("paper-release-not-recorded", number=number)
    return date.fromisoformat(rows[0].released)


def watch_status(watch: RedeliveryWatch, today: date) -> str:
    """Red from a week before a demand's day on; amber under a condition."""
    if watch.state == DEMANDED and watch.due:
        return RED if (watch.due - today).days <= _NEAR else AMBER
    return AMBER if watch.state == CONDITIONAL else GREEN


def readiness(workspace: Workspace) -> Iterator[StatusLine]:
    """The status lines: demands that are due, releases under a condition."""
    watched, noted = watches(workspace, pressing=True), _facts(workspace).noted
    today = _today()
    for watch in watched:
        if watch.state == DEMANDED and watch.due:
            left = (watch.due - today).days
            fact = f"{watch.number}: {watch.why}, by {watch.due}" + (f", {-left} days LATE" if left < 0 else "")
            yield StatusLine(
                "redelivery-demands",
                "",
                "redelivery demanded (CBP 4647)",
                watch_status(watch, today),
                fact,
                f"continuity incident redelivery answered {watch.number} --notice NOTICE --how HOW --on DAY "
                "--proof FILE",
                noted[watch.number],
                "G",
            )
    if conditional := [watch.number for watch in watched if watch.state == CONDITIONAL]:
        first = f"{', '.join(conditional[:3])}{', ...' if conditional[3:] else ''}"
        fact = f"{len(conditional)}: {first}; the importers keep the goods"
        yield StatusLine(
            "conditional-release",
            "",
            "released under a condition",
            AMBER,
            fact,
            "continuity incident redelivery conditional NUMBER --why WORDS --until DAY --proof FILE",
            max(noted.get(number, "") or _recorded(workspace, number) for number in conditional),
            "S",
        )


def _recorded(workspace: Workspace, number: str) -> str:
    query = sa.select(EVENTS.c.at).join(ENTRIES, ENTRIES.c.seq == EVENTS.c.seq)
    return str(workspace.journal.rows(query.where(ENTRIES.c.number == number))[0].at)
