"""In-bond numbers of our own reserve on a desk's bills: they must have been issued, and not void."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

import sqlalchemy as sa

from tasks.entries.record import Record
from tasks.entries.schema import SHEETS, field as field_of
from tasks.shared.errors import Problem
from tasks.shared.journal import Journal
from tasks.shared.projections import NUMBERS


def in_bonds(record: Record) -> dict[str, list[str]]:
    """By entry, the in-bond numbers on its bills, each once, in their order."""
    found: dict[str, list[str]] = {}
    for row in record.bills.select(["entry_number", "bill_type", "bill_number"]).to_pylist():
        if row["bill_type"] == "I" and row["bill_number"]:
            own = found.setdefault(row["entry_number"], [])
            own += [row["bill_number"]] if row["bill_number"] not in own else []
    return found


def clashes(journal: Journal, record: Record, file: str) -> Iterable[tuple[str, Problem]]:
    """By entry number, each in-bond number of our reserve that is void or was never issued. One
    that is in no reserve of ours is the carrier's own."""
    used = in_bonds(record)
    states = _states(journal, sorted({one for some in used.values() for one in some}))
    title = field_of("bills", "bill_number").title
    for entry, some in used.items():
        for number in some:
            if code := _FAULTS.get(states.get(number, "")):
                yield entry, Problem(file, SHEETS["bills"], 0, title, number, code=code)


_FAULTS: Mapping[str, str] = {"reserved": "in-bond-not-issued", "void": "in-bond-voided"}


def _states(journal: Journal, numbers: list[str]) -> dict[str, str]:
    found: dict[str, str] = {}
    for start in range(0, len(numbers), 500):
        some = NUMBERS.c.number.in_(numbers[start : start + 500])
        rows = journal.rows(sa.select(NUMBERS.c.number, NUMBERS.c.state).where(some))
        found |= {row.number: row.state for row in rows}
    return found
