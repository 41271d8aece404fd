"""What goes to ACE, what ACE says, and what a person decides about either."""

from __future__ import annotations

from typing import ClassVar

import msgspec

from tasks.shared.kinds.base import Body
from tasks.shared.kinds.entries import SingleBond


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
    """Nothing more of a plan is carried out; `reason` says which entry fell out and why, or is a
    code."""

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


class QueryWritten(Body, frozen=True, kw_only=True):
    """The file of a query is, or was, visible in the outbound folder. `size` in bytes; 0 if it was
    gone when that was noted."""

    kind: ClassVar[str] = "query.written"
    batch: str
    file: str
    size: int


class ImporterBond(msgspec.Struct, frozen=True, kw_only=True):
    """A continuous bond of an importer as KR tells it (KI v7 p.10-14): activity (CBP's letter),
    surety, first day and end, and how the importer stands as its user. Days are YYYY-MM-DD, empty
    where ACE gives none; None where ACE says neither yes nor no."""

    activity: str
    surety: str
    since: str = ""
    until: str = ""
    user_active: bool | None = None
    user_until: str = ""
    sufficient: bool | None = None


class Difference(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One field that the record and ACE do not agree on.

    code: `field-differs`, `not-in-ace` or `only-in-ace` (a line or a tariff number), `not-on-paper`
    (ACE has what our side cannot state), `no-summary-in-ace`. subject: the part of the summary
    (`line 1`, `line 1.2`, `bill M ABCD 123`), empty for the whole. field: as in
    `data/ace/summary_compared.csv` (`40.charges_amount`, `entered_value`). qualifier: of several
    records of one id, which (fee class, second bond, party). paper, ace: values as a person reads
    them, empty where that side has none.
    """

    code: str
    field: str = ""
    subject: str = ""
    qualifier: str = ""
    paper: str = ""
    ace: str = ""


class AceReason(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One reason that ACE gave: its code, CBP's own text, and of what (`line 3`; `record 12 column 5` of
    our batch). A reason without a code is a person's, or CBP's text alone."""

    code: str = ""
    text: str = ""
    subject: str = ""


class AceStatus(msgspec.Struct, frozen=True):
    """What ACE shows of one entry (or importer), in the words of `tasks/ace`. Each fact is declared
    here and nowhere else: answers in the journal carry it (`AnswerLine`), the table `p_view` has a
    column for it, and the classification reads it (`View`).

    Days are YYYY-MM-DD. `differs`: what the stored summary has otherwise than our record. `bonds`: an
    importer's continuous bonds; `monthly`: whether the importer is enrolled for the periodic monthly
    statement (KR record K2). None: ACE says neither yes nor no. `code` and `text` close the answer, `reasons`
    come before them; `resume_at`: from which moment a range that ACE cut is asked for again (EQ).
    """

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
    differs: tuple[Difference, ...] = ()
    bonds: tuple[ImporterBond, ...] = ()
    monthly: bool | None = None
    reasons: tuple[AceReason, ...] = ()
    resume_at: str = ""

    @property
    def why(self) -> tuple[AceReason, ...]:
        """The reasons; what closes the answer where ACE gave none."""
        closing = AceReason(code=self.code, text=self.text)
        return self.reasons or ((closing,) if self.code or self.text else ())

    @property
    def codes(self) -> tuple[str, ...]:
        """Each code of the reasons once; that which closes the answer where they have none."""
        own = tuple(dict.fromkeys(reason.code for reason in self.reasons if reason.code))
        return own or ((self.code,) if self.code else ())

    @property
    def message(self) -> str:
        """CBP's own texts for a person."""
        texts = (
            f"{reason.subject}: {reason.text}" if reason.subject else reason.text
            for reason in self.reasons
            if reason.text
        )
        return "; ".join(dict.fromkeys(texts)) or self.text


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


class AnswerRead(Body, frozen=True, kw_only=True):
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


class AnswerRepeated(Body, frozen=True, kw_only=True):
    """A file of answers that the book had read came once more under another name. It changes
    nothing; `batches` are our ids in it."""

    kind: ClassVar[str] = "answer.repeated"
    content: str
    file: str
    batches: list[str]


class BondConfirmed(Body, frozen=True, kw_only=True):
    """The surety's eBond for a single transaction bond stands in ACE (errors 752-757). `bond`: which
    one, as in `EntryLine.single_bonds`; None for whatever is the basic bond."""

    kind: ClassVar[str] = "bond.confirmed"
    number: str
    proof: str
    bond: SingleBond | None = None
