"""How the book holds the numbers of a file, and why a desk may not use one or change what it says.

In-bond numbers of our own reserve on a desk's bills: they must have been issued, and not void.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

import sqlalchemy as sa

from tasks.core.errors import Problem
from tasks.core.journal.journal import Journal
from tasks.core.journal.table_columns import rows_among
from tasks.entries.record.record_fields import field_named as field_of
from tasks.entries.tables import ENTRIES, NUMBERS, SENT

if TYPE_CHECKING:
    from tasks.entries.workbook.file_intake import FileIntake
from collections.abc import Mapping

from tasks.entries.record.entry_record import EntryRecord
from tasks.entries.record.record_fields import RECORD_SHEETS


def in_bond_numbers_used(record: EntryRecord) -> dict[str, list[str]]:
    """By entry, the in-bond numbers on its bills, each once, in their order."""
    found: dict[str, list[str]] = {}
    for row in record.bills.select(["entry_number", "bill_type", "bill_number"]).to_pylist():
        if row["bill_type"] == "I" and row["bill_number"]:
            own = found.setdefault(row["entry_number"], [])
            own += [row["bill_number"]] if row["bill_number"] not in own else []
    return found


def in_bond_clashes(journal: Journal, record: EntryRecord, file: str) -> Iterable[tuple[str, Problem]]:
    """By entry number, each in-bond number of our reserve that is void or was never issued. One
    that is in no reserve of ours is the carrier's own."""
    used = in_bond_numbers_used(record)
    states = _states(journal, sorted({one for some in used.values() for one in some}))
    title = field_of("bills", "bill_number").title
    for entry, some in used.items():
        for number in some:
            if code := _FAULTS.get(states.get(number, "")):
                yield entry, Problem(file, RECORD_SHEETS["bills"], 0, title, number, code=code)


_FAULTS: Mapping[str, str] = {"reserved": "in-bond-not-issued", "void": "in-bond-voided"}


def _states(journal: Journal, numbers: list[str]) -> dict[str, str]:
    found: dict[str, str] = {}
    for start in range(0, len(numbers), 500):
        some = NUMBERS.c.number.in_(numbers[start : start + 500])
        rows = journal.rows(sa.select(NUMBERS.c.number, NUMBERS.c.state).where(some))
        found |= {row.number: row.state for row in rows}
    return found


def against_release(journal: Journal, intake: FileIntake) -> Iterable[tuple[str, Problem]]:
    """What ACE has as cargo release can still get its summary's data, but not another type, port
    or importer: that takes a correction with CBP (CATAIR SE v40 p.23, 33)."""
    rows = {row["entry_number"]: row for row in intake.record.entries.to_pylist()}
    for held in number_states(journal, [number for number in rows if number]):
        row = rows[held.number]
        for column, before in (
            ("entry_type", held.entry_type),
            ("port_of_entry", held.entry_port),
            ("importer_number", held.importer),
        ):
            sealed = (before or "").startswith("~")
            if held.application == "SE" and not sealed and before and row[column] != before:
                yield (
                    held.number,
                    Problem(
                        file=intake.file,
                        sheet="Entries",
                        row=intake.row_of(held.number),
                        column=field_of("entries", column).title,
                        value=row[column] or "",
                        code="differs-from-release-in-ace",
                        values={"batch": held.batch, "released": before},
                        subject=held.number,
                    ),
                )


def desk_by_number(intake: FileIntake) -> dict[str, str]:
    """The desk that uses each number in a file: the workbook's own, or that of the row."""
    rows = intake.record.entries
    named = zip(rows["entry_number"].to_pylist(), rows["desk"].to_pylist(), strict=True)
    return {number: intake.desk or desk or "" for number, desk in named if number}


def number_states(journal: Journal, numbers: list[str]) -> Iterable[sa.Row]:
    query = (
        sa.select(
            NUMBERS,
            SENT.c.batch,
            SENT.c.application,
            SENT.c.state.label("sent_state"),
            ENTRIES.c.file,
            ENTRIES.c.entry_type,
            ENTRIES.c.port.label("entry_port"),
            ENTRIES.c.importer,
        )
        .outerjoin(SENT, sa.and_(SENT.c.number == NUMBERS.c.number, SENT.c.state.in_(("waiting", "taken", "found"))))
        .outerjoin(ENTRIES, ENTRIES.c.number == NUMBERS.c.number)
    )
    # An entry may be out as release and as summary: the summary's row comes last and counts.
    query = query.order_by(NUMBERS.c.number, SENT.c.application.desc())
    yield from rows_among(journal.rows, query, NUMBERS.c.number, numbers)


def use_problem(number: str, desk: str, row: sa.Row | None, elsewhere: str) -> tuple[str, dict[str, object]] | None:
    """The code and values of why a desk may not use a number; None if it may. `elsewhere`: the file
    and desk that use it too."""
    if row is None:
        return "entry-number-not-in-reserve", {}
    if row.state == "reserved":
        return "number-not-issued", {}
    if row.desk != desk:
        desks = {"owner": row.desk, "desk": desk or "an unnamed desk"}
        if elsewhere:
            return "number-used-by-two-desks", {**desks, "elsewhere": elsewhere}
        return "number-issued-to-other-desk", desks
    if row.state == "void":
        return "number-voided", {"note": row.note}
    if row.batch and (row.application != "SE" or row.sent_state == "waiting"):
        return "number-already-sent", {"batch": row.batch}
    if row.state not in ("issued", "recorded"):
        return "number-no-longer-open", {"state": row.state}
    return None


def other_uses(number: str, desk: str, intake: FileIntake, others: Sequence[FileIntake]) -> str:
    for other in others:
        theirs = desk_by_number(other).get(number)
        if other is not intake and theirs is not None and theirs != desk:
            return f"{other.file} ({theirs})"
    return ""
