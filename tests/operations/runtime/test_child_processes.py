from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tasks.operations.runtime import child_processes
from tasks.operations.runtime.child_processes import ChildProcess, end_all

# answers on the test's modules: `python -m tests.operations.runtime.sleeper`
SLEEPER = "tests.operations.runtime.sleeper"


def child(folder: Path, *words: str) -> ChildProcess:
    made = ChildProcess("sleeper", [SLEEPER, *words], dict(os.environ), folder)
    made.environment["PYTHONPATH"] = str(Path(__file__).parents[3])
    return made


def wait_for(what: str, one: ChildProcess) -> None:
    until = time.monotonic() + 30
    while what not in one.last_log_lines():
        assert time.monotonic() < until, one.last_log_lines()
        time.sleep(0.02)


def test_it_is_started_again_and_its_log_of_before_is_kept(tmp_path: Path) -> None:
    one = child(tmp_path)
    one.start()
    wait_for("asleep", one)
    first = one.pid
    os.kill(first, signal.SIGKILL)
    while one.died() is None:
        time.sleep(0.02)
    assert one.died() == -signal.SIGKILL and one.revive() and one.pid != first
    wait_for("asleep", one)
    assert "asleep" in (tmp_path / "sleeper.log.1").read_text()
    end_all([one])
    assert one.died() is not None


def test_what_dies_again_and_again_is_given_up(tmp_path: Path) -> None:
    one = child(tmp_path, "die")
    one.start()
    revived = [one.revive() for _ in range(child_processes.MOST + 1)]
    assert revived == [True] * child_processes.MOST + [False]
    end_all([one])


def test_what_does_not_listen_is_killed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(child_processes, "PATIENCE", 0.5)
    one = child(tmp_path, "deaf")
    one.start()
    wait_for("asleep", one)
    end_all([one])
    assert one.died() == -signal.SIGKILL


def test_they_end_with_an_up_that_is_killed(tmp_path: Path) -> None:
    """Or server and worker would go on without relay and watch, and the next `up` beside them."""
    code = (
        "import os, signal, sys, pathlib; from tests.operations.runtime.test_child_processes import *;"
        "one = child(pathlib.Path(sys.argv[1])); one.start(); wait_for('asleep', one);"
        "print(one.pid, flush=True); os.kill(os.getpid(), signal.SIGKILL)"
    )
    said = subprocess.run(
        [sys.executable, "-c", code, str(tmp_path)],
        capture_output=True, text=True, cwd=Path(__file__).parents[3],
    )  # fmt: skip
    assert said.returncode == -signal.SIGKILL, said.stderr
    until = time.monotonic() + 30
    while _lives(int(said.stdout)):
        assert time.monotonic() < until
        time.sleep(0.02)


def _lives(pid: int) -> bool:
    try:
        words = Path(f"/proc/{pid}/cmdline").read_bytes()
    except OSError:
        return False
    return SLEEPER.encode() in words
