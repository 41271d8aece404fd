"""Cells of a workbook that hold a formula or an error value: a reader shows only their last result."""

from __future__ import annotations

import zipfile
from collections.abc import Container, Iterator
from pathlib import Path

import defusedxml.ElementTree as ElementTree

from tasks.shared.hostile_workbook import Facts

_MAIN = "{http://schemas.openxmlformats.org/spreadsheetml/2006/main}"
_RELATION = "{http://schemas.openxmlformats.org/officeDocument/2006/relationships}id"


def formula_cells(
    path: Path, facts: Facts, sheets: Container[str]
) -> Iterator[tuple[str, str, str]]:
    """(sheet, cell, what it is) of these sheets, for a workbook that `check_workbook` let through.
    Raises KeyError or ParseError for a workbook that is not whole."""
    with zipfile.ZipFile(path) as archive:
        for name, part in _parts(archive).items():
            if name in sheets and part in facts and facts[part].formulas:
                for cell, wrong in _formula_cells(archive, part):
                    yield name, cell, wrong


def _parts(archive: zipfile.ZipFile) -> dict[str, str]:
    """Sheet name to the part that holds it, by the relations of the workbook."""
    book = ElementTree.fromstring(archive.read("xl/workbook.xml"), forbid_dtd=True)
    relations = ElementTree.fromstring(archive.read("xl/_rels/workbook.xml.rels"), forbid_dtd=True)
    targets = {r.get("Id", ""): r.get("Target", "") for r in relations}
    return {
        sheet.get("name", ""): _full(targets.get(sheet.get(_RELATION, ""), ""))
        for sheet in book.iter(f"{_MAIN}sheet")
    }


def _full(target: str) -> str:
    return target.lstrip("/") if target.startswith("/") else f"xl/{target}"


def _formula_cells(archive: zipfile.ZipFile, part: str) -> Iterator[tuple[str, str]]:
    with archive.open(part) as source:
        for _, element in ElementTree.iterparse(source, events=("end",), forbid_dtd=True):
            kind = element.tag.rpartition("}")[2]
            if kind == "c":
                if any(child.tag.rpartition("}")[2] == "f" for child in element):
                    yield element.get("r", ""), "a formula in cell"
                elif element.get("t") == "e":
                    yield element.get("r", ""), "an error value in cell"
            elif kind == "row":
                element.clear()
