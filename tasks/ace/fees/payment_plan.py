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
import pyarrow.compute as pc

from tasks.ace.fees.payment_methods import Index, PaymentMethod, assign_methods, next_month
from tasks.ace.fees.payment_terms import (
    INDIVIDUAL,
    MONTHLY,
    MONTHLY_DAY,
    OTHER_IMPORTERS,
    PaymentSetup,
    statement_window,
)
from tasks.core.calendar import Calendar

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
        held = sums[day, payer]
        held[0] += 1
        held[1] += amount
        monthly.update([(day, payer)] if kind in MONTHLY else [])
    rows = []
    for (day, payer), (count, amount) in sorted(sums.items(), key=lambda item: (item[0][0] or date.min, item[0][1])):
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


PLAN = pa.schema(
    [
        ("entry_number", pa.string()),
        ("payer", pa.string()),
        ("payment_type", pa.string()),
        ("branch", pa.string()),
        ("statement_date", pa.date32()),
        ("periodic_month", pa.string()),
        ("debit", pa.date32()),
        ("due", pa.date32()),
        ("amount", pa.int64()),
        ("notes", pa.list_(pa.string())),
    ]
)
MOVED = "moved: the payer's ceiling was reached"
ALONE = "above the payer's ceiling by itself"
FULL = "no day within 90 days is under the payer's ceiling"
MONTH_FULL = "the debit of this month's statement is above the payer's ceiling"
LATE = "after the day that duty is due"


_Day = tuple[date | None, tuple[str, ...]]
"""A statement date, and what is to be said of it."""


def plan_payment(summaries: pa.Table, payment: PaymentSetup) -> pa.Table:
    """PLAN, one row a summary in the order given. `summaries` has the schema SUMMARIES.

    Raises BadInput with every summary that no statement can take: no terms for the importer, or
    an estimated entry date more than 90 days ahead.
    """
    if not summaries.num_rows:
        return PLAN.empty_table()
    summaries = summaries.combine_chunks()
    found, way_of = assign_methods(summaries, payment)
    payers = _payers(summaries["importer_number"], found, way_of)
    outcome_of, outcomes = _outcomes(summaries, found, way_of, payers, payment)
    rows = [_row(way, *day, payment.calendar) for way, day in outcomes]
    columns = {
        name: pa.array([row[name] for row in rows], PLAN.field(name).type).take(pa.array(outcome_of))
        for name in rows[0]
    }
    columns |= {name: summaries[name].combine_chunks() for name in ("entry_number", "amount")}
    columns["payer"] = payers
    return pa.table([columns[name] for name in PLAN.names], schema=PLAN)


def _payers(importers: pa.ChunkedArray, found: Sequence[PaymentMethod], way_of: Index) -> pa.Array:
    """Whose account is debited for each summary: `filer`, or the importer's number."""
    filer = pa.array([way.terms.account == "filer" for way in found]).take(pa.array(way_of))
    return pc.if_else(filer, "filer", pc.fill_null(importers, OTHER_IMPORTERS)).combine_chunks()


def _outcomes(
    summaries: pa.Table, found: Sequence[PaymentMethod], way_of: Index, payers: pa.Array, payment: PaymentSetup
) -> tuple[Index, list[tuple[PaymentMethod, _Day]]]:
    """What becomes of the summaries, each different outcome once, and which one each has. Only
    those whose payer has a ceiling are placed one after the other."""
    outcomes = [(way, _unlimited(way, payment.calendar)) for way in found]
    outcome_of = way_of.copy()
    known = {one: place for place, one in enumerate(outcomes)}
    for row, day in _placed(summaries, found, way_of, payers, payment):
        one = (found[way_of[row]], day)
        if one not in known:
            known[one] = len(outcomes)
            outcomes.append(one)
        outcome_of[row] = known[one]
    return outcome_of, outcomes


def _unlimited(way: PaymentMethod, calendar: Calendar) -> _Day:
    if way.kind == INDIVIDUAL:
        return None, way.notes
    return _told(way, way.first, (), debit_day(way, way.first, calendar))


def _told(way: PaymentMethod, day: date, more: tuple[str, ...], debit: date) -> _Day:
    return day, (*way.notes, *more, *((LATE,) if debit > way.due else ()))


def _placed(
    summaries: pa.Table, found: Sequence[PaymentMethod], way_of: Index, payers: pa.Array, payment: PaymentSetup
) -> Iterator[tuple[int, _Day]]:
    """The rows of payers with a ceiling, the one due first placed first."""
    names = pc.unique(payers).to_pylist()
    ceilings = {name: most for name in names if (most := payment.ceiling(name)) is not None}
    rows = np.flatnonzero(pc.is_in(payers, value_set=pa.array(list(ceilings), pa.string())))
    some = summaries.select(["entry_number", "amount"]).take(pa.array(rows))
    numbers, amounts = (column.to_pylist() for column in some.columns)
    held = zip(rows.tolist(), numbers, amounts, payers.take(pa.array(rows)).to_pylist(), strict=True)
    used = defaultdict(int, payment.used)
    last = statement_window(payment.calendar, payment.sent)[1]
    after = cache(payment.calendar.after)
    for row, _, amount, payer in sorted(held, key=lambda one: (found[way_of[one[0]]].due, one[1])):
        way = found[way_of[row]]
        if way.kind == INDIVIDUAL:
            continue
        debit = debit_day(way, way.first, payment.calendar)
        room = partial(_fits, used, payer, amount, ceilings[payer])
        if way.kind in MONTHLY:
            day, more = way.first, () if room(debit) else (MONTH_FULL,)
        else:
            day, more = _place(way.first, last, amount > ceilings[payer], room, after)
            debit = day
        used[debit, payer] += amount
        yield row, _told(way, day, more, debit)


def _fits(used: Mapping[tuple[date, str], int], payer: str, amount: int, ceiling: int, day: date) -> bool:
    return used.get((day, payer), 0) + amount <= ceiling


def _place(
    first: date, last: date, alone: bool, room: Callable[[date], bool], after: Callable[[date], date]
) -> tuple[date, tuple[str, ...]]:
    if alone:
        return first, (ALONE,)
    day = first
    while day <= last:
        if room(day):
            return day, () if day == first else (MOVED,)
        day = after(day)
    return first, (FULL,)


def _row(way: PaymentMethod, day: date | None, notes: Sequence[str], calendar: Calendar) -> dict[str, object]:
    monthly = way.kind in MONTHLY and day is not None
    return {
        "payment_type": way.kind,
        "branch": (way.terms.branch or None) if way.kind != INDIVIDUAL else None,
        "statement_date": day,
        "periodic_month": f"{_period(way, day)[1]:02d}" if monthly and day else None,
        "debit": debit_day(way, day, calendar) if day else None,
        "due": way.due,
        "notes": list(notes),
    }


def debit_day(way: PaymentMethod, day: date, calendar: Calendar) -> date:
    """When a summary on a statement of this day is debited: then, or with the whole monthly statement."""
    if way.kind not in MONTHLY:
        return day
    return calendar.working_day(*_period(way, day), MONTHLY_DAY)


def _period(way: PaymentMethod, day: date) -> tuple[int, int]:
    """The month of the monthly statement: the one after the month of the entry, or the first that can
    still take the print date (p.175; error 215)."""
    earliest = (day.year, day.month)
    if day.day >= way.terms.periodic_day:
        earliest = next_month(day.year, day.month)
    return max(next_month(way.entered.year, way.entered.month), earliest)
