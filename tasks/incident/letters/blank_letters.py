"""A letter to be filled in by hand, for the day on which not even a laptop runs: the same boxes, empty."""

from __future__ import annotations

import io
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from tasks.core.errors import HostileFile, Problem
from tasks.core.settings import BrokerSettings
from tasks.documents.api import GREY, INK, LetterPaper, PageFrame, PaperColumn
from tasks.incident.document_checks import PDF, check_document
from tasks.incident.letters import official_forms
from tasks.incident.letters.letter_draft import credentials, field_titles, missing_fields, telephone_lines
from tasks.incident.letters.letter_page import DRILL, UNDERTAKING
from tasks.incident.letters.packet_assembly import disarm
from tasks.incident.letters.sheet_layout import form_rows
from tasks.incident.settings import LetterSettings

LINES = 8
_EMPTY = "\u00a0"
_TICK = "[____]"
_TITLE = "Downtime letter, to be filled in by hand"


def blank_letter(broker: BrokerSettings, printed_at: datetime, *, drill: bool = False) -> bytes:
    """Two pages for one entry. A setting of the broker that is missing is printed as a gap, to be
    written in. Raises MissingPart without fpdf2 or its fonts."""
    right, reach = credentials(broker), telephone_lines(broker)
    paper = LetterPaper(PageFrame(_TITLE, broker.name, right, reach, DRILL if drill else "", printed_at))
    paper.page()
    paper.beside([("DOWNTIME LETTER", 15, INK), (_TITLE, 9, GREY)], 0)
    if broker.address.strip():
        paper.text(f"{broker.name}, {broker.address}", 9)
    _missing(paper, broker)
    paper.text("U.S. Customs and Border Protection", 10)
    paper.blank(
        [(6, "Port, Schedule D"), (3, "Date"), (4, "CBP's authorisation, of which day"), (3, "No transmission since")],
        13,
    )
    paper.text(
        "We cannot transmit to ACE and ask that this shipment be dealt with on paper under CBP's downtime procedure.",
        9.5,
    )
    paper.text(
        f"Asked for, tick one:  {_TICK} entry  {_TICK} immediate delivery, which needs a cargo release "
        "accepted in ACE first",
        9.5,
    )
    for row in _form():
        paper.blank(row, 12)
    paper.text("Box numbers are those of the header of CBP Form 3461.", 7, GREY)
    for row in _CARRIAGE:
        paper.blank(row, 12)
    paper.page()
    _lines(paper)
    _sign(paper, broker)
    return paper.bytes()


def _missing(paper: LetterPaper, broker: BrokerSettings) -> None:
    if names := missing_fields(broker):
        settings = ", ".join(f"[broker] {name}" for name in names)
        paper.band(
            f"NOT SET when this was printed: {settings}. A port needs all of it: write it in, or set "
            "it in continuity.toml and print this again."
        )
        paper.blank([(1, field_titles([name]).capitalize()) for name in names], 12)


_CARRIAGE = (
    ((9, "Bill of lading, air waybill, PAPS or in-bond number; house bill"), (3, "Packages")),
    ((5, "Carrier"), (3, "Arrival"), (4, "Container or trailer, seal")),
    ((3, "Driver (truck)"), (3, "Born"), (3, "Plate, state"), (3, "ACE trip number")),
)


def _form() -> Iterator[Sequence[tuple[float, str]]]:
    rows: dict[str, list[tuple[float, str]]] = {}
    for row in form_rows("cbp_3461.csv"):
        titled = (float(row["share"]), f"{row['box']} {row['title']}")
        rows.setdefault(row["row"], []).append(titled)
    yield from rows.values()


def _lines(paper: LetterPaper) -> None:
    columns = [
        PaperColumn("Line", 11),
        PaperColumn("Goods", 62),
        PaperColumn("Origin", 14),
        PaperColumn("HTS", 30),
        PaperColumn("Value, USD", 27),
        PaperColumn("Quantity", 20),
        PaperColumn("AD / CVD", 19.9),
    ]
    paper.heading("Lines")
    paper.table(columns, [(str(n), *[_EMPTY] * 6) for n in range(1, LINES + 1)], 8, lines=2)
    paper.heading("Other agencies: form and number, or why without")
    wide = [
        PaperColumn("Line", 11),
        PaperColumn("Agency", 30),
        PaperColumn("Form, number", 100),
        PaperColumn("Note", 42.9),
    ]
    paper.table(wide, [(_EMPTY,) * 4 for _ in range(4)], 8, lines=2)
    paper.blank([(1, "Documents enclosed"), (1, "To follow")], 24)


def _sign(paper: LetterPaper, broker: BrokerSettings) -> None:
    paper.text("We undertake", 9.5, style="B")
    for text in UNDERTAKING:
        paper.text(f"–  {text}", 8.5)
    paper.blank([(5, f"For {broker.name}: signature, name, license"), (3, "Date and time")], 14)
    paper.blank([(4, "CBP: action"), (3, "Officer or badge"), (3, "Date and time"), (3, "Stamp")], 22)


@dataclass(frozen=True)
class Official:
    """An official form of the home folder. `data`: as it lies there; `printable`: its pages without what
    a PDF could do by itself; `problems`: why it cannot be printed empty, else empty."""

    title: str
    file: str
    data: bytes
    printable: bytes
    problems: tuple[Problem, ...] = ()


def official_blank(home: Path, limits: LetterSettings) -> list[Official]:
    """CBP's forms that the broker has put into `<home>/forms`, each to be printed empty."""
    forms: list[Official] = []
    for name in official_forms.SHIPPED:
        path = home / "forms" / f"{name}.pdf"
        if path.is_file():
            forms.append(_official(path, official_forms.TITLES[name], limits))
    return forms


def _official(path: Path, title: str, limits: LetterSettings) -> Official:
    data = path.read_bytes()
    try:
        document = check_document(path.name, data, limits)
    except HostileFile as bad:
        return Official(title, path.name, data, b"", bad.problems)
    if document.media != PDF:
        problem = Problem(file=path.name, code="form-not-a-pdf")
        return Official(title, path.name, data, b"", (problem,))
    return _pages(title, path.name, data)


def _pages(title: str, name: str, data: bytes) -> Official:
    from pypdf import PdfReader, PdfWriter

    reader, writer = PdfReader(io.BytesIO(data)), PdfWriter()
    if _drawn_by_a_program(reader):
        problem = Problem(file=name, code="form-without-page")
        return Official(title, name, data, b"", (problem,))
    for page in reader.pages:
        disarm(writer.add_page(page))
    sink = io.BytesIO()
    writer.write(sink)
    return Official(title, name, data, sink.getvalue())


def _drawn_by_a_program(reader: Any) -> bool:
    """Such a file has one page, which says 'Please wait'."""
    form: Any = reader.trailer["/Root"].get("/AcroForm", {})
    has_fields = any(page.get("/Annots") for page in reader.pages)
    return "/XFA" in form.get_object() and not has_fields if form else False
