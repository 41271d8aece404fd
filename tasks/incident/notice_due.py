"""Which notices of the plan are due, and whom they still have to reach: a client that was told first
does not silence the notice to all the others."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from datetime import datetime

from tasks.incident import contacts, deadlines, tellings
from tasks.incident.clocks import clocks
from tasks.incident.contacts import Contact
from tasks.incident.plan import Notice, Plan
from tasks.incident.state import Incident
from tasks.shared import clock
from tasks.shared.board import GREEN
from tasks.shared.errors import BadInput
from tasks.workspace import Workspace


def due(workspace: Workspace, incident: Incident, plan: Plan) -> list[Notice]:
    """The notices of the plan whose time it is, by stage."""
    rules = deadlines.load(workspace.settings.home)
    told = tellings.sent_times(workspace.journal.rows, incident.id, rules)
    now = clock.now()
    # A later fact goes out as soon as it is known; what is told on a day, when that day is near.
    soon = {
        one.rule.met_by
        for one in clocks(workspace, incident)
        if one.rule.id == "BR72+" or one.light(now) != GREEN
    }
    fit = (
        one
        for one in plan.notices.values()
        if _is_due(one, incident, told, soon, lambda one: _untold(workspace, incident, one))
    )
    return sorted(fit, key=lambda one: one.stage)


def _is_due(
    one: Notice,
    incident: Incident,
    told: Mapping[str, Sequence[datetime]],
    soon: Collection[str],
    untold: Callable[[Notice], bool],
) -> bool:
    if not incident.taken & set(one.after) or incident.taken & set(one.until):
        return False
    if one.breach and not incident.breaches:
        return False
    if one.follows and not told.get(one.follows):
        return False
    if one.repeat and (told.get(one.id) or one.follows):
        return one.id in soon
    return not told.get(one.id) or untold(one)


def _untold(workspace: Workspace, incident: Incident, notice: Notice) -> bool:
    """Whether somebody of its roles was not told. A faulty list of contacts is told where notices are
    written; it must not take the clocks away, which are read with this."""
    try:
        found = contacts.load(workspace).values()
    except BadInput:
        return False
    return bool(still(workspace, incident, notice, contacts.of_roles(found, notice.to)))


def still(
    workspace: Workspace, incident: Incident, notice: Notice, to: Sequence[Contact]
) -> list[Contact]:
    """Those whom nobody told it yet; all, where it is told again and again."""
    if notice.repeat:
        return list(to)
    rules = deadlines.load(workspace.settings.home)
    told = {one.contact for one in tellings.given(workspace.journal.rows, incident.id, rules)
            if one.template == notice.id}  # fmt: skip
    return [one for one in to if one.id not in told]
