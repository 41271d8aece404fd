"""Partner files: what they hold, and every kind of bad input, told by row."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import pytest
from hypothesis import given, settings, strategies as st

from tasks.screening import partner_file, register
from tests.counts import examples

HEAD = "Partner ID,Name,Role,Country,City,Address,MID,Owners,HTS\n"
GOOD = (
    'P1,Acme Ltd,supplier,CN,Ningbo,"12 Port Road",,"Holding A 60%; Jo Smith 40%",5205.11; 0702\n'
)


def put(tmp_path: Path, data: str | bytes, name: str = "partners.csv") -> Path:
    path = tmp_path / name
    path.write_bytes(data.encode() if isinstance(data, str) else data)
    return path


def read(tmp_path: Path, data: str | bytes, name: str = "partners.csv") -> partner_file.Read:
    return partner_file.read(put(tmp_path, data, name))


def ids(found: partner_file.Read) -> list[str]:
    return found.partners["partner"].to_pylist()


def test_a_clean_file(tmp_path: Path) -> None:
    found = read(tmp_path, HEAD + GOOD)
    assert found.problems == () and found.refused == 0
    row = found.partners.to_pylist()[0]
    assert row["owners"] == [{"name": "Holding A", "share": 60.0},
                             {"name": "Jo Smith", "share": 40.0}]  # fmt: skip
    assert (
        row["hts"] == ["520511", "0702"] and row["kind"] == "unknown" and len(row["digest"]) == 64
    )


def test_the_same_by_workbook_and_parquet(tmp_path: Path) -> None:
    csv = put(tmp_path, HEAD + GOOD)
    frame = pd.read_csv(csv, dtype=str)
    frame.to_excel(tmp_path / "partners.xlsx", sheet_name="Partners", index=False)
    frame.to_parquet(tmp_path / "partners.parquet")
    found = [
        partner_file.read(tmp_path / f"partners.{kind}") for kind in ("csv", "xlsx", "parquet")
    ]
    assert [one.problems for one in found] == [(), (), ()]
    assert found[0].partners.equals(found[1].partners) and found[0].partners.equals(
        found[2].partners
    )


def test_semicolons_byte_order_mark_and_other_headings(tmp_path: Path) -> None:
    data = "\ufeffid;company;country\n7;Möller GmbH;Germany\n"
    found = read(tmp_path, data)
    assert found.problems == ()
    assert found.partners.to_pylist()[0]["country"] == "DE"


@pytest.mark.parametrize(
    ("bad", "row", "said"),
    [
        ("P2,,supplier,CN,,,,,\n", 3, "Name: [S003] is empty; the legal name"),
        ("P2,  ,supplier,CN,,,,,\n", 3, "Name: [S003] is empty; the legal name"),
        (",Beta,supplier,CN,,,,,\n", 3, "Partner ID: [S003] is empty; your own number"),
        ("P1,Beta,supplier,CN,,,,,\n", 3, "the id of row 2 again 'P1'; each id once"),
        ("P2,---,supplier,CN,,,,,\n", 3, "a name without a letter or digit"),
        ("P2,Beta,seller,CN,,,,,\n", 3, "unknown 'seller'; one of supplier"),
        ("P2,Beta,supplier,Atlantis,,,,,\n", 3, "no country that is known 'Atlantis'"),
        ("P2,Beta,supplier,CN,,,CN12,,\n", 3, "no manufacturer id 'CN12'"),
        ("P2,Beta,supplier,CN,,,,Holding,\n", 3, "an owner without a share"),
        ("P2,Beta,supplier,CN,,,,A 60%; B 70%,\n", 3, "shares of more than 100%"),
        ("P2,Beta,supplier,CN,,,,,cotton\n", 3, "no tariff number"),
        ("P2,Beta,supplier\n", 3, "3 cell(s) under 9 headings"),
        ('P2,"Beta,supplier,CN,,,,,\n', 3, "opened and not closed"),
        ('P2,"Be"ta,supplier,CN,,,,,\n', 3, "or stands inside a cell"),
        (f"P2,{'x' * (5 << 20)},supplier,CN,,,,,\n", 3, "5,242,880 characters in one cell"),
        ("P2,Be\x07ta,supplier,CN,,,,,\n", 3, "the control character U+0007"),
    ],
)
def test_a_bad_row_is_told_and_the_rest_is_there(
    tmp_path: Path, bad: str, row: int, said: str
) -> None:
    last = GOOD.replace("P1", "P9")
    found = read(tmp_path, HEAD + GOOD + bad + last)
    assert ids(found) == ["P1", "P9"] and found.refused == 1
    assert [problem.row for problem in found.problems] == [row]
    assert said in str(found.problems[0]) and found.problems[0].right
    assert len(str(found.problems[0])) < 400


def test_every_bad_row_is_told_at_once(tmp_path: Path) -> None:
    data = HEAD + GOOD + "P1,,,,,,,,\n" + 'P3,"open,,,,,,,\n' + "P4,Delta,,Nowhere,,,,,\n" + GOOD
    found = read(tmp_path, data)
    assert sorted({problem.row for problem in found.problems}) == [3, 4, 5, 6]
    assert ids(found) == ["P1"] and found.refused == 4


@pytest.mark.parametrize(
    ("data", "name", "said"),
    [
        (b"", "p.csv", "the file is empty"),
        (
            "Partner ID,Name,Ort\xe9\nP1,Caf,\n".encode("latin-1"),
            "p.csv",
            "row 1: [E001] not UTF-8",
        ),
        ("Partner ID,Name\nP1,Acme\n".encode("utf-16"), "p.csv", "UTF-16"),
        (b"Partner ID,Name\nP1,\x00\n", "p.csv", "binary"),
        (b"Number,Firm\n1,Acme\n", "p.csv", "no column Partner ID, Name"),
        (b"Partner ID,Name,Name\n1,Acme,B\n", "p.csv", "twice"),
        (b"Partner ID,Name,Turnover\n1,Acme,5\n", "p.csv", "unknown column"),
        (b"PK\x03\x04 not really", "p.xlsx", "not a whole zip"),
        (b"\xd0\xcf\x11\xe0" + b"0" * 600, "p.xlsx", "an old .xls"),
        (b"PAR1 not really", "p.parquet", "no whole Parquet"),
        (b"x", "p.docx", "no kind of file"),
    ],
)
def test_a_file_that_is_none(tmp_path: Path, data: bytes, name: str, said: str) -> None:
    found = read(tmp_path, data, name)
    assert said in " ".join(str(problem) for problem in found.problems)
    if said != "unknown column":
        assert found.partners.num_rows == 0


def test_rows_of_another_encoding_are_told_and_the_rest_is_there(tmp_path: Path) -> None:
    data = "Partner ID,Name\nP1,Caf\xe9 Nord\nP2,Acme\n".encode("latin-1")
    found = read(tmp_path, data + "P3,Café Süd\n".encode())
    (problem,) = found.problems
    assert (problem.row, problem.column, problem.code) == (2, "Name", "E001")
    assert "byte e9" in problem.wrong and "\ufffd" in problem.value
    assert found.partners["name"].to_pylist() == ["Acme", "Café Süd"] and found.refused == 1


def test_bytes_of_a_parquet_file_are_text_or_told(tmp_path: Path) -> None:
    import pyarrow as pa
    import pyarrow.parquet as pq

    names = [b"Acme", "Süd".encode(), b"\xff\xfe Nord"]
    pq.write_table(pa.table({"Partner ID": ["1", "2", "3"], "Name": names}), tmp_path / "p.parquet")
    found = partner_file.read(tmp_path / "p.parquet")
    assert found.partners["name"].to_pylist() == ["Acme", "Süd"] and found.refused == 1
    (problem,) = found.problems
    assert problem.row == 4 and "byte ff" in problem.wrong and problem.value.encode()


def test_a_file_without_a_heading_is_told_once(tmp_path: Path) -> None:
    (problem,) = read(tmp_path, b"P1,Acme,carrier\nP2,Beta,carrier\n").problems
    assert "no column Partner ID, Name" in problem.wrong and "acme" in problem.value


def test_formulas_are_told_by_row(tmp_path: Path) -> None:
    import openpyxl

    book = openpyxl.Workbook()
    assert book.active is not None
    for row in (["Partner ID", "Name"], ["P1", "Acme"], ["P2", '="Be"&"ta"'], ["P3", "Gamma"]):
        book.active.append(row)
    book.save(tmp_path / "p.xlsx")
    found = partner_file.read(tmp_path / "p.xlsx")
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
    found = partner_file.read(tmp_path / "p.xlsx")
    assert ids(found) == ["P1"] and [one.sheet for one in found.problems] == ["Asia"]
    assert "not read" in found.problems[0].wrong


@given(st.binary(max_size=400) | st.text(max_size=400).map(str.encode))
@settings(max_examples=examples(150))
def test_no_bytes_make_it_fall_over(tmp_path: Path, data: bytes) -> None:
    found = read(tmp_path, HEAD.encode() + data)
    assert found.partners.num_rows + found.refused + len(found.problems) >= 0
    assert len(set(ids(found))) == found.partners.num_rows


def test_the_register_takes_adds_changes_and_retires(journal, content, tmp_path: Path) -> None:
    def take(data: str, **options: object) -> register.Taken:
        found = read(tmp_path, "Partner ID,Name,HTS\n" + data)
        return register.take(journal, content, "ada", found.partners, source=found.sha256,
                             file=found.file, **options)  # type: ignore[arg-type]  # fmt: skip

    first = take("P1,Acme,\nP2,Beta,\n")
    assert (first.partners, first.added, first.changed, first.retired) == (2, 2, 0, 0)
    second = take("P2,Beta Ltd,\nP3,Gamma,\n")
    assert (second.partners, second.added, second.changed, second.retired) == (3, 1, 1, 0)
    assert take("P3,Gamma,\n").content == second.content
    assert len(list(journal.events(kind="partners.taken"))) == 2
    whole = take("P2,Beta Ltd,5205\n", whole=True)
    assert (whole.partners, whole.added, whole.changed, whole.retired) == (1, 0, 1, 2)
    old, new = (register.read(content, one.content) for one in (second, whole))
    # goods are no part of who a partner is
    assert register.difference(old, new) == (set(), {"P1", "P3"})


def test_numbers_are_read_without_their_label_and_several_in_a_cell(tmp_path: Path) -> None:
    rows = "a,A,EIN 52-1943868\nb,B,Tax ID No.: 52 1943868;100036386\nc,C,VATICAN 9\nd,D,DUNS\n"
    found = read(tmp_path, "id,name,tax id\n" + rows)
    told = {row["partner"]: [one["value"] for one in row["identifiers"]]
            for row in found.partners.to_pylist()}  # fmt: skip
    assert found.problems == () and told == {
        "a": ["52-1943868"], "b": ["52 1943868", "100036386"], "c": ["VATICAN 9"], "d": ["DUNS"]
    }  # fmt: skip
