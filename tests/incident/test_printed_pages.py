"""Every page that the incident's room prints: nothing is cut off, nothing lies on anything else, with one
row and with two hundred, with long names and letters of other scripts."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import Any

import msgspec
import pytest

from tasks.core import clock
from tasks.core.settings import BrokerSettings
from tasks.documents.pdf import Paper
from tasks.documents.pdf_pages import PORTRAIT, PageFrame
from tasks.incident.evidence.pack_builder import render_cover
from tasks.incident.notices import draft_formats, drafting
from tasks.incident.notices.contact_list import Contact
from tasks.incident.notices.draft_tables import DraftTable
from tasks.incident.notices.drafting import NoticeDraft, drafting_context
from tasks.incident.notices.notice_plan import load_notice_plan
from tasks.incident.timeline import open_work_page
from tasks.incident.timeline.incident_state import StepDetails, require_incident, take_step
from tasks.kit.parts import contact_list as contacts_part, run_book
from tasks.workspace import Workspace
from tests.conftest import missing_part
from tests.incident.letters.test_letter_page import LONG, check
from tests.incident.world import declared, through

NOTICES = list(load_notice_plan(Path("nowhere")).notices)
WORD = "https://very-long-word.example/" + "x" * 160
BROKER = "Verwaltungs- und Beteiligungsgesellschaft für Zollabfertigung Ærøskøbing mbH & Co. KG, Łódź"
ROWS = (1, 200)
CONTACT = Contact(id="x", role="service-desk", name=LONG, organisation=LONG * 2,
                  phone="956-555-0102 ext. 123456", mail=f"{'a' * 60}@cbp.example",
                  hours="06:30 to 19:30 Eastern", ports=("2304", "2704"), mark="W", source="")  # fmt: skip


@pytest.fixture(autouse=True)
def poppler() -> None:
    if not shutil.which("pdftotext"):
        missing_part("poppler-utils")


@pytest.fixture
def office(office: Workspace) -> Workspace:
    said = {"name": BROKER, "contact_name": LONG, "contact_phone": "562-555-0100 ext. 12345"}
    broker = office.settings(BrokerSettings).model_copy(update=said)
    return office.with_settings(office.settings.model_copy(update={"broker": broker}))


def crowded(table: DraftTable, rows: int) -> DraftTable:
    """As many rows as wanted: what stands there, made long; numbers and codes as wide as they come."""
    shape = table.rows[0] + [""] * (len(table.heads) - len(table.rows[0]))

    def cell(place: int, n: int) -> str:
        title, share = table.heads[place]
        if "number" in title.lower() or title in ("From", "To"):
            return f"ABC-{9_000_000 + n}-1"
        narrow = share < 2 and not shape[place].isalpha()
        return f"{12_345 + n:,}" if narrow else f"{shape[place]} {LONG} {n}"

    return DraftTable(table.title, table.heads,
                      [[cell(place, n) for place in range(len(table.heads))] for n in range(rows)])  # fmt: skip


def stretched(draft: NoticeDraft, rows: int) -> NoticeDraft:
    facts = [(label, f"{says} {LONG} {WORD} " + LONG * 3) for label, says in draft.facts]
    tables = [crowded(one, rows) for one in draft.tables]
    return msgspec.structs.replace(draft, facts=facts, tables=tables)


def drawn(office: Workspace, name: str, rows: int) -> bytes:
    found = load_notice_plan(office.settings.home)
    desk = drafting_context(office, require_incident(office.journal.rows), found)
    draft = drafting.compose(desk, found.notice(name), CONTACT)
    return draft_formats.pdf(stretched(draft, rows) if rows else draft, office.settings)


def cases() -> Iterator[Any]:
    """Each as it stands and with a row; with two hundred, those of the most columns at once, the rest in
    the long tier."""
    found = load_notice_plan(Path("nowhere"))
    for name in NOTICES:
        yield from ((name, 0), (name, 1))
        if found.notice(name).tables:
            long = () if name in ("breach", "close-out") else pytest.mark.long
            yield pytest.param(name, 200, marks=long)


@pytest.mark.parametrize(("name", "rows"), list(cases()))
def test_notices(office: Workspace, morning: datetime, tmp_path: Path, name: str, rows: int) -> None:
    declared(office, morning)
    path = tmp_path / "notice.pdf"
    path.write_bytes(drawn(office, name, rows))
    pages = check(path)
    assert pages > 4 if rows == 200 else pages < 8


@pytest.mark.parametrize("rows", ROWS)
def test_the_cover_of_the_evidence(office: Workspace, morning: datetime, tmp_path: Path, rows: int) -> None:
    declared(office, morning)
    through(office, "disconnected")
    take_step(office, "downtime_requested", StepDetails(note=LONG * 5, reference=WORD), "ada")
    file = {
        "given_as": f"{LONG}-{WORD}.pdf",
        "origin": LONG * 2,
        "size": 123_456_789,
        "sha256": "a" * 64,
        "shared": LONG,
    }
    items = [{"id": f"item-{n}", "what": LONG, "rule": LONG, "words": "MISSING", "waived": "",
              "waived_required": False, "open": n % 2 == 0,
              "files": [file] * (n % 3)} for n in range(rows)]  # fmt: skip
    listed: dict[str, Any] = {"made": clock.text(), "items": items}
    incident = require_incident(office.journal.rows)
    path = tmp_path / "cover.pdf"
    path.write_bytes(render_cover(office, incident, listed, office.journal.head(), "0123456789abcdef"))
    assert check(path) >= (1 if rows == 1 else 8)


@pytest.mark.parametrize("rows", ROWS)
def test_the_list_of_open_work(office: Workspace, morning: datetime, tmp_path: Path, rows: int) -> None:
    incident = declared(office, morning)
    row = {"item": f"summary/{WORD[:60]}", "entry_type": "01", "port": "2704", "importer": LONG,
           "due": "Tue 2026-11-24 08:03 EST", "overdue": True, "amount": "1,234,567.89", "rule": "SUM10 [S]",
           "closed": LONG, "note": LONG}  # fmt: skip
    path = tmp_path / "work.pdf"
    path.write_bytes(open_work_page.render(office, incident, [row] * rows))
    assert check(path) >= (1 if rows == 1 else 10)


def on_kit_paper(office: Workspace, path: Path, title: str, write: Any) -> int:
    frame = PageFrame("kit", f"{BROKER} · filer ABC · licence 12345", "kit of 2026-11-24",
                  f"Made 2026-11-24T13:03Z from the book at event 1. {LONG}", "DRILL: this is an exercise",
                  clock.now())  # fmt: skip
    paper = Paper(frame, PORTRAIT)
    paper.page()
    paper.title(title, 14)
    write(paper)
    path.write_bytes(paper.bytes())
    return check(path)


@pytest.mark.parametrize("rows", ROWS)
def test_the_contact_sheet(office: Workspace, morning: datetime, tmp_path: Path, rows: int) -> None:
    listed = [(CONTACT, "red", "neither number nor address: fill it in")] * rows
    pages = on_kit_paper(office, tmp_path / "contacts.pdf", "Whom to call", lambda paper:
                         contacts_part._page(paper, listed))  # fmt: skip
    assert pages >= (1 if rows == 1 else 8)


@pytest.mark.parametrize("rows", ROWS)
def test_the_run_book(office: Workspace, tmp_path: Path, rows: int) -> None:
    steps = [f"{LONG} {WORD} {n}" for n in range(rows)]
    book = {"chapter": [{"title": LONG, "steps": steps}, {"title": f"{BROKER} {LONG}", "steps": steps}]}
    pages = on_kit_paper(office, tmp_path / "run-book.pdf", f"Run-book of {BROKER} {LONG}",
                         lambda paper: run_book._page(paper, book))  # fmt: skip
    assert pages >= (1 if rows == 1 else 8)


def test_a_text_longer_than_a_page_goes_on_the_next(office: Workspace, tmp_path: Path) -> None:
    def write(paper: Paper) -> None:
        from tasks.documents.pdf import PaperColumn

        paper.pairs([("Cause", f"{LONG} " * 200), (f"{LONG} " * 3, "known")])
        paper.table([PaperColumn("Note", 40), PaperColumn("Words", 100)], [("x", f"{LONG} " * 200), ("y", "z")])

    assert on_kit_paper(office, tmp_path / "long.pdf", "Long", write) > 3


def test_columns_of_a_plain_text_stay_in_line() -> None:
    """A long cell goes on below itself."""
    heads = [("Item", 1.0), ("What it shows", 3.0), ("Evidence", 2.0)]
    rows = [["cause", "how they got in, and that this way is closed to them now", "cause.txt"],
            ["isa", "the agreement", f"{WORD} and more"], ["none", "", ""]]  # fmt: skip
    table = DraftTable("Evidence of remediation", heads, rows)
    title, *lines = draft_formats._table(table, str, 0)
    starts = [lines[1].index("-  -") + 3, lines[1].rindex("-  -") + 3]
    assert title == table.title
    for line in lines:
        assert len(line) <= 5 + 2 + 44 + 2 + 44
        for start in starts:
            assert line[start - 2 : start].strip() == ""
    said = "".join(line[starts[1] :].strip() for line in lines[2:])
    assert WORD in said
    assert [line for line in lines if line.startswith("none")] == ["none"]
