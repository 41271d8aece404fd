"""Whether a desk may use the numbers of a file: entry numbers by state and desk, in-bond numbers of the reserve,
which must be issued and not void, and fields that a cargo release has fixed."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from itertools import chain
from typing import TYPE_CHECKING

import sqlalchemy as sa

from tasks.core.errors import Problem
from tasks.core.journal.journal import Journal
from tasks.core.journal.table_columns import rows_among
from tasks.entries.record.entry_record import EntryRecord
from tasks.entries.record.record_fields import RECORD_SHEETS, field_named
from tasks.entries.tables import ENTRIES, NUMBERS, SENT

if TYPE_CHECKING:
    from tasks.entries.workbook.file_intake import FileIntake


def in_bond_numbers_used(record: EntryRecord) -> dict[str, list[str]]:
    """By entry, the in-bond numbers on its bills, each once, in their order."""
    in_bonds: dict[str, list[str]] = {}
    for row in record.bills.select(["entry_number", "bill_type", "bill_number"]).to_pylist():
        if row["bill_type"] == "I" and row["bill_number"]:
            listed = in_bonds.setdefault(row["entry_number"], [])
            listed += [row["bill_number"]] if row["bill_number"] not in listed else []
    return in_bonds


def in_bond_clashes(journal: Journal, record: EntryRecord, file: str) -> Iterable[tuple[str, Problem]]:
    """By entry number, each in-bond number of our reserve that is void or was never issued. One
    that is in no reserve of ours is the carrier's own."""
    used = in_bond_numbers_used(record)
    query = sa.select(NUMBERS.c.number, NUMBERS.c.state)
    rows = rows_among(journal.rows, query, NUMBERS.c.number, sorted(set(chain.from_iterable(used.values()))))
    states = {row.number: row.state for row in rows}
    title = field_named("bills", "bill_number").title
    for entry, in_bonds in used.items():
        for number in in_bonds:
            if code := _FAULTS.get(states.get(number, "")):
                yield entry, Problem(file, RECORD_SHEETS["bills"], 0, title, number, code=code)


_FAULTS: Mapping[str, str] = {"reserved": "in-bond-not-issued", "void": "in-bond-voided"}


def release_differences(journal: Journal, intake: FileIntake) -> Iterable[tuple[str, Problem]]:
    """Differences to the cargo release in ACE in type, port or importer, which take a correction with CBP
    (CATAIR SE v40 p.23, 33)."""
    rows = {row["entry_number"]: row for row in intake.record.entries.to_pylist()}
    for state in number_states(journal, [number for number in rows if number]):
        row = rows[state.number]
        for column, released in (
            ("entry_type", state.entry_type),
            ("port_of_entry", state.entry_port),
            ("importer_number", state.importer),
        ):
            sealed = (released or "").startswith("~")
            if state.application == "SE" and not sealed and released and row[column] != released:
                yield (
                    state.number,
                    Problem(
                        file=intake.file,
                        sheet="Entries",
                        row=intake.row_of(state.number),
                        column=field_named("entries", column).title,
                        value=row[column] or "",
                        code="differs-from-release-in-ace",
                        values={"batch": state.batch, "released": released},
                        subject=state.number,
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
    # An entry may be sent as release and as summary: the summary's row comes last and counts.
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


def other_uses(number: str, desk: str, intake: FileIntake, intakes: Sequence[FileIntake]) -> str:
    for intake_other in intakes:
        other_desk = desk_by_number(intake_other).get(number)
        if intake_other is not intake and other_desk is not None and other_desk != desk:
            return f"{intake_other.file} ({other_desk})"
    return ""
