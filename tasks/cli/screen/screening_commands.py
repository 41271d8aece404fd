"""`continuity screen`: partners against the lists, what was found, and what people decide."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from tasks.cli.context import Json, invocation, print_result, print_table, print_text
from tasks.cli.screen import list_commands, risk_commands
from tasks.cli.screen.list_commands import red_list_reasons, warn_of_lists
from tasks.cli.screen.risk_commands import risk_row
from tasks.core.errors import BadInput

if TYPE_CHECKING:
    from tasks.screening.api import PartnerFile

app = typer.Typer(no_args_is_help=True, help="Partners against the lists; hits and decisions.")
app.add_typer(list_commands.app, name="lists")
risk_commands.add_to(app)


@app.command()
def partners(
    file: Annotated[Path, typer.Argument(exists=True, help="CSV, XLSX or Parquet.")],
    whole: Annotated[bool, typer.Option("--whole", help="The file is all there is: retire the others.")] = False,
    accept_clean: Annotated[
        bool, typer.Option("--accept-clean", help="Screen the clean rows, leave the rest.")
    ] = False,
    as_json: Json = False,
) -> None:
    """Take partners into the register and screen them. A faulty file changes nothing; all its
    faults are told at once; with --whole no row may be faulty, or its partner would be retired.

    Exit 1 if a hit waits for a person, or a list is red."""
    from tasks.screening.api import read_partners, screen_register, take_partners

    read = read_partners(file)
    usable = accept_clean and not whole and read.partners.num_rows
    if read.problems and not usable:
        _tell_faults(read, as_json)
        problems = read.problems[:_MOST]
        raise BadInput("partner-file-invalid", problems, file=read.file, count=len(read.problems), shown=len(problems))
    if not read.partners.num_rows:
        raise BadInput("partner-file-empty", file=read.file)
    take_partners(
        invocation.workspace,
        invocation.actor,
        read.partners,
        source=read.sha256,
        file=read.file,
        replace_all=whole,
        refused=read.refused,
    )
    outcome = screen_register(invocation.workspace, invocation.actor)
    ids = set(map(str, read.partners["partner"].to_pylist()))
    _report(read, ids, outcome.screened, as_json)
    if read.problems:
        problems = read.problems[:_MOST]
        raise BadInput("partner-rows-left-out", problems, file=read.file, count=read.refused, shown=len(problems))
    raise typer.Exit(1 if _undecided(ids) or red_list_reasons() else 0)


_MOST = 200


def _tell_faults(read: PartnerFile, as_json: bool) -> None:
    if as_json:
        facts: dict[str, Any] = {"partners": 0, "refused": read.refused, "hits": []}
        facts |= {"problems": [problem.as_dict() for problem in read.problems]}
        print(json.dumps(facts, indent=1, ensure_ascii=False))
    elif read.partners.num_rows:
        print_text(
            f"{read.file}: nothing was taken. {read.partners.num_rows} clean row(s) can be "
            "screened without the rest: --accept-clean"
        )


def _undecided(ids: set[str]) -> int:
    from tasks.screening.api import current_hits

    return sum(hit.undecided for hit in current_hits(invocation.workspace, ids))


def _report(read: PartnerFile, ids: set[str], screened: int, as_json: bool) -> None:
    from tasks.screening.api import GONE, STATES, brief_rows, current_hits, hit_rows, partner_states

    current = [hit for hit in current_hits(invocation.workspace, ids) if hit.state != GONE]
    rows = hit_rows(invocation.workspace, current)
    stands = partner_states(invocation.workspace, ids)
    if as_json:
        facts = {"partners": len(ids), "screened": screened, "refused": read.refused, "hits": rows}
        facts |= {"standing": [risk_row(one) for one in stands]}
        facts |= {"red_lists": [reason.as_dict() for reason in red_list_reasons()]}
        facts |= {"problems": [problem.as_dict() for problem in read.problems]}
        print(json.dumps(facts, indent=1, ensure_ascii=False))
        return
    print_table(brief_rows(rows), as_json=False, title="Hits")
    counts = {state: sum(one.state == state for one in stands) for state in STATES}
    facts = ", ".join(f"{count} {state}" for state, count in counts.items())
    print_text(f"{len(ids)} partner(s): {facts}. {screened} screened now.")
    warn_of_lists()


@app.command()
def run(
    full: Annotated[bool, typer.Option("--full", help="Everything, not only changes.")] = False, as_json: Json = False
) -> None:
    """Screen what changed in lists or partners since the last time.

    Exit 1 if a hit waits for a person, or a list is red."""
    from tasks.screening.api import brief_rows, current_hits, hit_rows, screen_register

    outcome = screen_register(invocation.workspace, invocation.actor, full=full)
    new = {line.hit for line in outcome.new}
    hits = current_hits(invocation.workspace)
    waiting = sum(hit.undecided for hit in hits)
    rows = hit_rows(invocation.workspace, [hit for hit in hits if hit.hit in new])
    if as_json:
        facts = {
            "scope": outcome.scope,
            "screened": outcome.screened,
            "hits": outcome.hits,
            "undecided": waiting,
            "gone": list(outcome.removed),
            "new": rows,
            "red_lists": [reason.as_dict() for reason in red_list_reasons()],
        }
        print(json.dumps(facts, indent=1, ensure_ascii=False))
        raise typer.Exit(1 if waiting or red_list_reasons() else 0)
    print_table(brief_rows(rows), as_json=False, title="New or changed hits")
    print_text(
        f"{outcome.scope}: {outcome.screened} screened, {outcome.hits} hits stand, "
        f"{len(outcome.removed)} are gone, {waiting} wait for a person."
    )
    warn_of_lists()
    raise typer.Exit(1 if waiting or red_list_reasons() else 0)


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
    from tasks.screening.api import NameQuery, screen_name

    query = NameQuery(
        _checked("name", name.strip() or " "),
        _checked("country", country) if country else "",
        _checked("kind", kind),
        _checked("role", role),
    )
    screened = screen_name(invocation.workspace, query, invocation.actor)
    if as_json:
        not_screened = [reason.as_dict() for reason in screened.not_screened]
        facts = vars(screened) | {"not_screened": not_screened}
        print(json.dumps(facts, indent=1, ensure_ascii=False))
    else:
        rows = [row | {"reasons": ", ".join(row["reasons"])} for row in screened.hits]
        print_table(rows, as_json=False, title=query.name)
        print_text(f"{query.name}: {screened.state}, {len(screened.hits)} hit(s)")
        warn_of_lists()
    raise typer.Exit(1 if screened.hits or red_list_reasons() else 0)


@app.command()
def hits(
    hit: Annotated[str, typer.Argument(help="One hit, with all that is known of it.")] = "",
    every: Annotated[bool, typer.Option("--all", help="Decided and gone ones too.")] = False,
    partner: Annotated[str, typer.Option(help="Only this partner and its owners.")] = "",
    as_json: Json = False,
) -> None:
    """Hits that wait for a person, or one in full. Exit 1 while any waits."""
    from tasks.screening.api import brief_rows, current_hits, detail_lines, find_hit, hit_details, hit_rows

    if hit:
        details = hit_details(invocation.workspace, find_hit(invocation.workspace, hit))
        if as_json:
            print(json.dumps(details, indent=1, ensure_ascii=False))
        else:
            for line in detail_lines(details):
                print_text(line)
        return
    current = current_hits(invocation.workspace, [partner] if partner else None)
    listed = [listed_hit for listed_hit in current if every or listed_hit.undecided]
    rows = hit_rows(invocation.workspace, listed)
    print_table(rows if as_json else brief_rows(rows), as_json=as_json, title="Hits")
    raise typer.Exit(1 if any(listed_hit.undecided for listed_hit in current) else 0)


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
    from tasks.screening.api import CLEARED, CONFIRMED, WAITS, decide_hit, hit_rows

    if clear == confirm:
        raise typer.BadParameter("--clear or --confirm")
    verdict = CLEARED if clear else CONFIRMED
    decided = decide_hit(invocation.workspace, hit, verdict, reason, invocation.actor, code=code)
    if as_json:
        print(json.dumps(hit_rows(invocation.workspace, [decided])[0], ensure_ascii=False))
        return
    until = f" until {decided.expires}, or until partner or listing changes" if decided.expires else ""
    print_text(f"{decided.hit} ({decided.partner} / {decided.record}): {decided.state}{until}. {decided.why}")
    if decided.state == WAITS:
        flag = "--clear" if clear else "--confirm"
        print_text(
            f"Next: a second person: continuity screen decide {decided.hit} {flag} --reason ... --code CODE --by ID"
        )


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
    from tasks.screening import api
    from tasks.screening.api import PRIMARY, STRONG, RecordDraft, allow, records_of

    if remove:
        allow(invocation.workspace, invocation.actor, remove, reason)
        print_result(
            as_json, f"{remove} is off the own deny list. Next: continuity screen run", removed=remove, reason=reason
        )
        return
    if not name:
        records = records_of(invocation.workspace, "own").to_pylist()
        rows = [
            {
                "record": row["record"],
                "names": "; ".join(n["name"] for n in row["names"]),
                "listed": row["listed"],
                "reason": row["remarks"],
            }
            for row in records
        ]
        print_table(rows, as_json=as_json, title="Own deny list")
        return
    draft = RecordDraft("", _checked("kind", kind))
    for party_name in (name, *(alias or ())):
        draft.add_name(_checked("name", party_name), STRONG if draft.names else PRIMARY)
    draft.add_place(_checked("country", country) if country else "")
    record = api.deny(invocation.workspace, invocation.actor, draft, reason)
    if as_json:
        print(json.dumps({"record": record, "name": name, "reason": reason}))
        return
    print_text(f"{record}: {name} is on the own deny list. Next: continuity screen run")


def _checked(type_: str, text: str) -> str:
    """The value of an option or argument. Raises BadInput that names it."""
    from tasks.screening.api import cell_value

    try:
        return cell_value(type_, text)
    except BadInput as error:
        problems = [replace(problem, column=type_, value=text) for problem in error.problems]
        raise BadInput("screening-value-invalid", problems) from None
