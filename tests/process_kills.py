"""`kill -9` at a random moment: runs a command in a child forked from one pre-imported process.

The kill points come from a printed seed, so that a failure can be run again:
`CONTINUITY_CRASH_SEED=123 pytest ...` (read before the tests clear the environment).
"""

from __future__ import annotations

import multiprocessing
import os
import random
import signal
import time
from collections.abc import Callable
from dataclasses import dataclass

SEED = int(os.environ.get("CONTINUITY_CRASH_SEED", random.randrange(1 << 30)))
KILLED = -signal.SIGKILL
_CONTEXT = multiprocessing.get_context("forkserver")
_CONTEXT.set_forkserver_preload(
    [
        "tasks.cli.main",
        "tasks.entries.record.entry_recording",
        "tasks.entries.workbook.file_intake",
        "tasks.entries.workbook.annotation",
        "tasks.reconciliation.cycle_stages",
        "tasks.reconciliation.sending.batch_writing",
        "tests.reconciliation.ace_exchange",
        "tasks.opening",
        "tasks.security.people",
        "tasks.duties.reminder_letters",
    ]
)


def _command(arguments: list[str]) -> None:
    """What the child does: one command line, quietly."""
    from tasks.cli.main import run

    sink = os.open(os.environ.get("CRASH_LOG", os.devnull), os.O_WRONLY | os.O_CREAT | os.O_APPEND)
    os.dup2(sink, 1)
    os.dup2(sink, 2)
    run(arguments)


@dataclass
class Crashes:
    """How many runs were killed, and how many ended before the blow."""

    killed: int = 0
    finished: int = 0


def undisturbed(arguments: list[str]) -> float:
    """Seconds that the command takes when nobody kills it. Fails the test if it does not exit 0."""
    # The first child also waits for the imports of the process that it is forked from.
    first = _CONTEXT.Process(target=len, args=("",))
    first.start()
    first.join(120)
    child = _CONTEXT.Process(target=_command, args=(arguments,))
    began = time.monotonic()
    child.start()
    child.join(120)
    assert child.exitcode == 0, f"{arguments} ended with {child.exitcode}"
    return time.monotonic() - began


def storm(
    times: int, command: Callable[[int], list[str]], after: Callable[[int], None], *, seconds: float, name: str
) -> Crashes:
    """Run `command(turn)` and kill it within `seconds`, `times` over; `after(turn)` looks each time.

    `seconds` is how long the command takes undisturbed, so that the blows fall all over it.
    """
    print(f"\n{name}: seed {SEED}, {times} blows within {seconds:.2f} s")
    chance = random.Random(f"{SEED}/{name}")
    seen = Crashes()
    for turn in range(times):
        began = time.monotonic()
        if struck(_command, (command(turn),), chance.uniform(0, seconds)) == KILLED:
            seen.killed += 1
        else:
            seen.finished += 1
            # measured on a busy moment, most of the blows would fall after the end
            seconds = min(seconds, time.monotonic() - began)
        after(turn)
    return seen


def struck(target: Callable[..., None], given: tuple, seconds: float) -> int | None:
    """Run `target(*given)` in a child and kill it after `seconds`; its exit code, KILLED if the
    blow came in time."""
    child = _CONTEXT.Process(target=target, args=given)
    child.start()
    child.join(seconds)
    if child.is_alive() and child.pid:
        os.kill(child.pid, signal.SIGKILL)
    child.join(120)
    return child.exitcode
