"""`continuity kit`: everything that is needed when nothing runs, on a stick and on paper."""

from __future__ import annotations

import os
from datetime import date, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from tasks.desk.context import Json, desk, say, show, tell

if TYPE_CHECKING:
    from tasks.shared.seal import By

app = typer.Typer(no_args_is_help=True, help="The off-line kit: on a stick, and on paper.")
PASSPHRASE = "CONTINUITY_KIT_PASSPHRASE"
Key = Annotated[Path | None, typer.Option("--key", help="A recipient's key file (.key).")]


@app.command()
def build(
    out: Annotated[Path | None, typer.Option(help="Folder for kits; else the settings'.")] = None,
    wheels: Annotated[
        bool, typer.Option("--wheels/--no-wheels", help="With the programs that install it.")
    ] = True,
    windows: Annotated[
        bool | None, typer.Option("--windows/--no-windows", help="Also for Windows laptops.")
    ] = None,
    wheel: Annotated[
        Path | None, typer.Option(help="This program's wheel, if the home keeps none.")
    ] = None,
    python: Annotated[
        Path | None, typer.Option(help="The official Python installer for the laptop, to put in.")
    ] = None,
    recipient: Annotated[
        list[Path] | None, typer.Option(help="A .pub file of who can open the sealed archive.")
    ] = None,
    passphrase: Annotated[
        bool,
        typer.Option("--passphrase", help=f"Ask for one; else {PASSPHRASE}, or the settings'."),
    ] = False,
    as_json: Json = False,
) -> None:
    """Build the kit: a folder, a sealed archive of it, and a PDF to print."""
    from tasks.kit.build import Order, build as make
    from tasks.kit.papers import FILE
    from tasks.kit.sealing import to

    seal_to = to(desk.workspace.settings, recipient, _new_passphrase(passphrase))
    made = make(desk.workspace, Order(out, wheels, windows, wheel, python, seal_to), desk.actor)
    if as_json:
        tell(
            True,
            "",
            folder=str(made.folder),
            sealed=str(made.sealed) if made.sealed else "",
            print=str(made.folder / FILE),
            event=made.facts.head_seq,
            platforms=list(made.facts.platforms),
            python=made.facts.python,
            removed=list(made.removed),
        )
        return
    for words in made.parts:
        say(f"  {words}")
    say(f"{made.folder}: the kit, at event {made.facts.head_seq} of the book")
    say(f"{made.sealed}: the same sealed, for a stick that may be lost" if made.sealed else
        "No sealed archive: nobody to seal to (--recipient, --passphrase, or [kit])")  # fmt: skip
    say(f"{made.folder / FILE}: print it, and keep it away from the machines")
    for name in made.removed:
        say(f"{name} was removed: the newest {desk.workspace.settings.kit.keep} are kept")
    if not made.facts.platforms:
        say("Built without programs: it starts no laptop that has none.")
    elif not made.facts.python:
        say("No Python installer in it (--python FILE): the laptop must have Python already.")


def _new_passphrase(ask: bool) -> str:
    if ask:
        return typer.prompt("Passphrase of the kit", hide_input=True, confirmation_prompt=True,
                            err=True)  # fmt: skip
    return os.environ.get(PASSPHRASE, "")


@app.command()
def check(
    folder: Annotated[
        Path | None, typer.Argument(help="A kit's folder; else the newest one here.")
    ] = None,
    as_json: Json = False,
) -> None:
    """What of the kit is stale, broken or missing. Exit 1 if something is red."""
    from tasks.kit.check import check as look
    from tasks.shared.board import RED

    found = look(desk.workspace, folder)
    rows: list[dict[str, Any]] = [line.as_dict() for line in found]
    if not as_json:
        rows = [{name: row[name] for name in ("what", "light", "fact", "next")} for row in rows]
    show(rows, as_json=as_json, title="The off-line kit")
    raise typer.Exit(1 if any(one.light == RED for one in found) else 0)


@app.command()
def key(
    name: Annotated[str, typer.Argument(help="Of the person, as a file name.")],
    out: Annotated[Path, typer.Option("--out", help="Folder; take NAME.key off this machine.")],
) -> None:
    """Make a recipient's key: NAME.key, locked with a passphrase, for that person; NAME.pub for
    \\[kit] recipients."""
    from tasks.entries.handout import file_name
    from tasks.shared.seal import make_key

    if file_name(name) != name:
        raise typer.BadParameter("letters, digits, dashes", param_hint="NAME")
    phrase = phrase_of(out / f"{name}.key", new=True)
    own = make_key(out, name, phrase)
    say(f"{out / f'{name}.key'}: opens what is sealed to {own}. Keep it off this machine.")
    say(f'{out / f"{name}.pub"}: name it under [kit]: recipients = ["{name}.pub"]')


def phrase_of(path: Path, new: bool = False) -> str:
    """The passphrase of a sealed file, from the environment or asked for."""
    from tasks.desk.backup_asking import passphrase_of

    return passphrase_of(path, PASSPHRASE, new)


def opened_by(path: Path, key_file: Path | None) -> By:
    """What opens a sealed file: a key file with its passphrase, or the file's own passphrase."""
    from tasks.shared.seal import By, read_key

    if key_file is not None:
        return By(seed=read_key(key_file, phrase_of(key_file)))
    return By(passphrase=phrase_of(path))


@app.command("open")
def open_(
    archive: Annotated[Path, typer.Argument(exists=True, help="A sealed kit (.sealed).")],
    out: Annotated[Path, typer.Option("--out", help="A new or empty folder.")],
    key: Key = None,
) -> None:
    """Open a sealed kit into a folder, and check every file."""
    from tasks.kit.archive import open_ as unpack
    from tasks.kit.begin import verify

    if out.exists() and any(out.iterdir()):
        raise typer.BadParameter(f"{out} is not empty", param_hint="--out")
    unpack(archive, opened_by(archive, key), out)
    say(f"{out}: opened, each file as it was made, signed with the key {verify(out)}")


@app.command()
def history(
    file: Annotated[
        Path | None, typer.Argument(help="A report of your system (.csv, .xlsx) to take in.")
    ] = None,
    as_of: Annotated[
        datetime | None, typer.Option(formats=["%Y-%m-%d"], help="Its day; else today.")
    ] = None,
    as_json: Json = False,
) -> None:
    """What clients imported before: HTS numbers, origins, rates, cases, quota. With a file, take it
    in; recording then warns where another entry type is likely."""
    from tasks.entries import history as room
    from tasks.entries.history_file import read_with_notes
    from tasks.shared import clock

    if file is not None:
        day: date = as_of.date() if as_of else clock.now().date()
        rows, notes = read_with_notes(file)
        said = room.take(
            desk.workspace.journal, desk.workspace.content, desk.actor, (file.name, rows, day)
        )
        if as_json:
            facts = (
                {"rows": said.rows, "clients": said.clients, "as_of": said.as_of} if said else {}
            )
            problems = [note.as_dict() for note in notes]
            tell(True, "", file=file.name, new=bool(said), **facts, notes=problems)
            return
        say(f"{file.name}: {said.rows} rows of {said.clients} client(s) in the journal, up to "
            f"{said.as_of}" if said else f"{file.name}: nothing new")  # fmt: skip
        for note in notes:
            say(f"  NOTE {note}")
        return
    found = room.latest(desk.workspace.journal, desk.workspace.content)
    rows = found.to_pylist() if found is not None else []
    if not as_json:
        rows = [{name: _short(row[name]) for name in _SHOWN} for row in rows]
    show(rows, as_json=as_json, title="Trade history")


_SHOWN = ("importer", "hts_number", "country_of_origin", "entry_types", "rate", "ad_case", "cvd_case",
          "quota", "last_entry")  # fmt: skip


def _short(value: object) -> str:
    return "; ".join(value) if isinstance(value, list) else str(value or "")
