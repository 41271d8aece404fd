"""The incident room's steps as Prefect tasks. Each is safe to run again: the journal says what is done."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from prefect import get_run_logger
from prefect.artifacts import create_table_artifact

from tasks.incident import drill, hour_zero, notice_sending, notices, standing, state
from tasks.incident.state import Given
from tasks.shared import clock
from tasks.shared.steps import task
from tasks.workspace import Workspace


@task(name="declare")
def declare(home: str, actor: str, note: str, breach: bool) -> dict[str, Any]:
    """Declare an incident, with its hour-zero list; the open one if it is declared already."""
    workspace = Workspace.open(Path(home))
    now = clock.now()
    made, new = state.declare(workspace, Given(now, note), actor, breach=now if breach else None)
    left: list[dict[str, object]] = []
    if new and workspace.settings.incident.open_work:
        exports = hour_zero.take(workspace, actor)
        left = [problem.as_dict() for export in exports for problem in export.problems]
    get_run_logger().info("incident %s: %s", made.id, "declared" if new else "stands already")
    return {"incident": made.id, "new": new, "left": left}


@task(name="write and send notices", retries=2, retry_delay_seconds=60)
def notify(home: str, actor: str) -> dict[str, Any]:
    """Write the notices that are due and send those that go by mail; a drill sends none."""
    workspace = Workspace.open(Path(home))
    noted = notice_sending.note_delivered(workspace, actor)
    drafted, missing = notices.draft_due(workspace, actor)
    known = [notices.one_of(workspace, one.notice) for one in drafted]
    done = notice_sending.Sending(by_hand=[one.id for one in known])
    if not workspace.drill:
        done = notice_sending.send(workspace, known, actor)
    folder = workspace.settings.home / "incident" / "notices"
    notice_sending.write(workspace, [notices.one_of(workspace, one.id) for one in known], folder)
    get_run_logger().info("%d notice(s): %d sent, %d wait, %d by hand", len(known), len(done.sent),
                          len(done.waiting), len(done.by_hand))  # fmt: skip
    return {"sent": [*noted, *done.sent], "waiting": done.waiting, "by_hand": done.by_hand,
            "missing": [problem.as_dict() for problem in missing], "reason": done.reason}  # fmt: skip


@task(name="publish clocks")
def publish(home: str) -> dict[str, Any]:
    """The artifact `incident-clocks`; returns the open incident's state and how many clocks are red."""
    workspace = Workspace.open(Path(home))
    incident = state.find(workspace.journal.rows)
    if incident is None:
        return {"incident": "", "state": "", "red": 0}
    rows = standing.standing(workspace, incident)["clocks"]
    create_table_artifact(table=rows, key="incident-clocks",
                          description=f"Incident {incident.id}: what bites next")  # fmt: skip
    red = sum(row["light"] == "red" for row in rows)
    get_run_logger().info("incident %s: %d clock(s), %d red", incident.id, len(rows), red)
    return {"incident": incident.id, "state": incident.state, "red": red}


@task(name="the drill's incident")
def drill_chapter(home: str, out: str, actor: str, chapter: str) -> list[str]:
    """A chapter of the drill: `begin`, `discretion`, `clean` or `end`; what happened, in words."""
    said = drill.CHAPTERS[chapter](Workspace.open(Path(home)), Path(out), actor)
    get_run_logger().info("%s: %d lines", chapter, len(said))
    return said
