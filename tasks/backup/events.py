"""What the off-site copies say of themselves."""

from __future__ import annotations

from typing import ClassVar

import msgspec

from tasks.core.findings import Finding
from tasks.core.journal.bodies import LocalBody


class BackupSource(msgspec.Struct, frozen=True, kw_only=True):
    """One source of a snapshot: bytes are of its content, `unreadable` and `changed` count files."""

    name: str
    files: int
    bytes: int
    new_bytes: int
    unreadable: int
    changed: int


class BackupDone(LocalBody, frozen=True, kw_only=True):
    """A snapshot stands on the store. `head` is what `--expect-head` takes; `flags`: what looked wrong,
    and `junk-on-store` for objects that nobody of this repository wrote."""

    kind: ClassVar[str] = "backup.done"
    repository: str
    host: str
    sequence: int
    manifest: str
    head: str
    retention: str
    retain_until: str
    place: str
    customs_territory: bool
    sources: list[BackupSource]
    stored_bytes: int
    flags: list[Finding]


class BackupProved(LocalBody, frozen=True, kw_only=True):
    """A drill worker restored a snapshot and compared it with its originals' digests.

    `proof` lies on the backup's store, not in this home's content."""

    kind: ClassVar[str] = "backup.proved"
    content_fields: ClassVar[tuple[str, ...]] = ()
    repository: str
    host: str
    sequence: int
    manifest: str
    proof: str
    drill: str
    scope: str
    files: int
    bytes: int
    seconds: float
    restored_at: str


class BackupVerified(LocalBody, frozen=True, kw_only=True):
    """Every object was read, or the `turn`-th of `share` parts of the packs, and holds."""

    kind: ClassVar[str] = "backup.verified"
    repository: str
    snapshots: int
    packs: int
    packs_read: int
    share: int
    turn: int


class BackupExamined(LocalBody, frozen=True, kw_only=True):
    """The doctor tried every destructive verb: the store refused them all."""

    kind: ClassVar[str] = "backup.examined"
    repository: str
    checks: list[str]


class BackupFailed(LocalBody, frozen=True, kw_only=True):
    """`what` is run, verify, prove or doctor; `findings` say what was wrong, the error first. `share` and
    `turn` are verify's, as when all is whole."""

    kind: ClassVar[str] = "backup.failed"
    what: str
    findings: list[Finding]
    share: int = 0
    turn: int = 0
