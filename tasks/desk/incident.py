"""`continuity incident`: declared once, its steps, its clocks."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Annotated, Any

import typer

from tasks.desk import incident_evidence, incident_notices, incident_work
from tasks.desk.context import desk, say, show
from tasks.desk.incident_room import At, Evidence, Json, Note, Reference, listed, paths, room

if TYPE_CHECKING:
    from tasks.incident.state import Given, Incident
    from tasks.workspace import Workspace

app = typer.Typer(
    no_args_is_help=True,
    help="An incident: clocks, notices, evidence. Works with every server gone.",
)
MOST = 20
"""Clocks on one screen."""


def _given(workspace: Workspace, at: str, **said: Any) -> Given:
    from tasks.incident.moments import moment
    from tasks.incident.state import Given

    files = paths(said.pop("files"))
    return Given(happened=moment(at, workspace.zone, "--at"), files=files, **said)


@app.command()
def declare(
    note: Note = "",
    at: At = "",
    discovered: Annotated[
        str, typer.Option(help="When the breach of records was discovered, if not --at.")
    ] = "",
    no_breach: Annotated[
        bool, typer.Option("--no-breach", help="Systems are down; no breach of records is known.")
    ] = False,
    suspected: Annotated[
        bool, typer.Option("--suspected", help="Only suspected: clocks and notices wait.")
    ] = False,
    evidence: Evidence = None,
    as_json: Json = False,
) -> None:
    """Declare an incident. The 72 hours of 19 CFR 111.21(b) run from the discovery of a breach of
    records, unless --no-breach. Declaring again changes nothing."""
    from tasks.incident import state
    from tasks.incident.moments import moment

    office = room()
    given = _given(office, at, note=note, files=evidence)
    breach = None
    if not (no_breach or suspected):
        breach = moment(discovered, office.zone, "--discovered") if discovered else given.happened
    made, new = state.declare(office, given, desk.actor, breach=breach, suspected=suspected)
    if new and not suspected and office.settings.incident.open_work:
        incident_work.take(office, quiet=as_json)
    if as_json:
        from tasks.incident import standing

        print(json.dumps(standing.standing(office, made) | {"new": new}, indent=1, default=str))
        return
    say(f"{_head(made)}: {'declared' if new and not suspected else made.state}"
        + ("" if new else ". It stands already, and one is open at a time; nothing was written. What is new: "
           "continuity incident found for a breach, incident fact for all else"))  # fmt: skip


@app.command()
def step(
    name: Annotated[str, typer.Argument(help="A step; incident status shows those possible now.")],
    note: Note = "",
    at: At = "",
    reference: Reference = "",
    port: Annotated[
        list[str] | None,
        typer.Option(
            help="Port (Schedule D) that it covers, else all; may repeat. "
            "What CBP said of other ports stands."
        ),
    ] = None,
    until: Annotated[str, typer.Option(help="Day on which it ends.")] = "",
    evidence: Evidence = None,
) -> None:
    """Record the next step, with who, when and evidence."""
    from tasks.incident import state

    office = room()
    given = _given(office, at, note=note, reference=reference, ports=tuple(port or ()),
                   until=until, files=evidence)  # fmt: skip
    now = state.step(office, name, given, desk.actor)
    say(f"{_head(now)}: {now.state.replace('_', ' ')}, event {now.steps[-1].seq}")
    for one in now.steps[-1].attached:
        say(f"Stored: {one.name}, SHA-256 {one.content}")


@app.command()
def found(
    discovered: Annotated[str, typer.Option(help="When it was discovered, if not now.")] = "",
    note: Note = "",
    evidence: Evidence = None,
    incident: Annotated[str, typer.Option(help="One that is closed, by its id.")] = "",
) -> None:
    """A breach of records became known, or a new fact of one: 72 hours run from its discovery."""
    from tasks.incident import state
    from tasks.incident.moments import moment

    office = room()
    moment_ = moment(discovered, office.zone, "--discovered")
    now = state.found(office, moment_, note, paths(evidence), desk.actor, incident)
    say(f"{_head(now)}: discovery {len(now.breaches)} recorded")


@app.command()
def status(
    incident: Annotated[str, typer.Option(help="One that is closed, by its id.")] = "",
    as_json: Json = False,
) -> None:
    """Where the incident stands and what bites next, also what CBP may want back and which letters are
    older than their record. Exit 1 if a clock or a demand is red."""
    from tasks.incident import standing, state
    from tasks.shared.board import RED

    office = room()
    rows = office.journal.rows
    one = state.require(rows, incident) if incident else state.newest(rows)
    if one is None:
        show([], as_json=as_json, title="Incidents")
        return
    said = standing.standing(office, one)
    if as_json:
        print(json.dumps(said, indent=1, ensure_ascii=False, default=str))
    else:
        _tell(one, said)
    pressing = [*said["clocks"], *said["redelivery"]]
    raise typer.Exit(1 if any(row["light"] == RED for row in pressing) else 0)


def _tell(one: Incident, said: dict[str, Any]) -> None:
    show(said["steps"], as_json=False, title=_head(one))
    running = [{name: value for name, value in row.items() if name not in ("cleared_by", "calls")}
               for row in said["clocks"][:MOST]]  # fmt: skip
    show(running, as_json=False, title="What bites next")
    ends: dict[str, list[str]] = {}
    for row in said["clocks"]:
        if row["cleared_by"]:
            ends.setdefault(row["cleared_by"], []).append(row["rule"])
    for words, names in ends.items():
        say(f"{', '.join(dict.fromkeys(names))}: {words}")
    if len(said["clocks"]) > MOST:
        say(f"and {len(said['clocks']) - MOST} more: status --json")
    show(said["work"], as_json=False, title="Open when the systems went down")
    for file in said["not_taken"]:
        say(f"{file} was NOT TAKEN: what was open in it is on no list. Mend it, then continuity incident work "
            "take")  # fmt: skip
    for left in said["left_out"]:
        say(f"{left['rows']} row(s) of {left['file']} could not be read and are on no list: mend them, then "
            "continuity incident work take")  # fmt: skip
    if said["redelivery"]:
        show(listed(said["redelivery"]), as_json=False, title="CBP may want these goods back")
    if others := said["watched"]["entries"]:
        first, last = said["watched"]["first_ends"], said["watched"]["last_ends"]
        say(f"{others} more released: CBP may ask for the first until {first}, for the last until {last} "
            "(continuity incident redelivery list)")  # fmt: skip
    if said["letters"]:
        show(
            listed(said["letters"]),
            as_json=False,
            title="Letters older than their record: issue again",
        )
    say(f"notices due: {', '.join(said['due']) or 'none'}; steps possible now: "
        f"{', '.join(said['possible']) or 'none'}")  # fmt: skip
    say(
        "[W] weak source, [G] general knowledge or our default: verify the rule before relying on it"
    )


@app.command()
def close(note: Note = "", at: At = "", evidence: Evidence = None) -> None:
    """Close the incident. Refused without the signed accounting, or while work of hour zero is open."""
    from tasks.incident import closing
    from tasks.incident.clocks import clocks
    from tasks.shared import clock

    office = room()
    ended = closing.close(office, _given(office, at, note=note, files=evidence), desk.actor)
    say(f"{_head(ended)}: closed, event {ended.steps[-1].seq}")
    for one in clocks(office, ended):
        say(
            f"still runs: {one.rule.what}, {one.words(clock.now())} ({one.next} --incident {ended.id})"
        )
    _say_wanted_back()


def _say_wanted_back() -> None:
    """What of the released goods outlives the incident: it bites on no clock of it."""
    from tasks.incident.after import redelivery

    for one in redelivery.watches(desk.workspace, pressing=True):
        if one.state == redelivery.DEMANDED:
            say(f"still open: CBP wants {one.number} back ({one.notice}: {one.why}), by {one.due} "
                "(continuity incident redelivery answered)")  # fmt: skip
        elif one.state == redelivery.CONDITIONAL:
            say(f"still open: {one.number} was released under a condition ({one.why}); the importer keeps "
                "the goods (continuity incident redelivery conditional, --until when it ends)")  # fmt: skip


def _head(one: Incident) -> str:
    return f"{one.mark} incident {one.id}".strip()


incident_work.add_to(app)
incident_notices.add_to(app)
incident_evidence.add_to(app)
