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

    found = open_requests(invocation.workspace.journal, every=every)
    print_table([asdict(one) for one in found], as_json=as_json, title="CBP asks")
    raise typer.Exit(1 if any(not one.how for one in found) else 0)


def answered(
    numbers: Annotated[list[str], typer.Argument(help="The entry numbers.")],
    how: Annotated[str, typer.Option(help="What was sent, by which way, to whom.")],
    proof: Annotated[Path, typer.Option(exists=True, dir_okay=False, help="E.g. the DIS receipt.")],
    as_json: Json = False,
) -> None:
    """Note that all CBP asked of these entries was answered."""
    from tasks.reconciliation.api import answer_requests

    done = answer_requests(invocation.workspace, invocation.numbers(numbers), how, proof.read_bytes(), invocation.actor)
    rows = [{"number": one.number, "what": one.what} for one in done]
    words = "\n".join(f"{one.number}: answered: {one.what}" for one in done)
    print_result(as_json, words, answered=rows, how=how)
