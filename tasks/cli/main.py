"""The command line `continuity`. Needs no server and imports no Prefect."""

from __future__ import annotations

import gc
import sys
from pathlib import Path
from typing import Annotated

import typer

from tasks.cli import ace, approve, duties, entries, journal, kit, numbers, people, top_level_commands
from tasks.cli.backup import snapshot_commands
from tasks.cli.context import invocation, print_error
from tasks.cli.incident import letter_commands, timeline_commands
from tasks.cli.reconcile import cycle_commands
from tasks.cli.screen import screening_commands
from tasks.core.errors import EXIT_CODES, ContinuityError

app = typer.Typer(
    name="continuity",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    help="Keeps a customs broker clearing, and every entry accounted for, while ACE is cut off. " + EXIT_CODES,
)


@app.callback()
def _everywhere(
    folder: Annotated[
        Path | None, typer.Option("--home", help="Home folder; else CONTINUITY_HOME, else ./continuity-home.")
    ] = None,
    by: Annotated[str, typer.Option("--by", help="Who acts; else CONTINUITY_ACTOR.")] = "",
) -> None:
    invocation.given_home, invocation.given_actor = folder, by


top_level_commands.add_to(app)
approve.add_to(app)
top_level_commands.add_up_command(app)
app.add_typer(people.app, name="people")
app.add_typer(numbers.app, name="numbers")
app.add_typer(entries.app, name="entries")
app.add_typer(ace.app, name="ace")
app.add_typer(cycle_commands.app, name="reconcile")
app.add_typer(snapshot_commands.app, name="backup")
app.add_typer(duties.app, name="duties")
app.add_typer(screening_commands.app, name="screen")
app.add_typer(timeline_commands.app, name="incident")
app.add_typer(kit.app, name="kit")
letter_commands.mount(timeline_commands.app)
app.add_typer(journal.app, name="journal")


def run(arguments: list[str] | None = None) -> None:
    """Entry point. Ends with one of the codes of `Exit`."""
    # A command loads a thousand modules that live to its end: the collector need not walk them for
    # every few hundred objects.
    gc.set_threshold(50_000, 20, 20)
    ordered = move_global_options(sys.argv[1:] if arguments is None else arguments)
    try:
        app(ordered, prog_name="continuity")
    except ContinuityError as error:
        sys.exit(print_error(error, as_json=_asks_for_json(ordered)))


def _asks_for_json(arguments: list[str]) -> bool:
    """Whether `--json` is among the options: after `--` it is a value."""
    end = arguments.index("--") if "--" in arguments else len(arguments)
    return "--json" in arguments[:end]


def move_global_options(arguments: list[str]) -> list[str]:
    """`--home` and `--by` may stand before or after the verb: move them to the front."""
    moved: list[str] = []
    remaining: list[str] = []
    pieces = iter(arguments)
    for piece in pieces:
        name, equals_sign, _ = piece.partition("=")
        if piece == "--":
            remaining += [piece, *pieces]
        elif name in ("--home", "--by"):
            value = None if equals_sign else next(pieces, None)
            moved += [piece] if value is None else [piece, value]
        else:
            remaining.append(piece)
    return moved + remaining


if __name__ == "__main__":
    run()
