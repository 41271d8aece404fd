"""Approval: the one function by which desk, UI form and drill let something be sent.

An approval binds to the SHA-256 of the plan and of the bytes it would send. What is sent is loaded
by those digests and never planned anew. It lasts only while its giver may act: what somebody approved
who was revoked since does not go until another person approves it. Whoever owns the host can forge
approvals; see the README.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

import sqlalchemy as sa

from tasks.shared import clock, kinds, people
from tasks.shared.ace_tables import BATCHES, DROPPED
from tasks.shared.errors import CodeRefused, NotApproved, Refused
from tasks.shared.journal import Journal
from tasks.shared.projections import APPROVALS, GRANTS, PEOPLE
from tasks.shared.store import EVENTS


@dataclass(frozen=True)
class Asked:
    """A plan that waits for, or has, its approval; `granted_by` leaves out who was revoked since."""

    plan: str
    what: str
    binds: tuple[str, ...]
    preparer: str
    granted_by: tuple[str, ...]


def ask(journal: Journal, plan: str, what: str, binds: list[str], preparer: str) -> bool:
    """Ask for approval of a plan, by its digest. False if it was asked before. Raises Refused for a
    preparer who was revoked."""
    people.refuse_revoked(journal, preparer)
    body = kinds.ApprovalAsked(plan=plan, what=what, binds=binds, preparer=preparer)
    return journal.append(body, f"plan/{plan}", preparer, key=f"approval-asked:{plan}")


def find(journal: Journal, plan: str) -> Asked:
    """A plan by its digest or the first 8 or more digits of it. Raises Refused if there is none,
    or more than one."""
    if len(plan) < 8:
        raise Refused("plan-id-too-short", plan=plan)
    rows = journal.rows(sa.select(APPROVALS).where(APPROVALS.c.plan.startswith(plan)))
    if len(rows) != 1:
        raise Refused("plan-id-ambiguous", rows_count=len(rows) or "No", plan=plan)
    return _asked(journal, rows[0])


def waiting(journal: Journal, persons: int) -> list[Asked]:
    """Plans that still lack an approval, oldest first."""
    lacks = [one for one in all_asked(journal) if len(one.granted_by) < needed(persons)]
    used = _used(journal) if lacks else set()
    return [one for one in lacks if one.plan not in used]


def _used(journal: Journal) -> set[str]:
    """Plans that were carried out or given up: nobody need approve them anew when their approver is
    revoked. A plan of which a part went is planned anew."""
    used = {row.plan for query in (_WRITTEN, _DROPPED) for row in journal.rows(query)}
    gone = journal.rows(_GONE)
    signed = {row.plan for row in gone if journal.holds(f"signed:{row.plan}")}
    return used | signed | {row.plan for row in gone if _done(journal, row)}


def _done(journal: Journal, act: sa.Row) -> bool:
    """Whether the act was carried out that a plan was for; books from before acts named their plan know
    it by its proof."""
    said = sa.or_(*(EVENTS.c.body.contains(digest) for digest in (act.plan, *act.binds.split())))
    for row in journal.rows(sa.select(EVENTS.c.kind, EVENTS.c.body).where(_ACTS, said)):
        plan = getattr(kinds.read(row.kind, row.body), "approval", "")
        if plan in ("", act.plan):
            return True
    return False


def all_asked(journal: Journal) -> list[Asked]:
    """Every plan that approval was ever asked for, oldest first."""
    granted: dict[str, list[str]] = {}
    for plan, person in journal.rows(_ALL_GRANTS):
        granted.setdefault(plan, []).append(person)
    return [_as_asked(row, granted.get(row.plan, ())) for row in journal.rows(_ALL_APPROVALS)]


_ALL_APPROVALS = sa.select(APPROVALS).order_by(APPROVALS.c.seq)
_REVOKED = sa.select(PEOPLE.c.person).where(PEOPLE.c.revoked)
_ALL_GRANTS = (
    sa.select(GRANTS.c.plan, GRANTS.c.person)
    .where(GRANTS.c.person.not_in(_REVOKED))
    .order_by(GRANTS.c.seq)
)


def current(journal: Journal, persons: int) -> list[Asked]:
    """Of `waiting` those that a person should still look at: a later plan of batches, a later
    accounting, or another broker's number for the same entry, read better, stands for the earlier
    ones, and a plan that was dropped is gone."""
    dropped = {row.plan for row in journal.rows(sa.select(DROPPED.c.plan))}
    newest = {}
    for row in journal.rows(sa.select(APPROVALS).order_by(APPROVALS.c.seq)):
        newest[_sort(row.what) or row.plan] = row.plan
    last = set(newest.values())
    return [one for one in waiting(journal, persons) if one.plan in last - dropped]


_CARRIED_OUT = (
    kinds.EntrySettled, kinds.EntryHandedOver, kinds.EntryBurnt, kinds.BatchNotReceived,
)  # fmt: skip
_ACTS = EVENTS.c.kind.in_([body.kind for body in _CARRIED_OUT])
_WRITTEN, _DROPPED = sa.select(BATCHES.c.plan), sa.select(DROPPED.c.plan)
_GONE = (
    sa.select(APPROVALS.c.plan, APPROVALS.c.binds)
    .join(GRANTS, GRANTS.c.plan == APPROVALS.c.plan)
    .where(GRANTS.c.person.in_(_REVOKED))
)
_SORTS = ("ACE batches", "accounting of")
"""What of which the last that was asked for replaces all before."""


def _sort(what: str) -> str:
    number, filed, _ = what.partition(" was filed by ")
    return number + filed if filed else next((one for one in _SORTS if what.startswith(one)), "")


def needed(persons: int) -> int:
    """How many must approve where `persons` take part, the preparer among them."""
    return max(1, persons - 1)


def grant(
    journal: Journal,
    home: Path,
    plan: str,
    person: str,
    code: str,
    *,
    persons: int,
    given_at: datetime | None = None,
) -> Asked:
    """Approve a plan with a licence holder's one-time code. Returns the plan as it now stands.

    Approving again changes nothing. Raises CodeRefused (and writes it down) for a bad code or the
    preparer's own, Refused for somebody who may not approve.
    """
    asked = find(journal, plan)
    if person in asked.granted_by:
        return asked
    one = people.known(journal, person)
    if reason := _unfit(one, asked, persons):
        refused = kinds.ApprovalRefused(plan=asked.plan, person=person, reason=reason)
        journal.append(refused, f"plan/{asked.plan}", person)
        raise CodeRefused("approver-not-allowed", name=one.name, reason=reason)
    people.spend_code(journal, home, person, code, given_at or clock.now(), f"plan {asked.plan}")
    body = kinds.ApprovalGranted(
        plan=asked.plan,
        binds=list(asked.binds),
        person=person,
        licence=one.licence,
        sole=person == asked.preparer,
    )
    journal.append(body, f"plan/{asked.plan}", person, key=f"approval:{asked.plan}:{person}")
    return find(journal, asked.plan)


def require(journal: Journal, plan: str, binds: list[str], persons: int) -> Asked:
    """The approval that lets exactly these bytes go. Raises NotApproved."""
    rows = journal.rows(sa.select(APPROVALS).where(APPROVALS.c.plan == plan))
    if not rows:
        raise NotApproved("approval-not-requested", plan=plan[:12])
    asked = _asked(journal, rows[0])
    if sorted(asked.binds) != sorted(binds):
        raise NotApproved("approved-plan-differs", plan=plan[:12])
    if missing := lacking(journal, asked, persons):
        raise missing
    return asked


def lacking(journal: Journal, asked: Asked, persons: int) -> NotApproved | None:
    """What keeps a plan from going yet, as the error to raise; None if it may go."""
    if len(asked.granted_by) >= needed(persons):
        return None
    revoked = GRANTS.c.person.in_(_REVOKED)
    rows = journal.rows(sa.select(GRANTS.c.person).where(GRANTS.c.plan == asked.plan, revoked))
    names = ", ".join(row.person for row in rows)
    code = "approval-needed-again" if names else "approval-needed"
    return NotApproved(code, plan=asked.plan, short=asked.plan[:12], revoked=names)


def _unfit(one: people.Person, asked: Asked, persons: int) -> str:
    if people.APPROVER not in one.roles:
        return "the role approver is missing"
    if one.person == asked.preparer and persons > 1:
        return "preparer and approver must be two persons"
    return ""


def _asked(journal: Journal, row: sa.Row) -> Asked:
    grants = journal.rows(_ALL_GRANTS.where(GRANTS.c.plan == row.plan))
    return _as_asked(row, [grant.person for grant in grants])


def _as_asked(row: sa.Row, granted: Sequence[str]) -> Asked:
    return Asked(row.plan, row.what, tuple(row.binds.split()), row.preparer, tuple(granted))
