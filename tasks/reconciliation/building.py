"""The batches of a plan, application by application, and what they owe. An entry with a fault is held
with its reason, so that one desk's slip does not keep the others back."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date

import pyarrow as pa

from tasks.ace.batch import Batch, BatchLimits
from tasks.ace.cargo_release import write_batches
from tasks.ace.entry_summary import Known, prepare, write_prepared
from tasks.ace.envelope import Envelope
from tasks.ace.money.payment import Payment, Used
from tasks.ace.profile import offsets_from
from tasks.ace.summary.dates import date_differences
from tasks.entries import shelf
from tasks.entries.record import TABLES, Record
from tasks.reconciliation import consolidations, owed, terms, warehouse, zone_weeks
from tasks.reconciliation.classify import Step, classify
from tasks.reconciliation.covering import releases
from tasks.reconciliation.facts import facts_of
from tasks.reconciliation.filers import foreign
from tasks.reconciliation.planned import Planned, Row
from tasks.reconciliation.rejections import was_passing
from tasks.reconciliation.standings import standings
from tasks.reconciliation.view import IMPORTER, Standing
from tasks.shared import clock
from tasks.shared.content import ContentStore
from tasks.shared.errors import BadInput, ContinuityError, Problem, Refused, RouteRefused
from tasks.shared.journal import Journal, is_drill
from tasks.shared.settings import Settings
from tasks.workspace import Workspace


@dataclass
class Draft:
    """A plan in the making; `first` is the number of the next batch, `used` what stands on
    statements before it."""

    workspace: Workspace
    day: date
    first: int
    used: Used
    batches: list[Planned] = field(default_factory=list)
    held: dict[str, Problem] = field(default_factory=dict)
    owed: list[pa.Table] = field(default_factory=list)
    dates: list[Row] = field(default_factory=list)

    def payment(self) -> Payment:
        """Terms of the house, with what earlier parts of this plan put on statements too."""
        before = dict(self.used)
        for payer, day, amount in owed.payments(self.owed).values():
            if day:
                key = (date.fromisoformat(day), payer)
                before[key] = before.get(key, 0) + amount
        return terms.of_house(self.workspace.settings, self.day, before)

    def duty(self) -> list[Row]:
        """What all its summaries owe, by statement date and payer."""
        if not self.owed:
            return []
        return owed.duty(self.owed, terms.of_house(self.workspace.settings, self.day, self.used))


@dataclass(frozen=True)
class Built:
    """One part: its batches, and for summaries the payment plan and differing dates."""

    batches: list[Batch]
    owed: pa.Table | None = None
    dates: Sequence[Row] = ()


def build(draft: Draft, wanted: Mapping[str, list[Standing]]) -> None:
    """Build what can be built of the entries of each application."""
    others = foreign((one for some in wanted.values() for one in some), draft.workspace.settings)
    draft.held |= others
    for application, made in (("SE", _releases), ("AE", _summaries)):
        some = [one for one in wanted.get(application, []) if one.number not in others]
        for part, limits in _parts(some, application, draft.workspace.settings):
            built = _without_faulty(made, part, draft, limits)
            draft.batches += [_planned(application, one, draft.workspace) for one in built.batches]
            draft.first += len(built.batches)
            draft.owed += [] if built.owed is None else [built.owed]
            draft.dates += built.dates


def _parts(
    some: list[Standing], application: str, settings: Settings
) -> Iterable[tuple[list[Standing], BatchLimits]]:
    """Entries of a batch that was rejected whole for what stood in it go again one by one, so that the
    faulty one is found; all others go in batches of the usual size."""
    usual = BatchLimits(settings.ace.entries_per_block, settings.ace.blocks_per_batch)
    again = [one for one in some if _was_rejected_whole(one, application)]
    rest = [one for one in some if one not in again]
    return [(part, limits) for part, limits in ((rest, usual), (again, BatchLimits(1, 1))) if part]


def _was_rejected_whole(one: Standing, application: str) -> bool:
    sent = one.sent.get(application)
    return sent is not None and sent.state == "batch rejected" and not was_passing(sent)


Maker = Callable[[list[Standing], Draft, BatchLimits], Built]


def _without_faulty(
    made: Maker, part: list[Standing], draft: Draft, limits: BatchLimits
) -> Built:  # fmt: skip
    """Raises BadInput for a fault that belongs to no entry."""
    while part:
        try:
            return made(part, draft, limits)
        except (BadInput, RouteRefused) as wrong:
            faulty = _faulty(wrong, {one.number for one in part})
            if not faulty:
                raise
            draft.held |= faulty
            part = [one for one in part if one.number not in faulty]
    return Built([])


def _faulty(wrong: ContinuityError, due: set[str]) -> dict[str, Problem]:
    """The first problem of each entry that is due and has one."""
    faulty: dict[str, Problem] = {}
    for problem in wrong.problems:
        if problem.subject in due:
            faulty.setdefault(problem.subject, problem)
    return faulty


def _releases(some: list[Standing], draft: Draft, limits: BatchLimits) -> Built:
    workspace = draft.workspace
    record = records(workspace.content, {one.number: one.content for one in some})
    zone_weeks.refuse(record.entries, draft.day)
    envelope = envelope_of(workspace.journal, workspace.settings, draft.day)
    batches = write_batches(
        record, envelope, limits, draft.first, accept_86=workspace.settings.ace.accept_type_86,
        offsets=offsets_from(workspace.settings),
    )  # fmt: skip
    return Built(list(batches))


def _summaries(some: list[Standing], draft: Draft, limits: BatchLimits) -> Built:
    workspace = draft.workspace
    record = records(workspace.content, {one.number: one.content for one in some})
    known = _known(some)
    one_step = workspace.settings.ace.quota_one_step
    covers = releases(workspace.journal, [one.number for one in some if one.consolidating])
    every = {one.number: one for one in standings(workspace.journal)}
    consolidations.refuse(workspace.content, covers, every)
    warehouse.refuse(record.entries, every)
    ready = prepare(record, draft.payment(), quota_one_step=one_step, known=known, releases=covers)
    envelope = envelope_of(workspace.journal, workspace.settings, draft.day)
    envelope = replace(envelope, application="AE")
    batches = write_prepared(ready, envelope, limits, draft.first,
                             offsets=offsets_from(workspace.settings))  # fmt: skip
    return Built(list(batches), ready.plan, _dates(record, known))


def _known(some: Sequence[Standing]) -> Known:
    """What ACE shows of entries: those on file are not certified; its dates decide the fees; who is
    not enrolled cannot pay monthly."""
    on_file = frozenset(one.number for one in some if classify(one).step is Step.SEND_SUMMARY)
    dates = {one.number: date.fromisoformat(day) for one in some if (day := facts_of(one).dated)}
    said = ((one.importer, one.views.get(IMPORTER)) for one in some)
    unenrolled = {number for number, view in said if view is not None and view.monthly is False}
    return Known(released=on_file, entry_dates=dates, unenrolled=frozenset(unenrolled))


def _dates(record: Record, known: Known) -> list[Row]:
    rows = date_differences(record, known.entry_dates).to_pylist()
    days = ("paper_date", "ace_date")
    return [row | {name: row[name].isoformat() for name in days} for row in rows]


def _planned(application: str, batch: Batch, workspace: Workspace) -> Planned:
    return Planned(
        application=application,
        batch=batch.batch_id,
        file=f"{clock.stamp()}-{application.lower()}-{batch.port}-{batch.sequence:03d}.abi",
        content=workspace.content.put(batch.bytes()),
        numbers=tuple(batch.numbers),
        slots=batch.slots,
    )


def records(
    content: ContentStore, wanted: Mapping[str, str], tables: Sequence[str] = TABLES
) -> Record:
    """The rows of these numbers, each from the content it stands in, or some tables of them."""
    return shelf.record(content, wanted, tables)


def envelope_of(journal: Journal, settings: Settings, today: date) -> Envelope:
    """The sender's envelope. Raises Refused if CBP's site code and sender id are not set."""
    ace = settings.ace
    if not (ace.site_code and ace.sender_id):
        raise Refused("sender-id-not-set")
    return Envelope(
        site_code=ace.site_code,
        sender_id=ace.sender_id,
        filer_code=settings.broker.filer_code,
        office_code=ace.office_code,
        application="SE",
        transmission_date=today,
        mark="DRILL-" if is_drill(journal) else "",
    )
