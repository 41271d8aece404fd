"""What became of a backup, as events of the journal."""

from __future__ import annotations

from collections.abc import Sequence

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
    taken: Sequence[SnapshotResult],
    repository: Repository,
    junk: Sequence[Finding] = (),
) -> None:
    """Write `backup.done` for each snapshot, and before them for those that a run left unwritten
    because the book was down. `junk`: objects that were passed over; they become a flag of the event,
    not of the snapshot, which would keep a drill from countersigning it."""
    flags: list[Finding] = []
    if junk:
        first = ", ".join(one.subject for one in junk[:_NAMED])
        flags = [Finding(JUNK, "", {"count": len(junk), "examples": first})]
    book = reopen_journal(workspace)
    for one in (*_unwritten(book, repository, taken[0].manifest), *taken):
        book.append(_done(one, flags), f"backup/{one.label}", actor, key=f"backup.done:{one.digest}")
    book.close()


def _unwritten(book: Journal, repository: Repository, first: Manifest) -> list[Snapshot]:
    """The snapshots between the last that the book knows and `first`, which must go back to it: what
    else stands in the repository under our name is none of ours."""
    said = [event.said for event in book.events(kind=BackupDone.kind)]
    ours = [
        one.sequence
        for one in said
        if isinstance(one, BackupDone) and (one.repository, one.host) == (first.repository, first.host)
    ]
    known = max(ours, default=0)
    if first.sequence <= known + 1:
        return []
    there = {one.digest: one for one in read_chain(repository, first.host).snapshots}
    missed, one = [], there.get(first.previous)
    while one is not None and one.sequence > known:
        missed.append(one)
        one = there.get(one.manifest.previous)
    return missed[::-1]


def record_failure(workspace: Workspace, actor: str, what: str, error: Exception) -> None:
    body = BackupFailed(what=what, findings=all_findings(error)[:MOST_FINDINGS])
    book = reopen_journal(workspace)
    book.append(body, "backup", actor)
    book.close()


def _done(one: SnapshotResult | Snapshot, flags: Sequence[Finding] = ()) -> BackupDone:
    manifest = one.manifest
    return BackupDone(
        repository=manifest.repository,
        host=manifest.host,
        sequence=manifest.sequence,
        manifest=one.digest,
        head=one.label,
        retention=manifest.retention,
        retain_until=manifest.retain_until,
        place=manifest.place.name,
        customs_territory=manifest.place.customs_territory,
        sources=[
            BackupSource(
                name=s.name,
                files=s.files,
                bytes=s.bytes,
                new_bytes=s.new_bytes,
                unreadable=s.unreadable,
                changed=s.changed,
            )
            for s in manifest.sources
        ],
        stored_bytes=sum(s.stored_bytes for s in manifest.sources),
        flags=[*manifest.flags, *flags],
    )


def record_received_proofs(workspace: Workspace, actor: str, host: str, proofs: list[SnapshotProof]) -> None:
    """Proofs made on the drill machine become events of this home's journal."""
    book = reopen_journal(workspace)
    for proof in proofs:
        if proof.host == host:
            record_proof(book, actor, proof)
    book.close()


def record_proof(book: Journal, actor: str, proof: SnapshotProof) -> None:
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
    book.append(body, subject, actor, key=f"backup.proved:{stored}")
