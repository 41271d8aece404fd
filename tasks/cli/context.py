"""What every command needs: the home folder, the settings, the book, who acts, how to speak."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Generator, Iterable, Mapping, Sequence
from contextlib import contextmanager
from datetime import date, datetime
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from tasks.core.errors import BadInput, ContinuityError, NotApproved

if TYPE_CHECKING:
    from tasks.workspace import Workspace

Json = Annotated[bool, typer.Option("--json", help="Print JSON, for programs.")]
Force = Annotated[bool, typer.Option("--force", help="Write over a file that somebody may have worked on.")]


class Invocation:
    """One run of the command line. Opens each part only when a command asks for it."""

    def __init__(self) -> None:
        self.given_home: Path | None = None
        self.given_actor = ""

    @property
    def home(self) -> Path:
        from tasks.core.settings import home_folder

        return home_folder(self.given_home)

    @cached_property
    def workspace(self) -> Workspace:
        from tasks.workspace import Workspace

        return Workspace.open(self.home)

    def numbers(self, texts: Iterable[str]) -> list[str]:
        """Entry numbers as the book writes them, by our filer's check-digit factor. Raises BadNumber
        for the first that is none."""
        from tasks.core.settings import BrokerSettings
        from tasks.entries.api import NumberSettings, parse_entry_number

        offsets = {
            self.workspace.settings(BrokerSettings).filer_code: self.workspace.settings(
                NumberSettings
            ).check_digit_offset
        }
        return [str(parse_entry_number(text, offsets=offsets)) for text in texts]

    def number(self, text: str) -> str:
        """One of them."""
        return self.numbers([text])[0]

    @property
    def actor(self) -> str:
        """Who acts. Raises BadInput if nobody is named."""
        actor = self.given_actor or os.environ.get("CONTINUITY_ACTOR", "")
        if not actor:
            raise BadInput("actor-missing")
        return actor


invocation = Invocation()


def parse_day(text: str) -> date:
    """`2026-11-24`. Raises BadInput for anything else."""
    try:
        return datetime.strptime(text, "%Y-%m-%d").date()
    except ValueError:
        raise BadInput("day-invalid", text=text) from None


def print_text(text: str = "") -> None:
    """Plain words to the person at the desk, as they are: `:b:` in a file's name is no picture."""
    from rich.console import Console

    Console(highlight=False, soft_wrap=True, emoji=False).print(text, markup=False)


def print_table(rows: Sequence[Mapping[str, Any]], *, as_json: bool, title: str = "") -> None:
    """A listing: a table for a person, or JSON for a script."""
    if as_json:
        print(json.dumps(list(rows), indent=1, ensure_ascii=False, default=str))
        return
    from rich.console import Console
    from rich.markup import escape
    from rich.table import Table

    title = _marked(title)
    if not rows:
        print_text(f"{title}: none" if title else "none")
        return
    table = Table(title=title or None, title_justify="left")
    for name in rows[0]:
        label = str(name).replace("_", " ")
        table.add_column(label, overflow="fold", no_wrap=label == "number")
    for row in rows:
        table.add_row(*("" if value is None else escape(str(value)) for value in row.values()))
    width = None if sys.stdout.isatty() else 140
    Console(highlight=False, width=width, emoji=False).print(table)


def print_files(paths: Iterable[Path], *, as_json: bool, **counts: Any) -> None:
    """What was written: a line a file for a person; for a script an object with `counts`, and each
    file's full name, size in bytes and SHA-256 under `files`."""
    if not as_json:
        for path in paths:
            print_text(str(path))
        return
    from tasks.core.files import digest_of

    listed = [{"file": str(path), "size": path.stat().st_size, "sha256": digest_of(path)} for path in paths]
    print(json.dumps({**counts, "files": listed}, indent=1, ensure_ascii=False, default=str))


def print_result(as_json: bool, text: str, **facts: Any) -> None:
    """What an act did: in words for a person, or its facts for a script."""
    if as_json:
        print(json.dumps(facts, indent=1, ensure_ascii=False))
    else:
        print_text(text)


@contextmanager
def report_waiting_plan(as_json: bool) -> Generator[None]:
    """Tells a script which plan an act waits for: {"waiting": digest}. A person reads it in the error."""
    try:
        yield
    except NotApproved as waits:
        if as_json:
            print_result(True, "", waiting=waits.plan)
        raise


def _marked(title: str) -> str:
    """A drill's listings say so, as everything of a drill does; only a book that is open is asked."""
    parts = vars(invocation)
    opened = "workspace" in parts and "journal" in vars(parts["workspace"]) and invocation.workspace.drill
    return f"DRILL: {title}" if opened and title and "DRILL" not in title else title


def print_error(error: ContinuityError, *, as_json: bool = False) -> int:
    """Print an error on standard error, as one line of JSON for a script: standard output may hold the
    result of what was done before. Returns the exit code."""
    text = json.dumps(error.as_dict(), default=str) if as_json else str(error)
    print(text, file=sys.stderr)
    return error.exit_code
