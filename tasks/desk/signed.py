"""`continuity reconcile check`: is a report or an export as it was signed."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from tasks.desk.context import say, show


def add_to(app: typer.Typer) -> None:
    app.command()(check)


def check(
    folder: Annotated[Path, typer.Argument(help="The folder of a report or an export.")],
    key: Annotated[
        str, typer.Option(help="The public key, or the file that holds it; got another way.")
    ] = "",
    as_json: Annotated[bool, typer.Option("--json")] = False,
) -> None:
    """Is a report or an export as it was signed, and by whom. Needs no home folder. Exit 1 if anything
    does not hold."""
    from tasks.incident import evidence_verify

    found = evidence_verify.signed(folder, evidence_verify.public_key(key) if key else None)
    if as_json:
        show([{"ok": found.ok, "what": found.what, "made": found.made, "key": found.key,
               "problems": [one.as_dict() for one in found.problems]}], as_json=True)  # fmt: skip
    else:
        say(f"{found.what}, made {found.made[:16]}Z")
        for problem in found.problems:
            say(f"  {problem}")
        say("DOES NOT HOLD" if found.problems else f"holds; signed with the key {found.key}")
        if not key:
            say("No key was given: make sure by telephone that this fingerprint is the broker's")
    raise typer.Exit(0 if found.ok else 1)
