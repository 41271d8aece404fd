"""Lines of the status page on what every package shares: letters and the reserve of entry numbers."""

from __future__ import annotations

import json

import msgspec
import sqlalchemy as sa

from tasks.shared.board import AMBER, GREEN, RED, Line, Rows, last
from tasks.shared.findings import Finding
from tasks.shared.projections import MAIL, NUMBERS
from tasks.shared.settings import Settings
from tasks.shared.store import EVENTS
from tasks.workspace import Workspace

OF_SETTINGS = ("mail-server-not-set", "mail-role-without-address", "mail-security-mismatch")
"""Codes of reasons that a change of [mail] mends."""
RESERVE = "continuity numbers reserve --first SERIAL --count N --range-check WORDS"


def lines(workspace: Workspace) -> list[Line]:
    """The reserve of entry numbers, and letters that wait."""
    rows, settings = workspace.journal.rows, workspace.settings
    return [reserve(rows, settings), *_mail(rows)]


def _mail(rows: Rows) -> list[Line]:
    """Letters that are not yet with all whom they are for: red if an address is refused."""
    query = (
        sa.select(MAIL.c.refused, EVENTS.c.at)
        .join(EVENTS, EVENTS.c.seq == MAIL.c.seq)
        .where(MAIL.c.waiting != "[]")
        .order_by(MAIL.c.seq)
    )
    found = rows(query)
    if not found:
        return []
    refused = {k: v for row in found for k, v in json.loads(row.refused).items()}
    delayed = last(rows, "mail.delayed")
    reasons = msgspec.convert(delayed[1]["reasons"] if delayed else [], list[Finding])
    why = "; ".join(f"{address}: {reason}" for address, reason in sorted(refused.items()))
    why = why or "; ".join(map(str, reasons)) or "not sent yet"
    codes = ["mail-address-refused"] if refused else [reason.code for reason in reasons]
    count = f"{len(found)} letter{'s' if len(found) > 1 else ''}"
    fact = f"{count} since {found[0].at[:10]}: {why}"
    fix = "set [mail], then " if refused or set(OF_SETTINGS) & set(codes) else ""
    return [Line("letters-waiting", "", "letters in the outbox", RED if refused else AMBER, fact,
                 f"{fix}continuity duties remind", found[-1].at,
                 values={"letters": len(found), "refused": refused, "reasons": codes})]  # fmt: skip


def reserve(rows: Rows, settings: Settings) -> Line:
    """Days that the free entry numbers last; the alarm is a setting."""
    column = NUMBERS.c
    free = sa.select(sa.func.count()).where(column.series == "entry", column.state == "reserved")
    numbers = settings.numbers
    days = rows(free)[0][0] / numbers.daily_volume
    ever = rows(sa.select(column.seq).where(column.series == "entry").limit(1))
    fact = f"{days:.0f} days at {numbers.daily_volume} a day" if ever else "never reserved"
    low = days < numbers.alarm_days
    more = f", alarm below {numbers.alarm_days}" if low and ever else ""
    command = RESERVE if low else ""
    return Line("reserve-entry-numbers", "P8", "reserve of entry numbers", RED if low else GREEN, fact + more,
                command, values={"days": days if ever else None, "alarm_days": numbers.alarm_days})  # fmt: skip
