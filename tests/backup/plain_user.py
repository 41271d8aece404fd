"""Commands of a user whom the modes of files bind: the tests run as root, whom they do not."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

_RIGHTS = "-dac_override,-dac_read_search"
_WITHOUT = ["setpriv", f"--bounding-set={_RIGHTS}", f"--inh-caps={_RIGHTS}"]
PREFIX = _WITHOUT if hasattr(os, "geteuid") and os.geteuid() == 0 else []


def plainly(*command: str) -> subprocess.CompletedProcess[str]:
    """Run a command without root's right to read what its mode forbids."""
    return subprocess.run([*PREFIX, *command], capture_output=True, text=True, timeout=300)


def continuity(home: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    """The command line, as its own process."""
    program = Path(sys.executable).parent / "continuity"
    return plainly(str(program), "--home", str(home), "--by", "it", *arguments)
