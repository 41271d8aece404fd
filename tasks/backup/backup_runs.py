"""Backup runs, proofs, verify and doctor, each with its event in the journal."""

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
from tasks.backup.format.structures import JournalAnchor, SnapshotProof
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
    proofs: list[ProofResult] = []
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
                proofs.append(prove_snapshot(repository, seed, drill, scratch, snapshot, options))
            except (DamagedData, Suspicious) as error:
                failed.append(error)
        if len(failed) > 1:
            findings = [finding for error in failed for finding in all_findings(error)]
            raise type(failed[0])("snapshots-not-proved", finding_problems(findings), count=len(failed))
        if failed:
            raise failed[0]
    except (ContinuityError, OSError) as error:
        record_failure(workspace, actor, "prove", error)
        raise
    finally:
        if proofs:
            _record_proofs(workspace, actor, proofs)
    return proofs


def _record_proofs(workspace: Workspace, actor: str, proofs: list[ProofResult]) -> None:
    journal = reopen_journal(workspace)
    for result in proofs:
        record_proof(journal, actor, result.proof)
    journal.close()


def drill_name(repository: Repository, seed: bytes) -> str:
    """The name under which the officer knows this drill key. Raises WrongKey."""
    public = public_hex(backup_signer(seed))
    for name, keys in repository.config.drills.items():
        if public in keys:
            return name
    raise WrongKey("drill-worker-key-unknown")


def run_backup(
    workspace: Workspace,
    actor: str,
    hold: bool = False,
    progress: BackupProgress | None = None,
    clock_right: bool = False,
    snapshots: list[SnapshotResult] | None = None,
    junk: list[Finding] | None = None,
) -> list[SnapshotResult]:
    """Take the snapshots and write `backup.done` for each; after an error `backup.failed`, and raise.
    `snapshots` is filled as they come to stand, `junk` with the objects on the store that were passed over.
    A journal that is down keeps nothing else from being backed up: its snapshots are flagged and their
    events come with the next run; then SourceFault is raised.

    The journal is closed meanwhile: on POSIX, reading a database's file drops the locks that this
    process holds on it.
    """
    snapshots, junk = [] if snapshots is None else snapshots, [] if junk is None else junk
    head, down = _head(workspace)
    options = replace(usual_options(workspace, head, hold=hold, progress=progress), clock_right=clock_right)
    if down:
        options = replace(options, alarms=(Finding("journal-was-down"),))
    proofs: list[SnapshotProof] = []
    repository, fault = None, None
    try:
        keys = read_host_keys(workspace)
        repository = repository_of(workspace, keys)
        take_snapshots(repository, keys, configured_sources(workspace), options, snapshots)
        proofs = read_proofs(repository).proofs
        read_holds(repository)
        junk += [finding for _, finding in sorted(repository.junk.items())]
    except (ContinuityError, OSError) as error:
        fault = error
    try:
        if repository and snapshots:
            record_snapshots(workspace, actor, snapshots, repository, junk)
            record_received_proofs(workspace, actor, snapshots[0].manifest.host, proofs)
        if fault:
            record_failure(workspace, actor, "run", fault)
    except StoreLost as error:
        raise _journal_down(error, fault, snapshots) from fault
    if fault:
        raise fault
    if down:
        raise _journal_down(down, None, [])
    return snapshots


def _head(workspace: Workspace) -> tuple[JournalAnchor | None, StoreLost | None]:
    """The journal's head, or why it could not be asked."""
    try:
        journal = reopen_journal(workspace)
    except StoreLost as error:
        return None, error
    head = journal.head()
    journal.close()
    return JournalAnchor(head.seq, head.digest), None


def _journal_down(down: StoreLost, fault: Exception | None, snapshots: list[SnapshotResult]) -> StoreFault:
    """The error of a run whose journal was down, with what else went wrong. Where no snapshot waits to be
    recorded, the run may be tried again."""
    causes: list[Problem] = [finding.problem() for error in (down, fault) if error for finding in all_findings(error)]
    if snapshots:
        labels = ", ".join(snapshot.label for snapshot in snapshots)
        return SourceFault("snapshots-not-recorded", causes, snapshots=labels)
    return StoreLost("journal-down-for-backup", causes)


def expected_bytes(workspace: Workspace) -> int:
    """Bytes of the sources when they were last backed up: what progress is measured against."""
    try:
        journal, last = reopen_journal(workspace), {}
    except StoreLost:
        return 0  # a bar without an end is better than no backup
    for event in journal.events(kind=BackupDone.kind):
        if isinstance(event.said, BackupDone):
            last |= {source.name: source.bytes for source in event.said.sources}
    journal.close()
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
    journal = reopen_journal(workspace)
    turn = _next_turn(journal, share) if turn is None else turn
    last = local_head(state_folder(workspace), keys).sequence
    finished = {keys.host: last} if last else {}
    indexed = [pack.digest for pack in index.packs]
    report = verify_repository(repository, share, turn, indexed, finished, progress=progress)
    # what an earlier run found damaged, and this one did not read, is damaged still
    unread = [n for n in read_damaged_packs(state_folder(workspace), keys) if not is_in_share(n, share, turn)]
    write_damaged_packs(state_folder(workspace), keys, [*report.bad_packs, *unread])
    if report.intact:
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
        findings = [count, *report.damaged[:MOST_FINDINGS]]
        body = BackupFailed(what="verify", findings=findings, share=share, turn=turn)
    journal.append(body, "backup", actor)
    journal.close()
    return report


def _next_turn(journal: Journal, share: int) -> int:
    """The part after the one that was read last, whole or not: what stays damaged must not keep the
    others from being read."""
    read = [
        (event.seq, event.said.turn)
        for kind in (BackupVerified.kind, BackupFailed.kind)
        for event in journal.events(kind=kind)
        if isinstance(event.said, BackupVerified | BackupFailed) and event.said.share == share
    ]
    return (max(read)[1] + 1) % share if read else 0


def run_doctor(workspace: Workspace, actor: str) -> Diagnosis:
    """Examine the store with this host's own credentials, and write the event."""
    settings, repository = workspace.settings(BackupSettings), repository_of(workspace)
    diagnosis = examine_store(repository, settings.grace_seconds, int(settings.least_free_gb * 1e9))
    declared = make_finding(
        "place-in-territory" if settings.customs_territory else "place-not-in-territory", place=settings.place or "-"
    )
    diagnosis.checks.append(StoreCheck("place", bool(settings.place), (declared,)))
    lines = source_freshness(
        survey_repository(repository), read_host_keys(workspace).host, configured_sources(workspace)
    )
    late = tuple(line.finding for line in lines if line.late)
    diagnosis.checks.append(StoreCheck("objectives", not late, late or (Finding("objectives-met"),)))
    journal = reopen_journal(workspace)
    if diagnosis.ok:
        names = [check.name for check in diagnosis.checks]
        body: Body = BackupExamined(repository=repository.id, checks=names)
    else:
        head = Finding("store-check-failed" if diagnosis.guarded else "store-not-guarded")
        failed = [finding.about(c.name) for c in diagnosis.checks if not c.ok for finding in c.findings]
        body = BackupFailed(what="doctor", findings=[head, *failed])
    journal.append(body, "backup", actor)
    journal.close()
    return diagnosis
