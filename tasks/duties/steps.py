"""The duties room's steps as Prefect tasks. Each handles all duties at once and is safe to run again:
the journal says what is told."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from prefect import get_run_logger
from prefect.artifacts import create_table_artifact

from tasks.duties import readiness, reminding, sample
from tasks.duties.terms import standings
from tasks.shared.board import Line
from tasks.shared.steps import task
from tasks.workspace import Workspace


@task(name="remind", retries=2, retry_delay_seconds=60)
def remind(home: str, actor: str) -> dict[str, Any]:
    """Queue the reminders that are due and deliver every letter that waits."""
    workspace = Workspace.open(Path(home))
    done = reminding.remind(workspace, actor)
    get_run_logger().info("%d reminder(s), %d letter(s) sent, %d wait", len(done.rungs), done.sent,
                          len(done.waiting))  # fmt: skip
    return vars(done)


@task(name="publish duties")
def publish(home: str) -> None:
    """The artifact `duties`: every duty, and when it is due."""
    workspace = Workspace.open(Path(home))
    catalogue, _ = readiness.usable(workspace)
    found = standings(workspace.journal.rows, catalogue, workspace.zone)
    create_table_artifact(table=readiness.table(found, workspace.today()), key="duties",
                          description="Every duty, and when it is due")  # fmt: skip
    workspace.journal.close()


@task(name="duties of the sample brokerage")
def live_sample(home: str, actor: str) -> None:
    """Proofs and reminders of the sample brokerage."""
    workspace = Workspace.open(Path(home))
    sample.live(workspace, actor)


@task(name="evidence of the sample brokerage")
def leave_evidence(home: str, out: str, page: list[Line]) -> list[str]:
    """The auditor's evidence in `out`, with the status `page`; returns the names of its files."""
    workspace = Workspace.open(Path(home))
    return sample.leave(workspace, Path(out), page)
