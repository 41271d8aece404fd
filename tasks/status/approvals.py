"""Lines of the status page on acts that take an approval."""

from __future__ import annotations

from collections.abc import Iterator

import sqlalchemy as sa

from tasks.approved_acts import title
from tasks.shared import approval
from tasks.shared.board import AMBER, Line
from tasks.shared.kinds.people import Act
from tasks.shared.projections import APPROVALS
from tasks.shared.store import EVENTS
from tasks.workspace import Workspace


def lines(workspace: Workspace) -> Iterator[Line]:
    """Plans that wait for approval, and approved acts that were not carried out. Batches that are
    approved go at the pace of the outbound folder."""
    journal, persons = workspace.journal, workspace.settings.approval.persons
    query = sa.select(APPROVALS.c.plan, EVENTS.c.at).join(EVENTS, EVENTS.c.seq == APPROVALS.c.seq)
    at = {row.plan: row.at for row in journal.rows(query)}
    for asked in approval.current(journal, persons):
        fact = f"{title(workspace, asked)}, prepared by {asked.preparer}"
        yield Line("approval-waiting", "", "plan waits for approval", AMBER, fact,
                   f"continuity approve {asked.plan[:12]} --by ID", at[asked.plan],
                   subject=asked.plan, values={"act": asked.act.value})  # fmt: skip
    for asked in approval.ready(journal, persons):
        if asked.act is not Act.SEND_BATCHES:
            fact = f"{title(workspace, asked)}, approved by {', '.join(asked.granted_by)}"
            yield Line("act-not-carried-out", "", "approved and not carried out", AMBER, fact,
                       f"continuity approve {asked.plan[:12]} --by ID", at[asked.plan],
                       subject=asked.plan, values={"act": asked.act.value})  # fmt: skip
