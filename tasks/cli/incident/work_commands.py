"""`continuity incident work`: what was open when the systems went down."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from tasks.cli.context import Json, invocation, print_table, print_text
from tasks.cli.incident.incident_options import (
    At,
    Evidence,
    Reference,
    absolute_paths,
    incident_workspace,
    plain_rows,
    refuse_ssn,
)

if TYPE_CHECKING:
    from tasks.workspace import Workspace

app = typer.Typer(no_args_is_help=True, help="The hour-zero list: open work, its clocks, its end.")


def add_to(group: typer.Typer) -> None:
    group.add_typer(app, name="work")


def take_exports(
    workspace: Workspace, *, accept_clean: bool = False, quiet: bool = False, as_json: bool = False
) -> bool:
    """Take the exports and say what became of each; whether all of it was taken."""
    from tasks.core import clock
    from tasks.incident.api import load_exports

    results = load_exports(workspace, invocation.actor, accept_clean=accept_clean)
    if as_json:
        print_table(
            [
                {
                    "file": result.file,
                    "as_of": clock.text(result.as_of),
                    "items": result.items,
                    "left_out": result.left,
                    "problems": [fault.as_dict() for fault in result.problems],
                }
                for result in results
            ],
            as_json=True,
        )
        return not any(result.problems for result in results)
    for result in results:
        if result.problems and not result.items:
            print(f"{result.file} was not taken, nothing of it is on the hour-zero list:", file=sys.stderr)
        elif not quiet:
            print_text(
                f"{result.file}, made {clock.text(result.as_of)[:16]}Z: {result.items} item(s) on the hour-zero "
                f"list, {result.left} left out"
            )
        for problem in result.problems:
            print(f"  {problem}", file=sys.stderr)
    return not any(result.problems for result in results)


@app.command("take")
def take_(
    accept_clean: Annotated[bool, typer.Option("--accept-clean", help="Take the clean rows of a faulty file.")] = False,
    as_json: Json = False,
) -> None:
    """Read the export of open work that the settings name. Exit 2 if a file has faults; nothing of it
    is taken then, unless --accept-clean."""
    if not take_exports(incident_workspace(), accept_clean=accept_clean, as_json=as_json):
        raise typer.Exit(2)


@app.command("list")
def list_(
    everything: Annotated[bool, typer.Option("--all", help="Closed ones too.")] = False, as_json: Json = False
) -> None:
    """Open items, what bites first in front."""
    from tasks.incident.api import newest_incident, work_rows

    workspace = incident_workspace()
    incident = newest_incident(workspace.journal.rows)
    rows = work_rows(workspace, incident.id) if incident else []
    chosen = [row for row in rows if everything or not row["closed"]]
    print_table(chosen if as_json else plain_rows(chosen), as_json=as_json, title="Open work")


@app.command("close")
def close(
    item: Annotated[list[str], typer.Argument(help="Items by their id or reference.")],
    how: Annotated[str, typer.Option(help="filed, paid, arrived, exported, answered ...")],
    note: Annotated[str, typer.Option(help="What was done.", callback=refuse_ssn)] = "",
    reference: Reference = "",
    at: At = "",
    evidence: Evidence = None,
    as_json: Json = False,
) -> None:
    """Close items by a recorded act, with what shows it."""
    from tasks.core.clock import parse_moment
    from tasks.incident.api import OpenWorkAct, close_items

    workspace = incident_workspace()
    happened = parse_moment(at, workspace.zone, "--at")
    act = OpenWorkAct(how, note, reference, happened, absolute_paths(evidence))
    closed = close_items(workspace, item, act, invocation.actor)
    if as_json:
        print_table([{"item": name, "how": how} for name in closed], as_json=True)
        return
    print_text(f"{len(closed)} item(s) closed: {how}")


@app.command("report")
def report(out: Annotated[Path, typer.Option(help="A folder for the two files.")]) -> None:
    """The whole list as PDF and CSV, each item with its deadline and how it ended."""
    from tasks.incident.api import newest_incident, write

    workspace = incident_workspace()
    incident = newest_incident(workspace.journal.rows)
    if incident is None:
        print_text("No incident was ever declared.")
        raise typer.Exit(1)
    for path in write(workspace, incident, out):
        print_text(f"Written: {path}")
