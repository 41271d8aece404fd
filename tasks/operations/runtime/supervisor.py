"""`continuity up`: server, deployments, alerts, worker and relay in one command, until Ctrl-C.

`--part server` and `--part worker` run one half of it, for systemd and for several machines.
"""

from __future__ import annotations

import argparse
import asyncio
import os
import platform
import shutil
import signal
import sys
import time
from pathlib import Path
from typing import Any

from tasks.core.errors import BadSettings, ContinuityError, Problem, Refused
from tasks.core.files import write_atomic
from tasks.core.messages import Reason
from tasks.core.settings import home_folder, load_settings
from tasks.operations.runtime.child_processes import ChildProcess, end_all
from tasks.operations.runtime.server_environment import POOL, RuntimeFolder
from tasks.operations.runtime.startup_checks import RuntimeLock, access_refusal, server_unanswered, startup_problems
from tasks.operations.settings import OperationsSettings

START_SECONDS = 120
"""How long the server may take: seconds on a good day, a minute on its first start on a slow disk."""


def main(arguments: list[str] | None = None) -> int:
    """Exit codes: 0 ended by Ctrl-C, or all is well with `--check`; 1 something died or is wrong;
    2 bad input."""
    options = _arguments(arguments)
    try:
        runtime = _runtime_folder(options)
        # before anything of Prefect's is imported, which reads them then
        if options.check:
            return _check(runtime, options.pool)
        return Supervisor(runtime, options).run()
    except ContinuityError as error:
        print(error, file=sys.stderr)
        return error.exit_code


def _arguments(arguments: list[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="continuity up", description=__doc__)
    parser.add_argument("--home", type=Path)
    parser.add_argument("--host", default="")
    parser.add_argument("--port", type=int, default=0)
    parser.add_argument("--check", action="store_true")
    parser.add_argument("--part", choices=["all", "server", "worker"], default="all")
    parser.add_argument("--pool", default=POOL)
    return parser.parse_args(arguments)


def _runtime_folder(options: argparse.Namespace) -> RuntimeFolder:
    settings = load_settings(home_folder(options.home))
    operations = settings(OperationsSettings)
    host, port = options.host or operations.host, options.port or operations.port
    return RuntimeFolder(settings, host, port, serves=options.part != "worker")


def _check(runtime: RuntimeFolder, pool: str) -> int:
    """Say what is wrong, without starting anything. A worker also needs a server elsewhere, now."""
    problems = startup_problems(runtime, pool)
    if not runtime.serves:
        problems += _elsewhere(runtime)
    for problem in problems:
        print(problem)
    free = f": {runtime.host}:{runtime.port} is free" if runtime.serves else ""
    print(f"{len(problems)} problem(s)" if problems else f"All is well{free}")
    return 1 if problems else 0


def _elsewhere(runtime: RuntimeFolder) -> list[Problem]:
    """What is wrong with the server that a worker speaks to: it does not answer, or not with this
    password."""
    ca_file = runtime.settings(OperationsSettings).ca_file
    if reason := server_unanswered(runtime.address, ca_file):
        return [
            Problem(
                column="operations.address",
                value=runtime.address,
                code="server-not-reachable",
                values={"error": reason.code, "reason": reason.text},
            )
        ]
    try:
        reason = access_refusal(runtime.address, runtime.access, ca_file)
    except BadSettings:
        return []  # among the problems already
    if reason is None:
        return []
    return [
        Problem(
            column="operations.auth_file",
            code="server-refuses-access",
            values={"error": reason.code, "reason": reason.text},
        )
    ]


class Supervisor:
    """One start: `run` returns when it is over."""

    def __init__(self, runtime: RuntimeFolder, options: argparse.Namespace) -> None:
        self._runtime, self._part, self._pool = runtime, options.part, options.pool
        self._children: list[ChildProcess] = []
        self._ended = False
        self._failure: Reason | None = None

    def run(self) -> int:
        self._runtime.make()
        hold = RuntimeLock(self._runtime.folder, self._name)
        if not hold.take():
            raise Refused("server-already-running", running=self._running())
        write_atomic(self._number, str(os.getpid()).encode(), mode=0o600)
        try:
            self._require_fit()
            for number in (signal.SIGINT, signal.SIGTERM):
                signal.signal(number, self._end)
            if not self._serves:
                # a server that begins on this home just now has made its password when it is well
                if not self._healthy():
                    return self._report_failure()
                self._require_access()
            os.environ |= (environment := self._runtime.environment() | self._scratch())
            return self._live(environment)
        finally:
            end_all(self._children)
            self._marker.unlink(missing_ok=True)
            hold.free()

    def _scratch(self) -> dict[str, str]:
        """A folder of its own for what is temporary, empty at each start. Prefect's worker takes one
        name for all in the common one, which then is another user's, and may be anybody's."""
        folder = self._runtime.folder / "tmp" / self._name
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir(parents=True)
        return dict.fromkeys(("TMPDIR", "TEMP", "TMP"), str(folder))

    @property
    def _name(self) -> str:
        return "up" if self._serves else f"worker-{self._pool}"

    @property
    def _marker(self) -> Path:
        """Says to other programs of this machine where the server is."""
        return self._runtime.folder / f"{self._name}.address"

    @property
    def _number(self) -> Path:
        """Which process to end, for a second `up`."""
        return self._marker.with_suffix(".pid")

    def _running(self) -> str:
        parts: list[str] = []
        for path, fallback in ((self._marker, "it has not come up yet"), (self._number, "?")):
            try:
                parts.append(path.read_text(encoding="utf-8"))
            except OSError:
                parts.append(fallback)
        return f"{parts[0]}, as process {parts[1]}"

    def _require_fit(self) -> None:
        if problems := startup_problems(self._runtime, self._pool):
            raise Refused("server-cannot-start", problems)

    def _require_access(self) -> None:
        """Raises BadSettings if the server refuses the password that this machine has."""
        if reason := self._refusal():
            raise BadSettings("server-access-refused", error=reason.code, reason=reason.text)

    def _refusal(self) -> Reason | None:
        runtime = self._runtime
        return access_refusal(runtime.address, runtime.access, runtime.settings(OperationsSettings).ca_file)

    def _end(self, *_: object) -> None:
        self._ended = True

    def _live(self, environment: dict[str, str]) -> int:
        began = time.monotonic()
        # not before: Prefect reads the environment when it is imported
        import httpx
        from prefect.deployments.runner import DeploymentApplyError

        from tasks.operations.runtime.deployment_registration import import_flows, register_deployments

        if self._serves:
            self._start(environment, "server", "prefect", "server", "start")
            import_flows()  # while the server starts: both take seconds
            if not self._healthy():
                return self._report_failure()
            try:
                asyncio.run(register_deployments(self._runtime.settings, print))
            except (httpx.HTTPError, DeploymentApplyError) as error:
                self._failure = Reason("server-refuses-deployments", error=type(error).__name__)
                return self._report_failure()
        if self._part != "server":
            self._start(environment, f"worker-{self._pool}", *self._worker())
        write_atomic(self._marker, self._runtime.address.encode(), mode=0o600)
        print(
            f"Up after {time.monotonic() - began:.0f} s: {self._runtime.page}"
            f" (logs in {self._runtime.folder}; Ctrl-C ends all)",
            flush=True,
        )
        if self._serves:
            print(f"Log in to the UI with the line in {self._runtime.access.source}", flush=True)
        return self._watch()

    @property
    def _serves(self) -> bool:
        return self._runtime.serves

    def _start(self, environment: dict[str, str], name: str, *command: str) -> None:
        child = ChildProcess(name, list(command), environment, self._runtime.folder)
        child.start()
        self._children.append(child)

    def _worker(self) -> list[str]:
        limit = str(self._runtime.settings(OperationsSettings).runs_at_once)
        name = f"{platform.node() or 'worker'}-{self._pool}"
        options = ["--pool", self._pool, "--type", "process", "--limit", limit, "--name", name]
        return ["prefect", "worker", "start", *options]

    def _healthy(self) -> bool:
        """Wait for the server's health. False if it died, was ended, or is not well in time."""
        until = time.monotonic() + START_SECONDS
        is_announced = self._serves  # a server of one's own takes a while, another's ought to be there
        while time.monotonic() < until and not self._ended:
            if any(child.died() is not None for child in self._children):
                return False
            self._failure = server_unanswered(self._runtime.address, self._runtime.settings(OperationsSettings).ca_file)
            if not self._failure:
                return True
            if not is_announced:
                print(f"Waiting for {self._runtime.address}: {self._failure.text}", file=sys.stderr, flush=True)
            is_announced = True
            time.sleep(0.1)
        return False

    def _report_failure(self) -> int:
        if self._ended:
            return 0
        logs = "".join(child.last_log_lines() for child in self._children)
        reason = self._failure.text if self._failure else "it ended"
        print(f"The server at {self._runtime.address} is not well: {reason}\n{logs}", file=sys.stderr)
        return 1

    def _watch(self) -> int:
        """Carry news and keep the children alive until the end."""
        jobs = self._periodic_jobs() if self._serves else []
        while not self._ended:
            for child in self._children:
                if (code := child.died()) is not None and not self._revived(child, code):
                    return 1
            for job in jobs:
                job.run_once()
            self._sleep(self._runtime.settings(OperationsSettings).relay_seconds)
        print("Ending ...", flush=True)
        return 0

    def _periodic_jobs(self) -> list[Any]:
        """What the server's machine does again and again."""
        from tasks.operations.runtime.periodic_jobs import NewsRelay, ScheduleReport, UndoneRunWatch

        runtime = self._runtime
        return [NewsRelay(runtime), UndoneRunWatch(runtime), ScheduleReport(runtime.settings)]

    def _revived(self, child: ChildProcess, code: int) -> bool:
        last_lines = child.last_log_lines(3)
        print(f"The {child.name} ended with {code}; started again\n{last_lines}", file=sys.stderr)
        # a worker whose password was changed on the server dies of that, and its log says only 401
        if not self._serves and (reason := self._refusal()):
            print(reason.text, file=sys.stderr, flush=True)
        if child.revive():
            return True
        print(f"The {child.name} dies again and again: see {child.log}", file=sys.stderr)
        return False

    def _sleep(self, seconds: float) -> None:
        until = time.monotonic() + seconds
        while not self._ended and time.monotonic() < until:
            time.sleep(0.1)


if __name__ == "__main__":
    sys.exit(main())
