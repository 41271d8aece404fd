"""The incident's steps as Prefect tasks. Each is safe to run again: the journal says what is done."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from prefect import get_run_logger
from prefect.artifacts import create_table_artifact

from tasks.core import clock
from tasks.core.steps import task
from tasks.incident.notices import notice_delivery, notice_records
from tasks.incident.notices.notice_delivery import NoticeSending, send_notices, write_notices
from tasks.incident.notices.notice_listing import find_notice
from tasks.incident.settings import IncidentSettings
from tasks.incident.timeline.incident_state import StepDetails, declare_incident, find_incident
from tasks.incident.timeline.listing_rows import incident_tables
from tasks.incident.timeline.open_work import load_exports
from tasks.workspace import Workspace


@task(name="declare")
def declare(home: str, actor: str, note: str, breach: bool) -> dict[str, Any]:
    """Declare an incident, with its hour-zero list; the open one if it is declared already."""
    workspace = Workspace.open(Path(home))
    now = clock.now()
    incident, new = declare_incident(workspace, StepDetails(now, note), actor, breach=now if breach else None)
    left: list[dict[str, object]] = []
    if new and workspace.settings(IncidentSettings).open_work:
        exports = load_exports(workspace, actor)
        left = [problem.as_dict() for export in exports for problem in export.problems]
    get_run_logger().info("incident %s: %s", incident.id, "declared" if new else "stands already")
    return {"incident": incident.id, "new": new, "left": left}


@task(name="write and send notices", retries=2, retry_delay_seconds=60)
def notify(home: str, actor: str) -> dict[str, Any]:
    """Write the notices that are due and send those that go by mail; a drill sends none."""
    workspace = Workspace.open(Path(home))
    noted = notice_delivery.note_delivered(workspace, actor)
    drafted, missing = notice_records.draft_due(workspace, actor)
    notices = [find_notice(workspace, result.notice) for result in drafted]
    sending = NoticeSending(by_hand=[notice.id for notice in notices])
    if not workspace.drill:
        sending = send_notices(workspace, notices, actor)
    folder = workspace.settings.home / "incident" / "notices"
    write_notices(workspace, [find_notice(workspace, notice.id) for notice in notices], folder)
    get_run_logger().info(
        "%d notice(s): %d sent, %d wait, %d by hand",
        len(notices),
        len(sending.sent),
        len(sending.waiting),
        len(sending.by_hand),
    )
    return {
        "sent": [*noted, *sending.sent],
        "waiting": sending.waiting,
        "by_hand": sending.by_hand,
        "missing": [problem.as_dict() for problem in missing],
        "reason": sending.reason,
    }


@task(name="publish clocks")
def publish(home: str) -> dict[str, Any]:
    """The artifact `incident-clocks`; returns the open incident's state and how many clocks are red."""
    workspace = Workspace.open(Path(home))
    incident = find_incident(workspace.journal.rows)
    if incident is None:
        return {"incident": "", "state": "", "red": 0}
    rows = incident_tables(workspace, incident)["clocks"]
    create_table_artifact(table=rows, key="incident-clocks", description=f"Incident {incident.id}: what bites next")
    red = sum(row["light"] == "red" for row in rows)
    get_run_logger().info("incident %s: %d clock(s), %d red", incident.id, len(rows), red)
    return {"incident": incident.id, "state": incident.state, "red": red}
