"""The kit's steps as Prefect tasks: a whole kit at once, safe to run again."""

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
    """Folder, sealed archive and print; returns the paths and names of what was made."""
    workspace = Workspace.open(Path(home))
    order = BuildOptions(wheels=wheels, to=kit_recipients(workspace.settings))
    kit = build_kit(workspace, order, actor)
    get_run_logger().info("kit %s built, %d part(s)", kit.facts.name, len(kit.parts))
    return {
        "name": kit.facts.name,
        "folder": str(kit.folder),
        "parts": list(kit.parts),
        "sealed": bool(kit.sealed),
        "removed": list(kit.removed),
    }


@task(name="check the kit")
def check_newest_kit(home: str, folder: str) -> list[dict[str, Any]]:
    """The lines of `kit check` as rows."""
    workspace = Workspace.open(Path(home))
    lines: list[dict[str, Any]] = [line.as_dict() for line in check_kit(workspace, Path(folder))]
    red = [str(line["what"]) for line in lines if line["light"] == "red"]
    get_run_logger().info("red: %s", ", ".join(red) or "none")
    return lines


@task(name="publish the kit")
def publish_kit(kit: dict[str, Any], lines: list[dict[str, Any]]) -> None:
    """The artifact `kit`."""
    table = [{name: line[name] for name in ("what", "light", "fact", "next")} for line in lines]
    create_table_artifact(table=table, key="kit", description=f"{kit['name']}: what of it is stale or missing")
