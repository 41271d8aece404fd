"""What every command of `continuity incident` needs."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from tasks.desk.context import desk

if TYPE_CHECKING:
    from tasks.incident.office import Office

Json = Annotated[bool, typer.Option("--json")]
Note = Annotated[
    str, typer.Option(help="What happened, in a sentence fit for others: notices quote it.")
]
At = Annotated[str, typer.Option("--at", help="When, if not now: 2026-11-24T08:03-05:00.")]
Reference = Annotated[str, typer.Option(help="CBP's reference, or the officer who said so.")]
Evidence = Annotated[
    list[Path] | None, typer.Option("--evidence", help="A file that proves it; may repeat.")
]


def room() -> Office:
    """The incident room of this home."""
    from tasks.incident.office import Office

    return Office(desk.journal, desk.content, desk.vault, desk.settings)


def paths(given: Iterable[Path] | None) -> tuple[Path, ...]:
    return tuple(path.absolute() for path in given or ())
