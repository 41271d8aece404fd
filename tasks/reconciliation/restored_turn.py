"""One turn after a restore: read what came, ask what is due, list what our books lack, and name
production's next number once ACE has answered everything."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import asdict, dataclass
from datetime import date
from pathlib import Path
from typing import Any

from tasks.reconciliation import production, reading, restored, workbook
from tasks.reconciliation.production import Found, Next
from tasks.reconciliation.restored import Restore
from tasks.shared.journal import is_drill
from tasks.workspace import Workspace


@dataclass(frozen=True)
class Turn:
    """`waiting`: what ACE has not answered, in words; `following` is None until that is empty."""

    restore: Restore
    asked: tuple[str, ...]
    waiting: tuple[str, ...]
    rows: tuple[Found, ...]
    following: Next | None

    @property
    def lacking(self) -> list[Found]:
        return [one for one in self.rows if one.lacking]

    def as_dict(self, *, every: bool = False) -> dict[str, Any]:
        """The turn for a script; `entries` are those that our books lack, or every one."""
        return {
            "last_backup": self.restore.last_backup.isoformat(),
            "cut_off": self.restore.cut_off.isoformat(),
            "counter": self.restore.counter,
            "waiting": self.waiting,
            "questions": list(self.asked),
            "found": len(self.rows),
            "lacking": len(self.lacking),
            "next": asdict(self.following) if self.following else None,
            "entries": [asdict(one) for one in (self.rows if every else self.lacking)],
        }


def turn(
    workspace: Workspace,
    restore: Restore,
    known: Collection[str],
    margin: int | None,
    actor: str,
    today: date,
) -> Turn:
    """Run one turn. `known`: numbers that the restored system has. Raises Refused if the next
    number would hit the reserve, BadSettings without folders, password or a port."""
    reading.read_inbox(workspace, actor)
    asked = restored.ask(workspace, restore, actor, today)
    waiting = restored.waiting(workspace, restore)
    rows = production.found(workspace, known)
    following = None if waiting else production.next_number(workspace, restore, margin, known)
    if following:
        production.note(workspace, rows, following, actor)
    return Turn(restore, tuple(asked), tuple(waiting), tuple(rows), following)


def write(workspace: Workspace, done: Turn, path: Path, *, force: bool = False) -> Path:
    """The turn as a workbook: the restore and the next number, what our books lack, all in ACE. Raises
    Refused if somebody may have worked on the file that stands there, unless with `force`."""
    sheets = {
        "Restore": [{"what": what, "figure": str(figure)} for what, figure in _facts(done)],
        "Our books lack": [asdict(one) for one in done.lacking],
        "All in ACE": [asdict(one) for one in done.rows],
    }
    return workbook.write(path, sheets, drill=is_drill(workspace.journal), force=force)


def _facts(done: Turn) -> list[tuple[str, object]]:
    facts: list[tuple[str, object]] = [
        ("from", done.restore.last_backup), ("to", done.restore.cut_off),
        ("numbers in ACE", len(done.rows)), ("of these not in our books", len(done.lacking)),
    ]  # fmt: skip
    facts += [("waiting for ACE", words) for words in done.waiting]
    if following := done.following:
        facts += [
            ("production's next number", following.number),
            ("highest number seen", following.highest or "none"),
            ("seen in", following.seen_in),
            ("left out above it", following.margin),
            *(("outside production's range", number) for number in following.outside),
        ]
    return facts
