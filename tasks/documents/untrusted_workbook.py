"""The check of untrusted Excel workbooks: the XML inside is scanned while the zip is checked."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from pathlib import Path
from xml.parsers import expat

from tasks.core.untrusted_input import ArchiveLimits, check_zip, unsafe_name_reason

MOST_ROWS, MOST_COLUMNS = 99_999, 104
"""A reader makes room for the whole rectangle up to the last cell, wherever that one cell lies;
_BEYOND below says the same in letters."""


@dataclass
class PartFacts:
    """What the scan of one XML part of a workbook saw. `cells`: about how many hold something;
    `formulas`: a formula or an error value may stand somewhere in it."""

    cells: int = 0
    formulas: bool = False
    parser: expat.XMLParserType = field(default_factory=expat.ParserCreate, repr=False)


WorkbookFacts = dict[str, PartFacts]
"""What the scan of a workbook saw, by part name."""


# Literal heads keep these at several hundred MB/s; a sheet of 90,000 rows is 90 MB of XML.
_DECLARATION = re.compile(rb"<!(?!--|\[CDATA\[)")
_ENCODING = re.compile(rb"<\?xml[^>]*encoding\s*=\s*[\"']([^\"']*)")
_FORMULA = (re.compile(rb"<f[\s/>]"), re.compile(rb":f[\s/>]"), re.compile(rb"=[\"']e[\"']"))
_BEYOND = rb"((?:[A-Z]|[A-C][A-Z])?[1-9]\d{5,}|[D-Z][A-Z]\d+|[A-Z]{3,}\d+)[\"']"
_FAR = re.compile(rb' r="' + _BEYOND)
# a cell reference written so that _FAR does not see it: other quotes, blanks, character references
_UNUSUAL_SPACING = re.compile(rb" r(?:\s+=|=[^\"])")
_UNUSUAL_QUOTING = re.compile(rb"[\t\r\n\"']r\s*=|&#")
_ANY_FAR = re.compile(rb"<[^<>]*[\s\"']r\s*=\s*[\"']" + _BEYOND)
_DISGUISED = re.compile(rb"<(?:[\w.-]+:)?(?:c|row)\s[^<>]*&")


def check_workbook(path: Path, limits: ArchiveLimits | None = None) -> WorkbookFacts:
    """Facts of an .xlsx that is safe to open: a whole zip of bounded size, no macros, no DTD,
    UTF-8, no cell beyond MOST_ROWS and MOST_COLUMNS. Raises HostileFile."""
    limits = limits or ArchiveLimits()
    with path.open("rb") as raw:
        if raw.read(4) == b"\xd0\xcf\x11\xe0":
            raise unsafe_name_reason(path, "workbook-old-or-locked")
    facts: WorkbookFacts = {}

    def look(name: str, piece: bytes, new: int) -> None:
        if name.lower().endswith((".xml", ".rels", ".vml")):
            if name not in facts:
                _check_encoding(path, piece)
            part = facts.setdefault(name, PartFacts())
            _check_piece(path, piece)
            _parse(path, part.parser, piece[new:])
            part.cells += piece.count(b"</c", new) + piece.count(b":c", new)
            part.formulas = part.formulas or any(form.search(piece) for form in _FORMULA)
            if sum(part_facts.cells for part_facts in facts.values()) > limits.cells:
                raise unsafe_name_reason(path, "workbook-too-many-cells", most=limits.cells)

    names = check_zip(path, limits, look)
    for part in facts.values():
        _parse(path, part.parser, b"", last=True)
    if "[Content_Types].xml" not in names or "xl/workbook.xml" not in names:
        raise unsafe_name_reason(path, "zip-is-no-workbook")
    if any(name.lower().endswith("vbaproject.bin") for name in names):
        raise unsafe_name_reason(path, "workbook-with-macros")
    return facts


def _parse(path: Path, parser: expat.XMLParserType, piece: bytes, last: bool = False) -> None:
    """Damaged XML is refused: a reader that forgives would leave out rows without a word. The
    parser sees only what `_look` let through, so no document type and no entities."""
    try:
        parser.Parse(piece, last)
    except expat.ExpatError as wrong:
        raise unsafe_name_reason(path, "workbook-xml-damaged", reason=str(wrong)) from None


def _check_piece(path: Path, piece: bytes) -> None:
    if _DECLARATION.search(piece):
        raise unsafe_name_reason(path, "workbook-xml-declares-type")
    far = _FAR.search(piece)
    rare = b'"r' in piece or any(char in piece for char in (b"'", b"&", b"\t", b"\n", b"\r"))
    disguise = _UNUSUAL_SPACING.search(piece) or (rare and _UNUSUAL_QUOTING.search(piece))
    if disguise and _DISGUISED.search(piece):
        raise unsafe_name_reason(path, "workbook-cells-disguised")
    if far := far or (_ANY_FAR.search(piece) if disguise else None):
        raise unsafe_name_reason(path, "workbook-cell-too-far", far[1].decode(), rows=MOST_ROWS, columns=MOST_COLUMNS)


def _check_encoding(path: Path, piece: bytes) -> None:
    named = _ENCODING.search(piece[:200])
    if (
        (named and named[1].lower() not in (b"utf-8", b"us-ascii", b"ascii"))
        or piece[:2] in (b"\xff\xfe", b"\xfe\xff")
        or b"\x00" in piece[:8]
    ):
        raise unsafe_name_reason(path, "workbook-xml-not-utf-8")
