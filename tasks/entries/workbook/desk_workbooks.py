"""Workbooks for desks: issued numbers, printed and locked, to fill in, or recorded entries to correct."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import sqlalchemy as sa

from tasks.core.content import ContentStore
from tasks.core.errors import NumberUnavailable, Problem, Refused
from tasks.core.journal.journal import Journal, is_drill
from tasks.core.settings import BrokerSettings, Settings
from tasks.documents.api import TargetFile, require_workbook_name, stamped, write_targets
from tasks.entries.numbers.entry_numbers import parse_entry_number
from tasks.entries.numbers.number_reserve import numbers_issued_to
from tasks.entries.numbers.number_use import number_states, use_problem
from tasks.entries.record.entry_record import EntryRecord, concat, from_bytes
from tasks.entries.record.private_fields import unseal_record
from tasks.entries.record.record_fields import RECORD_SHEETS, field_named
from tasks.entries.settings import NumberSettings
from tasks.entries.tables import ENTRIES, NUMBERS
from tasks.entries.workbook import workbook_layout
from tasks.entries.workbook.workbook_builder import SheetRows, WorkbookBuilder, problem_sheet, problem_text
from tasks.security.api import Vault


def make_workbook(
    desk: str,
    port: str,
    numbers: Sequence[str],
    broker: Mapping[str, str],
    *,
    drill: bool = False,
    record: EntryRecord | None = None,
    problems: Mapping[str, Sequence[Problem]] | None = None,
    handed_to: str = "",
) -> bytes:
    """The workbook of a desk.

    `numbers`: the issued entry numbers, printed in this order; those of `record` follow if they
    are not among them. `broker`: `name`, `filer_code`, `licence`, `contact_name`, `contact_phone`
    (others are ignored, missing ones stay empty). `record`: rows to hand back, filled in; what it
    holds comes out of `intake.read_files` again as it is. `problems`: by entry number, why it comes
    back; listed on a first sheet and noted at the number. `handed_to`: the other broker it is for.
    """
    record = record or EntryRecord.empty()
    issued = set(numbers)
    printed_numbers = [*numbers, *(number for number in record.numbers if number not in issued)]
    sheets = {table: SheetRows(part.to_pylist()) for table, part in record.items()}
    filled_rows = {row["entry_number"]: row for row in sheets["entries"].rows}
    entry_rows = [filled_rows.get(number) or _blank_row(number, desk, port, broker) for number in printed_numbers]
    builder = WorkbookBuilder(desk, port, printed_numbers, broker, drill, handed_to)
    placed = _located_problems(printed_numbers, problems or {})
    if placed:
        problem_sheet(builder, placed)
    sheets["entries"] = SheetRows(entry_rows, _cell_notes(placed))
    return builder.build(sheets)


def _located_problems(numbers: Sequence[str], problems: Mapping[str, Sequence[Problem]]) -> list[Problem]:
    """Each problem at the row of its entry."""
    sheet, column = (RECORD_SHEETS["entries"], field_named("entries", "entry_number").title)
    return [
        replace(problem, sheet=sheet, row=row, column=column, value=number)
        for row, number in enumerate(numbers, start=2)
        for problem in problems.get(number, ())
    ]


def _cell_notes(placed: Sequence[Problem]) -> dict[tuple[int, str], str]:
    notes: dict[tuple[int, str], str] = {}
    for problem in placed:
        at = (problem.row - 2, "entry_number")
        notes[at] = "\n".join(filter(None, (notes.get(at), problem_text(problem))))
    return notes


def _blank_row(number: str, desk: str, port: str, broker: Mapping[str, str]) -> dict[str, Any]:
    """A row with the preprinted values only."""
    phone = "".join(character for character in broker.get("contact_phone", "") if character.isdigit())
    values = number, desk, port, broker.get("contact_name", "").upper(), phone
    return {name: value or None for name, value in zip(workbook_layout.PREPRINTED, values, strict=True)}


def workbook_name(desk: str) -> str:
    """The name of a desk as part of a file name, on every system."""
    cleaned = "".join(sign if sign.isalnum() or sign in "-_ " else "-" for sign in desk)
    return cleaned.strip() or "desk"


def write_workbooks(journal: Journal, settings: Settings, desk: str, path: Path, *, force: bool = False) -> int:
    """Write the workbook of a desk with its unused numbers; returns how many. Raises
    NumberUnavailable if the desk holds none; BadInput for a name that no workbook has; Refused if
    the file stands there and somebody may have filled it in, unless with `force`."""
    require_workbook_name(path)
    numbers = numbers_issued_to(journal, desk)
    if not numbers:
        raise NumberUnavailable("desk-without-unused-numbers", desk=desk)
    port = _desk_port(journal, desk)
    data = make_workbook(desk, port, numbers, _broker_facts(settings), drill=is_drill(journal))
    instead = (
        f"if it was filled in, hand it in first: continuity entries record {path}; else take another name with --out"
    )
    write_targets([_target(path, data, f"desk {desk}", instead)], force=force)
    return len(numbers)


def write_corrections(
    journal: Journal,
    content: ContentStore,
    vault: Vault,
    settings: Settings,
    numbers: Iterable[str],
    folder: Path,
    problems: Mapping[str, Sequence[Problem]] | None = None,
    *,
    force: bool = False,
) -> list[Path]:
    """One workbook a desk with just these recorded entries, filled in, and why each comes back.
    Raises Refused, writing none, that names each number that is not recorded, each entry whose
    correction would not be taken, or each workbook that stands there and that somebody may have
    corrected, unless with `force`."""
    offsets = {settings(BrokerSettings).filer_code: settings(NumberSettings).check_digit_offset}
    parsed = [str(parse_entry_number(text, offsets=offsets)) for text in numbers]
    rows = journal.rows(sa.select(ENTRIES).where(ENTRIES.c.number.in_(parsed)))
    if missing := sorted(set(parsed) - {row.number for row in rows}):
        raise Refused("entries-not-recorded", missing=", ".join(missing))
    if problems_found := list(_not_correctable(journal, parsed)):
        raise Refused("entries-not-correctable", problems_found)
    by_desk: dict[str, list[sa.Row]] = {}
    for row in rows:
        by_desk.setdefault(row.desk, []).append(row)
    targets = []
    for desk, desk_rows in sorted(by_desk.items()):
        path = folder / f"{workbook_name(desk)}-correct.xlsx"
        data = make_workbook(
            desk,
            _desk_port(journal, desk),
            [],
            _broker_facts(settings),
            drill=is_drill(journal),
            record=unseal_record(_record_of_rows(content, desk_rows), vault),
            problems=problems,
        )
        number_list = " ".join(sorted(row.number for row in desk_rows))
        instead = (
            f"if it was corrected, hand it in first: continuity entries record {path}; "
            "else take another folder with --out"
        )
        targets.append(_target(path, data, f"corrections of {desk}: {number_list}", instead))
    return write_targets(targets, force=force)


def _not_correctable(journal: Journal, numbers: list[str]) -> Iterator[Problem]:
    """The entries that recording would refuse after their correction."""
    for row in number_states(journal, numbers):
        if reason := use_problem(row.number, row.desk, row, ""):
            code, values = reason
            yield Problem(column="Entry number", value=row.number, code=code, values=values)


def _target(path: Path, data: bytes, purpose: str, instead: str) -> TargetFile:
    return TargetFile(path, stamped(data, purpose), purpose, instead)


def _record_of_rows(content: ContentStore, rows: Iterable[sa.Row]) -> EntryRecord:
    return concat([from_bytes(content.get(row.content)).take([row.number]) for row in rows])


def _desk_port(journal: Journal, desk: str) -> str:
    query = sa.select(NUMBERS.c.port).where(NUMBERS.c.desk == desk).order_by(NUMBERS.c.serial)
    row = journal.rows(query.limit(1))
    return row[0].port if row else ""


def _broker_facts(settings: Settings) -> dict[str, str]:
    broker = settings(BrokerSettings)
    return {
        "name": broker.name,
        "filer_code": broker.filer_code,
        "licence": broker.licence,
        "contact_name": broker.contact_name,
        "contact_phone": broker.contact_phone,
    }
