"""`continuity screen risk | review | log | again`: how risky each partner is and why, who screened what,
and the same once more."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Annotated, Any

import typer

from tasks.cli.context import Json, invocation, print_table, print_text
from tasks.cli.screen.list_commands import warn_of_lists

if TYPE_CHECKING:
    from tasks.screening.api import PartnerState


def add_to(app: typer.Typer) -> None:
    """Put these commands beside the others of the room."""
    app.command()(risk)
    app.command()(review)
    app.command()(log)
    app.command()(again)


def risk(
    partner: Annotated[str, typer.Argument(help="One partner, with every reason.")] = "",
    due: Annotated[bool, typer.Option("--due", help="Only those whose review is due.")] = False,
    as_json: Json = False,
) -> None:
    """Every partner: stop, review, not screened or clear, its points, and when it is reviewed next. High
    risk is not clear before somebody reviewed it: continuity screen review. Not screened is who no
    whole, current list was asked about."""
    from tasks.core.errors import Refused
    from tasks.screening.api import current_coverage, partner_states

    found = partner_states(invocation.workspace, [partner] if partner else None)
    if partner and not found:
        raise Refused("partner-not-registered", partner=partner)
    if due:
        found = [one for one in found if one.overdue or not one.reviewed]
    if as_json or not partner:
        print_table([risk_row(one, reasons=as_json) for one in found], as_json=as_json, title="Partners")
    else:
        for line in lines(found[0]):
            print_text(line)
    if not as_json:
        warn_of_lists()
        for reason in current_coverage(invocation.workspace).not_asked:
            print_text(f"NOT SCREENED: {reason.text}")


def risk_row(one: PartnerState, *, reasons: bool = True) -> dict[str, Any]:
    """A partner as a line of a listing."""
    told = {
        "partner": one.partner,
        "name": one.name,
        "role": one.role,
        "state": one.state,
        **({"not_screened": [reason.as_dict() for reason in one.not_screened]} if reasons else {}),
        "undecided": one.undecided,
        "points": one.risk.points,
        "tier": one.risk.tier,
        "review_due": one.due,
    }
    if reasons:
        told["reasons"] = [point.reason.as_dict() | {"points": point.points} for point in one.risk.reasons]
        told["weights"] = one.risk.weights
    return told


def lines(one: PartnerState) -> list[str]:
    """A partner as lines of text, each point with its reason."""
    from tasks.core.messages import reason_text

    found = [
        f"{one.partner} {one.name} ({one.role}): {one.state}",
        f"  {one.risk.points} points, tier {one.risk.tier} (weights {one.risk.weights})",
    ]
    found += [f"  not screened: {reason_text(one.not_screened)}"] if one.not_screened else []
    found += [f"  {point.points:+4d}  {point.reason.text}" for point in one.risk.reasons]
    return [*found, f"  next review {one.due}, {one.undecided} undecided hit(s)"]


def review(
    partner: Annotated[str, typer.Argument(help="The partner that was looked at.")],
    note: Annotated[str, typer.Option(help="What was looked at, and what came of it.")],
    as_json: Json = False,
) -> None:
    """Write down a review of the whole partner; its tier sets the day of the next."""
    from tasks.screening.api import record_review

    one = record_review(invocation.workspace, partner, note, invocation.actor)
    if as_json:
        print(json.dumps(risk_row(one), ensure_ascii=False))
        return
    print_text(f"{partner} reviewed: {one.risk.points} points, tier {one.risk.tier}, next by {one.due}")


def log(as_json: Json = False) -> None:
    """Every screening, whoever ran it: desk, flow or a colleague."""
    from tasks.screening.api import screening_log as screenings

    print_table(list(screenings(invocation.workspace)), as_json=as_json, title="Screenings")


def again(
    which: Annotated[str, typer.Argument(help="Its event or content, as the log names it.")], as_json: Json = False
) -> None:
    """Do a screening of the past again, also of one name, with its lists, partners and model, and hold it
    against what was found then. Writes nothing. Exit 1 if they differ."""
    from tasks.screening.api import replay_screening as redo

    done = redo(invocation.workspace, which)
    if as_json:
        print(json.dumps(vars(done) | {"differ": [one.as_dict() for one in done.differ]}))
    else:
        about = f" of {done.about}" if done.about else ""
        print_text(
            f"Screening{about}, {done.at[:16]}Z by {done.by}, model {done.model}: {done.screened} screened, "
            f"{done.hits} hits, {len(done.differ)} differ from what was found then."
        )
        for one in done.differ:
            print_text(f"  {one.text}")
    raise typer.Exit(1 if done.differ else 0)
