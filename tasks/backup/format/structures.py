"""The signed structures of a repository, typed. Their JSON field names are these names."""

from __future__ import annotations

import base64
from typing import Annotated, Any, TypeVar

import msgspec

from tasks.backup.faults import DamagedData
from tasks.core.findings import Finding
from tasks.security.api import seal_key_id

S = TypeVar("S", bound=msgspec.Struct)


class Recipient(msgspec.Struct, frozen=True):
    """Who can open packs. `role` is `recovery` or `drill`; `public` is base64 of 1216 bytes."""

    name: str
    role: str
    public: str

    def raw(self) -> bytes:
        return base64.b64decode(self.public)

    def id(self) -> str:
        return seal_key_id(self.raw())


class HostKey(msgspec.Struct, frozen=True):
    """A host's Ed25519 key (hex) and the sequence numbers it may sign; `last` 0 is open."""

    key: str
    first: int = 1
    last: int = 0

    def covers(self, sequence: int) -> bool:
        return self.first <= sequence and (not self.last or sequence <= self.last)


class RepositoryConfig(msgspec.Struct, frozen=True):
    """Who takes part, signed by the officer. A new one is added for each change."""

    format: int
    repository: str
    sequence: int
    previous: str
    time: str
    recipients: list[Recipient]
    hosts: dict[str, list[HostKey]]
    drills: dict[str, list[str]]
    files: dict[str, str]

    def host_keys(self, host: str, sequence: int | None = None) -> list[str]:
        """All keys that a host ever had, or those that may sign one number."""
        keys = self.hosts.get(host, [])
        return [key.key for key in keys if sequence is None or key.covers(sequence)]


class StoreLocation(msgspec.Struct, frozen=True):
    """Where the store stands. 19 CFR 111.23(a): originals within the customs territory."""

    name: str = ""
    customs_territory: bool = False


class JournalAnchor(msgspec.Struct, frozen=True):
    """The journal's head at the time of the snapshot: a cut tail shows against it."""

    sequence: int
    digest: str


class SourceCount(msgspec.Struct, frozen=True):
    """What one source held: counts, bytes, and what could not be read or changed meanwhile."""

    name: str
    kind: str = "folder"
    files: int = 0
    folders: int = 0
    links: int = 0
    bytes: int = 0
    new_files: int = 0
    new_bytes: int = 0
    stored_bytes: int = 0
    unreadable: int = 0
    changed: int = 0
    gone: int = 0
    missing: int = 0  # of `gone`, those that the snapshot before had
    seen_bytes: int = 0  # over all snapshots so far: what is usual for this source
    seen_stored: int = 0


class Manifest(msgspec.Struct, frozen=True):
    """One snapshot: what, when, in which packs, kept until when. Signed by its host."""

    format: int
    repository: str
    host: str
    sequence: int
    previous: str
    config: int
    time: str
    retention: str
    basis: str
    retain_until: str
    hold: bool
    place: StoreLocation
    journal: JournalAnchor | None
    sources: list[SourceCount]
    tree: list[str]
    tree_bytes: int
    tree_digest: str
    packs: list[tuple[str, int]]
    index: list[str]
    flags: list[Finding]  # what looked wrong when it was taken

    def total_bytes(self) -> int:
        return sum(source.bytes for source in self.sources)


class SnapshotProof(msgspec.Struct, frozen=True):
    """A drill worker's word that a snapshot was restored and compared. Signed by the drill key."""

    format: int
    repository: str
    drill: str
    sequence: int
    previous: str
    config: int
    time: str
    host: str
    manifest: str
    manifest_sequence: int
    scope: str
    files: int
    bytes: int
    seconds: float


class SignedHold(msgspec.Struct, frozen=True):
    """Keeps snapshots whatever their age (signed by a host or the officer), or lets them go
    (officer only: `release` names the hold objects that end, or the manifests whose own hold ends)."""

    format: int
    repository: str
    time: str
    by: str
    manifests: list[str]
    reason: str
    release: list[str]


class PrunePlan(msgspec.Struct, frozen=True):
    """What prune would remove and why. The officer's signature over it is the approval."""

    format: int
    repository: str
    time: str
    manifests: list[tuple[str, str, str]]  # host, object name, retain_until
    packs: list[tuple[str, int]]  # object name, bytes
    packs_before: int
    most_percent: float
    cool_off_days: int


class PruneRecord(msgspec.Struct, frozen=True):
    """What a prune has removed: accounts for the gaps that it leaves in the chains."""

    format: int
    repository: str
    time: str
    plan: str
    manifests: list[tuple[str, str, str]]
    packs: list[tuple[str, int]]


def decode_structure(body: bytes, kind: type[S]) -> S:
    """A signed body, JSON, as its structure. Fields that the structure does not have are passed over
    without being built. Raises Damaged for a wrong shape."""
    try:
        return msgspec.json.decode(body, type=kind)
    except (msgspec.MsgspecError, ValueError, RecursionError) as error:
        raise DamagedData("signed-body-malformed", name=kind.__name__.lower(), reason=error) from error


def encode_structure(structure: msgspec.Struct) -> dict[str, Any]:
    return msgspec.to_builtins(structure)


_FAR = 1 << 62
Number = Annotated[int, msgspec.Meta(ge=0, le=_FAR)]  # held to by the decoder: the maker is not trusted
EARLIEST, LATEST = -(1 << 63), (1 << 63) - 1  # ns since 1970: the years 1677 to 2262
Time = Annotated[int, msgspec.Meta(ge=EARLIEST, le=LATEST)]


class Extent(msgspec.Struct, frozen=True, array_like=True):
    """A stretch of a sparse file that holds data."""

    offset: Number
    length: Number


class ListingEntry(msgspec.Struct, omit_defaults=True, gc=False):
    """One line of a listing. Paths are `source/relative/path`; times in ns, sizes in bytes.

    A time outside of what `mtime` holds (as a zeroed one of NTFS, the year 1601) stands in `far_mtime`
    as a decimal number, and `mtime` is the nearest that it holds.

    `raw` holds the path as hex where it is not UTF-8 (then `path` is empty); `target` and
    `target_raw` the same for links. `digest` is the keyed BLAKE3 of the whole content where more
    than one blob makes it up; with one blob its id is that digest.
    """

    path: str = ""
    raw: str = ""
    type: str = "file"  # file folder link fifo socket char block
    mode: Number = 0
    mtime: Time = 0
    uid: Number = 0
    gid: Number = 0
    size: Number = 0
    blobs: list[str] = []
    digest: str = ""
    extents: list[Extent] = []
    target: str = ""
    target_raw: str = ""
    same: str = ""  # hard links share this mark
    device: Number = 0
    mark: str = ""  # changed | sqlite | gone | unreadable
    reason: str = ""  # of the mark, as the system stated it
    far_mtime: str = ""

    def path_bytes(self) -> bytes:
        return bytes.fromhex(self.raw) if self.raw else self.path.encode()

    def target_bytes(self) -> bytes:
        return bytes.fromhex(self.target_raw) if self.target_raw else self.target.encode()


class ListingHead(msgspec.Struct, frozen=True):
    """First line of a listing: the key under which blob ids and digests are made."""

    format: int
    key: str
