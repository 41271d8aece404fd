"""Which statement each summary goes on, and what each payer owes a day.

Dates are set when a run is sent: the first that CBP takes, or a later one where a payer's daily
ceiling is reached, since a backlog on one day can bounce the debit. A monthly statement is debited in
one sum, on a working day of its month, whatever day its summaries are printed on: there the ceiling is
told, as another print date would not help.

What each payer owes a day, beside its ceiling: to be seen before a run is approved.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import date
from functools import cache, partial

import numpy as np
import pyarrow as pa

from tasks.ace.fees.payment_methods import Index, PaymentMethod, assign_methods, next_month
from tasks.ace.fees.payment_terms import (
    INDIVIDUAL,
    MONTHLY,
    MONTHLY_DAY,
    OTHER_IMPORTERS,
    PaymentSetup,
    statement_window,
)
from tasks.ace.wire.array_tools import one_array
from tasks.ace.wire.table_columns import table_schema
from tasks.core import arrow_compute as pc
from tasks.core.calendar import Calendar

DAILY_TOTALS = table_schema("daily totals")


def daily_totals(plan: pa.Table, payment: PaymentSetup) -> pa.Table:
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
        total = sums[day, payer]
        total[0] += 1
        total[1] += amount
        monthly.update([(day, payer)] if kind in MONTHLY else [])
    rows = []
    for (day, payer), (count, amount) in sorted(sums.items(), key=lambda pair: (pair[0][0] or date.min, pair[0][1])):
        ceiling = payment.ceiling(payer) if day else None
        used = payment.used.get((day, payer), 0) if day else 0
        over = ceiling is not None and used + amount > ceiling
        row = (day, payer, count, amount, used, ceiling, over, (day, payer) in monthly)
        rows.append(dict(zip(DAILY_TOTALS.names, row, strict=True)))
    return pa.Table.from_pylist(rows, DAILY_TOTALS)


def over_ceiling(plan: pa.Table) -> list[str]:
    """The entry numbers that no day could take under the ceiling."""
    pairs = zip(pc.to_list(plan["entry_number"]), pc.to_list(plan["notes"]), strict=True)
    over = {ALONE, FULL, MONTH_FULL}
    return [number for number, notes in pairs if over.intersection(notes)]


PLAN = table_schema("payment plan")
MOVED = "moved: the payer's ceiling was reached"
ALONE = "above the payer's ceiling by itself"
FULL = "no day within 90 days is under the payer's ceiling"
MONTH_FULL = "the debit of this month's statement is above the payer's ceiling"
LATE = "after the day that duty is due"


StatementDay = tuple[date | None, tuple[str, ...]]
"""A statement date, and what is to be said of it."""


def plan_payment(summaries: pa.Table, payment: PaymentSetup) -> pa.Table:
    """PLAN, one row a summary in the order given. `summaries` has the schema SUMMARIES.

    Raises BadInput with every summary that no statement can take: no terms for the importer, or
    an estimated entry date more than 90 days ahead.
    """
    if not summaries.num_rows:
        return PLAN.empty_table()
    summaries = summaries.combine_chunks()
    methods, method_of = assign_methods(summaries, payment)
    payers = _payers(summaries["importer_number"], methods, method_of)
    outcome_of, outcomes = _outcomes(summaries, methods, method_of, payers, payment)
    rows = [_row(method, *day, payment.calendar) for method, day in outcomes]
    columns = {name: pa.array([row[name] for row in rows], PLAN.field(name).type).take(outcome_of) for name in rows[0]}
    columns |= {name: summaries[name].combine_chunks() for name in ("entry_number", "amount")}
    columns["payer"] = payers
    return pa.table([columns[name] for name in PLAN.names], schema=PLAN)


def _payers(importers: pa.ChunkedArray, methods: Sequence[PaymentMethod], method_of: Index) -> pa.Array:
    """Whose account is debited for each summary: `filer`, or the importer's number."""
    filer = pa.array([method.terms.account == "filer" for method in methods]).take(method_of)
    return pc.if_else(filer, "filer", pc.fill_null(one_array(importers), OTHER_IMPORTERS))


def _outcomes(
    summaries: pa.Table, methods: Sequence[PaymentMethod], method_of: Index, payers: pa.Array, payment: PaymentSetup
) -> tuple[Index, list[tuple[PaymentMethod, StatementDay]]]:
    """What becomes of the summaries, each different outcome once, and which one each has. Only
    those whose payer has a ceiling are placed one after the other."""
    outcomes = [(method, _unlimited(method, payment.calendar)) for method in methods]
    outcome_of = method_of.copy()
    number_of = {outcome: number for number, outcome in enumerate(outcomes)}
    for row, day in _days_under_ceiling(summaries, methods, method_of, payers, payment):
        outcome = (methods[method_of[row]], day)
        if outcome not in number_of:
            number_of[outcome] = len(outcomes)
            outcomes.append(outcome)
        outcome_of[row] = number_of[outcome]
    return outcome_of, outcomes


def _unlimited(method: PaymentMethod, calendar: Calendar) -> StatementDay:
    if method.kind == INDIVIDUAL:
        return None, method.notes
    return _statement_day(method, method.first, (), debit_day(method, method.first, calendar))


def _statement_day(method: PaymentMethod, day: date, extra_notes: tuple[str, ...], debit: date) -> StatementDay:
    return day, (*method.notes, *extra_notes, *((LATE,) if debit > method.due else ()))


def _days_under_ceiling(
    summaries: pa.Table, methods: Sequence[PaymentMethod], method_of: Index, payers: pa.Array, payment: PaymentSetup
) -> Iterator[tuple[int, StatementDay]]:
    """The rows of payers with a ceiling, the one due first placed first."""
    names = pc.to_list(pc.unique(payers))
    ceilings = {name: most for name in names if (most := payment.ceiling(name)) is not None}
    rows = np.flatnonzero(pc.is_in(payers, value_set=pa.array(list(ceilings), pa.string())))
    limited = summaries.select(["entry_number", "amount"]).take(rows)
    numbers, amounts = (pc.to_list(column) for column in limited.columns)
    candidates = zip(rows.tolist(), numbers, amounts, pc.to_list(payers.take(rows)), strict=True)
    used = defaultdict(int, payment.used)
    last = statement_window(payment.calendar, payment.sent)[1]
    after = cache(payment.calendar.after)
    for row, _, amount, payer in sorted(candidates, key=lambda row_: (methods[method_of[row_[0]]].due, row_[1])):
        method = methods[method_of[row]]
        if method.kind == INDIVIDUAL:
            continue
        debit = debit_day(method, method.first, payment.calendar)
        has_room = partial(_fits, used, payer, amount, ceilings[payer])
        if method.kind in MONTHLY:
            day, extra_notes = method.first, () if has_room(debit) else (MONTH_FULL,)
        else:
            day, extra_notes = _first_free_day(method.first, last, amount > ceilings[payer], has_room, after)
            debit = day
        used[debit, payer] += amount
        yield row, _statement_day(method, day, extra_notes, debit)


def _fits(used: Mapping[tuple[date, str], int], payer: str, amount: int, ceiling: int, day: date) -> bool:
    return used.get((day, payer), 0) + amount <= ceiling


def _first_free_day(
    first: date, last: date, alone: bool, has_room: Callable[[date], bool], after: Callable[[date], date]
) -> tuple[date, tuple[str, ...]]:
    if alone:
        return first, (ALONE,)
    day = first
    while day <= last:
        if has_room(day):
            return day, () if day == first else (MOVED,)
        day = after(day)
    return first, (FULL,)


def _row(method: PaymentMethod, day: date | None, notes: Sequence[str], calendar: Calendar) -> dict[str, object]:
    monthly = method.kind in MONTHLY and day is not None
    return {
        "payment_type": method.kind,
        "branch": (method.terms.branch or None) if method.kind != INDIVIDUAL else None,
        "statement_date": day,
        "periodic_month": f"{_period(method, day)[1]:02d}" if monthly and day else None,
        "debit": debit_day(method, day, calendar) if day else None,
        "due": method.due,
        "notes": list(notes),
    }


def debit_day(method: PaymentMethod, day: date, calendar: Calendar) -> date:
    """When a summary on a statement of this day is debited: then, or with the whole monthly statement."""
    if method.kind not in MONTHLY:
        return day
    return calendar.working_day(*_period(method, day), MONTHLY_DAY)


def _period(method: PaymentMethod, day: date) -> tuple[int, int]:
    """The month of the monthly statement: the one after the month of the entry, or the first that can
    still take the print date (p.175; error 215)."""
    earliest = (day.year, day.month)
    if day.day >= method.terms.periodic_day:
        earliest = next_month(day.year, day.month)
    return max(next_month(method.entered.year, method.entered.month), earliest)
