"""The watch that `up` keeps itself: work that no worker takes up, and an upkeep that somebody paused.
Every other alert is a run, or found by upkeep; without a worker, or without upkeep, nobody would be told.

The relay that `up` runs: what the desk wrote is told to the server within seconds.

What runs next, said once after the start.
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
        self._said = False

    def turn(self) -> None:
        if self._said:
            return
        try:
            found = asyncio.run(deployment_registration.next_runs())
        except Exception as wrong:  # the server may be starting again
            print(f"What runs next cannot be read: {wrong}", file=sys.stderr)
            return
        missing = scheduled_deployments(self._settings) - {name for _, name in found}
        self._said = not missing or time.monotonic() > self._until
        if self._said:
            self._say(found, missing)

    def _say(self, found: list[tuple[datetime, str]], missing: set[str]) -> None:
        print("Runs next:", flush=True)
        for when, name in found:
            print(f"  {when:%Y-%m-%d %H:%M} UTC  {name}", flush=True)
        if missing:
            print(
                f"Not scheduled: {', '.join(sorted(missing))}. Schedules do not fire; check the "
                "versions: continuity up --check",
                file=sys.stderr,
                flush=True,
            )


class NewsRelay:
    """Carries news turn by turn. A server that does not answer is asked again the next turn."""

    def __init__(self, street: RuntimeFolder) -> None:
        self._path = street.folder / "relay.json"
        self._journal = open_journal(street.settings)
        self._broken = ""

    def turn(self) -> None:
        """Carry what is new. Says once that it cannot, and once that it can again."""
        try:
            relay_from(self._journal, self._path)
        except Exception as wrong:
            if not self._broken:
                print(f"News cannot be carried: {wrong}", file=sys.stderr, flush=True)
            self._broken = str(wrong)
            return
        if self._broken:
            print("News are carried again", flush=True)
        self._broken = ""


MISSING = "worker-missing"
"""The code of its alert. Upkeep closes it: that it runs means that there is a worker."""
MOST_SECONDS = 30.0
"""Between two looks."""


class UndoneRunWatch:
    """Looks turn by turn whether runs wait for a worker longer than they may."""

    def __init__(self, street: RuntimeFolder, now: Callable[[], float] = time.monotonic) -> None:
        self._late = street.settings(OperationsSettings).late_seconds
        self._settings = street.settings
        self._journal = open_journal(street.settings)
        # a worker that is being started takes up first what fell due while all was off
        self._now, self._next = now, now() + 2 * self._late

    def turn(self) -> None:
        """Tell that work lies undone. A server that does not answer is asked again the next turn."""
        if self._now() < self._next:
            return
        self._next = self._now() + min(MOST_SECONDS, self._late)
        try:
            if waiting := undone_runs(self._late):
                self._tell(_missing(waiting))
            for run in stuck_runs(3 * self._settings(OperationsSettings).dead_seconds):
                post_to_server(f"/flow_runs/{run['id']}/set_state", {"state": _GIVEN_UP, "force": True})
            for one in paused_schedules(_upkeep(), self._settings):
                self._tell(one)
        except Exception as wrong:
            print(f"Whether work lies undone cannot be seen: {wrong}", file=sys.stderr, flush=True)

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


_GIVEN_UP = {
    "type": "CRASHED",
    "name": "Crashed",
    "message": "Its worker died before it began. Nothing was done; run it again.",
}


def stuck_runs(seconds: float) -> list[dict[str, Any]]:
    """Runs that a worker took up and never began, since it died then: they give no sign of life that
    could end, and hold their deployment's only place, so that every later run is turned away."""
    before = datetime.now(UTC) - timedelta(seconds=seconds)
    found = post_to_server("/flow_runs/filter", {"flow_runs": {"state": {"type": {"any_": ["PENDING"]}}}})
    return [run for run in found if run["deployment_id"] and datetime.fromisoformat(run["state"]["timestamp"]) < before]


def undone_runs(late: float) -> list[dict[str, Any]]:
    """Runs of the house's pool that the server calls late, and that are so twice over: a worker
    which is merely busy takes them up meanwhile. Oldest first."""
    before = (datetime.now(UTC) - timedelta(seconds=2 * late)).isoformat()
    wanted = {
        "flow_runs": {"state": {"name": {"any_": ["Late"]}}, "expected_start_time": {"before_": before}},
        "work_pools": {"name": {"any_": [POOL]}},
        "sort": "EXPECTED_START_TIME_ASC",
        "limit": 200,
    }
    return post_to_server("/flow_runs/filter", wanted)
