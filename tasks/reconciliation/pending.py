"""Approved plans that are not wholly written: which still may be, and why the others may not.

Each entry of a plan is judged once more before its file can be seen: what ACE said meanwhile, what a
person did, or another day can take it out.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date

import sqlalchemy as sa

from tasks.reconciliation.classify import classify
from tasks.reconciliation.due import step_of
from tasks.reconciliation.filers import foreign
from tasks.reconciliation.planned import Plan, Planned, load
from tasks.reconciliation.standings import standings
from tasks.reconciliation.view import Standing
from tasks.shared import approval
from tasks.shared.ace_tables import BATCHES, DROPPED
from tasks.shared.content import ContentStore
from tasks.shared.journal import Journal
from tasks.shared.kinds.ace import PlanDropped
from tasks.shared.kinds.people import Act
from tasks.shared.settings import Settings


def approved(journal: Journal, content: ContentStore, persons: int) -> Iterator[Plan]:
    """Approved plans that still have a batch to write and were not dropped, oldest first."""
    written = {
        row.batch for row in journal.rows(sa.select(BATCHES.c.batch).where(BATCHES.c.written))
    }
    dropped = {row.plan for row in journal.rows(sa.select(DROPPED.c.plan))}
    for asked in approval.all_asked(journal):
        if asked.act is not Act.SEND_BATCHES or asked.plan in dropped:
            continue
        if approval.missing(asked, persons):
            continue
        plan = load(content, asked.plan)
        if not all(batch.batch in written for batch in plan.batches):
            yield plan


def half_done(journal: Journal, content: ContentStore) -> list[Plan]:
    """Plans of which a crash left a batch named and not written, approved still or not any more."""
    query = sa.select(BATCHES.c.plan).where(~BATCHES.c.written).distinct()
    return [load(content, row.plan) for row in journal.rows(query)]


def going(
    journal: Journal, content: ContentStore, settings: Settings, today: date
) -> list[tuple[Plan, list[Planned]]]:
    """Approved plans that may still be written, and the batches of each that are not named yet."""
    named = {row.batch for row in journal.rows(sa.select(BATCHES.c.batch))}
    return [
        (plan, [batch for batch in plan.batches if batch.batch not in named])
        for plan in approved(journal, content, settings.approval.persons)
        if not fallen(journal, settings, plan, today)
    ]


def fallen(journal: Journal, settings: Settings, plan: Plan, today: date) -> str:
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
    if reason := plan.lapsed(today):
        return reason
    known = {one.number: one for one in standings(journal)}
    reasons = (
        unfit(known.get(number), number, plan, settings)
        for batch in open_
        for number in batch.numbers
    )
    return next((reason for reason in reasons if reason), "")


def unfit(one: Standing | None, number: str, plan: Plan, settings: Settings) -> str:
    """Why an entry no longer is as it was planned; empty if it is."""
    if one is None or one.digest != plan.entries.get(number):
        return f"{number} changed since it was made"
    if one.state != "recorded":
        return f"{number} is {one.state}"
    if reason := foreign([one], settings).get(number):
        return f"{number}: {reason}"
    step = step_of(one, settings)
    if step != plan.steps.get(number):
        return f"{number}: {step}: {classify(one).why}"
    return ""


def drop(journal: Journal, plan: Plan, reason: str, actor: str) -> None:
    """Write down that nothing more of a plan will be written."""
    body = PlanDropped(plan=plan.digest, reason=reason)
    journal.append(body, f"plan/{plan.digest}", actor, key=f"dropped:{plan.digest}")
