"""Where each duty stands: the term that is open now, when it ends, and why.

A term is named by its last day, so that a duty that was done begins a new ladder, and one that is
found to have another last day does too.

The ladder of a term: on which days somebody is told, and which of them are due now.

A rung is moved to the working day before it, never after. After the last day every day is a rung.
Rungs that lay before the house knew of the term are told as one, the latest.
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
    Item,
    ReminderRecord,
    Rows,
    read_history,
    reminders_of,
)


@dataclass(frozen=True)
class ReminderStep:
    """A rung: `days` before the last day (negative: after it), and the day `on` which it is told."""

    days: int
    on: date

    @property
    def name(self) -> str:
        return f"T{-self.days:+d}" if self.days else "T-0"


def reminder_steps(standing: DutyState) -> list[ReminderStep]:
    """The rungs up to the last day, earliest first."""
    calendar = Calendar()
    return [
        ReminderStep(days, calendar.on_or_before(standing.due - timedelta(days=days))) for days in standing.duty.rungs
    ]


def reached_steps(standing: DutyState, today: date) -> list[ReminderStep]:
    """The rungs whose day has come, told or not, earliest first."""
    late = (today - standing.due).days
    steps = [step for step in reminder_steps(standing) if step.on <= today]
    steps += [ReminderStep(-n, standing.due + timedelta(days=n)) for n in range(1, late + 1)]
    known = [step for step in steps if step.on >= standing.opened]
    before = [step for step in steps if step.on < standing.opened]
    if known and known[0].on == standing.opened:
        return known
    return before[-1:] + known


def due_steps(standing: DutyState, today: date) -> list[ReminderStep]:
    """The rungs that are neither told nor acknowledged."""
    return [step for step in reached_steps(standing, today) if step.name not in standing.rungs]


def recipients(standing: DutyState, step: ReminderStep) -> tuple[str, ...]:
    """The owner, and those to whom the duty escalates at this rung."""
    more = [role for one in standing.duty.escalation if step.days <= one.days for role in one.to]
    return tuple(dict.fromkeys([standing.duty.owner, *more]))


def step_text(standing: DutyState, step: ReminderStep) -> str:
    """What is to be done at this rung: that of the last step of the catalogue that was reached."""
    steps = {int(days): text for days, text in standing.duty.steps.items()}
    reached_ = [days for days in steps if days >= step.days]
    return steps[min(reached_)] if reached_ else ""


FIRST = timedelta(days=30)
"""From the beginning of the book to the first proof of a duty that nobody has yet shown."""


@dataclass(frozen=True)
class DutyState:
    """One duty, or one item of it. `opened`: since when the house knows of this term. `proofs`
    are all that count, oldest first. `regular`: the last day that a change came before."""

    duty: Duty
    item: str
    due: date
    opened: date
    term: str
    proofs: Sequence[DutyProof] = ()
    change: DutyChange | None = None
    regular: date | None = None
    rungs: Mapping[str, ReminderRecord] = field(default_factory=dict)

    @property
    def last(self) -> DutyProof | None:
        return self.proofs[-1] if self.proofs else None

    @property
    def never(self) -> bool:
        """Nothing was ever shown, and no rule names the first day either."""
        return not self.proofs and self.duty.due is None

    @property
    def key(self) -> Item:
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
        return any(one.acknowledged and -int(name[1:]) <= most for name, one in self.rungs.items())

    @property
    def seq(self) -> int:
        """The place of the last event that moved it."""
        return max(self.last.seq if self.last else 0, self.change.seq if self.change else 0)

    @property
    def name(self) -> str:
        return f"{self.duty.id} {self.item}".strip()

    @property
    def title(self) -> str:
        return f"{self.duty.what}: {self.item}" if self.item else self.duty.what


def add_period(day: date, period: DutyPeriod) -> date:
    """So much later; months by the calendar."""
    return months_after(day, period.months) + timedelta(days=period.days)


def duty_states(rows: Rows, catalogue: DutyCatalog, zone: ZoneInfo) -> list[DutyState]:
    """Every duty and item, in the catalogue's order. Those that are only watched have none."""
    record = read_history(rows, catalogue, zone)
    bare = [
        duty_state(record, duty, item)
        for duty in catalogue.duties.values()
        if not duty.watched
        for item in _items(record, duty)
    ]
    return with_reminders(rows, bare)


def with_reminders(rows: Rows, bare: list[DutyState]) -> list[DutyState]:
    """The same with what became of their rungs."""
    rungs = reminders_of(rows, {one.term for one in bare})
    return [replace(one, rungs=rungs.get((*one.key, one.term), {})) for one in bare]


def duty_subject(standing: DutyState) -> str:
    """What the journal calls it."""
    return f"duty/{standing.duty.id}" + (f"/{standing.item}" if standing.item else "")


def _items(record: DutyHistory, duty: Duty) -> list[str]:
    return sorted(item for name, item in record.proofs if name == duty.id) or [""]


def duty_state(record: DutyHistory, duty: Duty, item: str) -> DutyState:
    """One item of a duty, its rungs not yet looked up."""
    proofs = sorted(record.proofs.get((duty.id, item), ()), key=lambda one: (one.on, one.seq))
    due, opened = _due(duty, proofs, record.started)
    change, again = _pending(duty, proofs, record.changes.get((duty.id, item), ()))
    if change and again and again < due:
        term = f"{again} {change.seq}"
        return DutyState(duty, item, again, max(change.on, opened), term, proofs, change, due)
    return DutyState(duty, item, due, opened, due.isoformat(), proofs)


def _due(duty: Duty, proofs: Sequence[DutyProof], started: date) -> tuple[date, date]:
    """The last day of the open term, and the day since which it is known."""
    last = proofs[-1] if proofs else None
    opened = max(last.at.date(), last.on) if last else started
    if duty.due is not None:
        return _deadline(duty, {one.term for one in proofs}, started), opened
    if last is None:
        return started + FIRST, started
    ends = [last.until] if last.until else []
    if duty.every:
        ends.append(add_period(last.on, duty.every))
    return min(ends), opened


def deadlines(duty: Duty) -> Iterator[date]:
    """The fixed last days of a duty, for ever."""
    assert duty.due is not None and duty.every is not None
    count = 0
    while True:
        every = duty.every
        yield add_period(duty.due, DutyPeriod(every.months * count, every.days * count))
        count += 1


def _deadline(duty: Duty, done: set[str], started: date) -> date:
    last = max((date.fromisoformat(term[:10]) for term in done if term), default=None)
    return next(day for day in deadlines(duty) if day >= started and (last is None or day > last))


def _pending(
    duty: Duty, proofs: Sequence[DutyProof], changes: Sequence[DutyChange]
) -> tuple[DutyChange | None, date | None]:
    """The change since the last proof that is due first. Nothing was agreed before a first proof."""
    if not proofs:
        return None, None
    last = proofs[-1]
    open_ = [one for one in changes if (one.on, one.seq) > (last.on, last.seq)]
    first = min(open_, key=lambda one: (one.on, one.seq), default=None)
    return (first, add_period(first.on, duty.again_within)) if first else (None, None)
