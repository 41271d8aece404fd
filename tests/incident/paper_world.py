"""A brokerage in downtime: people, numbers, recorded entries, CBP's leave, and files to attach."""

from __future__ import annotations

import io
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from hashlib import sha256
from pathlib import Path
from typing import Any

from fpdf import FPDF
from PIL import Image
from pypdf import PdfReader, PdfWriter

from tasks.core import clock
from tasks.entries.record.entry_record import EntryRecord, to_bytes
from tasks.entries.record.entry_recording import record_intake
from tasks.entries.record.record_fields import RECORD_TABLES
from tasks.entries.workbook.file_intake import FileIntake, IntakeFile
from tasks.incident.events import IncidentDeclared, IncidentDowntimeAuthorised
from tasks.incident.letters.issuing import IssueOutcome, LetterFile, LetterRequest, issue_letters
from tasks.security.people import add_person
from tasks.workspace import Workspace
from tests.entries import house as desks, legal, one

DRIVER = {"trip_number": "ABCD1234567", "driver_name": "RAMON TREVIÑO GARZA",
          "driver_birth_date": "1979-03-18", "vehicle_plate": "TX R41-7KD"}  # fmt: skip
Rows = dict[str, list[dict[str, Any]]]


@dataclass
class World:
    """`folder` is scratch room."""

    book: Workspace
    folder: Path
    made: int = field(default=0)

    def record(self, mode: str = "11", **fields: object) -> str:
        """One legal entry of a mode, straight into the ledger, so that a test may leave things out."""
        return self.record_rows(one.rows(mode=mode), mode=mode, **fields)

    def record_rows(self, rows: Rows, mode: str = "11", **fields: object) -> str:
        return self.record_many([rows], mode, **fields)[0]

    def record_many(self, entries: Sequence[Rows], mode: str = "11", **fields: object) -> list[str]:
        """Entries of one file, in the order given."""
        numbers = desks.issue(self.book.journal, self.book.settings, "truck", len(entries))
        more = {"desk": "truck", "carrier_name": "MAERSK"} | (DRIVER if mode in ("30", "31") else {})
        joined: Rows = {table: [] for table in RECORD_TABLES}
        for number, rows in zip(numbers, entries, strict=True):
            rows["entries"][0] |= more | fields
            for table, some in rows.items():
                joined[table] += [{**row, "entry_number": number} for row in some]
        self.take(legal.of_rows(joined))
        return numbers

    def take(self, record: EntryRecord) -> None:
        digest = sha256(to_bytes(record)).hexdigest()
        source = IntakeFile(Path(f"{digest[:8]}.xlsx"), digest)
        (taken,) = record_intake(self.book, [FileIntake((source,), "workbook", "truck", record, ())], "jo")
        assert not taken.problems

    def out(self) -> Path:
        """A folder that does not exist yet."""
        self.made += 1
        return self.folder / f"out-{self.made}"

    def issue(self, *numbers: str, **wish: Any) -> IssueOutcome:
        return issue_letters(self.book, LetterRequest(numbers, **wish), self.out(), "jo")

    def letter(self, *numbers: str, **wish: Any) -> LetterFile:
        (made,) = self.issue(*numbers, **wish).issued
        return made

    def file(self, name: str, data: bytes) -> Path:
        path = self.folder / name
        path.write_bytes(data)
        return path

    def kinds_since(self, seq: int) -> list[str]:
        return [event.kind for event in self.book.journal.events(after=seq)]


def open_world(book: Workspace, folder: Path, *, leave: bool = True) -> World:
    """With one licence holder, and CBP's leave for downtime where it is wanted."""
    add_person(book.journal, "ada", "Ada Vance", "98765", ["approver"], "it")
    add_person(book.journal, "jo", "Jo Harbor", "", ["desk"], "it")
    folder.mkdir(exist_ok=True)
    if leave:
        grant(book)
    return World(book, folder)


def grant(book: Workspace, ports: Sequence[str] = (), until: str = "") -> None:
    """An incident declared, and downtime authorised."""
    at = clock.text()
    declared = IncidentDeclared(incident="2026-01", happened=at, note="ransomware", filer="ABC", drill=False)
    book.journal.append(declared, "incident/2026-01", "ada", key="declared:2026-01")
    said = IncidentDowntimeAuthorised(incident="2026-01", happened=at, reference="HQ-2026-117",
                                            ports=list(ports), until=until)  # fmt: skip
    book.journal.append(said, "incident/2026-01", "ada")


def pdf(pages: int = 1, words: str = "COMMERCIAL INVOICE", across: bool = False) -> bytes:
    made = FPDF(format="letter", orientation="landscape" if across else "portrait")
    made.set_creation_date(datetime(2026, 11, 24, tzinfo=UTC))
    made.set_font("helvetica", size=20)
    for page in range(1, pages + 1):
        made.add_page()
        made.set_xy(20, 40)
        made.cell(100, 10, f"{words} {page}")
    return bytes(made.output())


def turned(data: bytes, degrees: int = 90) -> bytes:
    """The same PDF, its pages turned by a flag as scanners do it."""
    writer = PdfWriter(clone_from=PdfReader(io.BytesIO(data)))
    for page in writer.pages:
        page.rotate(degrees)
    return written(writer)


def locked(data: bytes, reader: str = "secret", algorithm: str = "AES-256") -> bytes:
    """With an owner's password; `reader`: empty if anybody may open it."""
    writer = PdfWriter(clone_from=PdfReader(io.BytesIO(data)))
    writer.encrypt(reader, "owner", algorithm=algorithm)
    return written(writer)


def written(writer: PdfWriter) -> bytes:
    sink = io.BytesIO()
    writer.write(sink)
    return sink.getvalue()


def picture(kind: str = "PNG", size: tuple[int, int] = (600, 400), **more: Any) -> bytes:
    sink = io.BytesIO()
    image = Image.new("RGB", size, (240, 240, 200))
    for x in range(0, size[0], 40):
        image.paste((20, 80, 120), (x, 0, x + 4, size[1]))
    image.save(sink, kind, **more)
    return sink.getvalue()


def text_of(path: Path) -> str:
    return "\n".join(page.extract_text() for page in PdfReader(path).pages)
