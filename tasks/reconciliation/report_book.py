"""What the book says of each number, gathered in one reading of its events: the accounting report
is made of it, and of the projections for where a number stands now."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import date
from functools import cache
from typing import NamedTuple

from tasks.reconciliation.classify import HELD
from tasks.reconciliation.view import BILL, IMPORTER, RANGE, RELEASE, SUMMARY
from tasks.shared import clock
from tasks.shared.folds.registry import apply, fold
from tasks.shared.journal import GENESIS, Event, Journal
from tasks.shared.kinds.ace import (
    AceReason,
    AnswerLine,
    AnswerRead,
    AnswerRepeated,
    BatchNamed,
    BatchNotReceived,
    BatchWritten,
    BondConfirmed,
    QueryNamed,
)
from tasks.shared.kinds.base import Body
from tasks.shared.kinds.entries import EntriesRecorded, EntriesRefused, EntriesRevised
from tasks.shared.kinds.letters import LetterIssued
from tasks.shared.kinds.numbers import NumbersIssued, NumbersReserved, NumbersVoided
from tasks.shared.kinds.people import (
    ApprovalAsked,
    ApprovalGranted,
    ApprovalRefused,
    PersonAdded,
    PersonCodeFailed,
)
from tasks.shared.kinds.settling import (
    AccountingSigned,
    EntryBurnt,
    EntryHandedOver,
    EntryReopened,
    EntrySettled,
    PaperWritten,
    ProductionExported,
    RequestAnswered,
)

TAKEN = (*HELD, "referred")
"""What ACE says of a filing that stands there."""

_UNDONE = ("cancelled", "rejected")


@cache
def day(at: str) -> date:
    """The day in Washington of a moment of the book: CBP counts days there, the book in UTC."""
    return clock.washington(clock.parse(at)).date()


class Mark(NamedTuple):
    """Where something stands in the book."""

    seq: int
    at: str
    actor: str

    @property
    def day(self) -> date:
        return day(self.at)


class Told(NamedTuple):
    """What one answer said of one number. `batch` is ours; empty if ACE told of its own accord."""

    mark: Mark
    about: str
    batch: str
    application: str
    line: AnswerLine

    @property
    def stands(self) -> bool:
        """Whether ACE showed something on file under the number, not undone by CBP."""
        return self.line.disposition in TAKEN and self.line.summary not in _UNDONE


class End(NamedTuple):
    """How a number came to its last place."""

    mark: Mark
    how: str
    proof: str = ""


class File(NamedTuple):
    """A file that a desk handed in; `reasons` if it was refused."""

    mark: Mark
    name: str
    desk: str
    reasons: tuple[str, ...] = ()
    revision: bool = False


@dataclass
class Sending:
    """One batch that was named. `answers`: each answer, and whether it rejected the batch whole;
    `reasons`: CBP's for that. `lost`: noted, with proof, as never received by
    ACE."""

    batch: str
    application: str
    plan: str
    file: str
    numbers: tuple[str, ...]
    named: Mark
    written: Mark | None = None
    answers: list[tuple[Mark, bool]] = field(default_factory=list)
    reasons: tuple[AceReason, ...] = ()
    lost: End | None = None

    @property
    def rejected(self) -> bool:
        """By the first answer; a later one changes nothing."""
        return bool(self.answers) and self.answers[0][1]


@dataclass
class Deed:
    """What one actor did of one kind."""

    first: Mark
    last: Mark
    events: int = 0
    numbers: set[str] = field(default_factory=set)
    plans: set[str] = field(default_factory=set)


@dataclass
class Story:
    """All that happened. Mappings are by entry number but for `sendings` (batch id), `deeds`
    (actor and kind), `people` (id) and `importers` (importer as the book holds it)."""

    reserved: int = 0
    issued: int = 0
    recorded: dict[str, list[File]] = field(default_factory=dict)
    refused: list[File] = field(default_factory=list)
    sendings: dict[str, Sending] = field(default_factory=dict)
    sent: dict[str, list[Sending]] = field(default_factory=dict)
    told: dict[str, list[Told]] = field(default_factory=dict)
    importers: dict[str, list[Told]] = field(default_factory=dict)
    bonds: dict[str, Mark] = field(default_factory=dict)
    replies: dict[str, list[tuple[Mark, str]]] = field(default_factory=dict)
    ends: dict[str, End] = field(default_factory=dict)
    signed: list[tuple[Mark, AccountingSigned]] = field(default_factory=list)
    refusals: list[tuple[Mark, ApprovalRefused | PersonCodeFailed]] = field(default_factory=list)
    deeds: dict[tuple[str, str], Deed] = field(default_factory=dict)
    people: dict[str, PersonAdded] = field(default_factory=dict)
    broken: list[int] = field(default_factory=list)
    """Events whose digest does not fit, or that do not follow the one before."""

    def first_stood(self, number: str, about: str) -> Told | None:
        """The first answer that showed a summary or a release of the number in ACE."""
        return next((one for one in self.told.get(number, ()) if one.about == about and one.stands),
                    None)  # fmt: skip

    def first_found(self, number: str) -> Told | None:
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

    def fate(self, number: str, sending: Sending) -> str:
        """What became of a number in a batch, in a word or two."""
        if sending.rejected:
            return "batch rejected whole"
        for one in self.told.get(number, ()):
            if one.batch == sending.batch:
                return " ".join(part for part in (one.line.disposition, *one.line.codes) if part)
        if sending.lost is not None:
            return "never reached ACE"
        return "no answer" if sending.written else "not written yet"


def read(journal: Journal) -> Story:
    """The story of the whole book."""
    story, before = Story(), GENESIS
    for event in journal.events():
        if event.prev != before or event.computed() != event.digest:
            story.broken.append(event.seq)
        before = event.digest
        mark = Mark(event.seq, event.at, event.actor)
        body = event.said
        _deed(story, mark, event, body)
        apply(story, mark, body)
    return story


def _deed(story: Story, mark: Mark, event: Event, body: Body) -> None:
    done = story.deeds.setdefault((event.actor, event.kind), Deed(mark, mark))
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


@fold(EntriesRecorded, EntriesRevised, into=Story)
def _recorded(story: Story, mark: Mark, body: EntriesRecorded) -> None:
    revised = isinstance(body, EntriesRevised)
    file = File(mark, body.file, body.desk, revision=revised)
    for line in body.entries:
        story.recorded.setdefault(line.number, []).append(file)


@fold(BatchNamed, into=Story)
def _named(story: Story, mark: Mark, body: BatchNamed) -> None:
    one = Sending(body.batch, body.application, body.plan, body.file, tuple(body.numbers), mark)
    story.sendings[body.batch] = one
    for number in body.numbers:
        story.sent.setdefault(number, []).append(one)


@fold(BatchWritten, into=Story)
def _written(story: Story, mark: Mark, body: BatchWritten) -> None:
    if body.batch in story.sendings:
        story.sendings[body.batch].written = mark


@fold(BatchNotReceived, into=Story)
def _lost(story: Story, mark: Mark, body: BatchNotReceived) -> None:
    if body.batch in story.sendings:
        story.sendings[body.batch].lost = End(mark, body.reason, body.proof)


@fold(AnswerRead, into=Story)
def _answered(story: Story, mark: Mark, body: AnswerRead) -> None:
    if body.batch in story.sendings:
        sending = story.sendings[body.batch]
        sending.answers.append((mark, body.rejected))
        sending.reasons = sending.reasons or body.reasons
    if body.about == BILL or body.rejected:
        return
    into = story.importers if body.about == IMPORTER else story.told
    for line in body.lines:
        told = Told(mark, body.about, body.batch, body.application, line)
        into.setdefault(line.number, []).append(told)


@fold(AnswerRepeated, into=Story)
def _repeated(story: Story, mark: Mark, body: AnswerRepeated) -> None:
    for batch in body.batches:
        if batch in story.sendings:
            story.sendings[batch].answers.append((mark, story.sendings[batch].rejected))


@fold(NumbersVoided, into=Story)
def _voided(story: Story, mark: Mark, body: NumbersVoided) -> None:
    how = f"{body.reason} (confirmed by {' and '.join(body.persons)})"
    story.ends |= {number: End(mark, how) for number in body.numbers}


@fold(EntrySettled, into=Story)
def _settled(story: Story, mark: Mark, body: EntrySettled) -> None:
    story.ends[body.number] = End(mark, body.how, body.proof)


@fold(EntryHandedOver, into=Story)
def _handed_over(story: Story, mark: Mark, body: EntryHandedOver) -> None:
    how = f"filed by {body.filer} under {body.other_number}"
    story.ends[body.number] = End(mark, how, body.proof)


@fold(EntryBurnt, into=Story)
def _canceled(story: Story, mark: Mark, body: EntryBurnt) -> None:
    story.ends[body.number] = End(mark, body.reason, body.proof)


@fold(EntriesRefused, into=Story)
def _file_refused(story: Story, mark: Mark, body: EntriesRefused) -> None:
    story.refused.append(File(mark, body.file, body.desk, tuple(body.reasons)))


@fold(AccountingSigned, into=Story)
def _signed(story: Story, mark: Mark, body: AccountingSigned) -> None:
    story.signed.append((mark, body))


@fold(ApprovalRefused, into=Story)
def _approval_refused(story: Story, mark: Mark, body: ApprovalRefused) -> None:
    story.refusals.append((mark, body))


@fold(PersonCodeFailed, into=Story)
def _code_failed(story: Story, mark: Mark, body: PersonCodeFailed) -> None:
    story.refusals.append((mark, body))


@fold(PersonAdded, into=Story)
def _person(story: Story, mark: Mark, body: PersonAdded) -> None:
    story.people[body.person] = body


@fold(EntryReopened, into=Story)
def _reopened(story: Story, mark: Mark, body: EntryReopened) -> None:
    story.ends.pop(body.number, None)


@fold(NumbersReserved, into=Story)
def _reserved(story: Story, mark: Mark, body: NumbersReserved) -> None:
    story.reserved += body.last - body.first + 1


@fold(NumbersIssued, into=Story)
def _issued(story: Story, mark: Mark, body: NumbersIssued) -> None:
    story.issued += body.last - body.first + 1


@fold(RequestAnswered, into=Story)
def _replied(story: Story, mark: Mark, body: RequestAnswered) -> None:
    story.replies.setdefault(body.number, []).append((mark, body.how))


@fold(BondConfirmed, into=Story)
def _bonded(story: Story, mark: Mark, body: BondConfirmed) -> None:
    story.bonds.setdefault(body.number, mark)
