"""The duties room's steps as Prefect tasks. Each handles all duties at once and is safe to run again:
the journal says what is told."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from prefect import get_run_logger

from tasks.duties import reminding, sample
from tasks.shared.steps import task
from tasks.workspace import Workspace


@task(name="remind", retries=2, retry_delay_seconds=60)
def remind(home: str, actor: str) -> dict[str, Any]:
    """Queue the reminders that are due and deliver every letter that waits."""
    workspace = Workspace.open(Path(home))
    done = reminding.remind(workspace, actor)
    workspace.journal.close()
    get_run_logger().info("%d reminder(s), %d letter(s) sent, %d wait", len(done.rungs), done.sent,
                          len(done.waiting))  # fmt: skip
    return vars(done)


@task(name="readiness of the sample brokerage")
def show_sample(home: str, actor: str, out: str) -> list[str]:
    """Proofs and reminders of the sample brokerage, and its evidence in `out`; the board in words."""
    workspace = Workspace.open(Path(home))
    sample.live(workspace, actor)
    said = [*sample.words(workspace), *sample.leave(workspace, Path(out))]
    workspace.journal.close()
    return said
