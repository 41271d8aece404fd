"""Lines of the status page on acts that take an approval."""

from __future__ import annotations

from collections.abc import Iterator

import sqlalchemy as sa

from tasks.approved_acts import act_title
from tasks.core.journal.store import EVENTS
from tasks.core.status_lines import AMBER, StatusLine
from tasks.security.api import APPROVALS, Act, ApprovalSettings, current_approvals, ready_approvals
from tasks.workspace import Workspace


def lines(workspace: Workspace) -> Iterator[StatusLine]:
    """Plans that wait for approval, and approved acts that were not carried out. Batches that are
    approved go at the pace of the outbound folder."""
    journal, persons = workspace.journal, workspace.settings(ApprovalSettings).persons
    query = sa.select(APPROVALS.c.plan, EVENTS.c.at).join(EVENTS, EVENTS.c.seq == APPROVALS.c.seq)
    at = {row.plan: row.at for row in journal.rows(query)}
    for asked in current_approvals(journal, persons):
        fact = f"{act_title(workspace, asked)}, prepared by {asked.preparer}"
        yield StatusLine(
            "approval-waiting",
            "",
            "plan waits for approval",
            AMBER,
            fact,
            f"continuity approve {asked.plan[:12]} --by ID",
            at[asked.plan],
            subject=asked.plan,
            values={"act": asked.act.value},
        )
    for asked in ready_approvals(journal, persons):
        if asked.act is not Act.SEND_BATCHES:
            fact = f"{act_title(workspace, asked)}, approved by {', '.join(asked.granted_by)}"
            yield StatusLine(
                "act-not-carried-out",
                "",
                "approved and not carried out",
                AMBER,
                fact,
                f"continuity approve {asked.plan[:12]} --by ID",
                at[asked.plan],
                subject=asked.plan,
                values={"act": asked.act.value},
            )
