"""The duties' steps as Prefect tasks. Each handles all duties at once and is safe to run again."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from prefect import get_run_logger
from prefect.artifacts import create_table_artifact

from tasks.core.steps import task
from tasks.duties.reminder_letters import send_due_reminders
from tasks.duties.status import states_table, usable_catalog
from tasks.duties.term_schedule import duty_states
from tasks.workspace import Workspace


@task(name="remind", retries=2, retry_delay_seconds=60)
def send_reminders(home: str, actor: str) -> dict[str, Any]:
    """Queue the reminders that are due and deliver every letter that waits."""
    workspace = Workspace.open(Path(home))
    result = send_due_reminders(workspace, actor)
    get_run_logger().info(
        "%d reminder(s), %d letter(s) sent, %d wait", len(result.rungs), result.sent, len(result.waiting)
    )
    return vars(result)


@task(name="publish duties")
def publish_duties(home: str) -> None:
    """The artifact `duties`: every duty, and when it is due."""
    workspace = Workspace.open(Path(home))
    catalogue, _ = usable_catalog(workspace)
    states = duty_states(workspace.journal.rows, catalogue, workspace.zone)
    create_table_artifact(
        table=states_table(states, workspace.today()), key="duties", description="Every duty, and when it is due"
    )
    workspace.journal.close()
