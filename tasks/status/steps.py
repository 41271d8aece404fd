"""The page of `continuity status` as a step: it is put together on this floor, from every room."""

from __future__ import annotations

from pathlib import Path

from prefect import get_run_logger
from prefect.artifacts import create_markdown_artifact, create_table_artifact

from tasks.duties import readiness
from tasks.duties.terms import standings
from tasks.shared import board
from tasks.shared.settings import load
from tasks.shared.steps import task
from tasks.status.page import lines
from tasks.workspace import Workspace


@task(name="publish readiness")
def publish(home: str) -> dict[str, str]:
    """The artifacts `readiness` and `duties`; returns the light of each recommendation."""
    settings = load(Path(home))
    workspace = Workspace(settings)
    found = lines(workspace)
    create_markdown_artifact(board.markdown(found), key="readiness", description="Are we ready")
    stand = standings(workspace.journal.rows, readiness.usable(workspace)[0], workspace.zone)
    create_table_artifact(table=readiness.table(stand, workspace.today()), key="duties",
                          description="Every duty, and when it is due")  # fmt: skip
    workspace.journal.close()
    lights = {one.id: one.light for one in board.page(found)}
    red = [name for name, light in lights.items() if light == board.RED]
    get_run_logger().info("red: %s", ", ".join(red) or "none")
    return lights
