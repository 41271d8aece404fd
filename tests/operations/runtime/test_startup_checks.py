from __future__ import annotations

import base64
import os
import signal
import socket
import subprocess
import sys
import threading
from dataclasses import replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from importlib import metadata
from pathlib import Path

import pytest
from pydantic import SecretStr

from tasks.core.errors import Problem
from tasks.core.settings import Settings
from tasks.operations.runtime.server_environment import RuntimeFolder
from tasks.operations.runtime.startup_checks import RuntimeLock, access_refusal, pin_problems, startup_problems
from tasks.operations.runtime.supervisor import main
from tasks.operations.server_access import ServerAccess
from tasks.operations.settings import OperationsSettings


@pytest.fixture
def runtime(house: Settings) -> RuntimeFolder:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return RuntimeFolder(house, "127.0.0.1", probe.getsockname()[1])


def wrong(runtime: RuntimeFolder, **operations: object) -> list[Problem]:
    """The problems with these settings under [operations]."""
    wanted = OperationsSettings(**operations)  # type: ignore[arg-type]
    settings = runtime.settings.model_copy(update={"operations": wanted})
    return startup_problems(replace(runtime, settings=settings))


def test_what_is_installed_here_fits(runtime: RuntimeFolder) -> None:
    assert list(pin_problems()) == [] and wrong(runtime) == []


@pytest.mark.parametrize(
    ("name", "version", "told"),
    [("sqlalchemy", "2.1.9", "<2.1"), ("fastapi", "0.165.0", "<0.151"), ("prefect", "3.9.1", "<3.9")],
)  # fmt: skip
def test_versions_with_which_nothing_is_scheduled_are_told(
    monkeypatch: pytest.MonkeyPatch, name: str, version: str, told: str
) -> None:
    known = metadata.version
    monkeypatch.setattr(metadata, "version", lambda one: version if one == name else known(one))
    (found,) = pin_problems()
    assert found.column == name and told in found.right and "constraints.txt" in found.right


def test_a_port_that_is_taken(runtime: RuntimeFolder) -> None:
    with socket.socket() as taken:
        taken.bind((runtime.host, runtime.port))
        taken.listen()
        (told,) = wrong(runtime)
    assert told.code == "port-not-available" and told.value == f"{runtime.host}:{runtime.port}"


def test_a_disk_that_is_full_is_told(runtime: RuntimeFolder, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tasks.operations.runtime.startup_checks.LEAST_FREE_BYTES", 1 << 60)  # no disk has so much
    (told,) = wrong(runtime)
    assert told.code == "disk-space-low"


def test_a_password_file_that_cannot_be_used(runtime: RuntimeFolder, tmp_path: Path) -> None:
    path = tmp_path / "auth"
    path.write_text("ops:a password\n")
    assert wrong(runtime, auth_file=path) == []
    for line in ("no colon", "ops:", ":secret", "ops:señor", "ops:a\nops:b"):
        path.write_text(line)
        (problem,) = wrong(runtime, auth_file=path)
        assert problem.code == "server-password-unusable"
        assert problem.values["error"] == "password-file-wrong-form"
        assert str(path) in problem.wrong and line not in str(problem)
    path.unlink()
    (problem,) = wrong(runtime, auth_file=path)
    assert problem.values["error"] == "file-unreadable"
    own = runtime.settings.home / "street" / "password"
    own.parent.mkdir()
    own.write_text("half of")
    (problem,) = wrong(runtime)
    assert problem.values["error"] == "password-file-wrong-form" and str(own) in problem.wrong


class Guarded(BaseHTTPRequestHandler):
    """A server that is well, and takes calls with one password only."""

    def do_GET(self) -> None:
        good = f"Basic {base64.b64encode(b'ops:right').decode()}"
        well = self.path == "/api/health" or self.headers.get("Authorization") == good
        self.send_response(200 if well else 401)
        self.end_headers()

    def log_message(self, *_: object) -> None:
        pass


@pytest.mark.parametrize("check", [["--check"], []])
@pytest.mark.parametrize(
    ("line", "refused"), [("", "server-password-not-set"), ("ops:wrong", "server-password-refused")]
)
def test_a_worker_without_the_right_password_is_not_started(
    house: Settings, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str],
    check: list[str], line: str, refused: str,
) -> None:  # fmt: skip
    monkeypatch.setenv("PREFECT_API_AUTH_STRING", line)
    with ThreadingHTTPServer(("127.0.0.1", 0), Guarded) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        worker = ["--home", str(house.home), "--port", str(server.server_port), "--part", "worker"]
        code = main([*worker, *check])
        address = f"http://127.0.0.1:{server.server_port}/api"
        why = access_refusal(address, ServerAccess(line, "x"))
        monkeypatch.setenv("PREFECT_API_AUTH_STRING", "ops:right")
        checked = main([*worker, "--check"])
        server.shutdown()
    output = "".join(capsys.readouterr())
    assert why and why.code == refused
    assert code == (1 if check else 2) and "401" in output and "auth_file" in output
    assert "PREFECT_API_AUTH_STRING" in output
    assert "ops:wrong" not in output and checked == 0


def test_a_pool_that_nothing_runs_in(runtime: RuntimeFolder) -> None:
    (told,) = startup_problems(runtime, "restore-dril")
    assert told.value == "restore-dril" and told.right == "continuity or restore-drill"
    assert startup_problems(runtime, "restore-drill") == []


def test_a_worker_is_told_that_no_server_answers(house: Settings, capsys: pytest.CaptureFixture[str]) -> None:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = str(probe.getsockname()[1])
    worker = ["--home", str(house.home), "--port", port, "--part", "worker", "--check"]
    assert main(worker) == 1
    said = capsys.readouterr().out
    assert f"127.0.0.1:{port}" in said and "operations.address" in said


def test_a_home_without_a_book(runtime: RuntimeFolder) -> None:
    (runtime.settings.home / "journal.sqlite").unlink()
    (told,) = wrong(runtime)
    assert told.code == "home-not-usable" and "journal.sqlite" in told.wrong


def test_a_database_that_does_not_answer(runtime: RuntimeFolder) -> None:
    url = "postgresql://nobody@127.0.0.1:1/none"
    (told,) = wrong(runtime, database=SecretStr(url))
    assert (told.column, told.code) == ("operations.database", "database-not-usable")


def test_parts_that_the_settings_ask_for(runtime: RuntimeFolder, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tasks.operations.runtime.startup_checks.find_spec", lambda module: object())
    (problem,) = wrong(runtime, dask="tcp://127.0.0.1:1")
    assert problem.code == "scheduler-not-reachable"
    assert wrong(runtime, dask="local") == []
    monkeypatch.setattr("tasks.operations.runtime.startup_checks.find_spec", lambda module: None)
    (problem,) = wrong(runtime, dask="local")
    assert (problem.code, problem.values["extra"]) == ("extra-not-installed", "dask")


def test_an_authority_that_cannot_be_read(runtime: RuntimeFolder, tmp_path: Path) -> None:
    path = tmp_path / "ca.pem"
    (told,) = wrong(runtime, ca_file=path)
    assert told.code == "ca-file-unreadable"
    path.write_text("no certificate")
    (told,) = wrong(runtime, ca_file=path)
    assert (told.column, told.code) == ("operations.ca_file", "ca-file-unreadable")


def test_a_runtime_folder_is_locked_by_one_and_free_again_when_that_is_killed(tmp_path: Path) -> None:
    script = (
        "import sys, time; from pathlib import Path; from tasks.operations.runtime.startup_checks import RuntimeLock; "
        "print(RuntimeLock(Path(sys.argv[1]), 'up').take(), flush=True); time.sleep(60)"
    )
    command = [sys.executable, "-c", script, str(tmp_path)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as other:
        assert other.stdout is not None and other.stdout.readline().strip() == "True"
        second = RuntimeLock(tmp_path, "up")
        assert not second.take()
        worker = RuntimeLock(tmp_path, "worker-restore-drill")
        assert worker.take()
        os.kill(other.pid, signal.SIGKILL)
        other.wait()
        assert second.take()
        second.free()
        worker.free()
