"""`continuity reconcile requests` and `answered`: what CBP asks of summaries that it has."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer

from tasks.cli.context import Json, invocation, print_result, print_table


def add_to(app: typer.Typer) -> None:
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
