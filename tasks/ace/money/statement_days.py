"""Days on which a statement can be printed: a port's working days, in CBP's window.

AE 2026-07 p.174-176; errors 204 (weekend, holiday; local holidays too), 205 (at least one
business day ahead), 206 (at most 90 days), 218 (not before the estimated entry date).
"""

from __future__ import annotations

from datetime import date, timedelta

from tasks.shared.business_days import Calendar

AHEAD = 90
"""Most days from sending to the statement (error 206)."""

DUE = 10
"""Working days from entry to summary and duty (19 CFR 142.12(b))."""

MONTHLY_DAY = 15
"""Working day of the following month that a monthly statement is paid by (periodic monthly)."""


def window(calendar: Calendar, sent: date) -> tuple[date, date]:
    """First and last day that a summary sent on a day can name."""
    return calendar.after(sent), sent + timedelta(days=AHEAD)
