"""The catalog of duties: what ships in `data/duties.toml`, and the broker's own beside it."""

from __future__ import annotations

import datetime
import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from importlib.resources import files
from pathlib import Path
from typing import Any, cast

from pydantic import ValidationError

from tasks.core.errors import BadInput, Problem
from tasks.core.files import syntax_error_line, toml_line
from tasks.core.settings import Settings
from tasks.duties.duty_definition import Duty, DutyId, DutyTable, InconsistentDuty, Text
from tasks.duties.settings import DutySettings

OWN_CATALOG_FILE = "duties.toml"
SHIPPED = "data/duties.toml"


class OmittedDuty(DutyTable):
    """A shipped duty that this broker does not have, and why."""

    id: DutyId
    reason: Text


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
        duty_ids = ", ".join(self.duties)
        raise BadInput("duty-id-unknown", name=name, allowed=duty_ids)


def shipped_catalog() -> DutyCatalog:
    """What ships."""
    return merge_catalogs(_shipped(), _CatalogFile(), OWN_CATALOG_FILE, "")


def _shipped() -> _CatalogFile:
    text = (files("continuity_data") / "duties.toml").read_text(encoding="utf-8")
    return _parse_catalog(text, SHIPPED)


def load_catalog(settings: Settings) -> DutyCatalog:
    """The shipped duties with the broker's own. Raises BadInput, naming every line at fault."""
    path = _own_catalog_path(settings)
    if path is None:
        return shipped_catalog()
    try:
        text = path.read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        problem = Problem(file=str(path), code="catalog-file-unreadable", values={"reason": error})
        raise BadInput("duty-catalog-unreadable", [problem]) from None
    return merge_catalogs(_shipped(), _parse_catalog(text, str(path)), str(path), text)


def _own_catalog_path(settings: Settings) -> Path | None:
    if catalogue := settings(DutySettings).catalogue:
        return settings.home / catalogue
    path = settings.home / OWN_CATALOG_FILE
    return path if path.is_file() else None


def merge_catalogs(shipped: _CatalogFile, own_catalog: _CatalogFile, name: str, text: str) -> DutyCatalog:
    """Both together. Raises BadInput for an id that is duplicated or leaves out nothing."""
    duties = {duty.id: duty for duty in shipped.duty}
    problems = [
        Problem(file=name, row=toml_line(text, ("without", index, "id")), value=omitted.id, code="omitted-duty-unknown")
        for index, omitted in enumerate(own_catalog.without)
        if omitted.id not in duties
    ]
    without = {omitted.id: omitted.reason for omitted in own_catalog.without}
    for index, duty in enumerate(own_catalog.duty):
        row = toml_line(text, ("duty", index, "id"))
        if duty.id in duties and not duty.replaces:
            problems.append(Problem(file=name, row=row, value=duty.id, code="duty-id-already-shipped"))
        if duty.id not in duties and duty.replaces:
            problems.append(Problem(file=name, row=row, value=duty.id, code="replaced-duty-unknown"))
        duties[duty.id] = duty
    if problems:
        raise _invalid_catalog(problems)
    return DutyCatalog({name: duty for name, duty in duties.items() if name not in without}, without)


def _parse_catalog(text: str, name: str) -> _CatalogFile:
    """One file. Raises BadInput with every fault and its line."""
    try:
        tables = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        problem = Problem(
            file=name, row=syntax_error_line(text, str(error)), code="catalog-not-toml", values={"reason": error}
        )
        raise _invalid_catalog([problem]) from None
    problems = list(_duplicated_ids(tables, text, name))
    try:
        catalog = _CatalogFile.model_validate(tables)
    except ValidationError as error:
        problems += [detail for fault in error.errors() for detail in _fault_problems(fault, text, name)]
        raise _invalid_catalog(problems) from None
    if problems:
        raise _invalid_catalog(problems)
    return catalog


def _invalid_catalog(problems: list[Problem]) -> BadInput:
    """All faults, each with its line in the file."""
    located = [
        replace(
            problem, file=f"{problem.file}, line {problem.row}", row=0, values={**problem.values, "line": problem.row}
        )
        for problem in sorted(problems)
    ]
    return BadInput("duty-catalog-invalid", located)


def _duplicated_ids(tables: dict[str, Any], text: str, name: str) -> Iterator[Problem]:
    first_rows: dict[str, int] = {}
    duties = tables.get("duty")
    for index, duty in enumerate(cast("list[Any]", duties) if isinstance(duties, list) else []):
        key = str(cast("dict[str, Any]", duty).get("id", "")) if isinstance(duty, dict) else ""
        row = toml_line(text, ("duty", index, "id"))
        if key and key in first_rows:
            yield Problem(file=name, row=row, value=key, code="duty-id-duplicated", values={"seen": first_rows[key]})
        first_rows.setdefault(key, row)


def _fault_problems(fault: Any, text: str, name: str) -> Iterator[Problem]:
    """The problems of one pydantic error; our own checks can report several in it."""
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
