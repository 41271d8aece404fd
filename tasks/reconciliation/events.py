"""What goes to ACE, what ACE says, and what a person decides about either."""

from __future__ import annotations

from typing import ClassVar

from tasks.core.journal.bodies import AdoptedBody, AdoptionRule, Body
from tasks.entries.api import AceReason, AceStatus, SingleBond


class BatchNamed(AdoptedBody, frozen=True, kw_only=True):
    """A batch and every entry in it, written down before its file can be seen."""

    kind: ClassVar[str] = "batch.named"
    batch: str
    application: str
    plan: str
    content: str
    file: str
    numbers: list[str]


class BatchWritten(AdoptedBody, frozen=True, kw_only=True):
    kind: ClassVar[str] = "batch.written"
    batch: str
    file: str
    size: int


class BatchNotReceived(Body, frozen=True, kw_only=True):
    """ACE never got the batch, as the license holder knows by `proof`: its entries may go again
    once ACE was asked anew. `approval` is the plan that was approved for it; empty where the file
    was never made visible."""

    kind: ClassVar[str] = "batch.not_received"
    adoption: ClassVar[AdoptionRule] = AdoptionRule("lets-entry-go-again", to_do=True, keys=("not received",))
    batch: str
    reason: str
    proof: str
    approval: str


class SendAgain(Body, frozen=True, kw_only=True):
    """What ACE rejected may go again unchanged: the cause lay outside the record and is corrected."""

    kind: ClassVar[str] = "entry.send_again"
    adoption: ClassVar[AdoptionRule] = AdoptionRule("lets-entry-go-again", to_do=True, keys=("again",))
    number: str
    application: str
    reason: str


class ReleaseKept(AdoptedBody, frozen=True, kw_only=True):
    """The release that ACE took stands, although the entry was revised since: a person looked at
    the difference, or had CBP correct it. `digest`: the entry's release data as it now is."""

    kind: ClassVar[str] = "entry.release_kept"
    number: str
    digest: str
    reason: str


class QueryNamed(AdoptedBody, frozen=True, kw_only=True):
    """A batch that asks ACE. `asked` are numbers, bills (`NUMBER` of the entry) or importers."""

    kind: ClassVar[str] = "query.named"
    batch: str
    application: str
    about: str
    content: str
    file: str
    asked: list[str]


class QueryWritten(AdoptedBody, frozen=True, kw_only=True):
    """The file of a query is, or was, visible in the outbound folder. `size` in bytes; 0 if it was
    gone when that was noted."""

    kind: ClassVar[str] = "query.written"
    batch: str
    file: str
    size: int


class AnswerLine(AceStatus, frozen=True, kw_only=True):
    """What an answer says of one entry (or importer).

    `outside`: it was rejected, and every reason lies outside the record (payment, bond, importer).
    `owed`: duty, taxes, fees and AD/CVD of the stored summary in dollars; `collection`: whether that
    was paid, `collection_date` the day (ER record JC).
    """

    number: str
    outside: bool = False
    owed: str = ""
    collection: str = ""
    collection_date: str = ""


class AnswerRead(AdoptedBody, frozen=True, kw_only=True):
    """One batch that came back. `batch` is our own id, echoed; empty for what ACE tells by itself.

    `file`: the name under which it came. `about`: summary, release, bill, importer, range, probe; by
    itself also notice (SO), action (what CBP did with a summary) and request (what it asks for).
    `rejected`: nothing of our batch was processed, and `reasons` are CBP's for that.
    """

    kind: ClassVar[str] = "answer.read"
    application: str
    about: str
    batch: str
    content: str
    rejected: bool
    lines: list[AnswerLine]
    reasons: tuple[AceReason, ...] = ()
    file: str = ""


class AnswerRepeated(AdoptedBody, frozen=True, kw_only=True):
    """A file of answers that the journal had read came once more under another name. It changes
    nothing; `batches` are our ids in it."""

    kind: ClassVar[str] = "answer.repeated"
    content: str
    file: str
    batches: list[str]


class BondConfirmed(AdoptedBody, frozen=True, kw_only=True):
    """The surety's eBond for a single transaction bond stands in ACE (errors 752-757). `bond`: which
    one, as in `EntryLine.single_bonds`; None for whatever is the basic bond."""

    kind: ClassVar[str] = "bond.confirmed"
    number: str
    proof: str
    bond: SingleBond | None = None


class ProductionRestored(AdoptedBody, frozen=True, kw_only=True):
    """The production system runs again from a backup. Days and times are Washington's, without a
    zone, as ACE counts them. `counter`: the serial that it would issue next, where that is known.
    """

    kind: ClassVar[str] = "production.restored"
    last_backup: str
    cut_off: str
    counter: int | None = None


class ProductionNumbered(AdoptedBody, frozen=True, kw_only=True):
    """Production's next number, named after ACE and the ledger were looked at.

    `highest` is the highest number seen, `seen_in` where; `lacking` how many numbers ACE has and
    our records lack, which are listed in `content`.
    """

    kind: ClassVar[str] = "production.numbered"
    number: str
    highest: str
    seen_in: str
    lacking: int
    content: str


class ProductionExported(AdoptedBody, frozen=True, kw_only=True):
    """Settled entries were written for the production system. `private`: with private values in
    the clear; `manifest` is the digest of the folder's manifest."""

    kind: ClassVar[str] = "production.exported"
    numbers: list[str]
    private: bool
    manifest: str


class PaperWritten(AdoptedBody, frozen=True, kw_only=True):
    """A letter, list or data sheet of the reconciliation was written, for a person to sign and send.

    `what` is its kind, `addressee` in words (never a private number), `content` the PDF.
    """

    kind: ClassVar[str] = "paper.written"
    what: str
    addressee: str
    numbers: list[str]
    content: str


class RequestAnswered(AdoptedBody, frozen=True, kw_only=True):
    """What CBP asked of an entry's summary until then was answered; `proof` is content."""

    kind: ClassVar[str] = "request.answered"
    number: str
    how: str
    proof: str


class AccountingSigned(Body, frozen=True, kw_only=True):
    kind: ClassVar[str] = "accounting.signed"
    adoption: ClassVar[AdoptionRule] = AdoptionRule("signature-rests-on-approval", to_do=True, keys=("signed",))
    accounting: str
    plan: str
    numbers: int
