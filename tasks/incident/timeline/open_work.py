"""The hour-zero list: what was open when the systems went down, until a recorded act closes each item."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import msgspec
import sqlalchemy as sa

from tasks.core import clock
from tasks.core.errors import BadInput, Problem, Refused
from tasks.core.ssn import without_ssn
from tasks.core.status_lines import Rows
from tasks.entries.api import is_ssn_importer, masked_importer
from tasks.incident.events import WorkClosed, WorkLine, WorkTaken
from tasks.incident.evidence import file_attachments
from tasks.incident.settings import IncidentSettings, OpenWorkFileSettings
from tasks.incident.tables import OPEN_WORK
from tasks.incident.timeline import deadline_rules
from tasks.incident.timeline.deadline_rules import Deadline, Due, due_of, load_deadlines
from tasks.incident.timeline.incident_state import Incident, require_incident
from tasks.incident.timeline.open_work_export import OpenWorkExport, OpenWorkReader
from tasks.workspace import Workspace


def unread_rows(workspace: Workspace, incident: str) -> dict[str, int]:
    """File to how many of its rows could not be read when taken last: work that is on no list."""
    return {file: loaded.left for file, loaded in loaded_exports(workspace, incident).items() if loaded.left}


def unloaded_files(workspace: Workspace, incident: str) -> list[str]:
    """Files of the settings of which nothing was ever taken: what they say is on no list."""
    have = loaded_exports(workspace, incident)
    names = [export.file.name for export in workspace.settings(IncidentSettings).open_work]
    return [name for name in names if name not in have]


def loaded_exports(workspace: Workspace, incident: str) -> dict[str, WorkTaken]:
    """What was taken last of each file."""
    events = workspace.journal.events(kind=WorkTaken.kind, subject=f"incident/{incident}")
    return {event.said.file: event.said for event in events if isinstance(event.said, WorkTaken)}


HOW = (
    "filed",
    "paid",
    "arrived",
    "exported",
    "redelivered",
    "answered",
    "extended",
    "handed over",
    "not ours",
    "needs nothing",
)
"""Acts that close an item."""


@dataclass(frozen=True)
class OpenWorkItem:
    """One item with its deadline: `rule` None and `due` None where neither the export nor a rule says
    when."""

    id: str
    work: str
    reference: str
    entry_type: str
    port: str
    importer: str
    importer_number: str
    amount: str
    note: str
    starts: str
    due: Due | None
    rule: Deadline | None
    how: str

    @property
    def is_open(self) -> bool:
        return not self.how


@dataclass(frozen=True)
class ExportResult:
    """What became of one export. `problems`: why rows, or the whole file, were not taken."""

    file: str
    as_of: datetime
    items: int
    left: int
    problems: tuple[Problem, ...]


def load_exports(
    workspace: Workspace, actor: str, *, files: Sequence[OpenWorkFileSettings] = (), accept_clean: bool = False
) -> list[ExportResult]:
    """Read the exports that the settings name, or these, into the open incident's list.

    A file with faults is not taken, unless `accept_clean` takes its clean rows. What was taken before
    is brought up to date; what was closed stays closed. Raises BadInput where no export is set.
    """
    sources = files or workspace.settings(IncidentSettings).open_work
    if not sources:
        raise BadInput("open-work-not-set")
    incident = require_incident(workspace.journal.rows)
    works = deadline_rules.kinds_of_work(load_deadlines(workspace.settings.home))
    exports = [OpenWorkReader(source, workspace.settings, workspace, works).read() for source in sources]
    _across(exports)
    return [_take_one(workspace, incident, export, actor, accept_clean) for export in exports]


def _across(exports: Sequence[OpenWorkExport]) -> None:
    """An item that a second file has too."""
    file_by_item: dict[str, str] = {}
    for export in exports:
        for line in list(export.lines):
            if line.item in file_by_item and file_by_item[line.item] != export.file:
                export.problems.append(
                    Problem(
                        file=export.file,
                        column="reference",
                        value=line.reference,
                        code="work-reference-in-other-file",
                        values={"other": file_by_item[line.item]},
                    )
                )
                export.lines.remove(line)
                export.faulty += 1
            file_by_item.setdefault(line.item, export.file)


def _take_one(
    workspace: Workspace, incident: Incident, export: OpenWorkExport, actor: str, accept_clean: bool
) -> ExportResult:
    problems = tuple(sorted(export.problems))
    if (problems and not accept_clean) or not export.source:
        return ExportResult(export.file, export.as_of, 0, len(export.lines) + export.faulty, problems)
    body = WorkTaken(
        incident=incident.id,
        file=export.file,
        source=export.source,
        left=export.faulty,
        as_of=clock.text(export.as_of),
        items=[_sealed(workspace, line) for line in export.lines],
    )
    with workspace.journal.write(actor) as pen:
        # The same bytes say something else once the mapping is corrected.
        if body != loaded_exports(workspace, incident.id).get(export.file):
            pen.append(body, f"incident/{incident.id}")
    return ExportResult(export.file, export.as_of, len(export.lines), export.faulty, problems)


def _sealed(workspace: Workspace, line: WorkLine) -> WorkLine:
    """As the journal keeps it, which goes into kit and notices: a number has a column of its own, and is not
    needed where production wrote it among words."""
    line = msgspec.structs.replace(line, importer=without_ssn(line.importer), note=without_ssn(line.note))
    if not is_ssn_importer(line.importer_number):
        return line
    triple = (line.item, "work.importer_number", line.importer_number)
    (reference,) = workspace.vault.seal([triple], None)
    return msgspec.structs.replace(line, importer_number=reference)


def open_work_items(rows: Rows, incident: str, rules: Mapping[str, Deadline]) -> list[OpenWorkItem]:
    """The list, what is due first in front; items without a deadline at its end."""
    query = sa.select(OPEN_WORK).where(OPEN_WORK.c.incident == incident)
    work_items = [_work_item(row, rules) for row in rows(query)]
    last = datetime.max.replace(tzinfo=UTC)
    return sorted(work_items, key=lambda work_item: (work_item.due.at if work_item.due else last, work_item.id))


def _work_item(row: sa.Row[Any], rules: Mapping[str, Deadline]) -> OpenWorkItem:
    due, rule = _due(row, rules)
    return OpenWorkItem(
        row.item,
        row.work,
        row.reference,
        row.entry_type,
        row.port,
        row.importer,
        row.importer_number,
        row.amount,
        row.note,
        row.starts,
        due,
        rule,
        row.how,
    )


def _due(row: sa.Row[Any], rules: Mapping[str, Deadline]) -> tuple[Due | None, Deadline | None]:
    """The earliest of what the export says and what the rules say."""
    dues: list[tuple[Due, Deadline | None]] = []
    if row.due:
        dues.append((_exported_due(row.due), None))
    if row.starts:
        for rule in deadline_rules.for_work(rules, row.work, row.entry_type, row.mode):
            dues.append((due_of(rule, start_of(row.starts)), rule))
    if not dues:
        return None, None
    due, rule = min(dues, key=lambda pair: pair[0].at)
    rules_of_work = deadline_rules.for_work(rules, row.work, row.entry_type, row.mode)
    return due, rule or (rules_of_work[0] if rules_of_work else None)


def start_of(text: str) -> deadline_rules.Start:
    """The moment or the day that an export gave."""
    return date.fromisoformat(text) if len(text) == 10 else clock.parse(text)


def _exported_due(text: str) -> Due:
    start = start_of(text)
    if isinstance(start, datetime):
        return Due(start)
    return Due(deadline_rules.end_of(start), start)


@dataclass(frozen=True)
class OpenWorkAct:
    """How items were closed. `files`: what shows it."""

    how: str
    note: str = ""
    reference: str = ""
    happened: datetime | None = None
    files: tuple[Path, ...] = ()


def close_items(workspace: Workspace, names: Sequence[str], act: OpenWorkAct, actor: str) -> list[str]:
    """Close items by their id or reference. Returns the ids that were closed; those that were closed
    before are passed over.

    Raises BadInput for an unknown item or act, or one that nothing shows, and changes nothing.
    """
    if act.how not in HOW:
        raise BadInput("work-action-unknown", how=act.how, how2=", ".join(HOW))
    if not (act.note or act.reference or act.files):
        problem = Problem(column="--note, --reference or --evidence", code="required-item-missing")
        raise BadInput("work-proof-missing", [problem])
    attached = file_attachments.attach(workspace.content, act.files, f"open work, {act.how}")
    with workspace.journal.write(actor) as pen:
        incident = require_incident(pen.rows)
        listed = _chosen(pen.rows, incident.id, names)
        fresh = [row.item for row in listed if row.closed is None]
        if fresh:
            body = WorkClosed(
                incident=incident.id,
                items=fresh,
                how=act.how,
                happened=clock.text(act.happened),
                note=act.note,
                reference=act.reference,
                attached=tuple(attached),
            )
            pen.append(body, f"incident/{incident.id}")
    return fresh


def _chosen(rows: Rows, incident: str, names: Sequence[str]) -> list[sa.Row[Any]]:
    listed = rows(sa.select(OPEN_WORK).where(OPEN_WORK.c.incident == incident))
    chosen, problems = dict[str, sa.Row[Any]](), list[Problem]()
    for name in names:
        fit = [row for row in listed if name in (row.item, row.reference)]
        if len(fit) == 1:
            chosen[fit[0].item] = fit[0]
        elif fit:
            right = "one of " + ", ".join(row.item for row in fit)
            problems.append(Problem(value=name, right=right, code="work-item-ambiguous"))
        else:
            problems.append(Problem(value=name, code="work-item-unknown"))
    if problems:
        raise BadInput("work-not-closed", problems)
    return list(chosen.values())


def require_accounted(rows: Rows, incident: str) -> None:
    """Raises Refused while an item is open."""
    query = sa.select(OPEN_WORK).where(OPEN_WORK.c.incident == incident)
    open_ = [row.item for row in rows(query.where(OPEN_WORK.c.closed.is_(None)))]
    if open_:
        first = ", ".join(sorted(open_)[:3]) + (", ..." if open_[3:] else "")
        raise Refused("open-work-items-open", open__count=len(open_), first=first)


def work_counts(work_items: Sequence[OpenWorkItem], now: datetime) -> Iterator[dict[str, object]]:
    """A row a kind of work: in all, open, overdue, closed by each act."""
    for work in dict.fromkeys(work_item.work for work_item in work_items):
        of_kind = [work_item for work_item in work_items if work_item.work == work]
        open_ = [work_item for work_item in of_kind if work_item.is_open]
        late = [work_item for work_item in open_ if work_item.due and work_item.due.at <= now]
        acts = {how: sum(work_item.how == how for work_item in of_kind) for how in HOW}
        closed = ", ".join(f"{n} {how}" for how, n in acts.items() if n)
        yield {"work": work, "in_all": len(of_kind), "open": len(open_), "overdue": len(late), "closed": closed}


def mask_item(work_item: OpenWorkItem) -> OpenWorkItem:
    """An item for a person: an importer number that is an SSN is masked."""
    return replace(work_item, importer_number=masked_importer(work_item.importer_number))
