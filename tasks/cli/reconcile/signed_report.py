"""`continuity reconcile check`: is a report or an export as it was signed."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from tasks.cli.context import Json
from tasks.cli.incident.evidence_commands import print_verdict


def add_to(app: typer.Typer) -> None:
    app.command()(check)


def check(
    folder: Annotated[Path, typer.Argument(help="The folder of a report or an export.")],
    key: Annotated[str, typer.Option(help="The public key, or the file that holds it; got another way.")] = "",
    as_json: Json = False,
) -> None:
    """Is a report or an export as it was signed, and by whom. Needs no home folder. Exit 1 if anything
    does not hold."""
    from tasks.incident.api import public_key, verify_signed_folder

    verdict = verify_signed_folder(folder, public_key(key) if key else None)
    print_verdict(verdict, {}, known=bool(key), as_json=as_json)
