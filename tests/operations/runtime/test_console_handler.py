"""A program that goes on when nobody reads any more what it says."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

SAYS = """
import logging, sys
sys.stdin.readline()
{how}
for _ in range(3):
    say("unheard")
open({mark!r}, "w").write("went on")
"""
LOG = """
from {module} import {name}
handler = {name}(stream=sys.stdout, styles={{}})
say = lambda text: handler.emit(logging.makeLogRecord({{"msg": text}}))
"""
STORY = """
from tasks.drill.exercise import DrillTranscript
say = DrillTranscript("title").line
"""


def _goes_on(how: str, folder: Path) -> bool:
    """Whether the program got to its end although the pipe it writes to was closed."""
    mark = folder / "mark"
    reading, writing = os.pipe()
    process = subprocess.Popen(
        [sys.executable, "-c", SAYS.format(how=how, mark=str(mark))], stdin=subprocess.PIPE,
        stdout=writing, stderr=subprocess.DEVNULL, text=True,
    )  # fmt: skip
    os.close(writing)
    os.close(reading)
    process.communicate("go\n")
    return mark.exists()


def test_a_log_that_nobody_reads_ends_nothing(tmp_path: Path) -> None:
    ours = LOG.format(module="tasks.operations.runtime.console_handler", name="SteadyConsole")
    theirs = LOG.format(module="prefect.logging.handlers", name="PrefectConsoleHandler")
    assert _goes_on(ours, tmp_path)
    (tmp_path / "other").mkdir()
    # the reason for it: should Prefect's own go on one day, ours can go
    assert not _goes_on(theirs, tmp_path / "other")


def test_a_story_that_nobody_reads_ends_nothing(tmp_path: Path) -> None:
    assert _goes_on(STORY, tmp_path)
