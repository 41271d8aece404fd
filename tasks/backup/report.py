"""How a restore behaves, and what it tells."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

from tasks.backup.options import Progress
from tasks.backup.structures import Entry
from tasks.shared.findings import Finding


@dataclass(frozen=True)
class RestoreOptions:
    """`native` keeps names that only this system can tell apart; `special` the setuid bits;
    `devices` pipes and devices; `owners` user and group numbers. Each blob is held against its digest
    before it is written; `compare` also reads back what was written and holds each file against the
    digest of its original. `leave` passes entries over without a word."""

    patterns: tuple[str, ...] = ()
    only: frozenset[bytes] | None = None
    native: bool = False
    special: bool = False
    devices: bool = False
    owners: bool = False
    compare: bool = False
    workers: int = 2
    progress: Progress | None = None
    leave: Callable[[Entry], bool] | None = None


@dataclass
class Report:
    """What came back and what did not. `whole` says whether all that was asked for is there.

    `gaps` could not be read when the snapshot was made; `lacking` are files there that an earlier
    snapshot has; `faulty` are lines of the listing that do not read. `lost` and `refused` are damage, or
    a hostile snapshot.
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
    def whole(self) -> bool:
        return not (self.damage or self.has_gaps)

    @property
    def damage(self) -> bool:
        """Whether something does not come back that the snapshot has."""
        return bool(self.refused or self.lost)

    @property
    def has_gaps(self) -> bool:
        """Whether the snapshot itself is without something that was there."""
        return bool(self.gaps or self.lacking or self.faulty)
