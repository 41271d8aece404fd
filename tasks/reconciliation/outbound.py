"""Writing approved batches so that no entry can go out twice, wherever the power fails.

For each batch, in this order: (1) the file under a hidden name in the outbound folder, flushed;
(2) `batch.named`, with every number in it; (3) rename, which makes it visible; (4) `batch.written`.
On the next run: named and still hidden means never seen, so it is renamed; named and not hidden
means it became visible and may have been fetched, so it is never written again.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import sqlalchemy as sa

from tasks.ace.batch import fill_in
from tasks.reconciliation.plan import WHAT, Plan, Planned, load, require_current
from tasks.shared import approval, kinds
from tasks.shared.content import ContentStore
from tasks.shared.errors import BadSettings, Refused
from tasks.shared.exchange import Exchange, exchange
from tasks.shared.journal import Journal
from tasks.shared.private import Vault
from tasks.shared.projections import APPROVALS, BATCHES
from tasks.shared.settings import Settings


@dataclass(frozen=True)
class Written:
    """A batch that now lies, or lay, in the outbound folder."""

    batch: str
    where: str
    numbers: int
    again: bool


def approved(journal: Journal, content: ContentStore, persons: int) -> Iterator[Plan]:
    """Approved plans that still have a batch to write, oldest first. A plan of which nothing was
    named and whose entries changed since is left out: a newer plan takes its place."""
    written = {
        row.batch for row in journal.rows(sa.select(BATCHES.c.batch).where(BATCHES.c.written))
    }
    for row in journal.rows(sa.select(APPROVALS).order_by(APPROVALS.c.seq)):
        if not row.what.startswith(WHAT):
            continue
        if len(approval.find(journal, row.plan).granted_by) < approval.needed(persons):
            continue
        plan = load(content, row.plan)
        if all(batch.batch in written for batch in plan.batches):
            continue
        if _can_go(journal, plan):
            yield plan


def _can_go(journal: Journal, plan: Plan) -> bool:
    try:
        require_own(journal, plan)
    except Refused:
        return False
    return True


def write(
    journal: Journal,
    content: ContentStore,
    vault: Vault,
    settings: Settings,
    plan: Plan,
    actor: str,
) -> list[Written]:
    """Write every batch of an approved plan. Safe to run again from any point.

    Raises NotApproved without an approval for exactly these bytes, Refused if an entry changed
    since, BadSettings without an outbound folder or password.
    """
    approval.require(journal, plan.digest, plan.binds, settings.approval.persons)
    require_own(journal, plan)
    secret = password(settings)

    def bytes_of(batch: Planned) -> bytes:
        return real(content, vault, settings, batch, secret)

    with outbound(settings) as folder:
        return [_one(journal, plan, batch, folder, bytes_of, actor) for batch in plan.batches]


def require_own(journal: Journal, plan: Plan) -> None:
    """Raises Refused if the plan is out of date, or another plan has used its batch ids."""
    named = {row.batch: row.plan for row in journal.rows(sa.select(BATCHES))}
    owners = {named.get(batch.batch, "") for batch in plan.batches}
    if owners == {""}:
        require_current(journal, plan)
    elif owners - {"", plan.digest}:
        raise Refused(f"Plan {plan.digest[:12]} is out of date: a newer plan was written since")


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
