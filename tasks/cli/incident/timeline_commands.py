"""`continuity incident`: declared once, its steps, its clocks."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Annotated, Any

import typer

from tasks.cli.context import Json, invocation, print_table, print_text
from tasks.cli.incident import evidence_commands, notice_commands, work_commands
from tasks.cli.incident.incident_options import (
    At,
    Evidence,
    Note,
    Reference,
    absolute_paths,
    incident_workspace,
    plain_rows,
)
from tasks.cli.incident.work_commands import take_exports
from tasks.incident.api import IncidentSettings

if TYPE_CHECKING:
    from tasks.incident.api import Incident, StepDetails
    from tasks.workspace import Workspace

app = typer.Typer(no_args_is_help=True, help="An incident: clocks, notices, evidence. Works with every server gone.")
MOST = 20
"""Clocks on one screen."""


def _given(workspace: Workspace, at: str, **said: Any) -> StepDetails:
    from tasks.core.local_time import parse_moment
    from tasks.incident.api import StepDetails

    files = absolute_paths(said.pop("files"))
    return StepDetails(happened=parse_moment(at, workspace.zone, "--at"), files=files, **said)


@app.command()
def declare(
    note: Note = "",
    at: At = "",
    discovered: Annotated[str, typer.Option(help="When the breach of records was discovered, if not --at.")] = "",
    no_breach: Annotated[
        bool, typer.Option("--no-breach", help="Systems are down; no breach of records is known.")
    ] = False,
    suspected: Annotated[bool, typer.Option("--suspected", help="Only suspected: clocks and notices wait.")] = False,
    evidence: Evidence = None,
    as_json: Json = False,
) -> None:
    """Declare an incident. The 72 hours of 19 CFR 111.21(b) run from the discovery of a breach of
    records, unless --no-breach. Declaring again changes nothing."""
    from tasks.core.local_time import parse_moment
    from tasks.incident.api import declare_incident

    office = incident_workspace()
    given = _given(office, at, note=note, files=evidence)
    breach = None
    if not (no_breach or suspected):
        breach = parse_moment(discovered, office.zone, "--discovered") if discovered else given.happened
    made, new = declare_incident(office, given, invocation.actor, breach=breach, suspected=suspected)
    if new and not suspected and office.settings(IncidentSettings).open_work:
        take_exports(office, quiet=as_json)
    if as_json:
        from tasks.incident.api import incident_tables

        print(json.dumps(incident_tables(office, made) | {"new": new}, indent=1, default=str))
        return
    print_text(
        f"{_head(made)}: {'declared' if new and not suspected else made.state}"
        + (
            ""
            if new
            else ". It stands already, and one is open at a time; nothing was written. What is new: "
            "continuity incident found for a breach, incident fact for all else"
        )
    )


@app.command()
def step(
    name: Annotated[str, typer.Argument(help="A step; incident status shows those possible now.")],
    note: Note = "",
    at: At = "",
    reference: Reference = "",
    port: Annotated[
        list[str] | None,
        typer.Option(
            help="Port (Schedule D) that it covers, else all; may repeat. What CBP said of other ports stands."
        ),
    ] = None,
    until: Annotated[str, typer.Option(help="Day on which it ends.")] = "",
    evidence: Evidence = None,
) -> None:
    """Record the next step, with who, when and evidence."""
    from tasks.incident.api import take_step

    office = incident_workspace()
    given = _given(office, at, note=note, reference=reference, ports=tuple(port or ()), until=until, files=evidence)
    now = take_step(office, name, given, invocation.actor)
    print_text(f"{_head(now)}: {now.state.replace('_', ' ')}, event {now.steps[-1].seq}")
    for one in now.steps[-1].attached:
        print_text(f"Stored: {one.name}, SHA-256 {one.content}")


@app.command()
def found(
    discovered: Annotated[str, typer.Option(help="When it was discovered, if not now.")] = "",
    note: Note = "",
    evidence: Evidence = None,
    incident: Annotated[str, typer.Option(help="One that is closed, by its id.")] = "",
) -> None:
    """A breach of records became known, or a new fact of one: 72 hours run from its discovery."""
    from tasks.core.local_time import parse_moment
    from tasks.incident.api import record_breach

    office = incident_workspace()
    moment_ = parse_moment(discovered, office.zone, "--discovered")
    now = record_breach(office, moment_, note, absolute_paths(evidence), invocation.actor, incident)
    print_text(f"{_head(now)}: discovery {len(now.breaches)} recorded")


@app.command()
def status(
    incident: Annotated[str, typer.Option(help="One that is closed, by its id.")] = "", as_json: Json = False
) -> None:
    """Where the incident stands and what bites next, also what CBP may want back and which letters are
    older than their record. Exit 1 if a clock or a demand is red."""
    from tasks.core.status_lines import RED
    from tasks.incident.api import incident_tables, newest_incident, require_incident

    office = incident_workspace()
    rows = office.journal.rows
    one = require_incident(rows, incident) if incident else newest_incident(rows)
    if one is None:
        print_table([], as_json=as_json, title="Incidents")
        return
    said = incident_tables(office, one)
    if as_json:
        print(json.dumps(said, indent=1, ensure_ascii=False, default=str))
    else:
        _tell(one, said)
    pressing = [*said["clocks"], *said["redelivery"]]
    raise typer.Exit(1 if any(row["light"] == RED for row in pressing) else 0)


def _tell(one: Incident, said: dict[str, Any]) -> None:
    print_table(said["steps"], as_json=False, title=_head(one))
    running = [
        {name: value for name, value in row.items() if name not in ("cleared_by", "calls")}
        for row in said["clocks"][:MOST]
    ]
    print_table(running, as_json=False, title="What bites next")
    ends: dict[str, list[str]] = {}
    for row in said["clocks"]:
        if row["cleared_by"]:
            ends.setdefault(row["cleared_by"], []).append(row["rule"])
    for words, names in ends.items():
        print_text(f"{', '.join(dict.fromkeys(names))}: {words}")
    if len(said["clocks"]) > MOST:
        print_text(f"and {len(said['clocks']) - MOST} more: status --json")
    print_table(said["work"], as_json=False, title="Open when the systems went down")
    for file in said["not_taken"]:
        print_text(
            f"{file} was NOT TAKEN: what was open in it is on no list. Mend it, then continuity incident work take"
        )
    for left in said["left_out"]:
        print_text(
            f"{left['rows']} row(s) of {left['file']} could not be read and are on no list: mend them, then "
            "continuity incident work take"
        )
    if said["redelivery"]:
        print_table(plain_rows(said["redelivery"]), as_json=False, title="CBP may want these goods back")
    if others := said["watched"]["entries"]:
        first, last = said["watched"]["first_ends"], said["watched"]["last_ends"]
        print_text(
            f"{others} more released: CBP may ask for the first until {first}, for the last until {last} "
            "(continuity incident redelivery list)"
        )
    if said["letters"]:
        print_table(plain_rows(said["letters"]), as_json=False, title="Letters older than their record: issue again")
    print_text(
        f"notices due: {', '.join(said['due']) or 'none'}; steps possible now: {', '.join(said['possible']) or 'none'}"
    )
    print_text("[W] weak source, [G] general knowledge or our default: verify the rule before relying on it")


@app.command()
def close(note: Note = "", at: At = "", evidence: Evidence = None) -> None:
    """Close the incident. Refused without the signed accounting, or while work of hour zero is open."""
    from tasks.core import clock
    from tasks.incident import api
    from tasks.incident.api import running_clocks

    office = incident_workspace()
    ended = api.close(office, _given(office, at, note=note, files=evidence), invocation.actor)
    print_text(f"{_head(ended)}: closed, event {ended.steps[-1].seq}")
    for one in running_clocks(office, ended):
        print_text(f"still runs: {one.rule.what}, {one.words(clock.now())} ({one.next} --incident {ended.id})")
    _say_wanted_back()


def _say_wanted_back() -> None:
    """What of the released goods outlives the incident: it bites on no clock of it."""
    from tasks.incident.api import CONDITIONAL, DEMANDED, watches

    for one in watches(invocation.workspace, pressing=True):
        if one.state == DEMANDED:
            print_text(
                f"still open: CBP wants {one.number} back ({one.notice}: {one.why}), by {one.due} "
                "(continuity incident redelivery answered)"
            )
        elif one.state == CONDITIONAL:
            print_text(
                f"still open: {one.number} was released under a condition ({one.why}); the importer keeps "
                "the goods (continuity incident redelivery conditional, --until when it ends)"
            )


def _head(one: Incident) -> str:
    return f"{one.mark} incident {one.id}".strip()


work_commands.add_to(app)
notice_commands.add_to(app)
evidence_commands.add_to(app)
