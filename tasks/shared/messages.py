"""The texts of errors, problems and reasons, by code, from `data/messages`: one file a package.

An error or a reason is `code = "text"`, a problem `code = { wrong = "...", right = "..." }`. A name in
braces is a value of the error; a colon after it a format, as in `{count:,}`.
"""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from functools import cache
from importlib.resources import files
from typing import Any


class Message:
    """Something to tell a person, as data: its `code` and its `values`. Decide by those, never by `text`."""

    def __init__(self, code: str, /, **values: object) -> None:
        self.code, self.values = code, values

    def __repr__(self) -> str:
        return f"Message({self.code!r}, {self.values!r})"

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Message) and vars(self) == vars(other)

    def __hash__(self) -> int:
        return hash((self.code, repr(self.values)))

    @property
    def text(self) -> str:
        """What a person reads."""
        return text(self.code, self.values)

    def as_dict(self) -> dict[str, object]:
        """For `--json`."""
        return {"code": self.code, "values": self.values}


def text(code: str, values: Mapping[str, object]) -> str:
    """The text of an error or a finding. A code without one is shown with its values, so that nothing is
    hidden."""
    found = catalog().get(code)
    if isinstance(found, dict):
        return "; ".join(filter(None, problem(code, values)))
    return _filled(found, code, values) if isinstance(found, str) else _bare(code, values)


def problem(code: str, values: Mapping[str, object]) -> tuple[str, str]:
    """What is wrong, and what would be right (empty if nothing is stated)."""
    found = catalog().get(code)
    if not isinstance(found, dict):
        return text(code, values), ""
    return (
        _filled(found.get("wrong", ""), code, values),
        _filled(found.get("right", ""), code, values),
    )


@cache
def catalog() -> dict[str, Any]:
    """Every text by its code. Raises ValueError if two packages use one code."""
    entries: dict[str, Any] = {}
    folder = files("continuity_data") / "messages"
    for path in sorted(folder.iterdir(), key=lambda path: path.name):
        own = tomllib.loads(path.read_text(encoding="utf-8"))
        if twice := entries.keys() & own.keys():
            raise ValueError(f"messages of {path.name} that another file has: {sorted(twice)}")
        entries |= own
    return entries


def _filled(template: str, code: str, values: Mapping[str, object]) -> str:
    try:
        return template.format_map(values)
    except (KeyError, ValueError, IndexError):
        return _bare(code, values)


def _bare(code: str, values: Mapping[str, object]) -> str:
    return " ".join([code, *(f"{name}={value}" for name, value in values.items())])
