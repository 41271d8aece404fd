"""How the book holds the numbers of a file, and why a desk may not use one or change what it says."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

import sqlalchemy as sa

from tasks.entries.schema import field as field_of
from tasks.shared.ace_tables import SENT
from tasks.shared.errors import Problem
from tasks.shared.journal import Journal
from tasks.shared.projections import ENTRIES, NUMBERS, among

if TYPE_CHECKING:
    from tasks.entries.intake import Intake


def against_release(journal: Journal, intake: Intake) -> Iterable[tuple[str, Problem]]:
    """What ACE has as cargo release can still get its summary's data, but not another type, port
    or importer: that takes a correction with CBP (CATAIR SE v40 p.23, 33)."""
    rows = {row["entry_number"]: row for row in intake.record.entries.to_pylist()}
    for held in standings(journal, [number for number in rows if number]):
        row = rows[held.number]
        for column, before in (("entry_type", held.entry_type), ("port_of_entry", held.entry_port),
                               ("importer_number", held.importer)):  # fmt: skip
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


def desks_of(intake: Intake) -> dict[str, str]:
    """The desk that uses each number in a file: the workbook's own, or that of the row."""
    rows = intake.record.entries
    named = zip(rows["entry_number"].to_pylist(), rows["desk"].to_pylist(), strict=True)
    return {number: intake.desk or desk or "" for number, desk in named if number}


def standings(journal: Journal, numbers: list[str]) -> Iterable[sa.Row]:
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
        .outerjoin(
            SENT,
            sa.and_(
                SENT.c.number == NUMBERS.c.number, SENT.c.state.in_(("waiting", "taken", "found"))
            ),
        )
        .outerjoin(ENTRIES, ENTRIES.c.number == NUMBERS.c.number)
    )
    # An entry may be out as release and as summary: the summary's row comes last and counts.
    query = query.order_by(NUMBERS.c.number, SENT.c.application.desc())
    yield from among(journal.rows, query, NUMBERS.c.number, numbers)


def objection(
    number: str,
    desk: str,
    row: sa.Row | None,
    elsewhere: str,
) -> tuple[str, dict[str, object]] | None:
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


def used_elsewhere(number: str, desk: str, intake: Intake, others: Sequence[Intake]) -> str:
    for other in others:
        theirs = desks_of(other).get(number)
        if other is not intake and theirs is not None and theirs != desk:
            return f"{other.file} ({theirs})"
    return ""
