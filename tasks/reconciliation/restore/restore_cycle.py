"""One cycle after a restore: read what came, ask what is due, list what our records lack, and name
production's next number once ACE has answered everything."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import asdict, dataclass
from datetime import date
from pathlib import Path
from typing import Any

from tasks.core.journal.journal import is_drill
from tasks.documents.api import write_listing
from tasks.reconciliation.receiving import answer_files
from tasks.reconciliation.restore import number_recovery
from tasks.reconciliation.restore.number_recovery import AceNumber, NextNumber, record_next_number, recovered_numbers
from tasks.reconciliation.restore.restore_queries import Restore, waiting_queries, write_restore_queries
from tasks.workspace import Workspace


@dataclass(frozen=True)
class RestoreCycle:
    """`waiting`: what ACE has not answered, in words; `following` is None until that is empty."""

    restore: Restore
    asked: tuple[str, ...]
    waiting: tuple[str, ...]
    rows: tuple[AceNumber, ...]
    following: NextNumber | None

    @property
    def lacking(self) -> list[AceNumber]:
        return [row for row in self.rows if row.lacking]

    def as_dict(self, *, every: bool = False) -> dict[str, Any]:
        """The cycle for a script; `entries` are those that our records lack, or every one."""
        return {
            "last_backup": self.restore.last_backup.isoformat(),
            "cut_off": self.restore.cut_off.isoformat(),
            "counter": self.restore.counter,
            "waiting": self.waiting,
            "questions": list(self.asked),
            "found": len(self.rows),
            "lacking": len(self.lacking),
            "next": asdict(self.following) if self.following else None,
            "entries": [asdict(row) for row in (self.rows if every else self.lacking)],
        }


def run_restore_cycle(
    workspace: Workspace, restore: Restore, known: Collection[str], margin: int | None, actor: str, today: date
) -> RestoreCycle:
    """Run one cycle. `known`: numbers that the restored system has. Raises Refused if the next
    number would hit the reserve, BadSettings without folders, password or a port."""
    answer_files.read_inbox(workspace, actor)
    query_files = write_restore_queries(workspace, restore, actor, today)
    waiting = waiting_queries(workspace, restore)
    rows = recovered_numbers(workspace, known)
    following = None if waiting else number_recovery.next_number(workspace, restore, margin, known)
    if following:
        record_next_number(workspace, rows, following, actor)
    return RestoreCycle(restore, tuple(query_files), tuple(waiting), tuple(rows), following)


def write_restore_workbook(workspace: Workspace, cycle: RestoreCycle, path: Path, *, force: bool = False) -> Path:
    """The cycle as a workbook: the restore and the next number, what our records lack, all in ACE. Raises
    Refused if somebody may have worked on the file that stands there, unless with `force`."""
    sheets = {
        "Restore": [{"what": what, "figure": str(figure)} for what, figure in _facts(cycle)],
        "Our books lack": [asdict(row) for row in cycle.lacking],
        "All in ACE": [asdict(row) for row in cycle.rows],
    }
    return write_listing(path, sheets, drill=is_drill(workspace.journal), force=force)


def _facts(cycle: RestoreCycle) -> list[tuple[str, object]]:
    facts: list[tuple[str, object]] = [
        ("from", cycle.restore.last_backup),
        ("to", cycle.restore.cut_off),
        ("numbers in ACE", len(cycle.rows)),
        ("of these not in our books", len(cycle.lacking)),
    ]
    facts += [("waiting for ACE", text) for text in cycle.waiting]
    if following := cycle.following:
        facts += [
            ("production's next number", following.number),
            ("highest number seen", following.highest or "none"),
            ("seen in", following.seen_in),
            ("left out above it", following.margin),
            *(("outside production's range", number) for number in following.outside),
        ]
    return facts
