"""What runs next, said once after the start."""

from __future__ import annotations

import asyncio
import sys
import time
from datetime import datetime

from deployments import carry
from tasks.shared.settings import Settings

SCHEDULE_SECONDS = 90


class Schedules:
    """Says once what runs next; or, if something is not scheduled in time, that it does not fire."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._until = time.monotonic() + SCHEDULE_SECONDS
        self._said = False

    def turn(self) -> None:
        if self._said:
            return
        try:
            found = asyncio.run(carry.next_runs())
        except Exception as wrong:  # the server may be starting again
            print(f"What runs next cannot be read: {wrong}", file=sys.stderr)
            return
        missing = carry.scheduled(self._settings) - {name for _, name in found}
        self._said = not missing or time.monotonic() > self._until
        if self._said:
            self._say(found, missing)

    def _say(self, found: list[tuple[datetime, str]], missing: set[str]) -> None:
        print("Runs next:", flush=True)
        for when, name in found:
            print(f"  {when:%Y-%m-%d %H:%M} UTC  {name}", flush=True)
        if missing:
            print(f"Not scheduled: {', '.join(sorted(missing))}. Schedules do not fire; check the "
                  "versions: continuity up --check", file=sys.stderr, flush=True)  # fmt: skip
