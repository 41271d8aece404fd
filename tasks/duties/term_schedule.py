"""The state of each duty: the term that is open now, when it ends and why, and its ladder of reminders.

A term is named by its last day, so that whatever moves that day begins a new ladder. A rung is moved to the
working day before it, never after. After the last day every day is a rung. Rungs before the term became known
count as one, the latest.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, timedelta
from zoneinfo import ZoneInfo

from tasks.core.calendar import Calendar, months_after
from tasks.duties.duty_catalog import DutyCatalog
from tasks.duties.duty_definition import Duty, DutyPeriod
from tasks.duties.duty_history import (
    DutyChange,
    DutyHistory,
    DutyProof,
    ItemKey,
    ReminderRecord,
    Rows,
    read_history,
    reminders_of,
)


@dataclass(frozen=True)
class ReminderStep:
    """A rung: `days` before the last day (negative: after it), and the day `on` which the reminder is due."""

    days: int
    on: date

    @property
    def name(self) -> str:
        return f"T{-self.days:+d}" if self.days else "T-0"


def reminder_steps(state: DutyState) -> list[ReminderStep]:
    """The rungs up to the last day, earliest first."""
    calendar = Calendar()
    return [ReminderStep(days, calendar.on_or_before(state.due - timedelta(days=days))) for days in state.duty.rungs]


def reached_steps(state: DutyState, today: date) -> list[ReminderStep]:
    """The rungs whose day has come, reminded of or not, earliest first."""
    late = (today - state.due).days
    steps = [step for step in reminder_steps(state) if step.on <= today]
    steps += [ReminderStep(-n, state.due + timedelta(days=n)) for n in range(1, late + 1)]
    opened_steps = [step for step in steps if step.on >= state.opened]
    earlier = [step for step in steps if step.on < state.opened]
    if opened_steps and opened_steps[0].on == state.opened:
        return opened_steps
    return earlier[-1:] + opened_steps


def due_steps(state: DutyState, today: date) -> list[ReminderStep]:
    """The rungs that are neither reminded of nor acknowledged."""
    return [step for step in reached_steps(state, today) if step.name not in state.rungs]


def recipients(state: DutyState, step: ReminderStep) -> tuple[str, ...]:
    """The owner, and those to whom the duty escalates at this rung."""
    escalated = [role for escalation in state.duty.escalation if step.days <= escalation.days for role in escalation.to]
    return tuple(dict.fromkeys([state.duty.owner, *escalated]))


def step_text(state: DutyState, step: ReminderStep) -> str:
    """What is to be done at this rung: the text of the last step that was reached."""
    steps = {int(days): text for days, text in state.duty.steps.items()}
    reached = [days for days in steps if days >= step.days]
    return steps[min(reached)] if reached else ""


FIRST_PROOF_PERIOD = timedelta(days=30)
"""From the beginning of the journal to the first proof of a duty."""


@dataclass(frozen=True)
class DutyState:
    """One duty, or one item of it. `opened`: the day since which the term is known. `proofs`: all that
    count, oldest first. `regular`: the last day without the `change`."""

    duty: Duty
    item: str
    due: date
    opened: date
    term: str
    proofs: Sequence[DutyProof] = ()
    change: DutyChange | None = None
    regular: date | None = None
    rungs: Mapping[str, ReminderRecord] = field(default_factory=dict[str, ReminderRecord])

    @property
    def last(self) -> DutyProof | None:
        return self.proofs[-1] if self.proofs else None

    @property
    def never(self) -> bool:
        """There is no proof, and no rule names the first day either."""
        return not self.proofs and self.duty.due is None

    @property
    def key(self) -> ItemKey:
        return self.duty.id, self.item

    @property
    def submit_by(self) -> date | None:
        """The day by which it must be handed in, where that is not the last day."""
        if self.duty.submit is None or self.change or self.never:
            return None
        return self.due - timedelta(days=self.duty.submit)

    @property
    def submitted(self) -> bool:
        """Whether a rung from the day of submission on was acknowledged."""
        most = self.duty.submit or 0
        return any(record.acknowledged and -int(name[1:]) <= most for name, record in self.rungs.items())

    @property
    def seq(self) -> int:
        """The number of the last event that moved it."""
        return max(self.last.seq if self.last else 0, self.change.seq if self.change else 0)

    @property
    def name(self) -> str:
        return f"{self.duty.id} {self.item}".strip()

    @property
    def title(self) -> str:
        return f"{self.duty.what}: {self.item}" if self.item else self.duty.what


def add_period(day: date, period: DutyPeriod) -> date:
    """A period later; months by the calendar."""
    return months_after(day, period.months) + timedelta(days=period.days)


def duty_states(rows: Rows, catalogue: DutyCatalog, zone: ZoneInfo) -> list[DutyState]:
    """The state of every duty and item, in the catalog's order. Those that are only watched have none."""
    record = read_history(rows, catalogue, zone)
    states = [
        duty_state(record, duty, item)
        for duty in catalogue.duties.values()
        if not duty.watched
        for item in _items(record, duty)
    ]
    return with_reminders(rows, states)


def with_reminders(rows: Rows, states: list[DutyState]) -> list[DutyState]:
    """The same with their reminder records."""
    rungs = reminders_of(rows, {state.term for state in states})
    return [replace(state, rungs=rungs.get((*state.key, state.term), {})) for state in states]


def duty_subject(state: DutyState) -> str:
    """The subject of the duty's events."""
    return f"duty/{state.duty.id}" + (f"/{state.item}" if state.item else "")


def _items(record: DutyHistory, duty: Duty) -> list[str]:
    return sorted(item for name, item in record.proofs if name == duty.id) or [""]


def duty_state(record: DutyHistory, duty: Duty, item: str) -> DutyState:
    """One item of a duty, its rungs not yet looked up."""
    proofs = sorted(record.proofs.get((duty.id, item), ()), key=lambda proof: (proof.on, proof.seq))
    due, opened = _due(duty, proofs, record.started)
    change, due_again = _next_change(duty, proofs, record.changes.get((duty.id, item), ()))
    if change and due_again and due_again < due:
        term = f"{due_again} {change.seq}"
        return DutyState(duty, item, due_again, max(change.on, opened), term, proofs, change, due)
    return DutyState(duty, item, due, opened, due.isoformat(), proofs)


def _due(duty: Duty, proofs: Sequence[DutyProof], started: date) -> tuple[date, date]:
    """The last day of the open term, and the day since which it is known."""
    last = proofs[-1] if proofs else None
    opened = max(last.at.date(), last.on) if last else started
    if duty.due is not None:
        return _deadline(duty, {proof.term for proof in proofs}, started), opened
    if last is None:
        return started + FIRST_PROOF_PERIOD, started
    ends = [last.until] if last.until else []
    if duty.every:
        ends.append(add_period(last.on, duty.every))
    return min(ends), opened


def deadlines(duty: Duty) -> Iterator[date]:
    """The fixed last days of a duty, without end."""
    assert duty.due is not None and duty.every is not None
    count = 0
    while True:
        period = duty.every
        yield add_period(duty.due, DutyPeriod(period.months * count, period.days * count))
        count += 1


def _deadline(duty: Duty, terms: set[str], started: date) -> date:
    last = max((date.fromisoformat(term[:10]) for term in terms if term), default=None)
    return next(day for day in deadlines(duty) if day >= started and (last is None or day > last))


def _next_change(
    duty: Duty, proofs: Sequence[DutyProof], changes: Sequence[DutyChange]
) -> tuple[DutyChange | None, date | None]:
    """The change since the last proof that is due first, and its due date. None before a first proof."""
    if not proofs:
        return None, None
    last = proofs[-1]
    open_ = [change for change in changes if (change.on, change.seq) > (last.on, last.seq)]
    first = min(open_, key=lambda change: (change.on, change.seq), default=None)
    return (first, add_period(first.on, duty.again_within)) if first else (None, None)
