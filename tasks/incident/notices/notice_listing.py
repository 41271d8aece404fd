"""The notices of an incident as the journal has them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa

from tasks.core import clock
from tasks.core.errors import BadInput
from tasks.core.journal.store import EVENTS
from tasks.core.status_lines import Rows
from tasks.incident.tables import NOTICES
from tasks.workspace import Workspace


@dataclass(frozen=True)
class NoticeRecord:
    """A notice of the journal. `sent` and `acknowledged` are UTC, None while they did not happen."""

    id: str
    template: str
    contact: str
    channel: str
    title: str
    content: str
    drafted: datetime
    sent: datetime | None
    how: str
    reference: str
    acknowledged: datetime | None
    who: str

    @property
    def state(self) -> str:
        return "acknowledged" if self.acknowledged else "sent" if self.sent else "drafted"


def notices_of(rows: Rows, incident: str) -> list[NoticeRecord]:
    """The notices of an incident, oldest first."""
    query = (
        sa.select(NOTICES, EVENTS.c.at)
        .join(EVENTS, EVENTS.c.seq == NOTICES.c.drafted)
        .where(NOTICES.c.incident == incident)
        .order_by(NOTICES.c.drafted)
    )
    return [
        NoticeRecord(
            row.notice,
            row.template,
            row.contact,
            row.channel,
            row.title,
            row.content,
            clock.parse(row.at),
            clock.parse(row.sent) if row.sent else None,
            row.how,
            row.reference,
            clock.parse(row.acknowledged) if row.acknowledged else None,
            row.who,
        )
        for row in rows(query)
    ]


def current_notices(rows: Rows, incident: str) -> list[NoticeRecord]:
    """Those that count: all that were sent, and of the others the newest of each template and contact,
    if nothing of it was sent since."""
    newest: dict[tuple[str, str], NoticeRecord] = {}
    sent: list[NoticeRecord] = []
    for notice in notices_of(rows, incident):
        newest[notice.template, notice.contact] = notice
        if notice.sent:
            sent.append(notice)
    return sorted(
        {notice.id: notice for notice in [*sent, *newest.values()]}.values(), key=lambda notice: notice.drafted
    )


def unsent_notices(rows: Rows) -> Iterator[NoticeRecord]:
    """Notices of every incident that were not sent."""
    yield from (notice for notice in _everywhere(rows) if notice.sent is None)


def find_notice(workspace: Workspace, name: str) -> NoticeRecord:
    """A notice by its id, or the newest whose id begins so. Raises BadInput."""
    matching = [notice for notice in notices_of(workspace.journal.rows, name.split("/")[0]) if notice.id == name] or [
        notice for notice in _everywhere(workspace.journal.rows) if notice.id.startswith(name)
    ]
    if matching:
        return matching[-1]
    raise BadInput("notice-unknown", name=name)


def _everywhere(rows: Rows) -> Iterator[NoticeRecord]:
    for row in rows(sa.select(NOTICES.c.incident).distinct()):
        yield from notices_of(rows, row.incident)
