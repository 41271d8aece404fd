from __future__ import annotations

from pathlib import Path

import openpyxl
import pytest
from openpyxl.cell import Cell

from tasks.entries.annotate import annotate
from tasks.entries.intake import read_files
from tests.entries import legal, one
from tests.entries.test_intake import broken, cell, column, csv_files, desk

__all__ = ["desk"]
RED = "FFFFC7CE"


def red(cell: Cell) -> bool:
    return cell.fill.fgColor.rgb == RED


def test_faulty_cells_are_red_with_a_note(desk: Path, tmp_path: Path) -> None:
    def change(book: openpyxl.Workbook) -> None:
        cell("Entries", "Entry type", 3, "x1")(book)
        cell("Bills", "Bill number", 2, "AB-12")(book)
        cell("Lines", "Description", 4, None)(book)

    intake = broken(desk, change)
    (path,) = annotate(intake, tmp_path / "out")
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
    (path,) = annotate(intake, tmp_path / "out")
    sheet = openpyxl.load_workbook(path)["Problems"]
    rows = [[c.value for c in row] for row in sheet.iter_rows(min_row=2)]
    assert [(r[0], r[2], r[6]) for r in rows] == [
        (p.sheet, p.column, p.code) for p in intake.problems
    ]
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
    (path,) = annotate(intake, tmp_path / "out")
    for sheet in openpyxl.load_workbook(path):
        for row in sheet.iter_rows():
            for c in row:
                assert c.data_type != "f"
                assert c.hyperlink is None or c.hyperlink.target is None


def test_a_mended_copy_can_be_handed_in(desk: Path, tmp_path: Path) -> None:
    intake = broken(desk, cell("Bills", "Bill number", 2, "AB-12"))
    (path,) = annotate(intake, tmp_path / "out")
    again = read_files([path], legal.PROFILE)[0]
    assert [(p.sheet, p.row, p.code) for p in again.problems] == [
        (p.sheet, p.row, p.code) for p in intake.problems
    ]
    assert (again.desk, again.unused) == (intake.desk, intake.unused)
    mended = broken(path, cell("Bills", "Bill number", 2, "BILL9"))
    assert mended.problems == () and mended.record.numbers == intake.record.numbers


def test_unknown_columns_are_kept_beside(desk: Path, tmp_path: Path) -> None:
    def change(book: openpyxl.Workbook) -> None:
        last = book["Lines"].max_column + 1
        book["Lines"].cell(1, last).value = "Ask Bob"
        book["Lines"].cell(3, last).value = "why?"

    (path,) = annotate(broken(desk, change), tmp_path / "out")
    sheet = openpyxl.load_workbook(path)["Lines"]
    place = column(sheet, "Ask Bob")
    assert red(sheet.cell(1, place)) and sheet.cell(3, place).value == "why?"


def test_csv_files_get_a_workbook_each(tmp_path: Path) -> None:
    made = one.rows()
    made["bills"][0]["issuer"] = None
    paths = csv_files(tmp_path, one.record(made), titles=True, mark=False)
    intake = read_files(paths, legal.PROFILE)[0]
    written = annotate(intake, tmp_path / "out")
    assert [path.name for path in written] == ["bills.annotated.xlsx"]
    sheet = openpyxl.load_workbook(written[0])["Bills"]
    assert red(sheet.cell(2, column(sheet, "Issuer code")))


@pytest.mark.parametrize("data", [b"", b"PK\x03\x04"])
def test_a_file_that_was_not_opened_has_its_problem_listed(tmp_path: Path, data: bytes) -> None:
    path = tmp_path / "a.xlsx"
    path.write_bytes(data)
    (written,) = annotate(read_files([path])[0], tmp_path / "out")
    sheet = openpyxl.load_workbook(written)["Problems"]
    assert sheet.cell(2, 7).value == "E001"


def test_a_clean_file_gets_none(desk: Path, tmp_path: Path) -> None:
    assert annotate(read_files([desk], legal.PROFILE)[0], tmp_path / "out") == []
    assert not (tmp_path / "out").exists()
