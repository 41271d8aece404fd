"""The line of the status page on letters that wait."""

from __future__ import annotations

import json

import msgspec
import sqlalchemy as sa

from tasks.core.findings import Finding
from tasks.core.journal.store import EVENTS
from tasks.core.status_lines import AMBER, RED, Rows, StatusLine, last_event
from tasks.transport.tables import MAIL
from tasks.workspace import Workspace

OF_SETTINGS = ("mail-server-not-set", "mail-role-without-address", "mail-security-mismatch")
"""Codes of reasons that a change of [mail] fixes."""


def lines(workspace: Workspace) -> list[StatusLine]:
    """Letters that wait."""
    return _mail(workspace.journal.rows)


def _mail(rows: Rows) -> list[StatusLine]:
    """Letters that are not yet with all whom they are for: red if an address is refused."""
    query = (
        sa.select(MAIL.c.refused, EVENTS.c.at)
        .join(EVENTS, EVENTS.c.seq == MAIL.c.seq)
        .where(MAIL.c.waiting != "[]")
        .order_by(MAIL.c.seq)
    )
    letters = rows(query)
    if not letters:
        return []
    refused = {k: v for row in letters for k, v in json.loads(row.refused).items()}
    delayed = last_event(rows, "mail.delayed")
    reasons = msgspec.convert(delayed[1]["reasons"] if delayed else [], list[Finding])
    why = "; ".join(f"{address}: {reason}" for address, reason in sorted(refused.items()))
    why = why or "; ".join(map(str, reasons)) or "not sent yet"
    codes = ["mail-address-refused"] if refused else [reason.code for reason in reasons]
    count = f"{len(letters)} letter{'s' if len(letters) > 1 else ''}"
    fact = f"{count} since {letters[0].at[:10]}: {why}"
    fix = "set [mail], then " if refused or set(OF_SETTINGS) & set(codes) else ""
    return [
        StatusLine(
            "letters-waiting",
            "",
            "letters in the outbox",
            RED if refused else AMBER,
            fact,
            f"{fix}continuity duties remind",
            letters[-1].at,
            values={"letters": len(letters), "refused": refused, "reasons": codes},
        )
    ]
