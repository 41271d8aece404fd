"""What each payer owes a day, beside its ceiling: to be seen before a run is approved."""

from __future__ import annotations

from collections import defaultdict
from datetime import date

import pyarrow as pa

from tasks.ace.money.payment import MONTHLY, Payment
from tasks.ace.money.payment_plan import ALONE, FULL, MONTH_FULL

DAILY_TOTALS = pa.schema(
    [
        ("statement_date", pa.date32()),
        ("payer", pa.string()),
        ("summaries", pa.int64()),
        ("amount", pa.int64()),
        ("used", pa.int64()),
        ("ceiling", pa.int64()),
        ("over", pa.bool_()),
        ("monthly", pa.bool_()),
    ]
)


def daily_totals(plan: pa.Table, payment: Payment) -> pa.Table:
    """DAILY_TOTALS: duty per day of debit and payer beside the payer's ceiling, by date. The day is
    the statement's; where money of a monthly statement is among it (`monthly`), the day that is paid by.

    used: what earlier sendings put on that day. ceiling: null where there is none; over: it
    is passed by both together. Summaries paid one by one stand under a null date and are never
    over. All amounts are cents.
    """
    sums: dict[tuple[date | None, str], list[int]] = defaultdict(lambda: [0, 0])
    monthly: set[tuple[date | None, str]] = set()
    names = ("debit", "payer", "amount", "payment_type")
    for day, payer, amount, kind in zip(*(plan[name].to_pylist() for name in names), strict=True):
        held = sums[day, payer]
        held[0] += 1
        held[1] += amount
        monthly.update([(day, payer)] if kind in MONTHLY else [])
    rows = []
    for (day, payer), (count, amount) in sorted(
        sums.items(), key=lambda item: (item[0][0] or date.min, item[0][1])
    ):
        ceiling = payment.ceiling(payer) if day else None
        used = payment.used.get((day, payer), 0) if day else 0
        over = ceiling is not None and used + amount > ceiling
        row = (day, payer, count, amount, used, ceiling, over, (day, payer) in monthly)
        rows.append(dict(zip(DAILY_TOTALS.names, row, strict=True)))
    return pa.Table.from_pylist(rows, DAILY_TOTALS)


def over_ceiling(plan: pa.Table) -> list[str]:
    """The entry numbers that no day could take under the ceiling."""
    pairs = zip(plan["entry_number"].to_pylist(), plan["notes"].to_pylist(), strict=True)
    over = {ALONE, FULL, MONTH_FULL}
    return [number for number, notes in pairs if over.intersection(notes)]
