from __future__ import annotations

from pathlib import Path
from random import Random

import openpyxl
import pyarrow as pa
import pytest
from hypothesis import HealthCheck, given, settings
from openpyxl.worksheet.dimensions import ColumnDimension
from openpyxl.worksheet.worksheet import Worksheet

from tasks.entries.record.code_lists import offered_codes
from tasks.entries.record.entry_record import EntryRecord, concat
from tasks.entries.record.record_fields import RECORD_SHEETS, RECORD_TABLES, fields_of
from tasks.entries.workbook import workbook_layout
from tasks.entries.workbook.file_intake import read_entry_files
from tests.entries import legal, one
from tests.entries.desk_cells import write_workbook
from tests.example_counts import examples

HOUSE = {
    "name": "Harbor & Vance",
    "filer_code": "ABC",
    "licence": "12345",
    "contact_name": "Jo Harbor",
    "contact_phone": "562-555-0100",
}


def written(folder: Path, record: EntryRecord | None = None, **more: bool) -> Path:
    path = folder / "desk.xlsx"
    return write_workbook(path, "Ocean LA", "2704", legal.numbers(5), HOUSE, record=record, **more)


def heading(sheet: Worksheet) -> dict[str, int]:
    return {str(cell.value): cell.column for cell in sheet[1]}


def style(sheet: Worksheet, column: int) -> ColumnDimension:
    """The look of a column; equal neighbours share one entry in the file."""
    return next(d for d in sheet.column_dimensions.values() if d.min <= column <= d.max)


def rules_of(sheet: Worksheet) -> dict[str, str]:
    """Type of the data validation by heading."""
    by_column = {}
    for rule in sheet.data_validations.dataValidation:
        for area in rule.sqref.ranges:
            by_column[sheet.cell(1, area.min_col).value] = rule.type
    return by_column


def test_sheets_stand_in_order(tmp_path: Path) -> None:
    book = openpyxl.load_workbook(written(tmp_path))
    assert book.sheetnames == ["Read me", *RECORD_SHEETS.values(), "Lists", "About"]
    assert book["Lists"].sheet_state == "hidden" and book["About"].sheet_state == "veryHidden"
    assert book.active and book.active.title == "Read me"


def test_numbers_are_printed_and_locked_and_the_rest_is_open(tmp_path: Path) -> None:
    sheet = openpyxl.load_workbook(written(tmp_path))["Entries"]
    assert [sheet.cell(row, 1).value for row in range(2, 8)] == [*legal.numbers(5), None]
    assert sheet.protection.sheet and not sheet.protection.password
    columns = heading(sheet)
    for title, column in columns.items():
        assert sheet.cell(1, column).protection.locked
        is_ours = title in ("Entry number", "Desk", "Broker reference")
        assert style(sheet, column).protection.locked == is_ours, title
        if sheet.cell(2, column).value is not None:
            assert sheet.cell(2, column).protection.locked == is_ours, title
    assert sheet.cell(2, columns["Port of entry"]).value == "2704"
    assert sheet.cell(2, columns["Contact"]).value == "JO HARBOR"
    assert sheet.cell(2, columns["Contact phone"]).value == "5625550100"


@pytest.mark.parametrize("table", RECORD_TABLES)
def test_headings_notes_formats_and_drop_downs(tmp_path: Path, table: str) -> None:
    sheet = openpyxl.load_workbook(written(tmp_path))[RECORD_SHEETS[table]]
    columns, rules = heading(sheet), rules_of(sheet)
    assert sheet.freeze_panes == "B2" and sheet.print_title_rows == "$1:$1"
    assert sheet.page_setup.orientation == "landscape" and sheet.page_setup.fitToHeight == 0
    for field in fields_of(table):
        cell = sheet.cell(1, columns[field.title])
        assert bool(cell.comment) == bool(workbook_layout.note(field))
        assert cell.fill.fgColor.rgb == f"FF{workbook_layout.TINTS[field.level][0]}"
        shape = style(sheet, cell.column).number_format
        assert (shape == "@") == (field.type in ("text", "flag")), field.name
        if field.level != "set" and (table, field.level) != ("entries", "key"):
            listed = field.codes or field.name == "entry_number"
            assert (rules.get(field.title) == "list") == bool(listed), field.name


def test_lists_offer_code_and_meaning(tmp_path: Path) -> None:
    book = openpyxl.load_workbook(written(tmp_path))
    entries, lists = book["Entries"], book["Lists"]
    column = heading(entries)["Entry type"]
    rule = next(
        r for r in entries.data_validations.dataValidation if any(area.min_col == column for area in r.sqref.ranges)
    )
    sheet, area = rule.formula1.split("!")
    offered = [cell[0].value for cell in lists[area.replace("$", "")]]
    assert sheet == "Lists" and offered[0] == "01 - consumption, free and dutiable"
    assert len(offered) == len(offered_codes("entry_type"))
    assert not rule.showErrorMessage  # a typed code is as good as a picked one
    number = book["Lines"].data_validations.dataValidation[0]
    assert number.formula1 == "Entries!$A$2:$A$6" and number.showErrorMessage


def test_the_first_sheet_says_whom_to_call_and_drill(tmp_path: Path) -> None:
    def words(path: Path) -> str:
        sheet = openpyxl.load_workbook(path)["Read me"]
        return " ".join(str(c.value) for row in sheet.iter_rows() for c in row if c.value)

    plain = words(written(tmp_path))
    assert "562-555-0100" in plain and "Jo Harbor" in plain and "12345" in plain
    assert "5 entry numbers: ABC-0001000-1 to ABC-0001004-3" in plain
    assert "DRILL" not in plain
    path = written(tmp_path, drill=True)
    assert "DRILL" in words(path)
    assert "DRILL" in openpyxl.load_workbook(path)["Lines"].oddHeader.center.text


def test_text_is_never_a_formula_or_link(tmp_path: Path) -> None:
    made = one.rows()
    made["entries"][0] |= {"remarks": "=HYPERLINK(1)", "carrier_name": "http://example.com/"}
    made["lines"][0]["description"] = "=1+1"
    path = written(tmp_path, one.record(made))
    sheet = openpyxl.load_workbook(path)["Entries"]
    cell = sheet.cell(7, heading(sheet)["Remarks"])
    assert (cell.value, cell.data_type, cell.hyperlink) == ("=HYPERLINK(1)", "s", None)
    assert read_entry_files([path], legal.PROFILE)[0].problems == ()


def with_desk(record: EntryRecord) -> EntryRecord:
    """What reading adds: the desk of the workbook."""
    place = record.entries.column_names.index("desk")
    desks = pa.array(["Ocean LA"] * record.entries.num_rows, pa.string())
    return EntryRecord.of(dict(record.items()) | {"entries": record.entries.set_column(place, "desk", desks)})


@given(record=legal.records())
@settings(deadline=None, max_examples=examples(25), suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_what_is_written_is_read_again(tmp_path: Path, record: EntryRecord) -> None:
    intake = read_entry_files([written(tmp_path, record)], legal.PROFILE)[0]
    assert intake.problems == () and not intake.blocked
    assert dict(intake.record.items()) == dict(with_desk(record).items())
    assert set(intake.unused) == set(legal.numbers(5)) - set(record.numbers)
    assert intake.desk == "Ocean LA"


@pytest.mark.long
def test_two_hundred_and_fifty_entries_of_each_chance(tmp_path: Path) -> None:
    for seed in range(10):
        record = legal.record(Random(seed), legal.numbers(250))
        intake = read_entry_files([written(tmp_path, record)], legal.PROFILE)[0]
        assert intake.problems == ()
        assert dict(intake.record.items()) == dict(with_desk(record).items())


def test_spoiled_numbers_are_handed_back_too(tmp_path: Path) -> None:
    number = legal.numbers(1)[0]
    spoiled = legal.of_rows({"voided": [{"entry_number": number, "reason": "torn"}]})
    whole = concat([spoiled, one.record(one.rows())])
    intake = read_entry_files([written(tmp_path, whole)], legal.PROFILE)[0]
    assert intake.record.voided == whole.voided
    assert number in intake.unused


def test_a_workbook_without_numbers(tmp_path: Path) -> None:
    path = write_workbook(tmp_path / "a.xlsx", "Air", "2720", [], {})
    intake = read_entry_files([path])[0]
    assert intake.record.numbers == [] and intake.problems == () and intake.desk == "Air"
