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

    states = partner_states(invocation.workspace, [partner] if partner else None)
    if partner and not states:
        raise Refused("partner-not-registered", partner=partner)
    if due:
        states = [state for state in states if state.overdue or not state.reviewed]
    if as_json or not partner:
        print_table([risk_row(state, reasons=as_json) for state in states], as_json=as_json, title="Partners")
    else:
        for line in lines(states[0]):
            print_text(line)
    if not as_json:
        warn_of_lists()
        for reason in current_coverage(invocation.workspace).not_asked:
            print_text(f"NOT SCREENED: {reason.text}")


def risk_row(partner: PartnerState, *, reasons: bool = True) -> dict[str, Any]:
    """A partner as a line of a listing."""
    facts = {
        "partner": partner.partner,
        "name": partner.name,
        "role": partner.role,
        "state": partner.state,
        **({"not_screened": [reason.as_dict() for reason in partner.not_screened]} if reasons else {}),
        "undecided": partner.undecided,
        "points": partner.risk.points,
        "tier": partner.risk.tier,
        "review_due": partner.due,
    }
    if reasons:
        facts["reasons"] = [point.reason.as_dict() | {"points": point.points} for point in partner.risk.reasons]
        facts["weights"] = partner.risk.weights
    return facts


def lines(partner: PartnerState) -> list[str]:
    """A partner as lines of text, each point with its reason."""
    from tasks.core.messages import reason_text

    texts = [
        f"{partner.partner} {partner.name} ({partner.role}): {partner.state}",
        f"  {partner.risk.points} points, tier {partner.risk.tier} (weights {partner.risk.weights})",
    ]
    texts += [f"  not screened: {reason_text(partner.not_screened)}"] if partner.not_screened else []
    texts += [f"  {point.points:+4d}  {point.reason.text}" for point in partner.risk.reasons]
    return [*texts, f"  next review {partner.due}, {partner.undecided} undecided hit(s)"]


def review(
    partner: Annotated[str, typer.Argument(help="The partner that was looked at.")],
    note: Annotated[str, typer.Option(help="What was looked at, and what came of it.")],
    as_json: Json = False,
) -> None:
    """Write down a review of the whole partner; its tier sets the day of the next."""
    from tasks.screening.api import record_review

    state = record_review(invocation.workspace, partner, note, invocation.actor)
    if as_json:
        print(json.dumps(risk_row(state), ensure_ascii=False))
        return
    print_text(f"{partner} reviewed: {state.risk.points} points, tier {state.risk.tier}, next by {state.due}")


def log(as_json: Json = False) -> None:
    """Every screening, whoever ran it: desk, flow or a colleague."""
    from tasks.screening.api import screening_log

    print_table(list(screening_log(invocation.workspace)), as_json=as_json, title="Screenings")


def again(
    which: Annotated[str, typer.Argument(help="Its event or content, as the log names it.")], as_json: Json = False
) -> None:
    """Do a screening of the past again, also of one name, with its lists, partners and model, and hold it
    against what was found then. Writes nothing. Exit 1 if they differ."""
    from tasks.screening.api import replay_screening

    replay = replay_screening(invocation.workspace, which)
    if as_json:
        print(json.dumps(vars(replay) | {"differ": [difference.as_dict() for difference in replay.differ]}))
    else:
        about = f" of {replay.about}" if replay.about else ""
        print_text(
            f"Screening{about}, {replay.at[:16]}Z by {replay.by}, model {replay.model}: {replay.screened} screened, "
            f"{replay.hits} hits, {len(replay.differ)} differ from what was found then."
        )
        for difference in replay.differ:
            print_text(f"  {difference.text}")
    raise typer.Exit(1 if replay.differ else 0)
