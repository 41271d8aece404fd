"""What to send, decided once: a plan is content, approved by its digest, never planned anew.

Only entries that the port released, whose route begins with an SE, and that no batch has named go
into a plan; a wrong or second SE burns the number (CATAIR SE v40 p.32).
"""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from datetime import date

import sqlalchemy as sa

from tasks.ace.batch import BatchLimits, Slot
from tasks.ace.cargo_release import write_batches
from tasks.ace.envelope import Envelope
from tasks.entries.record import Record, concat, from_bytes
from tasks.reconciliation.account import RELEASED, SE_ROUTE
from tasks.shared import approval, clock, kinds
from tasks.shared.content import ContentStore
from tasks.shared.errors import Refused
from tasks.shared.journal import Journal, is_drill
from tasks.shared.projections import BATCHES, ENTRIES, NUMBERS, SENT
from tasks.shared.settings import Settings

WHAT = "SE batches"


@dataclass(frozen=True)
class Planned:
    """One batch of a plan. `content` is the SHA-256 of its stored form: `PASSWD` and placeholders
    where `slots` put the real values."""

    batch: str
    file: str
    content: str
    numbers: tuple[str, ...]
    slots: tuple[Slot, ...]


@dataclass(frozen=True)
class Plan:
    """`entries` is the digest of each entry's rows as they were planned."""

    digest: str
    batches: tuple[Planned, ...]
    entries: dict[str, str]

    @property
    def binds(self) -> list[str]:
        return [batch.content for batch in self.batches]

    @property
    def numbers(self) -> list[str]:
        return [number for batch in self.batches for number in batch.numbers]


def ready(journal: Journal) -> dict[str, tuple[str, str]]:
    """Number -> (content, digest of its rows) of the entries that may be sent now."""
    query = (
        sa.select(ENTRIES.c.number, ENTRIES.c.content, ENTRIES.c.digest)
        .join(NUMBERS, NUMBERS.c.number == ENTRIES.c.number)
        .outerjoin(SENT, sa.and_(SENT.c.number == ENTRIES.c.number, SENT.c.application == "SE"))
        .where(NUMBERS.c.state == "recorded", SENT.c.batch.is_(None))
        .where(ENTRIES.c.route == SE_ROUTE, ENTRIES.c.outcome.in_(RELEASED))
        .order_by(ENTRIES.c.number)
    )
    return {row.number: (row.content, row.digest) for row in journal.rows(query)}


def make(
    journal: Journal, content: ContentStore, settings: Settings, preparer: str, today: date
) -> Plan | None:
    """The plan that waits, if it still says what is ready; else a new one, with approval asked.

    None if nothing is ready. Raises BadInput if an entry cannot be written as an SE.
    """
    wanted = ready(journal)
    if not wanted:
        return None
    for asked in reversed(approval.waiting(journal, settings.approval.persons)):
        if asked.what.startswith(WHAT):
            known = load(content, asked.plan)
            if known.entries == {number: digest for number, (_, digest) in wanted.items()}:
                return known
            break
    plan = _new(journal, content, settings, wanted, today)
    what = f"{WHAT}: {len(plan.numbers)} entries in {len(plan.batches)} file(s)"
    approval.ask(journal, plan.digest, what, plan.binds, preparer)
    return plan


def _new(
    journal: Journal,
    content: ContentStore,
    settings: Settings,
    wanted: dict[str, tuple[str, str]],
    today: date,
) -> Plan:
    record = records(content, {number: where for number, (where, _) in wanted.items()})
    first = journal.rows(sa.select(sa.func.count()).select_from(BATCHES))[0][0] + 1
    limits = BatchLimits(settings.ace.entries_per_block, settings.ace.blocks_per_batch)
    envelope = envelope_of(journal, settings, today)
    planned = [
        Planned(
            batch=batch.batch_id,
            file=f"{clock.stamp()}-se-{batch.port}-{batch.sequence:03d}.abi",
            content=content.put(batch.bytes()),
            numbers=tuple(batch.numbers),
            slots=batch.slots,
        )
        for batch in write_batches(
            record, envelope, limits, first, accept_86=settings.ace.accept_type_86
        )
    ]
    said = {
        "batches": [asdict(batch) for batch in planned],
        "entries": {number: digest for number, (_, digest) in wanted.items()},
    }
    return load(content, content.put(kinds.canonical(said).encode()))


def load(content: ContentStore, digest: str) -> Plan:
    """A plan by its digest. Raises ContentMissing."""
    said = json.loads(content.get(digest))
    batches = tuple(
        Planned(
            batch=one["batch"],
            file=one["file"],
            content=one["content"],
            numbers=tuple(one["numbers"]),
            slots=tuple(Slot(**slot) for slot in one["slots"]),
        )
        for one in said["batches"]
    )
    return Plan(digest, batches, said["entries"])


def records(content: ContentStore, wanted: dict[str, str]) -> Record:
    """The rows of these numbers, each from the content it stands in."""
    by_content: dict[str, list[str]] = {}
    for number, where in wanted.items():
        by_content.setdefault(where, []).append(number)
    return concat(
        [from_bytes(content.get(where)).take(numbers) for where, numbers in by_content.items()]
    )


def envelope_of(journal: Journal, settings: Settings, today: date) -> Envelope:
    """The sender's envelope. Raises Refused if CBP's site code and sender id are not set."""
    ace = settings.ace
    if not (ace.site_code and ace.sender_id):
        raise Refused("Set site_code and sender_id under [ace] in continuity.toml, as CBP gave them")
    return Envelope(
        site_code=ace.site_code,
        sender_id=ace.sender_id,
        filer_code=settings.broker.filer_code,
        office_code=ace.office_code,
        application="SE",
        transmission_date=today,
        mark="DRILL-" if is_drill(journal) else "",
    )


def require_current(journal: Journal, plan: Plan) -> None:
    """Raises Refused if an entry of the plan was revised, settled or sent since."""
    digests = {row.number: row.digest for row in journal.rows(sa.select(ENTRIES))}
    changed = [number for number, digest in plan.entries.items() if digests.get(number) != digest]
    if changed:
        raise Refused(
            f"Plan {plan.digest[:12]} is out of date: {', '.join(changed[:5])} changed since it was "
            "made. Make a new one: continuity reconcile plan"
        )


