"""Signing for lost snapshots. A gap stops every proof and every prune until somebody has looked; when
the officer has, the signed record stands where a prune's would, and the work goes on."""

from __future__ import annotations

from collections.abc import Sequence

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from tasks.backup.choosing import Survey
from tasks.backup.faults import Missing
from tasks.backup.objects import FORMAT, ObjectName, digest, public_hex, sign
from tasks.backup.repository import Repository
from tasks.backup.structures import Pruned, plain
from tasks.shared import clock
from tasks.shared.errors import Refused


def lost(found: Survey) -> dict[str, ObjectName]:
    """Snapshots that a later one or a proof names and that are not there, by `host:number`, and holds
    whose content is damaged, by `holds/` and the first 16 digits of their name."""
    there = set(found.pruned)
    for chain in found.chains.values():
        there |= {snapshot.digest for snapshot in chain.snapshots} | chain.ended.keys()
    named = [
        (snapshot.host, snapshot.sequence - 1, snapshot.manifest.previous)
        for snapshot in found.snapshots()
        if snapshot.manifest.previous
    ]
    named += [(p.host, p.manifest_sequence, p.manifest) for p in found.proofs.proofs]
    snapshots = {
        f"{host}:{number}": ObjectName(number, stored, 0)
        for host, number, stored in named
        if stored not in there
    }
    return snapshots | {
        f"holds/{stored[:16]}": ObjectName(-1, stored, 0) for stored in found.holds.torn
    }


def sign_for(
    repository: Repository, found: Survey, officer: Ed25519PrivateKey, labels: Sequence[str]
) -> Pruned:
    """The officer's word that these snapshots and holds are lost and known to be. Raises Missing,
    Refused."""
    if public_hex(officer) != repository.officer:
        raise Refused("officer-key-of-another-repository")
    gone = lost(found)
    if strange := [label for label in labels if label not in gone]:
        known = ", ".join(sorted(gone)) or "none"
        raise Missing("neither-lost-snapshot-nor-hold", strange=strange[0], allowed=known)
    rows = [(label.partition(":")[0], str(gone[label]), "") for label in dict.fromkeys(labels)]
    record = Pruned(FORMAT, repository.id, clock.text(), "", rows, [])
    data = sign("pruned", plain(record), officer)
    repository.put("audit", ObjectName(-1, digest(data), 0), [data])
    return record
