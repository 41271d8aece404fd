"""The watch that `up` keeps itself: work that no worker takes up, and an upkeep that somebody paused.
Every other alert is a run, or found by upkeep; without a worker, or without upkeep, nobody would be told."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

from deployments.street import POOL, Street
from tasks.operations.alerts import Alarm
from tasks.operations.seeing.steps import switched_off
from tasks.operations.upkeep import Fault
from tasks.operations.waiting.steps import ask
from tasks.shared import opening

MISSING = "worker-missing"
"""The code of its alert. Upkeep closes it: that it runs means that there is a worker."""
MOST_SECONDS = 30.0
"""Between two looks."""


class Watching:
    """Looks turn by turn whether runs wait for a worker longer than they may."""

    def __init__(self, street: Street, now: Callable[[], float] = time.monotonic) -> None:
        self._late = street.settings.operations.late_seconds
        self._settings = street.settings
        self._journal = opening.journal(street.settings)
        # a worker that is being started takes up first what fell due while all was off
        self._now, self._next = now, now() + 2 * self._late

    def turn(self) -> None:
        """Tell that work lies undone. A server that does not answer is asked again the next turn."""
        if self._now() < self._next:
            return
        self._next = self._now() + min(MOST_SECONDS, self._late)
        try:
            if waiting := undone(self._late):
                self._tell(_missing(waiting))
            for run in stuck(3 * self._settings.operations.dead_seconds):
                ask(f"/flow_runs/{run['id']}/set_state", {"state": _GIVEN_UP, "force": True})
            for one in switched_off(_upkeep(), self._settings):
                self._tell(one)
        except Exception as wrong:
            print(f"Whether work lies undone cannot be seen: {wrong}", file=sys.stderr, flush=True)

    def _tell(self, fault: Fault) -> None:
        alarm = Alarm(self._journal, opening.content(self._settings), self._settings, "operations")
        if alarm.raise_(*fault.key, fault.text, fault.next):
            print(fault.text, file=sys.stderr, flush=True)
            alarm.deliver()


def _missing(waiting: list[dict[str, Any]]) -> Fault:
    since = waiting[0]["expected_start_time"][:16].replace("T", " ")
    next_ = "continuity up --part worker, where work is done; worker-continuity.log says more"
    return Fault(MISSING, "", next_, count=len(waiting), since=since)


def _upkeep() -> list[dict[str, Any]]:
    return ask("/deployments/filter", {"deployments": {"name": {"any_": ["upkeep"]}}})


_GIVEN_UP = {"type": "CRASHED", "name": "Crashed",
             "message": "Its worker died before it began. Nothing was done; run it again."}  # fmt: skip


def stuck(seconds: float) -> list[dict[str, Any]]:
    """Runs that a worker took up and never began, since it died then: they give no sign of life that
    could end, and hold their deployment's only place, so that every later run is turned away."""
    before = datetime.now(UTC) - timedelta(seconds=seconds)
    found = ask("/flow_runs/filter", {"flow_runs": {"state": {"type": {"any_": ["PENDING"]}}}})
    return [
        run
        for run in found
        if run["deployment_id"] and datetime.fromisoformat(run["state"]["timestamp"]) < before
    ]


def undone(late: float) -> list[dict[str, Any]]:
    """Runs of the house's pool that the server calls late, and that are so twice over: a worker
    which is merely busy takes them up meanwhile. Oldest first."""
    before = (datetime.now(UTC) - timedelta(seconds=2 * late)).isoformat()
    wanted = {
        "flow_runs": {
            "state": {"name": {"any_": ["Late"]}},
            "expected_start_time": {"before_": before},
        },
        "work_pools": {"name": {"any_": [POOL]}},
        "sort": "EXPECTED_START_TIME_ASC",
        "limit": 200,
    }
    return ask("/flow_runs/filter", wanted)
