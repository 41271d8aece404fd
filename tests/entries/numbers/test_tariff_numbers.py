"""Chapter 98 and 99 numbers: eight digits and two blanks, from the sheet to the AE and SE records."""

from __future__ import annotations

import csv
from decimal import Decimal
from pathlib import Path

import openpyxl
import pytest

from tasks.ace.cargo_release.release_writer import write_batches
from tasks.ace.checker.release_rules.line_rules import tariff_form
from tasks.ace.entry_summary.summary_writer import write_summaries
from tasks.ace.wire.record_layouts import RECORD_WIDTH
from tasks.core.errors import BadInput
from tasks.core.journal.journal import Journal
from tasks.core.settings import Settings
from tasks.drill.ace_simulator.batches.number_forms import is_tariff_number
from tasks.entries.numbers import tariff_numbers
from tasks.entries.numbers.tariff_numbers import length_fault
from tasks.entries.record import history_report
from tasks.entries.record.code_lists import code_rows
from tasks.entries.record.record_fields import field_named
from tasks.entries.validation.rule_list import release_findings
from tasks.entries.workbook import cell_values
from tasks.entries.workbook.file_intake import FileIntake, read_entry_files
from tests.ace import made_record, made_record as ace_made_record, made_summary
from tests.ace.test_forms import _view
from tests.entries import house as desks, legal, one
from tests.entries.desk_cells import read_report, write_workbook
from tests.entries.record.test_trade_history import ROW, report
from tests.entries.workbook.test_file_intake import HOUSE
from tests.reconciliation import comparison_setup

HTS = field_named("tariffs", "hts_number")
RIGHT = ("99038815", "99038568", "98130020", "98010050", "9801001012", "9802008065", "9808003000",
         "9813000520", "8471300100")  # fmt: skip
WRONG = ("9903881500", "9903881510", "9813002000", "9801005000", "9817000010", "98010010", "98130005",
         "9802008000", "9808003010", "84713001")  # fmt: skip


@pytest.mark.parametrize(
    ("cell", "number"),
    [
        ("9903881500", "99038815"), ("9903.88.15.00", "99038815"), ("9903.88.15 00", "99038815"),
        (9903881500.0, "99038815"), (99038815.0, "99038815"), ("99038815", "99038815"),
        ("9813.00.20", "98130020"), (9813002000.0, "98130020"), ("9801.00.1012", "9801001012"),
        ("9808.00.3000", "9808003000"), ("9903881510", "9903881510"), ("8471300000", "8471300000"),
    ],
)  # fmt: skip
def test_zeros_in_place_of_a_suffix_are_left_off(cell: cell_values.Cell, number: str) -> None:
    assert cell_values.convert(HTS, cell) == number


@pytest.mark.parametrize("number", RIGHT)
def test_every_side_takes_a_number_in_its_form(number: str) -> None:
    assert length_fault(number) is None
    assert tariff_form(_view([number], 10))[0] and is_tariff_number(number.ljust(10))


@pytest.mark.parametrize("number", WRONG)
def test_every_side_refuses_other_forms(number: str) -> None:
    assert length_fault(number)
    assert not tariff_form(_view([number], 10))[0] and not is_tariff_number(number.ljust(10))


def test_record_checker_and_simulator_agree_on_every_suffix() -> None:
    heads = [row["code"] for row in code_rows("tariff_suffix")]
    heads += ["99038815", "98130020", "98010050", "98020060", "84713001"]
    numbers = [head + suffix for head in heads for suffix in ("", *(f"{n:02d}" for n in range(100)))]
    checked = tariff_form(_view(numbers, 10)).tolist()
    simulated = [is_tariff_number(number.ljust(10)) for number in numbers]
    assert checked == simulated == [length_fault(number) is None for number in numbers]


def test_the_two_positions_hold_blanks_and_nothing_else() -> None:
    for field in ("  99038815", "99038815 0", "990388150 ", "9903881A  "):
        assert not is_tariff_number(field) and not tariff_form(_view([field], 10))[0]


@pytest.mark.parametrize(
    ("number", "right"),
    [
        ("9903881510", "99038815: eight digits"), ("9903881500", "99038815: eight digits"),
        ("9817000010", "98170000: eight digits"), ("98130005", "all ten digits of the tariff"),
        ("9802008000", "like 9802008040"), ("9808003010", "like 9808003000"),
    ],
)  # fmt: skip
@pytest.mark.parametrize("field", ["hts_number", "current_hts_number"])
def test_a_record_with_another_form_is_refused(number: str, right: str, field: str) -> None:
    made = one.rows("06")
    made["lines"][0] |= {"zone_status": "P", "privileged_date": one.rows()["entries"][0]["arrival_date"]}
    made["tariffs"][0][field] = number
    record = one.record(made)
    assert f"tariffs.{field} E514" in one.told(record)
    problems = release_findings(record, legal.PROFILE).problems()
    (problem,) = [problem for problem in problems if problem.code == "E514"]
    assert right in problem.right and problem.value == number


def handed_in(folder: Path, number: object, lines: int = 1) -> FileIntake:
    """A desk's workbook of entries whose lines begin with a number of chapter 98 or 99."""
    numbers = legal.numbers(lines)
    made = one.several(numbers)
    for row in list(made["tariffs"]):
        made["tariffs"].append({**row, "position": 1, "hts_number": "99038815", "value": None})
        row["position"] = 2
    path = write_workbook(folder / "truck.xlsx", "Truck", "2704", numbers, HOUSE,
                          record=one.record(made))  # fmt: skip
    book = openpyxl.load_workbook(path)
    sheet = book["Tariffs"]
    column = next(cell.column for cell in sheet[1] if cell.value == HTS.title)
    for row in range(2, sheet.max_row + 1):
        if str(sheet.cell(row, column).value or "").startswith("99"):
            sheet.cell(row, column).value = number
    book.save(path)
    return read_entry_files([path], legal.PROFILE)[0]


@pytest.mark.parametrize("spelling", ["9903881500", "9903.88.15.00"])
def test_a_clerk_is_shown_what_was_read_and_how_it_is_filed(tmp_path: Path, spelling: str) -> None:
    intake = handed_in(tmp_path, spelling, lines=3)
    assert intake.problems == () and "99038815" in intake.record.tariffs["hts_number"].to_pylist()
    (note,) = intake.notes
    assert (note.sheet, note.column, note.value) == ("Tariffs", HTS.title, spelling)
    assert note.row and note.code == "W705"
    assert "99038815 in 3 rows and filed as these eight digits and two blanks" in note.wrong
    assert "9903.88.15 has no statistical suffix" in note.right


def test_eight_digits_need_no_note(tmp_path: Path) -> None:
    assert handed_in(tmp_path, "9903.88.15").notes == ()
    assert handed_in(tmp_path, 99038815).notes == ()


def test_a_suffix_that_is_none_is_a_fault_of_its_cell(tmp_path: Path) -> None:
    intake = handed_in(tmp_path, "9903.88.15.10")
    assert intake.notes == ()
    (problem,) = [one for one in intake.problems if one.code == "E514"]
    assert problem.sheet == "Tariffs" and problem.value == "9903881510"
    assert problem.right == "99038815: eight digits, filed with two blanks behind them"


def test_eight_digits_of_another_chapter_are_told_what_is_right(tmp_path: Path) -> None:
    (problem,) = [one for one in handed_in(tmp_path, "84713001").problems if one.code == "E203"]
    assert "all ten digits" in problem.right


def test_the_note_is_among_the_warnings_of_recording(house: Settings, journal: Journal, tmp_path: Path) -> None:
    book = desks.book_of(house, journal)
    numbers = desks.issue(journal, house, "truck", 1)
    path = desks.workbook(tmp_path, "truck.xlsx", "truck", desks.filled(1, numbers, "truck"))
    sheets = openpyxl.load_workbook(path)
    sheet = sheets["Tariffs"]
    head = {cell.value: cell.column for cell in sheet[1]}
    line = next(n for n in range(2, sheet.max_row + 1) if sheet.cell(n, head["Order"]).value == 1)
    sheet.cell(line, head[HTS.title]).value = "9903.88.15.00"
    sheets.save(path)
    (taken,) = desks.hand_in(book, path)
    assert ["99038815" in note.wrong for note in taken.warnings if note.code == "W705"] == [True]


def extra(rows: made_record.Rows, key: str, number: object) -> made_record.Rows:
    """The rows of an entry with one more number, read as a desk wrote it, before the goods."""
    more = {"quantity": None, "unit": None, "duty": Decimal(0)} if "duty" in rows["tariffs"][0] else {}
    row = made_record.tariff(key, 1, 2, hts_number=cell_values.convert(HTS, number), value=None)
    rows["tariffs"].append(row | more)
    return rows


NUMBERS = [("9903.88.15.00", "99038815  "), ("9801005000", "98010050  "), ("9801.00.1012", "9801001012")]


@pytest.mark.parametrize(("spelling", "field"), NUMBERS)
def test_the_se60_record_holds_eight_digits_and_two_blanks(spelling: str, field: str) -> None:
    rows = extra(made_record.entry(7), made_record.number(7), spelling)
    (batch,) = write_batches(made_record.made(rows), made_record.ENVELOPE)
    lines = batch.bytes(line_ends=True).decode("ascii").splitlines()
    first = next(line for line in lines if line.startswith("SE60"))
    assert len(first) == RECORD_WIDTH and first[4:14] == field and first[14:].strip() == ""


@pytest.mark.parametrize(("spelling", "field"), NUMBERS)
def test_the_ae_50_record_holds_eight_digits_and_two_blanks(spelling: str, field: str) -> None:
    rows = extra(made_summary.summary(13), ace_made_record.number(13), spelling)
    (made,) = write_summaries(made_record.made(rows), made_summary.ENVELOPE, None, made_summary.PAYMENT)
    lines = [row.tobytes().decode("ascii") for row in made.matrix]
    first = next(line for line in lines if line.startswith("50"))
    assert len(first) == RECORD_WIDTH and first[2:12] == field and first[12] == " "


def test_a_temporary_importation_begins_with_eight_digits() -> None:
    rows = made_summary.summary(13, "23")
    rows["tariffs"][0]["hts_number"] = cell_values.convert(HTS, "9813.00.20.00")
    record = made_record.made(rows)
    assert one.told(record) & {"tariffs.hts_number E507", "tariffs.hts_number E514"} == set()
    (made,) = write_summaries(record, made_summary.ENVELOPE, None, made_summary.PAYMENT)
    cargo = made_record.entry(7, entry_type="23")
    number = cell_values.convert(HTS, "9813002000")
    for line in (1, 2):
        row = made_record.tariff(made_record.number(7), line, 2, hts_number=number, value=None)
        cargo["tariffs"].append(row)
    (release,) = write_batches(made_record.made(cargo), made_record.ENVELOPE)
    for matrix, head in ((made.matrix, "50"), (release.matrix, "SE60")):
        lines = [row.tobytes().decode("ascii") for row in matrix]
        first = next(text for text in lines if text.startswith(head))
        assert first[len(head) :][:10] == "98130020  "


def test_what_ace_stored_compares_equal_to_the_record() -> None:
    rows = extra(made_summary.summary(13), ace_made_record.number(13), "9903.88.15.00")
    record = made_record.made(rows)
    stored = comparison_setup.stored(record)
    assert any(text.startswith("5099038815  ") for text in stored)
    assert comparison_setup.told(record, stored) == []
    other = [text.replace("5099038815  ", "5099038803  ") for text in stored]
    assert comparison_setup.told(record, other) != []


def test_the_note_of_a_history_names_the_number_and_its_rows(tmp_path: Path) -> None:
    padded = {**ROW, "Chapter 99": "9903.88.15.00; 9801.00.1012"}
    path = report(tmp_path / "h.csv", padded, {**padded, "Origin": "VN"}, ROW)
    rows, notes = history_report.read_with_notes(path)
    assert [row["chapter_99"] for row in rows] == [["99038815", "9801001012"]] * 2 + [["99038803"]]
    (note,) = notes
    assert (note.row, note.value, note.code) == (2, "9903.88.15.00", "W705")
    assert "99038815 in 2 rows" in note.wrong


def test_a_history_with_a_suffix_that_is_none_is_not_taken(tmp_path: Path) -> None:
    path = report(tmp_path / "h.csv", {**ROW, "Chapter 99": "9903.88.15.10"})
    with pytest.raises(BadInput) as refused:
        read_report(path)
    (problem,) = refused.value.problems
    assert problem.row == 2 and problem.right.startswith("99038815: eight digits")


def test_the_list_of_suffixes_names_its_sources() -> None:
    with Path("data/codes/tariff_suffix.csv").open(encoding="utf-8", newline="") as text:
        rows = list(csv.DictReader(text))
    for row in rows:
        assert row["code"].startswith("98") and len(row["code"]) == tariff_numbers.EIGHT
        assert row["first"] <= row["last"] and row["source"]
        assert length_fault(row["example"]) is None
