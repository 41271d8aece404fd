"""An incident as rows for listings: steps, clocks, open work, notices, contacts."""

from __future__ import annotations

from collections import defaultdict
from typing import Any

from tasks.core import clock
from tasks.core.clock import local_text
from tasks.entries.api import masked_importer
from tasks.incident.after_release import redelivery_demands
from tasks.incident.after_release.redelivery_demands import RedeliveryWatch, watch_status
from tasks.incident.letters.stale_letters import letters_to_renew
from tasks.incident.notices.contact_list import load_contacts
from tasks.incident.notices.notice_listing import current_notices
from tasks.incident.notices.notice_plan import due_notices, load_notice_plan
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
    following = [step.name for step in next_steps(incident.state, incident.states)]
    return {
        "incident": incident.id,
        "drill": incident.drill,
        "state": incident.state,
        "open": incident.is_open,
        "discovered": [clock.text(breach.discovered) for breach in incident.breaches],
        "authorised": _step_row(incident.authorised, workspace) if incident.authorised else None,
        "steps": [_step_row(step, workspace) for step in incident.steps],
        "clocks": [_clock_row(running, workspace) for running in running_clocks(workspace, incident)],
        "work": list(work_counts(items, clock.now())),
        "left_out": [{"file": file, "rows": rows} for file, rows in unread_rows(workspace, incident.id).items()],
        "not_taken": unloaded_files(workspace, incident.id) if incident.is_open and incident.last("declared") else [],
        "redelivery": [
            _watch_row(watch)
            for watch in watched
            if watch.state in (redelivery_demands.DEMANDED, redelivery_demands.CONDITIONAL)
        ],
        "watched": _watched(watched),
        "letters": [letter.as_dict() for letter in letters_to_renew(workspace)],
        "due": [notice.id for notice in due_notices(workspace, incident, plan)] if incident.is_open else [],
        "possible": following,
    }


def _step_row(step: StepRecord, workspace: Workspace) -> Row:
    return {
        "step": step.state.replace("_", " "),
        "when": local_text(step.happened, workspace.zone),
        "by": step.by,
        "reference": step.reference,
        "ports": " ".join(step.ports),
        "until": step.until,
        "note": step.note,
        "evidence": ", ".join(f"{file.name} {file.content[:12]}" for file in step.attached),
    }


def _clock_row(running: Clock, workspace: Workspace) -> Row:
    now = clock.now()
    return {
        "light": running.status(now),
        "due": running.due.day.isoformat() if running.due.day else local_text(running.due.at, workspace.zone),
        "left": running.words(now),
        "what": f"{running.rule.what} [{running.rule.mark}]",
        "of": running.about,
        "rule": running.rule.id,
        "source": running.rule.source,
        "next": running.next,
        "cleared_by": running.clears,
        "calls": running.calls,
    }


def _watch_row(watch: RedeliveryWatch) -> Row:
    """A release under a condition, or goods that CBP wants back."""
    today = clock.washington().date()
    return {
        "light": watch_status(watch, today),
        "entry": watch.number,
        "port": watch.port,
        "importer": masked_importer(watch.importer),
        "state": watch.state,
        "notice": watch.notice,
        "because": watch.why.text,
        "reason": watch.why.code,
        "due": str(watch.due or ""),
        "days_left": (watch.due - today).days if watch.due else None,
        "until": str(watch.until or ""),
        "mark": watch.mark,
    }


def _watched(watched: list[RedeliveryWatch]) -> Row:
    """How many others were released, and between which days CBP's time to ask ends."""
    ends = sorted(watch.until for watch in watched if watch.state == redelivery_demands.WATCHED and watch.until)
    first, last = (str(ends[0]), str(ends[-1])) if ends else ("", "")
    return {"entries": len(ends), "first_ends": first, "last_ends": last}


def work_rows(workspace: Workspace, incident: str) -> list[Row]:
    """The hour-zero list, SSNs masked."""
    rules = load_deadlines(workspace.settings.home)
    return [
        _work_row(mask_item(work_item), workspace)
        for work_item in open_work_items(workspace.journal.rows, incident, rules)
    ]


def _work_row(work_item: OpenWorkItem, workspace: Workspace) -> Row:
    now = clock.now()
    when = (
        ""
        if work_item.due is None
        else (work_item.due.day.isoformat() if work_item.due.day else local_text(work_item.due.at, workspace.zone))
    )
    late = work_item.due is not None and work_item.is_open and work_item.due.at <= now
    return {
        "item": work_item.id,
        "entry_type": work_item.entry_type,
        "port": work_item.port,
        "importer": " ".join(filter(None, (work_item.importer, work_item.importer_number))),
        "due": when,
        "overdue": late,
        "amount": work_item.amount,
        "rule": f"{work_item.rule.id} [{work_item.rule.mark}]" if work_item.rule else "",
        "note": work_item.note,
        "closed": work_item.how,
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
            "notice": notice.id,
            "state": notice.state,
            "title": notice.title,
            "drafted": local_text(notice.drafted, workspace.zone),
            "sent": local_text(notice.sent, workspace.zone) if notice.sent else "",
            "how": notice.how,
            "logged": logged[notice.id],
            "acknowledged": local_text(notice.acknowledged, workspace.zone) if notice.acknowledged else "",
            "by": notice.who,
        }
        for notice in current_notices(workspace.journal.rows, incident)
    ]


def contact_rows(workspace: Workspace) -> list[Row]:
    today = clock.now().astimezone(workspace.zone).date()
    days = workspace.settings(IncidentSettings).contact_days
    rows: list[Row] = []
    for contact in load_contacts(workspace).values():
        status, reason = contact.light(today, days)
        rows.append(
            {
                "contact": contact.id,
                "role": contact.role,
                "name": contact.name,
                "phone": contact.phone,
                "mail": contact.mail,
                "hours": contact.hours,
                "ports": " ".join(contact.ports),
                "light": status,
                "because": reason.text,
                "reason": reason.code,
                "source": f"{contact.source} [{contact.mark}]" if contact.mark else contact.source,
            }
        )
    return rows
