"""One command to a running system: what it says, what is scheduled, an event that starts a run, and
nobody outside asked for. What then happens is in `test_running.py`, which takes longer."""

from __future__ import annotations

import httpx

from tests.system.running_system import RunningSystem, next_run


def test_it_says_what_runs_next_and_a_second_one_is_refused(system: RunningSystem) -> None:
    """`up` says so only of runs that stand on the server: with versions that do not fit each other
    it looks well, and nothing is ever scheduled."""
    assert system.page in system.words
    for name in ("upkeep", "duties", "screening", "drill"):
        assert next_run(system.words, name), system.words
    assert not next_run(system.words, "backup")  # there is no store
    again = system.cli("up", "--port", "1")
    assert again.returncode == 1 and system.page in again.stderr


def test_a_remediated_incident_starts_the_reconciliation(system: RunningSystem) -> None:
    system.tell("2026-01")
    found = {"deployments": {"name": {"any_": ["reconciliation"]}}}
    run = system.wait("a run", lambda: system.ask("flow_runs/filter", found), 60)[0]
    given = run["parameters"]
    assert given["because"] and given == {
        "home": str(system.home), "actor": "reconciliation", "incident": "2026-01",
        "because": given["because"],
    }  # fmt: skip
    assert {"incident", "sev:1", "needs-approval"} <= set(run["tags"])


def test_the_page_is_the_one_that_asks_nobody(system: RunningSystem) -> None:
    """The newer one asks an analytics host from the browser; nobody is offered to change to it."""
    said = httpx.get(f"{system.page}/ui-settings", timeout=30).json()
    assert said["available_uis"] == ["v1"] and said["default_ui"] == "v1"
    for path in ("/", "/v2/dashboard"):
        shown = httpx.get(f"{system.page}{path}", headers={"Accept": "text/html"}, timeout=30)
        assert "/v2/" not in shown.text
    assert (system.home / "street" / "prefect" / "ui" / "v1" / "index.html").is_file()


def test_nobody_outside_was_asked_for(system: RunningSystem) -> None:
    """The runs and the page: `test_running.py`."""
    system.wait("the worker is there", lambda: system.pids("worker"), 30)
    assert system.watched >= {"desk", "up", "server", "worker"}
    assert system.outside == ""
