"""How this house's importers pay: the payment table of its settings, and the daily ceiling."""

from __future__ import annotations

from datetime import date

from tasks.ace.money.payment import OTHERS, Payment, read_terms
from tasks.shared.errors import BadSettings
from tasks.shared.settings import Settings

FILE = "payment.csv"


def of_house(settings: Settings, sent: date) -> Payment:
    """Terms, ceilings and calendar for a run that is sent on this day. Raises BadSettings if there
    is no payment table, BadInput if it holds faults."""
    path = settings.ace.payment_table or settings.home / FILE
    if not path.is_file():
        raise BadSettings(
            f"{path} is missing: a CSV with the columns importer_number, payment_type, branch, "
            "account, periodic_day; a row with importer_number * is for all others"
        )
    ceilings = {OTHERS: settings.ace.daily_ceiling * 100} if settings.ace.daily_ceiling else {}
    return Payment(terms=read_terms(path), sent=sent, ceilings=ceilings)
