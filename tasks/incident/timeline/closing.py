"""The end of an incident: only with the signed accounting, and nothing left of the hour-zero list."""

from __future__ import annotations

import sqlalchemy as sa

from tasks.core.errors import Problem, Refused
from tasks.core.status_lines import Rows
from tasks.incident.evidence import file_attachments
from tasks.incident.tables import OPEN_WORK
from tasks.incident.timeline import open_work, step_graph
from tasks.incident.timeline.incident_state import Incident, StepDetails, append_step, require_incident, require_signed
from tasks.incident.timeline.open_work import unloaded_files, unread_rows
from tasks.workspace import Workspace


def close(workspace: Workspace, details: StepDetails, actor: str) -> Incident:
    """Close the open incident; from `keying_backlog` it is reconciled by the same act.

    Raises Refused without a signed accounting that covers all that was recorded, while an item of the
    hour-zero list is open, or from another state.
    """
    attached = file_attachments.attach(workspace.content, details.files, "close")
    with workspace.journal.write(actor) as pen:
        incident = require_incident(pen.rows)
        signed = require_signed(pen.rows, incident.opened)
        open_work.require_accounted(pen.rows, incident.id)
        _require_list(pen.rows, incident, details.note)
        _require_read(workspace, incident, details.note)
        if incident.state == "keying_backlog":
            reconciled = StepDetails(happened=details.happened, reference=signed)
            incident = append_step(pen, incident, step_graph.STEPS["reconciled"], reconciled, [])
        end = StepDetails(details.happened, details.note, details.reference or signed)
        return append_step(pen, incident, step_graph.STEPS["closed"], end, attached)


def _require_list(rows: Rows, incident: Incident, note: str) -> None:
    """Raises Refused where no hour-zero list was ever taken and nobody says why."""
    query = sa.select(OPEN_WORK.c.item).where(OPEN_WORK.c.incident == incident.id).limit(1)
    if not (note or rows(query)):
        raise Refused("open-work-not-loaded")


def _require_read(workspace: Workspace, incident: Incident, note: str) -> None:
    """Raises Refused where rows of an export were left out and nobody says what became of them."""
    left = unread_rows(workspace, incident.id)
    problems = [
        *(Problem(file=file, code="open-work-rows-left-out", values={"rows": rows}) for file, rows in left.items()),
        *(Problem(file=file, code="open-work-file-not-loaded") for file in unloaded_files(workspace, incident.id)),
    ]
    if problems and not note:
        raise Refused("open-work-rows-unread", problems)
