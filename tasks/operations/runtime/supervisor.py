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
    given = _arguments(arguments)
    try:
        street = _street(given)
        # before anything of Prefect's is imported, which reads them then
        if given.check:
            return _check(street, given.pool)
        return Supervisor(street, given).run()
    except ContinuityError as wrong:
        print(wrong, file=sys.stderr)
        return wrong.exit_code


def _arguments(arguments: list[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="continuity up", description=__doc__)
    parser.add_argument("--home", type=Path)
    parser.add_argument("--host", default="")
    parser.add_argument("--port", type=int, default=0)
    parser.add_argument("--check", action="store_true")
    parser.add_argument("--part", choices=["all", "server", "worker"], default="all")
    parser.add_argument("--pool", default=POOL)
    return parser.parse_args(arguments)


def _street(given: argparse.Namespace) -> RuntimeFolder:
    settings = load_settings(home_folder(given.home))
    wanted = settings(OperationsSettings)
    host, port = given.host or wanted.host, given.port or wanted.port
    return RuntimeFolder(settings, host, port, serves=given.part != "worker")


def _check(street: RuntimeFolder, pool: str) -> int:
    """Say what is wrong, without starting anything. A worker also needs a server elsewhere, now."""
    found = startup_problems(street, pool)
    if not street.serves:
        found += _elsewhere(street)
    for one in found:
        print(one)
    free = f": {street.host}:{street.port} is free" if street.serves else ""
    print(f"{len(found)} problem(s)" if found else f"All is well{free}")
    return 1 if found else 0


def _elsewhere(street: RuntimeFolder) -> list[Problem]:
    """What is wrong with the server that a worker speaks to: it does not answer, or not with this
    password."""
    ca_file = street.settings(OperationsSettings).ca_file
    if why := server_unanswered(street.address, ca_file):
        return [
            Problem(
                column="operations.address",
                value=street.address,
                code="server-not-reachable",
                values={"error": why.code, "reason": why.text},
            )
        ]
    try:
        why = access_refusal(street.address, street.access, ca_file)
    except BadSettings:
        return []  # among the problems already
    if why is None:
        return []
    return [
        Problem(
            column="operations.auth_file", code="server-refuses-access", values={"error": why.code, "reason": why.text}
        )
    ]


class Supervisor:
    """One start: `run` returns when it is over."""

    def __init__(self, street: RuntimeFolder, given: argparse.Namespace) -> None:
        self._street, self._part, self._pool = street, given.part, given.pool
        self._children: list[ChildProcess] = []
        self._ended = False
        self._wrong: Reason | None = None

    def run(self) -> int:
        self._street.make()
        hold = RuntimeLock(self._street.folder, self._name)
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
                    return self._fell()
                self._require_access()
            os.environ |= (environment := self._street.environment() | self._scratch())
            return self._live(environment)
        finally:
            end_all(self._children)
            self._marker.unlink(missing_ok=True)
            hold.free()

    def _scratch(self) -> dict[str, str]:
        """A folder of its own for what is temporary, empty at each start. Prefect's worker takes one
        name for all in the common one, which then is another user's, and may be anybody's."""
        folder = self._street.folder / "tmp" / self._name
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir(parents=True)
        return dict.fromkeys(("TMPDIR", "TEMP", "TMP"), str(folder))

    @property
    def _name(self) -> str:
        return "up" if self._serves else f"worker-{self._pool}"

    @property
    def _marker(self) -> Path:
        """Says to other programs of this machine where the server is."""
        return self._street.folder / f"{self._name}.address"

    @property
    def _number(self) -> Path:
        """Which process to end, for who comes too late."""
        return self._marker.with_suffix(".pid")

    def _running(self) -> str:
        said = []
        for path, otherwise in ((self._marker, "it has not come up yet"), (self._number, "?")):
            try:
                said.append(path.read_text(encoding="utf-8"))
            except OSError:
                said.append(otherwise)
        return f"{said[0]}, as process {said[1]}"

    def _require_fit(self) -> None:
        if found := startup_problems(self._street, self._pool):
            raise Refused("server-cannot-start", found)

    def _require_access(self) -> None:
        """Raises BadSettings if the server refuses the password that this machine has."""
        if why := self._refusal():
            raise BadSettings("server-access-refused", error=why.code, reason=why.text)

    def _refusal(self) -> Reason | None:
        street = self._street
        return access_refusal(street.address, street.access, street.settings(OperationsSettings).ca_file)

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
                return self._fell()
            try:
                asyncio.run(register_deployments(self._street.settings, print))
            except (httpx.HTTPError, DeploymentApplyError) as wrong:
                self._wrong = Reason("server-refuses-deployments", error=type(wrong).__name__)
                return self._fell()
        if self._part != "server":
            self._start(environment, f"worker-{self._pool}", *self._worker())
        write_atomic(self._marker, self._street.address.encode(), mode=0o600)
        print(
            f"Up after {time.monotonic() - began:.0f} s: {self._street.page}"
            f" (logs in {self._street.folder}; Ctrl-C ends all)",
            flush=True,
        )
        if self._serves:
            print(f"Log in to the UI with the line in {self._street.access.source}", flush=True)
        return self._watch()

    @property
    def _serves(self) -> bool:
        return self._street.serves

    def _start(self, environment: dict[str, str], name: str, *command: str) -> None:
        child = ChildProcess(name, list(command), environment, self._street.folder)
        child.start()
        self._children.append(child)

    def _worker(self) -> list[str]:
        limit = str(self._street.settings(OperationsSettings).runs_at_once)
        return [
            "prefect",
            "worker",
            "start",
            "--pool",
            self._pool,
            "--type",
            "process",
            "--limit",
            limit,
            "--name",
            f"{platform.node() or 'worker'}-{self._pool}",
        ]

    def _healthy(self) -> bool:
        """Wait for the server's health. False if it died, was ended, or is not well in time."""
        until = time.monotonic() + START_SECONDS
        said = self._serves  # a server of one's own takes a while, another's ought to be there
        while time.monotonic() < until and not self._ended:
            if any(child.died() is not None for child in self._children):
                return False
            self._wrong = server_unanswered(self._street.address, self._street.settings(OperationsSettings).ca_file)
            if not self._wrong:
                return True
            if not said:
                print(f"Waiting for {self._street.address}: {self._wrong.text}", file=sys.stderr, flush=True)
            said = True
            time.sleep(0.1)
        return False

    def _fell(self) -> int:
        if self._ended:
            return 0
        words = "".join(child.last_words() for child in self._children)
        reason = self._wrong.text if self._wrong else "it ended"
        print(f"The server at {self._street.address} is not well: {reason}\n{words}", file=sys.stderr)
        return 1

    def _watch(self) -> int:
        """Carry news and keep the children alive until the end."""
        turns = self._turns() if self._serves else []
        while not self._ended:
            for child in self._children:
                if (code := child.died()) is not None and not self._revived(child, code):
                    return 1
            for one in turns:
                one.turn()
            self._sleep(self._street.settings(OperationsSettings).relay_seconds)
        print("Ending ...", flush=True)
        return 0

    def _turns(self) -> list[Any]:
        """What the server's machine does again and again."""
        from tasks.operations.runtime.periodic_jobs import NewsRelay, ScheduleReport, UndoneRunWatch

        street = self._street
        return [NewsRelay(street), UndoneRunWatch(street), ScheduleReport(street.settings)]

    def _revived(self, child: ChildProcess, code: int) -> bool:
        words = child.last_words(3)
        print(f"The {child.name} ended with {code}; started again\n{words}", file=sys.stderr)
        # a worker whose password was changed on the server dies of that, and its log says only 401
        if not self._serves and (why := self._refusal()):
            print(why.text, file=sys.stderr, flush=True)
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
