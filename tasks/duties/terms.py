"""Where each duty stands: the term that is open now, when it ends, and why.

A term is named by its last day, so that a duty that was done begins a new ladder, and one that is
found to have another last day does too.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, timedelta
from zoneinfo import ZoneInfo

from tasks.duties.catalogue import Catalogue
from tasks.duties.duty import Duty, Period
from tasks.duties.records import Change, Item, Proof, Record, Rows, Rung, read, rungs_of
from tasks.shared.business_days import months_after

FIRST = timedelta(days=30)
"""From the beginning of the book to the first proof of a duty that nobody has yet shown."""


@dataclass(frozen=True)
class Standing:
    """One duty, or one item of it. `opened`: since when the house knows of this term. `proofs`
    are all that count, oldest first. `regular`: the last day that a change came before."""

    duty: Duty
    item: str
    due: date
    opened: date
    term: str
    proofs: Sequence[Proof] = ()
    change: Change | None = None
    regular: date | None = None
    rungs: Mapping[str, Rung] = field(default_factory=dict)

    @property
    def last(self) -> Proof | None:
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


def add(day: date, period: Period) -> date:
    """So much later; months by the calendar."""
    return months_after(day, period.months) + timedelta(days=period.days)


def standings(rows: Rows, catalogue: Catalogue, zone: ZoneInfo) -> list[Standing]:
    """Every duty and item, in the catalogue's order. Those that are only watched have none."""
    record = read(rows, catalogue, zone)
    bare = [
        standing(record, duty, item)
        for duty in catalogue.duties.values()
        if not duty.watched
        for item in _items(record, duty)
    ]
    return with_rungs(rows, bare)


def with_rungs(rows: Rows, bare: list[Standing]) -> list[Standing]:
    """The same with what became of their rungs."""
    rungs = rungs_of(rows, {one.term for one in bare})
    return [replace(one, rungs=rungs.get((*one.key, one.term), {})) for one in bare]


def subject(standing: Standing) -> str:
    """What the journal calls it."""
    return f"duty/{standing.duty.id}" + (f"/{standing.item}" if standing.item else "")


def _items(record: Record, duty: Duty) -> list[str]:
    return sorted(item for name, item in record.proofs if name == duty.id) or [""]


def standing(record: Record, duty: Duty, item: str) -> Standing:
    """One item of a duty, its rungs not yet looked up."""
    proofs = sorted(record.proofs.get((duty.id, item), ()), key=lambda one: (one.on, one.seq))
    due, opened = _due(duty, proofs, record.started)
    change, again = _pending(duty, proofs, record.changes.get((duty.id, item), ()))
    if change and again and again < due:
        term = f"{again} {change.seq}"
        return Standing(duty, item, again, max(change.on, opened), term, proofs, change, due)
    return Standing(duty, item, due, opened, due.isoformat(), proofs)


def _due(duty: Duty, proofs: Sequence[Proof], started: date) -> tuple[date, date]:
    """The last day of the open term, and the day since which it is known."""
    last = proofs[-1] if proofs else None
    opened = max(last.at.date(), last.on) if last else started
    if duty.due is not None:
        return _deadline(duty, {one.term for one in proofs}, started), opened
    if last is None:
        return started + FIRST, started
    ends = [last.until] if last.until else []
    if duty.every:
        ends.append(add(last.on, duty.every))
    return min(ends), opened


def deadlines(duty: Duty) -> Iterator[date]:
    """The fixed last days of a duty, for ever."""
    assert duty.due is not None and duty.every is not None
    count = 0
    while True:
        every = duty.every
        yield add(duty.due, Period(every.months * count, every.days * count))
        count += 1


def _deadline(duty: Duty, done: set[str], started: date) -> date:
    last = max((date.fromisoformat(term[:10]) for term in done if term), default=None)
    return next(day for day in deadlines(duty) if day >= started and (last is None or day > last))


def _pending(
    duty: Duty, proofs: Sequence[Proof], changes: Sequence[Change]
) -> tuple[Change | None, date | None]:
    """The change since the last proof that is due first. Nothing was agreed before a first proof."""
    if not proofs:
        return None, None
    last = proofs[-1]
    open_ = [one for one in changes if (one.on, one.seq) > (last.on, last.seq)]
    first = min(open_, key=lambda one: (one.on, one.seq), default=None)
    return (first, add(first.on, duty.again_within)) if first else (None, None)
