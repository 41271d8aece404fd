"""An incident: declared once, one open at a time, each step with who, when and evidence.

In the journal of a drill every incident is a drill: `Incident.drill` marks every output.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path
from typing import Any

import msgspec
import sqlalchemy as sa

from tasks.core import clock
from tasks.core.errors import BadInput, Problem, Refused
from tasks.core.journal.journal import Pen
from tasks.core.journal.store import EVENTS
from tasks.core.settings import BrokerSettings
from tasks.core.status_lines import Rows, last_event
from tasks.incident.events import Attached, IncidentBreachFound, IncidentDeclared, IncidentSuspected
from tasks.incident.evidence import file_attachments
from tasks.incident.tables import BREACHES, INCIDENT_STEPS, INCIDENTS
from tasks.incident.timeline import step_graph
from tasks.incident.timeline.downtime_authorization import (
    DowntimeDecision,
    DowntimePermission,
    permissions_in_force,
    require_bounds,
)
from tasks.incident.timeline.step_graph import OVER, StepRule, next_steps, step_problem
from tasks.workspace import Workspace

_SINCE = ("entries.recorded", "entries.revised", "entry.reopened")


def require_signed(rows: Rows, opened: int) -> str:
    """The digest of the accounting that was signed since event `opened`.

    Raises Refused where none was, or an entry was recorded, revised or reopened after it.
    """
    column = EVENTS.c
    newest = sa.select(sa.func.max(column.seq).label("seq"))
    signed = rows(newest.where(column.kind == "accounting.signed", column.seq > opened))[0].seq
    if signed is None:
        raise Refused("accounting-not-signed")
    count = sa.select(sa.func.count().label("n")).where(column.kind.in_(_SINCE), column.seq > signed)
    if later := rows(count)[0].n:
        raise Refused("accounting-out-of-date", more=later)
    signing = last_event(rows, "accounting.signed")
    assert signing is not None
    return str(signing[1]["accounting"])


@dataclass(frozen=True)
class StepRecord:
    """One step that was taken: `happened` and `at` (when it was recorded) are UTC."""

    seq: int
    state: str
    happened: datetime
    at: datetime
    by: str
    note: str
    reference: str
    ports: tuple[str, ...]
    until: str
    attached: tuple[Attached, ...]


@dataclass(frozen=True)
class BreachRecord:
    """A breach of records, or a later fact of one."""

    seq: int
    discovered: datetime
    note: str


@dataclass(frozen=True)
class Incident:
    """`steps` and `breaches` in the order they were recorded; `opened` is the first event's place."""

    id: str
    filer: str
    drill: bool
    state: str
    opened: int
    steps: tuple[StepRecord, ...]
    breaches: tuple[BreachRecord, ...]

    @property
    def is_open(self) -> bool:
        return self.state not in OVER

    @property
    def mark(self) -> str:
        return "DRILL" if self.drill else ""

    @property
    def states(self) -> frozenset[str]:
        return frozenset(step.state for step in self.steps)

    def last(self, *names: str) -> StepRecord | None:
        """The newest step of one of these names."""
        return next((step for step in reversed(self.steps) if step.state in names), None)

    @property
    def discovered(self) -> BreachRecord | None:
        """The breach that was discovered first, which need not be the one recorded first."""
        return min(self.breaches, key=lambda breach: (breach.discovered, breach.seq), default=None)

    @property
    def authorised(self) -> StepRecord | None:
        """CBP's newest authorization of downtime that was not refused or ended since."""
        return self.authorisations[-1][0] if self.authorisations else None

    @property
    def authorisations(self) -> tuple[tuple[StepRecord, DowntimePermission], ...]:
        """Each authorization of downtime that stands, with the ports that it still counts for."""
        steps = [step for step in self.steps if step.state in ("downtime_authorised", "downtime_refused")]
        decisions = [
            DowntimeDecision(
                step.state == "downtime_authorised", clock.text(step.happened), step.reference, step.ports, step.until
            )
            for step in steps
        ]
        return tuple((steps[permission.index], permission) for permission in permissions_in_force(decisions))


@dataclass(frozen=True)
class StepDetails:
    """What is said with a step. `happened`: None for now; `files`: the evidence, in full paths."""

    happened: datetime | None = None
    note: str = ""
    reference: str = ""
    ports: tuple[str, ...] = ()
    until: str = ""
    files: tuple[Path, ...] = ()


def find_incident(rows: Rows, incident: str = "") -> Incident | None:
    """An incident by its id, or the open one. None if there is none."""
    query = sa.select(INCIDENTS)
    which = INCIDENTS.c.incident == incident if incident else INCIDENTS.c.open.is_not(None)
    matching = rows(query.where(which))
    return _incident(rows, matching[0]) if matching else None


def newest_incident(rows: Rows) -> Incident | None:
    """The open incident, or else the one that was opened last."""
    newest = rows(sa.select(INCIDENTS).order_by(INCIDENTS.c.opened.desc()).limit(1))
    return _incident(rows, newest[0]) if newest else None


def past_incidents(rows: Rows) -> list[Incident]:
    """The incidents that were closed or dismissed, oldest first."""
    query = sa.select(INCIDENTS).where(INCIDENTS.c.open.is_(None)).order_by(INCIDENTS.c.opened)
    return [_incident(rows, row) for row in rows(query)]


def require_incident(rows: Rows, incident: str = "") -> Incident:
    """The open incident, or that of an id. Raises Refused if there is none."""
    if existing := find_incident(rows, incident):
        return existing
    names = [row.incident for row in rows(sa.select(INCIDENTS.c.incident))]
    if incident:
        raise Refused("incident-unknown", incident=incident, allowed=", ".join(names) or "none")
    raise Refused("incident-not-open")


def _incident(rows: Rows, row: sa.Row[Any]) -> Incident:
    return Incident(
        row.incident,
        row.filer,
        row.drill,
        row.state,
        row.opened,
        _steps(rows, row.incident),
        _breaches(rows, row.incident),
    )


def _steps(rows: Rows, incident: str) -> tuple[StepRecord, ...]:
    query = (
        sa.select(INCIDENT_STEPS, EVENTS.c.at, EVENTS.c.actor)
        .join(EVENTS, EVENTS.c.seq == INCIDENT_STEPS.c.seq)
        .where(INCIDENT_STEPS.c.incident == incident)
        .order_by(INCIDENT_STEPS.c.seq)
    )
    return tuple(
        StepRecord(
            row.seq,
            row.state,
            clock.parse(row.happened),
            clock.parse(row.at),
            row.actor,
            row.note,
            row.reference,
            tuple(row.ports.split()),
            row.until,
            tuple(msgspec.convert(json.loads(row.attached), list[Attached])),
        )
        for row in rows(query)
    )


def _breaches(rows: Rows, incident: str) -> tuple[BreachRecord, ...]:
    query = sa.select(BREACHES).where(BREACHES.c.incident == incident).order_by(BREACHES.c.seq)
    return tuple(BreachRecord(row.seq, clock.parse(row.discovered), row.note) for row in rows(query))


def declare_incident(
    workspace: Workspace, details: StepDetails, actor: str, *, breach: datetime | None, suspected: bool = False
) -> tuple[Incident, bool]:
    """Open an incident, or declare the one that was only suspected. Returns it, and whether anything
    was written: declaring again changes nothing.

    `breach`: when a breach of records was discovered, None if none is known.
    """
    attached = file_attachments.attach(workspace.content, details.files, "declaration")
    with workspace.journal.write(actor) as pen:
        existing = find_incident(pen.rows)
        if existing and (suspected or existing.state != "suspected"):
            return existing, False
        incident = existing.id if existing else _next_id(pen, workspace)
        kind = IncidentSuspected if suspected else IncidentDeclared
        body = kind(
            incident=incident,
            filer=workspace.settings(BrokerSettings).filer_code,
            drill=workspace.drill,
            **_body_fields(details, attached),
        )
        pen.append(body, f"incident/{incident}", f"{kind.kind}:{incident}")
        if breach is not None:
            _find_breach(pen, incident, breach, details.note, attached)
        declared = require_incident(pen.rows, incident)
    return declared, True


def _next_id(pen: Pen, workspace: Workspace) -> str:
    """`2026-01`: the year, and how many incidents there were in it. Taken under the writer's lock, so
    that two who declare at once name the same."""
    year = clock.now().astimezone(workspace.zone).year
    query = sa.select(sa.func.count()).where(INCIDENTS.c.incident.startswith(f"{year}-"))
    return f"{year}-{pen.rows(query)[0][0] + 1:02d}"


def _body_fields(details: StepDetails, attached: list[Attached]) -> dict[str, Any]:
    return {
        "happened": clock.text(details.happened),
        "note": details.note,
        "reference": details.reference,
        "ports": details.ports,
        "until": details.until,
        "attached": tuple(attached),
    }


def take_step(workspace: Workspace, name: str, details: StepDetails, actor: str, incident: str = "") -> Incident:
    """Take a step. Returns the incident as it then stands.

    Raises BadInput for an unknown step, one without the proof it needs, and an unknown port or day,
    Refused for one that may not follow, naming those that may.
    """
    chosen = _step_named(name)
    if chosen.command:
        raise BadInput("step-has-own-command", name=name, own=chosen.command)
    if chosen.proved and not (details.files or details.reference):
        problem = Problem(column="--evidence or --reference", code="step-evidence-missing")
        raise BadInput("step-proof-required", [problem], name=name)
    require_bounds(workspace.settings, details.ports, details.until)
    attached = file_attachments.attach(workspace.content, details.files, f"step {name}")
    with workspace.journal.write(actor) as pen:
        current = require_incident(pen.rows, incident)
        if chosen.name == "reconciled" and not step_problem(chosen, current.state, current.states):
            details = replace(details, reference=require_signed(pen.rows, current.opened))
        return append_step(pen, current, chosen, details, attached)


def append_step(
    pen: Pen, incident: Incident, chosen: StepRule, details: StepDetails, attached: list[Attached]
) -> Incident:
    """Take a step in the caller's transaction. Raises Refused."""
    if problem := step_problem(chosen, incident.state, incident.states):
        open_ = [step.name for step in next_steps(incident.state, incident.states)]
        raise Refused("step-not-possible", [problem], name=chosen.name, open=", ".join(open_) or "nothing")
    body = chosen.body(incident=incident.id, **_body_fields(details, attached))
    pen.append(body, f"incident/{incident.id}")
    return require_incident(pen.rows, incident.id)


def _step_named(name: str) -> StepRule:
    key = name.strip().lower().replace("-", "_").replace(" ", "_")
    if key in step_graph.STEPS:
        return step_graph.STEPS[key]
    raise BadInput("step-unknown", name=name, steps=", ".join(step_graph.STEPS))


def record_breach(
    workspace: Workspace, discovered: datetime, note: str, files: Sequence[Path], actor: str, incident: str = ""
) -> Incident:
    """A breach of records became known, or a new fact of one: its clock starts at `discovered`. With an
    id also of an incident that is closed: what is examined for weeks brings facts after that."""
    attached = file_attachments.attach(workspace.content, files, "discovery")
    with workspace.journal.write(actor) as pen:
        existing = require_incident(pen.rows, incident)
        _find_breach(pen, existing.id, discovered, note, attached)
        return require_incident(pen.rows, existing.id)


def _find_breach(pen: Pen, incident: str, discovered: datetime, note: str, attached: list[Attached]) -> None:
    body = IncidentBreachFound(
        incident=incident, discovered=clock.text(discovered), note=note, attached=tuple(attached)
    )
    pen.append(body, f"incident/{incident}")
