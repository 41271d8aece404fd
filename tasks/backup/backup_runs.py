"""Backup runs, verify and doctor, each with its event in the journal.

Proving the snapshots, each proof with its event in the journal.
"""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from tasks.backup.configuration import (
    configured_repository as repository_of,
    configured_sources,
    configured_store,
    read_host_keys,
    reopen_journal,
    snapshot_options as usual_options,
    state_folder,
    store_patience,
)
from tasks.backup.event_recording import (
    MOST_FINDINGS,
    record_failure,
    record_proof,
    record_received_proofs,
    record_snapshots,
)
from tasks.backup.events import BackupDone, BackupExamined, BackupFailed, BackupVerified
from tasks.backup.faults import DamagedData, SourceFault, Suspicious, WrongKey
from tasks.backup.format.repository import Repository, open_repository
from tasks.backup.format.sealing import backup_signer
from tasks.backup.format.signed_objects import public_hex
from tasks.backup.format.signed_statements import read_holds, read_proofs
from tasks.backup.format.structures import JournalHead, SnapshotProof
from tasks.backup.keys.key_creation import read_backup_key
from tasks.backup.run_options import BackupProgress
from tasks.backup.settings import BackupSettings
from tasks.backup.snapshot.creation import SnapshotResult, take_snapshots
from tasks.backup.snapshot.host_state import load_index, local_head, read_damaged_packs, write_damaged_packs
from tasks.backup.verify.doctor import Diagnosis, StoreCheck, examine_store
from tasks.backup.verify.snapshot_proofs import ProofOptions, ProofResult, prove_snapshot, unproved_snapshots
from tasks.backup.verify.snapshot_survey import source_freshness, survey_repository
from tasks.backup.verify.verification import VerifyReport, is_in_share, verify_repository
from tasks.core.errors import ContinuityError, Problem, StoreFault, StoreLost
from tasks.core.findings import Finding, all_findings, finding_problems, make_finding
from tasks.core.journal.bodies import Body
from tasks.core.journal.journal import Journal
from tasks.workspace import Workspace


def run_proofs(
    workspace: Workspace,
    actor: str,
    key_path: Path,
    passphrase: str,
    options: ProofOptions,
    junk: list[Finding] | None = None,
) -> list[ProofResult]:
    """Restore and countersign the newest snapshot of each host and class that lacks a proof.

    `junk` is filled with the objects on the store that were passed over. Runs on the drill machine,
    which needs no keys of a host. Writes `backup.proved` for each. One
    that fails stops no other: `backup.failed` is written, and raised, when all were tried.
    """
    done: list[ProofResult] = []
    failed: list[ContinuityError] = []
    try:
        locked = read_backup_key(key_path, ["drill"])
        seed = locked.open(passphrase)
        officer, identity = locked.officer.hex(), locked.repository.hex()
        repository = open_repository(configured_store(workspace), officer, identity, store_patience(workspace))
        drill = drill_name(repository, seed)
        scratch = workspace.settings(BackupSettings).scratch or workspace.home / "scratch"
        records = survey_repository(repository)
        if junk is not None:
            junk += records.junk()
        for snapshot in unproved_snapshots(records):
            try:
                done.append(prove_snapshot(repository, seed, drill, scratch, snapshot, options))
            except (DamagedData, Suspicious) as error:
                failed.append(error)
        if len(failed) > 1:
            found = [one for error in failed for one in all_findings(error)]
            raise type(failed[0])("snapshots-not-proved", finding_problems(found), count=len(failed))
        if failed:
            raise failed[0]
    except (ContinuityError, OSError) as error:
        record_failure(workspace, actor, "prove", error)
        raise
    finally:
        if done:
            _record_proofs(workspace, actor, done)
    return done


def _record_proofs(workspace: Workspace, actor: str, done: list[ProofResult]) -> None:
    book = reopen_journal(workspace)
    for one in done:
        record_proof(book, actor, one.proof)
    book.close()


def drill_name(repository: Repository, seed: bytes) -> str:
    """The name under which the officer knows this drill key. Raises WrongKey."""
    own = public_hex(backup_signer(seed))
    for name, known in repository.config.drills.items():
        if own in known:
            return name
    raise WrongKey("drill-worker-key-unknown")


def run_backup(
    workspace: Workspace,
    actor: str,
    hold: bool = False,
    progress: BackupProgress | None = None,
    clock_right: bool = False,
    taken: list[SnapshotResult] | None = None,
    junk: list[Finding] | None = None,
) -> list[SnapshotResult]:
    """Take the snapshots and write `backup.done` for each; after an error `backup.failed`, and raise.
    `taken` is filled as they come to stand, `junk` with the objects on the store that were passed over.
    A book that is down keeps nothing else from being carried off: its snapshots are flagged and their
    events come with the next run; then SourceFault is raised.

    The journal is closed meanwhile: on POSIX, reading a database's file drops the locks that this
    process holds on it.
    """
    taken, junk = [] if taken is None else taken, [] if junk is None else junk
    head, down = _head(workspace)
    options = replace(usual_options(workspace, head, hold=hold, progress=progress), clock_right=clock_right)
    if down:
        options = replace(options, alarms=(Finding("journal-was-down"),))
    proofs: list[SnapshotProof] = []
    repository, fault = None, None
    try:
        keys = read_host_keys(workspace)
        repository = repository_of(workspace, keys)
        take_snapshots(repository, keys, configured_sources(workspace), options, taken)
        proofs = read_proofs(repository).proofs
        read_holds(repository)
        junk += [found for _, found in sorted(repository.junk.items())]
    except (ContinuityError, OSError) as error:
        fault = error
    try:
        if repository and taken:
            record_snapshots(workspace, actor, taken, repository, junk)
            record_received_proofs(workspace, actor, taken[0].manifest.host, proofs)
        if fault:
            record_failure(workspace, actor, "run", fault)
    except StoreLost as error:
        raise _journal_down(error, fault, taken) from fault
    if fault:
        raise fault
    if down:
        raise _journal_down(down, None, [])
    return taken


def _head(workspace: Workspace) -> tuple[JournalHead | None, StoreLost | None]:
    """The journal's head, or why it could not be asked."""
    try:
        book = reopen_journal(workspace)
    except StoreLost as error:
        return None, error
    head = book.head()
    book.close()
    return JournalHead(head.seq, head.digest), None


def _journal_down(down: StoreLost, fault: Exception | None, taken: list[SnapshotResult]) -> StoreFault:
    """The error of a run whose journal was down, with what else went wrong. Where no snapshot waits to be
    recorded, the run may be tried again."""
    causes: list[Problem] = [found.problem() for error in (down, fault) if error for found in all_findings(error)]
    if taken:
        labels = ", ".join(one.label for one in taken)
        return SourceFault("snapshots-not-recorded", causes, snapshots=labels)
    return StoreLost("journal-down-for-backup", causes)


def expected_bytes(workspace: Workspace) -> int:
    """Bytes of the sources when they were last backed up: what progress is measured against."""
    try:
        book, last = reopen_journal(workspace), {}
    except StoreLost:
        return 0  # a bar without an end is better than no backup
    for event in book.events(kind=BackupDone.kind):
        if isinstance(event.said, BackupDone):
            last |= {source.name: source.bytes for source in event.said.sources}
    book.close()
    return sum(last.values())


def run_verify(
    workspace: Workspace, actor: str, share: int = 1, turn: int | None = None, progress: BackupProgress | None = None
) -> VerifyReport:
    """Verify with the host's keys, remember what must be stored again, write the event.

    `turn` None goes on with the part after the last verified one.
    """
    keys = read_host_keys(workspace)
    repository = repository_of(workspace, keys)
    index = load_index(repository, keys.host, keys.index_bytes(), state_folder(workspace) / "index.bin")
    book = reopen_journal(workspace)
    turn = _next_turn(book, share) if turn is None else turn
    last = local_head(state_folder(workspace), keys).sequence
    finished = {keys.host: last} if last else {}
    indexed = [pack.digest for pack in index.packs]
    report = verify_repository(repository, share, turn, indexed, finished, progress=progress)
    # what an earlier run found damaged, and this one did not read, is damaged still
    unread = [n for n in read_damaged_packs(state_folder(workspace), keys) if not is_in_share(n, share, turn)]
    write_damaged_packs(state_folder(workspace), keys, [*report.bad_packs, *unread])
    if report.whole:
        body: Body = BackupVerified(
            repository=repository.id,
            snapshots=report.snapshots,
            packs=report.packs,
            packs_read=report.packs_read,
            share=share,
            turn=turn,
        )
    else:
        count = make_finding("objects-damaged", count=len(report.damaged))
        found = [count, *report.damaged[:MOST_FINDINGS]]
        body = BackupFailed(what="verify", findings=found, share=share, turn=turn)
    book.append(body, "backup", actor)
    book.close()
    return report


def _next_turn(book: Journal, share: int) -> int:
    """The part after the one that was read last, whole or not: what stays damaged must not keep the
    others from being read."""
    read = [
        (event.seq, event.said.turn)
        for kind in (BackupVerified.kind, BackupFailed.kind)
        for event in book.events(kind=kind)
        if isinstance(event.said, BackupVerified | BackupFailed) and event.said.share == share
    ]
    return (max(read)[1] + 1) % share if read else 0


def run_doctor(workspace: Workspace, actor: str) -> Diagnosis:
    """Examine the store with this host's own credentials, and write the event."""
    wanted, repository = workspace.settings(BackupSettings), repository_of(workspace)
    found = examine_store(repository, wanted.grace_seconds, int(wanted.least_free_gb * 1e9))
    declared = make_finding(
        "place-in-territory" if wanted.customs_territory else "place-not-in-territory", place=wanted.place or "-"
    )
    found.checks.append(StoreCheck("place", bool(wanted.place), (declared,)))
    lines = source_freshness(
        survey_repository(repository), read_host_keys(workspace).host, configured_sources(workspace)
    )
    late = tuple(line.finding for line in lines if line.late)
    found.checks.append(StoreCheck("objectives", not late, late or (Finding("objectives-met"),)))
    book = reopen_journal(workspace)
    if found.ok:
        names = [check.name for check in found.checks]
        body: Body = BackupExamined(repository=repository.id, checks=names)
    else:
        head = Finding("store-check-failed" if found.guarded else "store-not-guarded")
        failed = [one.about(c.name) for c in found.checks if not c.ok for one in c.findings]
        body = BackupFailed(what="doctor", findings=[head, *failed])
    book.append(body, "backup", actor)
    book.close()
    return found
