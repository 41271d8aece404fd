"""What others signed about snapshots: proofs of drill workers, holds, and the officer's plans to prune."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

from tasks.backup.faults import Damaged
from tasks.backup.manifests import UNREAD, Snapshot
from tasks.backup.objects import ObjectName, read_signed
from tasks.backup.repository import Repository
from tasks.backup.structures import Hold, Proof, Pruned, PrunePlan, typed

OWN_HOLD = "held when it was made"


def read_pruned(repository: Repository) -> tuple[dict[str, int], list[str]]:
    """Digests and numbers of manifests that the officer's prune records account for, and broken
    objects."""
    gone: dict[str, int] = {}
    wrong: list[str] = []
    for item, _, data in repository.objects("audit"):
        try:
            if data is None:
                raise Damaged("content does not fit the name")
            found = read_signed(data, ["pruned", "prune-plan"], [repository.officer])
            if found.kind == "pruned":
                done = typed(found.body, Pruned)
                for _, name, _ in done.manifests:
                    parsed = ObjectName.parse(name)
                    if parsed:
                        gone[parsed.digest] = parsed.sequence
        except UNREAD as error:
            wrong.append(f"audit/{item.name}: {error}")
    return gone, wrong


@dataclass
class Proofs:
    """What drill workers attest, in order, and what is wrong with it. `ended`: what is set aside with
    keys that the officer ended; `heads`: number and digest of each worker's last proof."""

    proofs: list[Proof] = field(default_factory=list)
    wrong: list[str] = field(default_factory=list)
    ended: list[str] = field(default_factory=list)
    heads: dict[str, tuple[int, str]] = field(default_factory=dict)

    def digests(self) -> set[str]:
        return {proof.manifest for proof in self.proofs}


def read_proofs(repository: Repository) -> Proofs:
    """Proofs by drill keys that the officer named; each drill worker's own chain is checked."""
    found = Proofs()
    for drill in sorted(set(repository.config.drills) | set(repository.folders("proofs"))):
        chain: dict[int, tuple[str, Proof]] = {}
        broken: list[tuple[int, str]] = []
        keys, ended = repository.config.drills.get(drill, []), 0
        known = {*keys, *repository.drills.get(drill, ())}
        for item, name, data in repository.objects(f"proofs/{drill}"):
            try:
                if data is None:
                    raise Damaged("content does not fit the name")
                signed = read_signed(data, ["proof"], known)
                if signed.signer not in keys:
                    ended += 1
                    continue
                proof = typed(signed.body, Proof)
                if (proof.repository, proof.drill, proof.sequence) != (
                    repository.id,
                    drill,
                    name.sequence,
                ):
                    raise Damaged("a proof of another repository, worker or number")
                chain[name.sequence] = (name.digest, proof)
            except UNREAD as error:
                broken.append((name.sequence, f"proofs/{drill}/{item.name}: {error}"))
        before = ""
        for sequence in sorted(chain):
            stored, proof = chain[sequence]
            if proof.previous != before:
                found.wrong.append(f"proofs/{drill}: the chain breaks at number {sequence}")
            found.proofs.append(proof)
            before = stored
            found.heads[drill] = (sequence, stored)
        if ended:
            why = "signed with a key that the officer ended"
            if not chain:
                why += ", none with a new one: `backup run`, then `backup prove` with the new key"
            found.ended.append(f"proofs/{drill}: {ended} proofs {why}")
        found.wrong += [text for sequence, text in broken if sequence not in chain]
    found.proofs.sort(key=lambda proof: proof.time)
    return found


@dataclass
class Holds:
    """Snapshots held by digest, with the reasons, what was released, and broken hold objects. `own`:
    those that were held as they were made; a release names them by their digests."""

    own: dict[str, Snapshot] = field(default_factory=dict)
    released: set[str] = field(default_factory=set)
    held: dict[str, list[str]] = field(default_factory=dict)
    objects: dict[str, Hold] = field(default_factory=dict)
    wrong: list[str] = field(default_factory=list)


def read_holds(repository: Repository, snapshots: Iterable[Snapshot] = ()) -> Holds:
    """Holds by any host or the officer, and those that the snapshots carry themselves; releases count
    only when the officer signed them."""
    holds = Holds({one.digest: one for one in snapshots if one.manifest.hold})
    hosts = [key.key for keys in repository.config.hosts.values() for key in keys]
    for item, name, data in repository.objects("holds"):
        try:
            if data is None:
                raise Damaged("content does not fit the name")
            found = read_signed(data, ["hold"], [repository.officer, *hosts])
            hold = typed(found.body, Hold)
        except UNREAD as error:
            holds.wrong.append(f"holds/{item.name}: {error}")
            continue
        holds.objects[name.digest] = hold
        if hold.release and found.signer == repository.officer:
            holds.released |= set(hold.release)
    for stored, hold in holds.objects.items():
        if stored not in holds.released:
            for manifest in hold.manifests:
                holds.held.setdefault(manifest, []).append(hold.reason)
    for stored in holds.own.keys() - holds.released:
        holds.held.setdefault(stored, []).append(OWN_HOLD)
    return holds


@dataclass(frozen=True)
class Approved:
    """A plan that the officer signed, and the store's own time of that."""

    digest: str
    plan: PrunePlan
    modified: float


def approved(repository: Repository) -> Iterator[Approved]:
    """Signed plans. Anything else in the folder is passed over: verify names it."""
    for item, name, data in repository.objects("audit"):
        if data is None:
            continue
        try:
            found = read_signed(data, ["prune-plan"], [repository.officer])
            yield Approved(name.digest, typed(found.body, PrunePlan), item.modified)
        except UNREAD:
            continue


def condemned(repository: Repository) -> set[str]:
    """Packs that an approved plan may remove: a running backup must not build on them."""
    return {
        parsed.digest
        for one in approved(repository)
        for name, _ in one.plan.packs
        if (parsed := ObjectName.parse(name))
    }
