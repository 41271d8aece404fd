"""`continuity reconcile letters`: what must go to importers, sureties and ports."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from tasks.cli.context import Json, invocation, print_table, print_text

_ONLY = "today, form-5106, importers, sureties or ports; may be given more than once."


def add_to(app: typer.Typer) -> None:
    app.command("letters")(letters)


def letters(
    out: Annotated[Path, typer.Option(help="A new folder.")],
    only: Annotated[list[str] | None, typer.Option(help=_ONLY)] = None,
    as_json: Json = False,
) -> None:
    """Write the letters that are due, to be signed and sent: goods to be held today, Form 5106 data
    sheets, data that importers owe, eBonds that sureties owe, release dates for ports to post."""
    from tasks.reconciliation.api import write_letter_files

    written = write_letter_files(invocation.workspace, out, invocation.actor, only or ())
    rows = [
        {
            "kind": letter.kind,
            "to": letter.to,
            "subject": letter.subject,
            "entries": letter.entries,
            "file": str(letter.path),
        }
        for letter in written
    ]
    print_table(rows, as_json=as_json, title="Letters")
    if written and not as_json:
        print_text(f"{len(written)} written to {out}. Nothing was sent: sign and send them.")
