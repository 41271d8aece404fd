"""Cells of a workbook that hold a formula or an error value: a reader shows only their last result."""

from __future__ import annotations

import zipfile
from collections.abc import Container, Iterator
from pathlib import Path
from xml.etree.ElementTree import Element

import defusedxml.ElementTree as ElementTree

from tasks.documents.untrusted_workbook import WorkbookFacts


def formula_cells(path: Path, facts: WorkbookFacts, sheets: Container[str]) -> Iterator[tuple[str, str, str]]:
    """(sheet, cell, what it is) of these sheets, for a workbook that `check_workbook` let through.
    Raises KeyError or ParseError for a workbook that is not whole."""
    with zipfile.ZipFile(path) as archive:
        for name, part in sheet_parts(archive).items():
            if name in sheets and part in facts and facts[part].formulas:
                for cell, wrong in _formula_cells(archive, part):
                    yield name, cell, wrong


def sheet_parts(archive: zipfile.ZipFile) -> dict[str, str]:
    """Sheet name to the part that holds it, by the relations of the workbook. The namespaces are not
    looked at: a strict workbook (ISO/IEC 29500) has others. Raises KeyError, ParseError."""
    workbook = ElementTree.fromstring(archive.read("xl/workbook.xml"), forbid_dtd=True)
    relations = ElementTree.fromstring(archive.read("xl/_rels/workbook.xml.rels"), forbid_dtd=True)
    targets = {r.get("Id", ""): r.get("Target", "") for r in relations}
    return {
        sheet.get("name", ""): _full(targets.get(_relation(sheet), ""))
        for sheet in workbook.iter()
        if sheet.tag.rpartition("}")[2] == "sheet"
    }


def _relation(sheet: Element) -> str:
    names = (name for name in sheet.attrib if name.endswith("relationships}id"))
    return sheet.get(next(names, ""), "")


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
