"""Lines of the status page on acts that take an approval."""

from __future__ import annotations

from collections.abc import Iterator

import sqlalchemy as sa

from tasks.approved_acts import act_title
from tasks.core.journal.store import EVENTS
from tasks.core.status_lines import AMBER, StatusLine
from tasks.security.api import APPROVALS, Act, ApprovalSettings, ApprovalState, current_approvals, ready_approvals
from tasks.workspace import Workspace


def lines(workspace: Workspace) -> Iterator[StatusLine]:
    """Plans that wait for approval, and approved acts that were not carried out. Batches that are
    approved go at the pace of the outbound folder."""
    journal, persons = workspace.journal, workspace.settings(ApprovalSettings).persons
    query = sa.select(APPROVALS.c.plan, EVENTS.c.at).join(EVENTS, EVENTS.c.seq == APPROVALS.c.seq)
    requested_at = {row.plan: row.at for row in journal.rows(query)}

    def line(code: str, what: str, approval: ApprovalState, by: str) -> StatusLine:
        fact, command = f"{act_title(workspace, approval)}, {by}", f"continuity approve {approval.plan[:12]} --by ID"
        values, at = {"act": approval.act.value}, requested_at[approval.plan]
        return StatusLine(code, "", what, AMBER, fact, command, at, subject=approval.plan, values=values)

    for approval in current_approvals(journal, persons):
        yield line("approval-waiting", "plan waits for approval", approval, f"prepared by {approval.preparer}")
    for approval in ready_approvals(journal, persons):
        if approval.act is not Act.SEND_BATCHES:
            approvers = f"approved by {', '.join(approval.granted_by)}"
            yield line("act-not-carried-out", "approved and not carried out", approval, approvers)
