"""Snapshots of a repository, read and checked, and what is wrong with their chains."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

import msgspec

from tasks.backup.faults import Damaged, KeyEnded, NewerFormat
from tasks.backup.objects import MOST_STORED, ObjectName, digest, read_signed
from tasks.backup.repository import Repository
from tasks.backup.structures import Manifest, typed

# one object that this program does not read is a fault to be told, never the end of a survey: else
# whoever can write to the store could stop every restore with a single file
UNREAD = (Damaged, NewerFormat)


@dataclass(frozen=True)
class Snapshot:
    """A manifest whose signature holds. `manifest.packs` is empty where only the chain is asked."""

    host: str
    digest: str
    manifest: Manifest
    name: str
    modified: float

    @property
    def sequence(self) -> int:
        return self.manifest.sequence

    @property
    def label(self) -> str:
        """As key sheets and proofs print it: host, number, the first half of the digest."""
        return f"{self.host}:{self.sequence}:{self.digest[:32]}"


@dataclass
class Chain:
    """All snapshots of one host in order, and every fault of their chain."""

    host: str
    snapshots: list[Snapshot] = field(default_factory=list)
    forks: list[str] = field(default_factory=list)
    gaps: list[str] = field(default_factory=list)
    broken: list[tuple[int, str]] = field(default_factory=list)
    ended: dict[str, str] = field(default_factory=dict)  # by digest: signed with an ended key

    @property
    def head(self) -> Snapshot | None:
        return self.snapshots[-1] if self.snapshots else None

    def faults(self) -> list[str]:
        return [*self.forks, *self.gaps, *(text for _, text in self.broken)]

    def begun_only(self, last: int) -> list[str]:
        """Broken manifests past the last number that the host finished: writes that broke off."""
        return [text for sequence, text in self.broken if sequence > last]


def read_manifest(repository: Repository, host: str, item_name: str) -> tuple[str, Manifest]:
    """Digest and manifest of one object. Raises Damaged, KeyEnded, NewerFormat."""
    name = ObjectName.parse(item_name)
    path = f"manifests/{host}/{item_name}"
    data = repository.read(path)
    if name is None or digest(data) != name.digest:
        raise Damaged(f"{path}: content does not fit the name")
    try:
        found = read_signed(data, ["manifest"], repository.config.host_keys(host))
        if found.signer not in repository.config.host_keys(host, name.sequence):
            raise KeyEnded("signed with a key that the officer ended before this number")
        manifest = typed(found.body, Manifest)
    except (Damaged, NewerFormat) as error:
        raise type(error)(f"{path}: {error}") from error
    if (manifest.repository, manifest.host, manifest.sequence) != (
        repository.id,
        host,
        name.sequence,
    ):
        raise Damaged(f"{path}: a manifest of another repository, host or number")
    return name.digest, manifest


def read_chain(
    repository: Repository,
    host: str,
    pruned: Mapping[str, int] | None = None,
    visit: Callable[[Manifest], None] | None = None,
) -> Chain:
    """Read every manifest of a host. `pruned` are digests and numbers of manifests that a signed
    prune accounts for."""
    chain, broken = Chain(host), []
    for item in repository.list(f"manifests/{host}"):
        name = ObjectName.parse(item.name)
        if name is None or name.sequence < 0:
            continue
        try:
            if item.size > MOST_STORED:
                raise Damaged(f"manifests/{host}/{item.name}: too large for a manifest")
            stored, manifest = read_manifest(repository, host, item.name)
        except KeyEnded as error:
            chain.ended[name.digest] = str(error)
            continue
        except UNREAD as error:
            if name.digest not in (pruned or {}):
                broken.append((name.sequence, str(error)))
            continue
        if visit:
            visit(manifest)
        bare = msgspec.structs.replace(manifest, packs=[], tree=[])
        if not any(known.digest == stored for known in chain.snapshots):
            chain.snapshots.append(Snapshot(host, stored, bare, item.name, item.modified))
    chain.snapshots.sort(key=lambda snapshot: (snapshot.sequence, snapshot.digest))
    _check(chain, pruned or {})
    whole = {snapshot.sequence for snapshot in chain.snapshots}
    # a write that broke off is made good by a whole manifest of the same number
    chain.broken = [(sequence, text) for sequence, text in broken if sequence not in whole]
    return chain


def _check(chain: Chain, pruned: Mapping[str, int]) -> None:
    known = {snapshot.digest: snapshot.sequence for snapshot in chain.snapshots} | dict(pruned)
    by_parent: dict[str, list[Snapshot]] = {}
    for snapshot in chain.snapshots:
        before = snapshot.manifest.previous
        by_parent.setdefault(before, []).append(snapshot)
        if before and before not in known:
            chain.gaps.append(
                f"{snapshot.label}: the snapshot before it ({before[:16]}) is not there"
            )
        elif before and known[before] != snapshot.sequence - 1:
            chain.gaps.append(f"{snapshot.label}: follows number {known[before]}")
        elif not before and snapshot.sequence != 1:
            chain.gaps.append(f"{snapshot.label}: begins a chain in the middle")
    for children in by_parent.values():
        if len(children) > 1:
            labels = ", ".join(child.label for child in children)
            chain.forks.append(f"{chain.host}: two continuations of one snapshot: {labels}")
    numbers: dict[int, list[Snapshot]] = {}
    for snapshot in chain.snapshots:
        numbers.setdefault(snapshot.sequence, []).append(snapshot)
    for number, same in numbers.items():
        if len(same) > 1 and len({s.manifest.previous for s in same}) > 1:
            chain.forks.append(f"{chain.host}: number {number} was given {len(same)} times")
