"""The list of packages: the only module that names them all. It composes the settings class.

Modules are named by text, so that importing the list imports the settings tables and nothing heavy.
"""

from __future__ import annotations

from tasks.ace.settings import AceSettings
from tasks.backup.settings import BackupSettings
from tasks.core.registry import Package
from tasks.core.settings import Settings
from tasks.duties.settings import DutySettings
from tasks.entries.settings import EntrySettings, FilerSettings, NumberSettings
from tasks.incident.settings import IncidentSettings, LetterSettings
from tasks.kit.settings import KitSettings
from tasks.operations.settings import OperationsSettings
from tasks.screening.settings import ScreeningSettings
from tasks.security.settings import ApprovalSettings, PrivateDataSettings
from tasks.transport.settings import MailSettings

_RECONCILIATION_ACTS = {
    "send-batches": "tasks.reconciliation.sending.batch_writing",
    "sign-accounting": "tasks.reconciliation.accounting.sign_off",
    "settle-entries": "tasks.reconciliation.decisions.settlements",
    "batch-not-received": "tasks.reconciliation.decisions.license_holder_acts",
    "hand-over": "tasks.reconciliation.decisions.filer_handover",
    "cancel-number": "tasks.reconciliation.decisions.license_holder_acts",
}

PACKAGES = (
    Package("status", status="tasks.status.approval_status:lines"),
    Package("core", events=("tasks.core.journal.events",)),
    Package("security", events=("tasks.security.events",), projections=("tasks.security.projections",)),
    Package(
        "reconciliation",
        events=("tasks.reconciliation.events",),
        projections=("tasks.reconciliation.projections",),
        status="tasks.reconciliation.status:lines",
        acts=_RECONCILIATION_ACTS,
        adoption="tasks.reconciliation.sending.batch_adoption:BatchAdoption",
    ),
    Package(
        "entries",
        events=("tasks.entries.events",),
        projections=("tasks.entries.projections",),
        status="tasks.entries.status:lines",
        acts={"void-numbers": "tasks.entries.numbers.number_voiding"},
        adoption="tasks.entries.numbers.number_adoption:NumberAdoption",
    ),
    Package(
        "screening",
        events=("tasks.screening.events",),
        projections=("tasks.screening.projections",),
        status="tasks.screening.status:lines",
        acts={"decide-hit": "tasks.screening.hits.hit_decisions"},
    ),
    Package("kit", events=("tasks.kit.events",), status="tasks.kit.status:watch"),
    Package("operations", events=("tasks.operations.events",), status="tasks.operations.status:lines"),
    Package(
        "incident",
        events=(
            "tasks.incident.events",
            "tasks.incident.letters.letter_events",
            "tasks.incident.after_release.release_events",
        ),
        projections=("tasks.incident.projections",),
        status="tasks.incident.status:lines",
    ),
    Package(
        "duties",
        events=("tasks.duties.events",),
        projections=("tasks.duties.projections",),
        status="tasks.duties.status:lines",
    ),
    Package("backup", events=("tasks.backup.events",), status="tasks.backup.status:lines"),
    Package(
        "transport",
        events=("tasks.transport.events",),
        projections=("tasks.transport.projections",),
        status="tasks.transport.status:lines",
        adoption="tasks.transport.mail_adoption:MailAdoption",
    ),
)


class HomeSettings(Settings):
    """The settings of a home: every table of every package."""

    numbers: NumberSettings = NumberSettings()
    entries: EntrySettings = EntrySettings()
    filer: FilerSettings = FilerSettings()
    ace: AceSettings = AceSettings()
    approval: ApprovalSettings = ApprovalSettings()
    private: PrivateDataSettings = PrivateDataSettings()
    backup: BackupSettings = BackupSettings()
    mail: MailSettings = MailSettings()
    duties: DutySettings = DutySettings()
    incident: IncidentSettings = IncidentSettings()
    screening: ScreeningSettings = ScreeningSettings()
    letters: LetterSettings = LetterSettings()
    kit: KitSettings = KitSettings()
    operations: OperationsSettings = OperationsSettings()
