"""Snapshots of a repository, read and checked, and what is wrong with their chains."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

import msgspec

from tasks.backup.faults import DamagedData, ForeignObject, KeyEnded, NewerFormat, UnfitObject
from tasks.backup.format.repository import Repository
from tasks.backup.format.signed_objects import ObjectName, digest, largest_stored, read_signed
from tasks.backup.format.structures import Manifest, decode_structure
from tasks.core.errors import NoRight
from tasks.core.findings import Finding, finding_of_error, make_finding

MOST_MANIFEST = largest_stored(["manifest"])
# one object that this program does not read is a fault to report, never the end of a survey: else
# whoever can write to the store could stop every restore with a single file
UNREAD = (DamagedData, NewerFormat)


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
class ManifestChain:
    """All snapshots of one host in order, and every fault of their chain. `torn`: objects whose content
    does not fit their name, by number; `junk`: how many were passed over."""

    host: str
    snapshots: list[Snapshot] = field(default_factory=list)
    forks: list[Finding] = field(default_factory=list)
    gaps: list[Finding] = field(default_factory=list)
    broken: list[tuple[int, Finding]] = field(default_factory=list)
    torn: list[tuple[int, Finding]] = field(default_factory=list)
    junk: int = 0
    ended: dict[str, Finding] = field(default_factory=dict)  # by digest: signed with an ended key

    @property
    def head(self) -> Snapshot | None:
        return self.snapshots[-1] if self.snapshots else None

    def faults(self) -> list[Finding]:
        return [*self.forks, *self.gaps, *(fault for _, fault in self.broken)]

    def begun_only(self, last: int) -> list[Finding]:
        """Torn manifests past the last number that the host finished: writes that broke off."""
        return [fault for sequence, fault in self.torn if sequence > last]


def read_manifest(repository: Repository, host: str, item_name: str) -> tuple[str, Manifest]:
    """Digest and manifest of one object. Raises Damaged, Junk, KeyEnded, NewerFormat with its path among
    their problems."""
    try:
        return _read(repository, host, item_name)
    except UNREAD as error:
        path = f"manifests/{host}/{item_name}"
        problem = finding_of_error(error, path).problem()
        raise type(error)("manifest-not-usable", [problem], path=path) from error


def _read(repository: Repository, host: str, item_name: str) -> tuple[str, Manifest]:
    name = ObjectName.parse(item_name)
    try:
        data = repository.read(f"manifests/{host}/{item_name}")
    except NoRight as error:
        raise UnfitObject("object-read-denied", reason=finding_of_error(error).message) from error
    if name is None or digest(data) != name.digest:
        raise UnfitObject("manifest-digest-mismatch")
    keys = set(repository.config.host_keys(host))
    signed = read_signed(data, ["manifest"], keys | repository.hosts_ever.get(host, set()))
    if signed.signer not in keys:
        raise DamagedData("signing-key-no-longer-named")
    if signed.signer not in repository.config.host_keys(host, name.sequence):
        raise KeyEnded("signing-key-ended")
    manifest = decode_structure(signed.body, Manifest)
    if (manifest.repository, manifest.host, manifest.sequence) != (repository.id, host, name.sequence):
        raise ForeignObject("manifest-of-another-snapshot")
    return name.digest, manifest


def read_chain(
    repository: Repository,
    host: str,
    pruned: Mapping[str, int] | None = None,
    visit: Callable[[Manifest], None] | None = None,
) -> ManifestChain:
    """Read every manifest of a host. `pruned` are digests and numbers of manifests that a signed
    prune accounts for."""
    chain = ManifestChain(host)
    broken: list[tuple[int, Finding]] = []
    torn: list[tuple[int, Finding]] = []
    for stored_object in repository.list(f"manifests/{host}"):
        name = ObjectName.parse(stored_object.name)
        if name is None or name.sequence < 0:
            continue
        path, accounted = f"manifests/{host}/{stored_object.name}", name.digest in (pruned or {})
        try:
            if stored_object.size > MOST_MANIFEST:
                raise UnfitObject("object-does-not-fit")
            stored, manifest = _read(repository, host, stored_object.name)
        except KeyEnded as error:
            chain.ended[name.digest] = finding_of_error(error, path)
            continue
        except ForeignObject as error:
            chain.junk += 1
            repository.pass_over(finding_of_error(error, path))
            continue
        except UnfitObject as error:
            if not accounted:
                torn.append((name.sequence, finding_of_error(error, path)))
            continue
        except UNREAD as error:
            if not accounted:
                broken.append((name.sequence, finding_of_error(error, path)))
            continue
        if visit:
            visit(manifest)
        bare = msgspec.structs.replace(manifest, packs=[], tree=[])
        if not any(read_before.digest == stored for read_before in chain.snapshots):
            chain.snapshots.append(Snapshot(host, stored, bare, stored_object.name, stored_object.modified))
    chain.snapshots.sort(key=lambda snapshot: (snapshot.sequence, snapshot.digest))
    _check(chain, pruned or {})
    complete = {snapshot.sequence for snapshot in chain.snapshots}
    # a write that broke off is made good by a whole manifest of the same number
    chain.broken = [(sequence, fault) for sequence, fault in broken if sequence not in complete]
    chain.torn = [(sequence, fault) for sequence, fault in torn if sequence not in complete]
    return chain


def _check(chain: ManifestChain, pruned: Mapping[str, int]) -> None:
    numbers_by_digest = {snapshot.digest: snapshot.sequence for snapshot in chain.snapshots} | dict(pruned)
    by_parent: dict[str, list[Snapshot]] = {}
    for snapshot in chain.snapshots:
        before = snapshot.manifest.previous
        by_parent.setdefault(before, []).append(snapshot)
        if before and before not in numbers_by_digest:
            chain.gaps.append(make_finding("previous-snapshot-missing", snapshot.label, previous=before[:16]))
        elif before and numbers_by_digest[before] != snapshot.sequence - 1:
            chain.gaps.append(
                make_finding("snapshot-number-skipped", snapshot.label, previous=numbers_by_digest[before])
            )
        elif not before and snapshot.sequence != 1:
            chain.gaps.append(make_finding("chain-starts-late", snapshot.label))
    for children in by_parent.values():
        if len(children) > 1:
            labels = ", ".join(child.label for child in children)
            chain.forks.append(make_finding("chain-forked", chain.host, snapshots=labels))
    numbers: dict[int, list[Snapshot]] = {}
    for snapshot in chain.snapshots:
        numbers.setdefault(snapshot.sequence, []).append(snapshot)
    for number, same in numbers.items():
        if len(same) > 1 and len({s.manifest.previous for s in same}) > 1:
            chain.forks.append(make_finding("snapshot-number-repeated", chain.host, number=number, times=len(same)))
