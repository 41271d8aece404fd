"""What a host keeps for itself: its chain's head, packs to store again, the lock of a run, and the index of
its own packs (blob ids and their packs, no content). All of it can be lost and rebuilt.

Index segments in the repository are sealed under the host's index key; a copy is kept locally.
"""

from __future__ import annotations

import contextlib
import json
import os
import sqlite3
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import blake3
import msgspec
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from tasks.backup.faults import DamagedData
from tasks.backup.format.manifest_chain import MOST_MANIFEST, read_manifest
from tasks.backup.format.pack_codec import PackFrame
from tasks.backup.format.repository import Repository
from tasks.backup.format.signed_objects import (
    MOST_STORED,
    ObjectName,
    canonical_json,
    compress_json,
    decompress,
    digest,
)
from tasks.backup.format.structures import Manifest
from tasks.backup.keys.host_keys import HostKeys
from tasks.core.errors import Busy
from tasks.core.findings import Finding, make_finding
from tasks.security.api import derive_key
from tasks.transport.api import StoreItem

MAGIC = b"CBKINDX1"
_SALT = 32


def segment_key(index_key: bytes, salt: bytes) -> AESGCM:
    return AESGCM(derive_key(index_key + salt, "segment", 32))


def seal_segment(index_key: bytes, body: dict[str, object]) -> bytes:
    """magic 8 | salt 32 | AES-256-GCM of compressed JSON, nonce 0 under a key made for it."""
    salt = os.urandom(_SALT)
    sealed = segment_key(index_key, salt).encrypt(bytes(12), compress_json(canonical_json(body)), MAGIC)
    return MAGIC + salt + sealed


def open_segment(index_key: bytes, data: bytes) -> dict[str, object]:
    """Raises Damaged, also for a segment of another host or an earlier index key."""
    head = len(MAGIC) + _SALT
    if data[: len(MAGIC)] != MAGIC:
        raise DamagedData("index-segment-invalid")
    try:
        key = segment_key(index_key, data[len(MAGIC) : head])
        return json.loads(decompress(key.decrypt(bytes(12), data[head:], MAGIC)))
    except (InvalidTag, ValueError, RecursionError) as error:
        raise DamagedData("index-key-wrong") from error


@dataclass(frozen=True)
class PackInfo:
    """One pack as the host knows it. `bin` is data, tree or copy; `to` the recipients' key ids."""

    digest: str
    size: int
    retention: str
    bin: str
    to: tuple[str, ...]
    ids: bytes  # 32 bytes a blob, joined

    def row(self) -> list[object]:
        return [self.digest, self.size, self.retention, self.bin, self.to, self.ids]


def segment_row(pack: PackInfo, frames: Sequence[PackFrame]) -> dict[str, object]:
    return {
        "bin": pack.bin,
        "class": pack.retention,
        "frames": [frame.row() for frame in frames],
        "name": pack.digest,
        "size": pack.size,
        "to": list(pack.to),
    }


def _pack_of_row(row: dict) -> PackInfo:
    ids = b"".join(bytes.fromhex(blob[0]) for frame in row["frames"] for blob in frame[4])
    return PackInfo(row["name"], row["size"], row["class"], row["bin"], tuple(row["to"]), ids)


@dataclass
class PackIndex:
    """Packs by number, and for each class and bin the blobs and the number of their pack.

    Blobs never cross classes: a pack that must go after 90 days may hold nothing that a snapshot
    kept for five years needs, and a key that is destroyed must not live on in a longer class.
    """

    packs: list[PackInfo] = field(default_factory=list)
    segments: set[str] = field(default_factory=set)
    by_bin: dict[tuple[str, str], dict[bytes, int]] = field(default_factory=dict)
    lost: list[str] = field(default_factory=list)

    def pack_numbers(self, retention: str, bin_name: str) -> dict[bytes, int]:
        return self.by_bin.setdefault((retention, bin_name), {})

    def add(self, pack: PackInfo) -> int:
        number = len(self.packs)
        self.packs.append(pack)
        pack_numbers, ids = self.pack_numbers(pack.retention, pack.bin), pack.ids
        for start in range(0, len(ids), 32):
            pack_numbers[ids[start : start + 32]] = number
        return number

    def keep_only(self, there: dict[str, list[StoreItem]], bad: Iterable[str], recipients: Iterable[str]) -> PackIndex:
        """The index without packs that are gone, of another size or known to be damaged, and
        without those that a recipient of today cannot open: each snapshot opens with each key."""
        spoiled, needed = set(bad), set(recipients)
        lost = [
            pack.digest
            for pack in self.packs
            if pack.digest in spoiled
            or not needed <= set(pack.to)
            or not any(stored.size == pack.size for stored in there.get(pack.digest, ()))
        ]
        if not lost:
            return self
        dropped, remaining = set(lost), PackIndex(segments=self.segments, lost=lost)
        for pack in self.packs:
            if pack.digest not in dropped:
                remaining.add(pack)
        return remaining


def load_index(repository: Repository, host: str, index_key: bytes, cache: Path | None) -> PackIndex:
    """The local copy, brought up to date with the segments in the repository."""
    index = read_cache(cache, index_key) if cache else PackIndex()
    folder = f"index/{host}"
    for stored in repository.list(folder):
        name = ObjectName.parse(stored.name)
        if name is None or name.digest in index.segments or stored.size > MOST_STORED:
            continue
        data = repository.read(f"{folder}/{stored.name}")
        if digest(data) != name.digest:
            continue  # an attempt that broke off
        try:
            body = open_segment(index_key, data)
        except DamagedData:
            continue  # sealed under a key from before a rotation
        for row in body["packs"]:  # type: ignore[attr-defined]
            index.add(_pack_of_row(row))
        index.segments.add(name.digest)
    return index


def write_cache(path: Path, index: PackIndex, index_key: bytes) -> None:
    rows = [pack.row() for pack in index.packs]
    body = msgspec.msgpack.encode([rows, sorted(index.segments)])
    write_checked(path, body, index_key)


def read_cache(path: Path, index_key: bytes) -> PackIndex:
    """Any doubt about the local copy is an empty one: it is rebuilt from the segments."""
    body = read_checked(path, index_key)
    index = PackIndex()
    if body is not None:
        rows, segments = msgspec.msgpack.decode(body)
        for digest_, size, retention, bin_name, to, ids in rows:
            index.add(PackInfo(digest_, size, retention, bin_name, tuple(to), ids))
        index.segments = set(segments)
    return index


def write_checked(path: Path, body: bytes, key: bytes) -> None:
    """A local cache file: keyed digest, then the body; replaced as a whole."""
    path.parent.mkdir(parents=True, exist_ok=True)
    fresh = path.with_suffix(".new")
    with os.fdopen(os.open(fresh, os.O_CREAT | os.O_WRONLY | os.O_TRUNC, 0o600), "wb") as file:
        file.write(blake3.blake3(body, key=key).digest())
        file.write(body)
    fresh.replace(path)


def read_checked(path: Path, key: bytes) -> bytes | None:
    try:
        stored = path.read_bytes()
    except OSError:
        return None
    body = stored[32:]
    return body if blake3.blake3(body, key=key).digest() == stored[:32] else None


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
class ChainHead:
    """Where this host's chain stands: the newest number, its digest, the time it was made by the
    host's clock, and when it was written by the store's (0: not known)."""

    sequence: int = 0
    digest: str = ""
    time: str = ""
    manifest: Manifest | None = None
    written: float = 0.0


@contextmanager
def run_lock(state: Path | None) -> Iterator[None]:
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


def find_head(repository: Repository, keys: HostKeys, state: Path | None) -> tuple[ChainHead, list[Finding]]:
    """The newest whole manifest of this host; alarms when it is older than what we remember."""
    local = local_head(state, keys)
    items = [i for i in repository.list(f"manifests/{keys.host}") if i.size <= MOST_MANIFEST]
    names = [(ObjectName.parse(stored_object.name), stored_object) for stored_object in items]
    ordered = sorted(((n, stored_object) for n, stored_object in names if n and n.sequence > 0), reverse=True)
    head = ChainHead()
    for name, stored_object in ordered:
        if head.sequence and name.sequence < head.sequence:
            break
        with contextlib.suppress(DamagedData):
            stored, manifest = read_manifest(repository, keys.host, stored_object.name)
            if not head.sequence or stored == local.digest:
                head = ChainHead(manifest.sequence, stored, manifest.time, manifest, stored_object.modified)
    alarms = []
    if local.sequence > head.sequence:
        alarms.append(make_finding("store-behind-host", keys.host, sequence=head.sequence, own=local.sequence))
        head = ChainHead(local.sequence, local.digest, local.time)
    elif local.digest and local.digest not in {name.digest for name, _ in ordered}:
        alarms.append(make_finding("own-snapshot-gone", keys.host, sequence=local.sequence))
    return head, alarms


def local_head(state: Path | None, keys: HostKeys) -> ChainHead:
    """The newest snapshot that this host finished, as it noted itself; 0 where that is lost."""
    body = read_checked(state / "head", keys.id_bytes()) if state else None
    return ChainHead(*msgspec.json.decode(body, type=tuple[int, str, str])) if body else ChainHead()


def read_damaged_packs(state: Path | None, keys: HostKeys) -> list[str]:
    """Packs that a verify of this host found damaged: their content is stored again."""
    body = read_checked(state / "bad", keys.id_bytes()) if state else None
    return msgspec.json.decode(body, type=list[str]) if body else []


def write_damaged_packs(state: Path, keys: HostKeys, bad: Sequence[str]) -> None:
    write_checked(state / "bad", msgspec.json.encode(sorted(set(bad))), keys.id_bytes())


def note_head(state: Path, keys: HostKeys, head: ChainHead) -> None:
    body = msgspec.json.encode([head.sequence, head.digest, head.time])
    write_checked(state / "head", body, keys.id_bytes())
