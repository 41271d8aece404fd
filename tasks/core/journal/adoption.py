"""Which events of another copy of the journal `journal adopt` takes, and which it only lists.

The signature of a copy shows who wrote it, not that its approvals are genuine: whoever has a copy can
add events to it and sign it with a key of their own. So adoption takes facts, each of which can at most
keep something from being done twice. It never takes what lets something be done: people, approvals,
settlements, signatures. Those are listed, and a person of this home does them again.

Every event type stands in `TAKEN` or in `LISTED`; a type in neither is listed.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from tasks.backup.api import BackupDone, BackupExamined, BackupFailed, BackupProved, BackupVerified
from tasks.core import messages
from tasks.core.journal.bodies import Body
from tasks.core.journal.events import JournalAdopted, JournalContinued, JournalStarted
from tasks.core.journal.journal import Event
from tasks.duties.api import DutyAcknowledged, DutyChanged, DutyEnded, DutyFulfilled, DutyReminded, DutyWithdrawn
from tasks.entries.api import (
    EntriesRecorded,
    EntriesRefused,
    EntriesRevised,
    EntryBurnt,
    EntryHandedOver,
    EntryReopened,
    EntrySettled,
    HistoryTaken,
    NumbersIssued,
    NumbersReserved,
    NumbersVoided,
)
from tasks.incident.api import (
    ContactChecked,
    DiscretionGranted,
    DiscretionRelied,
    DocumentAttached,
    DocumentDropped,
    EvidenceAttached,
    EvidenceBuilt,
    EvidenceWaived,
    ExposureListed,
    FactsNoted,
    HandoverPrepared,
    HandoverRecalled,
    IncidentBreachFound,
    IncidentClosed,
    IncidentDeclared,
    IncidentDisconnected,
    IncidentDismissed,
    IncidentDowntimeAuthorised,
    IncidentDowntimeRefused,
    IncidentDowntimeRequested,
    IncidentDowntimeRunning,
    IncidentEvidenceSubmitted,
    IncidentKeyingBacklog,
    IncidentReconciled,
    IncidentReconnected,
    IncidentRemediated,
    IncidentRemediating,
    IncidentSuspected,
    LetterIssued,
    LetterReissued,
    LetterSent,
    LetterWithdrawn,
    NoticeAcknowledged,
    NoticeCalled,
    NoticeDrafted,
    NoticeSent,
    PacketExported,
    PgaLetGo,
    PgaLoaded,
    PgaPaper,
    RedeliveryAnswered,
    RedeliveryDemanded,
    ReleaseConditional,
    WorkClosed,
    WorkTaken,
)
from tasks.kit.api import KitBuilt
from tasks.operations.api import AlertClosed, AlertRaised, RunBegun, UpkeepDone
from tasks.reconciliation.api import (
    AccountingSigned,
    AnswerRead,
    AnswerRepeated,
    BatchNamed,
    BatchNotReceived,
    BatchWritten,
    BondConfirmed,
    PaperWritten,
    ProductionExported,
    ProductionNumbered,
    ProductionRestored,
    QueryNamed,
    QueryWritten,
    ReleaseKept,
    RequestAnswered,
    SendAgain,
)
from tasks.screening.api import (
    HitCleared,
    HitConfirmed,
    HitFound,
    HitProposed,
    ListChecked,
    ListLoaded,
    PartnerReviewed,
    PartnersTaken,
    ScreeningDone,
)
from tasks.security.api import (
    ApprovalAsked,
    ApprovalGranted,
    ApprovalRefused,
    PersonAdded,
    PersonCodeFailed,
    PersonCodeUsed,
    PersonEnrolled,
    PersonRevoked,
    PlanDropped,
    PrivatePurged,
)
from tasks.transport.api import MailAnswered, MailDelayed, MailQueued, MailSuperseded, MailTried

Kinds = tuple[type[Body], ...]

_TAKEN: Mapping[str, Kinds] = {
    "numbers that are reserved, printed or void must never be issued again": (
        NumbersReserved,
        NumbersIssued,
        NumbersVoided,
    ),
    "what a desk recorded and attached": (
        EntriesRecorded,
        EntriesRevised,
        EntriesRefused,
        DocumentAttached,
        DocumentDropped,
    ),
    "what went to ACE, or may have: it must never be sent twice": (
        BatchNamed,
        BatchWritten,
        QueryNamed,
        QueryWritten,
        PlanDropped,
        HandoverPrepared,
        ReleaseKept,
    ),
    "what ACE or CBP answered": (
        AnswerRead,
        AnswerRepeated,
        RequestAnswered,
        ReleaseConditional,
        BondConfirmed,
        RedeliveryDemanded,
        RedeliveryAnswered,
        DiscretionGranted,
        DiscretionRelied,
    ),
    "paper that lies at a port or an agency": (
        LetterIssued,
        LetterReissued,
        LetterSent,
        LetterWithdrawn,
        PacketExported,
        PaperWritten,
        PgaPaper,
        PgaLetGo,
        PgaLoaded,
    ),
    "the course of the incident, and who was told": (
        IncidentSuspected,
        IncidentDeclared,
        IncidentBreachFound,
        IncidentDisconnected,
        IncidentDowntimeRequested,
        IncidentDowntimeAuthorised,
        IncidentDowntimeRefused,
        IncidentDowntimeRunning,
        IncidentRemediating,
        IncidentRemediated,
        IncidentEvidenceSubmitted,
        IncidentReconnected,
        IncidentKeyingBacklog,
        FactsNoted,
        WorkTaken,
        WorkClosed,
        ExposureListed,
        EvidenceAttached,
        NoticeDrafted,
        NoticeSent,
        NoticeCalled,
        NoticeAcknowledged,
    ),
    "mail that went out must not go out again": (MailQueued, MailTried, MailAnswered, MailSuperseded, MailDelayed),
    "work on duties, partners and contacts": (
        DutyAcknowledged,
        DutyChanged,
        DutyEnded,
        DutyFulfilled,
        DutyReminded,
        DutyWithdrawn,
        PartnersTaken,
        PartnerReviewed,
        ContactChecked,
        HistoryTaken,
    ),
    "what the production system was given": (ProductionExported, ProductionNumbered, ProductionRestored),
}

TAKEN: Mapping[type[Body], str] = {kind: reason for reason, group in _TAKEN.items() for kind in group}
"""Event types that adoption takes, each with the reason."""


@dataclass(frozen=True)
class Reason:
    """Why an event type is only listed. `to_do`: whether a person must do something about it here."""

    code: str
    to_do: bool = False

    @property
    def why(self) -> str:
        return messages.problem(self.code, {})[0]

    @property
    def next(self) -> str:
        """What a person does about it; empty if nothing is to do."""
        return messages.problem(self.code, {})[1]


_LISTED: Mapping[Reason, Kinds] = {
    Reason("rights-belong-to-home", to_do=True): (PersonAdded, PersonRevoked, PersonEnrolled),
    Reason("code-used-elsewhere"): (PersonCodeUsed, PersonCodeFailed),
    Reason("approval-bound-elsewhere", to_do=True): (ApprovalAsked, ApprovalGranted),
    Reason("approval-refused-elsewhere"): (ApprovalRefused,),
    Reason("place-rests-on-approval", to_do=True): (EntrySettled, EntryBurnt, EntryHandedOver),
    Reason("lets-entry-go-again", to_do=True): (EntryReopened, SendAgain, BatchNotReceived, HandoverRecalled),
    Reason("signature-rests-on-approval", to_do=True): (AccountingSigned, EvidenceBuilt),
    Reason("ends-incident-or-demand", to_do=True): (
        IncidentReconciled,
        IncidentClosed,
        IncidentDismissed,
        EvidenceWaived,
    ),
    Reason("hit-decided-elsewhere", to_do=True): (
        HitFound,
        HitProposed,
        HitCleared,
        HitConfirmed,
        ScreeningDone,
        ListLoaded,
        ListChecked,
    ),
    Reason("of-that-machine-alone"): (
        AlertRaised,
        AlertClosed,
        RunBegun,
        UpkeepDone,
        KitBuilt,
        PrivatePurged,
        BackupDone,
        BackupExamined,
        BackupFailed,
        BackupProved,
        BackupVerified,
    ),
    Reason("of-that-copy-alone"): (JournalStarted, JournalContinued, JournalAdopted),
}

LISTED: Mapping[type[Body], Reason] = {kind: reason for reason, group in _LISTED.items() for kind in group}
"""Event types that adoption lists and never takes."""

_NEW = Reason("event-kind-not-adopted", to_do=True)
_UNSENT = Reason("letter-was-waiting", to_do=True)
_STEALS = Reason("key-of-listed-event", to_do=True)

OWN_KEYS = frozenset(
    (
        "approval",
        "approval-asked",
        "person",
        "code",
        "signed",
        "settled",
        "burnt",
        "handed over",
        "reopened",
        "again",
        "decided",
        "not received",
        "run",
        "alert",
        "adopted",
        "adoption",
        "continued",
    )
)
"""First parts of the keys of listed events. An event under such a key would keep this home's own from
being written, or stand for it."""


@dataclass(frozen=True)
class Passed:
    """An event of the other copy that is listed and not taken."""

    event: Event
    reason: Reason

    def row(self) -> dict[str, object]:
        """For a table or JSON. `digest` finds the event in the stored copy."""
        return {
            "seq": self.event.seq,
            "kind": self.event.kind,
            "subject": self.event.subject,
            "by": self.event.actor,
            "at": self.event.at,
            "code": self.reason.code,
            "why": self.reason.why,
            "next": self.reason.next,
            "digest": self.event.digest,
        }


def part(theirs: Sequence[Event], prefix: int) -> tuple[list[Event], list[Passed]]:
    """The events after the common `prefix` that may be taken, and those that are listed."""
    extra = theirs[prefix:]
    unsent, resent = _unsent(extra), _resent(theirs, prefix)
    take: list[Event] = []
    passed: list[Passed] = []
    for event in extra:
        body = event.said
        if isinstance(body, BatchNotReceived) and body.batch in resent:
            reason = None
        elif getattr(body, "mail", "") in unsent and event.kind.startswith("mail."):
            reason = _UNSENT
        elif type(body) not in TAKEN:
            reason = LISTED.get(type(body), _NEW)
        else:
            reason = _STEALS if (event.key or "").split(":")[0] in OWN_KEYS else None
        if reason is None:
            take.append(event)
        else:
            passed.append(Passed(event, reason))
    return take, passed


def _unsent(extra: Iterable[Event]) -> set[str]:
    """Letters that were queued in the other copy and whose sending was not finished there. Taken, they
    would go out from here: a copy that somebody wrote must not make this home send letters."""
    waiting: set[str] = set()
    for event in extra:
        body = event.said
        if isinstance(body, MailQueued):
            waiting.add(body.mail)
        elif isinstance(body, MailSuperseded | MailAnswered) and not getattr(body, "waiting", ()):
            waiting.discard(body.mail)
    return waiting


def _resent(theirs: Iterable[Event], prefix: int) -> set[str]:
    """Batches that ACE never got and of which every entry went again in a later batch. Without the
    first word the later batch could not be taken, and what went in it would not count as sent."""
    batches: dict[str, tuple[str, set[str]]] = {}
    lost: dict[str, set[str]] = {}
    for event in theirs:
        body = event.said if event.kind.startswith("batch.") else None
        if isinstance(body, BatchNamed):
            for batch, left in lost.items():
                if batches[batch][0] == body.application:
                    left.difference_update(body.numbers)
            batches[body.batch] = (body.application, set(body.numbers))
        elif isinstance(body, BatchNotReceived) and event.seq > prefix and body.batch in batches:
            lost[body.batch] = set(batches[body.batch][1])
    return {batch for batch, left in lost.items() if not left}
