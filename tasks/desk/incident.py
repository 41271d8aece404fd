"""`continuity incident`: declared once, its steps, its clocks."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from tasks.desk.context import desk, say, show

if TYPE_CHECKING:
    from tasks.incident.office import Office
    from tasks.incident.state import Given, Incident

app = typer.Typer(
    no_args_is_help=True,
    help="An incident: clocks, notices, evidence. Works with every server gone.",
)
Json = Annotated[bool, typer.Option("--json")]
Note = Annotated[str, typer.Option(help="What happened, in a sentence.")]
At = Annotated[str, typer.Option("--at", help="When, if not now: 2026-11-24T08:03-05:00.")]
Reference = Annotated[str, typer.Option(help="CBP's reference, or the officer who said so.")]
Evidence = Annotated[
    list[Path] | None, typer.Option("--evidence", help="A file that proves it; may repeat.")
]


def room() -> Office:
    """The incident room of this home."""
    from tasks.incident.office import Office

    return Office(desk.journal, desk.content, desk.vault, desk.settings)


def _given(office: Office, at: str, **said: object) -> Given:
    from tasks.incident.moments import moment
    from tasks.incident.state import Given

    files = tuple(path.absolute() for path in said.pop("files") or ())  # type: ignore[attr-defined]
    return Given(happened=moment(at, office.zone, "--at"), files=files, **said)  # type: ignore[arg-type]


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
    if as_json:
        show([_row(made, office)], as_json=True)
        return
    say(f"{_head(made)}: {'declared' if new and not suspected else made.state}"
        + ("" if new else ". It stands already; nothing was written"))  # fmt: skip


@app.command()
def step(
    name: Annotated[str, typer.Argument(help="A step; incident status shows those possible now.")],
    note: Note = "",
    at: At = "",
    reference: Reference = "",
    port: Annotated[
        list[str] | None, typer.Option(help="Port (Schedule D) that it covers; may repeat.")
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
) -> None:
    """A breach of records became known, or a new fact of one: 72 hours run from its discovery."""
    from tasks.incident import state
    from tasks.incident.moments import moment

    office = room()
    moment_ = moment(discovered, office.zone, "--discovered")
    now = state.found(office, moment_, note, [one.absolute() for one in evidence or ()], desk.actor)
    say(f"{_head(now)}: discovery {len(now.breaches)} recorded")


@app.command()
def status(
    incident: Annotated[str, typer.Option(help="One that is closed, by its id.")] = "",
    as_json: Json = False,
) -> None:
    """Where the incident stands, and which steps are possible."""
    from tasks.incident import state, states

    office = room()
    one = state.find(office.journal.rows, incident) or state.newest(office.journal.rows)
    if as_json:
        show([_row(one, office)] if one else [], as_json=True)
        return
    if one is None:
        say("No incident was ever declared.")
        return
    show([_step_row(taken, office) for taken in one.steps], as_json=False, title=_head(one))
    possible = [one_.name for one_ in states.following(one.state, one.taken)]
    say(f"possible now: {', '.join(possible) or 'nothing'}")


def _head(one: Incident) -> str:
    return f"{one.mark} incident {one.id}".strip()


def _row(one: Incident, office: Office) -> dict[str, object]:
    from tasks.shared import clock

    return {
        "incident": one.id,
        "drill": one.drill,
        "state": one.state,
        "open": one.is_open,
        "discovered": [clock.text(breach.discovered) for breach in one.breaches],
        "authorised": bool(one.authorised),
        "steps": [_step_row(taken, office) for taken in one.steps],
    }


def _step_row(taken: object, office: Office) -> dict[str, object]:
    from tasks.incident.moments import shown
    from tasks.incident.state import Taken

    assert isinstance(taken, Taken)
    return {
        "step": taken.state.replace("_", " "),
        "when": shown(taken.happened, office.zone),
        "by": taken.by,
        "reference": taken.reference,
        "ports": " ".join(taken.ports),
        "note": taken.note,
        "evidence": ", ".join(f"{one.name} {one.content[:12]}" for one in taken.attached),
    }
