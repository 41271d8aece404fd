"""The ladder of a term: on which days somebody is told, and which of them are due now.

A rung is moved to the working day before it, never after. After the last day every day is a rung.
Rungs that lay before the house knew of the term are told as one, the latest.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta

from tasks.duties.terms import Standing
from tasks.shared.business_days import Calendar


@dataclass(frozen=True)
class Step:
    """A rung: `days` before the last day (negative: after it), and the day `on` which it is told."""

    days: int
    on: date

    @property
    def name(self) -> str:
        return f"T{-self.days:+d}" if self.days else "T-0"


def ladder(standing: Standing) -> list[Step]:
    """The rungs up to the last day, earliest first."""
    calendar = Calendar()
    return [
        Step(days, calendar.on_or_before(standing.due - timedelta(days=days)))
        for days in standing.duty.rungs
    ]


def reached(standing: Standing, today: date) -> list[Step]:
    """The rungs whose day has come, told or not, earliest first."""
    late = (today - standing.due).days
    steps = [step for step in ladder(standing) if step.on <= today]
    steps += [Step(-n, standing.due + timedelta(days=n)) for n in range(1, late + 1)]
    known = [step for step in steps if step.on >= standing.opened]
    before = [step for step in steps if step.on < standing.opened]
    if known and known[0].on == standing.opened:
        return known
    return before[-1:] + known


def due(standing: Standing, today: date) -> list[Step]:
    """The rungs that are neither told nor acknowledged."""
    return [step for step in reached(standing, today) if step.name not in standing.rungs]


def recipients(standing: Standing, step: Step) -> tuple[str, ...]:
    """The owner, and those to whom the duty escalates at this rung."""
    more = [role for one in standing.duty.escalation if step.days <= one.days for role in one.to]
    return tuple(dict.fromkeys([standing.duty.owner, *more]))


def words(standing: Standing, step: Step) -> str:
    """What is to be done at this rung: that of the last step of the catalogue that was reached."""
    steps = {int(days): text for days, text in standing.duty.steps.items()}
    reached_ = [days for days in steps if days >= step.days]
    return steps[min(reached_)] if reached_ else ""
