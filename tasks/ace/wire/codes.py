"""Code lists of the chapters, from `data/ace/codes.csv`: set, codes, source."""

from __future__ import annotations

import csv
from functools import cache
from importlib.resources import files


def codes(name: str) -> tuple[str, ...]:
    """The codes of a set. Raises KeyError for a set that is not in the table."""
    return _sets()[name]


@cache
def _sets() -> dict[str, tuple[str, ...]]:
    text = (files("continuity_data") / "ace" / "codes.csv").read_text(encoding="utf-8")
    return {row["set"]: tuple(row["codes"].split()) for row in csv.DictReader(text.splitlines())}
