"""Steps of the letters as Prefect tasks."""

from __future__ import annotations

from pathlib import Path

from prefect import get_run_logger

from tasks.incident.letters import drill
from tasks.shared.steps import task
from tasks.workspace import Workspace


@task(name="downtime letters of the drill")
def drill_letters(home: str, out: str, actor: str) -> list[str]:
    """Letters for the three desks of the sample brokerage, and what is left to chase."""
    told = drill.chapter(Workspace.open(Path(home)), Path(out), actor)
    get_run_logger().info("downtime letters issued")
    return told
