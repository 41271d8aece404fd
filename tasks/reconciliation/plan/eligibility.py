"""Which entries may be sent now, by ACE application, and which approved plans may still be written.

Each entry of a plan is judged once more before its file can be seen: what ACE said meanwhile, what a
person did, or another day can take it out.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator
from datetime import date

import sqlalchemy as sa

from tasks.ace.api import AceSettings
from tasks.core.content import ContentStore
from tasks.core.journal.journal import Journal
from tasks.core.settings import Settings
from tasks.reconciliation.accounting.number_account import RELEASED, SE_ROUTE
from tasks.reconciliation.decisions.classification import classify
from tasks.reconciliation.decisions.exclusions import foreign_filer_entries
from tasks.reconciliation.decisions.rule_table import NextStep
from tasks.reconciliation.plan.plan_store import PlannedBatch, SendingPlan, load_plan
from tasks.reconciliation.state.entry_reader import list_entry_states
from tasks.reconciliation.state.entry_state import NOTICE, EntryState
from tasks.reconciliation.tables import BATCHES
from tasks.security.api import DROPPED, Act, ApprovalSettings, PlanDropped, all_approvals, missing_approvals

APPLICATIONS = {NextStep.SEND_RELEASE: "SE", NextStep.SEND_SUMMARY: "AE", NextStep.SEND_CERTIFIED: "AE"}


def ready_entries(journal: Journal, settings: Settings, without: Collection[str] = ()) -> dict[str, list[EntryState]]:
    """By application, the entries that may be sent now; `without` those on their way already."""
    ready: dict[str, list[EntryState]] = {}
    for entry in list_entry_states(journal):
        application = APPLICATIONS.get(permitted_step(entry, settings))
        if application and entry.number not in without:
            ready.setdefault(application, []).append(entry)
    return ready


def permitted_step(entry: EntryState, settings: Settings) -> NextStep:
    """What may be done with an entry now. Where ACE cannot be asked, only a first release is sent."""
    if settings(AceSettings).ask_first:
        return classify(entry).step
    unsent = entry.state == "recorded" and "SE" not in entry.sent and NOTICE not in entry.ace_statuses
    go = unsent and entry.route == SE_ROUTE and entry.outcome in RELEASED
    return NextStep.SEND_RELEASE if go else NextStep.AT_PORT


def approved_plans(journal: Journal, content: ContentStore, persons: int) -> Iterator[SendingPlan]:
    """Approved plans that still have a batch to write and were not dropped, oldest first."""
    written = {row.batch for row in journal.rows(sa.select(BATCHES.c.batch).where(BATCHES.c.written))}
    dropped = {row.plan for row in journal.rows(sa.select(DROPPED.c.plan))}
    for approval in all_approvals(journal):
        if approval.act is not Act.SEND_BATCHES or approval.plan in dropped:
            continue
        if missing_approvals(approval, persons):
            continue
        plan = load_plan(content, approval.plan)
        if not all(batch.batch in written for batch in plan.batches):
            yield plan


def interrupted_plans(journal: Journal, content: ContentStore) -> list[SendingPlan]:
    """Plans of which a crash left a batch named and not written, approved still or not any more."""
    query = sa.select(BATCHES.c.plan).where(~BATCHES.c.written).distinct()
    return [load_plan(content, row.plan) for row in journal.rows(query)]


def writable_plans(
    journal: Journal, content: ContentStore, settings: Settings, today: date
) -> list[tuple[SendingPlan, list[PlannedBatch]]]:
    """Approved plans that may still be written, and the batches of each that are not named yet."""
    named = {row.batch for row in journal.rows(sa.select(BATCHES.c.batch))}
    return [
        (plan, [batch for batch in plan.batches if batch.batch not in named])
        for plan in approved_plans(journal, content, settings(ApprovalSettings).persons)
        if not plan_lapse_reason(journal, settings, plan, today)
    ]


def plan_lapse_reason(journal: Journal, settings: Settings, plan: SendingPlan, today: date) -> str:
    """Why what is not named yet of a plan may not be written; empty if it may."""
    dropped = journal.rows(sa.select(DROPPED.c.reason).where(DROPPED.c.plan == plan.digest))
    if dropped:
        return dropped[0].reason
    named = {row.batch: row.plan for row in journal.rows(sa.select(BATCHES))}
    if {named.get(batch.batch, plan.digest) for batch in plan.batches} != {plan.digest}:
        return "a newer plan was written since"
    open_ = [batch for batch in plan.batches if batch.batch not in named]
    if not open_:
        return ""
    if reason := plan.lapsed(today):
        return reason
    states = {entry.number: entry for entry in list_entry_states(journal)}
    reasons = (
        entry_lapse_reason(states.get(number), number, plan, settings) for batch in open_ for number in batch.numbers
    )
    return next((reason for reason in reasons if reason), "")


def entry_lapse_reason(entry: EntryState | None, number: str, plan: SendingPlan, settings: Settings) -> str:
    """Why an entry no longer is as it was planned; empty if it is."""
    if entry is None or entry.digest != plan.entries.get(number):
        return f"{number} changed since it was made"
    if entry.state != "recorded":
        return f"{number} is {entry.state}"
    if reason := foreign_filer_entries([entry], settings).get(number):
        return f"{number}: {reason}"
    step = permitted_step(entry, settings)
    if step != plan.steps.get(number):
        return f"{number}: {step}: {classify(entry).why}"
    return ""


def drop_plan(journal: Journal, plan: SendingPlan, reason: str, actor: str) -> None:
    """Write down that nothing more of a plan will be written."""
    body = PlanDropped(plan=plan.digest, reason=reason)
    journal.append(body, f"plan/{plan.digest}", actor, key=f"dropped:{plan.digest}")
