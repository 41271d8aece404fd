"""Backup runs, verify and doctor, each with its event in the journal."""

from __future__ import annotations

from dataclasses import replace

from tasks.backup.choosing import survey
from tasks.backup.doctor import Check, Diagnosis, examine
from tasks.backup.faults import SourceFault, StoreFault, StoreLost
from tasks.backup.heads import read_bad, remembered, write_bad
from tasks.backup.index import load_index
from tasks.backup.options import Progress
from tasks.backup.recording import MOST_FINDINGS, record_failure, record_taken, take_in_proofs
from tasks.backup.setup import (
    fresh_journal,
    host_keys,
    options as usual_options,
    repository as repository_of,
    sources,
    state_folder,
)
from tasks.backup.snapshot import Taken, take_snapshots
from tasks.backup.statements import read_holds, read_proofs
from tasks.backup.structures import JournalHead, Proof
from tasks.backup.verify import VerifyReport, in_turn, verify
from tasks.backup.watch import freshness
from tasks.shared.errors import ContinuityError, Problem
from tasks.shared.findings import Finding, all_of, finding
from tasks.shared.journal import Journal
from tasks.shared.kinds.backup import BackupDone, BackupExamined, BackupFailed, BackupVerified
from tasks.shared.kinds.base import Body
from tasks.workspace import Workspace


def run_backup(
    workspace: Workspace,
    actor: str,
    hold: bool = False,
    progress: Progress | None = None,
    clock_right: bool = False,
    taken: list[Taken] | None = None,
    junk: list[Finding] | None = None,
) -> list[Taken]:
    """Take the snapshots and write `backup.done` for each; after an error `backup.failed`, and raise.
    `taken` is filled as they come to stand, `junk` with the objects on the store that were passed over.
    A book that is down keeps nothing else from being carried off: its snapshots are flagged and their
    events come with the next run; then SourceFault is raised.

    The journal is closed meanwhile: on POSIX, reading a database's file drops the locks that this
    process holds on it.
    """
    taken, junk = [] if taken is None else taken, [] if junk is None else junk
    head, down = _head(workspace)
    options = replace(
        usual_options(workspace, head, hold=hold, progress=progress), clock_right=clock_right
    )
    if down:
        options = replace(options, alarms=(Finding("journal-was-down"),))
    proofs: list[Proof] = []
    repository, fault = None, None
    try:
        keys = host_keys(workspace)
        repository = repository_of(workspace, keys)
        take_snapshots(repository, keys, sources(workspace), options, taken)
        proofs = read_proofs(repository).proofs
        read_holds(repository)
        junk += [found for _, found in sorted(repository.junk.items())]
    except (ContinuityError, OSError) as error:
        fault = error
    try:
        if repository and taken:
            record_taken(workspace, actor, taken, repository, junk)
            take_in_proofs(workspace, actor, taken[0].manifest.host, proofs)
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
        book = fresh_journal(workspace)
    except StoreLost as error:
        return None, error
    head = book.head()
    book.close()
    return JournalHead(head.seq, head.digest), None


def _journal_down(down: StoreLost, fault: Exception | None, taken: list[Taken]) -> StoreFault:
    """The error of a run whose journal was down, with what else went wrong. Where no snapshot waits to be
    recorded, the run may be tried again."""
    causes: list[Problem] = [
        found.problem() for error in (down, fault) if error for found in all_of(error)
    ]
    if taken:
        labels = ", ".join(one.label for one in taken)
        return SourceFault("snapshots-not-recorded", causes, snapshots=labels)
    return StoreLost("journal-down-for-backup", causes)


def expected_bytes(workspace: Workspace) -> int:
    """Bytes of the sources when they were last backed up: what progress is measured against."""
    try:
        book, last = fresh_journal(workspace), {}
    except StoreLost:
        return 0  # a bar without an end is better than no backup
    for event in book.events(kind=BackupDone.kind):
        if isinstance(event.said, BackupDone):
            last |= {source.name: source.bytes for source in event.said.sources}
    book.close()
    return sum(last.values())


def run_verify(
    workspace: Workspace,
    actor: str,
    share: int = 1,
    turn: int | None = None,
    progress: Progress | None = None,
) -> VerifyReport:
    """Verify with the host's keys, remember what must be stored again, write the event.

    `turn` None goes on with the part after the last verified one.
    """
    keys = host_keys(workspace)
    repository = repository_of(workspace, keys)
    index = load_index(
        repository, keys.host, keys.index_bytes(), state_folder(workspace) / "index.bin"
    )
    book = fresh_journal(workspace)
    turn = _next_turn(book, share) if turn is None else turn
    last = remembered(state_folder(workspace), keys).sequence
    finished = {keys.host: last} if last else {}
    indexed = [pack.digest for pack in index.packs]
    report = verify(repository, share, turn, indexed, finished, progress=progress)
    # what an earlier run found damaged, and this one did not read, is damaged still
    unread = [n for n in read_bad(state_folder(workspace), keys) if not in_turn(n, share, turn)]
    write_bad(state_folder(workspace), keys, [*report.bad_packs, *unread])
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
        count = finding("objects-damaged", count=len(report.damaged))
        found = [count, *report.damaged[:MOST_FINDINGS]]
        body = BackupFailed(what="verify", findings=found, share=share, turn=turn)
    book.append(body, "backup", actor)
    book.close()
    return report


def _next_turn(book: Journal, share: int) -> int:
    """The part after the one that was read last, whole or not: what stays damaged must not keep the
    others from being read."""
    read = [(event.seq, event.said.turn)
            for kind in (BackupVerified.kind, BackupFailed.kind)
            for event in book.events(kind=kind)
            if isinstance(event.said, BackupVerified | BackupFailed)
            and event.said.share == share]  # fmt: skip
    return (max(read)[1] + 1) % share if read else 0


def run_doctor(workspace: Workspace, actor: str) -> Diagnosis:
    """Examine the store with this host's own credentials, and write the event."""
    wanted, repository = workspace.settings.backup, repository_of(workspace)
    found = examine(repository, wanted.grace_seconds, int(wanted.least_free_gb * 1e9))
    declared = finding(
        "place-in-territory" if wanted.customs_territory else "place-not-in-territory",
        place=wanted.place or "-",
    )
    found.checks.append(Check("place", bool(wanted.place), (declared,)))
    lines = freshness(survey(repository), host_keys(workspace).host, sources(workspace))
    late = tuple(line.finding for line in lines if line.late)
    found.checks.append(Check("objectives", not late, late or (Finding("objectives-met"),)))
    book = fresh_journal(workspace)
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
