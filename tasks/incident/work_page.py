"""The hour-zero list for a person and for a spreadsheet: every item with its deadline and its end."""

from __future__ import annotations

import csv
import io
from pathlib import Path

from tasks.incident import deadlines, hour_zero, standing, work_taken
from tasks.incident.notice_page import cell
from tasks.incident.state import Incident
from tasks.shared import clock, manifest
from tasks.shared.files import write_atomic
from tasks.shared.paper import INNER, Column, Frame, Paper
from tasks.workspace import Workspace

_COLUMNS = (
    Column("Item", 52), Column("Type", 11), Column("Port", 12), Column("Importer", 62),
    Column("Due", 42), Column("Amount", 20, "R"), Column("Rule", 24), Column("Closed", INNER - 223),
)  # fmt: skip


def write(workspace: Workspace, incident: Incident, out: Path) -> list[Path]:
    """PDF, CSV and a signed manifest into a folder."""
    rows = standing.work_rows(workspace, incident.id)
    sink = io.StringIO(newline="")
    heads = list(rows[0]) if rows else ["item"]
    mark = [incident.mark] if incident.drill else []
    writer = csv.writer(sink)
    writer.writerow([*heads, *mark])
    writer.writerows([*(cell(str(row[name])) for name in heads), *mark] for row in rows)
    data = b"\xef\xbb\xbf" + sink.getvalue().encode()
    what = f"{incident.mark} open work of incident {incident.id}".strip()
    return [
        write_atomic(out / "open-work.csv", data),
        write_atomic(out / "open-work.pdf", render(workspace, incident, rows)),
        manifest.write(out, workspace.settings.home, what),
    ]


def render(workspace: Workspace, incident: Incident, rows: list[standing.Row]) -> bytes:
    broker, head = workspace.settings.broker, workspace.journal.head()
    paper = Paper(
        Frame(
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
    rules = deadlines.load(workspace.settings.home)
    items = hour_zero.items(workspace.journal.rows, incident.id, rules)
    columns = (Column("Kind", 50), Column("In all", 20, "R"), Column("Open", 20, "R"),
               Column("Overdue", 20, "R"), Column("", 6), Column("Closed", 134))  # fmt: skip
    counted = []
    for row in hour_zero.counts(items, clock.now()):
        *numbers, closed = map(str, row.values())
        counted.append([*numbers, "", closed])
    paper.table(columns, counted, 8.5)
    for file, left in work_taken.left_out(workspace, incident.id).items():
        paper.text(f"{left} row(s) of {file} could not be read when it was taken last: what they say is on "
                   "no list.")  # fmt: skip
    paper.heading("Item by item, what bites first in front")
    late = {row["item"] for row in rows if row["overdue"]}
    paper.table(_COLUMNS, [_cells(row) for row in rows], 7.5, red=lambda cells: cells[0] in late)
    return paper.bytes()


def _cells(row: standing.Row) -> list[str]:
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
