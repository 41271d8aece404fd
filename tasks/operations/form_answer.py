"""What a licence holder answers in the form of a run that waits: the same approval as at the desk."""

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
    journal: Journal, settings: Settings, plan: str, seen: str, who: str, code: str, given_at: datetime
) -> str:
    """Approve a plan by an id or licence number and a one-time code, as it was given then. `seen`:
    the plan that the form named, its first digits; if the run waits for another by now, nothing is
    approved. Returns why not, in words; empty if the approval stands. Every refusal is written down."""
    try:
        if not seen or not plan.startswith(seen):
            raise Refused("plan-changed-in-form")
        grant_approval(
            journal,
            settings.home,
            plan,
            find_person(journal, who),
            code,
            persons=settings(ApprovalSettings).persons,
            given_at=given_at,
        )
    except CodeRefused as no:
        return str(no)
    except Refused as no:
        body = ApprovalRefused(plan=plan, person=who.strip()[:40], reason=no.code)
        journal.append(body, f"plan/{plan}", "form")
        return str(no)
    return ""


def find_person(journal: Journal, who: str) -> str:
    """The id behind an id or licence number. Raises Refused for none, or more than one: a firm's
    licence can stand for several."""
    everyone = [one for one in all_people(journal) if not one.revoked]
    wanted = who.strip()
    if any(one.person == wanted.lower() for one in everyone):
        return wanted.lower()
    found = [one.person for one in everyone if one.licence and one.licence == wanted]
    if len(found) > 1:
        raise Refused("license-shared-by-people", found_count=len(found), name=wanted)
    if not found:
        raise Refused("person-or-license-unknown", name=wanted)
    return found[0]


MOST = 30
"""Lines of a plan in the form; the run's artifacts have them all."""
LONGEST_TABLE = 200_000
"""Characters of the table of a plan in the form, some 2,000 entries; the form names the artifact that
shows a longer one."""


def form_text(
    title: str, asked: ApprovalState, persons: int, refused: str = "", shown: Sequence[str] = (), table: str = ""
) -> str:
    """What the form says above its fields, in Markdown. `title`: the act in one line; `refused`: why
    the last answer was not taken; `shown`: what an approver must see of the plan; `table`:
    everything that it would let go."""
    missing = missing_approvals(asked, persons)
    had = f" Approved so far by {', '.join(asked.granted_by)}." if asked.granted_by else ""
    again = f"**The last answer was not taken: {refused}**\n\n" if refused else ""
    lines = "".join(f"- {line}\n" for line in shown[:MOST]) + "\n" * bool(shown)
    if len(table) > LONGEST_TABLE:
        table = "**The table of all that it would let go is too long for this form: it is the artifact "
        table += "`approval-` of this run.**"
    table += "\n\n" * bool(table)
    return (
        f"{again}**{title}** waits for {missing} approval(s).{had} Plan `{asked.plan[:12]}`, "
        f"prepared by {asked.preparer}. Look at the artifacts of this run first.\n\n{lines}{table}"
        "Give your id or licence number and the code that your phone shows now. Leave both empty if "
        f"it was approved at a desk (`continuity approve {asked.plan[:12]}`)."
    )
