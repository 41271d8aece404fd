"""An incident as rows for listings: steps, clocks, open work, notices, contacts."""

from __future__ import annotations

from collections import defaultdict
from typing import Any

from tasks.incident import (
    contacts,
    deadlines,
    hour_zero,
    importers,
    notice_due,
    notices,
    states,
    tellings,
    work_taken,
)
from tasks.incident.after import redelivery
from tasks.incident.clocks import Clock, clocks
from tasks.incident.letters import outdated
from tasks.incident.moments import shown
from tasks.incident.plan import load
from tasks.incident.state import Incident, Taken
from tasks.shared import clock
from tasks.workspace import Workspace

Row = dict[str, Any]


def standing(workspace: Workspace, incident: Incident) -> Row:
    """Everything of one incident."""
    rules = deadlines.load(workspace.settings.home)
    items = hour_zero.items(workspace.journal.rows, incident.id, rules)
    plan = load(workspace.settings.home)
    watched = redelivery.watches(workspace)
    following = [one.name for one in states.following(incident.state, incident.taken)]
    return {
        "incident": incident.id,
        "drill": incident.drill,
        "state": incident.state,
        "open": incident.is_open,
        "discovered": [clock.text(one.discovered) for one in incident.breaches],
        "authorised": _step_row(incident.authorised, workspace) if incident.authorised else None,
        "steps": [_step_row(one, workspace) for one in incident.steps],
        "clocks": [_clock_row(one, workspace) for one in clocks(workspace, incident)],
        "work": list(hour_zero.counts(items, clock.now())),
        "left_out": [
            {"file": file, "rows": rows}
            for file, rows in work_taken.left_out(workspace, incident.id).items()
        ],
        "not_taken": work_taken.untaken(workspace, incident.id)
        if incident.is_open and incident.last("declared")
        else [],
        "redelivery": [
            _watch_row(one)
            for one in watched
            if one.state in (redelivery.DEMANDED, redelivery.CONDITIONAL)
        ],
        "watched": _watched(watched),
        "letters": [one.as_dict() for one in outdated.outdated(workspace)],
        "due": [one.id for one in notice_due.due(workspace, incident, plan)]
        if incident.is_open
        else [],
        "possible": following,
    }


def _step_row(taken: Taken, workspace: Workspace) -> Row:
    return {
        "step": taken.state.replace("_", " "),
        "when": shown(taken.happened, workspace.zone),
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
        "due": one.due.day.isoformat() if one.due.day else shown(one.due.at, workspace.zone),
        "left": one.words(now),
        "what": f"{one.rule.what} [{one.rule.mark}]",
        "of": one.about,
        "rule": one.rule.id,
        "source": one.rule.source,
        "next": one.next,
        "cleared_by": one.clears,
        "calls": one.calls,
    }


def _watch_row(one: redelivery.Watch) -> Row:
    """A release under a condition, or goods that CBP wants back."""
    today = clock.washington().date()
    return {
        "light": redelivery.light(one, today),
        "entry": one.number,
        "port": one.port,
        "importer": importers.masked(one.importer),
        "state": one.state,
        "notice": one.notice,
        "because": one.why.text,
        "reason": one.why.code,
        "due": str(one.due or ""),
        "days_left": (one.due - today).days if one.due else None,
        "until": str(one.until or ""),
        "mark": one.mark,
    }


def _watched(found: list[redelivery.Watch]) -> Row:
    """How many others were released, and between which days CBP's time to ask ends."""
    ends = sorted(one.until for one in found if one.state == redelivery.WATCHED and one.until)
    first, last = (str(ends[0]), str(ends[-1])) if ends else ("", "")
    return {"entries": len(ends), "first_ends": first, "last_ends": last}


def work_rows(workspace: Workspace, incident: str) -> list[Row]:
    """The hour-zero list, SSNs masked."""
    rules = deadlines.load(workspace.settings.home)
    return [_work_row(hour_zero.shown(one), workspace)
            for one in hour_zero.items(workspace.journal.rows, incident, rules)]  # fmt: skip


def _work_row(one: hour_zero.Item, workspace: Workspace) -> Row:
    now = clock.now()
    when = "" if one.due is None else (
        one.due.day.isoformat() if one.due.day else shown(one.due.at, workspace.zone)
    )  # fmt: skip
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
    for call in tellings.calls(
        workspace.journal.rows, incident, deadlines.load(workspace.settings.home)
    ):
        when = shown(call.happened, workspace.zone)
        logged[call.notice].append({"how": call.how, "when": when, "reference": call.reference})
    return [
        {
            "notice": one.id,
            "state": one.state,
            "title": one.title,
            "drafted": shown(one.drafted, workspace.zone),
            "sent": shown(one.sent, workspace.zone) if one.sent else "",
            "how": one.how,
            "logged": logged[one.id],
            "acknowledged": shown(one.acknowledged, workspace.zone) if one.acknowledged else "",
            "by": one.who,
        }
        for one in notices.current(workspace.journal.rows, incident)
    ]


def contact_rows(workspace: Workspace) -> list[Row]:
    today = clock.now().astimezone(workspace.zone).date()
    days = workspace.settings.incident.contact_days
    rows = []
    for one in contacts.load(workspace).values():
        light, reason = one.light(today, days)
        rows.append({"contact": one.id, "role": one.role, "name": one.name, "phone": one.phone,
                     "mail": one.mail, "hours": one.hours, "ports": " ".join(one.ports),
                     "light": light, "because": reason.text, "reason": reason.code,
                     "source": f"{one.source} [{one.mark}]" if one.mark else one.source})  # fmt: skip
    return rows
