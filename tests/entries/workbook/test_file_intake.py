"""Every bad input that the issue names, and what a desk is told about it."""

from __future__ import annotations

import csv
import io
import zipfile
from collections.abc import Callable
from datetime import date
from pathlib import Path

import openpyxl
import pytest
import xlsxwriter
from hypothesis import HealthCheck, given, settings
from openpyxl.workbook import Workbook
from openpyxl.worksheet.worksheet import Worksheet

from tasks.core.errors import Problem
from tasks.entries.record.entry_record import EntryRecord
from tasks.entries.record.record_fields import fields_of
from tasks.entries.validation.rule_findings import text_of
from tasks.entries.workbook.file_intake import FileIntake, read_entry_files
from tests.entries import legal, one
from tests.entries.desk_cells import write_workbook
from tests.entries.workbook.conftest import HOUSE, NUMBERS


def broken(path: Path, change: Callable[[Workbook], object]) -> FileIntake:
    book = openpyxl.load_workbook(path)
    change(book)
    book.save(path)
    return read_entry_files([path], legal.PROFILE)[0]


def cell(sheet: str, title: str, row: int, value: object) -> Callable[[Workbook], None]:
    def put(book: Workbook) -> None:
        book[sheet].cell(row, column(book[sheet], title)).value = value

    return put


def column(sheet: Worksheet, title: str) -> int:
    return next(c.column for c in sheet[1] if c.value == title)


def spots(intake: FileIntake) -> list[tuple[str, int, str, str]]:
    return [(p.sheet, p.row, p.column, p.code) for p in intake.problems]


def only(intake: FileIntake) -> Problem:
    assert len(intake.problems) == 1, intake.problems
    return intake.problems[0]


def test_a_clean_workbook(desk: Path) -> None:
    intake = read_entry_files([desk], legal.PROFILE)[0]
    assert intake.problems == () and not intake.blocked and not intake.faulty
    assert intake.record.numbers == NUMBERS[:5] == intake.clean().numbers
    assert intake.unused == tuple(NUMBERS[5:])
    assert [intake.row_of(n) for n in (NUMBERS[0], NUMBERS[4], "ABC-1234567-6")] == [2, 6, 0]
    assert len(intake.sha256) == 64 and intake.file == "desk.xlsx" and intake.kind == "workbook"


def test_reading_twice_gives_the_same(desk: Path) -> None:
    first, second = (read_entry_files([desk], legal.PROFILE)[0] for _ in "ab")
    assert dict(first.record.items()) == dict(second.record.items())
    assert first.sha256 == second.sha256


@pytest.mark.parametrize(
    ("sheet", "title", "value", "shown", "right", "code"),
    [
        ("Entries", "Entry type", 1, "1", "01", "E010"),
        ("Entries", "Entry type", "x1", "x1", "01, 02", "E206"),
        ("Entries", "Arrival date", "11/20/2026", "11/20/2026", "2026-11-24", "E010"),
        ("Entries", "Importer number type", "ei", "ei", "EI", "E206"),
        ("Entries", "Contact", "Zoë", "Zoë", "ZOE", "E203"),
        ("Entries", "Location of goods (FIRMS)", "z123", "z123", "Z123", "E203"),
        ("Entries", "Entered value", "9,000", "9,000", "9000", "E010"),
        ("Bills", "Bill number", "AB-12 3", "AB-12 3", "AB123", "E203"),
        ("Bills", "Bill number", "ab123", "ab123", "AB123", "E203"),
        ("Bills", "Bill number", 123, "123", "123", "E010"),
        ("Lines", "Description", "CAFÉ CHAIRS", "CAFÉ CHAIRS", "CAFE CHAIRS", "E203"),
        ("Lines", "Country of origin", "Mexico", "Mexico", "MX (MEXICO)", "E206"),
        ("Tariffs", "HTS number", "8471.30", "847130", "", "E203"),
        ("Tariffs", "Quantity", 1.005, "1.005", "1.01", "E010"),
    ],
)
def test_a_bad_cell_is_told_with_what_is_right(
    desk: Path, sheet: str, title: str, value: object, shown: str, right: str, code: str
) -> None:
    intake = broken(desk, cell(sheet, title, 3, value))
    told = [p for p in intake.problems if (p.sheet, p.row, p.column) == (sheet, 3, title)]
    assert [p.code for p in told] == [code]
    assert told[0].file == "desk.xlsx" and right in told[0].right and shown in told[0].value
    assert len(intake.faulty) == 1 and not intake.blocked
    assert set(intake.clean().numbers) == set(NUMBERS[:5]) - intake.faulty


def test_all_problems_come_at_once(desk: Path) -> None:
    def change(book: Workbook) -> None:
        cell("Entries", "Bond type", 2, "7")(book)
        cell("Entries", "Contact phone", 3, None)(book)
        cell("Lines", "Description", 4, None)(book)
        cell("Tariffs", "HTS number", 5, "abc")(book)

    assert spots(broken(desk, change)) == [
        ("Entries", 2, "Bond type", "E206"),
        ("Entries", 3, "Contact phone", "E201"),
        ("Lines", 4, "Description", "E201"),
        ("Tariffs", 5, "HTS number", "E203"),
    ]


@pytest.mark.parametrize(
    ("number", "right"), [("DM4-0085887-2", "ABC"), ("ABC-0001000-2", "ABC-0001000-1"), ("hello", "XXX-NNNNNNN-C")]
)
def test_a_number_that_is_not_ours_blocks_the_file(desk: Path, number: str, right: str) -> None:
    intake = broken(desk, cell("Entries", "Entry number", 2, number))
    told = next(p for p in intake.problems if p.code == "E101")
    assert (told.sheet, told.row, told.value) == ("Entries", 2, number) and right in told.right
    assert intake.blocked and intake.clean().numbers == []


def test_a_child_of_no_entry_blocks_the_file(desk: Path) -> None:
    intake = broken(desk, cell("Bills", "Entry number", 2, NUMBERS[7]))
    assert ("Bills", 2, "Entry number", "E103") in spots(intake)
    assert intake.blocked


def test_a_formula_is_found_though_it_has_a_value(desk: Path, tmp_path: Path) -> None:
    path = tmp_path / "formula.xlsx"
    with zipfile.ZipFile(desk) as old, zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as new:
        for name in old.namelist():
            data = old.read(name)
            if name == "xl/worksheets/sheet2.xml":
                at = data.index(b"<v>", data.index(b'<c r="D3"'))
                data = data[:at] + b"<f>1+1</f>" + data[at:]
            new.writestr(name, data)
    intake = read_entry_files([path], legal.PROFILE)[0]
    told = only(intake)
    assert (told.sheet, told.row, told.column, told.value) == ("Entries", 3, "Port of entry", "D3")
    assert "formula" in told.wrong and "typed in" in told.right
    assert intake.faulty == {NUMBERS[1]} and not intake.blocked


def test_merged_cells_block_the_file(desk: Path) -> None:
    intake = broken(desk, lambda book: book["Lines"].merge_cells("A2:A4"))
    told = next(p for p in intake.problems if p.code == "E007")
    assert (told.sheet, told.row, told.value) == ("Lines", 2, "A2:A4")
    assert intake.blocked


def test_unknown_missing_and_renamed_columns(desk: Path) -> None:
    def change(book: Workbook) -> None:
        book["Lines"].cell(1, column(book["Lines"], "Description")).value = "Descripton"
        book["Bills"].cell(1, column(book["Bills"], "Unit")).value = "Colour"
        cell("Bills", "Colour", 2, "red")(book)
        book["Tariffs"].cell(1, column(book["Tariffs"], "Second unit")).value = "Unit"
        cell("Tariffs", "Second quantity", 2, 5)(book)

    intake = broken(desk, change)
    by_column = {(p.sheet, p.column, p.wrong): p.right for p in intake.problems}
    assert by_column[("Lines", "Descripton", "unknown heading")] == "Description"
    assert ("Lines", "Description", "column missing") in by_column
    assert ("Bills", "Colour", "unknown heading") in by_column
    assert ("Tariffs", "Unit", "heading stands twice") in by_column
    assert intake.blocked and {p.row for p in intake.problems} == {1}


def test_sheets_missing_renamed_or_strange(desk: Path) -> None:
    def change(book: Workbook) -> None:
        book["Bills"].title = "Bill of ladings"
        book.create_sheet("Notes")["A1"] = "call Bob"
        book.create_sheet("Sheet1")
        del book["Parties"]

    intake = broken(desk, change)
    told = {p.sheet or p.wrong: p for p in intake.problems}
    assert set(told) == {"Bill of ladings", "Notes", "the sheet Bills is missing", "the sheet Parties is missing"}
    assert told["Bill of ladings"].right == "rename it to Bills, if that is meant"
    assert "Entries" in told["Notes"].right and intake.blocked


def test_the_wrong_workbook(tmp_path: Path) -> None:
    path = tmp_path / "budget.xlsx"
    book = xlsxwriter.Workbook(str(path))
    book.add_worksheet("Budget").write_row(0, 0, ["Month", "Rent"])
    book.close()
    intake = read_entry_files([path])[0]
    assert {p.code for p in intake.problems} == {"E003", "E004"} and intake.blocked
    assert any("the sheet Entries is missing" in p.wrong for p in intake.problems)


@pytest.mark.parametrize(
    ("name", "data", "code"),
    [
        ("a.xlsx", b"", "workbook-file-empty"),
        ("a.csv", b"", "text-file-empty"),
        ("a.xlsx", b"hello", "zip-not-whole"),
        ("a.xls", b"hello", "E001"),
        ("a.csv", "entry_number,line\n1,é".encode("cp1252"), "text-not-utf-8"),
        ("a.csv", "entry_number\n".encode("utf-16"), "text-is-utf-16"),
        ("a.csv", b"entry_number;line\n1;2\n", "E001"),
        ("a.csv", b"month,rent\n1,2\n", "E001"),
        ("lines.csv", b'entry_number,line\n"1,2\n', "E001"),
    ],
)
def test_files_that_are_not_read(tmp_path: Path, name: str, data: bytes, code: str) -> None:
    path = tmp_path / name
    path.write_bytes(data)
    intake = read_entry_files([path])[0]
    assert intake.blocked and intake.record.numbers == [] and intake.problems
    assert code in {problem.code for problem in intake.problems}
    assert {problem.file for problem in intake.problems} == {name}


def test_a_zip_bomb_and_a_million_rows(tmp_path: Path, desk: Path) -> None:
    bomb, long = tmp_path / "bomb.xlsx", tmp_path / "long.xlsx"
    for path, body in ((bomb, b" " * (64 << 20)), (long, b'<row r="1000000"/>')):
        with zipfile.ZipFile(desk) as old, zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as new:
            for name in old.namelist():
                data = old.read(name)
                if name == "xl/worksheets/sheet2.xml":
                    data = data.replace(b"<sheetData>", b"<sheetData>" + body)
                new.writestr(name, data)
    first, second = read_entry_files([bomb, long])
    assert "zip bomb" in only(first).wrong
    assert "99,999 rows" in only(second).right and only(second).value == "1000000"


def test_a_million_rows_of_csv(tmp_path: Path) -> None:
    path = tmp_path / "lines.csv"
    path.write_text("entry_number,line\n" + "x,1\n" * 1_000_000)
    intake = read_entry_files([path])[0]
    assert any("1,000,001 rows" in p.wrong for p in intake.problems)


def test_a_missing_file_and_a_folder(tmp_path: Path) -> None:
    (tmp_path / "b.xlsx").mkdir()
    for intake in read_entry_files([tmp_path / "a.xlsx", tmp_path / "b.xlsx"]):
        assert only(intake).code == "E002" and intake.sha256 == ""


def test_picked_items_and_loose_spelling_are_taken(desk: Path) -> None:
    def change(book: Workbook) -> None:
        cell("Entries", "Filing route", 2, "SE_THEN_AE - cargo release first")(book)
        cell("Entries", "Importer number type", 2, "EI - IRS number")(book)
        cell("Entries", "Importer of record number", 2, "12-3456789")(book)
        number = str(book["Lines"].cell(2, 1).value)
        cell("Lines", "Entry number", 2, number.replace("-", "").lower())(book)
        cell("Lines", "Description", 2, "  steel   tools ")(book)

    intake = broken(desk, change)
    assert intake.problems == ()
    assert intake.record.entries["importer_type"][0].as_py() == "EI"
    assert intake.record.lines["description"][0].as_py() == "STEEL TOOLS"


def test_a_blank_row_between_rows_keeps_the_count(desk: Path) -> None:
    def change(book: Workbook) -> None:
        book["Lines"].insert_rows(3)
        cell("Lines", "Description", 4, None)(book)

    assert spots(broken(desk, change)) == [("Lines", 4, "Description", "E201")]


def csv_files(folder: Path, record: EntryRecord, *, titles: bool, mark: bool) -> list[Path]:
    """A record as one CSV file a table, as another program would write it."""
    paths = []
    for table, rows in record.items():
        out = io.StringIO()
        writer = csv.writer(out)
        fields = fields_of(table)
        writer.writerow([f.title if titles else f.name for f in fields])
        writer.writerows([[text_of(row[f.name]) for f in fields] for row in rows.to_pylist()])
        path = folder / f"{table}.csv"
        path.write_bytes(out.getvalue().encode("utf-8-sig" if mark else "utf-8"))
        paths.append(path)
    return paths


@given(record=legal.records())
@settings(deadline=None, max_examples=15, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_csv_files_of_a_folder_are_one_record(tmp_path: Path, record: EntryRecord) -> None:
    for titles in (True, False):
        paths = csv_files(tmp_path, record, titles=titles, mark=titles)
        (intake,) = read_entry_files(paths, legal.PROFILE)
        assert intake.problems == () and intake.kind == "csv"
        assert dict(intake.record.items()) == dict(record.items())
        assert len(intake.sources) == 10 and len(intake.sha256) == 64


def test_csv_problems_name_their_file(tmp_path: Path) -> None:
    made = one.rows()
    made["bills"][0]["issuer"] = None
    made["lines"][0]["country_of_origin"] = "XX"
    paths = csv_files(tmp_path, one.record(made), titles=True, mark=False)
    (tmp_path / "lines.csv").rename(tmp_path / "goods.csv")
    paths = [p for p in paths if p.name != "lines.csv"] + [tmp_path / "goods.csv"]
    (intake,) = read_entry_files(paths, legal.PROFILE)
    assert {(p.file, p.row, p.column) for p in intake.problems} == {
        ("bills.csv", 2, "Issuer code"),
        ("goods.csv", 2, "Country of origin"),
    }


def test_csv_without_the_entries(tmp_path: Path) -> None:
    paths = csv_files(tmp_path, one.record(one.rows()), titles=True, mark=False)
    (intake,) = read_entry_files([p for p in paths if p.stem == "bills"], legal.PROFILE)
    assert intake.blocked and any("CSV file Entries is missing" in p.wrong for p in intake.problems)


def test_two_workbooks_and_csv_together(tmp_path: Path, desk: Path) -> None:
    other = write_workbook(tmp_path / "air.xlsx", "Air", "2720", legal.numbers(3, 9000), HOUSE)
    folder = tmp_path / "csv"
    folder.mkdir()
    paths = csv_files(folder, one.record(one.rows()), titles=False, mark=False)
    kinds = [(i.kind, i.desk) for i in read_entry_files([desk, *paths, other], legal.PROFILE)]
    assert kinds == [("workbook", "Ocean LA"), ("workbook", "Air"), ("csv", "")]


def test_a_column_that_is_wrong_throughout_is_told_a_thousand_times(tmp_path: Path) -> None:
    numbers = legal.numbers(1500)
    made = one.several(numbers)
    paths = csv_files(tmp_path, one.record(made), titles=False, mark=False)
    entries = tmp_path / "entries.csv"
    entries.write_text(entries.read_text().replace("2026-11-20", "20.11.2026"))
    (intake,) = read_entry_files(paths, legal.PROFILE)
    assert len(intake.problems) == 1001 and len(intake.faulty) == 1500
    assert any("500 more rows" in p.wrong for p in intake.problems)
    assert not intake.blocked and intake.clean().numbers == []


def test_many_formulas_block_the_file(tmp_path: Path) -> None:
    record = one.record(one.several(legal.numbers(250)))
    path = write_workbook(tmp_path / "a.xlsx", "Air", "2720", legal.numbers(250), HOUSE, record=record)

    def change(book: Workbook) -> None:
        for row in range(2, 252):
            cell("Lines", "Description", row, "=1+1")(book)

    intake = broken(path, change)
    assert len([p for p in intake.problems if p.code == "E008"]) == 201
    assert intake.blocked and intake.clean().numbers == []


def test_private_values_are_not_shown(desk: Path) -> None:
    intake = broken(desk, cell("Entries", "Driver birth date", 2, date(1850, 2, 28)))
    assert only(intake).value == "(private)"
    assert "1850" not in repr(intake.problems)


def test_a_social_security_number_in_any_cell_is_not_shown(desk: Path) -> None:
    intake = broken(desk, cell("Entries", "Broker reference", 2, "SSN 123-45-6789"))
    assert only(intake).value == "SSN ***-**-****"
    intake = broken(desk, cell("Entries", "Importer of record number", 2, "123-45-67890"))
    assert "45-678" not in repr(intake.problems)
