"""The status page as a step: it is put together here, from every package."""

from __future__ import annotations

from pathlib import Path

from prefect import get_run_logger
from prefect.artifacts import create_markdown_artifact

from tasks.shared import board
from tasks.shared.board import Line
from tasks.shared.steps import task
from tasks.status.page import lines
from tasks.workspace import Workspace


@task(name="read readiness")
def read(home: str) -> list[Line]:
    """The lines of the status page."""
    workspace = Workspace.open(Path(home))
    page = lines(workspace)
    workspace.journal.close()
    return page


@task(name="publish readiness")
def publish(home: str) -> dict[str, str]:
    """The artifact `readiness`; returns the light of each recommendation."""
    workspace = Workspace.open(Path(home))
    page = lines(workspace)
    create_markdown_artifact(board.markdown(page), key="readiness", description="Are we ready")
    lights = {one.id: one.light for one in board.page(page)}
    red = [name for name, light in lights.items() if light == board.RED]
    get_run_logger().info("red: %s", ", ".join(red) or "none")
    return lights
