"""What others signed about snapshots: proofs of drill workers, holds, and the officer's plans to prune."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field

from tasks.backup.faults import ForeignObject
from tasks.backup.format.manifest_chain import UNREAD, Snapshot
from tasks.backup.format.repository import Repository
from tasks.backup.format.signed_objects import ObjectName, largest_stored, read_signed
from tasks.backup.format.structures import PrunePlan, PruneRecord, SignedHold, SnapshotProof, decode_structure
from tasks.core.findings import Finding, finding_of_error, make_finding

OWN_HOLD = "held when it was made"


_AUDIT = ("pruned", "prune-plan")


@dataclass
class PruneAudit:
    """What the officer's prune records account for: digests and numbers of manifests, digests of holds.
    `torn`: objects whose content does not fit their name; `wrong`: signed ones that do not read."""

    pruned: dict[str, int] = field(default_factory=dict)
    torn: list[Finding] = field(default_factory=list)
    wrong: list[Finding] = field(default_factory=list)


def read_pruned(repository: Repository) -> PruneAudit:
    records = PruneAudit()
    pruned, wrong = records.pruned, records.wrong
    for stored, _, data in repository.objects("audit", largest_stored(_AUDIT)):
        if data is None:
            records.torn.append(make_finding("object-does-not-fit", f"audit/{stored.name}"))
            continue
        try:
            signed = read_signed(data, _AUDIT, [repository.officer])
            if signed.kind == "pruned":
                record = decode_structure(signed.body, PruneRecord)
                for _, name, _ in record.manifests:
                    parsed = ObjectName.parse(name)
                    if parsed:
                        pruned[parsed.digest] = parsed.sequence
        except ForeignObject as error:
            repository.pass_over(finding_of_error(error, f"audit/{stored.name}"))
        except UNREAD as error:
            wrong.append(finding_of_error(error, f"audit/{stored.name}"))
    return records


@dataclass
class ProofRecords:
    """What drill workers attest, in order, and what is wrong with it. `ended`: what is set aside with
    keys that the officer ended; `heads`: number and digest of each worker's last proof."""

    proofs: list[SnapshotProof] = field(default_factory=list)
    wrong: list[Finding] = field(default_factory=list)
    torn: list[Finding] = field(default_factory=list)
    ended: list[Finding] = field(default_factory=list)
    heads: dict[str, tuple[int, str]] = field(default_factory=dict)

    def digests(self) -> set[str]:
        return {proof.manifest for proof in self.proofs}


def read_proofs(repository: Repository) -> ProofRecords:
    """Proofs by drill keys that the officer named; each drill worker's own chain is checked."""
    records = ProofRecords()
    for drill in sorted(set(repository.config.drills) | set(repository.folders("proofs"))):
        chain: dict[int, tuple[str, SnapshotProof]] = {}
        broken: list[tuple[int, Finding]] = []
        torn: list[tuple[int, Finding]] = []
        keys, ended = repository.config.drills.get(drill, []), 0
        all_keys = {*keys, *repository.drills.get(drill, ())}
        for stored_object, name, data in repository.objects(f"proofs/{drill}", largest_stored(["proof"])):
            path = f"proofs/{drill}/{stored_object.name}"
            if data is None:
                torn.append((name.sequence, make_finding("object-does-not-fit", path)))
                continue
            try:
                signed = read_signed(data, ["proof"], all_keys)
                if signed.signer not in keys:
                    ended += 1
                    continue
                proof = decode_structure(signed.body, SnapshotProof)
                if (proof.repository, proof.drill, proof.sequence) != (repository.id, drill, name.sequence):
                    raise ForeignObject("proof-of-another-worker")
                chain[name.sequence] = (name.digest, proof)
            except ForeignObject as error:
                repository.pass_over(finding_of_error(error, path))
            except UNREAD as error:
                broken.append((name.sequence, finding_of_error(error, path)))
        before = ""
        for sequence in sorted(chain):
            stored, proof = chain[sequence]
            if proof.previous != before:
                records.wrong.append(make_finding("proof-chain-broken", f"proofs/{drill}", sequence=sequence))
            records.proofs.append(proof)
            before = stored
            records.heads[drill] = (sequence, stored)
        if ended:
            subject, values = f"proofs/{drill}", {"count": ended}
            records.ended.append(
                make_finding("proofs-by-ended-key", subject, **values)
                if chain
                else make_finding("proofs-by-ended-key-only", subject, **values)
            )
        records.wrong += [fault for sequence, fault in broken if sequence not in chain]
        records.torn += [fault for sequence, fault in torn if sequence not in chain]
    records.proofs.sort(key=lambda proof: proof.time)
    return records


@dataclass
class HoldRecords:
    """Snapshots held by digest, with the reasons, what was released, and broken hold objects. `made_with_hold`:
    those that were held as they were made; a release names them by their digests. `torn`: names of
    objects, by their digest, whose content does not fit: a hold may have stood there, so nothing expires
    until the officer has signed for it."""

    made_with_hold: dict[str, Snapshot] = field(default_factory=dict)
    released: set[str] = field(default_factory=set)
    reasons: dict[str, list[str]] = field(default_factory=dict)
    objects: dict[str, SignedHold] = field(default_factory=dict)
    wrong: list[Finding] = field(default_factory=list)
    torn: dict[str, str] = field(default_factory=dict)

    def unknown(self) -> list[Finding]:
        """A finding for each of the torn ones."""
        return [make_finding("object-does-not-fit", path) for path in self.torn.values()]


def read_holds(
    repository: Repository, snapshots: Iterable[Snapshot] = (), accounted: Mapping[str, int] | None = None
) -> HoldRecords:
    """Holds by any host or the officer, and those that the snapshots carry themselves; releases count
    only when the officer signed them. `accounted`: digests that the officer has signed for."""
    holds = HoldRecords({snapshot.digest: snapshot for snapshot in snapshots if snapshot.manifest.hold})
    signers = {repository.officer, *repository.host_keys_ever()}
    for stored_object, name, data in repository.objects("holds", largest_stored(["hold"])):
        if data is None:
            if name.digest not in (accounted or {}):
                holds.torn[name.digest] = f"holds/{stored_object.name}"
            continue
        try:
            signed = read_signed(data, ["hold"], signers)
            hold = decode_structure(signed.body, SignedHold)
        except ForeignObject as error:
            repository.pass_over(finding_of_error(error, f"holds/{stored_object.name}"))
            continue
        except UNREAD as error:
            holds.wrong.append(finding_of_error(error, f"holds/{stored_object.name}"))
            continue
        holds.objects[name.digest] = hold
        if hold.release and signed.signer == repository.officer:
            holds.released |= set(hold.release)
    # an attempt that broke off is made good by a whole one of the same digest
    holds.torn = {stored: path for stored, path in holds.torn.items() if stored not in holds.objects}
    for stored, hold in holds.objects.items():
        if stored not in holds.released:
            for manifest in hold.manifests:
                holds.reasons.setdefault(manifest, []).append(hold.reason)
    for stored in holds.made_with_hold.keys() - holds.released:
        holds.reasons.setdefault(stored, []).append(OWN_HOLD)
    return holds


@dataclass(frozen=True)
class ApprovedPlan:
    """A plan that the officer signed, and the store's own time of that."""

    digest: str
    plan: PrunePlan
    modified: float


def read_approved_plans(repository: Repository) -> Iterator[ApprovedPlan]:
    """Signed plans. Anything else in the folder is passed over and named."""
    for stored, name, data in repository.objects("audit", largest_stored(_AUDIT)):
        if data is None:
            continue
        try:
            signed = read_signed(data, _AUDIT, [repository.officer])
            if signed.kind == "prune-plan":
                yield ApprovedPlan(name.digest, decode_structure(signed.body, PrunePlan), stored.modified)
        except ForeignObject as error:
            repository.pass_over(finding_of_error(error, f"audit/{stored.name}"))
        except UNREAD:
            continue


def packs_to_prune(repository: Repository) -> set[str]:
    """Packs that an approved plan may remove: a running backup must not build on them."""
    return {
        parsed.digest
        for approved in read_approved_plans(repository)
        for name, _ in approved.plan.packs
        if (parsed := ObjectName.parse(name))
    }
