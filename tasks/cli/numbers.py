"""`continuity numbers`: the reserve of entry and in-bond numbers."""

from __future__ import annotations

from dataclasses import asdict
from typing import Annotated

import typer

from tasks.cli.context import Json, invocation, print_result, print_table, print_text, report_waiting_plan

app = typer.Typer(no_args_is_help=True, help="The reserve of entry and in-bond numbers.")

Series = Annotated[str, typer.Option(help="entry or in-bond (CBP 7512).")]


@app.command()
def reserve(
    first: Annotated[int, typer.Option(help="First serial, without check digit.")],
    count: Annotated[int, typer.Option(min=1, help="How many.")],
    range_check: Annotated[str, typer.Option(help="Who checked, and where, that production cannot issue them.")],
    series: Series = "entry",
    as_json: Json = False,
) -> None:
    """Take a block of numbers into the reserve."""
    from tasks.entries.api import reserve_block

    ends = reserve_block(
        invocation.workspace.journal, invocation.workspace.settings, series, first, count, range_check, invocation.actor
    )
    print_result(
        as_json,
        f"Reserved {count} {series} numbers: {ends[0]} to {ends[1]}.",
        reserved=count,
        series=series,
        first=ends[0],
        last=ends[1],
    )


@app.command()
def issue(
    to: Annotated[str, typer.Option("--desk", help="The desk they are printed for.")],
    count: Annotated[int, typer.Option(min=1, help="How many.")],
    port: Annotated[str, typer.Option(help="Schedule D code of the desk's port.")] = "",
    series: Series = "entry",
    request: Annotated[str, typer.Option(help="Name of this request: repeating it issues nothing new.")] = "",
    as_json: Json = False,
) -> None:
    """Issue the lowest free numbers to a desk. They never come back to free."""
    from tasks.entries.api import issue_block

    numbers = issue_block(
        invocation.workspace.journal, invocation.workspace.settings, series, count, to, port, invocation.actor, request
    )
    print_table([{"number": number} for number in numbers], as_json=as_json, title=f"Issued to {to}")


@app.command()
def void(
    numbers: Annotated[list[str], typer.Argument(help="Issued numbers that will not be used.")],
    reason: Annotated[str, typer.Option(help="Why, in words; it is kept.")],
    second: Annotated[str, typer.Option(help="Id of the second person.")] = "",
    code: Annotated[str, typer.Option(help="The second person's one-time code.")] = "",
    as_json: Json = False,
) -> None:
    """Void issued numbers for good: a reason and two persons. With --second and --code at once;
    without, it asks for the second person's approval: continuity approve PLAN voids them."""
    from tasks.entries.api import request_voiding, void_numbers

    if bool(second) != bool(code):
        raise typer.BadParameter("--second and --code go together", param_hint="--second")
    if second == invocation.actor:
        raise typer.BadParameter("voiding takes two persons", param_hint="--second")
    checked = invocation.numbers(numbers)
    reasons = dict.fromkeys(checked, reason)
    if second:
        void_numbers(invocation.workspace, reasons, invocation.actor, second, code)
    else:
        with report_waiting_plan(as_json):
            request_voiding(invocation.workspace, reasons, invocation.actor)
    print_result(as_json, f"Voided: {', '.join(checked)}", voided=checked, reason=reason)


@app.command()
def check(
    text: Annotated[str, typer.Argument(metavar="NUMBER", help="XXX-NNNNNNN-C, or in-bond.")], as_json: Json = False
) -> None:
    """Check a number's form and digit, and where it stands in the book."""
    from tasks.entries.api import number_state

    print_table([number_state(invocation.workspace.journal, invocation.workspace.settings, text)], as_json=as_json)


@app.command()
def status(as_json: Json = False) -> None:
    """What is left, in numbers and in days. Exit 1 under the alarm limit."""
    from tasks.entries.api import NumberSettings, reserve_counts

    reserves = reserve_counts(invocation.workspace.journal, invocation.workspace.settings)
    print_table([asdict(reserve) for reserve in reserves], as_json=as_json, title="Reserve")
    if any(reserve.alarm for reserve in reserves):
        if not as_json:
            limit = invocation.workspace.settings(NumberSettings).alarm_days
            print_text(f"ALARM: fewer than {limit} days are left; reserve more before they run out.")
        raise typer.Exit(1)
