"""`continuity screen lists`: the lists that partners are held against, and how old they are."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from tasks.desk.context import Json, desk, say, show
from tasks.shared.errors import BadInput, Refused

if TYPE_CHECKING:
    from tasks.screening.lists.loading import Loaded
    from tasks.workspace import Workspace

app = typer.Typer(no_args_is_help=True, help="The lists, and how old they are.")


def house() -> Workspace:

    return desk.workspace


@app.command()
def update(
    folder: Annotated[Path | None, typer.Argument(help="Folder with list files.")] = None,
    from_publishers: Annotated[
        bool, typer.Option("--download", help="Fetch from the addresses of the settings.")
    ] = False,
    as_of: Annotated[
        str, typer.Option(help="The day the files are of (ISO), if no name says so.")
    ] = "",
    accept: Annotated[
        list[str] | None, typer.Option("--accept", help="Take this list in spite of faults.")
    ] = None,
    reason: Annotated[str, typer.Option(help="Why, with --accept.")] = "",
    as_json: Json = False,
) -> None:
    """Load lists from a folder, or fetch them. A damaged list, or one with fewer records than a whole
    list has, is refused; the old one stays.

    Exit 1 if a list was refused or could not be fetched."""
    from tasks.screening import updating
    from tasks.screening.lists.loading import Book, load_folder

    if (folder is None) == (not from_publishers):
        raise typer.BadParameter("give a folder, or --download")
    chosen = frozenset(accept or ())
    book = Book(
        desk.workspace.journal, desk.workspace.content, desk.actor, chosen, reason, _day(as_of)
    )
    missed: tuple[tuple[str, str], ...] = ()
    if folder is not None:
        loaded = load_folder(book, folder)
    else:
        done = updating.download(house(), book)
        loaded, missed = list(done.loaded), done.missed
    _tell(loaded, missed, as_json)


def _tell(loaded: list[Loaded], missed: tuple[tuple[str, str], ...], as_json: bool) -> None:
    from tasks.screening import updating
    from tasks.screening.lists import floors

    faults = updating.problems(loaded)
    if as_json:
        told = {
            "lists": updating.rows(loaded, passed=True),
            "problems": [problem.as_dict() for problem in faults],
            "missed": [{"list": list_, "why": why} for list_, why in missed],
        }
        print(json.dumps(told, indent=1, ensure_ascii=False))
        raise typer.Exit(1 if faults or missed else 0)
    show(updating.rows(loaded), as_json=False, title="Lists")
    for one in loaded:
        for reason, count in (one.left_out or {}).items():
            say(f"  {one.list}: left out {count} {reason}")
    for one in loaded:
        if one.passed:
            say(f"NOT READ {', '.join(one.passed)}: {one.list} stands there too; the wholest, then the "
                "latest, was read. If that is wrong, give the right one a folder of its own")  # fmt: skip
    unsure = [one.list for one in loaded if one.dated_by == "file time"]
    if unsure:
        say(f"{', '.join(unsure)}: dated by the file's own time, which a copy may have changed. Say "
            "--as-of DAY, or name the folder with the day")  # fmt: skip
    for list_, why in missed:
        say(f"NOT FETCHED {list_}: {why}. The version in force stays.")
    if missed:
        say("Or save the files by a browser: continuity screen lists update FOLDER")
    for one in loaded:
        if one.short and one.state != "refused":
            say(f"NOT WHOLE {one.list}: it stays red and clears nobody: {floors.brief(one.short)}")
    if any(one.state == "new" for one in loaded):
        say("Next: continuity screen run, which screens only what changed.")
    refused = [one.list for one in loaded if one.state == "refused"]
    if refused:
        say(f"REFUSED {', '.join(refused)}: what was in force before stays in force. If it is right as "
            f"it is: --accept {refused[0]} --reason ... --by a named person")  # fmt: skip
        if any(one.short for one in loaded if one.state == "refused"):
            say("A list below its floor stays red even so: partners without a hit are not screened, not "
                "clear. Load the publisher's whole list")  # fmt: skip
        raise Refused("lists-have-faults", faults, faults_count=len(faults))
    raise typer.Exit(1 if missed else 0)


def _day(text: str) -> str:
    from datetime import date

    try:
        return date.fromisoformat(text).isoformat() if text else ""
    except ValueError:
        raise BadInput("date-format-wrong", text=text) from None


@app.command()
def status(as_json: Json = False) -> None:
    """Version and age of each list. Exit 1 while one is red: screening does not rely on it."""
    from tasks.screening.lists.versions import standing

    rows = standing(desk.workspace.journal)
    show(rows, as_json=as_json, title="Lists in force")
    raise typer.Exit(1 if any(row["state"] == "red" for row in rows) else 0)


def red_lists() -> list[str]:
    """Why lists are red, and which."""
    from tasks.screening import watch

    return watch.red_lists(desk.workspace.journal)


def warn_of_lists() -> None:
    for why in red_lists():
        say(f"RED, nobody is cleared by these lists: {why}")
