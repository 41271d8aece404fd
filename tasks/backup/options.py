"""How a backup behaves, and what it counts of each source."""

from __future__ import annotations

import stat
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from tasks.backup.retention import CLASSES, Retention
from tasks.backup.scan import Row
from tasks.backup.structures import JournalHead, Place
from tasks.shared.findings import Finding

# kind and bytes: `total` that are to be seen, `seen` (plain), `stored` or `read` (as on the store)
Progress = Callable[[str, int], None]


@dataclass(frozen=True)
class Options:
    """How a run behaves. `state` is the folder of local caches; None keeps none."""

    state: Path | None = None
    place: Place = field(default_factory=Place)
    classes: Mapping[str, Retention] = field(default_factory=lambda: dict(CLASSES))
    leave_out: tuple[Path, ...] = ()
    hold: bool = False
    clock_right: bool = False  # somebody looked: the newest snapshot's date is the wrong one
    workers: int = 0
    journal: JournalHead | None = None
    alarms: tuple[
        Finding, ...
    ] = ()  # what the run's snapshots are flagged with, whatever they hold
    progress: Progress | None = None


@dataclass
class Count:
    """Running totals of one source."""

    name: str
    kind: str
    files: int = 0
    folders: int = 0
    links: int = 0
    bytes: int = 0
    new_files: int = 0
    unreadable: int = 0
    changed: int = 0
    gone: int = 0
    missing: int = 0

    def rows(self, rows: Sequence[Row]) -> None:
        """Take the entries of one folder in."""
        sizes = [row.stored for row in rows if stat.S_ISREG(row.mode)]
        self.files += len(sizes)
        self.bytes += sum(sizes)
        if len(sizes) < len(rows):
            self.links += sum(stat.S_ISLNK(row.mode) for row in rows)
