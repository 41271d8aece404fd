"""The texts of errors, problems and reasons, by code, from `data/messages`: one file a package.

An error or a reason is `code = "text"`, a problem `code = { wrong = "...", right = "..." }`. A name in
braces is a value of the error; a colon after it a format, as in `{count:,}`.
"""

from __future__ import annotations

import tomllib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field as column
from functools import cache
from importlib.resources import files
from typing import Any, cast


@dataclass(frozen=True, init=False)
class Reason:
    """Why something is so, as data. Decide by its code and values, never by its text.

    `code` names its text; `subject` is what it is about (an entry, a contact, a list), `field` the
    value that it rests on, each empty where there is none. A value may be a reason, or a tuple or
    list of texts and reasons.
    """

    code: str
    subject: str = ""
    field: str = ""
    values: Mapping[str, Any] = column(default_factory=dict[str, Any], hash=False)

    def __init__(self, code: str, /, subject: str = "", field: str = "", **values: Any) -> None:
        self._set(code=code, subject=subject, field=field, values=values)

    def _set(self, **columns: object) -> None:
        for name, value in columns.items():
            object.__setattr__(self, name, value)  # the class is frozen

    def __str__(self) -> str:
        return self.text

    @property
    def text(self) -> str:
        """What a person reads; parts of a list are joined by semicolons if one is a reason, else by
        commas."""
        values = {name: _shown(value) for name, value in self.values.items()}
        return message_text(self.code, {"subject": self.subject, "field": self.field, **values})

    @property
    def facts(self) -> dict[str, Any]:
        """code, subject, field and values as JSON has them, reasons among the values in the same form:
        the same however the texts are worded."""
        return {
            "code": self.code,
            "subject": self.subject,
            "field": self.field,
            "values": {name: _data(value) for name, value in self.values.items()},
        }

    def as_dict(self) -> dict[str, Any]:
        """For `--json`: `facts` and `text`."""
        return {**self.facts, "text": self.text}


def reason_text(reasons: Iterable[Reason]) -> str:
    """All of them on a line."""
    return "; ".join(reason.text for reason in reasons)


def message_text(code: str, values: Mapping[str, object]) -> str:
    """The text of an error or a finding. A code without one is shown with its values, so that nothing is
    hidden."""
    entry = catalog().get(code)
    if isinstance(entry, dict):
        return "; ".join(filter(None, problem(code, values)))
    return _filled(entry, code, values) if isinstance(entry, str) else _bare(code, values)


def problem(code: str, values: Mapping[str, object]) -> tuple[str, str]:
    """What is wrong, and what would be right (empty if nothing is stated)."""
    entry = catalog().get(code)
    if not isinstance(entry, dict):
        return message_text(code, values), ""
    texts = cast("dict[str, str]", entry)
    return _filled(texts.get("wrong", ""), code, values), _filled(texts.get("right", ""), code, values)


@cache
def catalog() -> dict[str, Any]:
    """Every text by its code. Raises ValueError if two packages use one code."""
    entries: dict[str, Any] = {}
    folder = files("continuity_data") / "messages"
    for path in sorted(folder.iterdir(), key=lambda path: path.name):
        texts = tomllib.loads(path.read_text(encoding="utf-8"))
        if twice := entries.keys() & texts.keys():
            raise ValueError(f"messages of {path.name} that another file has: {sorted(twice)}")
        entries |= texts
    return entries


def _filled(template: str, code: str, values: Mapping[str, object]) -> str:
    try:
        return template.format_map(values)
    except (KeyError, ValueError, IndexError):
        return _bare(code, values)


def _bare(code: str, values: Mapping[str, object]) -> str:
    return " ".join([code, *(f"{name}={value}" for name, value in values.items() if value != "")])


def _shown(value: Any) -> Any:
    if isinstance(value, Reason):
        return value.text
    if isinstance(value, tuple | list):
        parts = cast("Sequence[Any]", value)
        separator = "; " if any(isinstance(part, Reason) for part in parts) else ", "
        return separator.join(str(_shown(part)) for part in parts)
    return value


def _data(value: Any) -> Any:
    if isinstance(value, Reason):
        return value.facts
    return [_data(part) for part in cast("Sequence[Any]", value)] if isinstance(value, tuple | list) else value
