"""What the journal can say: one typed, versioned body for each kind of event.

A body never changes its meaning. A new meaning is a new version, and `read` keeps the old one.
"""

from __future__ import annotations

import json
from functools import cache
from typing import Any, ClassVar

import msgspec

from tasks.shared.errors import JournalBroken


class Origin(msgspec.Struct, frozen=True, kw_only=True):
    """Where an adopted event stood in the book it came from."""

    seq: int
    at: str
    digest: str


class Body(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Base of all bodies. `origin` is set only on events adopted from another book."""

    kind: ClassVar[str] = ""
    version: ClassVar[int] = 1
    origin: Origin | None = None


class JournalStarted(Body, frozen=True, kw_only=True):
    kind: ClassVar[str] = "journal.started"
    filer: str
    drill: bool = False


class JournalContinued(Body, frozen=True, kw_only=True):
    """This book goes on from a copy whose signed head was `head` at `seq`."""

    kind: ClassVar[str] = "journal.continued"
    seq: int
    head: str


class JournalAdopted(Body, frozen=True, kw_only=True):
    """Events of another book, after the common prefix `seq`, were re-appended here."""

    kind: ClassVar[str] = "journal.adopted"
    seq: int
    head: str
    events: int
    conflicts: list[str]


class NumbersReserved(Body, frozen=True, kw_only=True):
    """Serials `first`..`last` of one series and filer are ours to issue.

    `range_check` says who checked, and how, that the production system cannot issue them.
    """

    kind: ClassVar[str] = "numbers.reserved"
    series: str
    filer: str
    first: int
    last: int
    offset: int
    range_check: str


class NumbersIssued(Body, frozen=True, kw_only=True):
    """Serials `first`..`last` are printed for one desk and port."""

    kind: ClassVar[str] = "numbers.issued"
    series: str
    filer: str
    first: int
    last: int
    offset: int
    desk: str
    port: str


class NumbersVoided(Body, frozen=True, kw_only=True):
    """Numbers that will never be used. `persons` are the two who confirmed it."""

    kind: ClassVar[str] = "numbers.voided"
    numbers: list[str]
    reason: str
    persons: list[str]


class EntryLine(msgspec.Struct, frozen=True, kw_only=True):
    """What the accounting needs to know of a recorded entry without opening its content.

    `release_digest`: of what a cargo release tells of it.
    `in_bonds`: the in-bond numbers on its bills. `consignee`: as recorded, or a private reference.
    """

    number: str
    digest: str
    entry_type: str
    route: str
    outcome: str
    port: str
    importer: str
    complete: bool
    released: str = ""
    release_digest: str = ""
    bond_type: str = ""
    consignee: str = ""
    in_bonds: list[str] = []


class EntriesRecorded(Body, frozen=True, kw_only=True):
    """One file's entries, new to the book. `content` is the record, `source` the file as given."""

    kind: ClassVar[str] = "entries.recorded"
    content: str
    source: str
    file: str
    desk: str
    entries: list[EntryLine]


class EntriesRevised(EntriesRecorded, frozen=True, kw_only=True):
    """One file's entries that replace an earlier revision, which stays readable."""

    kind: ClassVar[str] = "entries.revised"


class EntriesRefused(Body, frozen=True, kw_only=True):
    """A file that was handed in and not taken, with the first reasons."""

    kind: ClassVar[str] = "entries.refused"
    source: str
    file: str
    desk: str
    problems: int
    reasons: list[str]


class BatchNamed(Body, frozen=True, kw_only=True):
    """A batch and every entry in it, written down before its file can be seen."""

    kind: ClassVar[str] = "batch.named"
    batch: str
    application: str
    plan: str
    content: str
    file: str
    numbers: list[str]


class BatchWritten(Body, frozen=True, kw_only=True):
    kind: ClassVar[str] = "batch.written"
    batch: str
    file: str
    size: int


class BatchNotReceived(Body, frozen=True, kw_only=True):
    """ACE never got the batch, as the licence holder knows by `proof`: its entries may go again
    once ACE was asked anew. `approval` is the plan that was approved for it; empty where the file
    was never made visible."""

    kind: ClassVar[str] = "batch.not_received"
    batch: str
    reason: str
    proof: str
    approval: str


class PlanDropped(Body, frozen=True, kw_only=True):
    """What is not written yet of an approved plan never will be; `reason` says which entry fell
    out and why."""

    kind: ClassVar[str] = "plan.dropped"
    plan: str
    reason: str


class SendAgain(Body, frozen=True, kw_only=True):
    """What ACE rejected may go again unchanged: the cause lay outside the record and is mended."""

    kind: ClassVar[str] = "entry.send_again"
    number: str
    application: str
    reason: str


class ReleaseKept(Body, frozen=True, kw_only=True):
    """The release that ACE took stands, although the entry was revised since: a person looked at
    the difference, or had CBP mend it. `digest`: the entry's release data as it now is."""

    kind: ClassVar[str] = "entry.release_kept"
    number: str
    digest: str
    reason: str


class QueryNamed(Body, frozen=True, kw_only=True):
    """A batch that asks ACE. `asked` are numbers, bills (`NUMBER` of the entry) or importers."""

    kind: ClassVar[str] = "query.named"
    batch: str
    application: str
    about: str
    content: str
    file: str
    asked: list[str]


class AnswerLine(msgspec.Struct, frozen=True, kw_only=True):
    """What an answer says of one entry (or importer), in the words of `tasks/ace`.

    `differs`: fields of the summary in ACE that are not as ours would be. `outside`: it was
    rejected, and every reason lies outside the record (payment, bond, importer). `owed`: duty, taxes,
    fees and AD/CVD of the stored summary in dollars; `collection`: whether that was paid, `collected`
    the day (ER record JC).
    """

    number: str
    disposition: str
    code: str = ""
    text: str = ""
    release: str = ""
    release_code: str = ""
    release_date: str = ""
    control: str = ""
    summary: str = ""
    version: str = ""
    late: bool | None = None
    outside: bool = False
    owed: str = ""
    collection: str = ""
    collected: str = ""
    differs: list[str] = []


class AnswerRead(Body, frozen=True, kw_only=True):
    """One batch that came back. `batch` is our own id, echoed; empty for what ACE tells by itself.

    `file`: the name under which it came. `about`: summary, release, bill, importer, range, probe; by
    itself also notice (SO), action (what CBP did with a summary) and request (what it asks for).
    `rejected`: nothing of our batch was processed, and `why` is CBP's codes and texts for that.
    """

    kind: ClassVar[str] = "answer.read"
    application: str
    about: str
    batch: str
    content: str
    rejected: bool
    lines: list[AnswerLine]
    why: str = ""
    file: str = ""


class AnswerRepeated(Body, frozen=True, kw_only=True):
    """A file of answers that the book had read came once more under another name. It changes
    nothing; `batches` are our ids in it."""

    kind: ClassVar[str] = "answer.repeated"
    content: str
    file: str
    batches: list[str]


class BondConfirmed(Body, frozen=True, kw_only=True):
    """The surety's eBond for a single transaction bond stands in ACE (errors 752-757)."""

    kind: ClassVar[str] = "bond.confirmed"
    number: str
    proof: str


class ProductionRestored(Body, frozen=True, kw_only=True):
    """The production system runs again from a backup. Days and times are Washington's, without a
    zone, as ACE counts them. `counter`: the serial that it would issue next, where that is known.
    """

    kind: ClassVar[str] = "production.restored"
    last_backup: str
    cut_off: str
    counter: int | None = None


class ProductionNumbered(Body, frozen=True, kw_only=True):
    """Production's next number, named after ACE and the ledger were looked at.

    `highest` is the highest number seen, `seen_in` where; `lacking` how many numbers ACE has and
    our books lack, which are listed in `content`.
    """

    kind: ClassVar[str] = "production.numbered"
    number: str
    highest: str
    seen_in: str
    lacking: int
    content: str


class ProductionExported(Body, frozen=True, kw_only=True):
    """Settled entries were written for the production system. `private`: with private values in
    the clear; `manifest` is the digest of the folder's manifest."""

    kind: ClassVar[str] = "production.exported"
    numbers: list[str]
    private: bool
    manifest: str


class PaperWritten(Body, frozen=True, kw_only=True):
    """A letter, list or data sheet of the reconciliation was written, for a person to sign and send.

    `what` is its kind, `addressee` in words (never a private number), `content` the PDF.
    """

    kind: ClassVar[str] = "paper.written"
    what: str
    addressee: str
    numbers: list[str]
    content: str


class EntrySettled(Body, frozen=True, kw_only=True):
    """The entry's place is final: `how` names it, `proof` is content or a reference."""

    kind: ClassVar[str] = "entry.settled"
    number: str
    how: str
    proof: str


class EntryReopened(Body, frozen=True, kw_only=True):
    """ACE said something after the entry was settled that takes the settlement away."""

    kind: ClassVar[str] = "entry.reopened"
    number: str
    reason: str


class EntryHandedOver(Body, frozen=True, kw_only=True):
    """Another filer filed it under a number of its own; `proof` is content."""

    kind: ClassVar[str] = "entry.handed_over"
    number: str
    filer: str
    other_number: str
    proof: str = ""


class EntryBurnt(Body, frozen=True, kw_only=True):
    """Cancelled in ACE: the number can never be used again (CATAIR SE v40 p.32)."""

    kind: ClassVar[str] = "entry.burnt"
    number: str
    reason: str
    proof: str = ""


class AccountingSigned(Body, frozen=True, kw_only=True):
    kind: ClassVar[str] = "accounting.signed"
    accounting: str
    plan: str
    numbers: int


class ApprovalAsked(Body, frozen=True, kw_only=True):
    """`plan` is the SHA-256 of the plan; `binds` those of the bytes it would send."""

    kind: ClassVar[str] = "approval.asked"
    plan: str
    what: str
    binds: list[str]
    preparer: str


class ApprovalGranted(Body, frozen=True, kw_only=True):
    kind: ClassVar[str] = "approval.granted"
    plan: str
    binds: list[str]
    person: str
    licence: str
    sole: bool


class ApprovalRefused(Body, frozen=True, kw_only=True):
    kind: ClassVar[str] = "approval.refused"
    plan: str
    person: str
    reason: str


class PersonAdded(Body, frozen=True, kw_only=True):
    kind: ClassVar[str] = "person.added"
    person: str
    name: str
    licence: str
    roles: list[str]


class PersonEnrolled(Body, frozen=True, kw_only=True):
    """A one-time-code secret now exists for the person. The secret is never in the book."""

    kind: ClassVar[str] = "person.enrolled"
    person: str


class PersonRevoked(Body, frozen=True, kw_only=True):
    kind: ClassVar[str] = "person.revoked"
    person: str
    reason: str


class PersonCodeUsed(Body, frozen=True, kw_only=True):
    """A time step of a person's one-time code is spent. Its key makes a replay impossible."""

    kind: ClassVar[str] = "person.code_used"
    person: str
    step: int
    purpose: str


class PersonCodeFailed(Body, frozen=True, kw_only=True):
    kind: ClassVar[str] = "person.code_failed"
    person: str
    reason: str
    purpose: str


# -- backup: what the off-site copies say of themselves


class BackupSource(msgspec.Struct, frozen=True, kw_only=True):
    """One source of a snapshot: bytes are of its content, `unreadable` and `changed` count files."""

    name: str
    files: int
    bytes: int
    new_bytes: int
    unreadable: int
    changed: int


class BackupDone(Body, frozen=True, kw_only=True):
    """A snapshot stands on the store. `head` is what `--expect-head` takes; `flags` are alarms."""

    kind: ClassVar[str] = "backup.done"
    repository: str
    host: str
    sequence: int
    manifest: str
    head: str
    retention: str
    retain_until: str
    place: str
    customs_territory: bool
    sources: list[BackupSource]
    stored_bytes: int
    flags: list[str]


class BackupProved(Body, frozen=True, kw_only=True):
    """A drill worker restored a snapshot and compared it with its originals' digests."""

    kind: ClassVar[str] = "backup.proved"
    repository: str
    host: str
    sequence: int
    manifest: str
    proof: str
    drill: str
    scope: str
    files: int
    bytes: int
    seconds: float
    restored_at: str


class BackupVerified(Body, frozen=True, kw_only=True):
    """Every object was read, or the `turn`-th of `share` parts of the packs, and holds."""

    kind: ClassVar[str] = "backup.verified"
    repository: str
    snapshots: int
    packs: int
    packs_read: int
    share: int
    turn: int


class BackupExamined(Body, frozen=True, kw_only=True):
    """The doctor tried every destructive verb: the store refused them all."""

    kind: ClassVar[str] = "backup.examined"
    repository: str
    checks: list[str]


class BackupFailed(Body, frozen=True, kw_only=True):
    """`what` is run, verify, prove or doctor."""

    kind: ClassVar[str] = "backup.failed"
    what: str
    reason: str
    details: list[str]


# -- duties: what recurs, who did it, who was told


class ScanCounts(msgspec.Struct, frozen=True, kw_only=True):
    """Open findings of a scan report by severity, and the day on which the oldest of each severity
    was first seen in a report of this house."""

    format: str
    tool: str
    open: dict[str, int]
    oldest: dict[str, str]


class _Duty(Body, frozen=True, kw_only=True):
    """`item`: which policy, provider or client, empty where there is only one."""

    duty: str
    item: str


class DutyFulfilled(_Duty, frozen=True, kw_only=True):
    """A duty was done `on` a day, for the `term` that was open then. `until`: the day on which the
    proof itself ends. `proof`: the file as given; `statement` where none is needed. `content`: the
    findings of a scan report, normalised."""

    kind: ClassVar[str] = "duty.fulfilled"
    term: str
    on: str
    until: str
    proof: str
    file: str
    statement: str
    facts: dict[str, str]
    content: str = ""
    scan: ScanCounts | None = None


class DutyWithdrawn(_Duty, frozen=True, kw_only=True):
    """The fulfilment at `fulfilled` was a mistake and does not count."""

    kind: ClassVar[str] = "duty.withdrawn"
    fulfilled: int
    reason: str


class DutyChanged(_Duty, frozen=True, kw_only=True):
    """Something happened `on` a day that makes the duty due again out of its turn."""

    kind: ClassVar[str] = "duty.changed"
    what: str
    on: str


class DutyEnded(_Duty, frozen=True, kw_only=True):
    """The item is no more: the provider or client left."""

    kind: ClassVar[str] = "duty.ended"
    reason: str


class DutyReminded(_Duty, frozen=True, kw_only=True):
    """These rungs of the term's ladder are told by a letter; `again`: those whose earlier letter
    reached nobody."""

    kind: ClassVar[str] = "duty.reminded"
    term: str
    rungs: list[str]
    again: list[str]
    mail: str


class DutyAcknowledged(_Duty, frozen=True, kw_only=True):
    """Somebody has these rungs in hand. It ends nothing: the next rung is told again."""

    kind: ClassVar[str] = "duty.acknowledged"
    term: str
    rungs: list[str]
    note: str


# -- screening: the lists, the partners, what was found and who decided


class ListSource(msgspec.Struct, frozen=True, kw_only=True):
    name: str
    sha256: str


class ListLoaded(Body, frozen=True, kw_only=True):
    """A version of a list is in force. `as_of`: the day on which the publisher's list read so.

    `partial`: not the whole list (the embedded subset). `accepted_by`: who took it although
    something was wrong with it (`faults`), and why.
    """

    kind: ClassVar[str] = "list.loaded"
    list_id: str
    content: str
    sources: list[ListSource]
    as_of: str
    records: int
    names: int
    partial: bool = False
    faults: int = 0
    accepted_by: str = ""
    reason: str = ""


class ListChecked(Body, frozen=True, kw_only=True):
    """The publisher's list still reads as the version in force."""

    kind: ClassVar[str] = "list.checked"
    list_id: str
    list_version: str
    as_of: str


class PartnersTaken(Body, frozen=True, kw_only=True):
    """The register of partners, whole, as it stands after this file. `refused`: rows left out."""

    kind: ClassVar[str] = "partners.taken"
    content: str
    source: str
    file: str
    partners: int
    added: int
    changed: int
    retired: int
    refused: int


class ScreeningDone(Body, frozen=True, kw_only=True):
    """Partners were held against lists. `content`: every hit that stands after it, with its
    explanation; `lists` and `partners` name what was screened, `model` how: enough to do it again.

    `scope`: full, changes, or name (`about`: what was asked for; it stands in no register).
    """

    kind: ClassVar[str] = "screening.done"
    scope: str
    model: str
    lists: dict[str, str]
    partners: str
    content: str
    screened: int
    hits: int
    about: str = ""


class HitLine(msgspec.Struct, frozen=True, kw_only=True):
    """One partner that resembles one list record; the digests say which content of both.
    `strong` hits are decided by two persons. `effect`: what the policy says of it."""

    hit: str
    partner: str
    record: str
    partner_digest: str
    record_digest: str
    score: float
    strong: bool
    effect: str


class HitFound(Body, frozen=True, kw_only=True):
    """What one screening found anew or otherwise than before, and which hits are gone."""

    kind: ClassVar[str] = "hit.found"
    hits: list[HitLine]
    gone: list[str]


class _Decision(Body, frozen=True, kw_only=True):
    """`partners`, `list_version`: content of the register and the list that was looked at."""

    hit: str
    partner_digest: str
    record_digest: str
    partners: str
    list_version: str
    reason: str
    persons: list[str]
    expires: str


class HitProposed(_Decision, frozen=True, kw_only=True):
    """The first of two persons has decided a strong hit: it waits for the second."""

    kind: ClassVar[str] = "hit.proposed"
    verdict: str


class HitCleared(_Decision, frozen=True, kw_only=True):
    """Not the same party. Holds until `expires`, while both contents stay as they were."""

    kind: ClassVar[str] = "hit.cleared"


class HitConfirmed(_Decision, frozen=True, kw_only=True):
    """The same party. Stands until the record or the partner is gone; `expires` is empty."""

    kind: ClassVar[str] = "hit.confirmed"


class PartnerReviewed(Body, frozen=True, kw_only=True):
    """Somebody looked at the whole partner. `weights`: the version of the risk weights."""

    kind: ClassVar[str] = "partner.reviewed"
    partner: str
    points: int
    tier: str
    weights: str
    note: str
    due: str


# -- mail: what is to be told, and what the server said of it


class MailQueued(Body, frozen=True, kw_only=True):
    """A letter waits. `to`: roles or addresses; `content`: the message, without its recipients."""

    kind: ClassVar[str] = "mail.queued"
    mail: str
    title: str
    to: list[str]
    content: str


class MailTried(Body, frozen=True, kw_only=True):
    """One process has this attempt for itself until `until`; without an answer by then the attempt
    is lost, and whether the letter arrived is not known."""

    kind: ClassVar[str] = "mail.tried"
    mail: str
    attempt: int
    until: str


class MailAnswered(Body, frozen=True, kw_only=True):
    """What the server said of an attempt: addresses taken, addresses refused for good with the
    reason, and the roles or addresses of `to` that are still to be reached."""

    kind: ClassVar[str] = "mail.answered"
    mail: str
    attempt: int
    accepted: list[str]
    refused: dict[str, str]
    waiting: list[str]


class MailSuperseded(Body, frozen=True, kw_only=True):
    """Nobody got this letter; a newer one, `by`, tells all that it told."""

    kind: ClassVar[str] = "mail.superseded"
    mail: str
    by: str


class MailDelayed(Body, frozen=True, kw_only=True):
    """The mail server could not be used. Written at most once a day."""

    kind: ClassVar[str] = "mail.delayed"
    reason: str
    waiting: list[str]


def _all(base: type[Body]) -> dict[str, type[Body]]:
    found = {base.kind: base} if base.kind else {}
    for child in base.__subclasses__():
        found |= _all(child)
    return found


@cache
def by_name() -> dict[str, type[Body]]:
    """Every kind there is, by its name."""
    return _all(Body)


def canonical(value: Any) -> str:
    """JSON with sorted keys, no blanks, Unicode as it is: one text for one value."""
    return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False)


def write(body: Body) -> str:
    """A body as the canonical JSON that the journal keeps, with its version as `v`."""
    fields: dict[str, Any] = msgspec.to_builtins(body)
    if body.origin is None:
        del fields["origin"]
    return canonical({**fields, "v": body.version})


def read(kind: str, text: str) -> Body:
    """The typed body behind `text`. Raises JournalBroken for an unknown kind, version or shape."""
    struct = by_name().get(kind)
    if struct is None:
        raise JournalBroken(f"The journal holds an event of kind {kind!r}, unknown to this version")
    fields = json.loads(text)
    version = fields.pop("v", None)
    if version != struct.version:
        raise JournalBroken(f"{kind} in version {version} cannot be read; known: {struct.version}")
    try:
        return msgspec.convert(fields, struct)
    except msgspec.ValidationError as wrong:
        raise JournalBroken(f"{kind} does not have its shape: {wrong}") from wrong
