"""What the sample brokerage has shown of its duties, and the letters and evidence that follow."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from importlib.resources import as_file, files
from pathlib import Path

from tasks.core.status_lines import StatusLine
from tasks.duties.api import FulfillmentInput, export_evidence, fulfill_duty, send_due_reminders
from tasks.workspace import Workspace

_AGE = timedelta(days=880)
"""Since the agreement was signed: its renewal is to be submitted in about five weeks."""

_ISA = {"holder": "self", "connection": "MQIPT", "legal-name": "Harbor & Vance Customs Brokers"}
_POLICY = {"version": "3", "owner": "compliance", "functions": "RS, RC"}


def show_proofs(workspace: Workspace, actor: str) -> None:
    """A few proofs, and the reminders of the day, which stay in the outbox."""
    today = workspace.today()
    samples = files("continuity_data").joinpath("sample", "duties")
    with as_file(samples.joinpath("isa-acceptance.txt")) as path:
        fulfill_duty(workspace, "isa", FulfillmentInput(path, on=today - _AGE, facts=_ISA), actor)
    with as_file(samples.joinpath("incident-response-policy.txt")) as path:
        policy = FulfillmentInput(path, item="Incident response", on=today - timedelta(days=100), facts=_POLICY)
        fulfill_duty(workspace, "policy-review", policy, actor)
    statement = FulfillmentInput(statement="All numbers rung by Ben Harbor", on=today - timedelta(days=20))
    fulfill_duty(workspace, "contacts", statement, actor)
    send_due_reminders(workspace, actor)


def leave_evidence(workspace: Workspace, out: Path, page: Sequence[StatusLine]) -> list[str]:
    """The auditor's evidence in a folder, with the status `page`; returns the names of its files."""
    return [path.relative_to(out.parent).as_posix() for path in export_evidence(workspace, out, proofs=True, page=page)]
