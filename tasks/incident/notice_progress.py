"""How remediation goes, as the book tells it: the steps that were taken, and what proves the restore."""

from __future__ import annotations

from collections.abc import Iterator

from tasks.incident.moments import shown
from tasks.incident.state import Incident, Taken
from tasks.incident.states import STEPS
from tasks.shared.kinds.backup import BackupProved
from tasks.shared.kinds.incident import EvidenceAttached
from tasks.workspace import Workspace

PROOF = "restore-proof"
"""The item of the checklist (`evidence.toml`) under which a person attaches proof of a restore."""
_BEGUN = "remediating"
_TOLD = ("disconnected", _BEGUN, "remediated", "evidence_submitted", "reconnected",
         "keying_backlog")  # fmt: skip


def progress(workspace: Workspace, incident: Incident) -> str:
    """The recorded steps of remediation, each with when it was; empty before it has begun."""
    if _BEGUN not in incident.taken:
        return ""
    return "; ".join(_words(one, workspace) for one in incident.steps if one.state in _TOLD)


def _words(one: Taken, workspace: Workspace) -> str:
    note = f" ({one.note})" if one.note else ""
    return f"{shown(one.happened, workspace.zone)}: {STEPS[one.state].title}{note}"


def restore(workspace: Workspace, incident: Incident) -> str:
    """What proves the restore since the incident began: the test of the backup, files that a person
    attached, or both; empty without either. A proof from before the incident shows nothing."""
    return "; ".join((*_tested(workspace, incident), *_attached(workspace, incident)))


def _tested(workspace: Workspace, incident: Incident) -> Iterator[str]:
    *_, last = [
        None,
        *workspace.journal.events(after=incident.opened, kind=BackupProved.kind),
    ]
    if last is not None:
        body = last.said
        assert isinstance(body, BackupProved)
        yield (f"{body.files:,} files restored and compared by the backup's own test, "
               f"{last.at[:10]}")  # fmt: skip


def _attached(workspace: Workspace, incident: Incident) -> Iterator[str]:
    subject, kind = f"incident/{incident.id}", EvidenceAttached.kind
    for event in workspace.journal.events(kind=kind, subject=subject):
        body = event.said
        assert isinstance(body, EvidenceAttached)
        if body.item == PROOF and body.attached:
            names = ", ".join(one.name for one in body.attached)
            note = f" ({body.note})" if body.note else ""
            yield f"{names}{note}, attached as evidence {event.at[:10]}"
