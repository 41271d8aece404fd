"""What became of a backup, as events of the journal."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from tasks.backup.configuration import reopen_journal
from tasks.backup.events import BackupDone, BackupFailed, BackupProved, BackupSource
from tasks.backup.format.manifest_chain import Snapshot, read_chain
from tasks.backup.format.repository import Repository
from tasks.backup.format.signed_objects import canonical_json, digest
from tasks.backup.format.structures import Manifest, SnapshotProof, encode_structure
from tasks.backup.snapshot.creation import SnapshotResult
from tasks.backup.status import JUNK
from tasks.core.findings import Finding, all_findings
from tasks.core.journal.journal import Journal
from tasks.workspace import Workspace

MOST_FINDINGS = 50
"""Of one event."""
_NAMED = 3


def record_snapshots(
    workspace: Workspace,
    actor: str,
    snapshots: Sequence[SnapshotResult],
    repository: Repository,
    junk: Sequence[Finding] = (),
) -> None:
    """Write `backup.done` for each snapshot, and before them for those that a run left unwritten
    because the journal was down. `junk`: objects that were passed over; they become a flag of the event,
    not of the snapshot, which would keep a drill from countersigning it."""
    flags: list[Finding] = []
    if junk:
        first = ", ".join(snapshot.subject for snapshot in junk[:_NAMED])
        flags = [Finding(JUNK, "", {"count": len(junk), "examples": first})]
    journal = reopen_journal(workspace)
    for snapshot in (*_unwritten(journal, repository, snapshots[0].manifest), *snapshots):
        journal.append(
            _done_event(snapshot, flags), f"backup/{snapshot.label}", actor, key=f"backup.done:{snapshot.digest}"
        )
    journal.close()


def _unwritten(journal: Journal, repository: Repository, first: Manifest) -> list[Snapshot]:
    """The snapshots between the last that the journal has and `first`, which must go back to it: what
    else stands in the repository under our name is none of ours."""
    bodies = [event.said for event in journal.events(kind=BackupDone.kind)]
    ours = [
        snapshot.sequence
        for snapshot in bodies
        if isinstance(snapshot, BackupDone) and (snapshot.repository, snapshot.host) == (first.repository, first.host)
    ]
    last_recorded = max(ours, default=0)
    if first.sequence <= last_recorded + 1:
        return []
    there = {snapshot.digest: snapshot for snapshot in read_chain(repository, first.host).snapshots}
    missed, snapshot = [], there.get(first.previous)
    while snapshot is not None and snapshot.sequence > last_recorded:
        missed.append(snapshot)
        snapshot = there.get(snapshot.manifest.previous)
    return missed[::-1]


def record_failure(workspace: Workspace, actor: str, what: str, error: Exception) -> None:
    body = BackupFailed(what=what, findings=all_findings(error)[:MOST_FINDINGS])
    journal = reopen_journal(workspace)
    journal.append(body, "backup", actor)
    journal.close()


def _done_event(snapshot: SnapshotResult | Snapshot, flags: Sequence[Finding] = ()) -> BackupDone:
    manifest = snapshot.manifest
    return BackupDone(
        repository=manifest.repository,
        host=manifest.host,
        sequence=manifest.sequence,
        manifest=snapshot.digest,
        head=snapshot.label,
        retention=manifest.retention,
        retain_until=manifest.retain_until,
        place=manifest.place.name,
        customs_territory=manifest.place.customs_territory,
        sources=msgspec.convert(manifest.sources, list[BackupSource], from_attributes=True),
        stored_bytes=sum(s.stored_bytes for s in manifest.sources),
        flags=[*manifest.flags, *flags],
    )


def record_received_proofs(workspace: Workspace, actor: str, host: str, proofs: list[SnapshotProof]) -> None:
    """Proofs made on the drill machine become events of this home's journal."""
    journal = reopen_journal(workspace)
    for proof in proofs:
        if proof.host == host:
            record_proof(journal, actor, proof)
    journal.close()


def record_proof(journal: Journal, actor: str, proof: SnapshotProof) -> None:
    stored = digest(canonical_json(encode_structure(proof)))
    body = BackupProved(
        repository=proof.repository,
        host=proof.host,
        sequence=proof.manifest_sequence,
        manifest=proof.manifest,
        proof=stored,
        drill=proof.drill,
        scope=proof.scope,
        files=proof.files,
        bytes=proof.bytes,
        seconds=proof.seconds,
        restored_at=proof.time,
    )
    subject = f"backup/{proof.host}:{proof.manifest_sequence}"
    journal.append(body, subject, actor, key=f"backup.proved:{stored}")
