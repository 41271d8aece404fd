from __future__ import annotations

import zipfile
from datetime import date, datetime, time, timedelta
from pathlib import Path

import openpyxl
import pytest
from openpyxl.cell import Cell

from tasks.core.errors import Refused
from tasks.entries.workbook.annotation import annotate_workbook
from tasks.entries.workbook.file_intake import FileIntake, read_entry_files
from tests.entries import desk_cells, legal, one
from tests.entries.workbook.test_file_intake import broken, cell, column, csv_files

RED = "FFFFC7CE"


def red(cell: Cell) -> bool:
    return cell.fill.fgColor.rgb == RED


def test_faulty_cells_are_red_with_a_note(desk: Path, tmp_path: Path) -> None:
    def change(book: openpyxl.Workbook) -> None:
        cell("Entries", "Entry type", 3, "x1")(book)
        cell("Bills", "Bill number", 2, "AB-12")(book)
        cell("Lines", "Description", 4, None)(book)

    intake = broken(desk, change)
    (path,) = annotate_workbook(intake, tmp_path / "out")
    assert path.name == "desk.annotated.xlsx"
    book = openpyxl.load_workbook(path)
    assert book.sheetnames[0] == "Problems"
    entries = book["Entries"]
    marked = entries.cell(3, column(entries, "Entry type"))
    assert red(marked) and marked.value == "x1"
    assert "right: one like 01" in marked.comment.text
    bill = book["Bills"].cell(2, column(book["Bills"], "Bill number"))
    assert red(bill) and "AB12" in bill.comment.text
    missing = book["Lines"].cell(4, column(book["Lines"], "Description"))
    assert red(missing) and missing.value is None
    assert not red(entries.cell(2, column(entries, "Entry type")))


def test_the_sheet_problems_lists_all_and_links(desk: Path, tmp_path: Path) -> None:
    intake = broken(desk, cell("Bills", "Bill number", 2, "=AB-12"))
    (path,) = annotate_workbook(intake, tmp_path / "out")
    sheet = openpyxl.load_workbook(path)["Problems"]
    rows = [[c.value for c in row] for row in sheet.iter_rows(min_row=2)]
    assert [(r[0], r[2], r[6]) for r in rows] == [(p.sheet, p.column, p.code) for p in intake.problems]
    assert sheet.cell(2, 2).hyperlink.location == f"'{rows[0][0]}'!A{intake.problems[0].row}"


def test_nothing_becomes_a_formula_or_link(desk: Path, tmp_path: Path) -> None:
    def change(book: openpyxl.Workbook) -> None:
        for sheet, title, text in (
            ("Lines", "Description", "@SUM(1+1)"),
            ("Entries", "Carrier", "+cmd|' /C calc'!A0"),
            ("Entries", "Remarks", "http://example.com/x"),
            ("Bills", "Bill number", "-AB-12"),
        ):
            cell(sheet, title, 2, text)(book)

    intake = broken(desk, change)
    (path,) = annotate_workbook(intake, tmp_path / "out")
    for sheet in openpyxl.load_workbook(path):
        for row in sheet.iter_rows():
            for c in row:
                assert c.data_type != "f"
                assert c.hyperlink is None or c.hyperlink.target is None


def test_a_mended_copy_can_be_handed_in(desk: Path, tmp_path: Path) -> None:
    intake = broken(desk, cell("Bills", "Bill number", 2, "AB-12"))
    (path,) = annotate_workbook(intake, tmp_path / "out")
    again = read_entry_files([path], legal.PROFILE)[0]
    assert [(p.sheet, p.row, p.code) for p in again.problems] == [(p.sheet, p.row, p.code) for p in intake.problems]
    assert (again.desk, again.unused) == (intake.desk, intake.unused)
    mended = broken(path, cell("Bills", "Bill number", 2, "BILL9"))
    assert mended.problems == () and mended.record.numbers == intake.record.numbers


def test_unknown_columns_are_kept_beside(desk: Path, tmp_path: Path) -> None:
    def change(book: openpyxl.Workbook) -> None:
        last = book["Lines"].max_column + 1
        book["Lines"].cell(1, last).value = "Ask Bob"
        book["Lines"].cell(3, last).value = "why?"

    (path,) = annotate_workbook(broken(desk, change), tmp_path / "out")
    sheet = openpyxl.load_workbook(path)["Lines"]
    place = column(sheet, "Ask Bob")
    assert red(sheet.cell(1, place)) and sheet.cell(3, place).value == "why?"


def test_csv_files_get_a_workbook_each(tmp_path: Path) -> None:
    made = one.rows()
    made["bills"][0]["issuer"] = None
    paths = csv_files(tmp_path, one.record(made), titles=True, mark=False)
    intake = read_entry_files(paths, legal.PROFILE)[0]
    written = annotate_workbook(intake, tmp_path / "out")
    assert [path.name for path in written] == ["bills.annotated.xlsx"]
    sheet = openpyxl.load_workbook(written[0])["Bills"]
    assert red(sheet.cell(2, column(sheet, "Issuer code")))


@pytest.mark.parametrize(("data", "code"), [(b"", "workbook-file-empty"), (b"PK\x03\x04", "zip-not-whole")])
def test_a_file_that_was_not_opened_has_its_problem_listed(tmp_path: Path, data: bytes, code: str) -> None:
    path = tmp_path / "a.xlsx"
    path.write_bytes(data)
    (intake,) = read_entry_files([path])
    (written,) = annotate_workbook(intake, tmp_path / "out")
    sheet = openpyxl.load_workbook(written)["Problems"]
    (problem,) = intake.problems
    assert problem.code == code and sheet.cell(2, 5).value == problem.wrong


def test_a_clean_file_gets_none(desk: Path, tmp_path: Path) -> None:
    assert annotate_workbook(read_entry_files([desk], legal.PROFILE)[0], tmp_path / "out") == []
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize("saved", [desk_cells.as_it_is, desk_cells.rewritten, desk_cells.by_libreoffice])
def test_every_other_cell_of_a_copy_reads_as_in_the_original(
    desk: Path, tmp_path: Path, saved: desk_cells.Saved
) -> None:
    """Value, kind and number format, whichever program saved the file; a formula as its last result."""
    desk_cells.fill(desk)
    saved(desk)
    intake = read_entry_files([desk], legal.PROFILE)[0]
    faulty = {(p.sheet, p.column, p.row) for p in intake.problems}
    assert {desk_cells.FAULT, desk_cells.FORMULA} <= faulty
    (copy,) = annotate_workbook(intake, tmp_path / "out")
    before, after = desk_cells.cells_of(desk), desk_cells.cells_of(copy)
    tables = {sheet for sheet, _, _ in before} - {"Read me", "Lists", "About"}
    ours = {key: cell for key, cell in before.items() if key[0] in tables and key[2] > 1}
    assert len(ours) > 200
    assert {key: (type(after.get(key)), after.get(key)) for key in ours} == {
        key: (type(cell), cell) for key, cell in ours.items()
    }
    shapes, shown = desk_cells.shapes_of(desk), desk_cells.shapes_of(copy)
    assert {key: shown[key] for key in ours if key not in faulty} == {
        key: shapes[key] for key in ours if key not in faulty
    }
    assert not [
        at.coordinate
        for sheet in openpyxl.load_workbook(copy)
        for row in sheet.iter_rows()
        for at in row
        if at.data_type == "f"
    ]
    again = mended(copy, faulty)
    assert again.problems == ()
    expected = mended(desk, faulty, {desk_cells.FORMULA: before[desk_cells.FORMULA]})
    assert expected.problems == ()
    assert dict(again.record.items()) == dict(expected.record.items())
    row = again.record.entries.to_pylist()[0]
    assert (row["release_time"], row["release_date"]) == ("14:05", date(2026, 11, 24))
    assert (row["perishable"], again.record.entries["entered_value"][3].as_py()) == (True, 9000)


def mended(
    path: Path, faulty: set[tuple[str, str, int]], values: dict[tuple[str, str, int], object] | None = None
) -> FileIntake:
    """The file read again, once a clerk has corrected just the faulty cells: a bill number, and the
    yes/no that LibreOffice saves as a formula of a number."""

    def change(book: openpyxl.Workbook) -> None:
        right = {desk_cells.FAULT: desk_cells.BILL} | (values or {})
        right |= {key: "N" if key[2] == 3 else "Y" for key in faulty if key[1] == "Perishable"}
        assert faulty - right.keys() <= {desk_cells.FORMULA}
        for (sheet, title, row), value in right.items():
            cell(sheet, title, row, value)(book)

    return broken(path, change)


@pytest.mark.parametrize(
    ("value", "shape"),
    [
        (time(23, 59, 59), "hh:mm:ss"),
        (timedelta(hours=30, minutes=15), "[h]:mm"),
        (datetime(2026, 11, 24, 13, 5, 30), "m/d/yy h:mm"),
        (date(2026, 11, 24), "mm-dd-yy"),
        (0.0825, "0.00%"),
        (46350.0, "General"),
        (True, "General"),
        ("0012", "@"),
        (12.0, "00000"),
        (" a\r\nb\t_x0041_ ", "General"),
    ],
)
@pytest.mark.parametrize("title", ["Remarks", "Ask Bob"])
def test_a_cell_of_any_kind_stays_as_it_is(desk: Path, tmp_path: Path, value: object, shape: str, title: str) -> None:
    """Under a heading of ours and under one of theirs."""

    def change(book: openpyxl.Workbook) -> None:
        sheet = book["Entries"]
        if title == "Ask Bob":
            sheet.cell(1, sheet.max_column + 1).value = title
        at = sheet.cell(3, column(sheet, title))
        at.value, at.number_format = value, shape
        cell("Bills", "Bill number", 2, "AB-12")(book)

    (path,) = annotate_workbook(broken(desk, change), tmp_path / "out")
    before, after = desk_cells.cells_of(desk), desk_cells.cells_of(path)
    key = ("Entries", title, 3)
    assert (type(after[key]), after[key]) == (type(before[key]), before[key])
    if shape != "General":
        assert desk_cells.shapes_of(path)[key] == desk_cells.shapes_of(desk)[key]


def test_a_code_that_is_typed_in_again_keeps_its_zeros(desk: Path, tmp_path: Path) -> None:
    """A marked cell without a number format takes that of its column, text here."""
    (path,) = annotate_workbook(broken(desk, cell("Entries", "Entry type", 3, 1)), tmp_path / "out")
    assert desk_cells.shapes_of(path)["Entries", "Entry type", 3] == "@"


def test_a_formula_without_a_result_is_named(desk: Path, tmp_path: Path) -> None:
    intake = broken(desk, cell("Entries", "Carrier", 2, "=UPPER(A1)"))
    (path,) = annotate_workbook(intake, tmp_path / "out")
    sheet = openpyxl.load_workbook(path)["Entries"]
    marked = sheet.cell(2, column(sheet, "Carrier"))
    assert red(marked) and marked.value is None
    assert "keeps no result of the formula =UPPER(A1)" in marked.comment.text


def test_sheets_that_are_no_table_are_kept(desk: Path, tmp_path: Path) -> None:
    """Else the copy would read clean without what stands there."""

    def change(book: openpyxl.Workbook) -> None:
        more = book.create_sheet("Lines (2)")
        more.append(["Entry number", "Seen at"])
        more.append([legal.numbers(1)[0], time(8, 15)])
        book.create_sheet("Bills ").append(["Entry number", "Bill number"])
        book["Bills "].append([legal.numbers(1)[0], "AB-12"])

    intake = broken(desk, change)
    (path,) = annotate_workbook(intake, tmp_path / "out")
    again = read_entry_files([path], legal.PROFILE)[0]
    key = lambda p: (p.sheet, p.row, p.column, p.wrong)  # noqa: E731
    assert [key(p) for p in again.problems] == [key(p) for p in intake.problems]
    assert desk_cells.cells_of(path)["Lines (2)", "Seen at", 2] == time(8, 15)


def test_a_copy_that_was_corrected_is_not_written_over(desk: Path, tmp_path: Path) -> None:
    intake = broken(desk, cell("Bills", "Bill number", 2, "AB-12"))
    (path,) = annotate_workbook(intake, tmp_path / "out")
    printed = path.read_bytes()
    assert annotate_workbook(intake, tmp_path / "out") == [path] and path.read_bytes() == printed
    change = cell("Bills", "Bill number", 2, "BILL9")
    broken(path, change)
    worked_on = path.read_bytes()
    with pytest.raises(Refused, match=r"entries record .*desk\.annotated\.xlsx.*--force"):
        annotate_workbook(intake, tmp_path / "out")
    assert path.read_bytes() == worked_on
    annotate_workbook(intake, tmp_path / "out", force=True)
    assert desk_cells.cells_of(path)["Bills", "Bill number", 2] == "AB-12"


def test_a_copy_that_nobody_touched_follows_its_file(desk: Path, tmp_path: Path) -> None:
    (path,) = annotate_workbook(broken(desk, cell("Bills", "Bill number", 2, "AB-12")), tmp_path / "out")
    annotate_workbook(broken(desk, cell("Bills", "Bill number", 2, "AB-13")), tmp_path / "out")
    assert desk_cells.cells_of(path)["Bills", "Bill number", 2] == "AB-13"


def test_each_copy_has_a_name_of_its_own(desk: Path, tmp_path: Path) -> None:
    """Two desks with a file of one name, and the copy of a copy."""
    intake = broken(desk, cell("Bills", "Bill number", 2, "AB-12"))
    other = tmp_path / "other" / desk.name
    other.parent.mkdir()
    other.write_bytes(desk.read_bytes())
    used: set[Path] = set()
    out = tmp_path / "out"
    (first,) = annotate_workbook(intake, out, used=used)
    (second,) = annotate_workbook(read_entry_files([other], legal.PROFILE)[0], out, used=used)
    (third,) = annotate_workbook(read_entry_files([second], legal.PROFILE)[0], out)
    names = [path.name for path in (first, second, third)]
    assert names == ["desk.annotated.xlsx", "desk.annotated-2.xlsx", "desk.annotated-3.xlsx"]


def test_a_copy_for_another_file_of_the_name_is_not_written_over(desk: Path, tmp_path: Path) -> None:
    intake = broken(desk, cell("Bills", "Bill number", 2, "AB-12"))
    (path,) = annotate_workbook(intake, tmp_path / "out")
    other = tmp_path / "other" / desk.name
    other.parent.mkdir()
    other.write_bytes(desk.read_bytes())
    again = broken(other, cell("Bills", "Bill number", 3, "AB-13"))
    with pytest.raises(Refused):
        annotate_workbook(again, tmp_path / "out")
    assert zipfile.is_zipfile(path) and desk_cells.cells_of(path)["Bills", "Bill number", 3] != "AB-13"
