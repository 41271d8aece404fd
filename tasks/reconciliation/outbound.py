"""Writing approved batches so that no entry can go out twice, wherever the power fails.

For each batch, in this order: (1) the file under a hidden name in the outbound folder, flushed;
(2) `batch.named`, with every number in it; (3) rename, which makes it visible; (4) `batch.written`.
On the next run: named and still hidden means never seen, so it is renamed; named and not hidden
means it became visible and may have been fetched, so it is never written again.

Right before a file becomes visible each entry in it is judged once more (`pending`): what ACE said
meanwhile, what a person did, or another day can take it out of the plan. Then no further batch of
the plan is named, and one that is named and still hidden is withdrawn.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date
from pathlib import Path

import sqlalchemy as sa
from msgspec import structs

from tasks.ace.batch import fill_in
from tasks.reconciliation.pacing import pace
from tasks.reconciliation.pending import approved, drop, fallen, half_done, unfit
from tasks.reconciliation.planned import Plan, Planned
from tasks.reconciliation.standings import standings
from tasks.reconciliation.terms import sending_day
from tasks.reconciliation.view import Standing
from tasks.shared import approval
from tasks.shared.ace_tables import BATCHES
from tasks.shared.content import ContentStore
from tasks.shared.errors import BadSettings, Refused
from tasks.shared.exchange import Exchange, exchange
from tasks.shared.journal import Journal, is_drill
from tasks.shared.kinds.ace import BatchNamed, BatchNotReceived, BatchWritten
from tasks.shared.private import Vault
from tasks.shared.settings import Settings

__all__ = ["Written", "approved", "drop", "finish", "half_done", "outbound", "password", "real"]
__all__ += ["write"]


@dataclass(frozen=True)
class Written:
    """A batch that now lies, or lay, in the outbound folder. `again`: it was named before, by this
    desk or another."""

    batch: str
    where: str
    numbers: int
    again: bool


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
    finish(journal, settings, plan, actor)
    today = sending_day(settings)
    if reason := fallen(journal, settings, plan, today):
        raise Refused("plan-out-of-date", digest=plan.digest[:12], reason=reason)  # fmt: skip
    secret = password(settings)

    def bytes_of(batch: Planned) -> bytes:
        return real(content, vault, settings, batch, secret)

    with outbound(settings, journal) as folder:
        return [
            _one(journal, plan, batch, folder, bytes_of, actor)
            for batch in _paced(journal, settings, plan, today)
        ]


def finish(journal: Journal, settings: Settings, plan: Plan, actor: str) -> list[Written]:
    """Bring to its end what a crash left half done of an approved plan, be it still right and approved
    or not: a batch that was named is made visible or, if it is hidden and may not go, withdrawn."""
    query = sa.select(BATCHES.c.batch).where(BATCHES.c.plan == plan.digest, ~BATCHES.c.written)
    half = {row.batch for row in journal.rows(query)}
    batches = [batch for batch in plan.batches if batch.batch in half]
    if not batches:
        return []
    with outbound(settings, journal) as folder:
        gone = _withdraw(journal, settings, plan, batches, folder, actor)
        return [
            _visible(journal, batch, folder, actor, again=True)
            for batch in batches
            if batch.batch not in gone
        ]


def _paced(journal: Journal, settings: Settings, plan: Plan, today: date) -> Iterator[Planned]:
    """The batches that may go now: as far as the hour and the day allow."""
    named = {row.batch for row in journal.rows(sa.select(BATCHES.c.batch))}
    left = pace(journal, settings).left
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
    plan: Plan,
    batches: list[Planned],
    folder: Exchange,
    actor: str,
) -> set[str]:
    """Those that never became visible, and of which an entry fell out since, or the day is over, or
    the approver was revoked."""
    hidden = [batch for batch in batches if folder.hides(batch.file)]
    if not hidden:
        return set()
    known, gone = {one.number: one for one in standings(journal)}, set()
    asked = approval.find(journal, plan.digest)
    missing = approval.lacking(journal, asked, settings.approval.persons)
    lapsed = missing.message if missing else plan.lapsed(sending_day(settings))
    for batch in hidden:
        reasons = (
            unfit(_before(known.get(number), batch.batch), number, plan, settings)
            for number in batch.numbers
        )
        if reason := lapsed or next((one for one in reasons if one), ""):
            body = BatchNotReceived(
                batch=batch.batch, reason=f"never made visible: {reason}", proof="", approval=""
            )
            journal.append(body, f"batch/{batch.batch}", actor, key=f"not received:{batch.batch}")
            folder.discard(batch.file)
            gone.add(batch.batch)
    return gone


def _before(one: Standing | None, batch: str) -> Standing | None:
    """An entry as it stood before a batch was named."""
    if one is None:
        return None
    return structs.replace(
        one, sent={name: sent for name, sent in one.sent.items() if sent.batch != batch}
    )


def _one(
    journal: Journal,
    plan: Plan,
    batch: Planned,
    folder: Exchange,
    bytes_of: Callable[[Planned], bytes],
    actor: str,
) -> Written:
    where = f"{folder.label}/{batch.file}"
    standing = journal.rows(sa.select(BATCHES).where(BATCHES.c.batch == batch.batch))
    if standing and standing[0].written:
        folder.discard(batch.file)  # Left by a crash after its batch was withdrawn.
        return Written(batch.batch, where, len(batch.numbers), again=True)
    named = not standing and _named(journal, plan, batch, folder, bytes_of(batch), actor)
    return _visible(journal, batch, folder, actor, again=not named)


def _named(
    journal: Journal, plan: Plan, batch: Planned, folder: Exchange, data: bytes, actor: str
) -> bool:
    """Hide and name a batch; False if another run was quicker. Both under the book's lock: a slower run
    would hide anew, and then show, what the sender fetched already."""
    body = BatchNamed(
        batch=batch.batch, application=batch.application, plan=plan.digest, content=batch.content,
        file=batch.file, numbers=list(batch.numbers),
    )  # fmt: skip
    with journal.write(actor) as pen:
        if pen.rows(sa.select(BATCHES.c.batch).where(BATCHES.c.batch == batch.batch)):
            return False
        folder.hide(batch.file, data)
        pen.append(body, f"batch/{batch.batch}", key=f"batch:{batch.batch}")
    return True


def _visible(
    journal: Journal, batch: Planned, folder: Exchange, actor: str, *, again: bool
) -> Written:
    size = folder.show(batch.file)
    if size is None:  # it was visible before, and the sender may have fetched it
        size = folder.size(batch.file)
    done = BatchWritten(batch=batch.batch, file=batch.file, size=size or 0)
    journal.append(done, f"batch/{batch.batch}", actor, key=f"written:{batch.batch}")
    where = f"{folder.label}/{batch.file}"
    return Written(batch.batch, where, len(batch.numbers), again=again)


def real(
    content: ContentStore, vault: Vault, settings: Settings, batch: Planned, secret: str
) -> bytes:
    """The bytes for the sender: the stored form with the password and private values put in."""
    line_ends = settings.ace.line_ends == "lf"
    return fill_in(content.get(batch.content), secret, batch.slots, vault.open, line_ends)


@contextmanager
def outbound(settings: Settings, journal: Journal) -> Iterator[Exchange]:
    """The folder that the sender reads. Raises BadSettings if none is set or it is not there, and
    Refused where a drill's lies outside its own home: a drill sends nothing outside."""
    place = settings.ace.outbound
    if place is None:
        raise BadSettings("outbound-folder-not-set")
    inside = isinstance(place, Path) and place.resolve().is_relative_to(settings.home.resolve())
    if not inside and is_drill(journal):
        raise Refused("drill-folder-outside-home", location=place, home=settings.home)
    with exchange(place, settings.ace) as folder:
        yield folder


def password(settings: Settings) -> str:
    """The ACE communications password, from its own file. Raises BadSettings."""
    path = settings.ace.password_file
    try:
        secret = path.read_text(encoding="ascii").strip() if path else ""
    except (OSError, UnicodeDecodeError) as wrong:
        raise BadSettings("ace-password-file-unreadable", path=path, reason=wrong) from None
    if not (0 < len(secret) <= 6 and secret.isalnum()):
        raise BadSettings("ace-password-invalid")
    return secret.upper()
