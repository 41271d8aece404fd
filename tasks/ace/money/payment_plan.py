"""Which statement each summary goes on, and what each payer owes a day.

Dates are set when a run is sent: the first that CBP takes, or a later one where a payer's daily
ceiling is reached, since a backlog on one day can bounce the debit.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from functools import cache, partial

import pyarrow as pa

from tasks.ace.money.payment import AS_DAILY, INDIVIDUAL, MONTHLY, OTHERS, Payment, Terms
from tasks.ace.money.statement_days import AHEAD, DUE, MONTHLY_DAY, window
from tasks.shared.errors import BadInput, Problem

SUMMARIES = pa.schema(
    [
        ("entry_number", pa.string()),
        ("importer_number", pa.string()),
        ("payment_type", pa.string()),
        ("estimated_entry_date", pa.date32()),
        ("taxed", pa.bool_()),
        ("bond_type", pa.string()),
        ("amount", pa.int64()),
    ]
)
"""What is asked of each summary. payment_type: its own wish, null for its importer's terms;
taxed: owes internal revenue tax; amount: cents owed."""

PLAN = pa.schema(
    [
        ("entry_number", pa.string()),
        ("payer", pa.string()),
        ("payment_type", pa.string()),
        ("branch", pa.string()),
        ("statement_date", pa.date32()),
        ("periodic_month", pa.string()),
        ("due", pa.date32()),
        ("amount", pa.int64()),
        ("note", pa.string()),
    ]
)
NOT_MONTHLY_TAX = "tax: daily instead of monthly statement (718)"
NOT_MONTHLY_BOND = "no continuous bond: daily instead of monthly statement (208)"
MOVED = "moved: the payer's ceiling was reached"
ALONE = "above the payer's ceiling by itself"
FULL = "no day within 90 days is under the payer's ceiling"
LATE = "after the day that duty is due"


@dataclass(frozen=True, slots=True)
class _Wish:
    number: str
    terms: Terms
    kind: str
    entered: date
    first: date
    due: date
    amount: int
    notes: tuple[str, ...]


def plan_payment(summaries: pa.Table, payment: Payment) -> pa.Table:
    """PLAN, one row a summary in the order given. `summaries` has the schema SUMMARIES.

    Raises BadInput with every summary that no statement can take: no terms for the importer, or
    an estimated entry date more than 90 days ahead.
    """
    wishes, problems = [], []
    due = cache(partial(_due, payment=payment))
    earliest = cache(partial(_first, payment=payment))
    for row in _dicts(summaries):
        wish = _wish(row, payment, due, earliest)
        if isinstance(wish, Problem):
            problems.append(wish)
        else:
            wishes.append(wish)
    if problems:
        raise BadInput(f"{len(problems)} summaries have no way to be paid", problems)
    days = _days(wishes, payment)
    columns: dict[str, list[object]] = {name: [] for name in PLAN.names}
    for wish in wishes:
        for name, value in _row(wish, *days[wish.number]).items():
            columns[name].append(value)
    return pa.table(columns, schema=PLAN)


def _dicts(table: pa.Table) -> Iterator[dict[str, object]]:
    """The rows as dicts, some at a time."""
    for batch in table.to_batches(max_chunksize=4096):
        yield from batch.to_pylist()


def _wish(
    row: Mapping[str, object],
    payment: Payment,
    due: Callable[[str, date], date],
    earliest: Callable[[date], tuple[date, bool]],
) -> _Wish | Problem:
    terms = payment.of(row["importer_number"])  # type: ignore[arg-type]
    sheet = f"entry {row['entry_number']}"
    own = row["payment_type"]
    if terms is None:
        return Problem(
            sheet=sheet,
            column="payment_type",
            wrong="no payment terms for the importer",
            right=f"a row in the payment table, or one for {OTHERS}",
        )
    kind, notes = str(own or terms.payment_type), []
    if kind in MONTHLY and row["taxed"]:
        kind, notes = AS_DAILY[kind], [NOT_MONTHLY_TAX]
    if kind in MONTHLY and row["bond_type"] == "9":
        kind, notes = AS_DAILY[kind], [NOT_MONTHLY_BOND]
    if kind in MONTHLY and not terms.periodic_day:
        return Problem(
            sheet=sheet,
            column="periodic_day",
            value=kind,
            wrong="monthly, but the importer's terms name no day",
            right="periodic_day in the payment table",
        )
    entered: date = row["estimated_entry_date"]  # type: ignore[assignment]
    first, fits = earliest(entered)
    if kind != INDIVIDUAL and not fits:
        return Problem(
            sheet=sheet,
            column="estimated_entry_date",
            value=entered.isoformat(),
            wrong="leaves no statement date",
            right=f"at most {AHEAD} days after sending (206, 218)",
        )
    amount = int(row["amount"])  # type: ignore[call-overload]
    number = str(row["entry_number"])
    return _Wish(number, terms, kind, entered, first, due(kind, entered), amount, tuple(notes))


def _first(entered: date, payment: Payment) -> tuple[date, bool]:
    """The first statement date of an entry, and whether CBP's window still holds it."""
    first, last = window(payment.calendar, payment.sent)
    first = max(first, payment.calendar.on_or_after(entered))
    return first, first <= last


def _due(kind: str, entered: date, payment: Payment) -> date:
    """Ten working days after entry (19 CFR 142.12(b)); monthly: a working day of the next month."""
    if kind in MONTHLY:
        return payment.calendar.working_day(*_next(entered.year, entered.month), MONTHLY_DAY)
    return payment.calendar.after(entered, DUE)


def _days(
    wishes: Sequence[_Wish], payment: Payment
) -> dict[str, tuple[date | None, tuple[str, ...]]]:
    """The statement date of each summary, the one due first placed first, and its notes."""
    used: dict[tuple[date, str], int] = defaultdict(int)
    last = window(payment.calendar, payment.sent)[1]
    found: dict[str, tuple[date | None, tuple[str, ...]]] = {}
    for wish in sorted(wishes, key=lambda one: (one.due, one.number)):
        if wish.kind == INDIVIDUAL:
            found[wish.number] = (None, wish.notes)
            continue
        payer, ceiling = wish.terms.payer, payment.ceiling(wish.terms.payer)
        day, more = _place(wish, payer, ceiling, used, payment, last)
        used[day, payer] += wish.amount
        late = (LATE,) if day > wish.due else ()
        found[wish.number] = (day, (*wish.notes, *more, *late))
    return found


def _place(
    wish: _Wish,
    payer: str,
    ceiling: int | None,
    used: Mapping[tuple[date, str], int],
    payment: Payment,
    last: date,
) -> tuple[date, tuple[str, ...]]:
    if ceiling is None:
        return wish.first, ()
    if wish.amount > ceiling:
        return wish.first, (ALONE,)
    day = wish.first
    while day <= last:
        if used.get((day, payer), 0) + wish.amount <= ceiling:
            return day, () if day == wish.first else (MOVED,)
        day = payment.calendar.after(day)
    return wish.first, (FULL,)


def _row(wish: _Wish, day: date | None, notes: Sequence[str]) -> dict[str, object]:
    month = periodic_month(wish, day) if wish.kind in MONTHLY and day else None
    return {
        "entry_number": wish.number,
        "payer": wish.terms.payer,
        "payment_type": wish.kind,
        "branch": (wish.terms.branch or None) if wish.kind != INDIVIDUAL else None,
        "statement_date": day,
        "periodic_month": month,
        "due": wish.due,
        "amount": wish.amount,
        "note": "; ".join(notes) or None,
    }


def periodic_month(wish: _Wish, day: date) -> str:
    """The month of the monthly statement, MM: the one after the month of the entry, or the first
    that can still take the print date (p.175; error 215)."""
    earliest = (day.year, day.month)
    if day.day >= wish.terms.periodic_day:
        earliest = _next(day.year, day.month)
    return f"{max(_next(wish.entered.year, wish.entered.month), earliest)[1]:02d}"


def _next(year: int, month: int) -> tuple[int, int]:
    return (year + month // 12, month % 12 + 1)
