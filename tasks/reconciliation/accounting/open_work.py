"""Open work at hour zero, in the accounting report: what was open when the systems went down, and the
act that ended each item. Its deadlines by rule stand in the incident's own list (`incident work list`)."""

from __future__ import annotations

import pyarrow as pa
import sqlalchemy as sa

from tasks.core import arrow_compute as pc
from tasks.core.arrow_compute import to_list
from tasks.core.journal.journal import Event, Journal
from tasks.incident.api import OPEN_WORK, WorkClosed
from tasks.reconciliation.accounting.report_rows import scrub_private

OPEN = "open"
SCHEMA = pa.schema(
    {
        **dict.fromkeys(
            (
                "incident",
                "work",
                "reference",
                "entry_type",
                "port",
                "importer",
                "importer_number",
                "since",
                "due",
                "amount",
                "ended",
            ),
            pa.string(),
        ),
        **dict.fromkeys(("ended_on", "by", "shown_by"), pa.string()),
    }
)
"""`due`: as the export said; `ended`: the act, or `open`; `shown_by`: note, reference and files."""


def work_table(journal: Journal) -> pa.Table:
    """A row an item, in the order in which they were taken into the list."""
    ends = {event.seq: event for event in journal.events(kind="incident.work_closed")}
    query = sa.select(OPEN_WORK).order_by(OPEN_WORK.c.taken, OPEN_WORK.c.work, OPEN_WORK.c.item)
    rows = [
        {
            **{
                name: getattr(row, name)
                for name in (
                    "incident",
                    "work",
                    "reference",
                    "entry_type",
                    "port",
                    "importer",
                    "importer_number",
                    "due",
                    "amount",
                )
            },
            "since": row.starts,
            "ended": row.how or OPEN,
            **_end_facts(ends.get(row.closed)),
        }
        for row in journal.rows(query)
    ]
    return scrub_private(pa.Table.from_pylist(rows, SCHEMA))


def _end_facts(event: Event | None) -> dict[str, str]:
    if event is None or not isinstance(event.said, WorkClosed):
        return {"ended_on": "", "by": "", "shown_by": ""}
    body = event.said
    files = [f"{attachment.name} ({attachment.content[:12]})" for attachment in body.attached]
    evidence = "; ".join(part for part in (body.note, body.reference, *files) if part)
    return {"ended_on": body.happened or event.at, "by": event.actor, "shown_by": evidence}


def work_of_client(work: pa.Table, importer: str, name: str) -> pa.Table:
    """The items of one importer, by number or name."""
    is_own = pc.or_(
        pc.equal(work["importer_number"], importer), pc.is_in(work["importer"], value_set=pa.array([importer, name]))
    )
    return work.filter(is_own)


def work_by_kind(work: pa.Table) -> list[tuple[str, int, int, str]]:
    """A row a kind of work: in all, open, and how the others ended."""
    counts: dict[str, dict[str, int]] = {}
    for kind, end in zip(to_list(work["work"]), to_list(work["ended"]), strict=True):
        ends = counts.setdefault(kind, {})
        ends[end] = ends.get(end, 0) + 1
    return [
        (
            kind,
            sum(ends.values()),
            ends.get(OPEN, 0),
            ", ".join(f"{count} {end}" for end, count in sorted(ends.items()) if end != OPEN),
        )
        for kind, ends in sorted(counts.items())
    ]
