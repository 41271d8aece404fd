"""Event types of incidents: steps, breaches, open work, notices, evidence, papers of other agencies.

Moments are UTC in the journal's form. `happened` may lie before the event that reports it.
"""

from __future__ import annotations

from typing import ClassVar

import msgspec

from tasks.core.journal.bodies import AdoptedBody, AdoptionRule, Body


class PgaLoaded(AdoptedBody, frozen=True, kw_only=True):
    """A table came in from outside: `what` is `flags` (tariff number x flag) or `history` (client x
    tariff number x agency). `content`: the rows as canonical JSON; `as_of`: their day by the source."""

    kind: ClassVar[str] = "pga.loaded"
    what: str
    content: str
    original: str
    file: str
    source: str
    as_of: str
    rows: int


class PgaPaper(AdoptedBody, frozen=True, kw_only=True):
    """A form or confirmation for an agency is in hand, for one line or (0) the whole entry.
    `document`: the reference of the attached document, empty where only a number was given."""

    kind: ClassVar[str] = "pga.paper"
    number: str
    line: int
    agency: str
    program: str
    form: str
    reference: str
    document: str


class PgaLetGo(AdoptedBody, frozen=True, kw_only=True):
    """The entry goes to the port without this agency's paper; the reason is on record (R5)."""

    kind: ClassVar[str] = "pga.let_go"
    number: str
    line: int
    agency: str
    reason: str


class Attached(msgspec.Struct, frozen=True, kw_only=True):
    """A file kept by its digest. `origin`: where it came from, in words; `size` in bytes."""

    name: str
    content: str
    size: int
    origin: str = ""


class IncidentStep(AdoptedBody, frozen=True, kw_only=True):
    """Base of all steps: who is the event's actor. `reference`: CBP's, or who said so; `ports`
    (Schedule D) and `until` (a day): what an authorization covers, empty for all."""

    incident: str
    happened: str
    note: str = ""
    reference: str = ""
    ports: tuple[str, ...] = ()
    until: str = ""
    attached: tuple[Attached, ...] = ()


class IncidentOpened(IncidentStep, frozen=True, kw_only=True):
    """Base of the steps that an incident can begin with."""

    filer: str
    drill: bool


class IncidentSuspected(IncidentOpened, frozen=True, kw_only=True):
    kind: ClassVar[str] = "incident.suspected"


class IncidentDeclared(IncidentOpened, frozen=True, kw_only=True):
    """From here on the plan runs: notices, clocks, downtime."""

    kind: ClassVar[str] = "incident.declared"


class IncidentDismissed(IncidentStep, frozen=True, kw_only=True):
    """A suspicion that proved false."""

    kind: ClassVar[str] = "incident.dismissed"
    adoption: ClassVar[AdoptionRule] = AdoptionRule("ends-incident-or-demand", to_do=True)


class IncidentDisconnected(IncidentStep, frozen=True, kw_only=True):
    """The connection to ACE is cut, by the broker or by CBP."""

    kind: ClassVar[str] = "incident.disconnected"


class IncidentDowntimeRequested(IncidentStep, frozen=True, kw_only=True):
    kind: ClassVar[str] = "incident.downtime_requested"


class IncidentDowntimeAuthorised(IncidentStep, frozen=True, kw_only=True):
    kind: ClassVar[str] = "incident.downtime_authorised"


class IncidentDowntimeRefused(IncidentStep, frozen=True, kw_only=True):
    """CBP says no, or ends what it had authorized."""

    kind: ClassVar[str] = "incident.downtime_refused"


class IncidentDowntimeRunning(IncidentStep, frozen=True, kw_only=True):
    kind: ClassVar[str] = "incident.downtime_running"


class IncidentRemediating(IncidentStep, frozen=True, kw_only=True):
    kind: ClassVar[str] = "incident.remediating"


class IncidentRemediated(IncidentStep, frozen=True, kw_only=True):
    """The systems are clean and work again; the reconciliation begins."""

    kind: ClassVar[str] = "incident.remediated"


class IncidentEvidenceSubmitted(IncidentStep, frozen=True, kw_only=True):
    """CBP has the evidence of remediation that it asks for before it reconnects."""

    kind: ClassVar[str] = "incident.evidence_submitted"


class IncidentReconnected(IncidentStep, frozen=True, kw_only=True):
    kind: ClassVar[str] = "incident.reconnected"


class IncidentKeyingBacklog(IncidentStep, frozen=True, kw_only=True):
    """What went out on paper is being sent to ACE."""

    kind: ClassVar[str] = "incident.keying_backlog"


class IncidentReconciled(IncidentStep, frozen=True, kw_only=True):
    """Every number has its final place; `reference` is the digest of the signed accounting."""

    kind: ClassVar[str] = "incident.reconciled"
    adoption: ClassVar[AdoptionRule] = AdoptionRule("ends-incident-or-demand", to_do=True)


class IncidentClosed(IncidentStep, frozen=True, kw_only=True):
    kind: ClassVar[str] = "incident.closed"
    adoption: ClassVar[AdoptionRule] = AdoptionRule("ends-incident-or-demand", to_do=True)


class IncidentBreachFound(AdoptedBody, frozen=True, kw_only=True):
    """A breach of records became known, or a new fact of one (19 CFR 111.21(b)). The first of an
    incident starts the 72 hours of the notice; each later one starts 72 hours of its own."""

    kind: ClassVar[str] = "incident.breach_found"
    incident: str
    discovered: str
    note: str = ""
    attached: tuple[Attached, ...] = ()


class WorkLine(msgspec.Struct, frozen=True, kw_only=True):
    """One thing that was open when the systems went down. `starts` and `due`: a day or a UTC moment,
    as the export says; `importer_number` is a private reference where it is an SSN."""

    item: str
    work: str
    reference: str
    entry_type: str = ""
    port: str = ""
    mode: str = ""
    importer: str = ""
    importer_number: str = ""
    starts: str = ""
    due: str = ""
    amount: str = ""
    note: str = ""


class WorkTaken(AdoptedBody, frozen=True, kw_only=True):
    """The export of open work became part of the hour-zero list. `as_of`: when it was made;
    `source`: its digest; `left`: rows that could not be read."""

    kind: ClassVar[str] = "incident.work_taken"
    incident: str
    file: str
    source: str
    as_of: str
    items: list[WorkLine]
    left: int = 0


class WorkClosed(AdoptedBody, frozen=True, kw_only=True):
    """These items need nothing more: `how` names the act, `note`, `reference` or a file shows it."""

    kind: ClassVar[str] = "incident.work_closed"
    incident: str
    items: list[str]
    how: str
    happened: str
    note: str = ""
    reference: str = ""
    attached: tuple[Attached, ...] = ()


class FactsNoted(AdoptedBody, frozen=True, kw_only=True):
    """What drafts say of the incident, by the names of the plan; the newest value counts."""

    kind: ClassVar[str] = "incident.facts_noted"
    incident: str
    facts: dict[str, str]


class ContactChecked(AdoptedBody, frozen=True, kw_only=True):
    """Somebody tried this contact `on` a day. `digest`: of its number and address as tried, so that a
    changed contact counts as never verified; `works`: it reaches whom it should."""

    kind: ClassVar[str] = "contact.checked"
    contact: str
    digest: str
    on: str
    works: bool
    how: str = ""


class ExposureListed(AdoptedBody, frozen=True, kw_only=True):
    """Importer numbers that stood in these systems. `content` holds them, SSNs as references."""

    kind: ClassVar[str] = "exposure.listed"
    incident: str
    systems: list[str]
    numbers: int
    content: str


class NoticeDrafted(AdoptedBody, frozen=True, kw_only=True):
    """A notice stands written; `content` is its draft, SSNs as references. `telling`: digest of what
    it says without its time, so that the same is not drafted twice."""

    kind: ClassVar[str] = "notice.drafted"
    incident: str
    notice: str
    template: str
    contact: str
    channel: str
    title: str
    telling: str
    content: str


class NoticeSent(AdoptedBody, frozen=True, kw_only=True):
    """It was told, at `happened`. `how`: mail, call, portal, letter, hand; `reference`: of the call or
    the portal; a mail that the server took is named by its id. A breach notice counts as given only
    by such a mail, or by mail or portal with `attached` (19 CFR 111.21(b))."""

    kind: ClassVar[str] = "notice.sent"
    notice: str
    happened: str
    how: str
    reference: str = ""
    mail: str = ""
    attached: tuple[Attached, ...] = ()


class NoticeCalled(AdoptedBody, frozen=True, kw_only=True):
    """A notice that must go electronically was also told in another way, which does not count as
    giving it. `how`: call, letter, hand; `reference`: of the call."""

    kind: ClassVar[str] = "notice.called"
    notice: str
    happened: str
    how: str
    reference: str = ""
    attached: tuple[Attached, ...] = ()


class NoticeAcknowledged(AdoptedBody, frozen=True, kw_only=True):
    """The other side says that it has it. `who`: their name."""

    kind: ClassVar[str] = "notice.acknowledged"
    notice: str
    happened: str
    who: str
    reference: str = ""
    attached: tuple[Attached, ...] = ()


class EvidenceAttached(AdoptedBody, frozen=True, kw_only=True):
    """A file stands for an item of the checklist of remediation. `also`: what else the same file proved
    before, in words; then `reason` says why."""

    kind: ClassVar[str] = "evidence.attached"
    incident: str
    item: str
    note: str
    attached: tuple[Attached, ...]
    also: tuple[str, ...] = ()
    reason: str = ""


class EvidenceWaived(Body, frozen=True, kw_only=True):
    """The item does not apply, and why."""

    kind: ClassVar[str] = "evidence.waived"
    adoption: ClassVar[AdoptionRule] = AdoptionRule("ends-incident-or-demand", to_do=True)
    incident: str
    item: str
    reason: str


class EvidenceBuilt(Body, frozen=True, kw_only=True):
    """A signed pack was made; `manifest` is its manifest's digest, `open` the items it lacks."""

    kind: ClassVar[str] = "evidence.built"
    adoption: ClassVar[AdoptionRule] = AdoptionRule("signature-rests-on-approval", to_do=True)
    incident: str
    manifest: str
    open: list[str]
