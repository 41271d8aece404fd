"""What to send, decided once and approved by its digest.

Which entries may go, and as what, is `classify`'s verdict; a wrong or second SE burns the number
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
    known, draft, wanted = _known(journal, content, settings, today)
    if known or draft is None:
        return known
    return _asked(_kept(draft, wanted, settings), journal, preparer)


def held_entries(journal: Journal, content: ContentStore, settings: Settings, today: date) -> dict[str, Problem]:
    """Entries that are due and cannot be written, with the reason. Asks for nothing."""
    known, draft, wanted = _known(journal, content, settings, today)
    if known or draft is None:
        return dict(known.held) if known else {}
    build_batches(draft, wanted)
    return dict(draft.held)


def _known(
    journal: Journal, content: ContentStore, settings: Settings, today: date
) -> tuple[SendingPlan | None, PlanDraft | None, dict[str, list[EntryState]]]:
    """The plan that waits and still says what is ready, or a draft of a new one; neither if nothing
    is ready."""
    going = writable_plans(journal, content, settings, today)
    away = {number for _, batches in going for batch in batches for number in batch.numbers}
    wanted = ready_entries(journal, settings, away)
    if not wanted:
        return None, None, wanted
    entries = _entries(wanted)
    steps = _steps(wanted, settings)
    used = used_amounts(journal, content, going)
    for asked in reversed(waiting_approvals(journal, settings(ApprovalSettings).persons)):
        if asked.act is Act.SEND_BATCHES:
            known = load_plan(content, asked.plan)
            same = known.entries == entries and known.steps == steps
            others = foreign_filer_entries((one for some in wanted.values() for one in some), settings)
            if same and others.keys() <= known.held.keys() and not known.lapsed(today) and _used_so(known, used):
                return known, None, wanted
            break
    workspace = Workspace(settings, journal=journal)
    return None, PlanDraft(workspace, today, _first(journal, going), used), wanted


def _entries(wanted: dict[str, list[EntryState]]) -> dict[str, str]:
    return {one.number: one.digest for some in wanted.values() for one in some}


def _steps(wanted: dict[str, list[EntryState]], settings: Settings) -> dict[str, str]:
    return {one.number: str(permitted_step(one, settings)) for some in wanted.values() for one in some}


def _used_so(plan: SendingPlan, used: CeilingUse) -> bool:
    """True if its statements hold what they held when it was made."""
    return all(
        used.get((date.fromisoformat(str(row["statement_date"])), str(row["payer"])), 0) == row["used"]
        for row in plan.duty
        if row["statement_date"]
    )


def _kept(draft: PlanDraft, wanted: dict[str, list[EntryState]], settings: Settings) -> SendingPlan:
    build_batches(draft, wanted)
    said = {
        "day": draft.day.isoformat(),
        "batches": [asdict(batch) for batch in draft.batches],
        "entries": _entries(wanted),
        "steps": _steps(wanted, settings),
        "duty": draft.duty(),
        "notes": payment_notes(draft.owed),
        "payments": summary_payments(draft.owed),
        "dates": draft.dates,
        "held": {number: reason.facts() for number, reason in draft.held.items()},
    }
    return store_plan(draft.workspace.content, said)


def _asked(plan: SendingPlan, journal: Journal, preparer: str) -> SendingPlan:
    if not plan.batches:
        at_desks = any(is_desk_correctable(reason) for reason in plan.held.values())
        raise HeldBack("entries-back-to-desks" if at_desks else "no-entry-writable", list(plan.held.values()))
    ask_for_approval(journal, plan.digest, Act.SEND_BATCHES, plan.binds, preparer, TOPIC)
    return plan


_ENDING = re.compile(r"\d{6}(\d{5,})")
"""A batch's id is its day and its number (`Envelope.batch_id`)."""


def _first(journal: Journal, going: Iterable[tuple[SendingPlan, list[PlannedBatch]]]) -> int:
    """The number of the next batch: after all that are named, and all that are approved and will
    be, so that no two plans give one name to different batches."""
    names = [row.batch for row in journal.rows(sa.select(BATCHES.c.batch))]
    soon = [batch.batch for _, batches in going for batch in batches]
    found = (_ENDING.search(name) for name in [*names, *soon])
    return max([len(names), *(int(one[1]) for one in found if one)]) + 1
