"""Writing approved batches so that no entry can go out twice, wherever the power fails.

For each batch, in this order: (1) the file under a hidden name in the outbound folder, flushed;
(2) `batch.named`, with every number in it; (3) rename, which makes it visible; (4) `batch.written`.
On the next run: named and still hidden means never seen, so it is renamed; named and not hidden
means it became visible and may have been fetched, so it is never written again.

Right before a file becomes visible each entry in it is judged once more (`plan.eligibility`). If one fell out,
no further batch of the plan is named, and one that is named and still hidden is withdrawn.

At most so many files an hour go to ACE, filings and queries together: CBP asks brokers to pace the load after
an outage.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from pathlib import Path

import sqlalchemy as sa
from msgspec import structs

from tasks.ace.api import AceSettings
from tasks.approved_acts import ActFacts, ActHandler
from tasks.core import clock
from tasks.core.content import ContentStore
from tasks.core.errors import BadSettings, Refused
from tasks.core.journal.journal import Journal, is_drill
from tasks.core.journal.store import EVENTS
from tasks.core.messages import message_text
from tasks.core.settings import Settings
from tasks.reconciliation.events import BatchNamed, BatchNotReceived, BatchWritten, QueryNamed
from tasks.reconciliation.plan.eligibility import drop_plan, entry_lapse_reason, plan_lapse_reason
from tasks.reconciliation.plan.payment_terms import sending_day
from tasks.reconciliation.plan.plan_store import PlannedBatch, SendingPlan, load_plan
from tasks.reconciliation.state.entry_reader import list_entry_states
from tasks.reconciliation.state.entry_state import EntryState
from tasks.reconciliation.tables import BATCHES
from tasks.security.api import (
    Act,
    ApprovalSettings,
    ApprovalState,
    Vault,
    approval_error,
    find_approval,
    require_approval,
)
from tasks.transport.api import ExchangeFolder, open_exchange
from tasks.workspace import Workspace

HOUR = timedelta(hours=1)
_FILES = (BatchNamed.kind, QueryNamed.kind)


@dataclass(frozen=True)
class Pace:
    """`left`: files that may go now. `again`: when the next may go, if none may now."""

    left: int
    again: datetime | None = None

    def __str__(self) -> str:
        if self.again is None:
            return f"{self.left} file(s) may go now"
        return f"enough for this hour; the next file may go at {self.again:%H:%M} UTC"


def sending_pace(journal: Journal, settings: Settings) -> Pace:
    """What the last hour leaves of `batches_per_hour`."""
    most = settings(AceSettings).batches_per_hour
    query = (
        sa.select(EVENTS.c.at)
        .where(EVENTS.c.kind.in_(_FILES), EVENTS.c.at > clock.text(clock.now() - HOUR))
        .order_by(EVENTS.c.at.desc())
        .limit(most)
    )
    sent_at = [row.at for row in journal.rows(query)]
    if len(sent_at) < most:
        return Pace(most - len(sent_at))
    return Pace(0, clock.parse(sent_at[-1]) + HOUR)


@dataclass(frozen=True)
class WrittenBatch:
    """A batch that now lies, or lay, in the outbound folder. `again`: it was named before, by this
    desk or another."""

    batch: str
    where: str
    numbers: int
    again: bool


def write_plan_batches(
    journal: Journal, content: ContentStore, vault: Vault, settings: Settings, plan: SendingPlan, actor: str
) -> list[WrittenBatch]:
    """Write the batches of an approved plan, as many as the pace allows now; the others go on a later
    run. Safe to run again from any point.

    Raises NotApproved without an approval for exactly these bytes, Refused if an entry fell out
    of the plan since, BadSettings without an outbound folder or password.
    """
    require_approval(journal, plan.digest, plan.binds, settings(ApprovalSettings).persons)
    finish_batches(journal, settings, plan, actor)
    today = sending_day(settings)
    if reason := plan_lapse_reason(journal, settings, plan, today):
        raise Refused("plan-out-of-date", digest=plan.digest[:12], reason=reason)
    secret = password(settings)

    def bytes_of(batch: PlannedBatch) -> bytes:
        return final_bytes(content, vault, settings, batch, secret)

    with outbound_folder(settings, journal) as folder:
        return [
            _write_batch(journal, plan, batch, folder, bytes_of, actor)
            for batch in _paced_batches(journal, settings, plan, today)
        ]


def finish_batches(journal: Journal, settings: Settings, plan: SendingPlan, actor: str) -> list[WrittenBatch]:
    """Bring to its end what a crash left half done of an approved plan, be it still right and approved
    or not: a batch that was named is made visible or, if it is hidden and may not go, withdrawn."""
    query = sa.select(BATCHES.c.batch).where(BATCHES.c.plan == plan.digest, ~BATCHES.c.written)
    interrupted = {row.batch for row in journal.rows(query)}
    batches = [batch for batch in plan.batches if batch.batch in interrupted]
    if not batches:
        return []
    with outbound_folder(settings, journal) as folder:
        withdrawn = _withdraw(journal, settings, plan, batches, folder, actor)
        return [
            _show_batch(journal, batch, folder, actor, again=True) for batch in batches if batch.batch not in withdrawn
        ]


def _paced_batches(journal: Journal, settings: Settings, plan: SendingPlan, today: date) -> Iterator[PlannedBatch]:
    """The batches that may go now: as far as the hour and the day allow."""
    named = {row.batch for row in journal.rows(sa.select(BATCHES.c.batch))}
    left = sending_pace(journal, settings).left
    for batch in plan.batches:
        fresh = batch.batch not in named
        over = plan.duty and sending_day(settings) != today
        if fresh and (over or not left):
            return
        left -= fresh
        yield batch


def _withdraw(
    journal: Journal,
    settings: Settings,
    plan: SendingPlan,
    batches: list[PlannedBatch],
    folder: ExchangeFolder,
    actor: str,
) -> set[str]:
    """Those that never became visible, and of which an entry fell out since, or the day is over, or
    the approver was revoked."""
    hidden = [batch for batch in batches if folder.hides(batch.file)]
    if not hidden:
        return set()
    states, withdrawn = {entry.number: entry for entry in list_entry_states(journal)}, set()
    approval = find_approval(journal, plan.digest)
    missing = approval_error(journal, approval, settings(ApprovalSettings).persons)
    lapsed = missing.message if missing else plan.lapsed(sending_day(settings))
    for batch in hidden:
        reasons = (
            entry_lapse_reason(_before_batch(states.get(number), batch.batch), number, plan, settings)
            for number in batch.numbers
        )
        if reason := lapsed or next((entry for entry in reasons if entry), ""):
            body = BatchNotReceived(batch=batch.batch, reason=f"never made visible: {reason}", proof="", approval="")
            journal.append(body, f"batch/{batch.batch}", actor, key=f"not received:{batch.batch}")
            folder.discard(batch.file)
            withdrawn.add(batch.batch)
    return withdrawn


def _before_batch(entry: EntryState | None, batch: str) -> EntryState | None:
    """An entry as it stood before a batch was named."""
    if entry is None:
        return None
    return structs.replace(entry, sent={name: sent for name, sent in entry.sent.items() if sent.batch != batch})


def _write_batch(
    journal: Journal,
    plan: SendingPlan,
    batch: PlannedBatch,
    folder: ExchangeFolder,
    bytes_of: Callable[[PlannedBatch], bytes],
    actor: str,
) -> WrittenBatch:
    where = f"{folder.label}/{batch.file}"
    rows = journal.rows(sa.select(BATCHES).where(BATCHES.c.batch == batch.batch))
    if rows and rows[0].written:
        folder.discard(batch.file)  # Left by a crash after its batch was withdrawn.
        return WrittenBatch(batch.batch, where, len(batch.numbers), again=True)
    named = not rows and _name_batch(journal, plan, batch, folder, bytes_of(batch), actor)
    return _show_batch(journal, batch, folder, actor, again=not named)


def _name_batch(
    journal: Journal, plan: SendingPlan, batch: PlannedBatch, folder: ExchangeFolder, data: bytes, actor: str
) -> bool:
    """Hide and name a batch; False if another run was quicker. Both under the journal's lock: a slower run
    would hide anew, and then show, what the sender fetched already."""
    body = BatchNamed(
        batch=batch.batch,
        application=batch.application,
        plan=plan.digest,
        content=batch.content,
        file=batch.file,
        numbers=list(batch.numbers),
    )
    with journal.write(actor) as pen:
        if pen.rows(sa.select(BATCHES.c.batch).where(BATCHES.c.batch == batch.batch)):
            return False
        folder.hide(batch.file, data)
        pen.append(body, f"batch/{batch.batch}", key=f"batch:{batch.batch}")
    return True


def _show_batch(
    journal: Journal, batch: PlannedBatch, folder: ExchangeFolder, actor: str, *, again: bool
) -> WrittenBatch:
    size = folder.show(batch.file)
    if size is None:  # it was visible before, and the sender may have fetched it
        size = folder.size(batch.file)
    body = BatchWritten(batch=batch.batch, file=batch.file, size=size or 0)
    journal.append(body, f"batch/{batch.batch}", actor, key=f"written:{batch.batch}")
    where = f"{folder.label}/{batch.file}"
    return WrittenBatch(batch.batch, where, len(batch.numbers), again=again)


def final_bytes(content: ContentStore, vault: Vault, settings: Settings, batch: PlannedBatch, secret: str) -> bytes:
    """The bytes for the sender: the stored form with the password and private values put in."""
    from tasks.ace.api import fill_private  # numpy: not for the status page

    line_ends = settings(AceSettings).line_ends == "lf"
    return fill_private(content.get(batch.content), secret, batch.slots, vault.open, line_ends)


@contextmanager
def outbound_folder(settings: Settings, journal: Journal) -> Iterator[ExchangeFolder]:
    """The folder that the sender reads. Raises BadSettings if none is set or it is not there, and
    Refused where a drill's lies outside its own home: a drill sends nothing outside."""
    location = settings(AceSettings).outbound
    if location is None:
        raise BadSettings("outbound-folder-not-set")
    inside = isinstance(location, Path) and location.resolve().is_relative_to(settings.home.resolve())
    if not inside and is_drill(journal):
        raise Refused("drill-folder-outside-home", location=location, home=settings.home)
    with open_exchange(location, settings(AceSettings)) as folder:
        yield folder


def password(settings: Settings) -> str:
    """The ACE communications password, from its own file. Raises BadSettings."""
    path = settings(AceSettings).password_file
    try:
        secret = path.read_text(encoding="ascii").strip() if path else ""
    except (OSError, UnicodeDecodeError) as wrong:
        raise BadSettings("ace-password-file-unreadable", path=path, reason=wrong) from None
    if not (0 < len(secret) <= 6 and secret.isalnum()):
        raise BadSettings("ace-password-invalid")
    return secret.upper()


def _load_batches(content: ContentStore, digest: str) -> SendingPlan:
    try:
        return load_plan(content, digest)
    except (ValueError, LookupError, TypeError):
        raise Refused("act-payload-unreadable", plan=digest[:12]) from None


def _require_sendable(workspace: Workspace, plan: SendingPlan) -> None:
    today = sending_day(workspace.settings)
    if reason := plan_lapse_reason(workspace.journal, workspace.settings, plan, today):
        raise Refused("plan-out-of-date", digest=plan.digest[:12], reason=reason)


def _send_plan(workspace: Workspace, plan: SendingPlan, approval: ApprovalState, actor: str) -> ActFacts:
    """Write the files of a plan, as many as the pace allows now. A plan that is out of date is dropped.
    Raises what `write_plan_batches` raises."""
    journal, content, settings = workspace.journal, workspace.content, workspace.settings
    try:
        written = write_plan_batches(journal, content, workspace.vault, settings, plan, actor)
    except Refused as error:
        if error.code == "plan-out-of-date":
            drop_plan(journal, plan, str(error), actor)
        raise
    return {"written": [batch.where for batch in written], "batches": len(plan.batches)}


def _batches_title(workspace: Workspace, plan: SendingPlan) -> str:
    values = {"count": len(plan.numbers), "files": len(plan.batches)}
    return message_text("title-send-batches", values)


HANDLERS: dict[Act, ActHandler[SendingPlan]] = {
    Act.SEND_BATCHES: ActHandler(
        _load_batches, lambda _, plan: plan.binds, _batches_title, _require_sendable, perform=_send_plan
    )
}
