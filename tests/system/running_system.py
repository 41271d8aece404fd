"""A whole system for tests: an office with recorded entries, and `continuity up` over it, with free
ports, a home of its own, and a watch on every Python process for hosts outside this machine."""

from __future__ import annotations

import os
import re
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, TypeVar
from uuid import uuid4

import httpx

from tests.reconciliation.broker_office import Office

TOP = Path(__file__).parents[2]
T = TypeVar("T")

# Every Python process reads this at its start, the server's and the workers' runs among them.
WATCH = """
import os, sys
with open({watched!r}, "a") as log:
    log.write(f"{{sys.orig_argv}} {{'PREFECT__FLOW_RUN_ID' in os.environ and 'a run'}}\\n")
def _watch(event, args):
    host = None
    if event == "socket.connect" and isinstance(args[1], tuple):
        host = args[1][0]
    elif event == "socket.getaddrinfo":
        host = args[0]
    if isinstance(host, bytes):
        host = host.decode()
    if host and host not in ("127.0.0.1", "localhost", "::1", "0.0.0.0"):
        with open({log!r}, "a") as log:
            log.write(f"{{sys.orig_argv}} asks {{host}}\\n")
sys.addaudithook(_watch)
"""
_SCHEDULED = re.compile(r"\d\d:\d\d UTC  \w")
"""A line of what runs next, the last that `up` prints when it has come up: time and deployment."""
_BUSY = 3  # how many times slower a machine may be that does other things too
_PARTS = {"desk": "'tasks.cli.main'", "up": "'tasks.operations.runtime.supervisor'", "server": "'server', 'start'",
          "worker": "'worker', 'start'", "run": "a run"}  # fmt: skip


@dataclass
class RunningSystem:
    """`continuity up` of one office."""

    office: Office
    folder: Path
    options: dict[str, str] = field(default_factory=dict)
    port: int = 0
    process: subprocess.Popen[bytes] | None = None
    _token: dict[str, str] = field(default_factory=dict)

    @property
    def home(self) -> Path:
        return self.office.settings.home

    @property
    def page(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def watched(self) -> set[str]:
        """Which kinds of process had the watch in them: `desk`, `up`, `server`, `worker`, `run`."""
        said = (self.folder / "watched.log").read_text()
        return {name for name, mark in _PARTS.items() if mark in said}

    @property
    def outside(self) -> str:
        """Who outside this machine was asked for, and by whom."""
        log = self.folder / "outside.log"
        return log.read_text() if log.is_file() else ""

    def start(self) -> str:
        """Start it on a free port; returns what it says until it is up and says what runs next."""
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self.port = self.port or probe.getsockname()[1]
        watch = self.folder / "watch"
        watch.mkdir(exist_ok=True)
        logs = {name: str(self.folder / f"{name}.log") for name in ("outside", "watched")}
        (watch / "sitecustomize.py").write_text(WATCH.format(log=logs["outside"], watched=logs["watched"]))
        with self.said.open("wb") as said:
            self.process = subprocess.Popen(
                self.command("up", "--port", str(self.port)), stdout=said, stderr=said,
                env=self.environment(), cwd=self.folder, start_new_session=True,
            )  # fmt: skip
        return self.wait("it comes up", lambda: _SCHEDULED.search(self.words) and self.words, 180)

    @property
    def said(self) -> Path:
        return self.folder / "up.log"

    @property
    def words(self) -> str:
        if self.process and self.process.poll() is not None:
            raise AssertionError(f"up ended with {self.process.returncode}: {self.said.read_text()}")
        return self.said.read_text()

    def command(self, *words: str) -> list[str]:
        return [sys.executable, "-m", "tasks.cli.main", "--home", str(self.home), *words]

    def environment(self) -> dict[str, str]:
        # Other tests switch services of their own server off by the environment.
        kept = {k: v for k, v in os.environ.items() if not k.startswith(("PREFECT_", "CONTINUITY_"))}
        return {**kept, "PYTHONPATH": f"{self.folder / 'watch'}{os.pathsep}{TOP}", **self.options}

    def cli(self, *words: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(self.command(*words), capture_output=True, text=True, env=self.environment())

    def stop(self) -> None:
        if self.process and self.process.poll() is None:
            self.process.send_signal(signal.SIGINT)
            self.process.wait(90)

    @property
    def password(self) -> str:
        """The line that a person logs in with."""
        return (self.home / "street" / "password").read_text()

    def token(self) -> dict[str, str]:
        """The headers of a CSRF token, as the server hands it out to who has the password."""
        client = str(uuid4())
        answer = self.call("GET", f"csrf-token?client={client}")
        answer.raise_for_status()
        return {"Prefect-Csrf-Token": answer.json()["token"], "Prefect-Csrf-Client": client}

    def call(self, method: str, path: str, body: Any = None, **headers: str) -> httpx.Response:
        """One call of the API with the password; `headers` as they are."""
        user, _, secret = self.password.partition(":")
        return httpx.request(method, f"{self.page}/api/{path}", json=body, headers=headers,
                             auth=(user, secret), timeout=30)  # fmt: skip

    def change(self, method: str, path: str, body: Any) -> httpx.Response:
        """A call that changes something: it bears a CSRF token, too."""
        if not self._token:
            self._token = self.token()
        answer = self.call(method, path, body, **self._token)
        if answer.status_code == 503:  # SQLite was locked: every client asks again
            time.sleep(2)
            answer = self.call(method, path, body, **self._token)
        return answer

    def ask(self, path: str, body: Any = None) -> Any:
        answer = self.change("POST", path, body or {})
        answer.raise_for_status()
        return answer.json() if answer.content else None

    def limit(self, deployment: str, runs: int | None) -> None:
        """How many runs of a deployment may go at once; None for any number."""
        wanted = {"concurrency_limit": runs}
        self.change("PATCH", f"deployments/{deployment}", wanted).raise_for_status()

    def runs(self, name: str) -> list[dict[str, Any]]:
        """Runs of a deployment that are not merely scheduled, oldest first."""
        found = self.ask("flow_runs/filter", {"deployments": {"name": {"any_": [name]}},
                         "sort": "START_TIME_ASC"})  # fmt: skip
        return [run for run in found if run["state"]["type"] != "SCHEDULED"]

    def deployment(self, name: str) -> dict[str, Any]:
        (found,) = self.ask("deployments/filter", {"deployments": {"name": {"any_": [name]}}})
        return found

    def run(self, name: str, **parameters: object) -> dict[str, Any]:
        """Start a deployment by hand."""
        found = self.deployment(name)
        given = {**found["parameters"], **parameters}
        state = {"type": "SCHEDULED"}
        return self.ask(f"deployments/{found['id']}/create_flow_run",
                        {"parameters": given, "state": state})  # fmt: skip

    def ended(self, run: dict[str, Any], seconds: float = 120) -> dict[str, Any]:
        """The run as it is when it no longer runs or is due."""
        return self.wait(f"{run['name']} ends", lambda: self._at_rest(run["id"]), seconds)

    def finished(self, name: str, **parameters: object) -> dict[str, Any]:
        """A run started by hand, at its end. Where its schedule, or an automation, had the place just then,
        it was turned away, and another follows."""
        run = self.ended(self.run(name, **parameters))
        return self.finished(name, **parameters) if run["state"]["type"] == "CANCELLED" else run

    def begun(self, name: str, **parameters: object) -> dict[str, Any]:
        """A run started by hand that has a process; another follows one that was turned away."""
        run = self.run(name, **parameters)
        look = f"{name} begins"
        self.wait(look, lambda: self.processes_of(run) or self._at_rest(run["id"]), 60)
        return run if self.processes_of(run) else self.begun(name, **parameters)

    def _at_rest(self, run: str) -> dict[str, Any] | None:
        found = self.call("GET", f"flow_runs/{run}").json()
        moving = ("SCHEDULED", "PENDING", "RUNNING", "CANCELLING")
        return None if found["state"]["type"] in moving else found

    def suspended(self, count: int = 1, seconds: float = 120) -> list[dict[str, Any]]:
        """The runs that wait for a person, when there are so many."""
        wanted = {"flow_runs": {"state": {"name": {"any_": ["Suspended"]}}}}

        def look() -> list[dict[str, Any]] | None:
            found = self.ask("flow_runs/filter", wanted)
            return found if len(found) >= count else None

        return self.wait(f"{count} run(s) wait", look, seconds)

    def tell(self, incident: str) -> None:
        """The event of a remediated incident, as another program would send it."""
        event = {"id": str(uuid4()), "occurred": datetime.now(UTC).isoformat(),
                 "event": "incident.remediated", "payload": {"incident": incident},
                 "resource": {"prefect.resource.id": f"continuity.incident.{incident}"}}  # fmt: skip
        self.ask("events", [event])

    def pids(self, part: str) -> list[int]:
        """Process ids of `server` or `worker` that this `up` started."""
        assert self.process
        found = []
        for path in Path("/proc").glob("[0-9]*/cmdline"):
            try:
                words = path.read_bytes().decode(errors="replace").split("\0")
                environment = (path.parent / "environ").read_bytes().decode(errors="replace")
            except OSError:
                continue
            if "prefect" in words and part in words and f"PREFECT_HOME={self.home}" in environment:
                found.append(int(path.parent.name))
        return found

    def processes_of(self, run: dict[str, Any]) -> list[int]:
        """Process ids of a run: the one that looks after it, and its own."""
        mark = f"PREFECT__FLOW_RUN_ID={run['id']}".encode()
        found = []
        for path in Path("/proc").glob("[0-9]*/environ"):
            with suppress(OSError):
                if mark in path.read_bytes().split(b"\0"):
                    found.append(int(path.parent.name))
        return found

    def cut_off(self, run: dict[str, Any]) -> None:
        """Power off for a run."""
        for pid in self.wait(f"a process of {run['name']}", lambda: self.processes_of(run), 60):
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)

    def kill(self, part: str) -> None:
        """Power off for the server or the worker; `up` starts it again."""
        before = self.pids(part)
        assert before, f"no {part} runs"
        for pid in before:
            os.kill(pid, signal.SIGKILL)
        self.wait(f"the {part} is back", lambda: set(self.pids(part)) - set(before), 60)

    def wait(self, what: str, look: Callable[[], T | None], seconds: float) -> T:
        """What `look` finds, as soon as it finds something. `seconds` are those of a quiet machine."""
        until = time.monotonic() + seconds * _BUSY
        last = ""
        while time.monotonic() < until:
            try:
                if found := look():
                    return found
            except httpx.HTTPError as wrong:  # the server is being started again
                last = str(wrong)
            time.sleep(0.3)
        logs = "\n".join(
            f"== {path.name}\n{path.read_text(errors='replace')[-3000:]}"
            for path in sorted((self.home / "street").glob("*.log"))
        )
        raise AssertionError(f"{what}: not within {seconds * _BUSY} s. {last}\n{self.said.read_text()}\n{logs}")

    def kinds(self) -> list[str]:
        return [event.kind for event in self.office.journal.events()]

    def plan(self) -> str:
        """The plan that the one suspended run waits for."""
        return self.suspended()[0]["state"]["state_details"]["pause_key"].partition("-")[0]


def next_run(words: str, name: str) -> bool:
    """Whether `up` says when a deployment runs next."""
    return bool(re.search(rf"\d UTC  {name}$", words, re.MULTILINE))
