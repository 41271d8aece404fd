"""Lines of the board that come from events which the whole house writes."""

from __future__ import annotations

import json

import msgspec
import sqlalchemy as sa

from tasks.shared.backup_lines import backup_lines
from tasks.shared.board import AMBER, GREEN, RED, Line, Rows, last
from tasks.shared.findings import Finding
from tasks.shared.projections import MAIL, NUMBERS
from tasks.shared.settings import Settings
from tasks.shared.store import EVENTS

OF_SETTINGS = ("mail-server-not-set", "mail-role-without-address", "mail-security-mismatch")
"""Codes of reasons that a change of [mail] mends."""
RESERVE = "continuity numbers reserve --first SERIAL --count N --range-check WORDS"


def house_lines(rows: Rows, settings: Settings) -> list[Line]:
    """The lines that the house counts itself: backups, the reserve, letters that wait."""
    return [*backup_lines(rows, settings), reserve(rows, settings), *_mail(rows)]


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
    why = "; ".join(f"{one}: {reason}" for one, reason in sorted(refused.items()))
    reasons = msgspec.convert(delayed[1]["reasons"] if delayed else [], list[Finding])
    why = why or "; ".join(map(str, reasons)) or "not sent yet"
    count = f"{len(found)} letter{'s' if len(found) > 1 else ''}"
    fact = f"{count} since {found[0].at[:10]}: {why}"
    settings = refused or any(reason.code in OF_SETTINGS for reason in reasons)
    mend = "set [mail], then " if settings else ""
    return [Line("", "letters in the outbox", RED if refused else AMBER, fact,
                 f"{mend}continuity duties remind", found[-1].at)]  # fmt: skip


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
    return Line("P8", "reserve of entry numbers", RED if low else GREEN, fact + more, command)
