"""What a license holder answers in the form of a run that waits: the same approval as on the CLI."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from tasks.core.errors import CodeRefused, Refused
from tasks.core.journal.journal import Journal
from tasks.core.settings import Settings
from tasks.security.api import (
    ApprovalRefused,
    ApprovalSettings,
    ApprovalState,
    all_people,
    grant_approval,
    missing_approvals,
)


def give_approval(
    journal: Journal, settings: Settings, plan: str, form_plan: str, person: str, code: str, given_at: datetime
) -> str:
    """Approve a plan by an id or license number and a one-time code, as it was given then. `seen`:
    the plan that the form named, its first digits; if the run waits for another by now, nothing is
    approved. Returns why not, in words; empty if the approval stands. Every refusal is written down."""
    try:
        if not form_plan or not plan.startswith(form_plan):
            raise Refused("plan-changed-in-form")
        grant_approval(
            journal,
            settings.home,
            plan,
            find_person(journal, person),
            code,
            persons=settings(ApprovalSettings).persons,
            given_at=given_at,
        )
    except CodeRefused as refusal:
        return str(refusal)
    except Refused as refusal:
        body = ApprovalRefused(plan=plan, person=person.strip()[:40], reason=refusal.code)
        journal.append(body, f"plan/{plan}", "form")
        return str(refusal)
    return ""


def find_person(journal: Journal, identifier: str) -> str:
    """The id behind an id or license number. Raises Refused for none, or more than one: a firm's
    license can stand for several."""
    active = [person for person in all_people(journal) if not person.revoked]
    name = identifier.strip()
    if any(person.person == name.lower() for person in active):
        return name.lower()
    holders = [person.person for person in active if person.licence and person.licence == name]
    if len(holders) > 1:
        raise Refused("license-shared-by-people", found_count=len(holders), name=name)
    if not holders:
        raise Refused("person-or-license-unknown", name=name)
    return holders[0]


MOST = 30
"""Lines of a plan in the form; the run's artifacts have them all."""
LONGEST_TABLE = 200_000
"""Characters of the table of a plan in the form, some 2,000 entries; the form names the artifact that
shows a longer one."""


def form_text(
    title: str,
    approval: ApprovalState,
    persons: int,
    refused: str = "",
    plan_lines: Sequence[str] = (),
    table: str = "",
) -> str:
    """What the form says above its fields, in Markdown. `title`: the act in one line; `refused`: why
    the last answer was not taken; `plan_lines`: what an approver must see of the plan; `table`:
    everything that it would send."""
    missing = missing_approvals(approval, persons)
    granted = f" Approved so far by {', '.join(approval.granted_by)}." if approval.granted_by else ""
    last_refusal = f"**The last answer was not taken: {refused}**\n\n" if refused else ""
    lines = "".join(f"- {line}\n" for line in plan_lines[:MOST]) + "\n" * bool(plan_lines)
    if len(table) > LONGEST_TABLE:
        table = "**The table of all that it would let go is too long for this form: it is the artifact "
        table += "`approval-` of this run.**"
    table += "\n\n" * bool(table)
    return (
        f"{last_refusal}**{title}** waits for {missing} approval(s).{granted} Plan `{approval.plan[:12]}`, "
        f"prepared by {approval.preparer}. Look at the artifacts of this run first.\n\n{lines}{table}"
        "Give your id or licence number and the code that your phone shows now. Leave both empty if "
        f"it was approved at a desk (`continuity approve {approval.plan[:12]}`)."
    )
