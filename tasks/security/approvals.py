"""Approval: the one function by which CLI, UI form and drill let something be done.

An approval binds to the SHA-256 of the act's payload (the plan) and of the bytes it would send. What
is done is loaded by those digests and never planned anew. It lasts only while its giver may act: what
somebody approved who was revoked since does not go until another person approves it. Whoever owns the
host can forge approvals; see the README.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path
from typing import Any

import sqlalchemy as sa

from tasks.core import clock
from tasks.core.errors import CodeRefused, NotApproved, Refused
from tasks.core.journal.journal import Journal, Pen
from tasks.security import people
from tasks.security.events import Act, ApprovalAsked, ApprovalGranted, ApprovalRefused
from tasks.security.people import find_person
from tasks.security.tables import APPROVALS, DROPPED, GRANTS, PEOPLE


@dataclass(frozen=True)
class ApprovalRequest:
    """What approval is asked for. `topic`: a later request of the same topic replaces this one;
    empty where none does."""

    plan: str
    act: Act
    binds: tuple[str, ...]
    preparer: str
    topic: str = ""


@dataclass(frozen=True)
class ApprovalState:
    """A plan that waits for, or has, its approval; `granted_by` leaves out who was revoked since.
    `carried_out`: an event that it allowed is in the journal."""

    plan: str
    act: Act
    topic: str
    binds: tuple[str, ...]
    preparer: str
    granted_by: tuple[str, ...]
    carried_out: bool = False


def ask_for_approval(
    journal: Journal, plan: str, act: Act, binds: Sequence[str], preparer: str, topic: str = ""
) -> bool:
    """Ask for approval of a plan, by its digest. False if it was asked before. Raises Refused for a
    preparer who was revoked."""
    people.refuse_revoked(journal, preparer)
    with journal.write(preparer) as pen:
        return ask_for_approval_in(pen, ApprovalRequest(plan, act, tuple(binds), preparer, topic))


def ask_for_approval_in(pen: Pen, request: ApprovalRequest) -> bool:
    """The same within a transaction, by a preparer who was checked."""
    body = ApprovalAsked(
        plan=request.plan,
        act=request.act,
        topic=request.topic or request.plan,
        binds=list(request.binds),
        preparer=request.preparer,
    )
    key = f"approval-asked:{request.plan}"
    return pen.append(body, f"plan/{request.plan}", key, actor=request.preparer) is not None


def find_approval(journal: Journal, plan: str) -> ApprovalState:
    """A plan by its digest or the first 8 or more digits of it. Raises Refused if there is none,
    or more than one."""
    if len(plan) < 8:
        raise Refused("plan-id-too-short", plan=plan)
    rows = journal.rows(sa.select(APPROVALS).where(APPROVALS.c.plan.startswith(plan)))
    if len(rows) != 1:
        raise Refused("plan-id-ambiguous", rows_count=len(rows) or "No", plan=plan)
    return _approval_state(journal, rows[0])


def waiting_approvals(journal: Journal, persons: int) -> list[ApprovalState]:
    """Plans that still lack an approval, oldest first. What was carried out or dropped needs none,
    also if its approver was revoked since; a plan of batches of which a part went is planned anew."""
    dropped = _dropped(journal)
    return [
        approval
        for approval in all_approvals(journal)
        if missing_approvals(approval, persons) and not approval.carried_out and approval.plan not in dropped
    ]


def current_approvals(journal: Journal, persons: int) -> list[ApprovalState]:
    """Of `waiting` those that a person should still look at: the last of each topic."""
    last = _last_of_topics(journal)
    return [approval for approval in waiting_approvals(journal, persons) if approval.plan in last]


def ready_approvals(journal: Journal, persons: int) -> list[ApprovalState]:
    """Acts that are approved and neither carried out nor dropped nor replaced, oldest first."""
    dropped, last = _dropped(journal), _last_of_topics(journal)
    return [
        approval
        for approval in all_approvals(journal)
        if not (missing_approvals(approval, persons) or approval.carried_out or approval.plan in dropped)
        and approval.plan in last
    ]


def all_approvals(journal: Journal) -> list[ApprovalState]:
    """Every plan that approval was ever asked for, oldest first."""
    granted: dict[str, list[str]] = {}
    for plan, person in journal.rows(_ALL_GRANTS):
        granted.setdefault(plan, []).append(person)
    return [_approval_of_row(row, granted.get(row.plan, ())) for row in journal.rows(_ALL_APPROVALS)]


def _dropped(journal: Journal) -> set[str]:
    return {row.plan for row in journal.rows(sa.select(DROPPED.c.plan))}


def _last_of_topics(journal: Journal) -> set[str]:
    rows = journal.rows(sa.select(APPROVALS.c.topic, APPROVALS.c.plan).order_by(APPROVALS.c.seq))
    return set({row.topic: row.plan for row in rows}.values())


_ALL_APPROVALS = sa.select(APPROVALS).order_by(APPROVALS.c.seq)
_REVOKED = sa.select(PEOPLE.c.person).where(PEOPLE.c.revoked)
_ALL_GRANTS = sa.select(GRANTS.c.plan, GRANTS.c.person).where(GRANTS.c.person.not_in(_REVOKED)).order_by(GRANTS.c.seq)

ALWAYS_TWO = frozenset({Act.VOID_NUMBERS, Act.DECIDE_HIT})
"""Acts that take two persons, preparer and approver, whatever `[approval] persons` is."""
_ROLES = {Act.VOID_NUMBERS: frozenset(people.ROLES), Act.DECIDE_HIT: frozenset({people.APPROVER, "compliance"})}
"""Who may approve an act that does not take an approver: the holder of any of these roles."""


def approvals_needed(persons: int, act: Act | None = None) -> int:
    """How many must approve where `persons` take part, the preparer among them."""
    return 1 if act in ALWAYS_TWO else max(1, persons - 1)


def missing_approvals(approval: ApprovalState, persons: int) -> int:
    """How many approvals a plan still lacks."""
    return max(0, approvals_needed(persons, approval.act) - len(approval.granted_by))


def grant_approval(
    journal: Journal,
    home: Path,
    plan: str | ApprovalRequest,
    person: str,
    code: str,
    *,
    persons: int,
    given_at: datetime | None = None,
    finish: Callable[[Pen, ApprovalState], None] | None = None,
) -> ApprovalState:
    """Approve a plan with a person's one-time code. Returns the plan as it now stands.

    `plan`: its digest, or a request, which is asked for in the same transaction. `finish` appends
    the events of the act in that transaction once no approval is missing: if it raises, the code
    is not spent and nothing is granted. Approving again changes nothing. Raises CodeRefused (and
    records it) for a bad code or the preparer's own, Refused for somebody who may not approve.
    """
    approval = _requested(journal, plan) if isinstance(plan, ApprovalRequest) else find_approval(journal, plan)
    if person in approval.granted_by:
        return approval
    approver = find_person(journal, person)
    if reason := _unfit_reason(approver, approval, persons):
        refused = ApprovalRefused(plan=approval.plan, person=person, reason=reason)
        journal.append(refused, f"plan/{approval.plan}", person)
        raise CodeRefused(reason, name=approver.name)
    body = ApprovalGranted(
        plan=approval.plan,
        binds=list(approval.binds),
        person=person,
        licence=approver.licence,
        sole=person == approval.preparer,
    )
    purpose = f"plan {approval.plan}"
    with people.spending_code(journal, home, person, code, given_at or clock.now(), purpose) as pen:
        if isinstance(plan, ApprovalRequest):
            ask_for_approval_in(pen, plan)
        pen.append(body, f"plan/{approval.plan}", key=f"approval:{approval.plan}:{person}")
        granted = replace(approval, granted_by=(*approval.granted_by, person))
        if finish and not missing_approvals(granted, persons):
            finish(pen, granted)
    return find_approval(journal, approval.plan)


def _requested(journal: Journal, request: ApprovalRequest) -> ApprovalState:
    """A request as a plan, with the grants that it has if it was asked for before."""
    people.refuse_revoked(journal, request.preparer)
    rows = journal.rows(sa.select(APPROVALS).where(APPROVALS.c.plan == request.plan))
    if rows:
        return _approval_state(journal, rows[0])
    topic = request.topic or request.plan
    return ApprovalState(request.plan, request.act, topic, request.binds, request.preparer, ())


def require_approval(journal: Journal, plan: str, binds: Sequence[str], persons: int) -> ApprovalState:
    """The approval that lets exactly these bytes go. Raises NotApproved."""
    rows = journal.rows(sa.select(APPROVALS).where(APPROVALS.c.plan == plan))
    if not rows:
        raise NotApproved("approval-not-requested", plan=plan[:12])
    approval = _approval_state(journal, rows[0])
    if sorted(approval.binds) != sorted(binds):
        raise NotApproved("approved-plan-differs", plan=plan[:12])
    if error := approval_error(journal, approval, persons):
        raise error
    return approval


def approval_error(journal: Journal, approval: ApprovalState, persons: int) -> NotApproved | None:
    """What keeps a plan from going yet, as the error to raise; None if it may go."""
    if not missing_approvals(approval, persons):
        return None
    revoked = GRANTS.c.person.in_(_REVOKED)
    rows = journal.rows(sa.select(GRANTS.c.person).where(GRANTS.c.plan == approval.plan, revoked))
    names = ", ".join(row.person for row in rows)
    code = "approval-needed-again" if names else "approval-needed"
    return NotApproved(code, plan=approval.plan, short=approval.plan[:12], revoked=names)


def _unfit_reason(approver: people.Person, approval: ApprovalState, persons: int) -> str:
    """The code of why somebody may not approve; empty if he may."""
    if not _ROLES.get(approval.act, frozenset({people.APPROVER})) & set(approver.roles):
        return "approver-role-missing"
    two = persons > 1 or approval.act in ALWAYS_TWO
    return "preparer-cannot-approve" if two and approver.person == approval.preparer else ""


def _approval_state(journal: Journal, row: sa.Row[Any]) -> ApprovalState:
    grants = journal.rows(_ALL_GRANTS.where(GRANTS.c.plan == row.plan))
    return _approval_of_row(row, [grant.person for grant in grants])


def _approval_of_row(row: sa.Row[Any], granted: Sequence[str]) -> ApprovalState:
    return ApprovalState(
        row.plan, Act(row.act), row.topic, tuple(row.binds.split()), row.preparer, tuple(granted), bool(row.carried_out)
    )
