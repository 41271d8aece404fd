from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest


@pytest.fixture(scope="session")
def drilled(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, str]:
    """The folder that `continuity drill` leaves, and what it said. Run once a session."""
    out = tmp_path_factory.mktemp("drill") / "D"
    done = subprocess.run(
        [sys.executable, "-m", "tasks.desk.main", "drill", "--out", str(out)],
        capture_output=True,
        text=True,
        timeout=300,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return out, done.stdout + done.stderr
