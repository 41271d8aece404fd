"""Number formats and formula texts of a workbook's cells: a reader of values gives neither."""

from __future__ import annotations

import zipfile
from array import array
from collections.abc import Container
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO
from xml.parsers import expat

from tasks.documents.formula_cells import sheet_parts

GENERAL_FORMAT = "General"
_BUILT_IN = range(1, 164)
"""Identifiers that have a format without a definition (ECMA-376 part 1, 18.8.30)."""
_LONGEST = 255
_CHUNK = 1 << 16
_LAST_ROW = 1 << 20

NumberFormat = str | int
"""A format code, or the identifier of a built-in format."""


@dataclass
class SheetFormats:
    """What the cells of one sheet look like. Rows and columns count from 0."""

    codes: list[NumberFormat] = field(default_factory=list)
    formulas: dict[tuple[int, int], str] = field(default_factory=dict)
    styles: dict[int, array[int]] = field(default_factory=dict)

    def number_format(self, row: int, column: int) -> NumberFormat:
        """The number format of a cell; GENERAL where it has none."""
        styles = self.styles.get(column)
        style = styles[row] if styles and row < len(styles) else 0
        return self.codes[style] if style < len(self.codes) else GENERAL_FORMAT

    def set_style(self, row: int, column: int, style: int) -> None:
        styles = self.styles.setdefault(column, array("L"))
        styles.extend([0] * (row + 1 - len(styles)))
        styles[row] = style


def read_formats(path: Path, sheets: Container[str]) -> dict[str, SheetFormats]:
    """The formats of these sheets, by name, of a workbook that `check_workbook` let through. Raises
    KeyError, ExpatError or BadZipFile for a workbook that is not whole."""
    with zipfile.ZipFile(path) as archive:
        codes = _codes(archive)
        names = set(archive.namelist())
        return {
            name: _sheet(archive, part, codes)
            for name, part in sheet_parts(archive).items()
            if name in sheets and part in names
        }


def _parser() -> expat.XMLParserType:
    parser = expat.ParserCreate(namespace_separator=" ")

    def refuse(*_: object) -> None:
        raise expat.ExpatError("a document type")

    parser.StartDoctypeDeclHandler = refuse
    return parser


def _feed(parser: expat.XMLParserType, source: IO[bytes]) -> None:
    while piece := source.read(_CHUNK):
        parser.Parse(piece, False)
    parser.Parse(b"", True)


def _codes(archive: zipfile.ZipFile) -> list[NumberFormat]:
    """The number format of each cell style, in the order of the styles."""
    if "xl/styles.xml" not in archive.namelist():
        return []
    custom: dict[str, str] = {}
    numbers: list[str] = []
    inside: list[str] = []

    def start(tag: str, attributes: dict[str, str]) -> None:
        name = tag.rpartition(" ")[2]
        if name == "numFmt" and inside[-1:] == ["numFmts"]:
            custom[attributes.get("numFmtId", "")] = attributes.get("formatCode", "")
        elif name == "xf" and inside[-1:] == ["cellXfs"]:
            numbers.append(attributes.get("numFmtId", "0"))
        inside.append(name)

    parser = _parser()
    parser.StartElementHandler = start
    parser.EndElementHandler = lambda tag: inside.pop()
    with archive.open("xl/styles.xml") as source:
        _feed(parser, source)
    return [_code(number, custom) for number in numbers]


def _code(number: str, custom: dict[str, str]) -> NumberFormat:
    if 0 < len(custom.get(number, "")) <= _LONGEST:
        return custom[number]
    return int(number) if _number(number) in _BUILT_IN else GENERAL_FORMAT


def _number(text: str) -> int:
    return int(text) if text.isascii() and text.isdigit() and len(text) < 10 else 0


def _sheet(archive: zipfile.ZipFile, part: str, codes: list[NumberFormat]) -> SheetFormats:
    formats = SheetFormats(codes)
    position = [-1, -1]
    formula: list[str] | None = None

    def start(tag: str, attributes: dict[str, str]) -> None:
        nonlocal formula
        name = tag.rpartition(" ")[2]
        if name == "row":
            position[:] = (_number(attributes.get("r", "")) or position[0] + 2) - 1, -1
        elif name == "c":
            reference = attributes.get("r", "")
            position[1] = _column(reference) if reference else position[1] + 1
            style = _number(attributes.get("s", ""))
            if style and 0 <= position[0] < _LAST_ROW:
                formats.set_style(position[0], position[1], style)
        elif name == "f":
            formula = []

    def text(piece: str) -> None:
        if formula is not None:
            formula.append(piece)

    def end(tag: str) -> None:
        nonlocal formula
        if formula is not None and tag.rpartition(" ")[2] == "f":
            formats.formulas[position[0], position[1]] = "".join(formula)
            formula = None

    parser = _parser()
    parser.StartElementHandler = start
    parser.EndElementHandler = end
    parser.CharacterDataHandler = text
    with archive.open(part) as source:
        _feed(parser, source)
    return formats


def _column(reference: str) -> int:
    column = 0
    for letter in reference.rstrip("0123456789").upper():
        column = column * 26 + ord(letter) - ord("A") + 1
    return column - 1
