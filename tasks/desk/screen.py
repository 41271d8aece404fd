"""`continuity screen`: partners against the lists, what was found, and what people decide."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from tasks.desk import screen_lists, screen_risk
from tasks.desk.context import desk, say, show, tell
from tasks.desk.screen_lists import Json, house, red_lists, warn_of_lists
from tasks.shared.errors import BadInput

if TYPE_CHECKING:
    from tasks.screening.partner_file import Read

app = typer.Typer(no_args_is_help=True, help="Partners against the lists; hits and decisions.")
app.add_typer(screen_lists.app, name="lists")
screen_risk.add_to(app)


@app.command()
def partners(
    file: Annotated[Path, typer.Argument(exists=True, help="CSV, XLSX or Parquet.")],
    whole: Annotated[
        bool, typer.Option("--whole", help="The file is all there is: retire the others.")
    ] = False,
    accept_clean: Annotated[
        bool, typer.Option("--accept-clean", help="Screen the clean rows, leave the rest.")
    ] = False,
    as_json: Json = False,
) -> None:
    """Take partners into the register and screen them. A faulty file changes nothing; all its
    faults are told at once; with --whole no row may be faulty, or its partner would be retired.

    Exit 1 if a hit waits for a person, or a list is red."""
    from tasks.screening import partner_file, register, running

    read = partner_file.read(file)
    usable = accept_clean and not whole and read.partners.num_rows
    if read.problems and not usable:
        _tell_faults(read, as_json)
        raise _bad(f"{len(read.problems):,} problem(s) in {read.file}", read)
    if not read.partners.num_rows:
        raise BadInput("partner-file-empty", file=read.file)
    register.take(desk.workspace.journal, desk.workspace.content, desk.actor, read.partners, source=read.sha256,
                  file=read.file, whole=whole, refused=read.refused)  # fmt: skip
    outcome = running.screen(house(), desk.actor)
    ids = set(read.partners["partner"].to_pylist())
    _report(read, ids, outcome.screened, as_json)
    if read.problems:
        raise _bad(f"{read.refused:,} row(s) of {read.file} were left out", read)
    raise typer.Exit(1 if _undecided(ids) or red_lists() else 0)


_MOST = 200


def _bad(said: str, read: Read) -> BadInput:
    more = len(read.problems) - _MOST
    left = f"; the first {_MOST}, and {more:,} more with --json" if more > 0 else ""
    return BadInput("partner-file-invalid", read.problems[:_MOST], reason=said, left=left)


def _tell_faults(read: Read, as_json: bool) -> None:
    if as_json:
        told = {"partners": 0, "refused": read.refused, "hits": []}
        told |= {"problems": [problem.as_dict() for problem in read.problems]}
        print(json.dumps(told, indent=1, ensure_ascii=False))
    elif read.partners.num_rows:
        say(f"{read.file}: nothing was taken. {read.partners.num_rows} clean row(s) can be "
            "screened without the rest: --accept-clean")  # fmt: skip


def _undecided(ids: set[str]) -> int:
    from tasks.screening import decisions

    return sum(hit.undecided for hit in decisions.hits(house(), ids))


def _report(read: Read, ids: set[str], screened: int, as_json: bool) -> None:
    from tasks.screening import decisions, shown, standing

    found = [hit for hit in decisions.hits(house(), ids) if hit.state != decisions.GONE]
    rows = shown.rows(house(), found)
    stands = standing.standings(house(), ids)
    if as_json:
        told = {"partners": len(ids), "screened": screened, "refused": read.refused, "hits": rows}
        told |= {"standing": [screen_risk.row(one) for one in stands]}
        told |= {"red_lists": red_lists()}
        told |= {"problems": [problem.as_dict() for problem in read.problems]}
        print(json.dumps(told, indent=1, ensure_ascii=False))
        return
    show(shown.brief(rows), as_json=False, title="Hits")
    counts = {state: sum(one.state == state for one in stands) for state in standing.STATES}
    told = ", ".join(f"{count} {state}" for state, count in counts.items())
    say(f"{len(ids)} partner(s): {told}. {screened} screened now.")
    warn_of_lists()


@app.command()
def run(
    full: Annotated[bool, typer.Option("--full", help="Everything, not only changes.")] = False,
    as_json: Json = False,
) -> None:
    """Screen what changed in lists or partners since the last time.

    Exit 1 if a hit waits for a person, or a list is red."""
    from tasks.screening import decisions, running, shown

    outcome = running.screen(house(), desk.actor, full=full)
    new = {line.hit for line in outcome.new}
    hits = decisions.hits(house())
    waiting = sum(hit.undecided for hit in hits)
    rows = shown.rows(house(), [hit for hit in hits if hit.hit in new])
    if as_json:
        told = {"scope": outcome.scope, "screened": outcome.screened, "hits": outcome.hits,
                "undecided": waiting, "gone": list(outcome.gone), "new": rows,
                "red_lists": red_lists()}  # fmt: skip
        print(json.dumps(told, indent=1, ensure_ascii=False))
        raise typer.Exit(1 if waiting or red_lists() else 0)
    show(shown.brief(rows), as_json=False, title="New or changed hits")
    say(f"{outcome.scope}: {outcome.screened} screened, {outcome.hits} hits stand, "
        f"{len(outcome.gone)} are gone, {waiting} wait for a person.")  # fmt: skip
    warn_of_lists()
    raise typer.Exit(1 if waiting or red_lists() else 0)


@app.command()
def name(
    name: Annotated[str, typer.Argument(help="The name to look up.")],
    country: Annotated[str, typer.Option(help="ISO code or name.")] = "",
    kind: Annotated[str, typer.Option(help="entity, individual, vessel.")] = "unknown",
    role: Annotated[str, typer.Option(help="What it would be to you.")] = "supplier",
    as_json: Json = False,
) -> None:
    """Screen one name: stop, review, not screened or clear, with its hits. Written down as a screening.

    Exit 1 if it resembles somebody listed, or a list is red."""
    from tasks.screening import by_name
    from tasks.screening.partner_cells import Wrong, value

    try:
        asked = by_name.Asked(
            value("name", name.strip() or " "),
            value("country", country) if country else "",
            value("kind", kind),
            value("role", role),
        )
    except Wrong as wrong:
        raise BadInput("name-query-invalid", reason=wrong.wrong, right=wrong.right) from None
    found = by_name.screen(house(), asked, desk.actor)
    if as_json:
        print(json.dumps(vars(found), indent=1, ensure_ascii=False))
    else:
        show(found.hits, as_json=False, title=asked.name)
        say(f"{asked.name}: {found.state}, {len(found.hits)} hit(s)")
        warn_of_lists()
    raise typer.Exit(1 if found.hits or red_lists() else 0)


@app.command()
def hits(
    hit: Annotated[str, typer.Argument(help="One hit, with all that is known of it.")] = "",
    every: Annotated[bool, typer.Option("--all", help="Decided and gone ones too.")] = False,
    partner: Annotated[str, typer.Option(help="Only this partner and its owners.")] = "",
    as_json: Json = False,
) -> None:
    """Hits that wait for a person, or one in full. Exit 1 while any waits."""
    from tasks.screening import decisions, shown

    if hit:
        told = shown.one(house(), decisions.find(house(), hit))
        if as_json:
            print(json.dumps(told, indent=1, ensure_ascii=False))
        else:
            for line in shown.lines(told):
                say(line)
        return
    found = decisions.hits(house(), [partner] if partner else None)
    listed = [one for one in found if every or one.undecided]
    rows = shown.rows(house(), listed)
    show(rows if as_json else shown.brief(rows), as_json=as_json, title="Hits")
    raise typer.Exit(1 if any(one.undecided for one in found) else 0)


@app.command()
def decide(
    hit: Annotated[str, typer.Argument(help="The hit, or the first letters of its id.")],
    clear: Annotated[bool, typer.Option("--clear", help="Not the same party.")] = False,
    confirm: Annotated[bool, typer.Option("--confirm", help="The same party.")] = False,
    reason: Annotated[str, typer.Option(help="Why, in words for an auditor.")] = "",
    code: Annotated[str, typer.Option(help="One-time code of the second person.")] = "",
    as_json: Json = False,
) -> None:
    """Clear or confirm a hit. A strong one needs two persons; the second gives a one-time code."""
    from tasks.screening import decisions, shown

    if clear == confirm:
        raise typer.BadParameter("--clear or --confirm")
    verdict = decisions.CLEARED if clear else decisions.CONFIRMED
    one = decisions.decide(house(), hit, verdict, reason, desk.actor, code=code)
    if as_json:
        print(json.dumps(shown.rows(house(), [one])[0], ensure_ascii=False))
        return
    until = f" until {one.expires}, or until partner or listing changes" if one.expires else ""
    say(f"{one.hit} ({one.partner} / {one.record}): {one.state}{until}. {one.why}")
    if one.state == decisions.WAITS:
        flag = "--clear" if clear else "--confirm"
        say(f"Next: a second person: continuity screen decide {one.hit} {flag} --reason ... "
            "--code CODE --by ID")  # fmt: skip


@app.command()
def deny(
    name: Annotated[str, typer.Argument(help="The party's name.")] = "",
    reason: Annotated[str, typer.Option(help="Why.")] = "",
    country: Annotated[str, typer.Option(help="ISO code or name.")] = "",
    kind: Annotated[str, typer.Option(help="entity, individual, vessel.")] = "unknown",
    alias: Annotated[list[str] | None, typer.Option(help="Another name; may repeat.")] = None,
    remove: Annotated[str, typer.Option(help="Take this record off the list.")] = "",
    as_json: Json = False,
) -> None:
    """The own deny list: put a party on it, take one off, or (without a name) show it."""
    from tasks.screening.lists import own, tables, versions

    if remove:
        own.allow(desk.workspace.journal, desk.workspace.content, desk.actor, remove, reason)
        tell(as_json, f"{remove} is off the own deny list. Next: continuity screen run",
             removed=remove, reason=reason)  # fmt: skip
        return
    if not name:
        found = versions.records_of(
            desk.workspace.journal, desk.workspace.content, "own"
        ).to_pylist()
        rows = [{"record": row["record"], "names": "; ".join(n["name"] for n in row["names"]),
                 "listed": row["listed"], "reason": row["remarks"]} for row in found]  # fmt: skip
        show(rows, as_json=as_json, title="Own deny list")
        return
    draft = tables.Draft("", _checked("kind", kind))
    for one in (name, *(alias or ())):
        draft.name(_checked("name", one), tables.STRONG if draft.names else tables.PRIMARY)
    draft.place(_checked("country", country) if country else "")
    record = own.deny(desk.workspace.journal, desk.workspace.content, desk.actor, draft, reason)
    if as_json:
        print(json.dumps({"record": record, "name": name, "reason": reason}))
        return
    say(f"{record}: {name} is on the own deny list. Next: continuity screen run")


def _checked(type_: str, text: str) -> str:
    from tasks.screening.partner_cells import Wrong, value

    try:
        return value(type_, text)
    except Wrong as wrong:
        raise BadInput(
            "screening-value-invalid", text=text, reason=wrong.wrong, right=wrong.right
        ) from None
