"""`continuity screen lists`: the lists that partners are held against, and how old they are."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from tasks.cli.context import Json, invocation, print_table, print_text
from tasks.core.errors import BadInput, Refused

if TYPE_CHECKING:
    from tasks.core.errors import NotFetched
    from tasks.core.messages import Reason
    from tasks.screening.api import LoadedList

app = typer.Typer(no_args_is_help=True, help="The lists, and how old they are.")


@app.command()
def update(
    folder: Annotated[Path | None, typer.Argument(help="Folder with list files.")] = None,
    from_publishers: Annotated[
        bool, typer.Option("--download", help="Fetch from the addresses of the settings.")
    ] = False,
    as_of: Annotated[str, typer.Option(help="The day the files are of (ISO), if no name says so.")] = "",
    accept: Annotated[list[str] | None, typer.Option("--accept", help="Take this list in spite of faults.")] = None,
    reason: Annotated[str, typer.Option(help="Why, with --accept.")] = "",
    as_json: Json = False,
) -> None:
    """Load lists from a folder, or fetch them. A damaged list, or one with fewer records than a whole
    list has, is refused; the old one stays.

    Exit 1 if a list was refused or could not be fetched."""
    from tasks.screening.api import ListIntake, download_lists, load_folder

    if (folder is None) == (not from_publishers):
        raise typer.BadParameter("give a folder, or --download")
    intake = ListIntake(invocation.actor, frozenset(accept or ()), reason, _day(as_of))
    missed: tuple[tuple[str, NotFetched], ...] = ()
    if folder is not None:
        loaded = load_folder(invocation.workspace, intake, folder)
    else:
        downloads = download_lists(invocation.workspace, intake)
        loaded, missed = list(downloads.loaded), downloads.missed
    _tell(loaded, missed, as_json)


def _tell(loaded: list[LoadedList], missed: tuple[tuple[str, NotFetched], ...], as_json: bool) -> None:
    from tasks.core.messages import reason_text
    from tasks.screening.api import refused_problems, shortfall_reason, update_rows

    faults = refused_problems(loaded)
    if as_json:
        facts = {
            "lists": update_rows(loaded, passed=True),
            "problems": [problem.as_dict() for problem in faults],
            "missed": [{"list": list_, **error.as_dict()} for list_, error in missed],
        }
        print(json.dumps(facts, indent=1, ensure_ascii=False))
        raise typer.Exit(1 if faults or missed else 0)
    print_table(update_rows(loaded), as_json=False, title="Lists")
    for loaded_list in loaded:
        for reason, count in loaded_list.left_out.items():
            print_text(f"  {loaded_list.list}: left out {count} {reason.text}")
    for loaded_list in loaded:
        if loaded_list.passed:
            print_text(
                f"NOT READ {', '.join(loaded_list.passed)}: {loaded_list.list} stands there too; the wholest, then the "
                "latest, was read. If that is wrong, give the right one a folder of its own"
            )
    unsure = [loaded_list.list for loaded_list in loaded if loaded_list.dated_by == "file time"]
    if unsure:
        print_text(
            f"{', '.join(unsure)}: dated by the file's own time, which a copy may have changed. Say "
            "--as-of DAY, or name the folder with the day"
        )
    for list_, error in missed:
        print_text(f"NOT FETCHED {list_}: {error}. The version in force stays.")
    if missed:
        print_text("Or save the files by a browser: continuity screen lists update FOLDER")
    for loaded_list in loaded:
        if loaded_list.short and loaded_list.state != "refused":
            short = reason_text(shortfall_reason(each) for each in loaded_list.short)
            print_text(f"NOT WHOLE {loaded_list.list}: it stays red and clears nobody: {short}")
    if any(loaded_list.state == "new" for loaded_list in loaded):
        print_text("Next: continuity screen run, which screens only what changed.")
    refused = [loaded_list.list for loaded_list in loaded if loaded_list.state == "refused"]
    if refused:
        print_text(
            f"REFUSED {', '.join(refused)}: what was in force before stays in force. If it is right as "
            f"it is: --accept {refused[0]} --reason ... --by a named person"
        )
        if any(loaded_list.short for loaded_list in loaded if loaded_list.state == "refused"):
            print_text(
                "A list below its floor stays red even so: partners without a hit are not screened, not "
                "clear. Load the publisher's whole list"
            )
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
    from tasks.screening.api import list_states

    rows = list_states(invocation.workspace.journal)
    if as_json:
        listed = [row | {"reason": _data(row["reason"])} for row in rows]
    else:
        listed = [row | {"reason": row["reason"] and row["reason"].text} for row in rows]
    print_table(listed, as_json=as_json, title="Lists in force")
    raise typer.Exit(1 if any(row["state"] == "red" for row in rows) else 0)


def _data(reason: Reason | None) -> dict[str, Any] | None:
    return reason.as_dict() if reason else None


def red_list_reasons() -> list[Reason]:
    """Why lists are red, and which."""
    from tasks.screening.api import red_lists

    return red_lists(invocation.workspace.journal)


def warn_of_lists() -> None:
    for reason in red_list_reasons():
        print_text(f"RED, nobody is cleared by these lists: {reason.text}")
