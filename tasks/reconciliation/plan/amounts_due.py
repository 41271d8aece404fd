"""What each payer owes on each day of debit, beside its ceiling and what stands there already.

The journal knows what stands there: each summary that was sent, or is approved to be, with the plan that
set its date. What ACE rejected, or CBP took off again, no longer counts.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping
from datetime import date

import pyarrow as pa
import sqlalchemy as sa

from tasks.ace.api import PaymentSetup, daily_totals
from tasks.core.arrow_compute import to_list
from tasks.core.content import ContentStore
from tasks.core.journal.journal import Journal
from tasks.entries.api import SENT
from tasks.reconciliation.decisions.entry_facts import HELD
from tasks.reconciliation.plan.plan_store import PlannedBatch, Row, SendingPlan, load_plan
from tasks.reconciliation.state.entry_reader import list_entry_states
from tasks.reconciliation.state.entry_state import ACTION, SUMMARY, EntryState
from tasks.reconciliation.tables import BATCHES

_COUNTED_STATES = ("waiting", "taken")
_REMOVED_CODES = ("4", "5", "6")
"""UC: the summary is rejected, inactivated, canceled (UC v30)."""


def used_amounts(
    journal: Journal, content: ContentStore, going: Iterable[tuple[SendingPlan, list[PlannedBatch]]]
) -> dict[tuple[date, str], int]:
    """Cents by day of debit and payer of what was sent, and of what is `going` to be by approved
    plans. Silence frees nothing: what has no answer yet may stand."""
    amounts: dict[tuple[date, str], int] = defaultdict(int)
    for plan, numbers in _sent_plans(journal, content):
        _add_payments(amounts, plan.payments, numbers)
    for plan, batches in going:
        _add_payments(amounts, plan.payments, (number for batch in batches for number in batch.numbers))
    return dict(amounts)


def _sent_plans(journal: Journal, content: ContentStore) -> Iterator[tuple[SendingPlan, list[str]]]:
    query = (
        sa.select(SENT.c.number, BATCHES.c.plan)
        .join(BATCHES, BATCHES.c.batch == SENT.c.batch)
        .where(SENT.c.application == "AE", SENT.c.state.in_(_COUNTED_STATES))
    )
    by_plan: dict[str, list[str]] = defaultdict(list)
    for row in journal.rows(query):
        by_plan[row.plan].append(row.number)
    removed = {entry.number for entry in list_entry_states(journal) if _is_removed(entry)} if by_plan else set()
    for plan, numbers in by_plan.items():
        yield load_plan(content, plan), [number for number in numbers if number not in removed]


def _is_removed(entry: EntryState) -> bool:
    """True if its summary no longer stands on the statement that it was sent for."""
    sent = entry.sent.get("AE")
    if sent is None or entry.state in ("burnt", "handed over"):
        return True
    action, summary = entry.ace_statuses.get(ACTION), entry.ace_statuses.get(SUMMARY)
    if action is not None and action.seq > sent.seq and action.code in _REMOVED_CODES:
        return True
    if summary is None or summary.asked <= sent.seq or summary.disposition not in HELD:
        return False
    return summary.summary in ("rejected", "cancelled")


def _add_payments(
    amounts: dict[tuple[date, str], int], payments: Mapping[str, tuple[str, str, int]], numbers: Iterable[str]
) -> None:
    for number in numbers:
        payer, day, amount = payments.get(number, ("", "", 0))
        if day:
            amounts[date.fromisoformat(day), payer] += amount


def summary_payments(tables: Iterable[pa.Table]) -> dict[str, tuple[str, str, int]]:
    """Payer, day of debit (empty where it is paid one by one) and cents of each summary of payment
    plans."""
    names = ("entry_number", "payer", "debit", "amount")
    return {
        number: (payer, day.isoformat() if day else "", amount)
        for table in tables
        for number, payer, day, amount in zip(*(to_list(table[name]) for name in names), strict=True)
    }


def payment_notes(tables: Iterable[pa.Table]) -> dict[str, int]:
    """What payment plans say of their summaries (moved by the ceiling, late, daily instead of
    monthly), and how many each is said of."""
    table_notes = (notes for table in tables for notes in to_list(table["notes"]))
    return dict(sorted(Counter(note for notes in table_notes for note in notes).items()))


def daily_duty(tables: list[pa.Table], payment: PaymentSetup) -> list[Row]:
    """DAILY_TOTALS of all payment plans together, days as text."""
    if not tables:
        return []
    rows = to_list(daily_totals(pa.concat_tables(tables), payment))
    return [{**row, "statement_date": str(row["statement_date"] or "")} for row in rows]
