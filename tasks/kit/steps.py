"""The kit room's steps as Prefect tasks: a whole kit at once, safe to run again."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from prefect import get_run_logger
from prefect.artifacts import create_table_artifact

from tasks.core.steps import task
from tasks.kit.builder import BuildOptions, build_kit
from tasks.kit.sealed_archive import kit_recipients
from tasks.kit.status import check_kit
from tasks.workspace import Workspace


@task(name="build the kit", retries=2, retry_delay_seconds=300)
def make_kit(home: str, actor: str, wheels: bool) -> dict[str, Any]:
    """Folder, sealed archive and print; what was made, by name."""
    workspace = Workspace.open(Path(home))
    order = BuildOptions(wheels=wheels, to=kit_recipients(workspace.settings))
    made = build_kit(workspace, order, actor)
    get_run_logger().info("kit %s built, %d part(s)", made.facts.name, len(made.parts))
    return {
        "name": made.facts.name,
        "folder": str(made.folder),
        "parts": list(made.parts),
        "sealed": bool(made.sealed),
        "removed": list(made.removed),
    }


@task(name="check the kit")
def check_newest_kit(home: str, folder: str) -> list[dict[str, Any]]:
    """What `kit check` says, a row a line."""
    workspace = Workspace.open(Path(home))
    found: list[dict[str, Any]] = [one.as_dict() for one in check_kit(workspace, Path(folder))]
    red = [str(one["what"]) for one in found if one["light"] == "red"]
    get_run_logger().info("red: %s", ", ".join(red) or "none")
    return found


@task(name="publish the kit")
def publish_kit(made: dict[str, Any], found: list[dict[str, Any]]) -> None:
    """The artifact `kit`."""
    table = [{name: one[name] for name in ("what", "light", "fact", "next")} for one in found]
    create_table_artifact(table=table, key="kit", description=f"{made['name']}: what of it is stale or missing")
