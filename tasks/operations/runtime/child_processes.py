"""The processes that `up` starts: each with its log, started again when it dies, ended with it."""

from __future__ import annotations

import ctypes
import signal
import subprocess
import sys
import time
from collections import deque
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

PATIENCE = 15.0
"""Seconds that a process has to end before it is killed."""
MOST, WITHIN = 5, 600.0
"""How often a process may die, within so many seconds, before `up` gives it up."""


@dataclass
class ChildProcess:
    """`python -m MODULE ...` with a log of its own; the log of the time before is kept beside it."""

    name: str
    command: list[str]
    environment: dict[str, str]
    folder: Path
    deaths: deque[float] = field(default_factory=deque[float])
    _process: subprocess.Popen[bytes] | None = None

    @property
    def log(self) -> Path:
        return self.folder / f"{self.name}.log"

    @property
    def pid(self) -> int:
        return self._process.pid if self._process else 0

    def start(self) -> None:
        if self.log.is_file():
            self.log.replace(self.log.with_suffix(".log.1"))
        with self.log.open("wb") as log:
            self._process = subprocess.Popen[bytes](
                [sys.executable, "-m", *self.command],
                env=self.environment,
                cwd=self.folder,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                **_session_options(),
            )

    def died(self) -> int | None:
        """Its exit code if it ended, else None."""
        return self._process.poll() if self._process else None

    def revive(self) -> bool:
        """Start it again. False if it died too often of late."""
        now = time.monotonic()
        self.deaths.append(now)
        while self.deaths and now - self.deaths[0] > WITHIN:
            self.deaths.popleft()
        if len(self.deaths) > MOST:
            return False
        self.start()
        return True

    def ask_to_end(self) -> None:
        if self._process and self._process.poll() is None:
            self._process.send_signal(_END)

    def end(self, until: float) -> None:
        """Wait for its end until then, by `time.monotonic`; after that it is killed."""
        if self._process is None:
            return
        try:
            self._process.wait(max(0.1, until - time.monotonic()))
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()

    def last_log_lines(self, lines: int = 15) -> str:
        try:
            text = self.log.read_text(encoding="utf-8", errors="replace")
        except OSError:
            return ""
        return "\n".join(text.splitlines()[-lines:])


def end_all(children: list[ChildProcess]) -> None:
    """End them, the last started first: a worker tells the server of its runs while that still is."""
    for child in reversed(children):
        child.ask_to_end()
        child.end(time.monotonic() + PATIENCE)


_OF_ITS_OWN: dict[str, Any]
if sys.platform == "win32":
    _END = signal.CTRL_BREAK_EVENT

    def _session_options() -> dict[str, Any]:
        return {"creationflags": subprocess.CREATE_NEW_PROCESS_GROUP}

else:
    _END = signal.SIGTERM
    _LINUX = ctypes.CDLL(None) if sys.platform == "linux" else None
    _PR_SET_PDEATHSIG = 1

    def _prepare_child() -> None:
        # a child of a shell's background job would ignore it, and could then not be ended
        signal.signal(signal.SIGINT, signal.SIG_DFL)
        # without `up` nobody relays news or keeps watch, and the next `up` would be a second server
        # on the same database
        if _LINUX:
            _LINUX.prctl(_PR_SET_PDEATHSIG, _END)

    def _session_options() -> dict[str, Any]:
        # a session of its own: Ctrl-C reaches `up` alone, which ends them in their order
        return {"start_new_session": True, "preexec_fn": _prepare_child}
