"""The hour-zero list for a person and for a spreadsheet: every item with its deadline and its end."""

from __future__ import annotations

from pathlib import Path

from tasks.core import clock
from tasks.core.files import write_atomic
from tasks.core.settings import BrokerSettings
from tasks.documents.api import INNER_WIDTH, PageFrame, Paper, PaperColumn
from tasks.incident.data_tables import csv_bytes
from tasks.incident.timeline import listing_rows
from tasks.incident.timeline.deadline_rules import load_deadlines
from tasks.incident.timeline.incident_state import Incident
from tasks.incident.timeline.open_work import open_work_items, unread_rows, work_counts
from tasks.security.api import write_manifest
from tasks.workspace import Workspace

_COLUMNS = (
    PaperColumn("Item", 52),
    PaperColumn("Type", 11),
    PaperColumn("Port", 12),
    PaperColumn("Importer", 62),
    PaperColumn("Due", 42),
    PaperColumn("Amount", 20, "R"),
    PaperColumn("Rule", 24),
    PaperColumn("Closed", INNER_WIDTH - 223),
)


def write(workspace: Workspace, incident: Incident, out: Path) -> list[Path]:
    """PDF, CSV and a signed manifest into a folder."""
    rows = listing_rows.work_rows(workspace, incident.id)
    heads = list(rows[0]) if rows else ["item"]
    drill_cells = [incident.mark] if incident.drill else []
    cells = [[*heads, *drill_cells], *([*(row[name] for name in heads), *drill_cells] for row in rows)]
    what = f"{incident.mark} open work of incident {incident.id}".strip()
    return [
        write_atomic(out / "open-work.csv", csv_bytes(cells)),
        write_atomic(out / "open-work.pdf", render(workspace, incident, rows)),
        write_manifest(out, workspace.settings.home, what),
    ]


def render(workspace: Workspace, incident: Incident, rows: list[listing_rows.Row]) -> bytes:
    broker, head = workspace.settings(BrokerSettings), workspace.journal.head()
    paper = Paper(
        PageFrame(
            title="Work that was open",
            left=f"{broker.name} · filer {broker.filer_code} · licence {broker.licence or 'not set'}",
            right=f"incident {incident.id} · book at event {head.seq:,}",
            foot=f"Made {clock.text()[:16]}Z. Confidential: client records (19 CFR 111.24).",
            mark=f"{incident.mark}: an exercise" if incident.drill else "",
            made=clock.now(),
        )
    )
    paper.page()
    paper.title("Work that was open when the systems went down")
    rules = load_deadlines(workspace.settings.home)
    items = open_work_items(workspace.journal.rows, incident.id, rules)
    columns = (
        PaperColumn("Kind", 50),
        PaperColumn("In all", 20, "R"),
        PaperColumn("Open", 20, "R"),
        PaperColumn("Overdue", 20, "R"),
        PaperColumn("", 6),
        PaperColumn("Closed", 134),
    )
    counted: list[list[str]] = []
    for row in work_counts(items, clock.now()):
        *numbers, closed = map(str, row.values())
        counted.append([*numbers, "", closed])
    paper.table(columns, counted, 8.5)
    for file, left in unread_rows(workspace, incident.id).items():
        paper.text(f"{left} row(s) of {file} could not be read when it was taken last: what they say is on no list.")
    paper.heading("Item by item, what bites first in front")
    late = {row["item"] for row in rows if row["overdue"]}
    paper.table(_COLUMNS, [_cells(row) for row in rows], 7.5, red=lambda cells: cells[0] in late)
    return paper.bytes()


def _cells(row: listing_rows.Row) -> list[str]:
    due = row["due"] or "not known"
    return [
        row["item"],
        row["entry_type"],
        row["port"],
        row["importer"],
        f"{due} OVERDUE" if row["overdue"] else due,
        row["amount"],
        row["rule"] or "as exported",
        row["closed"],
        row["note"],
    ]
