"""How this broker's importers pay: the payment table of its settings, the daily ceiling, the days."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from zoneinfo import ZoneInfo

from tasks.ace.api import OTHER_IMPORTERS, AceSettings, CeilingUse, PaymentSetup, read_terms
from tasks.core import clock
from tasks.core.calendar import Calendar
from tasks.core.errors import BadSettings
from tasks.core.settings import BrokerSettings, Settings

FILE = "payment.csv"


def read_payment_terms(settings: Settings, sent: date, used: CeilingUse | None = None) -> PaymentSetup:
    """Terms, ceilings and calendar for a run that is sent on this day. `used`: what stands on each
    payer's statements already. Raises BadSettings if there is no payment table, BadInput if it
    holds faults."""
    path = settings(AceSettings).payment_table or settings.home / FILE
    if not path.is_file():
        raise BadSettings("payment-table-missing", path=path)
    return PaymentSetup(
        terms=read_terms(path),
        sent=sent,
        ceilings=ceilings(settings),
        calendar=Calendar(frozenset(settings(AceSettings).closed_days)),
        used=used or {},
    )


def ceilings(settings: Settings) -> Mapping[str, int]:
    """Cents a day that each payer's debit may reach; empty where there is no ceiling."""
    return {OTHER_IMPORTERS: settings(AceSettings).daily_ceiling * 100} if settings(AceSettings).daily_ceiling else {}


def sending_day(settings: Settings) -> date:
    """The day on which what leaves now is sent. CBP counts days in Washington, the broker where it
    is; between their midnights the later of the two counts, so that no statement date is too near.
    """
    ours = clock.now().astimezone(ZoneInfo(settings(BrokerSettings).zone)).date()
    return max(ours, clock.washington().date())
