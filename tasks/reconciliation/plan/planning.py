"""What to send, decided once and approved by its digest.

Which entries may go, and as what, is `classify`'s decision; a wrong or second SE burns the number
(CATAIR SE v40 p.32). What is on its way by an approved plan is not planned again while that plan
holds. Duty per statement date and payer is in the plan, so that it is approved too.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import asdict
from datetime import date

import sqlalchemy as sa

from tasks.ace.api import CeilingUse
from tasks.core.content import ContentStore
from tasks.core.errors import HeldBack, Problem
from tasks.core.journal.journal import Journal
from tasks.core.settings import Settings
from tasks.reconciliation.decisions.exclusions import foreign_filer_entries, is_desk_correctable
from tasks.reconciliation.plan.amounts_due import payment_notes, summary_payments, used_amounts
from tasks.reconciliation.plan.batch_building import PlanDraft, build_batches
from tasks.reconciliation.plan.eligibility import permitted_step, ready_entries, writable_plans
from tasks.reconciliation.plan.plan_store import TOPIC, PlannedBatch, SendingPlan, load_plan, store_plan
from tasks.reconciliation.state.entry_state import EntryState
from tasks.reconciliation.tables import BATCHES
from tasks.security.api import Act, ApprovalSettings, ask_for_approval, waiting_approvals
from tasks.workspace import Workspace


def make_sending_plan(
    journal: Journal, content: ContentStore, settings: Settings, preparer: str, today: date
) -> SendingPlan | None:
    """The plan that waits, if it still says what is ready; else a new one, with approval asked.

    None if nothing is ready. Raises HeldBack if every entry that is due has a fault.
    """
    waiting, draft, ready = _waiting_or_draft(journal, content, settings, today)
    if waiting or draft is None:
        return waiting
    return _ask_approval(_store_draft(draft, ready, settings), journal, preparer)


def held_entries(journal: Journal, content: ContentStore, settings: Settings, today: date) -> dict[str, Problem]:
    """Entries that are due and cannot be written, with the reason. Asks for nothing."""
    waiting, draft, ready = _waiting_or_draft(journal, content, settings, today)
    if waiting or draft is None:
        return dict(waiting.held) if waiting else {}
    build_batches(draft, ready)
    return dict(draft.held_entries)


def _waiting_or_draft(
    journal: Journal, content: ContentStore, settings: Settings, today: date
) -> tuple[SendingPlan | None, PlanDraft | None, dict[str, list[EntryState]]]:
    """The plan that waits and still says what is ready, or a draft of a new one; neither if nothing
    is ready."""
    going = writable_plans(journal, content, settings, today)
    away = {number for _, batches in going for batch in batches for number in batch.numbers}
    ready = ready_entries(journal, settings, away)
    if not ready:
        return None, None, ready
    entries = _entry_digests(ready)
    steps = _entry_steps(ready, settings)
    used = used_amounts(journal, content, going)
    for approval in reversed(waiting_approvals(journal, settings(ApprovalSettings).persons)):
        if approval.act is Act.SEND_BATCHES:
            waiting = load_plan(content, approval.plan)
            same = waiting.entries == entries and waiting.steps == steps
            foreign = foreign_filer_entries((entry for group in ready.values() for entry in group), settings)
            if (
                same
                and foreign.keys() <= waiting.held.keys()
                and not waiting.lapsed(today)
                and _same_amounts_used(waiting, used)
            ):
                return waiting, None, ready
            break
    workspace = Workspace(settings, journal=journal)
    return None, PlanDraft(workspace, today, _first_batch_number(journal, going), used), ready


def _entry_digests(ready: dict[str, list[EntryState]]) -> dict[str, str]:
    return {entry.number: entry.digest for group in ready.values() for entry in group}


def _entry_steps(ready: dict[str, list[EntryState]], settings: Settings) -> dict[str, str]:
    return {entry.number: str(permitted_step(entry, settings)) for group in ready.values() for entry in group}


def _same_amounts_used(plan: SendingPlan, used: CeilingUse) -> bool:
    """True if its statements hold what they held when it was made."""
    return all(
        used.get((date.fromisoformat(str(row["statement_date"])), str(row["payer"])), 0) == row["used"]
        for row in plan.duty
        if row["statement_date"]
    )


def _store_draft(draft: PlanDraft, ready: dict[str, list[EntryState]], settings: Settings) -> SendingPlan:
    build_batches(draft, ready)
    fields = {
        "day": draft.day.isoformat(),
        "batches": [asdict(batch) for batch in draft.batches],
        "entries": _entry_digests(ready),
        "steps": _entry_steps(ready, settings),
        "duty": draft.duty(),
        "notes": payment_notes(draft.payment_plans),
        "payments": summary_payments(draft.payment_plans),
        "dates": draft.dates,
        "held": {number: reason.facts() for number, reason in draft.held_entries.items()},
    }
    return store_plan(draft.workspace.content, fields)


def _ask_approval(plan: SendingPlan, journal: Journal, preparer: str) -> SendingPlan:
    if not plan.batches:
        at_desks = any(is_desk_correctable(reason) for reason in plan.held.values())
        raise HeldBack("entries-back-to-desks" if at_desks else "no-entry-writable", list(plan.held.values()))
    ask_for_approval(journal, plan.digest, Act.SEND_BATCHES, plan.binds, preparer, TOPIC)
    return plan


_BATCH_NUMBER = re.compile(r"\d{6}(\d{5,})")
"""A batch's id is its day and its number (`Envelope.batch_id`)."""


def _first_batch_number(journal: Journal, going: Iterable[tuple[SendingPlan, list[PlannedBatch]]]) -> int:
    """The number of the next batch: after all that are named, and all that are approved and will
    be, so that no two plans give one name to different batches."""
    names = [row.batch for row in journal.rows(sa.select(BATCHES.c.batch))]
    soon = [batch.batch for _, batches in going for batch in batches]
    matches = (_BATCH_NUMBER.search(name) for name in [*names, *soon])
    return max([len(names), *(int(match[1]) for match in matches if match)]) + 1
