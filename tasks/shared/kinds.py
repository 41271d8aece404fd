"""What the journal can say: one typed, versioned body for each kind of event.

A body never changes its meaning. A new meaning is a new version, and `read` keeps the old one.
"""

from __future__ import annotations

import json
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

    `differs`: fields of the summary in ACE that are not as ours would be.
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
    differs: list[str] = []


class AnswerRead(Body, frozen=True, kw_only=True):
    """One batch that came back. `batch` is our own id, echoed; empty for what ACE tells by itself.

    `about`: summary, release, bill, importer. `rejected`: nothing of our batch was processed, and
    `why` is CBP's code and text for that, where X1 told them.
    """

    kind: ClassVar[str] = "answer.read"
    application: str
    about: str
    batch: str
    content: str
    rejected: bool
    lines: list[AnswerLine]
    why: str = ""


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


class EntryHandedOver(Body, frozen=True, kw_only=True):
    kind: ClassVar[str] = "entry.handed_over"
    number: str
    filer: str
    other_number: str


class EntryBurnt(Body, frozen=True, kw_only=True):
    """Cancelled in ACE: the number can never be used again (CATAIR SE v40 p.32)."""

    kind: ClassVar[str] = "entry.burnt"
    number: str
    reason: str


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


def _all(base: type[Body]) -> dict[str, type[Body]]:
    found = {base.kind: base} if base.kind else {}
    for child in base.__subclasses__():
        found |= _all(child)
    return found


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
