"""The steps of an incident: which may follow which, and what each must show.

Remediation runs beside downtime, so the steps of the two may come in any order once each has begun;
a connection that was restored can be cut again. Source of the order: CBP's incident procedures for
brokers (publication 3609-0324 of March 2024) as its summaries tell it [S]; the graph itself is the
house's own choice [G].
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass

from tasks.core.errors import Problem
from tasks.incident import events
from tasks.incident.events import IncidentStep

NEW = "normal"
DOWN = ("downtime_requested", "downtime_authorised", "downtime_refused", "downtime_running")


@dataclass(frozen=True)
class StepRule:
    """`after`: states it may follow; `needs`: steps that must have been taken at some time;
    `proved`: it needs a file or CBP's reference; `command`: the command that takes it, if not `incident step`."""

    name: str
    title: str
    body: type[IncidentStep]
    after: tuple[str, ...]
    needs: tuple[str, ...] = ()
    proved: bool = False
    command: str = ""


_STEPS = (
    StepRule("suspected", "suspected, nobody told yet", events.IncidentSuspected, (NEW,), command="declare"),
    StepRule("declared", "declared", events.IncidentDeclared, (NEW, "suspected"), command="declare"),
    StepRule("dismissed", "the suspicion proved false", events.IncidentDismissed, ("suspected",)),
    StepRule(
        "disconnected",
        "ACE connection cut",
        events.IncidentDisconnected,
        ("declared", *DOWN, "remediating", "remediated", "evidence_submitted", "reconnected", "keying_backlog"),
    ),
    StepRule(
        "downtime_requested",
        "downtime asked of CBP headquarters",
        events.IncidentDowntimeRequested,
        ("declared", "disconnected", *DOWN, "remediating"),
    ),
    StepRule(
        "downtime_authorised",
        "CBP authorised downtime",
        events.IncidentDowntimeAuthorised,
        ("disconnected", *DOWN, "remediating"),
        ("downtime_requested",),
        proved=True,
    ),
    StepRule(
        "downtime_refused",
        "CBP refused or ended downtime",
        events.IncidentDowntimeRefused,
        ("disconnected", *DOWN, "remediating", "remediated"),
        ("downtime_requested",),
    ),
    StepRule(
        "downtime_running",
        "entries go out on paper",
        events.IncidentDowntimeRunning,
        ("disconnected", "downtime_authorised", "remediating"),
        ("downtime_authorised",),
    ),
    StepRule(
        "remediating",
        "systems are cleaned and rebuilt",
        events.IncidentRemediating,
        ("declared", "disconnected", *DOWN, "remediated", "evidence_submitted"),
    ),
    StepRule(
        "remediated", "systems are clean and work", events.IncidentRemediated, ("remediating", *DOWN), ("remediating",)
    ),
    StepRule(
        "evidence_submitted",
        "evidence handed to CBP",
        events.IncidentEvidenceSubmitted,
        ("remediated", "evidence_submitted"),
        proved=True,
    ),
    StepRule(
        "reconnected", "ACE connection restored", events.IncidentReconnected, ("evidence_submitted",), proved=True
    ),
    StepRule("keying_backlog", "paper entries go to ACE", events.IncidentKeyingBacklog, ("remediated", "reconnected")),
    StepRule("reconciled", "every number in its place", events.IncidentReconciled, ("keying_backlog",)),
    StepRule("closed", "closed", events.IncidentClosed, ("reconciled",), command="close"),
)
STEPS = {step.name: step for step in _STEPS}
OVER = ("dismissed", "closed")
"""States after which another incident can be opened."""


def next_steps(state: str, steps_taken: Collection[str]) -> list[StepRule]:
    """The steps that may be taken from a state, in their order."""
    return [step for step in _STEPS if not step_problem(step, state, steps_taken)]


def step_problem(step: StepRule, state: str, steps_taken: Collection[str]) -> Problem | None:
    """Why a step may not be taken; None if it may. `taken`: all steps so far."""
    if state not in step.after:
        return Problem(column="state", value=state, code="step-not-after-state")
    if missing := [name for name in step.needs if name not in steps_taken]:
        return Problem(column="step", value=missing[0], code="step-needs-earlier-step")
    if step.name == "keying_backlog" and state == "remediated" and "disconnected" in steps_taken:
        return Problem(column="step", value="disconnected", code="step-needs-reconnection")
    return None
