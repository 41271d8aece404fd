"""What each payer owes on each day of debit, beside its ceiling and what stands there already.

The book knows what stands there: each summary that was sent, or is approved to be, with the plan that
set its date. What ACE rejected, or CBP took off again, no longer counts.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping
from datetime import date

import pyarrow as pa
import sqlalchemy as sa

from tasks.ace.api import PaymentSetup, daily_totals
from tasks.core.content import ContentStore
from tasks.core.journal.journal import Journal
from tasks.entries.api import SENT
from tasks.reconciliation.decisions.entry_facts import HELD
from tasks.reconciliation.plan.plan_store import PlannedBatch, Row, SendingPlan, load_plan
from tasks.reconciliation.state.entry_reader import list_entry_states
from tasks.reconciliation.state.entry_state import ACTION, SUMMARY, EntryState
from tasks.reconciliation.tables import BATCHES

_STANDING = ("waiting", "taken")
_TAKEN_OFF = ("4", "5", "6")
"""UC: the summary is rejected, inactivated, cancelled (UC v30)."""


def used_amounts(
    journal: Journal, content: ContentStore, going: Iterable[tuple[SendingPlan, list[PlannedBatch]]]
) -> dict[tuple[date, str], int]:
    """Cents by day of debit and payer of what was sent, and of what is `going` to be by approved
    plans. Silence frees nothing: what has no answer yet may stand."""
    found: dict[tuple[date, str], int] = defaultdict(int)
    for plan, numbers in _sent(journal, content):
        _add(found, plan.payments, numbers)
    for plan, batches in going:
        _add(found, plan.payments, (number for batch in batches for number in batch.numbers))
    return dict(found)


def _sent(journal: Journal, content: ContentStore) -> Iterator[tuple[SendingPlan, list[str]]]:
    query = (
        sa.select(SENT.c.number, BATCHES.c.plan)
        .join(BATCHES, BATCHES.c.batch == SENT.c.batch)
        .where(SENT.c.application == "AE", SENT.c.state.in_(_STANDING))
    )
    by_plan: dict[str, list[str]] = defaultdict(list)
    for row in journal.rows(query):
        by_plan[row.plan].append(row.number)
    off = {one.number for one in list_entry_states(journal) if _is_off(one)} if by_plan else set()
    for plan, numbers in by_plan.items():
        yield load_plan(content, plan), [number for number in numbers if number not in off]


def _is_off(one: EntryState) -> bool:
    """True if its summary no longer stands on the statement that it was sent for."""
    sent = one.sent.get("AE")
    if sent is None or one.state in ("burnt", "handed over"):
        return True
    acted, shown = one.views.get(ACTION), one.views.get(SUMMARY)
    if acted is not None and acted.seq > sent.seq and acted.code in _TAKEN_OFF:
        return True
    if shown is None or shown.asked <= sent.seq or shown.disposition not in HELD:
        return False
    return shown.summary in ("rejected", "cancelled")


def _add(
    found: dict[tuple[date, str], int], payments: Mapping[str, tuple[str, str, int]], numbers: Iterable[str]
) -> None:
    for number in numbers:
        payer, day, amount = payments.get(number, ("", "", 0))
        if day:
            found[date.fromisoformat(day), payer] += amount


def summary_payments(tables: Iterable[pa.Table]) -> dict[str, tuple[str, str, int]]:
    """Payer, day of debit (empty where it is paid one by one) and cents of each summary of payment
    plans."""
    names = ("entry_number", "payer", "debit", "amount")
    return {
        number: (payer, day.isoformat() if day else "", amount)
        for table in tables
        for number, payer, day, amount in zip(*(table[name].to_pylist() for name in names), strict=True)
    }


def payment_notes(tables: Iterable[pa.Table]) -> dict[str, int]:
    """What payment plans say of their summaries (moved by the ceiling, late, daily instead of
    monthly), and how many each is said of."""
    own = (notes for table in tables for notes in table["notes"].to_pylist())
    return dict(sorted(Counter(note for notes in own for note in notes).items()))


def daily_duty(tables: list[pa.Table], payment: PaymentSetup) -> list[Row]:
    """DAILY_TOTALS of all payment plans together, days as text."""
    if not tables:
        return []
    rows = daily_totals(pa.concat_tables(tables), payment).to_pylist()
    return [{**row, "statement_date": str(row["statement_date"] or "")} for row in rows]
