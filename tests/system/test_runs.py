"""The running system: schedules, approvals at a desk and in the browser, deaths of worker and server,
many runs at once. Each test has a system of its own."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path

import pytest

from tests.system.browser import Browser
from tests.system.running_system import RunningSystem

pytestmark = pytest.mark.long


def test_a_schedule_fires(fresh: RunningSystem) -> None:
    found = fresh.deployment("upkeep")
    anchor = (datetime.now(UTC) - timedelta(seconds=1)).isoformat()
    soon = {"schedule": {"interval": 20, "anchor_date": anchor, "timezone": "UTC"}, "active": True}
    fresh.ask(f"deployments/{found['id']}/schedules", [soon])

    def ran() -> list[dict]:
        runs = [run for run in fresh.runs("upkeep") if run["auto_scheduled"] and run["end_time"]]
        # on a busy machine the next is due before this one ends, and is turned away: one at a time
        return [run for run in runs if run["state"]["type"] != "CANCELLED"]

    run = fresh.wait("a scheduled run ends", ran, 180)[0]
    assert run["state"]["type"] == "COMPLETED" and run["created_by"]["type"] == "SCHEDULE"
    assert "upkeep.done" in fresh.kinds()


def test_the_same_event_twice_is_one_reconciliation_and_a_desk_wakes_it(fresh: RunningSystem) -> None:
    fresh.tell("2026-01")
    fresh.tell("2026-01")
    (run,) = fresh.suspended()
    fresh.wait("the second is turned away", lambda: _ended(fresh, "AlreadyBegun"), 120)
    assert fresh.kinds().count("approval.asked") == 1
    code = fresh.office.phone.now()
    done = fresh.cli("approve", run["name"], "--by", "ada", "--code", code)
    assert done.returncode == 0 and run["name"] in done.stdout, done.stderr
    assert fresh.ended(run)["state"]["name"] == "Completed"
    _written_once(fresh)


def _ended(system: RunningSystem, name: str) -> list[dict]:
    return [run for run in system.runs("reconciliation") if run["state"]["name"] == name]


def _written_once(system: RunningSystem) -> None:
    assert len(list(system.office.outbound.iterdir())) == 4
    assert system.kinds().count("batch.written") == 4
    assert system.cli("journal", "verify").returncode == 0


@pytest.mark.parametrize("fresh", ["sqlite", "postgres"], indirect=True)
def test_approved_in_the_browser_after_worker_and_server_died(
    fresh: RunningSystem, browser: Browser, tmp_path: Path
) -> None:
    """Event, suspended, worker and server killed and back, a wrong code, the right code: written once."""
    fresh.tell("2026-01")
    (run,) = fresh.suspended()
    plan = fresh.plan()
    fresh.kill("worker")
    fresh.kill("server")
    fresh.wait("the server knows the run", fresh.suspended, 120)
    browser.log_in(fresh.page, fresh.password)
    first = browser.question(fresh.page, run["id"])
    browser.answer(fresh.page, run["id"], "ada", "000000")
    fresh.wait("it is asked again", lambda: _asked_again(fresh, run), 180)
    assert "person.code_failed" in fresh.kinds()
    assert "batch.written" not in fresh.kinds()
    # it is asked otherwise, with what became of the code
    assert browser.question(fresh.page, run["id"]) not in ("", first)
    # by licence number this time
    browser.answer(fresh.page, run["id"], "12345", fresh.office.phone.now())
    assert fresh.ended(run, 180)["state"]["name"] == "Completed"
    granted = [event.said for event in fresh.office.journal.events(kind="approval.granted")]
    assert [(one.plan, one.person) for one in granted] == [(plan, "ada")]  # type: ignore[attr-defined]
    _written_once(fresh)
    browser.look(fresh.page, tmp_path, run["id"])
    # server, worker, runs, desk and page: nobody asked for a host outside
    assert fresh.watched == {"desk", "up", "server", "worker", "run"}
    assert browser.outside == set() and fresh.outside == ""


def _asked_again(system: RunningSystem, run: dict) -> bool:
    (found,) = system.suspended()
    return found["id"] == run["id"] and found["state"]["id"] != run["state"]["id"]


def test_a_run_outlives_its_worker(fresh: RunningSystem) -> None:
    """What it says reaches nobody any more; what it does goes on."""
    run = fresh.run("drill")
    fresh.wait("it runs", lambda: _under_way(fresh, run), 60)
    fresh.kill("worker")
    ended = fresh.ended(run, 240)["state"]
    assert ended["name"] == "Completed", ended["message"]


def _under_way(system: RunningSystem, run: dict) -> bool:
    """Whether a step of its own has ended."""
    wanted = {"flow_runs": {"id": {"any_": [run["id"]]}},
              "task_runs": {"state": {"type": {"any_": ["COMPLETED"]}}}}  # fmt: skip
    return bool(system.ask("task_runs/filter", wanted))


@pytest.mark.parametrize("fresh", ["sqlite", "postgres"], indirect=True)
def test_a_server_killed_in_mid_run_harms_nothing(fresh: RunningSystem, tmp_path: Path) -> None:
    fresh.run("reconciliation", incident="2026-01")
    fresh.wait("it runs", lambda: _in(fresh, "RUNNING"), 60)
    fresh.kill("server")
    # the desk needs no server
    fresh.office.record(2, 2, tmp_path)
    assert fresh.cli("journal", "verify").returncode == 0
    fresh.wait("the server is well", lambda: fresh.ask("flow_runs/filter"), 60)
    fresh.wait("the run is at rest", lambda: not _in(fresh, "RUNNING") or None, 240)
    again = fresh.run("reconciliation", incident="2026-01")
    fresh.ended(again, 180)
    (waiting,) = fresh.suspended()
    _approved_to_the_end(fresh, waiting)
    named = [n for e in fresh.office.journal.events(kind="batch.named") for n in e.said.numbers]  # type: ignore[attr-defined]
    assert len(named) == len(set(named)) * 1 and len(set(named)) == 7


def _approved_to_the_end(system: RunningSystem, run: dict) -> None:
    """Approve at the desk what the run asks for. A plan of before the desk recorded more is followed
    by a second one for these."""
    used = ""
    for _ in range(2):
        code = system.wait("a code not used yet", partial(_unused, system, used), 60)
        done = system.cli("approve", system.plan()[:12], "--by", "ada", "--code", code)
        assert done.returncode == 0, done.stderr
        used = code
        if system.ended(run, 180)["state"]["name"] == "Completed":
            return
    raise AssertionError(f"{run['name']} still waits after two approvals")


def _unused(system: RunningSystem, used: str) -> str | None:
    code = system.office.phone.now()
    return code if code != used else None


def _in(system: RunningSystem, state: str) -> list[dict]:
    return [run for run in system.runs("reconciliation") if run["state"]["type"] == state]


@pytest.mark.parametrize("fresh", ["postgres"], indirect=True)
def test_twelve_runs_at_once_lose_no_event(fresh: RunningSystem) -> None:
    found = fresh.deployment("alert")
    fresh.limit(found["id"], None)
    runs = [fresh.run("alert", code=f"test {n}", what=f"test {n}") for n in range(12)]
    ended = [fresh.ended(run, 400)["state"] for run in runs]
    assert {state["type"] for state in ended} == {"COMPLETED"}
    assert fresh.kinds().count("alert.raised") == 12
    assert fresh.cli("journal", "verify").returncode == 0

    def told() -> set[str]:
        wanted = {"filter": {"event": {"prefix": ["prefect.flow-run.MailWaiting"]}}, "limit": 50}
        return {e["resource"]["prefect.resource.id"] for e in fresh.ask("events/filter", wanted)["events"]}

    fresh.wait("every run's end is told", lambda: len(told()) == 12, 60)


def test_the_drill_runs_from_the_page(fresh: RunningSystem, browser: Browser, tmp_path: Path) -> None:
    failed = fresh.ended(fresh.run("reconciliation", home=str(tmp_path / "nowhere")))
    browser.log_in(fresh.page, fresh.password)
    browser.what_failed(fresh.page, failed["name"], "What to do: Read the last lines of its log")
    before = fresh.office.journal.head()
    browser.quick_run(fresh.page, fresh.deployment("drill")["id"])
    run = fresh.wait("the drill runs", lambda: fresh.runs("drill"), 60)[0]
    assert fresh.ended(run, 400)["state"]["type"] == "COMPLETED"
    (folder,) = (fresh.home / "drills").iterdir()
    assert "the accounting is signed" in (folder / "what-happened.txt").read_text()
    assert (folder / "manifest.json").is_file()
    # the broker's own book knows nothing of it; upkeep may have written down that it looked
    later = [e.kind for e in fresh.office.journal.events(after=before.seq)]
    assert not set(later) - {"upkeep.done", "alert.raised", "mail.queued", "mail.delayed"}
