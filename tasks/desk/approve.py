"""`continuity approve RUN|PLAN`: an approval without the UI, which also wakes the run that waits."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import TYPE_CHECKING, Annotated
from zoneinfo import ZoneInfo

import typer

from tasks.desk.context import Json, desk, say, show

if TYPE_CHECKING:
    from tasks.reconciliation.approval_table import Bound
    from tasks.shared.approval import Asked


def add_to(app: typer.Typer) -> None:
    app.command()(approve)


def approve(
    plan: Annotated[
        str,
        typer.Argument(help="The plan's digest or its first digits, or the run that waits for it."),
    ],
    code: Annotated[
        str, typer.Option(help="One-time code; left out, it is asked for when all is shown.")
    ] = "",
    given_at: Annotated[
        str, typer.Option(help="When the code was read off, if not now: 2026-11-24T08:03-05:00.")
    ] = "",
    as_json: Json = False,
) -> None:
    """Approve a plan with your licence and one-time code: every entry that would go, decoded from the
    approved bytes, duty by day and payer, dates that differ and what is held back are shown first. Works
    without a server; a run that waits for the plan goes on by itself. With --json an object: plan,
    kind, facts, rows (amounts in cents), words, approved_by, missing, next; without --code it only
    shows, and the exit code is 1."""
    from tasks.desk.server import Server
    from tasks.incident.moments import moment
    from tasks.reconciliation.approval_table import bound
    from tasks.reconciliation.plan_words import before_approval
    from tasks.reconciliation.terms import sending_day
    from tasks.shared import approval

    server = Server.of(desk.workspace.settings)
    read_at = moment(given_at, ZoneInfo(desk.workspace.settings.duties.zone), "--given-at")
    digest = server.plan_of(plan)
    if server.refusal:
        typer.echo(
            f"{server.refusal}. A plan can be approved all the same, by its digest; a run that waits for"
            " it goes on at the next upkeep.",
            err=True,
        )
    waits = approval.find(desk.workspace.journal, digest or plan)
    shown = bound(desk.workspace.journal, desk.workspace.content, waits)
    words = before_approval(
        desk.workspace.content, shown, waits, sending_day(desk.workspace.settings)
    )
    if not as_json:
        _show(shown, words)
    elif not code:
        _print(shown, words, waits)
        raise typer.Exit(1)
    asked = approval.grant(
        desk.workspace.journal,
        desk.home,
        waits.plan,
        desk.actor,
        code or typer.prompt("Code", hide_input=True),
        persons=desk.workspace.settings.approval.persons,
        given_at=read_at if given_at else None,
    )
    missing = _missing(asked)
    woken = server.wake(asked.plan) if not missing else []
    if as_json:
        _print(shown, words, asked, woken)
        return
    say(f"Plan {asked.plan[:12]} ({asked.what}) approved by {', '.join(asked.granted_by)}.")
    if missing:
        say(f"{missing} more approval(s) needed.")
    elif woken:
        say(f"The run {woken[0]} goes on.")
    else:
        say(f"Next: {following(asked.what)}")


def _missing(asked: Asked) -> int:
    from tasks.shared import approval

    return max(0, approval.needed(desk.workspace.settings.approval.persons) - len(asked.granted_by))


def _show(shown: Bound, words: Sequence[str]) -> None:
    for line in words:
        say(line)
    for title, rows in shown.tables():
        show(rows, as_json=False, title=title)


def _print(shown: Bound, words: Sequence[str], asked: Asked, woken: Sequence[str] = ()) -> None:
    missing = _missing(asked)
    told = {
        "plan": shown.plan,
        "kind": shown.kind,
        "facts": shown.facts,
        "rows": list(shown.rows),
        "words": list(words),
        "approved_by": list(asked.granted_by),
        "missing": missing,
        "runs": list(woken),
        "next": "" if missing or woken else following(asked.what),
    }
    print(json.dumps(told, indent=1, ensure_ascii=False))


def following(what: str) -> str:
    """What was approved is done by the command that asked for it; batches have one of their own."""
    if what.startswith("ACE batches"):
        return "continuity ace batch"
    if what.startswith("accounting of"):
        return "continuity reconcile sign-off"
    return "give the command that asked for it once more, as it was"
