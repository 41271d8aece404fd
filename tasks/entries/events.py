"""Entry numbers, the entries that desks hand in, and what ACE reports of them."""

from __future__ import annotations

from typing import ClassVar

import msgspec

from tasks.core.journal.bodies import AdoptedBody, AdoptionRule, Body


class NumbersReserved(AdoptedBody, frozen=True, kw_only=True):
    """Serials `first`..`last` of one series and filer can be issued.

    `range_check` says who checked, and how, that the production system cannot issue them.
    """

    kind: ClassVar[str] = "numbers.reserved"
    series: str
    filer: str
    first: int
    last: int
    offset: int
    range_check: str


class NumbersIssued(AdoptedBody, frozen=True, kw_only=True):
    """Serials `first`..`last` are printed for one desk and port."""

    kind: ClassVar[str] = "numbers.issued"
    series: str
    filer: str
    first: int
    last: int
    offset: int
    desk: str
    port: str


class NumbersVoided(AdoptedBody, frozen=True, kw_only=True):
    """Numbers that will never be used. `persons` are the two who confirmed it, by the plan
    `approval`."""

    kind: ClassVar[str] = "numbers.voided"
    numbers: list[str]
    reason: str
    persons: list[str]
    approval: str = ""


class SingleBond(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A single transaction bond. designation: B basic, U substitution, E superseding, A additional (AE
    2026-07 p.156); surety: CBP's code, empty if it is not recorded; amount: whole dollars, 0 if it is
    not recorded."""

    designation: str = "B"
    surety: str = ""
    amount: int = 0


class EntryLine(msgspec.Struct, frozen=True, kw_only=True):
    """The facts of a recorded entry that the accounting needs without its content.

    `release_digest`: of its cargo release data.
    `in_bonds`: the in-bond numbers on its bills. `consignee`: as recorded, or a private reference.
    `entered`: the day that decides which bond holds, released or estimated (AE 2026-07 p.156).
    `single_bonds`: its single transaction bonds, those of an additional surety too. `covered_by`: the
    number of the consolidating summary that takes its release; `consolidating`: it is such a summary.
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
    entered: str = ""
    release_digest: str = ""
    bond_type: str = ""
    consignee: str = ""
    in_bonds: list[str] = []
    single_bonds: list[SingleBond] = []
    covered_by: str = ""
    consolidating: bool = False


class EntriesRecorded(AdoptedBody, frozen=True, kw_only=True):
    """One file's entries, new to the journal. `content` is the record, `source` the file as given."""

    kind: ClassVar[str] = "entries.recorded"
    content: str
    source: str
    file: str
    desk: str
    entries: list[EntryLine]


class EntriesRevised(EntriesRecorded, frozen=True, kw_only=True):
    """One file's entries that replace an earlier revision, which stays readable."""

    kind: ClassVar[str] = "entries.revised"


class EntriesRefused(AdoptedBody, frozen=True, kw_only=True):
    """A file that was handed in and refused, with the first reasons."""

    kind: ClassVar[str] = "entries.refused"
    source: str
    file: str
    desk: str
    problems: int
    reasons: list[str]


class EntrySettled(Body, frozen=True, kw_only=True):
    """The entry's state is final: `how` names it, `proof` is content or a reference. `approval` is the
    plan by which a person settled it; empty where ACE did."""

    kind: ClassVar[str] = "entry.settled"
    adoption: ClassVar[AdoptionRule] = AdoptionRule("place-rests-on-approval", to_do=True, keys=("settled",))
    number: str
    how: str
    proof: str
    approval: str = ""


class EntryReopened(Body, frozen=True, kw_only=True):
    """A later answer of ACE revoked the settlement."""

    kind: ClassVar[str] = "entry.reopened"
    adoption: ClassVar[AdoptionRule] = AdoptionRule("lets-entry-go-again", to_do=True, keys=("reopened",))
    number: str
    reason: str


class EntryHandedOver(Body, frozen=True, kw_only=True):
    """Another filer filed it under a number of its own; `proof` is content."""

    kind: ClassVar[str] = "entry.handed_over"
    adoption: ClassVar[AdoptionRule] = AdoptionRule("place-rests-on-approval", to_do=True, keys=("handed over",))
    number: str
    filer: str
    other_number: str
    proof: str = ""
    approval: str = ""


class EntryBurnt(Body, frozen=True, kw_only=True):
    """Canceled in ACE: the number can never be used again (CATAIR SE v40 p.32)."""

    kind: ClassVar[str] = "entry.burnt"
    adoption: ClassVar[AdoptionRule] = AdoptionRule("place-rests-on-approval", to_do=True, keys=("burnt",))
    number: str
    reason: str
    proof: str = ""
    approval: str = ""


class AceReason(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One reason of ACE: its code, CBP's own text, and the subject (`line 3`; `record 12 column 5` of
    our batch). A reason without a code is a person's, or CBP's text alone."""

    code: str = ""
    text: str = ""
    subject: str = ""


class AceStatus(msgspec.Struct, frozen=True):
    """The status of one entry (or importer) in ACE. Each fact is declared here only: answers in the journal
    carry it (`AnswerLine`), the table `p_view` has a column for it, and the classification reads it (`View`).

    Days are YYYY-MM-DD. `differs`: fields of the stored summary that differ from our record. `bonds`: an
    importer's continuous bonds; `monthly`: whether the importer is enrolled for the periodic monthly
    statement (KR record K2); None: not stated. `code` and `text` close the answer, `reasons` come before
    them; `resume_at`: the moment from which a truncated range is queried again (EQ).
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
        codes = tuple(dict.fromkeys(reason.code for reason in self.reasons if reason.code))
        return codes or ((self.code,) if self.code else ())

    @property
    def message(self) -> str:
        """CBP's own texts for a person."""
        texts = (
            f"{reason.subject}: {reason.text}" if reason.subject else reason.text
            for reason in self.reasons
            if reason.text
        )
        return "; ".join(dict.fromkeys(texts)) or self.text


class HistoryTaken(AdoptedBody, frozen=True, kw_only=True):
    """What clients imported before, by HTS number and origin (`content`, Parquet). `file`: as it was
    given, empty for entries of the journal alone; `as_of`: the last day that it covers."""

    kind: ClassVar[str] = "history.taken"
    content: str
    file: str
    as_of: str
    rows: int
    clients: int


class ImporterBond(msgspec.Struct, frozen=True, kw_only=True):
    """A continuous bond of an importer in a KR answer (KI v7 p.10-14): activity (CBP's letter), surety, first day
    and end, and the importer's state as its user. Days are YYYY-MM-DD, empty where ACE gives none; None: not
    stated."""

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
