"""`continuity init | status | drill`: the commands that stand on their own."""

from __future__ import annotations

import json
from importlib.resources import files
from pathlib import Path
from typing import Annotated

import typer

from tasks.desk.context import Json, desk, say, show
from tasks.shared.errors import MissingPart

MOST = 20
"""Rows of what needs a person on one screen."""


def add_to(app: typer.Typer) -> None:
    """Put these commands on the top level."""
    app.command()(init)
    app.command()(status)
    app.command()(drill)


def init(
    name: Annotated[str, typer.Option(help="The broker's name.")] = "The broker",
    filer: Annotated[str, typer.Option(help="Filer code, three characters.")] = "",
    sample: Annotated[bool, typer.Option("--sample", help="The made-up brokerage.")] = False,
    from_kit: Annotated[
        Path | None,
        typer.Option(
            "--from-kit", help="Go on from a kit, open or sealed, or from a journal copy."
        ),
    ] = None,
    signed_by: Annotated[
        str, typer.Option("--signed-by", help="Id of the key that signed the kit, as printed.")
    ] = "",
    key: Annotated[
        Path | None, typer.Option("--key", help="A recipient's key file, for a sealed kit.")
    ] = None,
    wheel: Annotated[
        Path | None,
        typer.Option(help="This program's wheel, kept for kits; else the installed one."),
    ] = None,
) -> None:
    """Make a home folder: settings, host keys, journal. With a kit, go on with its book."""
    if sample:
        from tasks.entries.sample import make

        made = make(desk.home, desk.given_actor or "sample")
        say(f"The sample brokerage stands in {desk.home}. Its desks' workbooks: {made.inbox}")
        return
    if from_kit and not _is_bare_copy(from_kit):
        _from_kit(from_kit, key, signed_by)
        return
    if not filer and not from_kit:
        raise typer.BadParameter("CBP's three characters", param_hint="--filer")
    from tasks.kit.wheel import keep
    from tasks.shared.opening import continue_home, make_home

    text = _settings(name, filer.upper())
    if from_kit:
        from tasks.shared.journal_copy import signer

        settings, head = continue_home(desk.home, text, from_kit, desk.actor, signed_by)
        say(f"{settings.home} goes on from event {head.seq}. Only this book issues numbers now.")
        say(f"Signed with the key {signer(from_kit)}: {_compared(signed_by)}.")
        return
    settings = make_home(desk.home, text, desk.actor)
    say(f"Home folder made: {settings.home}")
    if kept := keep(settings.home, wheel):
        say(f"{kept}: kept for off-line kits")
    say("Next: fill in continuity.toml, [broker] first (no downtime letter goes out without it), then "
        "continuity people add, numbers reserve, numbers issue.")  # fmt: skip


def _settings(name: str, filer: str) -> str:
    """What ships as `data/home/continuity.toml`, every setting explained, with whose home it is."""
    text = files("continuity_data").joinpath("home", "continuity.toml").read_text(encoding="utf-8")
    text = text.replace('"XXX"', f'"{filer or "XXX"}"', 1)
    return text.replace('"The broker"', json.dumps(name, ensure_ascii=False), 1)


def _is_bare_copy(folder: Path) -> bool:
    """Whether this is a journal copy by itself. A folder with a kit's manifest is a kit whatever else
    lies in it: a `journal.jsonl` laid beside the manifest must not keep the kit from being checked."""
    from tasks.shared.journal_copy import EVENTS_FILE
    from tasks.shared.manifest import FILE as MANIFEST

    return (folder / EVENTS_FILE).is_file() and not (folder / MANIFEST).exists()


def _compared(signed_by: str) -> str:
    return "as you said" if signed_by else "compare it with the first page of the print"


def _from_kit(kit: Path, key: Path | None, signed_by: str) -> None:
    from tasks.desk.kit import opened_by
    from tasks.kit.begin import begin
    from tasks.shared.board import ago
    from tasks.shared.clock import parse
    from tasks.shared.seal import By

    by = opened_by(kit, key) if kit.is_file() else By()
    made = begin(desk.home, kit, desk.actor, by, signed_by)
    say(
        f"{made.settings.home} goes on from event {made.facts.head_seq} of the kit {made.facts.name}."
    )
    say(f"Signed with the key {made.signer}: {_compared(signed_by)}.")
    say(f"The kit was built {ago(parse(made.facts.made))}: numbers that the old book issued or used after "
        "that are not known here. This book issues from the far end of the reserve.")  # fmt: skip
    say(
        "Only this book issues numbers now. Enrol again whoever approves: continuity people enrol ID"
    )


def status(as_json: Json = False) -> None:
    """Are we ready: CBP's ten recommendations, and what needs a person, newest first. Exit 1 if
    something is red."""
    from tasks.duties.readiness import folded
    from tasks.shared import board
    from tasks.status.page import lines

    found = lines(desk.workspace)
    page, needs = board.page(found), folded(board.needs(found))
    if as_json:
        print(json.dumps(board.as_dict(found), indent=1, ensure_ascii=False))
    else:
        show([{"": one.id, "recommendation": one.title, "light": one.light, "because": one.fact}
              for one in page], as_json=False, title="Are we ready")  # fmt: skip
        show([{"since": one.since[:10], "what": one.label, "light": one.light, "fact": one.fact,
               "next": one.next} for one in needs[:MOST]],
             as_json=False, title="What needs a person, newest first")  # fmt: skip
        say(
            "[W] weak source, [G] general knowledge or our default: verify the rule before relying on it"
        )
        if len(needs) > MOST:
            say(f"and {len(needs) - MOST} more: continuity duties list, or status --json")
    raise typer.Exit(1 if any(one.light == board.RED for one in found) else 0)


def drill(
    out: Annotated[Path | None, typer.Option("--out", help="Where to leave what it makes.")] = None,
    here: Annotated[
        bool, typer.Option("--here", help="On the Prefect server that the environment names.")
    ] = False,
) -> None:
    """The whole exercise, through Prefect, on the sample brokerage. Sends nothing outside. With
    `--home NEW` that brokerage stays there afterwards."""
    from importlib.util import find_spec

    from tasks.desk.drill import run

    if find_spec("prefect") is None:
        raise MissingPart("drill-needs-prefect")
    raise typer.Exit(run(out, home=desk.given_home, here=here))
