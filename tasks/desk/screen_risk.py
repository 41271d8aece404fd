"""`continuity screen risk | review | log | again`: how risky each partner is and why, who screened what,
and the same once more."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Annotated, Any

import typer

from tasks.desk.context import desk, say, show
from tasks.desk.screen_lists import Json, warn_of_lists

if TYPE_CHECKING:
    from tasks.screening.standing import Standing


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
    from tasks.screening.coverage import coverage
    from tasks.screening.standing import standings
    from tasks.shared.errors import Refused

    found = standings(desk.workspace, [partner] if partner else None)
    if partner and not found:
        raise Refused("partner-not-registered", partner=partner)
    if due:
        found = [one for one in found if one.overdue or not one.reviewed]
    if as_json or not partner:
        show([row(one, reasons=as_json) for one in found], as_json=as_json, title="Partners")
    else:
        for line in lines(found[0]):
            say(line)
    if not as_json:
        warn_of_lists()
        for reason in coverage(desk.workspace).not_asked:
            say(f"NOT SCREENED: {reason.text}")


def row(one: Standing, *, reasons: bool = True) -> dict[str, Any]:
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
        told["reasons"] = [
            point.reason.as_dict() | {"points": point.points} for point in one.risk.reasons
        ]
        told["weights"] = one.risk.weights
    return told


def lines(one: Standing) -> list[str]:
    """A partner as lines of text, each point with its reason."""
    from tasks.shared.messages import text_of

    found = [f"{one.partner} {one.name} ({one.role}): {one.state}",
             f"  {one.risk.points} points, tier {one.risk.tier} (weights {one.risk.weights})"]  # fmt: skip
    found += [f"  not screened: {text_of(one.not_screened)}"] if one.not_screened else []
    found += [f"  {point.points:+4d}  {point.reason.text}" for point in one.risk.reasons]
    return [*found, f"  next review {one.due}, {one.undecided} undecided hit(s)"]


def review(
    partner: Annotated[str, typer.Argument(help="The partner that was looked at.")],
    note: Annotated[str, typer.Option(help="What was looked at, and what came of it.")],
    as_json: Json = False,
) -> None:
    """Write down a review of the whole partner; its tier sets the day of the next."""
    from tasks.screening import standing

    one = standing.review(desk.workspace, partner, note, desk.actor)
    if as_json:
        print(json.dumps(row(one), ensure_ascii=False))
        return
    say(f"{partner} reviewed: {one.risk.points} points, tier {one.risk.tier}, next by {one.due}")


def log(as_json: Json = False) -> None:
    """Every screening, whoever ran it: desk, flow or a colleague."""
    from tasks.screening.by_name import log as screenings

    show(list(screenings(desk.workspace)), as_json=as_json, title="Screenings")


def again(
    which: Annotated[str, typer.Argument(help="Its event or content, as the log names it.")],
    as_json: Json = False,
) -> None:
    """Do a screening of the past again, also of one name, with its lists, partners and model, and hold it
    against what was found then. Writes nothing. Exit 1 if they differ."""
    from tasks.screening.again import again as redo

    done = redo(desk.workspace, which)
    if as_json:
        print(json.dumps(vars(done) | {"differ": [one.as_dict() for one in done.differ]}))
    else:
        about = f" of {done.about}" if done.about else ""
        say(f"Screening{about}, {done.at[:16]}Z by {done.by}, model {done.model}: {done.screened} screened, "
            f"{done.hits} hits, {len(done.differ)} differ from what was found then.")  # fmt: skip
        for one in done.differ:
            say(f"  {one.text}")
    raise typer.Exit(1 if done.differ else 0)
