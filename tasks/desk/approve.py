"""`continuity approve RUN|PLAN`: an approval without the UI, which carries out what it allows."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING, Annotated, Any
from zoneinfo import ZoneInfo

import typer

from tasks.desk.context import Json, desk, say, show
from tasks.shared.errors import ContinuityError

if TYPE_CHECKING:
    from tasks.desk.server import Server
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
    """Approve a plan with your license and one-time code, and carry it out: every entry that would go,
    decoded from the approved bytes, duty by day and payer, dates that differ and what is held back are
    shown first. Works without a server; a run that waits for the plan goes on and carries it out. Give
    the command again, without a code, if a plan that is approved could not be carried out. With --json an
    object: plan, act, title, facts, rows (amounts in cents), words, approved_by, missing, runs,
    carried_out, refused, next; without --code it only shows while an approval is missing, and the exit
    code is 1."""
    from tasks import approved_acts
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
            f"{server.refusal.text}. A plan can be approved all the same, by its digest; a run that waits for"
            " it goes on at the next upkeep.",
            err=True,
        )
    waits = approval.find(desk.workspace.journal, digest or plan)
    shown = bound(desk.workspace.journal, desk.workspace.content, waits)
    today = sending_day(desk.workspace.settings)
    words = before_approval(desk.workspace, shown, waits, today)
    if not as_json:
        _show(shown, words)
    elif not code and _missing(waits):
        _print(shown, words, Done(waits))
        raise typer.Exit(1)
    done = Done(waits, carried_out={} if waits.carried_out else None)
    if _missing(waits) and not waits.carried_out:
        approved_acts.require_current(desk.workspace, waits)
        done = _approve(waits, code, read_at if given_at else None)
    _carry_out(done, server)
    if as_json:
        _print(shown, words, done)
    else:
        _say(done)
    if done.refused:
        raise typer.Exit(done.refused.exit_code)


@dataclass
class Done:
    """What this command did. `runs`: those that go on; `carried_out`: facts of the act, None if it was
    not carried out here; `refused`: why it was not."""

    asked: Asked
    runs: list[str] = field(default_factory=list)
    carried_out: dict[str, Any] | None = None
    refused: ContinuityError | None = None


def _approve(waits: Asked, code: str, given_at: datetime | None) -> Done:
    from tasks import approved_acts

    code = code or typer.prompt("Code", hide_input=True)
    approved = approved_acts.approve(
        desk.workspace, waits.plan, desk.actor, code, given_at=given_at
    )
    return Done(approved.asked, carried_out=approved.facts)


def _carry_out(done: Done, server: Server) -> None:
    """Carry out an act that is approved, unless that was done or a run waits for it."""
    from tasks import approved_acts

    if _missing(done.asked) or done.carried_out is not None:
        return
    if done.asked.act in approved_acts.RUN_WAITS:
        done.runs = server.wake(done.asked.plan)
    if done.runs:
        return
    try:
        done.carried_out = approved_acts.carry_out(desk.workspace, done.asked.plan, desk.actor)
    except ContinuityError as refused:
        done.refused = refused


def _missing(asked: Asked) -> int:
    from tasks.shared import approval

    return approval.missing(asked, desk.workspace.settings.approval.persons)


def _show(shown: Bound, words: Sequence[str]) -> None:
    for line in words:
        say(line)
    for title, rows in shown.tables():
        show(rows, as_json=False, title=title)


def _say(done: Done) -> None:
    from tasks import approved_acts

    asked = done.asked
    title = approved_acts.title(desk.workspace, asked)
    say(f"Plan {asked.plan[:12]} ({title}) approved by {', '.join(asked.granted_by)}.")
    if missing := _missing(asked):
        say(f"{missing} more approval(s) needed.")
    for run in done.runs:
        say(f"The run {run} goes on.")
    if done.carried_out is not None:
        say("Carried out.")
        for name, fact in done.carried_out.items():
            text = ", ".join(map(str, fact)) if isinstance(fact, list) else fact
            say(f"{name.replace('_', ' ')}: {text}")
    if done.refused:
        typer.echo(f"Not carried out: {done.refused}", err=True)
        say(f"Next: {_next(asked)}")


def _next(asked: Asked) -> str:
    return f"continuity approve {asked.plan[:12]} (no code is needed), or the next reconcile turn"


def _print(shown: Bound, words: Sequence[str], done: Done) -> None:
    from tasks import approved_acts

    result = {
        "plan": shown.plan,
        "act": shown.act,
        "title": approved_acts.title(desk.workspace, done.asked),
        "facts": shown.facts,
        "rows": list(shown.rows),
        "words": list(words),
        "approved_by": list(done.asked.granted_by),
        "missing": _missing(done.asked),
        "runs": done.runs,
        "carried_out": done.carried_out,
        "refused": done.refused.as_dict() if done.refused else None,
        "next": _next(done.asked) if done.refused else "",
    }
    print(json.dumps(result, indent=1, ensure_ascii=False, default=str))
