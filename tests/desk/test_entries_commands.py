from __future__ import annotations

import json
from pathlib import Path

import pandas as pd
import pytest

from tasks.shared.settings import Settings
from tests.entries import house as made


@pytest.fixture
def numbers(journal, house: Settings) -> list[str]:
    return made.issue(journal, house, "truck", 4)


def test_a_workbook_goes_out_and_comes_back(continuity, numbers: list[str], tmp_path: Path) -> None:
    out = tmp_path / "truck.xlsx"
    assert continuity("entries", "workbook", "--desk", "truck", "--out", str(out))[0] == 0
    assert out.is_file()
    file = made.workbook(tmp_path, "in.xlsx", "truck", made.filled(1, numbers[:3], "truck"))
    code, said, _ = continuity("entries", "record", str(file), by="jo")
    assert code == 0 and "3 recorded" in said
    rows = json.loads(continuity("entries", "list", "--json")[1])
    assert [row["number"] for row in rows] == numbers[:3]
    shown = json.loads(continuity("entries", "show", numbers[0], "--json")[1])
    assert shown["entries"][0]["entry_number"] == numbers[0]
    code, said, _ = continuity("entries", "correct", numbers[0], "--out", str(tmp_path))
    assert code == 0 and (tmp_path / "truck-correct.xlsx").is_file()
    assert continuity("entries", "chase", "--json")[0] == 0


def test_a_faulty_file_is_told_marked_and_changes_nothing(
    continuity, numbers: list[str], tmp_path: Path
) -> None:
    record = made.with_values(made.filled(2, numbers[:2], "truck"), release_date=None)
    file = made.workbook(tmp_path, "in.xlsx", "truck", record)
    code, said, err = continuity("entries", "record", str(file), by="jo")
    assert code == 2 and "row 2, column Paper release date" in err and "REFUSED" in said
    marked = tmp_path / "in.annotated.xlsx"
    told = pd.read_excel(marked, sheet_name="Problems", engine="calamine")
    assert len(told) == 2 and set(told["Column"]) == {"Paper release date"}
    assert json.loads(continuity("entries", "list", "--json")[1]) == []
    code, said, _ = continuity("entries", "record", str(file), "--json", by="jo")
    assert code == 2 and len(json.loads(said)[0]["problems"]) == 2


def test_a_number_of_another_desk_is_marked_too(
    continuity, numbers: list[str], tmp_path: Path
) -> None:
    file = made.workbook(tmp_path, "air.xlsx", "air", made.filled(3, numbers[:1], "air"))
    code, _, err = continuity("entries", "record", str(file), by="jo")
    assert code == 2 and "issued to the desk truck" in err
    assert (tmp_path / "air.annotated.xlsx").is_file()


def test_what_is_no_workbook_is_told(continuity, tmp_path: Path) -> None:
    file = tmp_path / "x.xlsx"
    file.write_bytes(b"not a zip")
    code, _, err = continuity("entries", "record", str(file), by="jo")
    assert code == 2 and "x.xlsx" in err and "Traceback" not in err
