"""`continuity reconcile letters`: what must go to importers, sureties and ports.

`continuity reconcile requests` and `answered`: what CBP asks of summaries that it has.

`continuity reconcile check`: is a report or an export as it was signed.
"""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer

from tasks.cli.context import Json, invocation, print_result, print_table, print_text
from tasks.cli.incident.evidence_commands import print_verdict


def add_check_command(app: typer.Typer) -> None:
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


def add_request_commands(app: typer.Typer) -> None:
    app.command("requests")(requests)
    app.command("answered")(answered)


def requests(
    every: Annotated[bool, typer.Option("--every", help="Also what was answered.")] = False, as_json: Json = False
) -> None:
    """What CBP asks of summaries: papers, a detention, an extension denied. Exit 1 while one is open."""
    from tasks.reconciliation.api import open_requests

    open_rows = open_requests(invocation.workspace.journal, every=every)
    print_table([asdict(request) for request in open_rows], as_json=as_json, title="CBP asks")
    raise typer.Exit(1 if any(not request.how for request in open_rows) else 0)


def answered(
    numbers: Annotated[list[str], typer.Argument(help="The entry numbers.")],
    how: Annotated[str, typer.Option(help="What was sent, by which way, to whom.")],
    proof: Annotated[Path, typer.Option(exists=True, dir_okay=False, help="E.g. the DIS receipt.")],
    as_json: Json = False,
) -> None:
    """Note that all CBP asked of these entries was answered."""
    from tasks.reconciliation.api import answer_requests

    answered_requests = answer_requests(
        invocation.workspace, invocation.numbers(numbers), how, proof.read_bytes(), invocation.actor
    )
    rows = [{"number": request.number, "what": request.what} for request in answered_requests]
    text = "\n".join(f"{request.number}: answered: {request.what}" for request in answered_requests)
    print_result(as_json, text, answered=rows, how=how)


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
