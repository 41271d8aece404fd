"""A house with desks: a reserve, issued numbers, and workbooks that were filled in."""

from __future__ import annotations

from pathlib import Path
from random import Random

import pyarrow as pa
import pyarrow.compute as pc

from tasks.core.journal.journal import Journal
from tasks.core.settings import Settings
from tasks.entries.events import NumbersVoided
from tasks.entries.numbers.number_reserve import issue_block, reserve_block, reserve_counts
from tasks.entries.record.entry_record import EntryRecord
from tasks.entries.record.entry_recording import RecordingResult, profile_of, record_intake
from tasks.entries.workbook.file_intake import FileIntake, read_entry_files
from tasks.workspace import Workspace
from tests.entries import legal
from tests.entries.desk_cells import write_workbook

FIRST, RESERVED = 9_000_000, 600
SSN = "900-55-1234"
"""Of a form that is given to nobody."""


def book_of(settings: Settings, journal: Journal) -> Workspace:
    return Workspace(settings, journal=journal)


def issue(journal: Journal, settings: Settings, desk: str, count: int) -> list[str]:
    """Numbers for a desk, out of a reserve that is made when it is first needed."""
    standings = reserve_counts(journal, settings)
    if not any(one.free for one in standings if one.series == "entry"):
        reserve_block(journal, settings, "entry", FIRST, max(RESERVED, count), "tests", "it")
    return issue_block(journal, settings, "entry", count, desk, "2704", "it")


def void(journal: Journal, *numbers: str) -> None:
    """Issued numbers that two persons voided."""
    body = NumbersVoided(numbers=[*numbers], reason="spoiled", persons=["ada", "bo"])
    journal.append(body, "numbers/ABC", "bo")


def filled(seed: int, numbers: list[str], desk: str, outcome: str = "released") -> EntryRecord:
    """Legal truck, ocean and air entries with this outcome, for the route that begins with SE."""
    record = without_references(legal.record(Random(seed), numbers, ("01", "03", "11")))
    return with_values(
        record,
        desk=desk,
        paper_outcome=outcome,
        filing_route="se_then_ae",
        stamped_copy="scan.pdf",
        release_time=None,
        release_date=legal.TODAY if outcome in ("released", "provisional") else None,
    )


def without_references(record: EntryRecord) -> EntryRecord:
    """A desk writes numbers, never the references by which the books keep them."""
    tables = {}
    for name, table in record.items():
        for place, field in enumerate(table.schema):
            if pa.types.is_string(field.type):
                sealed = pc.match_substring_regex(table.column(place), "^~[A-Z0-9]{11}$")
                value = "1980-02-29" if "date" in field.name else SSN
                plain = pc.if_else(sealed, value, table.column(place))
                table = table.set_column(place, field, plain)
        tables[name] = table
    return EntryRecord.of(tables)


def with_values(record: EntryRecord, **values: object) -> EntryRecord:
    """The record with some columns of its entries set to one value."""
    entries = record.entries
    for name, value in values.items():
        place = entries.column_names.index(name)
        kind = entries.schema.field(place)
        column = pa.array([value] * entries.num_rows, kind.type)
        entries = entries.set_column(place, kind, column)
    return EntryRecord.of({**dict(record.items()), "entries": entries})


def workbook(folder: Path, name: str, desk: str, record: EntryRecord) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    return write_workbook(folder / name, desk, "2704", record.numbers, {}, record=record)


def read(settings: Settings, *paths: Path) -> list[FileIntake]:
    return read_entry_files(paths, profile_of(settings))


def hand_in(book: Workspace, *paths: Path, accept_clean: bool = False, go_back: bool = False
            ) -> list[RecordingResult]:  # fmt: skip
    intakes = read(book.settings, *paths)
    return record_intake(book, intakes, "jo", accept_clean=accept_clean, go_back=go_back)
