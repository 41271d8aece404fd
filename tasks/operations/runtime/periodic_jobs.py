"""What `up` does again and again: relays new events to the server within seconds, watches for work that
no worker takes up and for a paused upkeep (without a worker, or without upkeep, nobody else would raise
the alert), and reports once after the start what runs next.
"""

from __future__ import annotations

import asyncio
import sys
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

from tasks.core.settings import Settings
from tasks.opening import open_content, open_journal
from tasks.operations.alert_records import AlertManager
from tasks.operations.run_interface import post_to_server
from tasks.operations.runtime import deployment_registration
from tasks.operations.runtime.deployment_registration import scheduled_deployments
from tasks.operations.runtime.server_environment import POOL, RuntimeFolder
from tasks.operations.server_health import paused_schedules
from tasks.operations.settings import OperationsSettings
from tasks.operations.steps import relay_from
from tasks.operations.upkeep import UpkeepProblem

SCHEDULE_SECONDS = 90


class ScheduleReport:
    """Says once what runs next; or, if something is not scheduled in time, that it does not fire."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._until = time.monotonic() + SCHEDULE_SECONDS
        self._reported = False

    def run_once(self) -> None:
        if self._reported:
            return
        try:
            runs = asyncio.run(deployment_registration.next_runs())
        except Exception as error:  # the server may be starting again
            print(f"What runs next cannot be read: {error}", file=sys.stderr)
            return
        missing = scheduled_deployments(self._settings) - {name for _, name in runs}
        self._reported = not missing or time.monotonic() > self._until
        if self._reported:
            self._print(runs, missing)

    def _print(self, runs: list[tuple[datetime, str]], missing: set[str]) -> None:
        print("Runs next:", flush=True)
        for when, name in runs:
            print(f"  {when:%Y-%m-%d %H:%M} UTC  {name}", flush=True)
        if missing:
            print(
                f"Not scheduled: {', '.join(sorted(missing))}. Schedules do not fire; check the "
                "versions: continuity up --check",
                file=sys.stderr,
                flush=True,
            )


class NewsRelay:
    """Relays news. A server that does not answer is asked again the next time."""

    def __init__(self, runtime: RuntimeFolder) -> None:
        self._path = runtime.folder / "relay.json"
        self._journal = open_journal(runtime.settings)
        self._broken = ""

    def run_once(self) -> None:
        """Carry what is new. Says once that it cannot, and once that it can again."""
        try:
            relay_from(self._journal, self._path)
        except Exception as error:
            if not self._broken:
                print(f"News cannot be carried: {error}", file=sys.stderr, flush=True)
            self._broken = str(error)
            return
        if self._broken:
            print("News are carried again", flush=True)
        self._broken = ""


MISSING = "worker-missing"
"""The code of its alert. Upkeep closes it: that it runs means that there is a worker."""
MOST_SECONDS = 30.0
"""Between two looks."""


class UndoneRunWatch:
    """Looks whether runs wait for a worker longer than they may."""

    def __init__(self, runtime: RuntimeFolder, now: Callable[[], float] = time.monotonic) -> None:
        self._late = runtime.settings(OperationsSettings).late_seconds
        self._settings = runtime.settings
        self._journal = open_journal(runtime.settings)
        # a worker that is being started takes up first what fell due while all was off
        self._now, self._next = now, now() + 2 * self._late

    def run_once(self) -> None:
        """Raise an alert for work that lies undone. A server that does not answer is asked again the next time."""
        if self._now() < self._next:
            return
        self._next = self._now() + min(MOST_SECONDS, self._late)
        try:
            if waiting := undone_runs(self._late):
                self._tell(_missing(waiting))
            for run in stuck_runs(3 * self._settings(OperationsSettings).dead_seconds):
                post_to_server(f"/flow_runs/{run['id']}/set_state", {"state": _CRASHED_STATE, "force": True})
            for problem in paused_schedules(_upkeep(), self._settings):
                self._tell(problem)
        except Exception as error:
            print(f"Whether work lies undone cannot be seen: {error}", file=sys.stderr, flush=True)

    def _tell(self, fault: UpkeepProblem) -> None:
        alarm = AlertManager(self._journal, open_content(self._settings), self._settings, "operations")
        if alarm.raise_(*fault.key, fault.text, fault.next):
            print(fault.text, file=sys.stderr, flush=True)
            alarm.deliver()


def _missing(waiting: list[dict[str, Any]]) -> UpkeepProblem:
    since = waiting[0]["expected_start_time"][:16].replace("T", " ")
    next_ = "continuity up --part worker, where work is done; worker-continuity.log says more"
    return UpkeepProblem(MISSING, "", next_, count=len(waiting), since=since)


def _upkeep() -> list[dict[str, Any]]:
    return post_to_server("/deployments/filter", {"deployments": {"name": {"any_": ["upkeep"]}}})


_CRASHED_STATE = {
    "type": "CRASHED",
    "name": "Crashed",
    "message": "Its worker died before it began. Nothing was done; run it again.",
}


def stuck_runs(seconds: float) -> list[dict[str, Any]]:
    """Runs that a worker took up and never began, since it died then: they give no sign of life that
    could end, and hold their deployment's only place, so that every later run is turned away."""
    before = datetime.now(UTC) - timedelta(seconds=seconds)
    pending = post_to_server("/flow_runs/filter", {"flow_runs": {"state": {"type": {"any_": ["PENDING"]}}}})
    return [
        run for run in pending if run["deployment_id"] and datetime.fromisoformat(run["state"]["timestamp"]) < before
    ]


def undone_runs(late: float) -> list[dict[str, Any]]:
    """Runs of the default pool that the server calls late, and that are so twice over: a worker
    which is merely busy takes them up meanwhile. Oldest first."""
    before = (datetime.now(UTC) - timedelta(seconds=2 * late)).isoformat()
    query = {
        "flow_runs": {"state": {"name": {"any_": ["Late"]}}, "expected_start_time": {"before_": before}},
        "work_pools": {"name": {"any_": [POOL]}},
        "sort": "EXPECTED_START_TIME_ASC",
        "limit": 200,
    }
    return post_to_server("/flow_runs/filter", query)
