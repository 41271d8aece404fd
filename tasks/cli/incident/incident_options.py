"""What every command of `continuity incident` needs."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, cast

import typer

from tasks.cli.context import Json as Json, invocation

if TYPE_CHECKING:
    from tasks.workspace import Workspace


def refuse_ssn(texts: str | list[str] | None) -> str | list[str] | None:
    """Words that a person gives. Raises BadInput for a Social Security number among them."""
    from tasks.core.errors import BadInput
    from tasks.core.ssn import holds_ssn

    if holds_ssn(texts if isinstance(texts, str) else " ".join(texts or ())):
        raise BadInput("ssn-in-fact")
    return texts


Note = Annotated[
    str, typer.Option(help="What happened, in a sentence fit for others: notices quote it.", callback=refuse_ssn)
]
At = Annotated[str, typer.Option("--at", help="When, if not now: 2026-11-24T08:03-05:00.")]
Reference = Annotated[str, typer.Option(help="CBP's reference, or the officer who said so.", callback=refuse_ssn)]
Evidence = Annotated[list[Path] | None, typer.Option("--evidence", help="A file that proves it; may repeat.")]


def incident_workspace() -> Workspace:
    """The incident room of this home."""

    return invocation.workspace


def plain_rows(rows: Iterable[dict[str, Any]]) -> list[dict[str, Any]]:
    """The rows of a table: lists and yes or no in words."""
    return [{name: _cell(value) for name, value in row.items()} for row in rows]


def _cell(value: Any) -> Any:
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, dict):
        return " ".join(str(part) for part in cast(dict[str, Any], value).values() if part)
    if isinstance(value, list | tuple):
        return ", ".join(str(_cell(part)) for part in cast(Iterable[Any], value))
    return value


def absolute_paths(paths: Iterable[Path] | None) -> tuple[Path, ...]:
    return tuple(path.absolute() for path in paths or ())
