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

if TYPE_CHECKING:
    from tasks.incident.api import Incident, StepDetails
    from tasks.workspace import Workspace

app = typer.Typer(no_args_is_help=True, help="An incident: clocks, notices, evidence. Works with every server gone.")
MOST = 20
"""Clocks on one screen."""


def _details(workspace: Workspace, at: str, **fields: Any) -> StepDetails:
    from tasks.core.clock import parse_moment
    from tasks.incident.api import StepDetails

    files = absolute_paths(fields.pop("files"))
    return StepDetails(happened=parse_moment(at, workspace.zone, "--at"), files=files, **fields)


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
    from tasks.core.clock import parse_moment
    from tasks.incident.api import IncidentSettings, declare_incident

    workspace = incident_workspace()
    details = _details(workspace, at, note=note, files=evidence)
    breach = None
    if not (no_breach or suspected):
        breach = parse_moment(discovered, workspace.zone, "--discovered") if discovered else details.happened
    declared, new = declare_incident(workspace, details, invocation.actor, breach=breach, suspected=suspected)
    if new and not suspected and workspace.settings(IncidentSettings).open_work:
        take_exports(workspace, quiet=as_json)
    if as_json:
        from tasks.incident.api import incident_tables

        print(json.dumps(incident_tables(workspace, declared) | {"new": new}, indent=1, default=str))
        return
    print_text(
        f"{_head(declared)}: {'declared' if new and not suspected else declared.state}"
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

    workspace = incident_workspace()
    details = _details(
        workspace, at, note=note, reference=reference, ports=tuple(port or ()), until=until, files=evidence
    )
    now = take_step(workspace, name, details, invocation.actor)
    print_text(f"{_head(now)}: {now.state.replace('_', ' ')}, event {now.steps[-1].seq}")
    for file in now.steps[-1].attached:
        print_text(f"Stored: {file.name}, SHA-256 {file.content}")


@app.command()
def found(
    discovered: Annotated[str, typer.Option(help="When it was discovered, if not now.")] = "",
    note: Note = "",
    evidence: Evidence = None,
    incident: Annotated[str, typer.Option(help="One that is closed, by its id.")] = "",
) -> None:
    """A breach of records became known, or a new fact of one: 72 hours run from its discovery."""
    from tasks.core.clock import parse_moment
    from tasks.incident.api import record_breach

    workspace = incident_workspace()
    moment_ = parse_moment(discovered, workspace.zone, "--discovered")
    now = record_breach(workspace, moment_, note, absolute_paths(evidence), invocation.actor, incident)
    print_text(f"{_head(now)}: discovery {len(now.breaches)} recorded")


@app.command()
def status(
    incident: Annotated[str, typer.Option(help="One that is closed, by its id.")] = "", as_json: Json = False
) -> None:
    """Where the incident stands and what bites next, also what CBP may want back and which letters are
    older than their record. Exit 1 if a clock or a demand is red."""
    from tasks.core.status_lines import RED
    from tasks.incident.api import incident_tables, newest_incident, require_incident

    workspace = incident_workspace()
    rows = workspace.journal.rows
    shown_incident = require_incident(rows, incident) if incident else newest_incident(rows)
    if shown_incident is None:
        print_table([], as_json=as_json, title="Incidents")
        return
    tables = incident_tables(workspace, shown_incident)
    if as_json:
        print(json.dumps(tables, indent=1, ensure_ascii=False, default=str))
    else:
        _tell(shown_incident, tables)
    pressing = [*tables["clocks"], *tables["redelivery"]]
    raise typer.Exit(1 if any(row["light"] == RED for row in pressing) else 0)


def _tell(incident: Incident, tables: dict[str, Any]) -> None:
    print_table(tables["steps"], as_json=False, title=_head(incident))
    running = [
        {name: value for name, value in row.items() if name not in ("cleared_by", "calls")}
        for row in tables["clocks"][:MOST]
    ]
    print_table(running, as_json=False, title="What bites next")
    ends: dict[str, list[str]] = {}
    for row in tables["clocks"]:
        if row["cleared_by"]:
            ends.setdefault(row["cleared_by"], []).append(row["rule"])
    for phrase, names in ends.items():
        print_text(f"{', '.join(dict.fromkeys(names))}: {phrase}")
    if len(tables["clocks"]) > MOST:
        print_text(f"and {len(tables['clocks']) - MOST} more: status --json")
    print_table(tables["work"], as_json=False, title="Open when the systems went down")
    for file in tables["not_taken"]:
        print_text(
            f"{file} was NOT TAKEN: what was open in it is on no list. Mend it, then continuity incident work take"
        )
    for left in tables["left_out"]:
        print_text(
            f"{left['rows']} row(s) of {left['file']} could not be read and are on no list: mend them, then "
            "continuity incident work take"
        )
    if tables["redelivery"]:
        print_table(plain_rows(tables["redelivery"]), as_json=False, title="CBP may want these goods back")
    if watched := tables["watched"]["entries"]:
        first, last = tables["watched"]["first_ends"], tables["watched"]["last_ends"]
        print_text(
            f"{watched} more released: CBP may ask for the first until {first}, for the last until {last} "
            "(continuity incident redelivery list)"
        )
    if tables["letters"]:
        print_table(plain_rows(tables["letters"]), as_json=False, title="Letters older than their record: issue again")
    due, possible = (", ".join(tables[name]) or "none" for name in ("due", "possible"))
    print_text(f"notices due: {due}; steps possible now: {possible}")
    print_text("[W] weak source, [G] general knowledge or our default: verify the rule before relying on it")


@app.command()
def close(note: Note = "", at: At = "", evidence: Evidence = None) -> None:
    """Close the incident. Refused without the signed accounting, or while work of hour zero is open."""
    from tasks.core import clock
    from tasks.incident.api import close, running_clocks

    workspace = incident_workspace()
    ended = close(workspace, _details(workspace, at, note=note, files=evidence), invocation.actor)
    print_text(f"{_head(ended)}: closed, event {ended.steps[-1].seq}")
    for running in running_clocks(workspace, ended):
        print_text(
            f"still runs: {running.rule.what}, {running.words(clock.now())} ({running.next} --incident {ended.id})"
        )
    _say_wanted_back()


def _say_wanted_back() -> None:
    """What of the released goods outlives the incident: it bites on no clock of it."""
    from tasks.incident.api import CONDITIONAL, DEMANDED, watches

    for watch in watches(invocation.workspace, pressing=True):
        if watch.state == DEMANDED:
            print_text(
                f"still open: CBP wants {watch.number} back ({watch.notice}: {watch.why}), by {watch.due} "
                "(continuity incident redelivery answered)"
            )
        elif watch.state == CONDITIONAL:
            print_text(
                f"still open: {watch.number} was released under a condition ({watch.why}); the importer keeps "
                "the goods (continuity incident redelivery conditional, --until when it ends)"
            )


def _head(incident: Incident) -> str:
    return f"{incident.mark} incident {incident.id}".strip()


work_commands.add_to(app)
notice_commands.add_to(app)
evidence_commands.add_to(app)
