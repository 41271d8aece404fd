from __future__ import annotations

import re
import zipfile
from pathlib import Path
from xml.parsers import expat

import openpyxl
import pytest

from tasks.documents.cell_formats import read_formats
from tasks.documents.formula_cells import formula_cells
from tasks.documents.untrusted_workbook import check_workbook

_STRICT = {
    b"http://schemas.openxmlformats.org/spreadsheetml/2006/main":
        b"http://purl.oclc.org/ooxml/spreadsheetml/main",
    b"http://schemas.openxmlformats.org/officeDocument/2006/relationships":
        b"http://purl.oclc.org/ooxml/officeDocument/relationships",
}  # fmt: skip


@pytest.fixture
def path(tmp_path: Path) -> Path:
    book = openpyxl.Workbook()
    sheet = book.active
    assert sheet is not None
    sheet.title = "A"
    for place, shape in (("A1", "0%"), ("C3", "mm-dd-yy"), ("D3", '"x<y" 0'), ("E3", "General")):
        sheet[place] = 1
        sheet[place].number_format = shape
    sheet["F3"] = '=IF(A1<2,"a","b")'
    other = book.create_sheet("B")
    other["A1"] = 1
    book.save(tmp_path / "a.xlsx")
    return tmp_path / "a.xlsx"


def rewrite(path: Path, part: str, old: bytes, new: bytes) -> None:
    with zipfile.ZipFile(path) as archive:
        parts = {name: archive.read(name) for name in archive.namelist()}
    parts = {name: re.sub(old, new, data) if re.fullmatch(part, name) else data
             for name, data in parts.items()}  # fmt: skip
    with zipfile.ZipFile(path, "w") as archive:
        for name, data in parts.items():
            archive.writestr(name, data)


def test_formats_and_formulas(path: Path) -> None:
    found = read_formats(path, {"A"})
    assert found.keys() == {"A"}
    sheet = found["A"]
    cells = ((0, 0), (2, 2), (2, 3), (2, 4), (2, 5), (9, 9))
    assert [sheet.number_format(*cell) for cell in cells] == [
        9, 14, '"x<y" 0', "General", "General", "General",
    ]  # fmt: skip
    assert sheet.formulas == {(2, 5): 'IF(A1<2,"a","b")'}


def test_cells_without_a_reference_stand_in_order(path: Path) -> None:
    rewrite(path, "xl/worksheets/sheet1.xml", rb' r="[A-Z]*[0-9]+"', b"")
    sheet = read_formats(path, {"A"})["A"]
    assert [sheet.number_format(1, column) for column in range(2)] == [14, '"x<y" 0']


def test_a_style_that_is_not_there_is_general(path: Path) -> None:
    rewrite(path, "xl/worksheets/sheet1.xml", rb's="1"', b's="4000000000"')
    rewrite(path, "xl/worksheets/sheet1.xml", rb's="2"', b's="99"')
    sheet = read_formats(path, {"A"})["A"]
    assert sheet.number_format(0, 0) == sheet.number_format(2, 2) == "General"


def test_a_strict_workbook_is_read_alike(path: Path) -> None:
    """ISO/IEC 29500 strict has namespaces of its own; its formulas are seen too."""
    for old, new in _STRICT.items():
        rewrite(path, r"xl/(workbook|styles|worksheets/.*)\.xml", re.escape(old), new)
    assert read_formats(path, {"A"})["A"].number_format(0, 0) == 9
    found = list(formula_cells(path, check_workbook(path), {"A"}))
    assert found == [("A", "F3", "a formula in cell")]


def test_a_document_type_is_refused(path: Path) -> None:
    rewrite(path, "xl/styles.xml", rb"^", b'<!DOCTYPE x [<!ENTITY a "b">]>')
    with pytest.raises(expat.ExpatError):
        read_formats(path, {"A"})
