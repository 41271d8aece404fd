from __future__ import annotations

import json
from pathlib import Path

import openpyxl
import pandas as pd
import pytest

from tasks.core.settings import Settings
from tests.entries import house as made, legal


@pytest.fixture
def numbers(journal, house: Settings) -> list[str]:
    return made.issue(journal, house, "truck", 4)


def test_a_workbook_goes_out_and_comes_back(continuity, numbers: list[str], tmp_path: Path) -> None:
    out = tmp_path / "truck.xlsx"
    assert continuity("entries", "workbook", "--desk", "truck", "--out", str(out))[0] == 0
    assert out.is_file()
    file = made.workbook(tmp_path, "in.xlsx", "truck", made.filled(1, numbers[:3], "truck"))
    code, said, _ = continuity("entries", "record", str(file), "--json", by="jo")
    assert code == 0 and json.loads(said)[0]["recorded"] == numbers[:3]
    rows = json.loads(continuity("entries", "list", "--json")[1])
    assert [row["number"] for row in rows] == numbers[:3]
    shown = json.loads(continuity("entries", "show", numbers[0], "--json")[1])
    assert shown["entries"][0]["entry_number"] == numbers[0]
    code, said, _ = continuity("entries", "correct", numbers[0], "--out", str(tmp_path))
    assert code == 0 and (tmp_path / "truck-correct.xlsx").is_file()
    assert continuity("entries", "chase", "--json")[0] == 0


def test_a_faulty_file_is_told_marked_and_changes_nothing(continuity, numbers: list[str], tmp_path: Path) -> None:
    record = made.with_values(made.filled(2, numbers[:2], "truck"), release_date=None)
    file = made.workbook(tmp_path, "in.xlsx", "truck", record)
    code, said, err = continuity("entries", "record", str(file), by="jo")
    assert code == 2 and "row 2, column Paper release date" in err
    assert continuity.error.code == "input-not-usable"
    marked = tmp_path / "in.annotated.xlsx"
    told = pd.read_excel(marked, sheet_name="Problems", engine="calamine")
    assert len(told) == 2 and set(told["Column"]) == {"Paper release date"}
    assert json.loads(continuity("entries", "list", "--json")[1]) == []
    code, said, _ = continuity("entries", "record", str(file), "--json", by="jo")
    assert code == 2 and len(json.loads(said)[0]["problems"]) == 2


def test_a_number_of_another_desk_is_marked_too(continuity, numbers: list[str], tmp_path: Path) -> None:
    file = made.workbook(tmp_path, "air.xlsx", "air", made.filled(3, numbers[:1], "air"))
    code, _, _ = continuity("entries", "record", str(file), by="jo")
    assert code == 2 and {one.value for one in continuity.error.problems} == {numbers[0]}
    assert (tmp_path / "air.annotated.xlsx").is_file()


def test_what_is_no_workbook_is_told(continuity, tmp_path: Path) -> None:
    file = tmp_path / "x.xlsx"
    file.write_bytes(b"not a zip")
    code, _, err = continuity("entries", "record", str(file), by="jo")
    assert code == 2 and "x.xlsx" in err and "Traceback" not in err


def put(path: Path, title: str, value: object, row: int = 2) -> bytes:
    """Fill in a cell of the sheet Entries, as a desk does; returns the bytes of the file."""
    book = openpyxl.load_workbook(path)
    sheet = book["Entries"]
    sheet.cell(row, next(at.column for at in sheet[1] if at.value == title)).value = value
    book.save(path)
    return path.read_bytes()


def test_a_workbook_that_was_filled_in_is_not_written_over(continuity, numbers: list[str], tmp_path: Path) -> None:
    path = tmp_path / "truck.xlsx"
    command = ("entries", "workbook", "--desk", "truck", "--out", str(path))
    assert [continuity(*command)[0] for _ in "ab"] == [0, 0]
    work = put(path, "Entry type", "01")
    code, _, err = continuity(*command)
    assert code == 1 and f"continuity entries record {path}" in err and "--force" in err
    assert path.read_bytes() == work
    assert continuity(*command, "--force")[0] == 0
    assert value_of(path, "Entry type") is None


def test_a_workbook_that_nobody_touched_follows_the_numbers(
    continuity, numbers: list[str], journal, house: Settings, tmp_path: Path
) -> None:
    path = tmp_path / "truck.xlsx"
    command = ("entries", "workbook", "--desk", "truck", "--out", str(path))
    continuity(*command)
    more = made.issue(journal, house, "truck", 2)
    assert continuity(*command)[0] == 0
    assert [row[0] for row in cells_of(path)[1:]] == [*numbers, *more]


def value_of(path: Path, title: str, row: int = 2) -> object:
    cells = cells_of(path)
    return cells[row - 1][cells[0].index(title)]


def cells_of(path: Path) -> list[list[object]]:
    return [[at.value for at in row] for row in openpyxl.load_workbook(path)["Entries"]]


def test_a_desk_has_a_file_of_its_name_on_every_system(
    continuity, journal, house: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    made.issue(journal, house, "El Paso/Ysleta", 1)
    monkeypatch.chdir(tmp_path)
    code, said, _ = continuity("entries", "workbook", "--desk", "El Paso/Ysleta", "--json")
    assert code == 0 and json.loads(said) == {
        "file": "El Paso-Ysleta.xlsx", "desk": "El Paso/Ysleta", "numbers": 1}  # fmt: skip
    code, _, err = continuity("entries", "workbook", "--desk", "El Paso/Ysleta", "--out", "paso")
    assert code == 2 and ".xlsx" in err


def test_a_correction_in_the_making_is_not_written_over(continuity, numbers: list[str], tmp_path: Path) -> None:
    file = made.workbook(tmp_path, "in.xlsx", "truck", made.filled(1, numbers[:2], "truck"))
    assert continuity("entries", "record", str(file), by="jo")[0] == 0
    path = tmp_path / "truck-correct.xlsx"
    command = ("entries", "correct", numbers[0], "--out", str(tmp_path))
    assert [continuity(*command)[0] for _ in "ab"] == [0, 0]
    other = ("entries", "correct", numbers[1], "--out", str(tmp_path))
    assert continuity(*other)[0] == 1 and cells_of(path)[1][0] == numbers[0]
    work = put(path, "Remarks", "seal was broken")
    code, _, err = continuity(*command)
    assert code == 1 and f"continuity entries record {path}" in err and "--force" in err
    assert path.read_bytes() == work
    assert continuity(*command, "--force")[0] == 0
    assert value_of(path, "Remarks") != "seal was broken"


def test_an_annotated_copy_in_the_making_is_not_written_over(continuity, numbers: list[str], tmp_path: Path) -> None:
    """What is wrong with the file is told all the same, and which copy was left."""
    record = made.with_values(made.filled(2, numbers[:2], "truck"), release_date=None)
    file = made.workbook(tmp_path, "in.xlsx", "truck", record)
    continuity("entries", "record", str(file), by="jo")
    copy = tmp_path / "in.annotated.xlsx"
    work = put(copy, "Paper release date", legal.TODAY)
    code, said, err = continuity("entries", "record", str(file), "--json", by="jo")
    assert code == 2 and json.loads(said)[0]["annotated"] == []
    problems = json.loads(err)["problems"]
    assert {"row": 2, "column": "Paper release date"}.items() <= problems[0].items()
    assert f"continuity entries record {copy}" in err and "--force" in err
    assert copy.read_bytes() == work
    put(copy, "Paper release date", legal.TODAY, row=3)
    code, said, err = continuity("entries", "record", str(copy), "--json", by="jo")
    assert code == 0 and json.loads(said)[0]["recorded"] == numbers[:2], err
    assert continuity("entries", "record", str(file), "--force", by="jo")[0] == 2
    assert value_of(copy, "Paper release date") is None


def test_a_report_that_somebody_worked_on_is_not_written_over(
    continuity, numbers: list[str], journal, house: Settings, tmp_path: Path
) -> None:
    path = tmp_path / "accounting.xlsx"
    command = ("reconcile", "account", "--out", str(path))
    continuity(*command)
    made.issue(journal, house, "truck", 1)
    code, said, _ = continuity(*command)
    assert str(path) in said
    book = openpyxl.load_workbook(path)
    book["Numbers"]["Z1"] = "asked Bob"
    book.save(path)
    work = path.read_bytes()
    code, _, err = continuity(*command)
    assert code == 1 and "--force" in err and path.read_bytes() == work
    continuity(*command, "--force")
    assert openpyxl.load_workbook(path)["Numbers"]["Z1"].value is None
