"""Writing approved batches so that no entry can go out twice, wherever the power fails.

For each batch, in this order: (1) the file under a hidden name in the outbound folder, flushed;
(2) `batch.named`, with every number in it; (3) rename, which makes it visible; (4) `batch.written`.
On the next run: named and still hidden means never seen, so it is renamed; named and not hidden
means it became visible and may have been fetched, so it is never written again.

Right before a file becomes visible each entry in it is judged once more: what ACE said meanwhile,
or what a person did, can take it out of the plan. Then no further batch of the plan is named, and
one that is named and still hidden is withdrawn.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace

import sqlalchemy as sa

from tasks.ace.batch import fill_in
from tasks.reconciliation.classify import classify
from tasks.reconciliation.pacing import pace
from tasks.reconciliation.plan import WHAT, Plan, Planned, load, step_of
from tasks.reconciliation.view import Standing, standings
from tasks.shared import approval, kinds
from tasks.shared.content import ContentStore
from tasks.shared.errors import BadSettings, Refused
from tasks.shared.exchange import Exchange, exchange
from tasks.shared.journal import Journal
from tasks.shared.private import Vault
from tasks.shared.projections import APPROVALS, BATCHES, DROPPED
from tasks.shared.settings import Settings


@dataclass(frozen=True)
class Written:
    """A batch that now lies, or lay, in the outbound folder."""

    batch: str
    where: str
    numbers: int
    again: bool


def approved(journal: Journal, content: ContentStore, persons: int) -> Iterator[Plan]:
    """Approved plans that still have a batch to write and were not dropped, oldest first."""
    written = {
        row.batch for row in journal.rows(sa.select(BATCHES.c.batch).where(BATCHES.c.written))
    }
    dropped = {row.plan for row in journal.rows(sa.select(DROPPED.c.plan))}
    for row in journal.rows(sa.select(APPROVALS).order_by(APPROVALS.c.seq)):
        if not row.what.startswith(WHAT) or row.plan in dropped:
            continue
        if len(approval.find(journal, row.plan).granted_by) < approval.needed(persons):
            continue
        plan = load(content, row.plan)
        if not all(batch.batch in written for batch in plan.batches):
            yield plan


def write(
    journal: Journal,
    content: ContentStore,
    vault: Vault,
    settings: Settings,
    plan: Plan,
    actor: str,
) -> list[Written]:
    """Write the batches of an approved plan, as many as the pace allows now; the others go on a later
    run. Safe to run again from any point.

    Raises NotApproved without an approval for exactly these bytes, Refused if an entry fell out
    of the plan since, BadSettings without an outbound folder or password.
    """
    approval.require(journal, plan.digest, plan.binds, settings.approval.persons)
    with outbound(settings) as folder:
        _withdraw(journal, settings, plan, folder, actor)
        if reason := fallen(journal, settings, plan):
            raise Refused(f"Plan {plan.digest[:12]} is out of date: {reason}. Make a new one: "
                          "continuity reconcile plan")  # fmt: skip
    secret = password(settings)

    def bytes_of(batch: Planned) -> bytes:
        return real(content, vault, settings, batch, secret)

    with outbound(settings) as folder:
        return [
            _one(journal, plan, batch, folder, bytes_of, actor)
            for batch in _paced(journal, settings, plan)
        ]


def _paced(journal: Journal, settings: Settings, plan: Plan) -> Iterator[Planned]:
    """The batches that may go now: what is named already is brought to its end, the others go as
    far as the hour allows."""
    named = {row.batch for row in journal.rows(sa.select(BATCHES.c.batch))}
    left = pace(journal, settings).left
    for batch in plan.batches:
        fresh = batch.batch not in named
        if fresh and not left:
            return
        left -= fresh
        yield batch


def fallen(journal: Journal, settings: Settings, plan: Plan) -> str:
    """Why what is not named yet of a plan may not be written; empty if it may."""
    gone = journal.rows(sa.select(DROPPED.c.reason).where(DROPPED.c.plan == plan.digest))
    if gone:
        return gone[0].reason
    named = {row.batch: row.plan for row in journal.rows(sa.select(BATCHES))}
    if {named.get(batch.batch, plan.digest) for batch in plan.batches} != {plan.digest}:
        return "a newer plan was written since"
    open_ = [batch for batch in plan.batches if batch.batch not in named]
    if not open_:
        return ""
    known = {one.number: one for one in standings(journal)}
    reasons = (
        _unfit(known.get(number), number, plan, settings)
        for batch in open_
        for number in batch.numbers
    )
    return next((reason for reason in reasons if reason), "")


def drop(journal: Journal, plan: Plan, reason: str, actor: str) -> None:
    """Write down that nothing more of a plan will be written."""
    body = kinds.PlanDropped(plan=plan.digest, reason=reason)
    journal.append(body, f"plan/{plan.digest}", actor, key=f"dropped:{plan.digest}")


def _unfit(one: Standing | None, number: str, plan: Plan, settings: Settings) -> str:
    if one is None or one.digest != plan.entries.get(number):
        return f"{number} changed since it was made"
    if one.state != "recorded":
        return f"{number} is {one.state}"
    step = step_of(one, settings)
    if step != plan.steps.get(number):
        return f"{number}: {step}: {classify(one).why}"
    return ""


def _withdraw(
    journal: Journal, settings: Settings, plan: Plan, folder: Exchange, actor: str
) -> None:
    """Batches that were named and never became visible, and of which an entry fell out since."""
    query = sa.select(BATCHES.c.batch).where(BATCHES.c.plan == plan.digest, ~BATCHES.c.written)
    named = {row.batch for row in journal.rows(query)}
    hidden = [one for one in plan.batches if one.batch in named and folder.hides(one.file)]
    if not hidden:
        return
    known = {one.number: one for one in standings(journal)}
    for batch in hidden:
        before = (_before(known.get(number), batch.batch) for number in batch.numbers)
        reasons = (
            _unfit(one, number, plan, settings)
            for one, number in zip(before, batch.numbers, strict=True)
        )
        if reason := next((one for one in reasons if one), ""):
            body = kinds.BatchNotReceived(
                batch=batch.batch, reason=f"never made visible: {reason}", proof="", approval=""
            )
            journal.append(body, f"batch/{batch.batch}", actor, key=f"not received:{batch.batch}")
            folder.discard(batch.file)


def _before(one: Standing | None, batch: str) -> Standing | None:
    """An entry as it stood before a batch was named."""
    if one is None:
        return None
    return replace(one, sent={name: sent for name, sent in one.sent.items() if sent.batch != batch})


def _one(
    journal: Journal,
    plan: Plan,
    batch: Planned,
    folder: Exchange,
    bytes_of: Callable[[Planned], bytes],
    actor: str,
) -> Written:
    where = f"{folder.label}/{batch.file}"
    subject = f"batch/{batch.batch}"
    standing = journal.rows(sa.select(BATCHES).where(BATCHES.c.batch == batch.batch))
    if standing and standing[0].written:
        folder.discard(batch.file)  # Left by a crash after its batch was withdrawn.
        return Written(batch.batch, where, len(batch.numbers), again=True)
    if not standing:
        folder.hide(batch.file, bytes_of(batch))
        body = kinds.BatchNamed(
            batch=batch.batch, application=batch.application, plan=plan.digest, content=batch.content,
            file=batch.file, numbers=list(batch.numbers),
        )  # fmt: skip
        journal.append(body, subject, actor, key=f"batch:{batch.batch}")
    size = folder.show(batch.file)
    if size is None:  # it was visible before, and the sender may have fetched it
        size = folder.size(batch.file)
    done = kinds.BatchWritten(batch=batch.batch, file=batch.file, size=size or 0)
    journal.append(done, subject, actor, key=f"written:{batch.batch}")
    return Written(batch.batch, where, len(batch.numbers), again=bool(standing))


def real(
    content: ContentStore, vault: Vault, settings: Settings, batch: Planned, secret: str
) -> bytes:
    """The bytes for the sender: the stored form with the password and private values put in."""
    line_ends = settings.ace.line_ends == "lf"
    return fill_in(content.get(batch.content), secret, batch.slots, vault.open, line_ends)


@contextmanager
def outbound(settings: Settings) -> Iterator[Exchange]:
    """The folder that the sender reads. Raises BadSettings if none is set or it is not there."""
    if settings.ace.outbound is None:
        raise BadSettings(
            "Set outbound under [ace] in continuity.toml: the folder your sender reads"
        )
    with exchange(settings.ace.outbound, settings.ace) as folder:
        yield folder


def password(settings: Settings) -> str:
    """The ACE communications password, from its own file. Raises BadSettings."""
    path = settings.ace.password_file
    try:
        secret = path.read_text(encoding="ascii").strip() if path else ""
    except (OSError, UnicodeDecodeError) as wrong:
        raise BadSettings(f"The ACE password file {path} cannot be read: {wrong}") from None
    if not (0 < len(secret) <= 6 and secret.isalnum()):
        raise BadSettings(
            "password_file under [ace] must name a file with the ACE communications password: "
            "one to six letters or digits"
        )
    return secret.upper()
