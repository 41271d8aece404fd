"""One command to a running system: what it says, what is scheduled, an event that starts a run, and
nobody outside asked for. What then happens is in `test_running.py`, which takes longer."""

from __future__ import annotations

import httpx

from tests.system.street import Street, next_run


def test_it_says_what_runs_next_and_a_second_one_is_refused(street: Street) -> None:
    """`up` says so only of runs that stand on the server: with versions that do not fit each other
    it looks well, and nothing is ever scheduled."""
    assert street.page in street.words
    for name in ("upkeep", "duties", "screening", "drill"):
        assert next_run(street.words, name), street.words
    assert not next_run(street.words, "backup")  # there is no store
    again = street.desk("up", "--port", "1")
    assert again.returncode == 1 and street.page in again.stderr


def test_a_remediated_incident_starts_the_reconciliation(street: Street) -> None:
    street.tell("2026-01")
    found = {"deployments": {"name": {"any_": ["reconciliation"]}}}
    run = street.wait("a run", lambda: street.ask("flow_runs/filter", found), 60)[0]
    given = run["parameters"]
    assert given["because"] and given == {
        "home": str(street.home), "actor": "reconciliation", "incident": "2026-01",
        "because": given["because"],
    }  # fmt: skip
    assert {"incident", "sev:1", "needs-approval"} <= set(run["tags"])


def test_the_page_is_the_one_that_asks_nobody(street: Street) -> None:
    """The newer one asks an analytics host from the browser; nobody is offered to change to it."""
    said = httpx.get(f"{street.page}/ui-settings", timeout=30).json()
    assert said["available_uis"] == ["v1"] and said["default_ui"] == "v1"
    for path in ("/", "/v2/dashboard"):
        shown = httpx.get(f"{street.page}{path}", headers={"Accept": "text/html"}, timeout=30)
        assert "/v2/" not in shown.text
    assert (street.home / "street" / "prefect" / "ui" / "v1" / "index.html").is_file()


def test_nobody_outside_was_asked_for(street: Street) -> None:
    """The runs and the page: `test_running.py`."""
    street.wait("the worker is there", lambda: street.pids("worker"), 30)
    assert street.watched >= {"desk", "up", "server", "worker"}
    assert street.outside == ""
