"""CBP's printed examples of `tests/data/catair/examples.txt`, by name."""

from __future__ import annotations

from functools import cache
from pathlib import Path

FILE = Path(__file__).parent.parent / "data" / "catair" / "examples.txt"


@cache
def examples() -> dict[str, tuple[str, ...]]:
    """Name -> records of 80 characters."""
    found = {}
    for part in FILE.read_text(encoding="utf-8").split("\n== ")[1:]:
        head, *lines = part.splitlines()
        name = head.partition(" | ")[0]
        found[name] = tuple(line.ljust(80)[:80] for line in lines if line)
    return found


def data(name: str) -> bytes:
    return "".join(examples()[name]).encode("ascii")
