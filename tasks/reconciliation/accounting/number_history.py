"""What the journal says of each number, gathered in one reading of its events: the accounting report
is made of it, and of the projections for where a number stands now."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import date
from functools import cache
from typing import NamedTuple

from tasks.core import clock
from tasks.core.journal.bodies import Body
from tasks.core.journal.journal import GENESIS, Event, Journal
from tasks.core.journal.projections import apply, projection
from tasks.entries.api import (
    AceReason,
    EntriesRecorded,
    EntriesRefused,
    EntriesRevised,
    EntryBurnt,
    EntryHandedOver,
    EntryReopened,
    EntrySettled,
    NumbersIssued,
    NumbersReserved,
    NumbersVoided,
)
from tasks.incident.api import LetterIssued
from tasks.reconciliation.decisions.entry_facts import HELD
from tasks.reconciliation.events import (
    AccountingSigned,
    AnswerLine,
    AnswerRead,
    AnswerRepeated,
    BatchNamed,
    BatchNotReceived,
    BatchWritten,
    BondConfirmed,
    PaperWritten,
    ProductionExported,
    QueryNamed,
    RequestAnswered,
)
from tasks.reconciliation.state.entry_state import BILL, IMPORTER, RANGE, RELEASE, SUMMARY
from tasks.security.api import ApprovalAsked, ApprovalGranted, ApprovalRefused, PersonAdded, PersonCodeFailed

TAKEN = (*HELD, "referred")
"""What ACE says of a filing that stands there."""

_UNDONE = ("cancelled", "rejected")


@cache
def washington_day(at: str) -> date:
    """The day in Washington of a moment of the journal: CBP counts days there, the journal in UTC."""
    return clock.washington(clock.parse(at)).date()


class EventPosition(NamedTuple):
    """Where something stands in the journal."""

    seq: int
    at: str
    actor: str

    @property
    def day(self) -> date:
        return washington_day(self.at)


class ReportedAnswer(NamedTuple):
    """What one answer said of one number. `batch` is ours; empty if ACE reported of its own accord."""

    position: EventPosition
    about: str
    batch: str
    application: str
    line: AnswerLine

    @property
    def stands(self) -> bool:
        """Whether ACE showed something on file under the number, not undone by CBP."""
        return self.line.disposition in TAKEN and self.line.summary not in _UNDONE


class FinalState(NamedTuple):
    """How a number came to its last place."""

    position: EventPosition
    how: str
    proof: str = ""


class WorkbookFile(NamedTuple):
    """A file that a desk handed in; `reasons` if it was refused."""

    position: EventPosition
    name: str
    desk: str
    reasons: tuple[str, ...] = ()
    revision: bool = False


@dataclass
class BatchSending:
    """One batch that was named. `answers`: each answer, and whether it rejected the batch whole;
    `reasons`: CBP's for that. `lost`: noted, with proof, as never received by
    ACE."""

    batch: str
    application: str
    plan: str
    file: str
    numbers: tuple[str, ...]
    named: EventPosition
    written: EventPosition | None = None
    answers: list[tuple[EventPosition, bool]] = field(default_factory=list)
    reasons: tuple[AceReason, ...] = ()
    lost: FinalState | None = None

    @property
    def rejected(self) -> bool:
        """By the first answer; a later one changes nothing."""
        return bool(self.answers) and self.answers[0][1]


@dataclass
class ActorActivity:
    """What one actor did of one kind."""

    first: EventPosition
    last: EventPosition
    events: int = 0
    numbers: set[str] = field(default_factory=set)
    plans: set[str] = field(default_factory=set)


@dataclass
class NumberHistory:
    """All that happened. Mappings are by entry number but for `sendings` (batch id), `activities`
    (actor and kind), `people` (id) and `importers` (importer as the journal holds it)."""

    reserved: int = 0
    issued: int = 0
    recorded: dict[str, list[WorkbookFile]] = field(default_factory=dict)
    refused: list[WorkbookFile] = field(default_factory=list)
    sendings: dict[str, BatchSending] = field(default_factory=dict)
    sent: dict[str, list[BatchSending]] = field(default_factory=dict)
    answers: dict[str, list[ReportedAnswer]] = field(default_factory=dict)
    importers: dict[str, list[ReportedAnswer]] = field(default_factory=dict)
    bonds: dict[str, EventPosition] = field(default_factory=dict)
    replies: dict[str, list[tuple[EventPosition, str]]] = field(default_factory=dict)
    ends: dict[str, FinalState] = field(default_factory=dict)
    signed: list[tuple[EventPosition, AccountingSigned]] = field(default_factory=list)
    refusals: list[tuple[EventPosition, ApprovalRefused | PersonCodeFailed]] = field(default_factory=list)
    activities: dict[tuple[str, str], ActorActivity] = field(default_factory=dict)
    people: dict[str, PersonAdded] = field(default_factory=dict)
    broken: list[int] = field(default_factory=list)
    """Events whose digest does not fit, or that do not follow the one before."""

    def first_stood(self, number: str, about: str) -> ReportedAnswer | None:
        """The first answer that showed a summary or a release of the number in ACE."""
        return next(
            (answer for answer in self.answers.get(number, ()) if answer.about == about and answer.stands), None
        )

    def first_found(self, number: str) -> ReportedAnswer | None:
        """The answer that showed the number in ACE though nothing of ours stood there: before we
        had sent anything, or as `already on file` to our first sending of that message."""
        sent = self.sent.get(number, ())
        for answer in self.answers.get(number, ()):
            if answer.about not in (SUMMARY, RELEASE) or not answer.stands:
                continue
            if not sent or answer.position.seq < sent[0].named.seq:
                return answer
            sending = self.sendings.get(answer.batch)
            first = sending and next(each for each in sent if each.application == sending.application)
            on_file = answer.line.disposition == "already on file"
            return answer if on_file and sending is not None and sending is first else None
        return None

    def fate(self, number: str, sending: BatchSending) -> str:
        """What became of a number in a batch, in a word or two."""
        if sending.rejected:
            return "batch rejected whole"
        for answer in self.answers.get(number, ()):
            if answer.batch == sending.batch:
                return " ".join(part for part in (answer.line.disposition, *answer.line.codes) if part)
        if sending.lost is not None:
            return "never reached ACE"
        return "no answer" if sending.written else "not written yet"


def read_history(journal: Journal) -> NumberHistory:
    """The story of the whole book."""
    history, before = NumberHistory(), GENESIS
    for event in journal.events():
        if event.prev != before or event.computed() != event.digest:
            history.broken.append(event.seq)
        before = event.digest
        position = EventPosition(event.seq, event.at, event.actor)
        body = event.said
        _count_activity(history, position, event, body)
        apply(history, position, body)
    return history


def _count_activity(history: NumberHistory, position: EventPosition, event: Event, body: Body) -> None:
    activity = history.activities.setdefault((event.actor, event.kind), ActorActivity(position, position))
    activity.last, activity.events = position, activity.events + 1
    activity.numbers.update(_touched_numbers(body))
    if isinstance(body, ApprovalAsked | ApprovalGranted):
        activity.plans.add(body.plan)


_LISTING = BatchNamed | NumbersVoided | PaperWritten | ProductionExported
"""Bodies that list the numbers that they are about."""


_NO_ENTRIES = (IMPORTER, RANGE)
"""What such queries and answers name is no entry number."""


def _touched_numbers(body: Body) -> Iterable[str]:
    """The entry numbers that an event is about; a block of the reserve belongs to nobody yet."""
    if isinstance(body, EntriesRecorded):
        return (line.number for line in body.entries)
    if isinstance(body, LetterIssued):
        return (entry.number for entry in body.entries)
    if isinstance(body, AnswerRead):
        return (line.number for line in body.lines) if body.about not in _NO_ENTRIES else ()
    if isinstance(body, QueryNamed):
        return body.asked if body.about not in _NO_ENTRIES else ()
    if isinstance(body, _LISTING):
        return body.numbers
    number = getattr(body, "number", "")
    return (number,) if number else ()


@projection(EntriesRecorded, EntriesRevised, into=NumberHistory)
def _recorded(history: NumberHistory, position: EventPosition, body: EntriesRecorded) -> None:
    revised = isinstance(body, EntriesRevised)
    file = WorkbookFile(position, body.file, body.desk, revision=revised)
    for line in body.entries:
        history.recorded.setdefault(line.number, []).append(file)


@projection(BatchNamed, into=NumberHistory)
def _named(history: NumberHistory, position: EventPosition, body: BatchNamed) -> None:
    sending = BatchSending(body.batch, body.application, body.plan, body.file, tuple(body.numbers), position)
    history.sendings[body.batch] = sending
    for number in body.numbers:
        history.sent.setdefault(number, []).append(sending)


@projection(BatchWritten, into=NumberHistory)
def _written(history: NumberHistory, position: EventPosition, body: BatchWritten) -> None:
    if body.batch in history.sendings:
        history.sendings[body.batch].written = position


@projection(BatchNotReceived, into=NumberHistory)
def _lost(history: NumberHistory, position: EventPosition, body: BatchNotReceived) -> None:
    if body.batch in history.sendings:
        history.sendings[body.batch].lost = FinalState(position, body.reason, body.proof)


@projection(AnswerRead, into=NumberHistory)
def _answered(history: NumberHistory, position: EventPosition, body: AnswerRead) -> None:
    if body.batch in history.sendings:
        sending = history.sendings[body.batch]
        sending.answers.append((position, body.rejected))
        sending.reasons = sending.reasons or body.reasons
    if body.about == BILL or body.rejected:
        return
    into = history.importers if body.about == IMPORTER else history.answers
    for line in body.lines:
        told = ReportedAnswer(position, body.about, body.batch, body.application, line)
        into.setdefault(line.number, []).append(told)


@projection(AnswerRepeated, into=NumberHistory)
def _repeated(history: NumberHistory, position: EventPosition, body: AnswerRepeated) -> None:
    for batch in body.batches:
        if batch in history.sendings:
            history.sendings[batch].answers.append((position, history.sendings[batch].rejected))


@projection(NumbersVoided, into=NumberHistory)
def _voided(history: NumberHistory, position: EventPosition, body: NumbersVoided) -> None:
    how = f"{body.reason} (confirmed by {' and '.join(body.persons)})"
    history.ends |= {number: FinalState(position, how) for number in body.numbers}


@projection(EntrySettled, into=NumberHistory)
def _settled(history: NumberHistory, position: EventPosition, body: EntrySettled) -> None:
    history.ends[body.number] = FinalState(position, body.how, body.proof)


@projection(EntryHandedOver, into=NumberHistory)
def _handed_over(history: NumberHistory, position: EventPosition, body: EntryHandedOver) -> None:
    how = f"filed by {body.filer} under {body.other_number}"
    history.ends[body.number] = FinalState(position, how, body.proof)


@projection(EntryBurnt, into=NumberHistory)
def _canceled(history: NumberHistory, position: EventPosition, body: EntryBurnt) -> None:
    history.ends[body.number] = FinalState(position, body.reason, body.proof)


@projection(EntriesRefused, into=NumberHistory)
def _file_refused(history: NumberHistory, position: EventPosition, body: EntriesRefused) -> None:
    history.refused.append(WorkbookFile(position, body.file, body.desk, tuple(body.reasons)))


@projection(AccountingSigned, into=NumberHistory)
def _signed(history: NumberHistory, position: EventPosition, body: AccountingSigned) -> None:
    history.signed.append((position, body))


@projection(ApprovalRefused, into=NumberHistory)
def _approval_refused(history: NumberHistory, position: EventPosition, body: ApprovalRefused) -> None:
    history.refusals.append((position, body))


@projection(PersonCodeFailed, into=NumberHistory)
def _code_failed(history: NumberHistory, position: EventPosition, body: PersonCodeFailed) -> None:
    history.refusals.append((position, body))


@projection(PersonAdded, into=NumberHistory)
def _person(history: NumberHistory, position: EventPosition, body: PersonAdded) -> None:
    history.people[body.person] = body


@projection(EntryReopened, into=NumberHistory)
def _reopened(history: NumberHistory, position: EventPosition, body: EntryReopened) -> None:
    history.ends.pop(body.number, None)


@projection(NumbersReserved, into=NumberHistory)
def _reserved(history: NumberHistory, position: EventPosition, body: NumbersReserved) -> None:
    history.reserved += body.last - body.first + 1


@projection(NumbersIssued, into=NumberHistory)
def _issued(history: NumberHistory, position: EventPosition, body: NumbersIssued) -> None:
    history.issued += body.last - body.first + 1


@projection(RequestAnswered, into=NumberHistory)
def _replied(history: NumberHistory, position: EventPosition, body: RequestAnswered) -> None:
    history.replies.setdefault(body.number, []).append((position, body.how))


@projection(BondConfirmed, into=NumberHistory)
def _bonded(history: NumberHistory, position: EventPosition, body: BondConfirmed) -> None:
    history.bonds.setdefault(body.number, position)
