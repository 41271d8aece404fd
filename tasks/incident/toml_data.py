"""Data that ships as TOML and that a broker can change by a file of her own, with the line of every
fault."""

from __future__ import annotations

import tomllib
from collections.abc import Iterable
from dataclasses import replace
from importlib.resources import files
from pathlib import Path
from typing import Annotated, Any, Literal, Protocol, TypeVar

from pydantic import BaseModel, ConfigDict, Field, ValidationError
from pydantic_core import PydanticCustomError

from tasks.core import messages
from tasks.core.errors import BadInput, Problem
from tasks.core.files import syntax_error_line, toml_line

Words = Annotated[str, Field(min_length=1, max_length=2000)]
Mark = Literal["P", "S", "W", "G"]
"""How sure a fact is: read in CBP's own text, secondary source, weak source, general knowledge."""


class TomlTable(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class NamedTomlTable(Protocol):
    @property
    def id(self) -> str: ...
    @property
    def replaces(self) -> bool: ...


_File = TypeVar("_File", bound=TomlTable)
_Item = TypeVar("_Item", bound=NamedTomlTable)


def toml_error(code: str, values: dict[str, Any]) -> PydanticCustomError:
    """What a validator of a table raises: `read` makes a problem of this code of it."""
    return PydanticCustomError(code, "{code}", {"code": code, **values})  # type: ignore[arg-type]


def shipped_text(name: str) -> str:
    """The text of a file of `data/incident`."""
    return files("continuity_data").joinpath("incident", name).read_text(encoding="utf-8")


def parse_table(text: str, name: str, model: type[_File]) -> _File:
    """A file in its shape. Raises BadInput with every fault and its line."""
    try:
        document = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        row = syntax_error_line(text, str(error))
        problem = Problem(file=name, row=row, code="toml-syntax-invalid", values={"reason": error})
        raise _refused([problem]) from None
    try:
        return model.model_validate(document)
    except ValidationError as wrong:
        raise _refused([_problem(fault, text, name) for fault in wrong.errors()]) from None


def own_text(path: Path) -> str:
    """The broker's own file, empty if there is none. Raises BadInput if it cannot be read."""
    if not path.is_file():
        return ""
    try:
        return path.read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        problem = Problem(file=str(path), code="toml-file-not-opened", values={"reason": error})
        raise BadInput("toml-file-unreadable", [problem]) from None


def merge_tables(
    ours: Iterable[_Item], replaced: Iterable[_Item], table: str, text: str, name: str
) -> dict[str, _Item]:
    """Both by id. Raises BadInput for an id that stands twice or replaces nothing."""
    items = {shipped.id: shipped for shipped in ours}
    problems, ids = list[Problem](), set[str]()
    for index, entry in enumerate(replaced):
        row = toml_line(text, (table, index, "id"))
        if entry.id in ids or (entry.id in items and not entry.replaces):
            problems.append(Problem(file=name, row=row, value=entry.id, code="toml-id-duplicated"))
        if entry.replaces and entry.id not in items:
            problems.append(Problem(file=name, row=row, value=entry.id, code="replaced-id-unknown"))
        ids.add(entry.id)
        items[entry.id] = entry
    if problems:
        raise _refused(problems)
    return items


def _refused(problems: list[Problem]) -> BadInput:
    placed = [replace(problem, file=f"{problem.file}, line {problem.row}", row=0) for problem in sorted(problems)]
    return BadInput("toml-file-invalid", placed)


def _problem(fault: Any, text: str, name: str) -> Problem:
    column = ".".join(str(part) for part in fault["loc"] if not isinstance(part, int))
    value = fault["input"] if isinstance(fault["input"], str | int | float) else ""
    at = Problem(file=name, row=toml_line(text, fault["loc"]), column=column, value=str(value)[:60])
    if fault["type"] == "extra_forbidden":
        return replace(at, code="toml-key-unknown")
    if isinstance(fault["type"], str) and fault["type"] in messages.catalog():
        return replace(at, code=fault["type"], values=fault.get("ctx", {}))
    return replace(at, code="toml-value-invalid", values={"reason": fault["msg"]})
