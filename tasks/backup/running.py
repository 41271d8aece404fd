"""What a house does with its backups, each with its event in the journal."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from tasks.backup.choosing import survey
from tasks.backup.doctor import Check, Diagnosis, examine
from tasks.backup.faults import Damaged, Suspicious, WrongKey
from tasks.backup.heads import read_bad, remembered, write_bad
from tasks.backup.house import House
from tasks.backup.index import load_index
from tasks.backup.keymaking import read_key
from tasks.backup.manifests import read_proofs
from tasks.backup.objects import canonical, digest, public_hex
from tasks.backup.options import Progress
from tasks.backup.prove import ProofOptions, Proved, prove, unproved
from tasks.backup.repository import Repository, open_repository
from tasks.backup.sealing import signer
from tasks.backup.snapshot import Taken, take_snapshots
from tasks.backup.structures import JournalHead, Proof, plain
from tasks.backup.verify import VerifyReport, in_turn, verify
from tasks.backup.watch import freshness
from tasks.shared import kinds
from tasks.shared.errors import ContinuityError
from tasks.shared.journal import Journal

OpenJournal = Callable[[], Journal]


def run_backup(
    house: House,
    actor: str,
    open_journal: OpenJournal,
    hold: bool = False,
    progress: Progress | None = None,
) -> list[Taken]:
    """Take the snapshots and write `backup.done` for each; after an error `backup.failed`, and raise.

    The journal is closed meanwhile: on POSIX, reading a database's file drops the locks that this
    process holds on it.
    """
    book = open_journal()
    head = book.head()
    book.close()
    taken: list[Taken] = []
    try:
        keys = house.keys()
        repository = house.repository(keys)
        options = house.options(JournalHead(head.seq, head.digest), hold, progress)
        take_snapshots(repository, keys, house.sources(), options, taken)
        proofs = read_proofs(repository).proofs
    except (ContinuityError, OSError) as error:
        _record_taken(open_journal, actor, taken)
        record_failure(open_journal, actor, "run", error)
        raise
    _record_taken(open_journal, actor, taken)
    book = open_journal()
    _take_in_proofs(book, actor, keys.host, proofs)
    book.close()
    return taken


def _record_taken(open_journal: OpenJournal, actor: str, taken: list[Taken]) -> None:
    book = open_journal()
    for one in taken:
        book.append(_done(one), f"backup/{one.label}", actor, key=f"backup.done:{one.digest}")
    book.close()


def expected_bytes(open_journal: OpenJournal) -> int:
    """Bytes of the sources when they were last backed up: what progress is measured against."""
    book, last = open_journal(), {}
    for event in book.events(kind=kinds.BackupDone.kind):
        if isinstance(event.said, kinds.BackupDone):
            last |= {source.name: source.bytes for source in event.said.sources}
    book.close()
    return sum(last.values())


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


def _take_in_proofs(book: Journal, actor: str, host: str, proofs: list[Proof]) -> None:
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


def run_verify(
    house: House,
    actor: str,
    open_journal: OpenJournal,
    share: int = 1,
    turn: int | None = None,
    progress: Progress | None = None,
) -> VerifyReport:
    """Verify with the host's keys, remember what must be stored again, write the event.

    `turn` None goes on with the part after the last verified one.
    """
    keys = house.keys()
    repository = house.repository(keys)
    index = load_index(repository, keys.host, keys.index_bytes(), house.state / "index.bin")
    book = open_journal()
    turn = _next_turn(book, share) if turn is None else turn
    last = remembered(house.state, keys).sequence
    finished = {keys.host: last} if last else {}
    indexed = [pack.digest for pack in index.packs]
    report = verify(repository, share, turn, indexed, finished, progress=progress)
    # what an earlier run found damaged, and this one did not read, is damaged still
    unread = [n for n in read_bad(house.state, keys) if not in_turn(n, share, turn)]
    write_bad(house.state, keys, [*report.bad_packs, *unread])
    if report.whole:
        body: kinds.Body = kinds.BackupVerified(
            repository=repository.id,
            snapshots=report.snapshots,
            packs=report.packs,
            packs_read=report.packs_read,
            share=share,
            turn=turn,
        )
    else:
        reason = f"{len(report.damaged)} objects or chain links do not hold"
        body = kinds.BackupFailed(
            what="verify", reason=reason, details=report.damaged[:50], share=share, turn=turn
        )
    book.append(body, "backup", actor)
    book.close()
    return report


def _next_turn(book: Journal, share: int) -> int:
    """The part after the one that was read last, whole or not: what stays damaged must not keep the
    others from being read."""
    read = [(event.seq, event.said.turn)
            for kind in (kinds.BackupVerified.kind, kinds.BackupFailed.kind)
            for event in book.events(kind=kind)
            if isinstance(event.said, kinds.BackupVerified | kinds.BackupFailed)
            and event.said.share == share]  # fmt: skip
    return (max(read)[1] + 1) % share if read else 0


def run_doctor(house: House, actor: str, open_journal: OpenJournal) -> Diagnosis:
    """Examine the store with this host's own credentials, and write the event."""
    wanted, repository = house.settings.backup, house.repository()
    found = examine(repository, wanted.grace_seconds, int(wanted.least_free_gb * 1e9))
    where = wanted.place or "nowhere declared"
    told = (
        f"{where}; {'within' if wanted.customs_territory else 'not declared within'} the territory"
    )
    found.checks.append(Check("place", bool(wanted.place), told))
    late = [
        f"{line.source}: newest {line.newest or 'never'}"
        for line in freshness(survey(repository), house.keys().host, house.sources())
        if line.late
    ]
    found.checks.append(Check("objectives", not late, "; ".join(late) or "all met"))
    book = open_journal()
    if found.ok:
        names = [check.name for check in found.checks]
        body: kinds.Body = kinds.BackupExamined(repository=repository.id, checks=names)
    else:
        details = [f"{c.name}: {c.detail}" for c in found.checks if not c.ok]
        reason = "the store does not guard what it holds" if not found.guarded else "see details"
        body = kinds.BackupFailed(what="doctor", reason=reason, details=details)
    book.append(body, "backup", actor)
    book.close()
    return found


def run_proofs(
    house: House,
    actor: str,
    open_journal: OpenJournal,
    key_path: Path,
    passphrase: str,
    options: ProofOptions,
) -> list[Proved]:
    """Restore and countersign the newest snapshot of each host and class that lacks a proof.

    Runs on the drill machine, which needs no keys of a host. Writes `backup.proved` for each. One
    that fails stops no other: `backup.failed` is written, and raised, when all were tried.
    """
    done: list[Proved] = []
    failed: list[ContinuityError] = []
    try:
        locked = read_key(key_path, ["drill"])
        seed = locked.open(passphrase)
        officer, identity = locked.officer.hex(), locked.repository.hex()
        repository = open_repository(house.store(), officer, identity, house.patience())
        drill = drill_name(repository, seed)
        scratch = house.settings.backup.scratch or house.settings.home / "scratch"
        for snapshot in unproved(survey(repository)):
            try:
                done.append(prove(repository, seed, drill, scratch, snapshot, options))
            except (Damaged, Suspicious) as error:
                failed.append(error)
        if failed:
            raise type(failed[0])("; ".join(str(error) for error in failed))
    except (ContinuityError, OSError) as error:
        record_failure(open_journal, actor, "prove", error)
        raise
    finally:
        if done:
            _record_proofs(open_journal, actor, done)
    return done


def _record_proofs(open_journal: OpenJournal, actor: str, done: list[Proved]) -> None:
    book = open_journal()
    for one in done:
        record_proof(book, actor, one.proof)
    book.close()


def drill_name(repository: Repository, seed: bytes) -> str:
    """The name under which the officer knows this drill key. Raises WrongKey."""
    own = public_hex(signer(seed))
    for name, known in repository.config.drills.items():
        if own in known:
            return name
    raise WrongKey("the officer named no drill worker with this key")
