"""Watching the backups: objectives that are missed, and change that looks like encryption."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

from tasks.backup.sources import Source
from tasks.backup.structures import Manifest, SourceCount
from tasks.shared import clock
from tasks.shared.findings import Finding, finding

if TYPE_CHECKING:
    from tasks.backup.choosing import Survey

MASS_SHARE, MASS_FILES = 0.30, 50
DENSE, DENSE_BEFORE, DENSE_SHARE, DENSE_BYTES = 0.97, 0.90, 0.20, 1 << 20
_DRIFT = 0.25  # hours that two clocks may differ
SHRUNK, GROWN, GROWN_BYTES = 0.5, 2.0, 1 << 30


def unusual(before: SourceCount | None, now: SourceCount, anew: bool = False) -> list[Finding]:
    """What is out of line between two snapshots of a source: the marks of ransomware. `anew`:
    packs were lost or recipients changed, so that all counts as new without being so."""
    if before is None:
        return []
    found = []
    if not anew and now.new_files >= MASS_FILES and now.new_files > now.files * MASS_SHARE:
        found.append(finding("files-changed-in-mass", now.name, new=now.new_files, files=now.files))
    dense_before = before.seen_stored / before.seen_bytes if before.seen_bytes else 1.0
    dense = now.stored_bytes / now.new_bytes if now.new_bytes else 0.0
    much = now.new_bytes > max(DENSE_BYTES, now.bytes * DENSE_SHARE)
    if much and dense > DENSE and dense_before < DENSE_BEFORE:
        found.append(
            finding(
                "content-maybe-encrypted",
                now.name,
                density=round(dense, 4),
                before=round(dense_before, 4),
            )
        )
    few = before.files >= MASS_FILES and now.files < before.files * SHRUNK
    if few or (before.files and not now.files):  # a mount that went away leaves an empty folder
        gone = before.files - now.files
        found.append(finding("files-vanished", now.name, gone=gone, files=before.files))
    if now.bytes > before.bytes * GROWN + GROWN_BYTES:
        found.append(finding("source-grew", now.name, before=before.bytes, bytes=now.bytes))
    return found


def unread(before: SourceCount | None, now: SourceCount) -> list[Finding]:
    """That more of a source could not be read, or went missing while it was read, than the time
    before: what is not in a snapshot cannot be restored from it."""
    was = before.unreadable + before.missing if before else 0
    count = now.unreadable + now.missing
    if count <= was:
        return []
    return [finding("source-not-all-read", now.name, count=count, before=was)]


def is_gap(flag: Finding) -> bool:
    """Whether a snapshot's flag is of `unread`: a gap, and no mark of an attack."""
    return flag.code == "source-not-all-read"


def has_gaps(manifest: Manifest) -> bool:
    """Whether anything could not be read, new or as before."""
    return any(count.unreadable or count.missing for count in manifest.sources)


def taken_away(before: Manifest | None, names: Sequence[str]) -> list[Finding]:
    """Sources of the last snapshot of a class that the settings no longer name: whoever owns the host
    could end their backups so, and nothing would grow late."""
    gone = [count.name for count in before.sources if count.name not in names] if before else []
    return [finding("source-removed", name) for name in gone]


@dataclass(frozen=True)
class Freshness:
    """How old the newest snapshot of a source is, against its recovery point objective (hours)."""

    source: str
    newest: str
    age_hours: float
    objective_hours: float
    proved: str

    @property
    def late(self) -> bool:
        """Also one from the future, which would not grow old for as long as a clock was ahead."""
        return not self.newest or not -_DRIFT <= self.age_hours <= self.objective_hours

    @property
    def finding(self) -> Finding:
        """The same for people: when it was last in a snapshot, and its objective in hours."""
        values = {"newest": self.newest, "hours": self.objective_hours}
        if not self.newest:
            return finding("source-never-backed-up", self.source, **values)
        if self.age_hours < -_DRIFT:
            return finding("newest-snapshot-in-future", self.source, **values)
        return finding("newest-snapshot-of-source", self.source, **values)


def freshness(
    found: Survey, host: str, sources: Sequence[Source], now: datetime | None = None
) -> list[Freshness]:
    """One line a source: when it was last in a snapshot, and last in a proved one."""
    now = now or clock.now()
    lines = []
    for source in sources:
        newest = proved = ""
        for snapshot in found.snapshots(host):
            if any(count.name == source.name for count in snapshot.manifest.sources):
                newest = snapshot.manifest.time
                if found.proof_of(snapshot.digest):
                    proved = snapshot.manifest.time
        age = (now - clock.parse(newest)).total_seconds() / 3600 if newest else float("inf")
        lines.append(Freshness(source.name, newest, age, source.objective_hours, proved))
    return lines
