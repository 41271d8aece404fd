"""The incident room's steps as Prefect tasks. Each is safe to run again: the journal says what is done."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from prefect import get_run_logger
from prefect.artifacts import create_table_artifact

from tasks.incident import drill, hour_zero, notice_sending, notices, standing, state
from tasks.incident.office import Office, office_of
from tasks.incident.state import Given
from tasks.shared import clock
from tasks.shared.settings import load
from tasks.shared.steps import task


def _office(home: str) -> Office:
    return office_of(load(Path(home)))


@task(name="declare")
def declare(home: str, actor: str, note: str, breach: bool) -> dict[str, Any]:
    """Declare an incident, with its hour-zero list; the open one if it is declared already."""
    office = _office(home)
    now = clock.now()
    made, new = state.declare(office, Given(now, note), actor, breach=now if breach else None)
    left: list[str] = []
    if new and office.settings.incident.open_work:
        left = [str(one) for taken in hour_zero.take(office, actor) for one in taken.problems]
    get_run_logger().info("incident %s: %s", made.id, "declared" if new else "stands already")
    return {"incident": made.id, "new": new, "left": left}


@task(name="write and send notices", retries=2, retry_delay_seconds=60)
def notify(home: str, actor: str) -> dict[str, Any]:
    """Write the notices that are due and send those that go by mail; a drill sends none."""
    office = _office(home)
    noted = notice_sending.note_delivered(office, actor)
    drafted, missing = notices.draft_due(office, actor)
    known = [notices.one_of(office, one.notice) for one in drafted]
    done = notice_sending.Sending(by_hand=[one.id for one in known])
    if not office.drill:
        done = notice_sending.send(office, known, actor)
    folder = office.settings.home / "incident" / "notices"
    notice_sending.write(office, [notices.one_of(office, one.id) for one in known], folder)
    get_run_logger().info("%d notice(s): %d sent, %d wait, %d by hand", len(known), len(done.sent),
                          len(done.waiting), len(done.by_hand))  # fmt: skip
    return {"sent": [*noted, *done.sent], "waiting": done.waiting, "by_hand": done.by_hand,
            "missing": missing, "reason": done.reason}  # fmt: skip


@task(name="publish clocks")
def publish(home: str) -> dict[str, Any]:
    """The artifact `incident-clocks`; returns the open incident's state and how many clocks are red."""
    office = _office(home)
    incident = state.find(office.journal.rows)
    if incident is None:
        return {"incident": "", "state": "", "red": 0}
    rows = standing.standing(office, incident)["clocks"]
    create_table_artifact(table=rows, key="incident-clocks",
                          description=f"Incident {incident.id}: what bites next")  # fmt: skip
    red = sum(row["light"] == "red" for row in rows)
    get_run_logger().info("incident %s: %d clock(s), %d red", incident.id, len(rows), red)
    return {"incident": incident.id, "state": incident.state, "red": red}


@task(name="the drill's incident")
def drill_chapter(home: str, out: str, actor: str, chapter: str) -> list[str]:
    """A chapter of the drill: `begin`, `discretion`, `clean` or `end`; what happened, in words."""
    said = drill.CHAPTERS[chapter](_office(home), Path(out), actor)
    get_run_logger().info("%s: %d lines", chapter, len(said))
    return said
