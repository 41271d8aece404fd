"""Attacks on the server of a laptop: without its password, from a page of another site, and with the
password by a run that names a program of its own."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any
from uuid import uuid4

import httpx
import pytest
from websockets.exceptions import ConnectionClosed, InvalidStatus
from websockets.sync.client import connect
from websockets.typing import Subprotocol

from tests.system.running_system import RunningSystem

CHANGES = ("POST", "PUT", "PATCH", "DELETE")
OPEN = {"/health", "/ready"}
ELSEWHERE = "https://news.example"
SOCKETS = (
    "events/in",
    "events/out",
    "logs/out",
    "task_runs/subscriptions/scheduled",
    "work_pools/continuity/workers/connect",
)


def test_no_call_is_answered_without_the_password(system: RunningSystem) -> None:
    """Every route that the server describes, with a CSRF token that is good."""
    routes = [
        (method.upper(), path.format_map(_Ids()))
        for path, methods in system.call("GET", "openapi.json").json()["paths"].items()
        for method in methods
    ]
    token = system.token()
    with httpx.Client(base_url=f"{system.page}/api", timeout=30) as client:
        answers = {
            (method, path): client.request(
                method, path, json={}, headers=token if method in CHANGES else {}
            ).status_code
            for method, path in routes
        }
        wrong = client.get("/admin/version", auth=("continuity", "guess")).status_code
    assert len(routes) > 150 and wrong == 401
    assert {path for (_, path), code in answers.items() if code != 401} == OPEN


class _Ids(dict[str, str]):
    """Fills each `{name}` of a path."""

    def __missing__(self, key: str) -> str:
        return str(uuid4())


@pytest.mark.parametrize("path", SOCKETS)
def test_no_socket_is_opened_without_the_password(system: RunningSystem, path: str) -> None:
    address = f"{system.page}/api/{path}".replace("http://", "ws://")
    with pytest.raises((InvalidStatus, ConnectionClosed)), connect(address) as socket:
        socket.recv(timeout=10)
    for token in (None, "", "continuity:guess"):
        with pytest.raises(ConnectionClosed):
            _greeting(address, token)
    assert _greeting(address, system.password) == {"type": "auth_success"}


def _greeting(address: str, token: str | None) -> Any:
    with connect(address, subprotocols=[Subprotocol("prefect")]) as socket:
        socket.send(json.dumps({"type": "auth", "token": token}))
        return json.loads(socket.recv(timeout=10))


def test_a_page_of_another_site_reads_and_changes_nothing(system: RunningSystem) -> None:
    read = system.call("GET", "admin/version", Origin=ELSEWHERE)
    preflight = {"Origin": ELSEWHERE, "Access-Control-Request-Method": "POST",
                 "Access-Control-Request-Headers": "authorization,prefect-csrf-token"}  # fmt: skip
    asked = system.call("OPTIONS", "flow_runs/filter", **preflight)
    allowed = "access-control-allow-origin"
    assert read.status_code == 200 and allowed not in read.headers
    assert asked.status_code == 400 and allowed not in asked.headers
    own = system.call("GET", "admin/version", Origin=system.page)
    assert own.headers[allowed] == system.page
    for token in ({}, {**system.token(), "Prefect-Csrf-Token": "0" * 64}):
        answer = system.call("POST", "flow_runs/filter", {}, **token)
        assert answer.status_code == 403 and "CSRF" in answer.text


def test_a_run_that_names_a_program_is_refused(system: RunningSystem) -> None:
    deployment = system.deployment("duties")
    create = f"deployments/{deployment['id']}/create_flow_run"
    plain = {"parameters": deployment["parameters"], "state": _LATER}
    ready = system.change("POST", create, plain).json()
    for variables in (
        {"command": "/bin/evil"},
        {"env": {"PYTHONPATH": "/evil"}},
        {"env.PYTHONPATH": "/evil"},
        {"working_dir": "/"},
    ):
        for method, path, body in (
            ("POST", create, {**plain, "job_variables": variables}),
            ("PATCH", f"flow_runs/{ready['id']}", {"job_variables": variables}),
        ):
            answer = system.change(method, path, body)
            assert answer.status_code == 422, (method, path, variables, answer.text)


_LATER = {"type": "SCHEDULED", "state_details": {"scheduled_time": "2199-01-01T00:00:00Z"}}


@pytest.mark.long
def test_a_run_that_names_a_program_past_the_check_does_not_start_it(system: RunningSystem, tmp_path: Path) -> None:
    """Two routes check no job variables, `POST /flow_runs/` and a change of the deployment: the worker
    starts the run as any other."""
    trace = tmp_path / "trace"
    (tmp_path / "sitecustomize.py").write_text(f"open({str(trace)!r}, 'a').write('env')")
    script = tmp_path / "cmd.sh"
    script.write_text(f"#!/bin/sh\necho command $PWD >> {trace}\n")
    script.chmod(0o755)
    attack = {
        "command": str(script),
        "env": {"PYTHONPATH": str(tmp_path)},
        "env.PYTHONPATH": str(tmp_path),
        "working_dir": str(tmp_path),
    }
    deployment = system.deployment("duties")
    where = f"deployments/{deployment['id']}"
    run = {"flow_id": deployment["flow_id"], "deployment_id": deployment["id"],
           "work_pool_name": "continuity", "parameters": deployment["parameters"],
           "state": {"type": "SCHEDULED"}}  # fmt: skip
    _runs_as_any_other(system, {**run, "job_variables": attack})
    assert system.change("PATCH", where, {"job_variables": attack}).status_code == 204
    try:
        assert system.deployment("duties")["job_variables"] == attack
        _runs_as_any_other(system, run)
    finally:
        system.change("PATCH", where, {"job_variables": {}}).raise_for_status()
    assert not trace.exists(), trace.read_text()


def _runs_as_any_other(system: RunningSystem, run: dict[str, Any]) -> None:
    """Not turned away because another run goes on just then, but run to its end."""
    answer = system.change("POST", "flow_runs/", run)
    assert answer.status_code == 201, answer.text
    state = system.ended(answer.json())["state"]
    if state["type"] == "CANCELLED":
        _runs_as_any_other(system, run)
    else:
        assert state["type"] == "COMPLETED", state


def test_no_pool_lets_a_run_name_anything(system: RunningSystem) -> None:
    for name in ("continuity", "restore-drill"):
        template = system.call("GET", f"work_pools/{name}").json()["base_job_template"]
        assert template["variables"]["properties"] == {}
        assert set(template["job_configuration"]) == {"stream_output"}


@pytest.mark.long
def test_the_password_is_in_its_file_alone(system: RunningSystem) -> None:
    """Not in a log, a database, the journal or an argument of a process. While a run goes on, Prefect
    keeps its environment in the worker's scratch folder, which nobody else can enter."""
    system.finished("duties")
    line = system.password
    secret = line.partition(":")[2].encode()
    own = system.home / "street" / "password"
    assert own.stat().st_mode & 0o777 == 0o600
    scratch = system.home / "street" / "tmp"
    assert own.parent.stat().st_mode & 0o777 == 0o700
    files = [path for path in system.folder.rglob("*")
             if path != own and not path.is_relative_to(scratch) and path.is_file()]  # fmt: skip
    assert system.said in files and system.home / "journal.sqlite" in files
    assert [path for path in files if secret in path.read_bytes()] == []
    processes = Path("/proc").glob("[0-9]*/cmdline")
    assert not any(secret in _read(path) for path in processes)
    assert str(own) in system.words


def _read(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError:  # a process that has ended
        return b""


def test_a_desk_without_the_password_is_told_what_to_do(system: RunningSystem) -> None:
    """A desk elsewhere: its home has the server's address, and no password file."""
    own = system.home / "street" / "password"
    line = own.read_text()
    aside = own.rename(system.folder / "aside")
    try:
        for variables in ({}, {"PREFECT_API_AUTH_STRING": "ops:guess"}):
            system.options = variables
            done = system.cli("approve", "some-run", "--by", "ada", "--code", "000000")
            assert done.returncode == 1 and system.page in done.stderr
            assert "auth_file" in done.stderr and "guess" not in done.stderr
            # the password that was refused is named by where it comes from
            assert ("PREFECT_API_AUTH_STRING (401)" in done.stderr) == bool(variables)
        system.options = {"PREFECT_API_AUTH_STRING": line}
        done = system.cli("approve", "some-run", "--by", "ada", "--code", "000000")
        assert done.returncode == 1 and "some-run" in done.stderr
        assert "401" not in done.stderr and "auth_file" not in done.stderr
    finally:
        system.options = {}
        aside.rename(own)
