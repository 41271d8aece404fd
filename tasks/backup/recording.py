"""What became of a backup, as events of the journal."""

from __future__ import annotations

from collections.abc import Callable

from tasks.backup.objects import canonical, digest
from tasks.backup.snapshot import Taken
from tasks.backup.structures import Proof, plain
from tasks.shared import kinds
from tasks.shared.journal import Journal

OpenJournal = Callable[[], Journal]


def record_taken(open_journal: OpenJournal, actor: str, taken: list[Taken]) -> None:
    book = open_journal()
    for one in taken:
        book.append(_done(one), f"backup/{one.label}", actor, key=f"backup.done:{one.digest}")
    book.close()


def record_failure(open_journal: OpenJournal, actor: str, what: str, error: Exception) -> None:
    body = kinds.BackupFailed(what=what, reason=str(error)[:500], details=[])
    book = open_journal()
    book.append(body, "backup", actor)
    book.close()


def _done(one: Taken) -> kinds.BackupDone:
    manifest = one.manifest
    return kinds.BackupDone(
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
            kinds.BackupSource(
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
        flags=list(manifest.flags),
    )


def take_in_proofs(book: Journal, actor: str, host: str, proofs: list[Proof]) -> None:
    """Proofs made on the drill machine become events of this house's book."""
    for proof in proofs:
        if proof.host == host:
            record_proof(book, actor, proof)


def record_proof(book: Journal, actor: str, proof: Proof) -> None:
    stored = digest(canonical(plain(proof)))
    body = kinds.BackupProved(
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
