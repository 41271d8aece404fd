"""The batches of a plan, application by application, and what they owe. An entry with a fault is held
with its reason, so that one desk's slip does not keep the others back."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date

import pyarrow as pa

from tasks.ace.api import (
    AceHoldings,
    AceSettings,
    BatchLimits,
    CeilingUse,
    Envelope,
    OutboundBatch,
    PaymentSetup,
    date_differences,
    number_offsets,
    prepare_summaries,
    write_batches,
    write_prepared,
)
from tasks.core import clock
from tasks.core.content import ContentStore
from tasks.core.errors import BadInput, ContinuityError, Problem, Refused, RouteRefused
from tasks.core.journal.journal import Journal, is_drill
from tasks.core.settings import BrokerSettings, Settings
from tasks.entries.api import RECORD_TABLES, EntryRecord, FilerSettings, record_of_entries
from tasks.reconciliation.decisions.classification import classify
from tasks.reconciliation.decisions.consolidation import covered_releases
from tasks.reconciliation.decisions.entry_facts import derive_facts
from tasks.reconciliation.decisions.exclusions import foreign_filer_entries
from tasks.reconciliation.decisions.rule_table import NextStep
from tasks.reconciliation.plan.acceptance_checks import (
    refuse_consolidations,
    refuse_warehouse_entries,
    refuse_zone_weeks,
)
from tasks.reconciliation.plan.amounts_due import daily_duty, summary_payments
from tasks.reconciliation.plan.payment_terms import read_payment_terms
from tasks.reconciliation.plan.plan_store import PlannedBatch, Row
from tasks.reconciliation.state.entry_reader import list_entry_states
from tasks.reconciliation.state.entry_state import IMPORTER, EntryState
from tasks.reconciliation.state.rejections import is_transient_rejection
from tasks.workspace import Workspace


@dataclass
class PlanDraft:
    """A plan in the making; `first` is the number of the next batch, `used` what stands on
    statements before it."""

    workspace: Workspace
    day: date
    first: int
    used: CeilingUse
    batches: list[PlannedBatch] = field(default_factory=list)
    held_entries: dict[str, Problem] = field(default_factory=dict)
    payment_plans: list[pa.Table] = field(default_factory=list)
    dates: list[Row] = field(default_factory=list)

    def payment(self) -> PaymentSetup:
        """The broker's terms, with what earlier parts of this plan put on statements too."""
        before = dict(self.used)
        for payer, day, amount in summary_payments(self.payment_plans).values():
            if day:
                key = (date.fromisoformat(day), payer)
                before[key] = before.get(key, 0) + amount
        return read_payment_terms(self.workspace.settings, self.day, before)

    def duty(self) -> list[Row]:
        """What all its summaries owe, by statement date and payer."""
        if not self.payment_plans:
            return []
        return daily_duty(self.payment_plans, read_payment_terms(self.workspace.settings, self.day, self.used))


@dataclass(frozen=True)
class BuiltBatches:
    """One part: its batches, and for summaries the payment plan and differing dates."""

    batches: list[OutboundBatch]
    payment_plan: pa.Table | None = None
    dates: Sequence[Row] = ()


def build_batches(draft: PlanDraft, entries: Mapping[str, list[EntryState]]) -> None:
    """Build what can be built of the entries of each application."""
    foreign = foreign_filer_entries(
        (entry for application_entries in entries.values() for entry in application_entries), draft.workspace.settings
    )
    draft.held_entries |= foreign
    for application, maker in (("SE", _build_releases), ("AE", _build_summaries)):
        application_entries = [entry for entry in entries.get(application, []) if entry.number not in foreign]
        for part, limits in _parts(application_entries, application, draft.workspace.settings):
            built = _build_without_faulty(maker, part, draft, limits)
            draft.batches += [_planned_batch(application, entry, draft.workspace) for entry in built.batches]
            draft.first += len(built.batches)
            draft.payment_plans += [] if built.payment_plan is None else [built.payment_plan]
            draft.dates += built.dates


def _parts(
    entries: list[EntryState], application: str, settings: Settings
) -> Iterable[tuple[list[EntryState], BatchLimits]]:
    """Entries of a batch that was rejected whole for what stood in it go again one by one, so that the
    faulty one is found; all others go in batches of the usual size."""
    usual = BatchLimits(settings(AceSettings).entries_per_block, settings(AceSettings).blocks_per_batch)
    alone = [entry for entry in entries if _was_rejected_whole(entry, application)]
    usual_entries = [entry for entry in entries if entry not in alone]
    return [(part, limits) for part, limits in ((usual_entries, usual), (alone, BatchLimits(1, 1))) if part]


def _was_rejected_whole(entry: EntryState, application: str) -> bool:
    sent = entry.sent.get(application)
    return sent is not None and sent.state == "batch rejected" and not is_transient_rejection(sent)


Maker = Callable[[list[EntryState], PlanDraft, BatchLimits], BuiltBatches]


def _build_without_faulty(maker: Maker, part: list[EntryState], draft: PlanDraft, limits: BatchLimits) -> BuiltBatches:
    """Raises BadInput for a fault that belongs to no entry."""
    while part:
        try:
            return maker(part, draft, limits)
        except (BadInput, RouteRefused) as wrong:
            faulty = _first_problems(wrong, {entry.number for entry in part})
            if not faulty:
                raise
            draft.held_entries |= faulty
            part = [entry for entry in part if entry.number not in faulty]
    return BuiltBatches([])


def _first_problems(wrong: ContinuityError, due: set[str]) -> dict[str, Problem]:
    """The first problem of each entry that is due and has one."""
    faulty: dict[str, Problem] = {}
    for problem in wrong.problems:
        if problem.subject in due:
            faulty.setdefault(problem.subject, problem)
    return faulty


def _build_releases(entries: list[EntryState], draft: PlanDraft, limits: BatchLimits) -> BuiltBatches:
    workspace = draft.workspace
    record = load_records(workspace.content, {entry.number: entry.content for entry in entries})
    refuse_zone_weeks(record.entries, draft.day)
    envelope = envelope_of(workspace.journal, workspace.settings, draft.day)
    batches = write_batches(
        record,
        envelope,
        limits,
        draft.first,
        accept_86=workspace.settings(FilerSettings).accept_type_86,
        offsets=number_offsets(workspace.settings),
    )
    return BuiltBatches(list(batches))


def _build_summaries(entries: list[EntryState], draft: PlanDraft, limits: BatchLimits) -> BuiltBatches:
    workspace = draft.workspace
    record = load_records(workspace.content, {entry.number: entry.content for entry in entries})
    holdings = _ace_holdings(entries)
    one_step = workspace.settings(FilerSettings).quota_one_step
    covers = covered_releases(workspace.journal, [entry.number for entry in entries if entry.consolidating])
    states = {entry.number: entry for entry in list_entry_states(workspace.journal)}
    refuse_consolidations(workspace.content, covers, states)
    refuse_warehouse_entries(record.entries, states)
    ready = prepare_summaries(record, draft.payment(), quota_one_step=one_step, known=holdings, releases=covers)
    envelope = envelope_of(workspace.journal, workspace.settings, draft.day)
    envelope = replace(envelope, application="AE")
    batches = write_prepared(ready, envelope, limits, draft.first, offsets=number_offsets(workspace.settings))
    return BuiltBatches(list(batches), ready.plan, _date_rows(record, holdings))


def _ace_holdings(entries: Sequence[EntryState]) -> AceHoldings:
    """What ACE shows of entries: those on file are not certified; its dates decide the fees; who is
    not enrolled cannot pay monthly."""
    on_file = frozenset(entry.number for entry in entries if classify(entry).step is NextStep.SEND_SUMMARY)
    dates = {entry.number: date.fromisoformat(day) for entry in entries if (day := derive_facts(entry).dated)}
    statuses = ((entry.importer, entry.ace_statuses.get(IMPORTER)) for entry in entries)
    unenrolled = {number for number, status in statuses if status is not None and status.monthly is False}
    return AceHoldings(released=on_file, entry_dates=dates, unenrolled=frozenset(unenrolled))


def _date_rows(record: EntryRecord, holdings: AceHoldings) -> list[Row]:
    rows = date_differences(record, holdings.entry_dates).to_pylist()
    days = ("paper_date", "ace_date")
    return [row | {name: row[name].isoformat() for name in days} for row in rows]


def _planned_batch(application: str, batch: OutboundBatch, workspace: Workspace) -> PlannedBatch:
    return PlannedBatch(
        application=application,
        batch=batch.batch_id,
        file=f"{clock.stamp()}-{application.lower()}-{batch.port}-{batch.sequence:03d}.abi",
        content=workspace.content.put(batch.bytes()),
        numbers=tuple(batch.numbers),
        slots=batch.slots,
    )


def load_records(
    content: ContentStore, contents: Mapping[str, str], tables: Sequence[str] = RECORD_TABLES
) -> EntryRecord:
    """The rows of these numbers, each from the content it stands in, or some tables of them."""
    return record_of_entries(content, contents, tables)


def envelope_of(journal: Journal, settings: Settings, today: date) -> Envelope:
    """The sender's envelope. Raises Refused if CBP's site code and sender id are not set."""
    ace = settings(AceSettings)
    if not (ace.site_code and ace.sender_id):
        raise Refused("sender-id-not-set")
    return Envelope(
        site_code=ace.site_code,
        sender_id=ace.sender_id,
        filer_code=settings(BrokerSettings).filer_code,
        office_code=ace.office_code,
        application="SE",
        transmission_date=today,
        mark="DRILL-" if is_drill(journal) else "",
    )
