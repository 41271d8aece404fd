"""What the status page says of an incident, of whom to notify in one, and of the export that hour zero needs."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import sqlalchemy as sa

from tasks.core import clock
from tasks.core.errors import BadInput
from tasks.core.status_lines import AMBER, GREEN, RED, StatusLine, ago, worst_light
from tasks.incident.notices.contact_list import CONTACTS_FILE, load_contacts
from tasks.incident.notices.notice_listing import current_notices
from tasks.incident.settings import IncidentSettings
from tasks.incident.tables import OPEN_WORK
from tasks.incident.timeline.deadline_clocks import running_clocks
from tasks.incident.timeline.incident_state import Incident, find_incident, past_incidents
from tasks.workspace import Workspace

_SHOWN = 12
"""Clocks that the status page shows; incident status has them all."""


def incident_lines(workspace: Workspace) -> list[StatusLine]:
    """The lines of this room."""
    lines = [*_contacts(workspace), *_export(workspace)]
    for past in past_incidents(workspace.journal.rows):
        # The ten days of the updated list outlast many an incident.
        lines += _clocks(workspace, past)
    incident = find_incident(workspace.journal.rows)
    if incident is not None:
        lines += [*_incident(workspace, incident), *_clocks(workspace, incident), *_notices(workspace, incident)]
    return lines


def _named(incident: Incident) -> str:
    return f"{incident.mark} incident {incident.id}".strip()


def _incident(workspace: Workspace, incident: Incident) -> Iterator[StatusLine]:
    last = incident.steps[-1]
    fact = f"{incident.state.replace('_', ' ')} since {clock.text(last.happened)[:16]}Z"
    yield StatusLine(
        "incident-open", "", _named(incident), RED, fact, "continuity incident status", clock.text(last.at)
    )
    open_item = sa.and_(OPEN_WORK.c.incident == incident.id, OPEN_WORK.c.closed.is_(None))
    query = sa.select(sa.func.count()).where(open_item, OPEN_WORK.c.due == "", OPEN_WORK.c.starts == "")
    if count := workspace.journal.rows(query)[0][0]:
        yield StatusLine(
            "open-work-without-date",
            "",
            "open work without a day",
            AMBER,
            f"{count} item(s)",
            "continuity incident work list",
            clock.text(last.at),
        )


def _clocks(workspace: Workspace, incident: Incident) -> Iterator[StatusLine]:
    now, since = clock.now(), clock.text(incident.steps[0].at)
    of, which = (
        ("", "") if incident.is_open else (f"{_named(incident)}, {incident.state}: ", f" --incident {incident.id}")
    )
    for running in running_clocks(workspace, incident)[:_SHOWN]:
        status = running.status(now)
        if status != GREEN:
            fact = f"{of}{running.words(now)}, {clock.text(running.due.at)[:16]}Z: {running.about}"
            yield StatusLine(
                "clock-running",
                "",
                running.rule.what,
                status,
                fact,
                running.next + which,
                since,
                running.rule.mark,
                subject=running.rule.id,
            )


def _notices(workspace: Workspace, incident: Incident) -> Iterator[StatusLine]:
    """Drafts that nobody sent, and notices that nobody acknowledged for a day."""
    notices = current_notices(workspace.journal.rows, incident.id)
    unsent = [notice for notice in notices if not notice.sent]
    unacknowledged = [
        notice
        for notice in notices
        if notice.sent and not notice.acknowledged and clock.now() - notice.sent > timedelta(days=1)
    ]
    if unsent:
        yield StatusLine(
            "notice-drafts-not-sent",
            "P7",
            "notices drafted, not sent",
            AMBER,
            _first([notice.id for notice in unsent]),
            "continuity incident notify --send",
            clock.text(unsent[-1].drafted),
        )
    if unacknowledged:
        yield StatusLine(
            "notices-not-acknowledged",
            "P7",
            "notices not acknowledged",
            AMBER,
            _first([notice.id for notice in unacknowledged]),
            "continuity incident acknowledge NOTICE --who NAME",
            clock.text(unacknowledged[-1].drafted),
        )


def _first(names: list[str]) -> str:
    return f"{len(names)}: {', '.join(names[:3])}{', ...' if names[3:] else ''}"


def _contacts(workspace: Workspace) -> Iterator[StatusLine]:
    """One line for all of them; the worst are named."""
    today = clock.now().astimezone(workspace.zone).date()
    days = workspace.settings(IncidentSettings).contact_days
    try:
        listed = load_contacts(workspace)
    except BadInput as wrong:
        yield StatusLine("contacts", "P7", "contacts", RED, str(wrong.problems[0]), f"mend {CONTACTS_FILE}")
        return
    statuses = {contact.id: contact.light(today, days) for contact in listed.values()}
    worst = worst_light(status_ for status_, _ in statuses.values())
    at = [f"{name} ({why})" for name, (contact_status, why) in statuses.items() if contact_status == worst]
    if worst == GREEN:
        yield StatusLine("contacts", "P7", "contacts", GREEN, f"{len(statuses)} verified within {days} days")
    else:
        yield StatusLine("contacts", "P7", "contacts", worst, _first(at), "continuity incident contacts")


def _export(workspace: Workspace) -> Iterator[StatusLine]:
    """How old the exports of open work are: at hour zero they are what there is."""
    exports = workspace.settings(IncidentSettings).open_work
    if not exports:
        yield StatusLine(
            "open-work-export", "P8", "export of open work", AMBER, "none is set", "set [incident] open_work"
        )
    for export in exports:
        path, hours = (workspace.settings.home / export.file, workspace.settings(IncidentSettings).export_hours)
        if not path.is_file():
            yield StatusLine(
                "open-work-export",
                "P8",
                "export of open work",
                RED,
                f"{export.file} is not there",
                "see its nightly job",
            )
            continue
        at = datetime.fromtimestamp(path.stat().st_mtime, UTC)
        late = clock.now() - at > timedelta(hours=hours)
        yield StatusLine(
            "open-work-export",
            "P8",
            "export of open work",
            AMBER if late else GREEN,
            f"{path.name} made {ago(at)}, objective {hours:g} h",
            "see its nightly job" if late else "",
            clock.text(at),
        )
