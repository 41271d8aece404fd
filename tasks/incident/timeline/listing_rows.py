"""An incident as rows for listings: steps, clocks, open work, notices, contacts."""

from __future__ import annotations

from collections import defaultdict
from typing import Any

from tasks.core import clock
from tasks.core.local_time import local_text
from tasks.entries.api import masked_importer
from tasks.incident.after_release import redelivery_demands
from tasks.incident.after_release.redelivery_demands import RedeliveryWatch, watch_status
from tasks.incident.letters.stale_letters import letters_to_renew
from tasks.incident.notices.contact_list import load_contacts
from tasks.incident.notices.notice_plan import due_notices, load_notice_plan
from tasks.incident.notices.notice_records import current_notices
from tasks.incident.notices.proof_of_notice import logged_calls
from tasks.incident.settings import IncidentSettings
from tasks.incident.timeline.deadline_clocks import Clock, running_clocks
from tasks.incident.timeline.deadline_rules import load_deadlines
from tasks.incident.timeline.incident_state import Incident, StepRecord
from tasks.incident.timeline.open_work import (
    OpenWorkItem,
    mask_item,
    open_work_items,
    unloaded_files,
    unread_rows,
    work_counts,
)
from tasks.incident.timeline.step_graph import next_steps
from tasks.workspace import Workspace

Row = dict[str, Any]


def incident_tables(workspace: Workspace, incident: Incident) -> Row:
    """Everything of one incident."""
    rules = load_deadlines(workspace.settings.home)
    items = open_work_items(workspace.journal.rows, incident.id, rules)
    plan = load_notice_plan(workspace.settings.home)
    watched = redelivery_demands.watches(workspace)
    following = [one.name for one in next_steps(incident.state, incident.taken)]
    return {
        "incident": incident.id,
        "drill": incident.drill,
        "state": incident.state,
        "open": incident.is_open,
        "discovered": [clock.text(one.discovered) for one in incident.breaches],
        "authorised": _step_row(incident.authorised, workspace) if incident.authorised else None,
        "steps": [_step_row(one, workspace) for one in incident.steps],
        "clocks": [_clock_row(one, workspace) for one in running_clocks(workspace, incident)],
        "work": list(work_counts(items, clock.now())),
        "left_out": [{"file": file, "rows": rows} for file, rows in unread_rows(workspace, incident.id).items()],
        "not_taken": unloaded_files(workspace, incident.id) if incident.is_open and incident.last("declared") else [],
        "redelivery": [
            _watch_row(one)
            for one in watched
            if one.state in (redelivery_demands.DEMANDED, redelivery_demands.CONDITIONAL)
        ],
        "watched": _watched(watched),
        "letters": [one.as_dict() for one in letters_to_renew(workspace)],
        "due": [one.id for one in due_notices(workspace, incident, plan)] if incident.is_open else [],
        "possible": following,
    }


def _step_row(taken: StepRecord, workspace: Workspace) -> Row:
    return {
        "step": taken.state.replace("_", " "),
        "when": local_text(taken.happened, workspace.zone),
        "by": taken.by,
        "reference": taken.reference,
        "ports": " ".join(taken.ports),
        "until": taken.until,
        "note": taken.note,
        "evidence": ", ".join(f"{one.name} {one.content[:12]}" for one in taken.attached),
    }


def _clock_row(one: Clock, workspace: Workspace) -> Row:
    now = clock.now()
    return {
        "light": one.light(now),
        "due": one.due.day.isoformat() if one.due.day else local_text(one.due.at, workspace.zone),
        "left": one.words(now),
        "what": f"{one.rule.what} [{one.rule.mark}]",
        "of": one.about,
        "rule": one.rule.id,
        "source": one.rule.source,
        "next": one.next,
        "cleared_by": one.clears,
        "calls": one.calls,
    }


def _watch_row(one: RedeliveryWatch) -> Row:
    """A release under a condition, or goods that CBP wants back."""
    today = clock.washington().date()
    return {
        "light": watch_status(one, today),
        "entry": one.number,
        "port": one.port,
        "importer": masked_importer(one.importer),
        "state": one.state,
        "notice": one.notice,
        "because": one.why.text,
        "reason": one.why.code,
        "due": str(one.due or ""),
        "days_left": (one.due - today).days if one.due else None,
        "until": str(one.until or ""),
        "mark": one.mark,
    }


def _watched(found: list[RedeliveryWatch]) -> Row:
    """How many others were released, and between which days CBP's time to ask ends."""
    ends = sorted(one.until for one in found if one.state == redelivery_demands.WATCHED and one.until)
    first, last = (str(ends[0]), str(ends[-1])) if ends else ("", "")
    return {"entries": len(ends), "first_ends": first, "last_ends": last}


def work_rows(workspace: Workspace, incident: str) -> list[Row]:
    """The hour-zero list, SSNs masked."""
    rules = load_deadlines(workspace.settings.home)
    return [_work_row(mask_item(one), workspace) for one in open_work_items(workspace.journal.rows, incident, rules)]


def _work_row(one: OpenWorkItem, workspace: Workspace) -> Row:
    now = clock.now()
    when = (
        "" if one.due is None else (one.due.day.isoformat() if one.due.day else local_text(one.due.at, workspace.zone))
    )
    late = one.due is not None and one.is_open and one.due.at <= now
    return {
        "item": one.id,
        "entry_type": one.entry_type,
        "port": one.port,
        "importer": " ".join(filter(None, (one.importer, one.importer_number))),
        "due": when,
        "overdue": late,
        "amount": one.amount,
        "rule": f"{one.rule.id} [{one.rule.mark}]" if one.rule else "",
        "note": one.note,
        "closed": one.how,
    }


def notice_rows(workspace: Workspace, incident: str) -> list[Row]:
    """Each notice that counts; `logged`: calls and letters beside a notice that must go
    electronically."""
    logged: defaultdict[str, list[Row]] = defaultdict(list)
    for call in logged_calls(workspace.journal.rows, incident, load_deadlines(workspace.settings.home)):
        when = local_text(call.happened, workspace.zone)
        logged[call.notice].append({"how": call.how, "when": when, "reference": call.reference})
    return [
        {
            "notice": one.id,
            "state": one.state,
            "title": one.title,
            "drafted": local_text(one.drafted, workspace.zone),
            "sent": local_text(one.sent, workspace.zone) if one.sent else "",
            "how": one.how,
            "logged": logged[one.id],
            "acknowledged": local_text(one.acknowledged, workspace.zone) if one.acknowledged else "",
            "by": one.who,
        }
        for one in current_notices(workspace.journal.rows, incident)
    ]


def contact_rows(workspace: Workspace) -> list[Row]:
    today = clock.now().astimezone(workspace.zone).date()
    days = workspace.settings(IncidentSettings).contact_days
    rows = []
    for one in load_contacts(workspace).values():
        light, reason = one.light(today, days)
        rows.append(
            {
                "contact": one.id,
                "role": one.role,
                "name": one.name,
                "phone": one.phone,
                "mail": one.mail,
                "hours": one.hours,
                "ports": " ".join(one.ports),
                "light": light,
                "because": reason.text,
                "reason": reason.code,
                "source": f"{one.source} [{one.mark}]" if one.mark else one.source,
            }
        )
    return rows
