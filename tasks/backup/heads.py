"""What a host notes for itself: its chain's head, packs to store again, that a run is under way.

All of it can be lost: the repository tells the rest.
"""

from __future__ import annotations

import contextlib
import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import msgspec

from tasks.backup.faults import Busy, Damaged
from tasks.backup.hostkeys import HostKeys
from tasks.backup.index import read_checked, write_checked
from tasks.backup.manifests import MOST_MANIFEST, read_manifest
from tasks.backup.objects import ObjectName
from tasks.backup.repository import Repository
from tasks.backup.structures import Manifest
from tasks.shared.findings import Finding, finding


def scratch_of(state: Path | None) -> Path:
    """Where copies of databases lie while they are read."""
    if state:
        return state / "scratch"
    import tempfile

    return Path(tempfile.gettempdir())


def clear_scratch(state: Path | None) -> None:
    """A run that was killed may have left a copy behind."""
    if state:
        for leftover in scratch_of(state).glob("sqlite-*"):
            leftover.unlink(missing_ok=True)


@dataclass
class Head:
    """Where this host's chain stands: the newest number, its digest, the time it was made by the
    host's clock, and when it was written by the store's (0: not known)."""

    sequence: int = 0
    digest: str = ""
    time: str = ""
    manifest: Manifest | None = None
    written: float = 0.0


@contextmanager
def one_run(state: Path | None) -> Iterator[None]:
    """Only one run of a host at a time; the system frees the lock when a process dies.

    Raises Busy.
    """
    if state is None:
        yield
        return
    state.mkdir(parents=True, exist_ok=True)
    lock = sqlite3.connect(state / "lock.db", timeout=0, isolation_level=None)
    try:
        try:
            lock.execute("BEGIN EXCLUSIVE")
        except sqlite3.OperationalError:
            raise Busy("backup-already-running") from None
        yield
    finally:
        lock.close()


def find_head(
    repository: Repository, keys: HostKeys, state: Path | None
) -> tuple[Head, list[Finding]]:
    """The newest whole manifest of this host; alarms when it is older than what we remember."""
    own = remembered(state, keys)
    items = [i for i in repository.list(f"manifests/{keys.host}") if i.size <= MOST_MANIFEST]
    names = [(ObjectName.parse(item.name), item) for item in items]
    ordered = sorted(((n, item) for n, item in names if n and n.sequence > 0), reverse=True)
    head = Head()
    for name, item in ordered:
        if head.sequence and name.sequence < head.sequence:
            break
        with contextlib.suppress(Damaged):
            stored, manifest = read_manifest(repository, keys.host, item.name)
            if not head.sequence or stored == own.digest:
                head = Head(manifest.sequence, stored, manifest.time, manifest, item.modified)
    alarms = []
    if own.sequence > head.sequence:
        alarms.append(
            finding("store-behind-host", keys.host, sequence=head.sequence, own=own.sequence)
        )
        head = Head(own.sequence, own.digest, own.time)
    elif own.digest and own.digest not in {name.digest for name, _ in ordered}:
        alarms.append(finding("own-snapshot-gone", keys.host, sequence=own.sequence))
    return head, alarms


def remembered(state: Path | None, keys: HostKeys) -> Head:
    """The newest snapshot that this host finished, as it noted itself; 0 where that is lost."""
    body = read_checked(state / "head", keys.id_bytes()) if state else None
    return Head(*msgspec.json.decode(body, type=tuple[int, str, str])) if body else Head()


def read_bad(state: Path | None, keys: HostKeys) -> list[str]:
    """Packs that a verify of this host found damaged: their content is stored again."""
    body = read_checked(state / "bad", keys.id_bytes()) if state else None
    return msgspec.json.decode(body, type=list[str]) if body else []


def write_bad(state: Path, keys: HostKeys, bad: Sequence[str]) -> None:
    write_checked(state / "bad", msgspec.json.encode(sorted(set(bad))), keys.id_bytes())


def note_head(state: Path, keys: HostKeys, head: Head) -> None:
    body = msgspec.json.encode([head.sequence, head.digest, head.time])
    write_checked(state / "head", body, keys.id_bytes())
