"""The incident: its steps, what came to light, the work that was open, whom we told.

Moments are UTC in the journal's form. `happened` is when a thing took place, which may lie before the
event that tells of it.
"""

from __future__ import annotations

from typing import ClassVar

import msgspec

from tasks.shared.kinds.base import Body


class Attached(msgspec.Struct, frozen=True, kw_only=True):
    """A file kept by its digest. `origin`: where it came from, in words; `size` in bytes."""

    name: str
    content: str
    size: int
    origin: str = ""


class IncidentStep(Body, frozen=True, kw_only=True):
    """Base of all steps: who is the event's actor. `reference`: CBP's, or who said so; `ports`
    (Schedule D) and `until` (a day): what an authorisation covers, empty for all."""

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


class IncidentDisconnected(IncidentStep, frozen=True, kw_only=True):
    """The connection to ACE is cut, by the broker or by CBP."""

    kind: ClassVar[str] = "incident.disconnected"


class IncidentDowntimeRequested(IncidentStep, frozen=True, kw_only=True):
    kind: ClassVar[str] = "incident.downtime_requested"


class IncidentDowntimeAuthorised(IncidentStep, frozen=True, kw_only=True):
    kind: ClassVar[str] = "incident.downtime_authorised"


class IncidentDowntimeRefused(IncidentStep, frozen=True, kw_only=True):
    """CBP says no, or ends what it had authorised."""

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


class IncidentClosed(IncidentStep, frozen=True, kw_only=True):
    kind: ClassVar[str] = "incident.closed"


class IncidentBreachFound(Body, frozen=True, kw_only=True):
    """A breach of records became known, or a new fact of one (19 CFR 111.21(b)). The first of an
    incident starts the 72 hours of the notice; each later one starts 72 hours of its own."""

    kind: ClassVar[str] = "incident.breach_found"
    incident: str
    discovered: str
    note: str = ""
    attached: tuple[Attached, ...] = ()
