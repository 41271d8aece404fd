"""Every trigger, seen firing: the event, or the lack of it, is made on a running system with short
limits, and what follows is found in the book, in the outbox and among the runs."""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tasks.operations.alert_records import open_alerts
from tasks.operations.events import AlertRaised
from tests.conftest import SETTINGS as HOUSE
from tests.screening import full_size_lists
from tests.system.conftest import database, running
from tests.system.running_system import RunningSystem

pytestmark = pytest.mark.long

MAIL = '[mail]\nsender = "ops@harbor.example"\n'
SHORT = """
[operations]
database = "{database}"
relay_seconds = 1
late_seconds = 15
dead_seconds = 40
approval_hours = 0.004
alert_to = ["it@harbor.example"]
escalate_to = ["dee@harbor.example"]
"""
OBJECTIVE = "home_objective_hours = 0.012\n"


@pytest.fixture
def hasty(tmp_path: Path, postgres: str) -> Iterator[RunningSystem]:
    """A running system that waits seconds where others wait minutes, its server's database on
    PostgreSQL, which loses no event. No mail server: letters lie in the outbox. Its backups have a
    store, and an objective of 43 s."""
    (tmp_path / "store").mkdir()
    store = f'[backup]\nstore = "{(tmp_path / "store").as_posix()}"\n{OBJECTIVE}'
    short = SHORT.format(database=database(postgres, "prefect"))
    yield from running(tmp_path, short + MAIL + store + HOUSE)


def test_runs_that_go_wrong_are_told(hasty: RunningSystem, tmp_path: Path) -> None:
    """Failed, crashed, without a sign of life, late; and that there is no worker to tell it."""
    nowhere = str(tmp_path / "nowhere")
    zombie = hasty.run("drill")
    hasty.wait("the drill gives a sign of life", lambda: _alive(hasty, zombie), 60)
    hasty.kill("worker")
    hasty.cut_off(zombie)
    for name in ("reconciliation", "incident"):
        _told(hasty, hasty.run(name, home=nowhere), name, "Failed")
    crashed = hasty.begun("incident-cadence")
    hasty.cut_off(crashed)
    _told(hasty, crashed, "incident-cadence", "Crashed")
    _late(hasty)
    _told(hasty, zombie, "drill", "Crashed")
    assert hasty.ended(zombie)["state"]["type"] == "CRASHED"
    assert hasty.finished("upkeep")["state"]["name"] == "Faults"
    still = set(open_alerts(hasty.office.journal))
    assert ("worker-missing", "") not in still
    assert {("run-failed", name) for name in ("reconciliation", "incident", "drill")} <= still


def _alive(system: RunningSystem, run: dict[str, Any]) -> bool:
    """Whether the server has a heartbeat of it."""
    wanted = {"filter": {"event": {"name": ["prefect.flow-run.heartbeat"]}}, "limit": 50}
    found = system.ask("events/filter", wanted)["events"]
    return f"prefect.flow-run.{run['id']}" in {one["resource"]["prefect.resource.id"] for one in found}


def _told(system: RunningSystem, run: dict[str, Any], name: str, ended: str) -> None:
    """The run ended so, and the automation told it: in the book, and by a letter."""
    told = _alert(system, "run-failed", name)
    # a run has its name from when it began
    assert system.ended(run)["name"] in told.what and ended in told.what
    # the letter's two clicks: the run with its log, and the page that says what to do
    assert f"{system.page}/runs/flow-run/{run['id']}" in told.next
    assert f"/deployments/deployment/{system.deployment(name)['id']}" in told.next
    _by_automation(system, "alert", code=told.code, subject=told.subject)


def _alert(system: RunningSystem, code: str, subject: str = "") -> AlertRaised:
    """The alert as it stands in the book, when it does, and its letter in the outbox."""

    def look() -> AlertRaised | None:
        said = [event.said for event in system.office.journal.events(kind="alert.raised")]
        return next((one for one in said if (one.code, one.subject) == (code, subject)), None)  # type: ignore[attr-defined]

    told = system.wait(f"an alert {code} {subject}", look, 120)
    system.wait(f"its letter: {told.what}", lambda: told.what in _letters(system), 60)
    return told


def _letters(system: RunningSystem) -> str:
    from email import message_from_bytes, policy

    found = (system.home / "outbox").glob("*.eml")
    letters = [message_from_bytes(path.read_bytes(), policy=policy.default) for path in found]
    return "\n".join(str(one["Subject"]) for one in letters)


def _by_automation(system: RunningSystem, deployment: str, **parameters: object) -> dict[str, Any]:
    """The run of the deployment that an automation started with these parameters."""
    wanted = parameters.items()
    found = [run for run in system.runs(deployment)
             if run["created_by"]["type"] == "AUTOMATION" and wanted <= run["parameters"].items()]  # fmt: skip
    assert found, f"no automation started {deployment} with {parameters}"
    return found[0]


def _late(system: RunningSystem) -> None:
    """A worker that stands still: `up` tells that itself; the rest is told when it goes on."""
    (worker,) = system.pids("worker")
    os.kill(worker, signal.SIGSTOP)
    try:
        run = system.run("screening", update=False)
        told = _alert(system, "worker-missing")
    finally:
        os.kill(worker, signal.SIGCONT)
    assert "continuity up --part worker" in told.next
    late = _alert(system, "run-late", "screening")
    assert "screening" in late.what and "continuity" in late.next
    _by_automation(system, "alert", code="run-late", subject="screening")
    system.ended(run)


def test_what_does_not_happen_in_time_is_told_and_what_changes_is_followed(
    hasty: RunningSystem, tmp_path: Path
) -> None:
    """A plan that waits too long, a proof of the backups that does not come, a list that changed."""
    hasty.tell("2026-01")
    hasty.suspended()
    full_size_lists.forced_labor(tmp_path / "orders")
    done = hasty.cli("screen", "lists", "update", str(tmp_path / "orders"), "--by", "ada")
    assert done.returncode == 0, done.stderr
    run = hasty.wait("a screening", lambda: hasty.runs("screening"), 60)[0]
    assert run["created_by"]["type"] == "AUTOMATION" and run["parameters"]["update"] is False
    hasty.ended(run)
    # what the flow itself loads starts no other
    full_size_lists.consolidated(tmp_path / "ofac")
    own = hasty.run("screening", folder=str(tmp_path / "ofac"))
    hasty.ended(own)
    _escalated(hasty)
    _unproved(hasty)
    hasty.wait("the lists are told", lambda: "list.loaded" in _news(hasty, "screening"), 60)
    assert {one["id"] for one in hasty.runs("screening")} == {run["id"], own["id"]}


def _escalated(system: RunningSystem) -> None:
    plan = system.plan()
    told = _alert(system, "plan-waits-too-long", plan[:12])
    assert told.to == ["dee@harbor.example"]
    assert told.next == f"continuity approve {plan[:12]} --by ID"
    _by_automation(system, "upkeep")


def _unproved(system: RunningSystem) -> None:
    _alert(system, "backup-not-proved")
    _by_automation(system, "alert", code="backup-not-proved")
    # upkeep, for which there was no backup yet, does not take it back
    system.finished("upkeep")
    assert ("backup-not-proved", "") in open_alerts(system.office.journal)


def _news(system: RunningSystem, actor: str) -> list[str]:
    """What the server was told of this actor's."""
    wanted = {"filter": {"event": {"name": ["list.loaded"]}}, "limit": 50}
    found = system.ask("events/filter", wanted)["events"]
    return [one["event"] for one in found if one["resource"].get("continuity.actor") == actor]
