"""`continuity approve RUN|PLAN`: an approval without the UI, which also wakes the run that waits."""

from __future__ import annotations

from typing import Annotated
from zoneinfo import ZoneInfo

import typer

from tasks.desk.context import desk, say


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
) -> None:
    """Approve a plan with your licence and one-time code: duty by day and payer, dates that differ
    and what is held back are shown first. Works without a server; a run that waits for the plan goes
    on by itself."""
    from tasks.desk.server import Server
    from tasks.incident.moments import moment
    from tasks.reconciliation.plan_words import before_approval
    from tasks.reconciliation.terms import sending_day
    from tasks.shared import approval

    server = Server.of(desk.settings)
    read_at = moment(given_at, ZoneInfo(desk.settings.duties.zone), "--given-at")
    persons = desk.settings.approval.persons
    digest = server.plan_of(plan)
    if server.refusal:
        typer.echo(
            f"{server.refusal}. A plan can be approved all the same, by its digest; a run that waits for"
            " it goes on at the next upkeep.",
            err=True,
        )
    waits = approval.find(desk.journal, digest or plan)
    for line in before_approval(desk.content, waits, sending_day(desk.settings)):
        say(line)
    asked = approval.grant(
        desk.journal,
        desk.home,
        waits.plan,
        desk.actor,
        code or typer.prompt("Code", hide_input=True),
        persons=persons,
        given_at=read_at if given_at else None,
    )
    missing = approval.needed(persons) - len(asked.granted_by)
    say(f"Plan {asked.plan[:12]} ({asked.what}) approved by {', '.join(asked.granted_by)}.")
    if missing > 0:
        say(f"{missing} more approval(s) needed.")
        return
    for name in server.wake(asked.plan):
        say(f"The run {name} goes on.")
        return
    say(f"Next: {following(asked.what)}")


def following(what: str) -> str:
    """What was approved is done by the command that asked for it; batches have one of their own."""
    if what.startswith("ACE batches"):
        return "continuity ace batch"
    if what.startswith("accounting of"):
        return "continuity reconcile sign-off"
    return "give the command that asked for it once more, as it was"
