"""Starts the drill in a process of its own, with a home of its own, and nothing from outside."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from pathlib import Path

from tasks.core import clock
from tasks.core.errors import Refused

QUIET = {
    "DO_NOT_TRACK": "1",
    "PREFECT_SERVER_ANALYTICS_ENABLED": "false",
    "PREFECT_SERVER_EPHEMERAL_ENABLED": "true",
    "PREFECT_SERVER_EPHEMERAL_STARTUP_TIMEOUT_SECONDS": "60",
    "PREFECT_LOGGING_LEVEL": "WARNING",
    "PREFECT_LOGGING_SERVER_LEVEL": "ERROR",
    "PREFECT_LOGGING_TO_API_ENABLED": "false",
    "PREFECT_CLI_PROMPT": "false",
    # None of these services does anything for a run that begins and ends here.
    **{
        f"PREFECT_SERVER_SERVICES_{name}_ENABLED": "false"
        for name in ("SCHEDULER", "LATE_RUNS", "TRIGGERS", "FOREMAN", "CANCELLATION_CLEANUP")
    },
}


def run_drill(out: Path | None, *, home: Path | None = None, here: bool = False) -> int:
    """Run the drill; returns its exit code. `home`: where the made-up brokerage stays, to go on
    playing with; without one it is gone afterwards. `here` keeps PREFECT_* and CONTINUITY_* as they
    are, so that a running server shows the run. Raises Refused for a home that exists."""
    if home and home.exists():
        raise Refused("drill-home-already-exists", home=home)
    target = (out or Path(f"drill-{clock.stamp()}")).absolute()
    with tempfile.TemporaryDirectory(prefix="continuity-drill-") as scratch:
        command = [sys.executable, "-m", "tasks.drill", "--home", str((home or Path(scratch, "home")).absolute())]
        return subprocess.run(
            [*command, "--out", str(target)], env=drill_environment(Path(scratch), here=here), check=False
        ).returncode


def drill_environment(scratch: Path, *, here: bool = False) -> dict[str, str]:
    """The environment of the drill's process."""
    if here:
        return dict(os.environ)
    environment = {
        name: value for name, value in os.environ.items() if not name.startswith(("CONTINUITY_", "PREFECT_"))
    }
    return {**environment, **QUIET, "PREFECT_HOME": str(scratch / "prefect"), "PYTHONUNBUFFERED": "1"}
