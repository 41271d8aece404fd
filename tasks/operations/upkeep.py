"""Upkeep: the chain, plans that wait, letters, sizes; a fault raises one alert, which is closed when the
fault is gone."""

from __future__ import annotations

import shutil
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import Any

import sqlalchemy as sa

from tasks.approved_acts import act_title
from tasks.backup.api import BackupSettings
from tasks.core import clock, status_lines
from tasks.core.content import ContentStore
from tasks.core.journal.journal import GENESIS, Journal, JournalHead
from tasks.core.journal.store import EVENTS
from tasks.core.journal.verification import verify_journal
from tasks.core.messages import Reason
from tasks.core.settings import Settings
from tasks.core.status_lines import StatusLine, last_event
from tasks.opening import JOURNAL_FILE
from tasks.operations.alert_records import AlertManager, Key, open_alerts
from tasks.operations.events import UpkeepDone, UpkeepFault
from tasks.operations.settings import OperationsSettings
from tasks.security.api import APPROVALS, ApprovalSettings, current_approvals
from tasks.transport.api import waiting_letters
from tasks.workspace import Workspace

NOT_PROVED: Key = ("backup-not-proved", "")
SPARE_SHARE = 0.2
"""Share of free pages from which a SQLite journal is written anew without them."""
LATE = timedelta(hours=2)
"""Upkeep runs every ten minutes; after this long without one, server or worker stand still."""


@dataclass(frozen=True, init=False)
class UpkeepProblem(Reason):
    """Something to correct: `subject` is of what, empty where there is only one. `code` and `subject`
    are its key as an alert; `next`: what to do; `escalate`: to those who decide."""

    next: str = ""
    escalate: bool = False

    def __init__(self, code: str, subject: str, next_: str, /, *, escalate: bool = False, **values: Any) -> None:
        super().__init__(code, subject, **values)
        self._set(next=next_, escalate=escalate)

    @property
    def key(self) -> Key:
        """Code and subject."""
        return self.code, self.subject

    def as_dict(self) -> dict[str, Any]:
        """For results."""
        return {**super().as_dict(), "next": self.next}


@dataclass
class UpkeepReport:
    """What one look found. `workers` and `server_bytes` come from the server."""

    faults: list[UpkeepProblem] = field(default_factory=list[UpkeepProblem])
    head: int = 0
    book_bytes: int = 0
    server_bytes: int = 0
    workers: int = 0
    plans: int = 0
    letters: int = 0


def inspect_home(journal: Journal, content: ContentStore, settings: Settings, *, full: bool) -> UpkeepReport:
    """Everything that journal and home show. `full` verifies the whole journal, its projections
    and content; otherwise the chain from where it was verified last."""
    report = UpkeepReport()
    report.head = _chain(journal, content, report, full=full)
    report.book_bytes = _compact_journal(journal, settings)
    report.letters = len(waiting_letters(journal))
    _plans(journal, settings, report)
    _backup_proof(journal, settings, report)
    _disk_space(settings, report)
    return report


def _chain(journal: Journal, content: ContentStore, report: UpkeepReport, *, full: bool) -> int:
    if full:
        verdict = verify_journal(journal, content)
        problems, head = [str(problem) for problem in verdict.problems], verdict.head.seq
    else:
        head, broken = _since(journal, _verified(journal))
        problems = [broken.text] if broken else []
    if problems:
        report.faults.append(
            UpkeepProblem(
                "journal-invalid", "", "continuity journal verify", escalate=True, reason=problems[0], verified=head
            )
        )
    return head


def _verified(journal: Journal) -> int:
    last = last_event(journal.rows, UpkeepDone.kind)
    return int(last[1]["head"]) if last else 0


def _since(journal: Journal, seq: int) -> tuple[int, Reason | None]:
    """Events after `seq`, each against the one before: the last that holds, and what does not."""
    row = journal.rows(sa.select(EVENTS.c.digest).where(EVENTS.c.seq == seq))
    head = JournalHead(seq, row[0].digest) if row else JournalHead(0, GENESIS)
    if seq and not row:
        return 0, Reason("verified-event-missing", event=seq)
    for event in journal.events(after=seq):
        fits = event.seq == head.seq + 1 and event.prev == head.digest
        if not fits or event.computed() != event.digest:
            return head.seq, Reason("event-out-of-chain", event=event.seq)
        head = JournalHead(event.seq, event.digest)
    return head.seq, None


def _compact_journal(journal: Journal, settings: Settings) -> int:
    """Size of the journal in bytes, after its spare pages and its write-ahead log were given back."""
    if journal.engine.dialect.name != "sqlite":
        name = "SELECT pg_database_size(current_database())"
        return int(journal.rows(sa.text(name))[0][0])  # type: ignore[arg-type]
    # outside of a transaction: VACUUM and checkpoints are refused within one
    connection = journal.engine.raw_connection()
    try:
        cursor = connection.cursor()
        pages, free = (cursor.execute(f"PRAGMA {name}").fetchone()[0] for name in ("page_count", "freelist_count"))
        # VACUUM writes a second database beside the first
        if free > pages * SPARE_SHARE and _free(settings.home) > 2 * bytes_on_disk(settings.home / JOURNAL_FILE):
            cursor.execute("VACUUM")
        cursor.execute("PRAGMA optimize")
        cursor.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    finally:
        connection.close()
    return bytes_on_disk(settings.home / JOURNAL_FILE)


def bytes_on_disk(*paths: Path) -> int:
    """Bytes of these files together; a missing one counts nothing."""
    return sum(path.stat().st_size for path in paths if path.is_file())


def _plans(journal: Journal, settings: Settings, report: UpkeepReport) -> None:
    waiting = current_approvals(journal, settings(ApprovalSettings).persons)
    report.plans = len(waiting)
    limit = timedelta(hours=settings(OperationsSettings).approval_hours)
    query = sa.select(APPROVALS.c.plan, EVENTS.c.at).join(EVENTS, EVENTS.c.seq == APPROVALS.c.seq)
    requested = {row.plan: clock.parse(row.at) for row in journal.rows(query)}
    workspace = Workspace(settings, journal=journal)
    for approval in waiting:
        if clock.now() - requested[approval.plan] > limit:
            short = approval.plan[:12]
            report.faults.append(
                UpkeepProblem(
                    "plan-waits-too-long",
                    short,
                    f"continuity approve {short} --by ID",
                    escalate=True,
                    what=act_title(workspace, approval),
                    since=status_lines.ago(requested[approval.plan]),
                )
            )


def _backup_proof(journal: Journal, settings: Settings, report: UpkeepReport) -> None:
    """The objective counts from the last proof, or from the first backup if there was none yet. An
    alert of the server's, which counts from when it began to look, stands until there is a proof."""
    if not settings(BackupSettings).store:
        return
    last = last_event(journal.rows, "backup.proved")
    first = next(journal.events(kind="backup.done"), None)
    since = last[0] if last else clock.parse(first.at) if first else None
    hours = settings(BackupSettings).home_objective_hours
    late = since is not None and clock.now() - since > timedelta(hours=hours)
    raised = open_alerts(journal).get(NOT_PROVED)
    unanswered = raised is not None and not (last and last[0] > clock.parse(raised.at))
    if late or unanswered:
        next_ = raised.next if raised else "see the deployment restore-drill"
        report.faults.append(UpkeepProblem(*NOT_PROVED, next_, hours=hours))


def _free(folder: Path) -> int:
    """Bytes free where `place` lies, or will lie."""
    return shutil.disk_usage(next(candidate for candidate in (folder, *folder.parents) if candidate.exists())).free


def _disk_space(settings: Settings, report: UpkeepReport) -> None:
    """On a full disk nothing is written any more, this alert neither: it comes while there is room."""
    least = settings(OperationsSettings).least_free_gb
    folders = (settings.home.absolute(), settings.content_path.absolute())
    short_folders = {folder: free for folder in folders if (free := _free(folder) / 1e9) < least}
    if short_folders:
        report.faults.append(
            UpkeepProblem(
                "disk-space-short",
                "",
                f"free space: at least {least:g} GB ([operations] least_free_gb)",
                folders=" and ".join(map(str, short_folders)),
                free=min(short_folders.values()),
            )
        )


WATCHED = {
    "backup-not-proved",
    "disk-space-short",
    "journal-invalid",
    "plan-waits-too-long",
    "run-failed",
    "run-late",
    "schedule-paused",
    "test",
    "worker-missing",
}
"""Codes of alerts that upkeep itself closes when it no longer finds the fault; a test has none."""


def settle_alerts(manager: AlertManager, journal: Journal, report: UpkeepReport) -> list[Key]:
    """Raise what is new and close what is over; returns the keys of those raised."""
    raised = [
        fault.key
        for fault in report.faults
        if manager.raise_(*fault.key, fault.text, fault.next, escalate=fault.escalate)
    ]
    current = {fault.key for fault in report.faults}
    for key in open_alerts(journal):
        if key[0] in WATCHED and key not in current:
            manager.close(*key, "upkeep no longer finds it")
    return raised


def record_upkeep(journal: Journal, report: UpkeepReport, actor: str) -> bool:
    """Record the upkeep: once an hour, and whenever the faults change."""
    faults = [
        UpkeepFault(code=fault.code, subject=fault.subject, text=fault.text)
        for fault in sorted(report.faults, key=lambda fault: fault.key)
    ]
    keys = [[fault.code, fault.subject] for fault in faults]
    last = last_event(journal.rows, UpkeepDone.kind)
    hour = clock.text()[:13]
    if last and clock.text(last[0])[:13] == hour:
        previous = [[fault["code"], fault["subject"]] for fault in last[1]["faults"]]
        if previous == keys:
            return False
    body = UpkeepDone(
        head=report.head,
        book_bytes=report.book_bytes,
        server_bytes=report.server_bytes,
        workers=report.workers,
        waiting_plans=report.plans,
        waiting_letters=report.letters,
        faults=faults,
    )
    return journal.append(body, "upkeep", actor)


def lines(journal: Journal) -> list[StatusLine]:
    """For `continuity status`: whether upkeep runs, once it ever did."""
    last = last_event(journal.rows, UpkeepDone.kind)
    if last is None:
        return []
    at, body = last
    is_late = clock.now() - at > LATE
    fact = f"last {status_lines.ago(at)}; {body['workers']} worker(s), book verified to event {body['head']}"
    status = status_lines.RED if is_late else status_lines.GREEN
    next_ = "continuity up, on the server" if is_late else ""
    return [
        StatusLine(
            "upkeep",
            "P8",
            "server and worker",
            status,
            fact,
            next_,
            clock.text(at),
            values={"workers": body["workers"], "verified": body["head"]},
        )
    ]
