"""The catalogue of duties: what ships in `data/duties.toml`, and the broker's own beside it."""

from __future__ import annotations

import datetime
import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from importlib.resources import files
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from tasks.core.errors import BadInput, Problem
from tasks.core.settings import Settings
from tasks.core.toml_lines import syntax_error_line, toml_line
from tasks.duties.duty_definition import Duty, DutyTable, Id, InconsistentDuty, Words
from tasks.duties.settings import DutySettings

OWN = "duties.toml"
SHIPPED = "data/duties.toml"


class OmittedDuty(DutyTable):
    """A shipped duty that this broker does not have, and why."""

    id: Id
    reason: Words


class _CatalogFile(DutyTable):
    title: str = ""
    source: str = ""
    dated: datetime.date | None = None
    duty: tuple[Duty, ...] = ()
    without: tuple[OmittedDuty, ...] = ()


@dataclass(frozen=True)
class DutyCatalog:
    """All duties by id, in their order, and those that were left out with the reason."""

    duties: Mapping[str, Duty]
    without: Mapping[str, str]

    def duty(self, name: str) -> Duty:
        """Raises BadInput for an id that is not in it."""
        if name in self.duties:
            return self.duties[name]
        known = ", ".join(self.duties)
        raise BadInput("duty-id-unknown", name=name, allowed=known)


def shipped_catalog() -> DutyCatalog:
    """What ships."""
    return merge_catalogs(_shipped(), _CatalogFile(), OWN, "")


def _shipped() -> _CatalogFile:
    text = (files("continuity_data") / "duties.toml").read_text(encoding="utf-8")
    return _read(text, SHIPPED)


def load_catalog(settings: Settings) -> DutyCatalog:
    """The shipped duties with the broker's own. Raises BadInput, naming every line at fault."""
    path = _own(settings)
    if path is None:
        return shipped_catalog()
    try:
        own = path.read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError) as wrong:
        problem = Problem(file=str(path), code="catalog-file-unreadable", values={"reason": wrong})
        raise BadInput("duty-catalog-unreadable", [problem]) from None
    return merge_catalogs(_shipped(), _read(own, str(path)), str(path), own)


def _own(settings: Settings) -> Path | None:
    if catalogue := settings(DutySettings).catalogue:
        return settings.home / catalogue
    path = settings.home / OWN
    return path if path.is_file() else None


def merge_catalogs(ours: _CatalogFile, own: _CatalogFile, name: str, text: str) -> DutyCatalog:
    """Both together. Raises BadInput for an id that stands twice or leaves out nothing."""
    duties = {duty.id: duty for duty in ours.duty}
    problems = [
        Problem(file=name, row=toml_line(text, ("without", place, "id")), value=one.id, code="omitted-duty-unknown")
        for place, one in enumerate(own.without)
        if one.id not in duties
    ]
    without = {one.id: one.reason for one in own.without}
    for place, duty in enumerate(own.duty):
        row = toml_line(text, ("duty", place, "id"))
        if duty.id in duties and not duty.replaces:
            problems.append(Problem(file=name, row=row, value=duty.id, code="duty-id-already-shipped"))
        if duty.id not in duties and duty.replaces:
            problems.append(Problem(file=name, row=row, value=duty.id, code="replaced-duty-unknown"))
        duties[duty.id] = duty
    if problems:
        raise _refused(problems)
    return DutyCatalog({name: duty for name, duty in duties.items() if name not in without}, without)


def _read(text: str, name: str) -> _CatalogFile:
    """One file. Raises BadInput with every fault and its line."""
    try:
        given = tomllib.loads(text)
    except tomllib.TOMLDecodeError as wrong:
        problem = Problem(
            file=name, row=syntax_error_line(text, str(wrong)), code="catalog-not-toml", values={"reason": wrong}
        )
        raise _refused([problem]) from None
    problems = list(_twice(given, text, name))
    try:
        read = _CatalogFile.model_validate(given)
    except ValidationError as wrong:
        problems += [one for fault in wrong.errors() for one in _problems(fault, text, name)]
        raise _refused(problems) from None
    if problems:
        raise _refused(problems)
    return read


def _refused(problems: list[Problem]) -> BadInput:
    """All faults, each with its line; a catalogue has lines, not a spreadsheet's rows."""
    placed = [
        replace(one, file=f"{one.file}, line {one.row}", row=0, values={**one.values, "line": one.row})
        for one in sorted(problems)
    ]
    return BadInput("duty-catalog-invalid", placed)


def _twice(given: dict[str, Any], text: str, name: str) -> Iterator[Problem]:
    seen: dict[str, int] = {}
    duties = given.get("duty")
    for place, duty in enumerate(duties if isinstance(duties, list) else []):
        key = str(duty.get("id", "")) if isinstance(duty, dict) else ""
        row = toml_line(text, ("duty", place, "id"))
        if key and key in seen:
            yield Problem(file=name, row=row, value=key, code="duty-id-duplicated", values={"seen": seen[key]})
        seen.setdefault(key, row)


def _problems(fault: Any, text: str, name: str) -> Iterator[Problem]:
    """What pydantic found at one place; our own checks can find several faults there."""
    column = ".".join(str(part) for part in fault["loc"] if not isinstance(part, int))
    value = fault["input"] if isinstance(fault["input"], str | int | float) else ""
    at = Problem(name, row=toml_line(text, fault["loc"]), column=column, value=str(value)[:60])
    error = fault.get("ctx", {}).get("error")
    if isinstance(error, InconsistentDuty):
        for message in error.faults:
            yield replace(at, code="catalog-duty-inconsistent", values={"fault": message.code, "reason": message.text})
    elif fault["type"] == "extra_forbidden":
        yield replace(at, code="catalog-key-unknown")
    else:
        yield replace(at, code="catalog-value-invalid", values={"type": fault["type"], "reason": fault["msg"]})
