"""The status page as a step: it is put together here, from every package."""

from __future__ import annotations

from pathlib import Path

from prefect import get_run_logger
from prefect.artifacts import create_markdown_artifact

from tasks.core import status_lines
from tasks.core.status_lines import StatusLine, page_markdown, recommendations
from tasks.core.steps import task
from tasks.status.status_page import status_lines as lines
from tasks.workspace import Workspace


@task(name="read readiness")
def read_status(home: str) -> list[StatusLine]:
    """The lines of the status page."""
    workspace = Workspace.open(Path(home))
    page = lines(workspace)
    workspace.journal.close()
    return page


@task(name="publish readiness")
def publish_status(home: str) -> dict[str, str]:
    """The artifact `readiness`; returns the status of each recommendation."""
    workspace = Workspace.open(Path(home))
    page = lines(workspace)
    create_markdown_artifact(page_markdown(page), key="readiness", description="Are we ready")
    statuses = {recommendation.id: recommendation.light for recommendation in recommendations(page)}
    red = [name for name, status in statuses.items() if status == status_lines.RED]
    get_run_logger().info("red: %s", ", ".join(red) or "none")
    return statuses
