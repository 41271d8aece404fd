"""Options of a backup and a restore, what a backup counts of each source, what a restore reports."""

from __future__ import annotations

import stat
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from tasks.backup.format.structures import JournalAnchor, ListingEntry, StoreLocation
from tasks.backup.retention.keep_rules import CLASSES, Retention
from tasks.backup.snapshot.source_scan import CachedRow
from tasks.core.findings import Finding


@dataclass(frozen=True)
class RestoreOptions:
    """`native` keeps names that only this system can tell apart; `special` the setuid bits;
    `devices` pipes and devices; `owners` user and group numbers. Each blob is held against its digest
    before it is written; `compare` also reads back what was written and holds each file against the
    digest of its original. `skip` passes entries over without a finding."""

    patterns: tuple[str, ...] = ()
    only: frozenset[bytes] | None = None
    native: bool = False
    special: bool = False
    devices: bool = False
    owners: bool = False
    compare: bool = False
    workers: int = 2
    progress: BackupProgress | None = None
    skip: Callable[[ListingEntry], bool] | None = None


@dataclass
class RestoreReport:
    """What came back and what did not. `intact` says whether all that was asked for is there.

    `gaps` could not be read when the snapshot was made; `lacking` are files there that an earlier
    snapshot has; `faulty` are lines of the listing that do not read. `lost` and `refused` are damage, or
    an untrusted snapshot.
    """

    files: int = 0
    folders: int = 0
    links: int = 0
    bytes: int = 0
    kept: int = 0
    refused: list[Finding] = field(default_factory=list)
    lost: list[Finding] = field(default_factory=list)
    marked: list[Finding] = field(default_factory=list)
    gaps: list[Finding] = field(default_factory=list)
    lacking: list[Finding] = field(default_factory=list)
    faulty: list[Finding] = field(default_factory=list)
    damaged_packs: list[Finding] = field(default_factory=list)
    warnings: list[Finding] = field(default_factory=list)

    @property
    def intact(self) -> bool:
        return not (self.damage or self.has_gaps)

    @property
    def damage(self) -> bool:
        """Whether something does not come back that the snapshot has."""
        return bool(self.refused or self.lost)

    @property
    def has_gaps(self) -> bool:
        """Whether the snapshot itself is without something that was there."""
        return bool(self.gaps or self.lacking or self.faulty)


# kind and bytes: `total` that are to be seen, `seen` (plain), `stored` or `read` (as on the store)
BackupProgress = Callable[[str, int], None]


@dataclass(frozen=True)
class SnapshotOptions:
    """How a run behaves. `state` is the folder of local caches; None keeps none."""

    state: Path | None = None
    store_location: StoreLocation = field(default_factory=StoreLocation)
    classes: Mapping[str, Retention] = field(default_factory=lambda: dict(CLASSES))
    leave_out: tuple[Path, ...] = ()
    hold: bool = False
    clock_right: bool = False  # somebody looked: the newest snapshot's date is the wrong one
    workers: int = 0
    journal: JournalAnchor | None = None
    alarms: tuple[Finding, ...] = ()  # what the run's snapshots are flagged with, whatever they hold
    progress: BackupProgress | None = None


@dataclass
class SourceTotals:
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

    def rows(self, rows: Sequence[CachedRow]) -> None:
        """Take the entries of one folder in."""
        sizes = [row.stored for row in rows if stat.S_ISREG(row.mode)]
        self.files += len(sizes)
        self.bytes += sum(sizes)
        if len(sizes) < len(rows):
            self.links += sum(stat.S_ISLNK(row.mode) for row in rows)
