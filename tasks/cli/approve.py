"""`continuity approve RUN|PLAN`: an approval without the UI, which carries out what it allows."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING, Annotated, Any, cast
from zoneinfo import ZoneInfo

import typer

from tasks.cli.context import Json, invocation, print_table, print_text
from tasks.core.errors import ContinuityError

if TYPE_CHECKING:
    from tasks.cli.prefect_server import PrefectServer
    from tasks.reconciliation.api import ApprovalContents
    from tasks.security.api import ApprovalState


def add_to(app: typer.Typer) -> None:
    app.command()(approve)


def approve(
    plan: Annotated[str, typer.Argument(help="The plan's digest or its first digits, or the run that waits for it.")],
    code: Annotated[str, typer.Option(help="One-time code; left out, it is asked for when all is shown.")] = "",
    given_at: Annotated[str, typer.Option(help="When the code was read off, if not now: 2026-11-24T08:03-05:00.")] = "",
    as_json: Json = False,
) -> None:
    """Approve a plan with your license and one-time code, and carry it out: every entry that would go,
    decoded from the approved bytes, duty by day and payer, dates that differ and what is held back are
    shown first. Works without a server; a run that waits for the plan goes on and carries it out. Give
    the command again, without a code, if a plan that is approved could not be carried out. With --json an
    object: plan, act, title, facts, rows (amounts in cents), words, approved_by, missing, runs,
    carried_out, refused, next; without --code it only shows while an approval is missing, and the exit
    code is 1."""
    from tasks.approved_acts import require_current_act
    from tasks.cli.prefect_server import PrefectServer
    from tasks.core.clock import parse_moment
    from tasks.core.settings import BrokerSettings
    from tasks.reconciliation.api import approval_contents, approval_lines, sending_day
    from tasks.security.api import find_approval

    server = PrefectServer.of(invocation.workspace.settings)
    read_at = parse_moment(given_at, ZoneInfo(invocation.workspace.settings(BrokerSettings).zone), "--given-at")
    digest = server.plan_of(plan)
    if server.refusal:
        typer.echo(
            f"{server.refusal.text}. A plan can be approved all the same, by its digest; a run that waits for"
            " it goes on at the next upkeep.",
            err=True,
        )
    waits = find_approval(invocation.workspace.journal, digest or plan)
    contents = approval_contents(invocation.workspace.journal, invocation.workspace.content, waits)
    today = sending_day(invocation.workspace.settings)
    lines = approval_lines(invocation.workspace, contents, waits, today)
    if not as_json:
        _show(contents, lines)
    elif not code and _missing(waits):
        _print(contents, lines, ApprovalOutcome(waits))
        raise typer.Exit(1)
    outcome = ApprovalOutcome(waits, carried_out={} if waits.carried_out else None)
    if _missing(waits) and not waits.carried_out:
        require_current_act(invocation.workspace, waits)
        outcome = _approve(waits, code, read_at if given_at else None)
    _carry_out(outcome, server)
    if as_json:
        _print(contents, lines, outcome)
    else:
        _say(outcome)
    if outcome.refused:
        raise typer.Exit(outcome.refused.exit_code)


@dataclass
class ApprovalOutcome:
    """What this command did. `runs`: those that go on; `carried_out`: facts of the act, None if it was
    not carried out here; `refused`: why it was not."""

    asked: ApprovalState
    runs: list[str] = field(default_factory=list[str])
    carried_out: dict[str, Any] | None = None
    refused: ContinuityError | None = None


def _approve(waits: ApprovalState, code: str, given_at: datetime | None) -> ApprovalOutcome:
    from tasks.approved_acts import approve_act

    code = code or typer.prompt("Code", hide_input=True)
    approved = approve_act(invocation.workspace, waits.plan, invocation.actor, code, given_at=given_at)
    return ApprovalOutcome(approved.approval, carried_out=approved.facts)


def _carry_out(outcome: ApprovalOutcome, server: PrefectServer) -> None:
    """Carry out an act that is approved, unless that was done or a run waits for it."""
    from tasks import approved_acts

    if _missing(outcome.asked) or outcome.carried_out is not None:
        return
    if outcome.asked.act in approved_acts.RUN_WAITS:
        outcome.runs = server.wake(outcome.asked.plan)
    if outcome.runs:
        return
    try:
        outcome.carried_out = approved_acts.carry_out(invocation.workspace, outcome.asked.plan, invocation.actor)
    except ContinuityError as refused:
        outcome.refused = refused


def _missing(approval: ApprovalState) -> int:
    from tasks.security.api import ApprovalSettings, missing_approvals

    return missing_approvals(approval, invocation.workspace.settings(ApprovalSettings).persons)


def _show(contents: ApprovalContents, lines: Sequence[str]) -> None:
    for line in lines:
        print_text(line)
    for title, rows in contents.tables():
        print_table(rows, as_json=False, title=title)


def _say(outcome: ApprovalOutcome) -> None:
    from tasks.approved_acts import act_title

    approval = outcome.asked
    title = act_title(invocation.workspace, approval)
    print_text(f"Plan {approval.plan[:12]} ({title}) approved by {', '.join(approval.granted_by)}.")
    if missing := _missing(approval):
        print_text(f"{missing} more approval(s) needed.")
    for run in outcome.runs:
        print_text(f"The run {run} goes on.")
    if outcome.carried_out is not None:
        print_text("Carried out.")
        for name, fact in outcome.carried_out.items():
            text = ", ".join(map(str, cast("list[object]", fact))) if isinstance(fact, list) else fact
            print_text(f"{name.replace('_', ' ')}: {text}")
    if outcome.refused:
        typer.echo(f"Not carried out: {outcome.refused}", err=True)
        print_text(f"Next: {_next(approval)}")


def _next(approval: ApprovalState) -> str:
    return f"continuity approve {approval.plan[:12]} (no code is needed), or the next reconcile turn"


def _print(contents: ApprovalContents, lines: Sequence[str], outcome: ApprovalOutcome) -> None:
    from tasks.approved_acts import act_title

    result = {
        "plan": contents.plan,
        "act": contents.act,
        "title": act_title(invocation.workspace, outcome.asked),
        "facts": contents.facts,
        "rows": list(contents.rows),
        "words": list(lines),
        "approved_by": list(outcome.asked.granted_by),
        "missing": _missing(outcome.asked),
        "runs": outcome.runs,
        "carried_out": outcome.carried_out,
        "refused": outcome.refused.as_dict() if outcome.refused else None,
        "next": _next(outcome.asked) if outcome.refused else "",
    }
    print(json.dumps(result, indent=1, ensure_ascii=False, default=str))
