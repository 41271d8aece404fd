"""The end of an incident: only with the signed accounting, and nothing left of the hour-zero list."""

from __future__ import annotations

import sqlalchemy as sa

from tasks.incident import attaching, hour_zero, state, states, work_taken
from tasks.incident.signing import require_signed
from tasks.incident.state import Given, Incident, Rows
from tasks.shared.errors import Problem, Refused
from tasks.shared.incident_tables import OPEN_WORK
from tasks.workspace import Workspace


def close(workspace: Workspace, given: Given, actor: str) -> Incident:
    """Close the open incident; from `keying_backlog` it is reconciled by the same act.

    Raises Refused without a signed accounting that covers all that was recorded, while an item of the
    hour-zero list is open, or from another state.
    """
    attached = attaching.attach(workspace.content, given.files, "close")
    with workspace.journal.write(actor) as pen:
        incident = state.require(pen.rows)
        signed = require_signed(pen.rows, incident.opened)
        hour_zero.require_accounted(pen.rows, incident.id)
        _require_list(pen.rows, incident, given.note)
        _require_read(workspace, incident, given.note)
        if incident.state == "keying_backlog":
            found = Given(happened=given.happened, reference=signed)
            incident = state.take(pen, incident, states.STEPS["reconciled"], found, [])
        end = Given(given.happened, given.note, given.reference or signed)
        return state.take(pen, incident, states.STEPS["closed"], end, attached)


def _require_list(rows: Rows, incident: Incident, note: str) -> None:
    """Raises Refused where no hour-zero list was ever taken and nobody says why."""
    query = sa.select(OPEN_WORK.c.item).where(OPEN_WORK.c.incident == incident.id).limit(1)
    if not (note or rows(query)):
        raise Refused("open-work-not-loaded")  # fmt: skip


def _require_read(workspace: Workspace, incident: Incident, note: str) -> None:
    """Raises Refused where rows of an export were left out and nobody says what became of them."""
    left = work_taken.left_out(workspace, incident.id)
    problems = [
        *(Problem(file=file, code="open-work-rows-left-out", values={"rows": rows})
          for file, rows in left.items()),
        *(Problem(file=file, code="open-work-file-not-loaded")
          for file in work_taken.untaken(workspace, incident.id)),
    ]  # fmt: skip
    if problems and not note:
        raise Refused("open-work-rows-unread", problems)
