"""What a house does with its backups, each with its event in the journal."""

from __future__ import annotations

from dataclasses import replace

from tasks.backup.choosing import survey
from tasks.backup.doctor import Check, Diagnosis, examine
from tasks.backup.faults import SourceFault, StoreFault, StoreLost
from tasks.backup.heads import read_bad, remembered, write_bad
from tasks.backup.house import House
from tasks.backup.index import load_index
from tasks.backup.options import Progress
from tasks.backup.recording import OpenJournal, record_failure, record_taken, take_in_proofs
from tasks.backup.snapshot import Taken, take_snapshots
from tasks.backup.statements import read_holds, read_proofs
from tasks.backup.structures import JournalHead, Proof
from tasks.backup.verify import VerifyReport, in_turn, verify
from tasks.backup.watch import freshness
from tasks.shared import kinds
from tasks.shared.errors import ContinuityError
from tasks.shared.journal import Journal


def run_backup(
    house: House,
    actor: str,
    open_journal: OpenJournal,
    hold: bool = False,
    progress: Progress | None = None,
    clock_right: bool = False,
    taken: list[Taken] | None = None,
    junk: list[str] | None = None,
) -> list[Taken]:
    """Take the snapshots and write `backup.done` for each; after an error `backup.failed`, and raise.
    `taken` is filled as they come to stand, `junk` with the objects on the store that were passed over.
    A book that is down keeps nothing else from being carried off: its snapshots are flagged and their
    events come with the next run; then SourceFault is raised.

    The journal is closed meanwhile: on POSIX, reading a database's file drops the locks that this
    process holds on it.
    """
    taken, junk = [] if taken is None else taken, [] if junk is None else junk
    head, down = _head(open_journal)
    options = replace(house.options(head, hold, progress), clock_right=clock_right)
    if down:
        alarm = "the book was down: this snapshot names no head of the journal"
        options = replace(options, alarms=(alarm,))
    proofs: list[Proof] = []
    repository, fault = None, None
    try:
        keys = house.keys()
        repository = house.repository(keys)
        take_snapshots(repository, keys, house.sources(), options, taken)
        proofs = read_proofs(repository).proofs
        read_holds(repository)
        junk += [f"{path}: {why}" for path, why in sorted(repository.junk.items())]
    except (ContinuityError, OSError) as error:
        fault = error
    try:
        if repository and taken:
            record_taken(open_journal, actor, taken, repository, junk)
            take_in_proofs(open_journal, actor, taken[0].manifest.host, proofs)
        if fault:
            record_failure(open_journal, actor, "run", fault)
    except StoreLost as error:
        raise _book_down(error, fault, taken) from fault
    if fault:
        raise fault
    if down:
        raise _book_down(down, None, [])
    return taken


def _head(open_journal: OpenJournal) -> tuple[JournalHead | None, StoreLost | None]:
    """The book's head, or why it could not be asked."""
    try:
        book = open_journal()
    except StoreLost as error:
        return None, error
    head = book.head()
    book.close()
    return JournalHead(head.seq, head.digest), None


def _book_down(down: StoreLost, fault: Exception | None, taken: list[Taken]) -> StoreFault:
    """What to tell of a run whose book was down, with what else went wrong. Where nothing waits to be
    written, the run may be tried again."""
    told = [str(down)]
    if fault:
        told.append(str(fault))
    if taken:
        stand = ", ".join(one.label for one in taken)
        told.append(f"these stand, and the next `backup run` writes them into the book: {stand}")
    return (SourceFault if taken else StoreLost)("\n".join(told))


def expected_bytes(open_journal: OpenJournal) -> int:
    """Bytes of the sources when they were last backed up: what progress is measured against."""
    try:
        book, last = open_journal(), {}
    except StoreLost:
        return 0  # a bar without an end is better than no backup
    for event in book.events(kind=kinds.BackupDone.kind):
        if isinstance(event.said, kinds.BackupDone):
            last |= {source.name: source.bytes for source in event.said.sources}
    book.close()
    return sum(last.values())


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
        line.told
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
