"""What to send, decided once: a plan is content, approved by its digest, never planned anew.

Which entries may go, and as what, is `classify`'s verdict; a wrong or second SE burns the number
(CATAIR SE v40 p.32). Duty per statement date and payer is in the plan, so that it is approved too.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from datetime import date

import sqlalchemy as sa

from tasks.ace.batch import Batch, BatchLimits, Slot
from tasks.ace.cargo_release import write_batches
from tasks.ace.entry_summary import Known, prepare, write_prepared
from tasks.ace.envelope import Envelope
from tasks.ace.money.payment_totals import daily_totals
from tasks.ace.profile import offsets_from
from tasks.entries import shelf
from tasks.entries.record import TABLES, Record
from tasks.reconciliation import terms, zone_weeks
from tasks.reconciliation.account import RELEASED, SE_ROUTE
from tasks.reconciliation.classify import Step, classify
from tasks.reconciliation.facts import facts_of
from tasks.reconciliation.view import NOTICE, Standing, standings
from tasks.shared import approval, clock, kinds
from tasks.shared.content import ContentStore
from tasks.shared.errors import (
    BadInput,
    ContinuityError,
    HeldBack,
    Problem,
    Refused,
    RouteRefused,
)
from tasks.shared.journal import Journal, is_drill
from tasks.shared.projections import BATCHES
from tasks.shared.settings import Settings

WHAT = "ACE batches"
APPLICATIONS = {Step.SEND_RELEASE: "SE", Step.SEND_SUMMARY: "AE", Step.SEND_CERTIFIED: "AE"}


@dataclass(frozen=True)
class Planned:
    """One batch of a plan. `content` is the SHA-256 of its stored form: `PASSWD` and placeholders
    where `slots` put the real values."""

    application: str
    batch: str
    file: str
    content: str
    numbers: tuple[str, ...]
    slots: tuple[Slot, ...]


@dataclass(frozen=True)
class Plan:
    """`entries`: the digest of each entry's rows as they were planned. `duty`: statement date,
    payer, summaries, cents and whether that is over the payer's ceiling. `held`: entries that
    were due but cannot be written, with the first reason; they keep no other entry back. `steps`: what
    was to be done with each entry, which must still be so when it is written."""

    digest: str
    batches: tuple[Planned, ...]
    entries: dict[str, str]
    duty: tuple[dict[str, object], ...] = field(default=())
    held: dict[str, str] = field(default_factory=dict)
    steps: dict[str, str] = field(default_factory=dict)

    @property
    def binds(self) -> list[str]:
        return [batch.content for batch in self.batches]

    @property
    def numbers(self) -> list[str]:
        return [number for batch in self.batches for number in batch.numbers]


def ready(journal: Journal, settings: Settings) -> dict[str, list[Standing]]:
    """By application, the entries that may be sent now."""
    found: dict[str, list[Standing]] = {}
    for one in standings(journal):
        if application := APPLICATIONS.get(step_of(one, settings)):
            found.setdefault(application, []).append(one)
    return found


def step_of(one: Standing, settings: Settings) -> Step:
    """What may be done with an entry now. Where ACE cannot be asked, only a first release is sent."""
    if settings.ace.ask_first:
        return classify(one).step
    unsent = one.state == "recorded" and "SE" not in one.sent and NOTICE not in one.views
    go = unsent and one.route == SE_ROUTE and one.outcome in RELEASED
    return Step.SEND_RELEASE if go else Step.AT_PORT


def make(
    journal: Journal, content: ContentStore, settings: Settings, preparer: str, today: date
) -> Plan | None:
    """The plan that waits, if it still says what is ready; else a new one, with approval asked.

    None if nothing is ready. Raises HeldBack if every entry that is due has a fault.
    """
    wanted = ready(journal, settings)
    if not wanted:
        return None
    entries = {one.number: one.digest for some in wanted.values() for one in some}
    steps = {one.number: str(step_of(one, settings)) for some in wanted.values() for one in some}
    for asked in reversed(approval.waiting(journal, settings.approval.persons)):
        if asked.what.startswith(WHAT):
            known = load(content, asked.plan)
            same = known.entries == entries and known.steps == steps
            if same and _days_hold(known, today):
                return known
            break
    plan = _new(journal, content, settings, wanted, {"entries": entries, "steps": steps}, today)
    if not plan.batches:
        raise HeldBack(
            "No entry that is due can be written:",
            [Problem(value=number, wrong=reason) for number, reason in plan.held.items()],
        )
    what = f"{WHAT}: {len(plan.numbers)} entries in {len(plan.batches)} file(s)"
    approval.ask(journal, plan.digest, what, plan.binds, preparer)
    return plan


def _days_hold(plan: Plan, today: date) -> bool:
    """Statement dates are set at sending: a plan with duty is good for its own day only."""
    return not plan.duty or all(f"{today:%y%m%d}" in batch.batch for batch in plan.batches)


def _new(
    journal: Journal,
    content: ContentStore,
    settings: Settings,
    wanted: Mapping[str, list[Standing]],
    known: dict[str, dict[str, str]],
    today: date,
) -> Plan:
    first = journal.rows(sa.select(sa.func.count()).select_from(BATCHES))[0][0] + 1
    planned: list[Planned] = []
    duty: list[dict[str, object]] = []
    held: dict[str, str] = {}
    for application in ("SE", "AE"):
        some = wanted.get(application, [])
        if not some:
            continue
        build = _releases if application == "SE" else _summaries
        for part, limits in _parts(some, application, settings):
            house = (journal, content, settings, today, first + len(planned), limits)
            batches, owed = _without_faulty(build, part, held, house)
            duty += owed
            planned += [_planned(application, batch, content) for batch in batches]
    said = {"batches": [asdict(batch) for batch in planned], "duty": duty, "held": held, **known}
    return load(content, content.put(kinds.canonical(said).encode()))


Built = tuple[list[Batch], list[dict[str, object]]]
Place = tuple[Journal, ContentStore, Settings, date, int, BatchLimits]
_NUMBER = re.compile(r"[0-9A-Z]{3}-[0-9]{7}-[0-9]")


def _without_faulty(
    build: Callable[..., Built], part: list[Standing], held: dict[str, str], place: Place
) -> Built:
    """Build what can be built. An entry with a fault is held with its reason, so that one desk's
    slip does not keep the others back. Raises BadInput for a fault that belongs to no entry."""
    while part:
        try:
            return build(part, *place)
        except (BadInput, RouteRefused) as wrong:
            faulty = _faulty(wrong, {one.number for one in part})
            if not faulty:
                raise
            held |= faulty
            part = [one for one in part if one.number not in faulty]
    return [], []


def _faulty(wrong: ContinuityError, wanted: set[str]) -> dict[str, str]:
    found: dict[str, str] = {}
    for text in [*map(str, wrong.problems), *([] if wrong.problems else [str(wrong)])]:
        for number in _NUMBER.findall(text):
            if number in wanted:
                found.setdefault(number, text)
    return found


def _releases(
    some: list[Standing],
    journal: Journal,
    content: ContentStore,
    settings: Settings,
    today: date,
    first: int,
    limits: BatchLimits,
) -> Built:
    record = records(content, {one.number: one.content for one in some})
    zone_weeks.refuse(record.entries, today)
    envelope = envelope_of(journal, settings, today)
    batches = write_batches(
        record, envelope, limits, first, accept_86=settings.ace.accept_type_86,
        offsets=offsets_from(settings),
    )  # fmt: skip
    return list(batches), []


def _summaries(
    some: list[Standing],
    journal: Journal,
    content: ContentStore,
    settings: Settings,
    today: date,
    first: int,
    limits: BatchLimits,
) -> Built:
    record = records(content, {one.number: one.content for one in some})
    payment = terms.of_house(settings, today)
    ready_ = prepare(
        record, payment, quota_one_step=settings.ace.quota_one_step, known=_known(some)
    )
    envelope = replace(envelope_of(journal, settings, today), application="AE")
    batches = write_prepared(ready_, envelope, limits, first,
                             offsets=offsets_from(settings))  # fmt: skip
    totals = daily_totals(ready_.plan, payment).to_pylist()
    return list(batches), [{**row, "statement_date": str(row["statement_date"] or "")}
                           for row in totals]  # fmt: skip


def _known(some: Sequence[Standing]) -> Known:
    """What ACE shows of entries: those on file are not certified; its dates decide the fees."""
    on_file = frozenset(one.number for one in some if classify(one).step is Step.SEND_SUMMARY)
    dates = {one.number: date.fromisoformat(day) for one in some if (day := facts_of(one).dated)}
    return Known(released=on_file, entry_dates=dates)


def _parts(
    some: list[Standing], application: str, settings: Settings
) -> Iterable[tuple[list[Standing], BatchLimits]]:
    """Entries of a batch that was rejected whole go again one by one, so that the faulty one is
    found; all others go in batches of the usual size."""
    usual = BatchLimits(settings.ace.entries_per_block, settings.ace.blocks_per_batch)
    again = [one for one in some if _was_rejected_whole(one, application)]
    rest = [one for one in some if one not in again]
    return [(part, limits) for part, limits in ((rest, usual), (again, BatchLimits(1, 1))) if part]


def _was_rejected_whole(one: Standing, application: str) -> bool:
    sent = one.sent.get(application)
    return sent is not None and sent.state == "batch rejected"


def _planned(application: str, batch: Batch, content: ContentStore) -> Planned:
    return Planned(
        application=application,
        batch=batch.batch_id,
        file=f"{clock.stamp()}-{application.lower()}-{batch.port}-{batch.sequence:03d}.abi",
        content=content.put(batch.bytes()),
        numbers=tuple(batch.numbers),
        slots=batch.slots,
    )


def load(content: ContentStore, digest: str) -> Plan:
    """A plan by its digest. Raises ContentMissing."""
    said = json.loads(content.get(digest))
    batches = tuple(
        Planned(
            application=one["application"],
            batch=one["batch"],
            file=one["file"],
            content=one["content"],
            numbers=tuple(one["numbers"]),
            slots=tuple(Slot(**slot) for slot in one["slots"]),
        )
        for one in said["batches"]
    )
    return Plan(digest, batches, said["entries"], tuple(said["duty"]), said["held"],
                said.get("steps", {}))  # fmt: skip


def records(
    content: ContentStore, wanted: Mapping[str, str], tables: Sequence[str] = TABLES
) -> Record:
    """The rows of these numbers, each from the content it stands in, or some tables of them."""
    return shelf.record(content, wanted, tables)


def envelope_of(journal: Journal, settings: Settings, today: date) -> Envelope:
    """The sender's envelope. Raises Refused if CBP's site code and sender id are not set."""
    ace = settings.ace
    if not (ace.site_code and ace.sender_id):
        raise Refused(
            "Set site_code and sender_id under [ace] in continuity.toml, as CBP gave them"
        )
    return Envelope(
        site_code=ace.site_code,
        sender_id=ace.sender_id,
        filer_code=settings.broker.filer_code,
        office_code=ace.office_code,
        application="SE",
        transmission_date=today,
        mark="DRILL-" if is_drill(journal) else "",
    )
