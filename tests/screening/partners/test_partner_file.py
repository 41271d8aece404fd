"""Partner files: what they hold, and every kind of bad input, told by row."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import pytest
from hypothesis import given, settings, strategies as st

from tasks.screening.partners.partner_file import PartnerFile, read_partners
from tasks.screening.partners.partner_register import RegisterChange, read_register, register_changes, take_partners
from tests.example_counts import examples

HEAD = "Partner ID,Name,Role,Country,City,Address,MID,Owners,HTS\n"
GOOD = 'P1,Acme Ltd,supplier,CN,Ningbo,"12 Port Road",,"Holding A 60%; Jo Smith 40%",5205.11; 0702\n'


def put(tmp_path: Path, data: str | bytes, name: str = "partners.csv") -> Path:
    path = tmp_path / name
    path.write_bytes(data.encode() if isinstance(data, str) else data)
    return path


def read(tmp_path: Path, data: str | bytes, name: str = "partners.csv") -> PartnerFile:
    return read_partners(put(tmp_path, data, name))


def ids(found: PartnerFile) -> list[str]:
    return found.partners["partner"].to_pylist()


def test_a_clean_file(tmp_path: Path) -> None:
    found = read(tmp_path, HEAD + GOOD)
    assert found.problems == () and found.refused == 0
    row = found.partners.to_pylist()[0]
    assert row["owners"] == [{"name": "Holding A", "share": 60.0},
                             {"name": "Jo Smith", "share": 40.0}]  # fmt: skip
    assert row["hts"] == ["520511", "0702"] and row["kind"] == "unknown" and len(row["digest"]) == 64


def test_the_same_by_workbook_and_parquet(tmp_path: Path) -> None:
    csv = put(tmp_path, HEAD + GOOD)
    frame = pd.read_csv(csv, dtype=str)
    frame.to_excel(tmp_path / "partners.xlsx", sheet_name="Partners", index=False)
    frame.to_parquet(tmp_path / "partners.parquet")
    found = [read_partners(tmp_path / f"partners.{kind}") for kind in ("csv", "xlsx", "parquet")]
    assert [one.problems for one in found] == [(), (), ()]
    assert found[0].partners.equals(found[1].partners) and found[0].partners.equals(found[2].partners)


def test_semicolons_byte_order_mark_and_other_headings(tmp_path: Path) -> None:
    data = "\ufeffid;company;country\n7;Möller GmbH;Germany\n"
    found = read(tmp_path, data)
    assert found.problems == ()
    assert found.partners.to_pylist()[0]["country"] == "DE"


@pytest.mark.parametrize(
    ("bad", "column", "code", "values"),
    [
        ("P2,,supplier,CN,,,,,\n", "Name", "partner-cell-empty", {}),
        ("P2,  ,supplier,CN,,,,,\n", "Name", "partner-cell-empty", {}),
        (",Beta,supplier,CN,,,,,\n", "Partner ID", "partner-cell-empty", {}),
        ("P1,Beta,supplier,CN,,,,,\n", "Partner ID", "partner-id-twice", {"first": 2}),
        ("P2,---,supplier,CN,,,,,\n", "Name", "partner-name-without-letters", {}),
        ("P2,Beta,seller,CN,,,,,\n", "Role", "partner-choice-unknown", {}),
        ("P2,Beta,supplier,Atlantis,,,,,\n", "Country", "partner-country-unknown", {}),
        ("P2,Beta,supplier,CN,,,CN12,,\n", "MID", "manufacturer-id-invalid", {}),
        ("P2,Beta,supplier,CN,,,,Holding,\n", "Owners", "owner-share-missing", {}),
        ("P2,Beta,supplier,CN,,,,A 60%; B 70%,\n", "Owners", "owner-shares-above-whole", {}),
        ("P2,Beta,supplier,CN,,,,,cotton\n", "HTS", "partner-tariff-number-invalid",
         {"number": "cotton"}),
        ("P2,Beta,supplier\n", "", "partner-row-width-wrong", {"cells": 3, "headings": 9}),
        ('P2,"Beta,supplier,CN,,,,,\n', "", "partner-row-quote-open", {}),
        ('P2,"Be"ta,supplier,CN,,,,,\n', "", "partner-row-quote-open", {}),
        (f"P2,{'x' * (5 << 20)},supplier,CN,,,,,\n", "Name", "partner-cell-too-long",
         {"length": 5 << 20}),
        ("P2,Be\x07ta,supplier,CN,,,,,\n", "Name", "partner-cell-control-character", {"point": 7}),
    ],
)  # fmt: skip
def test_a_bad_row_is_told_and_the_rest_is_there(
    tmp_path: Path, bad: str, column: str, code: str, values: dict[str, object]
) -> None:
    last = GOOD.replace("P1", "P9")
    found = read(tmp_path, HEAD + GOOD + bad + last)
    assert ids(found) == ["P1", "P9"] and found.refused == 1
    (problem,) = found.problems
    assert (problem.row, problem.column, problem.code) == (3, column, code)
    assert values.items() <= problem.values.items() and problem.right
    assert len(str(problem)) < 400


def test_every_bad_row_is_told_at_once(tmp_path: Path) -> None:
    data = HEAD + GOOD + "P1,,,,,,,,\n" + 'P3,"open,,,,,,,\n' + "P4,Delta,,Nowhere,,,,,\n" + GOOD
    found = read(tmp_path, data)
    assert sorted({problem.row for problem in found.problems}) == [3, 4, 5, 6]
    assert ids(found) == ["P1"] and found.refused == 4


@pytest.mark.parametrize(
    ("data", "name", "code"),
    [
        ("Partner ID,Name,Ort\xe9\nP1,Caf,\n".encode("latin-1"), "p.csv", "partner-file-not-utf8"),
        (b"Number,Firm\n1,Acme\n", "p.csv", "partner-columns-missing"),
        (b"Partner ID,Name,Name\n1,Acme,B\n", "p.csv", "partner-column-twice"),
    ],
)
def test_a_file_without_partners(tmp_path: Path, data: bytes, name: str, code: str) -> None:
    found = read(tmp_path, data, name)
    assert [problem.code for problem in found.problems] == [code]
    assert found.problems[0].file == name and found.problems[0].wrong
    assert found.partners.num_rows == 0


@pytest.mark.parametrize(
    ("data", "name"),
    [
        (b"", "p.csv"),
        ("Partner ID,Name\nP1,Acme\n".encode("utf-16"), "p.csv"),
        (b"Partner ID,Name\nP1,\x00\n", "p.csv"),
        (b"PK\x03\x04 not really", "p.xlsx"),
        (b"\xd0\xcf\x11\xe0" + b"0" * 600, "p.xlsx"),
        (b"PAR1 not really", "p.parquet"),
        (b"x", "p.docx"),
    ],
)
def test_a_file_that_cannot_be_read_is_a_problem_of_the_file(tmp_path: Path, data: bytes, name: str) -> None:
    found = read(tmp_path, data, name)
    (problem,) = found.problems
    assert (problem.file, problem.row, problem.column) == (name, 0, "")
    assert found.partners.num_rows == 0 and problem.right


def test_an_unknown_column_is_a_problem_of_the_heading(tmp_path: Path) -> None:
    (problem,) = read(tmp_path, b"Partner ID,Name,Turnover\n1,Acme,5\n").problems
    assert (problem.row, problem.column, problem.code) == (1, "turnover", "partner-column-unknown")


def test_rows_of_another_encoding_are_told_and_the_rest_is_there(tmp_path: Path) -> None:
    data = "Partner ID,Name\nP1,Caf\xe9 Nord\nP2,Acme\n".encode("latin-1")
    found = read(tmp_path, data + "P3,Café Süd\n".encode())
    (problem,) = found.problems
    assert (problem.row, problem.column, problem.code) == (2, "Name", "partner-file-not-utf8")
    assert problem.values == {"byte": 0xE9} and "\ufffd" in problem.value
    assert found.partners["name"].to_pylist() == ["Acme", "Café Süd"] and found.refused == 1


def test_bytes_of_a_parquet_file_are_text_or_told(tmp_path: Path) -> None:
    import pyarrow as pa
    import pyarrow.parquet as pq

    names = [b"Acme", "Süd".encode(), b"\xff\xfe Nord"]
    pq.write_table(pa.table({"Partner ID": ["1", "2", "3"], "Name": names}), tmp_path / "p.parquet")
    found = read_partners(tmp_path / "p.parquet")
    assert found.partners["name"].to_pylist() == ["Acme", "Süd"] and found.refused == 1
    (problem,) = found.problems
    assert (problem.row, problem.code) == (4, "partner-cell-not-utf8")
    assert problem.values == {"byte": 0xFF} and problem.value.encode()


def test_a_file_without_a_heading_is_told_once(tmp_path: Path) -> None:
    (problem,) = read(tmp_path, b"P1,Acme,carrier\nP2,Beta,carrier\n").problems
    assert problem.code == "partner-columns-missing" and "acme" in problem.value
    assert problem.values == {"columns": "Partner ID, Name"}


def test_formulas_are_told_by_row(tmp_path: Path) -> None:
    import openpyxl

    book = openpyxl.Workbook()
    assert book.active is not None
    for row in (["Partner ID", "Name"], ["P1", "Acme"], ["P2", '="Be"&"ta"'], ["P3", "Gamma"]):
        book.active.append(row)
    book.save(tmp_path / "p.xlsx")
    found = read_partners(tmp_path / "p.xlsx")
    assert ids(found) == ["P1", "P3"] and found.problems[0].row == 3


def test_partners_on_a_second_sheet_are_not_passed_over(tmp_path: Path) -> None:
    import openpyxl

    book = openpyxl.Workbook()
    for name, rows in (("Europe", [["Partner ID", "Name"], ["P1", "Acme"]]), ("Notes", [["Name"]]),
                       ("Asia", [["ID", "Company"], ["P2", "Beta"]])):  # fmt: skip
        sheet = book.create_sheet(name)
        for row in rows:
            sheet.append(row)
    del book["Sheet"]
    book.save(tmp_path / "p.xlsx")
    found = read_partners(tmp_path / "p.xlsx")
    assert ids(found) == ["P1"] and [one.sheet for one in found.problems] == ["Asia"]
    assert found.problems[0].code == "partner-sheet-not-read"


@given(st.binary(max_size=400) | st.text(max_size=400).map(str.encode))
@settings(max_examples=examples(150))
def test_no_bytes_make_it_fall_over(tmp_path: Path, data: bytes) -> None:
    found = read(tmp_path, HEAD.encode() + data)
    assert found.partners.num_rows + found.refused + len(found.problems) >= 0
    assert len(set(ids(found))) == found.partners.num_rows


def test_the_register_takes_adds_changes_and_retires(workspace, tmp_path: Path) -> None:
    def take(data: str, **options: object) -> RegisterChange:
        found = read(tmp_path, "Partner ID,Name,HTS\n" + data)
        return take_partners(workspace, "ada", found.partners, source=found.sha256,
                             file=found.file, **options)  # type: ignore[arg-type]  # fmt: skip

    first = take("P1,Acme,\nP2,Beta,\n")
    assert (first.partners, first.added, first.changed, first.retired) == (2, 2, 0, 0)
    second = take("P2,Beta Ltd,\nP3,Gamma,\n")
    assert (second.partners, second.added, second.changed, second.retired) == (3, 1, 1, 0)
    assert take("P3,Gamma,\n").content == second.content
    assert len(list(workspace.journal.events(kind="partners.taken"))) == 2
    whole = take("P2,Beta Ltd,5205\n", replace_all=True)
    assert (whole.partners, whole.added, whole.changed, whole.retired) == (1, 0, 1, 2)
    old, new = (read_register(workspace.content, one.content) for one in (second, whole))
    # goods are no part of who a partner is
    assert register_changes(old, new) == (set(), {"P1", "P3"})


def test_numbers_are_read_without_their_label_and_several_in_a_cell(tmp_path: Path) -> None:
    rows = "a,A,EIN 52-1943868\nb,B,Tax ID No.: 52 1943868;100036386\nc,C,VATICAN 9\nd,D,DUNS\n"
    found = read(tmp_path, "id,name,tax id\n" + rows)
    told = {row["partner"]: [one["value"] for one in row["identifiers"]]
            for row in found.partners.to_pylist()}  # fmt: skip
    assert found.problems == () and told == {
        "a": ["52-1943868"], "b": ["52 1943868", "100036386"], "c": ["VATICAN 9"], "d": ["DUNS"]
    }  # fmt: skip
