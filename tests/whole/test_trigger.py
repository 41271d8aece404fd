"""A real Prefect server, the deployments as they ship, and an event: the run that it makes."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from uuid import uuid4

import httpx
import pytest

TOP = Path(__file__).parents[2]


@pytest.fixture
def server(tmp_path: Path) -> Iterator[dict[str, str]]:
    """The environment of a fresh server with our deployments on it."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = str(probe.getsockname()[1])
    street = {"PREFECT_HOME": str(tmp_path / "prefect"), "PREFECT_SERVER_API_PORT": port,
              "PREFECT_API_URL": f"http://127.0.0.1:{port}/api", "DO_NOT_TRACK": "1",
              "PREFECT_SERVER_ANALYTICS_ENABLED": "false", "CONTINUITY_STREET": str(TOP),
              "CONTINUITY_HOME": str(tmp_path / "home"), "PYTHONPATH": str(TOP)}  # fmt: skip
    # Other tests switch services of their own server off by the environment.
    outside = {name: said for name, said in os.environ.items() if not name.startswith("PREFECT_")}
    environment = {**outside, **street}
    command = [sys.executable, "-m", "prefect", "server", "start", "--host", "127.0.0.1"]
    with (tmp_path / "server.log").open("wb") as log:
        process = subprocess.Popen(command, env=environment, stdout=log, stderr=log, cwd=TOP)
    try:
        _wait_for(f"{street['PREFECT_API_URL']}/health", 120)
        _prefect(environment, "work-pool", "create", "continuity", "--type", "process")
        _prefect(environment, "--no-prompt", "deploy", "--all", "--prefect-file",
                 "deployments/prefect.yaml")  # fmt: skip
        yield environment
    finally:
        process.terminate()
        process.wait(30)


def _wait_for(url: str, seconds: float) -> None:
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        try:
            if httpx.get(url, timeout=2).status_code == 200:
                return
        except httpx.HTTPError:
            pass
        time.sleep(0.2)
    raise TimeoutError(url)


def _prefect(environment: dict[str, str], *arguments: str) -> None:
    done = subprocess.run([sys.executable, "-m", "prefect", *arguments], env=environment, cwd=TOP,
                          capture_output=True, text=True)  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr


def _tell(server: dict[str, str]) -> None:
    event = {"id": str(uuid4()), "occurred": datetime.now(UTC).isoformat(),
             "event": "incident.remediated", "payload": {"incident": "2026-01"},
             "resource": {"prefect.resource.id": "continuity.incident.2026-01"}}  # fmt: skip
    sent = httpx.post(f"{server['PREFECT_API_URL']}/events", json=[event], timeout=30)
    assert sent.status_code == 204, sent.text


def test_a_remediated_incident_starts_the_reconciliation(server: dict[str, str]) -> None:
    url = f"{server['PREFECT_API_URL']}/flow_runs/filter"
    until = time.monotonic() + 180
    runs: list[dict] = []
    while not runs and time.monotonic() < until:
        # A server that has just started may not have loaded its triggers yet.
        _tell(server)
        for _ in range(30):
            time.sleep(0.3)
            if runs := httpx.post(url, json={}, timeout=10).json():
                break
    assert runs
    assert runs[0]["parameters"] == {
        "home": server["CONTINUITY_HOME"], "actor": "reconciliation", "incident": "2026-01",
    }  # fmt: skip
    assert {"incident", "sev:1"} <= set(runs[0]["tags"])
