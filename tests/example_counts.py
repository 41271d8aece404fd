"""How many examples a property is tried with: a few each time, all of them where `TESTS_FULL` is set, as
`.ci/run` does for its long tier."""

from __future__ import annotations

import os

FULL = bool(os.environ.get("TESTS_FULL"))


def examples(full: int) -> int:
    """The full count, or a quarter of it in the fast tier."""
    return full if FULL else max(5, full // 4)
