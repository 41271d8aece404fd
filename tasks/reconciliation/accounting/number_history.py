"""What the book says of each number, gathered in one reading of its events: the accounting report
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
    """The day in Washington of a moment of the book: CBP counts days there, the book in UTC."""
    return clock.washington(clock.parse(at)).date()


class EventPosition(NamedTuple):
    """Where something stands in the book."""

    seq: int
    at: str
    actor: str

    @property
    def day(self) -> date:
        return washington_day(self.at)


class ReportedAnswer(NamedTuple):
    """What one answer said of one number. `batch` is ours; empty if ACE told of its own accord."""

    mark: EventPosition
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

    mark: EventPosition
    how: str
    proof: str = ""


class WorkbookFile(NamedTuple):
    """A file that a desk handed in; `reasons` if it was refused."""

    mark: EventPosition
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
    """All that happened. Mappings are by entry number but for `sendings` (batch id), `deeds`
    (actor and kind), `people` (id) and `importers` (importer as the book holds it)."""

    reserved: int = 0
    issued: int = 0
    recorded: dict[str, list[WorkbookFile]] = field(default_factory=dict)
    refused: list[WorkbookFile] = field(default_factory=list)
    sendings: dict[str, BatchSending] = field(default_factory=dict)
    sent: dict[str, list[BatchSending]] = field(default_factory=dict)
    told: dict[str, list[ReportedAnswer]] = field(default_factory=dict)
    importers: dict[str, list[ReportedAnswer]] = field(default_factory=dict)
    bonds: dict[str, EventPosition] = field(default_factory=dict)
    replies: dict[str, list[tuple[EventPosition, str]]] = field(default_factory=dict)
    ends: dict[str, FinalState] = field(default_factory=dict)
    signed: list[tuple[EventPosition, AccountingSigned]] = field(default_factory=list)
    refusals: list[tuple[EventPosition, ApprovalRefused | PersonCodeFailed]] = field(default_factory=list)
    deeds: dict[tuple[str, str], ActorActivity] = field(default_factory=dict)
    people: dict[str, PersonAdded] = field(default_factory=dict)
    broken: list[int] = field(default_factory=list)
    """Events whose digest does not fit, or that do not follow the one before."""

    def first_stood(self, number: str, about: str) -> ReportedAnswer | None:
        """The first answer that showed a summary or a release of the number in ACE."""
        return next((one for one in self.told.get(number, ()) if one.about == about and one.stands), None)

    def first_found(self, number: str) -> ReportedAnswer | None:
        """The answer that showed the number in ACE though nothing of ours stood there: before we
        had sent anything, or as `already on file` to our first sending of that message."""
        sent = self.sent.get(number, ())
        for one in self.told.get(number, ()):
            if one.about not in (SUMMARY, RELEASE) or not one.stands:
                continue
            if not sent or one.mark.seq < sent[0].named.seq:
                return one
            own = self.sendings.get(one.batch)
            first = own and next(each for each in sent if each.application == own.application)
            known = one.line.disposition == "already on file"
            return one if known and own is not None and own is first else None
        return None

    def fate(self, number: str, sending: BatchSending) -> str:
        """What became of a number in a batch, in a word or two."""
        if sending.rejected:
            return "batch rejected whole"
        for one in self.told.get(number, ()):
            if one.batch == sending.batch:
                return " ".join(part for part in (one.line.disposition, *one.line.codes) if part)
        if sending.lost is not None:
            return "never reached ACE"
        return "no answer" if sending.written else "not written yet"


def read_history(journal: Journal) -> NumberHistory:
    """The story of the whole book."""
    story, before = NumberHistory(), GENESIS
    for event in journal.events():
        if event.prev != before or event.computed() != event.digest:
            story.broken.append(event.seq)
        before = event.digest
        mark = EventPosition(event.seq, event.at, event.actor)
        body = event.said
        _deed(story, mark, event, body)
        apply(story, mark, body)
    return story


def _deed(story: NumberHistory, mark: EventPosition, event: Event, body: Body) -> None:
    done = story.deeds.setdefault((event.actor, event.kind), ActorActivity(mark, mark))
    done.last, done.events = mark, done.events + 1
    done.numbers.update(_touched(body))
    if isinstance(body, ApprovalAsked | ApprovalGranted):
        done.plans.add(body.plan)


_LISTING = BatchNamed | NumbersVoided | PaperWritten | ProductionExported
"""Bodies that list the numbers that they are about."""


_NO_ENTRIES = (IMPORTER, RANGE)
"""What such questions and answers name is no entry number."""


def _touched(body: Body) -> Iterable[str]:
    """The entry numbers that an event is about; a block of the reserve belongs to nobody yet."""
    if isinstance(body, EntriesRecorded):
        return (line.number for line in body.entries)
    if isinstance(body, LetterIssued):
        return (one.number for one in body.entries)
    if isinstance(body, AnswerRead):
        return (line.number for line in body.lines) if body.about not in _NO_ENTRIES else ()
    if isinstance(body, QueryNamed):
        return body.asked if body.about not in _NO_ENTRIES else ()
    if isinstance(body, _LISTING):
        return body.numbers
    number = getattr(body, "number", "")
    return (number,) if number else ()


@projection(EntriesRecorded, EntriesRevised, into=NumberHistory)
def _recorded(story: NumberHistory, mark: EventPosition, body: EntriesRecorded) -> None:
    revised = isinstance(body, EntriesRevised)
    file = WorkbookFile(mark, body.file, body.desk, revision=revised)
    for line in body.entries:
        story.recorded.setdefault(line.number, []).append(file)


@projection(BatchNamed, into=NumberHistory)
def _named(story: NumberHistory, mark: EventPosition, body: BatchNamed) -> None:
    one = BatchSending(body.batch, body.application, body.plan, body.file, tuple(body.numbers), mark)
    story.sendings[body.batch] = one
    for number in body.numbers:
        story.sent.setdefault(number, []).append(one)


@projection(BatchWritten, into=NumberHistory)
def _written(story: NumberHistory, mark: EventPosition, body: BatchWritten) -> None:
    if body.batch in story.sendings:
        story.sendings[body.batch].written = mark


@projection(BatchNotReceived, into=NumberHistory)
def _lost(story: NumberHistory, mark: EventPosition, body: BatchNotReceived) -> None:
    if body.batch in story.sendings:
        story.sendings[body.batch].lost = FinalState(mark, body.reason, body.proof)


@projection(AnswerRead, into=NumberHistory)
def _answered(story: NumberHistory, mark: EventPosition, body: AnswerRead) -> None:
    if body.batch in story.sendings:
        sending = story.sendings[body.batch]
        sending.answers.append((mark, body.rejected))
        sending.reasons = sending.reasons or body.reasons
    if body.about == BILL or body.rejected:
        return
    into = story.importers if body.about == IMPORTER else story.told
    for line in body.lines:
        told = ReportedAnswer(mark, body.about, body.batch, body.application, line)
        into.setdefault(line.number, []).append(told)


@projection(AnswerRepeated, into=NumberHistory)
def _repeated(story: NumberHistory, mark: EventPosition, body: AnswerRepeated) -> None:
    for batch in body.batches:
        if batch in story.sendings:
            story.sendings[batch].answers.append((mark, story.sendings[batch].rejected))


@projection(NumbersVoided, into=NumberHistory)
def _voided(story: NumberHistory, mark: EventPosition, body: NumbersVoided) -> None:
    how = f"{body.reason} (confirmed by {' and '.join(body.persons)})"
    story.ends |= {number: FinalState(mark, how) for number in body.numbers}


@projection(EntrySettled, into=NumberHistory)
def _settled(story: NumberHistory, mark: EventPosition, body: EntrySettled) -> None:
    story.ends[body.number] = FinalState(mark, body.how, body.proof)


@projection(EntryHandedOver, into=NumberHistory)
def _handed_over(story: NumberHistory, mark: EventPosition, body: EntryHandedOver) -> None:
    how = f"filed by {body.filer} under {body.other_number}"
    story.ends[body.number] = FinalState(mark, how, body.proof)


@projection(EntryBurnt, into=NumberHistory)
def _canceled(story: NumberHistory, mark: EventPosition, body: EntryBurnt) -> None:
    story.ends[body.number] = FinalState(mark, body.reason, body.proof)


@projection(EntriesRefused, into=NumberHistory)
def _file_refused(story: NumberHistory, mark: EventPosition, body: EntriesRefused) -> None:
    story.refused.append(WorkbookFile(mark, body.file, body.desk, tuple(body.reasons)))


@projection(AccountingSigned, into=NumberHistory)
def _signed(story: NumberHistory, mark: EventPosition, body: AccountingSigned) -> None:
    story.signed.append((mark, body))


@projection(ApprovalRefused, into=NumberHistory)
def _approval_refused(story: NumberHistory, mark: EventPosition, body: ApprovalRefused) -> None:
    story.refusals.append((mark, body))


@projection(PersonCodeFailed, into=NumberHistory)
def _code_failed(story: NumberHistory, mark: EventPosition, body: PersonCodeFailed) -> None:
    story.refusals.append((mark, body))


@projection(PersonAdded, into=NumberHistory)
def _person(story: NumberHistory, mark: EventPosition, body: PersonAdded) -> None:
    story.people[body.person] = body


@projection(EntryReopened, into=NumberHistory)
def _reopened(story: NumberHistory, mark: EventPosition, body: EntryReopened) -> None:
    story.ends.pop(body.number, None)


@projection(NumbersReserved, into=NumberHistory)
def _reserved(story: NumberHistory, mark: EventPosition, body: NumbersReserved) -> None:
    story.reserved += body.last - body.first + 1


@projection(NumbersIssued, into=NumberHistory)
def _issued(story: NumberHistory, mark: EventPosition, body: NumbersIssued) -> None:
    story.issued += body.last - body.first + 1


@projection(RequestAnswered, into=NumberHistory)
def _replied(story: NumberHistory, mark: EventPosition, body: RequestAnswered) -> None:
    story.replies.setdefault(body.number, []).append((mark, body.how))


@projection(BondConfirmed, into=NumberHistory)
def _bonded(story: NumberHistory, mark: EventPosition, body: BondConfirmed) -> None:
    story.bonds.setdefault(body.number, mark)
