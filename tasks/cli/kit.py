"""`continuity kit`: everything that is needed when nothing runs, on a stick and on paper."""

from __future__ import annotations

import os
from datetime import date, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, cast

import typer

from tasks.cli.context import Json, invocation, print_result, print_table, print_text

if TYPE_CHECKING:
    from tasks.security.api import SealOpener

app = typer.Typer(no_args_is_help=True, help="The off-line kit: on a stick, and on paper.")
PASSPHRASE = "CONTINUITY_KIT_PASSPHRASE"
Key = Annotated[Path | None, typer.Option("--key", help="A recipient's key file (.key).")]


@app.command()
def build(
    out: Annotated[Path | None, typer.Option(help="Folder for kits; else the settings'.")] = None,
    wheels: Annotated[bool, typer.Option("--wheels/--no-wheels", help="With the programs that install it.")] = True,
    windows: Annotated[bool | None, typer.Option("--windows/--no-windows", help="Also for Windows laptops.")] = None,
    wheel: Annotated[Path | None, typer.Option(help="This program's wheel, if the home keeps none.")] = None,
    python: Annotated[
        Path | None, typer.Option(help="The official Python installer for the laptop, to put in.")
    ] = None,
    recipient: Annotated[
        list[Path] | None, typer.Option(help="A .pub file of who can open the sealed archive.")
    ] = None,
    passphrase: Annotated[
        bool, typer.Option("--passphrase", help=f"Ask for one; else {PASSPHRASE}, or the settings'.")
    ] = False,
    as_json: Json = False,
) -> None:
    """Build the kit: a folder, a sealed archive of it, and a PDF to print."""
    from tasks.kit.api import PAPER_KIT_FILE, BuildOptions, KitSettings, build_kit, kit_recipients

    seal_to = kit_recipients(invocation.workspace.settings, recipient, _new_passphrase(passphrase))
    kit = build_kit(invocation.workspace, BuildOptions(out, wheels, windows, wheel, python, seal_to), invocation.actor)
    if as_json:
        print_result(
            True,
            "",
            folder=str(kit.folder),
            sealed=str(kit.sealed) if kit.sealed else "",
            print=str(kit.folder / PAPER_KIT_FILE),
            event=kit.facts.head_seq,
            platforms=list(kit.facts.platforms),
            python=kit.facts.python,
            removed=list(kit.removed),
        )
        return
    for part_text in kit.parts:
        print_text(f"  {part_text}")
    print_text(f"{kit.folder}: the kit, at event {kit.facts.head_seq} of the book")
    print_text(
        f"{kit.sealed}: the same sealed, for a stick that may be lost"
        if kit.sealed
        else "No sealed archive: nobody to seal to (--recipient, --passphrase, or [kit])"
    )
    print_text(f"{kit.folder / PAPER_KIT_FILE}: print it, and keep it away from the machines")
    for name in kit.removed:
        print_text(f"{name} was removed: the newest {invocation.workspace.settings(KitSettings).keep} are kept")
    if not kit.facts.platforms:
        print_text("Built without programs: it starts no laptop that has none.")
    elif not kit.facts.python:
        print_text("No Python installer in it (--python FILE): the laptop must have Python already.")


def _new_passphrase(ask: bool) -> str:
    if ask:
        return typer.prompt("Passphrase of the kit", hide_input=True, confirmation_prompt=True, err=True)
    return os.environ.get(PASSPHRASE, "")


@app.command()
def check(
    folder: Annotated[Path | None, typer.Argument(help="A kit's folder; else the newest one here.")] = None,
    as_json: Json = False,
) -> None:
    """What of the kit is stale, broken or missing. Exit 1 if something is red."""
    from tasks.core.status_lines import RED
    from tasks.kit.api import check_kit

    lines = check_kit(invocation.workspace, folder)
    rows: list[dict[str, Any]] = [line.as_dict() for line in lines]
    if not as_json:
        rows = [{name: row[name] for name in ("what", "light", "fact", "next")} for row in rows]
    print_table(rows, as_json=as_json, title="The off-line kit")
    raise typer.Exit(1 if any(status_line.light == RED for status_line in lines) else 0)


@app.command()
def key(
    name: Annotated[str, typer.Argument(help="Of the person, as a file name.")],
    out: Annotated[Path, typer.Option("--out", help="Folder; take NAME.key off this machine.")],
) -> None:
    """Make a recipient's key: NAME.key, locked with a passphrase, for that person; NAME.pub for
    \\[kit] recipients."""
    from tasks.entries.api import workbook_name
    from tasks.security.api import make_seal_key

    if workbook_name(name) != name:
        raise typer.BadParameter("letters, digits, dashes", param_hint="NAME")
    phrase = kit_passphrase(out / f"{name}.key", new=True)
    key_id = make_seal_key(out, name, phrase)
    print_text(f"{out / f'{name}.key'}: opens what is sealed to {key_id}. Keep it off this machine.")
    print_text(f'{out / f"{name}.pub"}: name it under [kit]: recipients = ["{name}.pub"]')


def kit_passphrase(path: Path, new: bool = False) -> str:
    """The passphrase of a sealed file, from the environment or asked for."""
    from tasks.cli.backup.repository_options import passphrase_of

    return passphrase_of(path, PASSPHRASE, new)


def open_kit(path: Path, key_file: Path | None) -> SealOpener:
    """What opens a sealed file: a key file with its passphrase, or the file's own passphrase."""
    from tasks.security.api import SealOpener, read_seal_key

    if key_file is not None:
        return SealOpener(seed=read_seal_key(key_file, kit_passphrase(key_file)))
    return SealOpener(passphrase=kit_passphrase(path))


@app.command("open")
def open_(
    archive: Annotated[Path, typer.Argument(exists=True, help="A sealed kit (.sealed).")],
    out: Annotated[Path, typer.Option("--out", help="A new or empty folder.")],
    key: Key = None,
) -> None:
    """Open a sealed kit into a folder, and check every file."""
    from tasks.kit.api import open_kit as unpack, verify_kit

    if out.exists() and any(out.iterdir()):
        raise typer.BadParameter(f"{out} is not empty", param_hint="--out")
    unpack(archive, open_kit(archive, key), out)
    print_text(f"{out}: opened, each file as it was made, signed with the key {verify_kit(out)}")


@app.command()
def history(
    file: Annotated[Path | None, typer.Argument(help="A report of your system (.csv, .xlsx) to take in.")] = None,
    as_of: Annotated[datetime | None, typer.Option(formats=["%Y-%m-%d"], help="Its day; else today.")] = None,
    as_json: Json = False,
) -> None:
    """What clients imported before: HTS numbers, origins, rates, cases, quota. With a file, take it
    in; recording then warns where another entry type is likely."""
    from tasks.core import clock
    from tasks.entries.api import latest_history, load_history, read_with_notes

    if file is not None:
        day: date = as_of.date() if as_of else clock.now().date()
        rows, notes = read_with_notes(file)
        loaded = load_history(
            invocation.workspace.journal, invocation.workspace.content, invocation.actor, (file.name, rows, day)
        )
        if as_json:
            facts = {"rows": loaded.rows, "clients": loaded.clients, "as_of": loaded.as_of} if loaded else {}
            problems = [note.as_dict() for note in notes]
            print_result(True, "", file=file.name, new=bool(loaded), **facts, notes=problems)
            return
        print_text(
            f"{file.name}: {loaded.rows} rows of {loaded.clients} client(s) in the journal, up to {loaded.as_of}"
            if loaded
            else f"{file.name}: nothing new"
        )
        for note in notes:
            print_text(f"  NOTE {note}")
        return
    table = latest_history(invocation.workspace.journal, invocation.workspace.content)
    rows = table.to_pylist() if table is not None else []
    if not as_json:
        rows = [{name: _short(row[name]) for name in _SHOWN} for row in rows]
    print_table(rows, as_json=as_json, title="Trade history")


_SHOWN = (
    "importer",
    "hts_number",
    "country_of_origin",
    "entry_types",
    "rate",
    "ad_case",
    "cvd_case",
    "quota",
    "last_entry",
)


def _short(value: object) -> str:
    return "; ".join(cast("list[str]", value)) if isinstance(value, list) else str(value or "")
