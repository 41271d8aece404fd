from __future__ import annotations

import io
import zipfile
import zlib
from datetime import datetime
from pathlib import Path

import pytest
import xlsxwriter
from hypothesis import given, strategies as st

from tasks.core import untrusted_input
from tasks.core.errors import HostileFile
from tasks.core.untrusted_input import ArchiveLimits, check_zip, is_safe_name, read_text
from tasks.documents.untrusted_workbook import check_workbook

SHEET = "xl/worksheets/sheet1.xml"
MAIN = b'xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"'


def workbook(path: Path, rows: int = 3) -> Path:
    book = xlsxwriter.Workbook(str(path))
    sheet = book.add_worksheet("Entries")
    for row in range(rows):
        sheet.write_row(row, 0, ["ABC-1234567-6", row, "it's <a> & 'b' r= \"x\""])
    book.close()
    return path


def altered(path: Path, name: str, data: bytes, source: Path) -> Path:
    """A copy of a zip with one member replaced or added."""
    with zipfile.ZipFile(source) as old, zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as new:
        for member in old.namelist():
            if member != name:
                new.writestr(member, old.read(member))
        new.writestr(name, data)
    return path


def sheet_xml(body: bytes, root: bytes = b"worksheet " + MAIN, end: bytes = b"worksheet") -> bytes:
    head = b'<?xml version="1.0" encoding="UTF-8"?><' + root + b"><sheetData>"
    return head + body + b"</sheetData></" + end + b">"


def plain_bytes() -> bytes:
    """One workbook with a fixed date inside: what is drawn depends on its length."""
    sink = io.BytesIO()
    book = xlsxwriter.Workbook(sink, {"in_memory": True})
    book.set_properties({"created": datetime(2026, 11, 24)})
    book.add_worksheet("Entries").write_row(0, 0, ["ABC-1234567-6", 1])
    book.close()
    return sink.getvalue()


WHOLE = plain_bytes()


def code(caught: pytest.ExceptionInfo[HostileFile]) -> str:
    return caught.value.problems[0].code


def test_a_plain_workbook_passes(tmp_path: Path) -> None:
    facts = check_workbook(workbook(tmp_path / "a.xlsx"))
    assert not facts[SHEET].formulas
    assert facts[SHEET].cells == 9


def test_formulas_and_error_values_are_seen(tmp_path: Path) -> None:
    good = workbook(tmp_path / "a.xlsx")
    for number, cell in enumerate(
        (
            b'<c r="A1"><f>1+1</f><v>2</v></c>',
            b'<c r="A1"><f t="shared" ref="A1:A2">B1</f></c>',
            b'<c r="A1"><f/></c>',
            b'<x:c r="A1"><x:f>1</x:f></x:c>',
            b'<c r="A1" t="e"><v>#N/A</v></c>',
        )
    ):
        body = sheet_xml(b'<row r="1">' + cell + b"</row>")
        book = altered(tmp_path / f"{number}.xlsx", SHEET, body, good)
        assert check_workbook(book)[SHEET].formulas, cell


@pytest.mark.parametrize("place", range(untrusted_input.MIB - 12, untrusted_input.MIB + 3))
def test_what_straddles_two_pieces_is_seen(tmp_path: Path, place: int) -> None:
    head = sheet_xml(b"").split(b"</sheetData>")[0]
    filling = b"<!--" + b" " * (place - len(head) - 7) + b"-->"
    body = sheet_xml(filling + b'<row r="1"><c r="A1"><f>1</f></c></row>')
    book = altered(tmp_path / "b.xlsx", SHEET, body, workbook(tmp_path / "a.xlsx"))
    assert check_workbook(book)[SHEET].formulas


FAR = [
    b'<row r="1000000"><c r="A1000000"><v>1</v></c></row>',
    b'<row r="1"><c r="A1048576"><v>1</v></c></row>',
    b'<row r="100000"/>',
    b'<row r="1"><c r="XFD1"><v>1</v></c></row>',
    b'<row r="1"><c r="DA1"><v>1</v></c></row>',
    b"<row><c r='XFD1048576'><v>1</v></c></row>",
    b'<row><c s="1" r = "XFD1048576"><v>1</v></c></row>',
    b'<row><c s="1"\nr="XFD1048576"><v>1</v></c></row>',
    b'<row><c s="1"r="XFD1048576"><v>1</v></c></row>',
    b'<row><x:c\tr="AAA1"><v>1</v></x:c></row>',
    b'<row><c r="A&#49;000000"><v>1</v></c></row>',
    b'<row><c r="&#x58;FD1048576"><v>1</v></c></row>',
]


@pytest.mark.parametrize("body", FAR)
def test_a_cell_far_away_is_refused_however_it_is_written(tmp_path: Path, body: bytes) -> None:
    book = altered(tmp_path / "b.xlsx", SHEET, sheet_xml(body), workbook(tmp_path / "a.xlsx"))
    with pytest.raises(HostileFile):
        check_workbook(book)


@pytest.mark.parametrize("body", [b'<row r="99999"><c r="CZ99999"><v>1</v></c></row>'])
def test_the_last_cell_that_passes(tmp_path: Path, body: bytes) -> None:
    book = altered(tmp_path / "b.xlsx", SHEET, sheet_xml(body), workbook(tmp_path / "a.xlsx"))
    assert check_workbook(book)[SHEET].cells == 1


@pytest.mark.parametrize(
    ("name", "data", "expected"),
    [
        ("xl/vbaProject.bin", b"x", "workbook-with-macros"),
        (SHEET, b'<!DOCTYPE a [<!ENTITY b "c">]><a/>', "workbook-xml-declares-type"),
        ("xl/sharedStrings.xml", b'<?xml version="1.0"?>\n<!ENTITY b "c"><a/>', "workbook-xml-declares-type"),
        (SHEET, sheet_xml(b"").decode().encode("utf-16"), "workbook-xml-not-utf-8"),
        (SHEET, b'<?xml version="1.0" encoding="utf-7"?><a/>', "workbook-xml-not-utf-8"),
        ("../evil.xml", b"<a/>", "zip-name-leads-outside"),
        ("C:/evil.xml", b"<a/>", "zip-name-leads-outside"),
        ("/etc/evil.xml", b"<a/>", "zip-name-leads-outside"),
        ("XL/WORKBOOK.XML", b"<a/>", "zip-name-repeated"),
    ],
)
def test_hostile_members(tmp_path: Path, name: str, data: bytes, expected: str) -> None:
    book = altered(tmp_path / "b.xlsx", name, data, workbook(tmp_path / "a.xlsx"))
    with pytest.raises(HostileFile) as caught:
        check_workbook(book)
    assert code(caught) == expected


def test_a_zip_bomb_is_refused_before_it_grows(tmp_path: Path) -> None:
    bomb = tmp_path / "bomb.xlsx"
    altered(bomb, SHEET, sheet_xml(b" " * (64 * untrusted_input.MIB)), workbook(tmp_path / "a.xlsx"))
    assert bomb.stat().st_size < untrusted_input.MIB
    with pytest.raises(HostileFile) as caught:
        check_workbook(bomb)
    assert code(caught) == "zip-grows-too-large"


def test_a_bomb_that_lies_about_its_size(tmp_path: Path) -> None:
    """The directory says 5 bytes, the stream holds 40 MiB: what is counted is the stream."""
    packer = zlib.compressobj(9, zlib.DEFLATED, -15)
    stream = packer.compress(b" " * (40 * untrusted_input.MIB)) + packer.flush()
    path = tmp_path / "liar.zip"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_STORED) as archive:
        archive.writestr("a.xml", stream)
    data = bytearray(path.read_bytes())
    directory = data.index(b"PK\x01\x02")
    for start, method in ((0, 8), (directory, 10)):
        data[start + method : start + method + 2] = (8).to_bytes(2, "little")
    data[directory + 24 : directory + 28] = (5).to_bytes(4, "little")
    path.write_bytes(data)
    with pytest.raises(HostileFile) as caught:
        check_zip(path)
    assert code(caught) == "zip-grows-too-large"


def test_many_small_members_add_up(tmp_path: Path) -> None:
    path = tmp_path / "many.zip"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for number in range(12):
            archive.writestr(f"{number}.bin", bytes(1 << 20))
    assert len(check_zip(path)) == 12
    for limits in (ArchiveLimits(expanded=8 * untrusted_input.MIB), ArchiveLimits(members=11)):
        with pytest.raises(HostileFile):
            check_zip(path, limits)


def test_too_many_cells(tmp_path: Path) -> None:
    book = workbook(tmp_path / "a.xlsx", rows=40)
    with pytest.raises(HostileFile) as caught:
        check_workbook(book, ArchiveLimits(cells=100))
    assert code(caught) == "workbook-too-many-cells"


def test_links_encryption_and_odd_packing(tmp_path: Path) -> None:
    link = zipfile.ZipInfo("a")
    link.external_attr = 0o120777 << 16
    packed = zipfile.ZipInfo("a")
    packed.compress_type = zipfile.ZIP_BZIP2
    for number, info in enumerate((link, packed)):
        path = tmp_path / f"{number}.zip"
        with zipfile.ZipFile(path, "w") as archive:
            archive.writestr(info, b"target" * 20)
        with pytest.raises(HostileFile):
            check_zip(path)
    data = bytearray((tmp_path / "0.zip").read_bytes())
    data[data.index(b"PK\x01\x02") + 8] |= 1
    path.write_bytes(data)
    with pytest.raises(HostileFile) as caught:
        check_zip(path)
    assert code(caught) in ("zip-member-encrypted", "zip-member-is-link")


@given(st.data())
def test_a_cut_or_altered_workbook_never_passes_or_breaks(
    tmp_path_factory: pytest.TempPathFactory, data: st.DataObject
) -> None:
    """Any damage ends in HostileFile or in facts, never in another error."""
    folder = tmp_path_factory.mktemp("damage")
    broken = bytearray(WHOLE)
    for _ in range(data.draw(st.integers(1, 4))):
        broken[data.draw(st.integers(0, len(broken) - 1))] = data.draw(st.integers(0, 255))
    path = folder / "b.xlsx"
    path.write_bytes(broken[: data.draw(st.integers(0, len(broken)))])
    try:
        check_workbook(path)
    except HostileFile as refused:
        assert refused.problems[0].file == "b.xlsx"


@pytest.mark.parametrize(
    ("data", "expected"),
    [
        (b"", "workbook-file-empty"),
        (b"PK\x03\x04 not a zip", "zip-not-whole"),
        (b"hello", "zip-not-whole"),
        (b"\xd0\xcf\x11\xe0 old", "workbook-old-or-locked"),
    ],
)
def test_no_workbook_at_all(tmp_path: Path, data: bytes, expected: str) -> None:
    path = tmp_path / "a.xlsx"
    path.write_bytes(data)
    with pytest.raises(HostileFile) as caught:
        check_workbook(path)
    assert code(caught) == expected


def test_a_zip_that_is_no_workbook(tmp_path: Path) -> None:
    path = tmp_path / "a.xlsx"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("letter.txt", "hello")
    with pytest.raises(HostileFile) as caught:
        check_workbook(path)
    assert code(caught) == "zip-is-no-workbook"


@pytest.mark.parametrize("front", [b"#!/bin/sh\n", b""])
def test_nothing_stands_before_or_after(tmp_path: Path, front: bytes) -> None:
    path = tmp_path / "b.xlsx"
    path.write_bytes(front + workbook(tmp_path / "a.xlsx").read_bytes())
    if not front:
        with zipfile.ZipFile(path, "a") as archive:
            archive.comment = b"hello"
    with pytest.raises(HostileFile):
        check_workbook(path)


@pytest.mark.parametrize("name", ["a", "a/b.xml", "[Content_Types].xml", "a b/ü.txt", "..a/b.."])
def test_safe_names(name: str) -> None:
    assert is_safe_name(name)


@pytest.mark.parametrize("name", ["", "/a", "../a", "a/../b", "a//b", "./a", "C:a", "a\\b", "a\x00b", "a:b", "a\nb"])
def test_unsafe_names(name: str) -> None:
    assert not is_safe_name(name)


@pytest.mark.parametrize(
    ("data", "expected"),
    [
        (b"", "text-file-empty"),
        ("entry_number\n".encode("utf-16"), "text-is-utf-16"),
        (b"entry_number,name\nABC,caf\xe9\n", "text-not-utf-8"),
        (b"a,b\x00\n", "text-is-binary"),
    ],
)
def test_text_in_another_encoding(tmp_path: Path, data: bytes, expected: str) -> None:
    path = tmp_path / "a.csv"
    path.write_bytes(data)
    with pytest.raises(HostileFile) as caught:
        read_text(path)
    assert code(caught) == expected
    if expected == "text-not-utf-8":
        assert caught.value.problems[0].values == {"line": 2, "byte": "e9"}


def test_text_with_and_without_a_mark_and_too_long(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    for data in (b"\xef\xbb\xbfna\xc3\xafve", b"na\xc3\xafve"):
        path.write_bytes(data)
        assert read_text(path) == "naïve"
    with pytest.raises(HostileFile):
        read_text(path, ArchiveLimits(text=3))
