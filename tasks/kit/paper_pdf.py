"""The kit's PDF to be printed: what the kit is and how to trust it, then each part's pages."""

from __future__ import annotations

import io
from collections.abc import Mapping, Sequence

from tasks.core import clock
from tasks.core.settings import BrokerSettings
from tasks.core.signatures import key_id
from tasks.documents.api import PORTRAIT, RED, PageFrame, Paper, PaperColumn
from tasks.kit.events import KitFacts
from tasks.kit.part_model import KitPart, KitSheet
from tasks.security.api import host_public_key
from tasks.workspace import Workspace

PAPER_KIT_FILE = "paper/print-this.pdf"
DRILL = "DRILL: this is an exercise. Nothing goes to CBP."


def render_papers(workspace: Workspace, facts: KitFacts, parts: Sequence[KitPart]) -> bytes:
    """The PDF. Raises MissingPart without fpdf2 or its fonts."""
    # The first pages of chapters are known once all are drawn; the cover's length does not depend on them.
    _, begins = _draw_chapters(workspace, facts, parts, {})
    chapters, _ = _draw_chapters(workspace, facts, parts, begins)
    return _with_sheets(chapters, [sheet for part in parts for sheet in part.sheets])


def _draw_chapters(
    workspace: Workspace, facts: KitFacts, parts: Sequence[KitPart], begins: Mapping[str, int]
) -> tuple[bytes, dict[str, int]]:
    """Cover and chapters, and the first page of each chapter."""
    broker = workspace.settings(BrokerSettings)
    frame = PageFrame(
        title=f"Off-line kit of {broker.name}",
        left=f"{broker.name} · filer {broker.filer_code} · licence {broker.licence or 'not set'}",
        right=f"kit of {facts.made[:10]}",
        foot=f"Made {facts.made[:16]}Z from the book at event {facts.head_seq}. Confidential: client "
        "records (19 CFR 111.24). Keep it away from the machines that it is for.",
        mark=DRILL if facts.drill else "",
        made=clock.parse(facts.made),
    )
    paper = Paper(frame, PORTRAIT)
    pages = [page for part in parts for page in part.pages]
    contents = [(page.title, str(begins.get(page.title, ""))) for page in pages]
    contents += [(sheet.title, "at the end") for part in parts for sheet in part.sheets]
    paper.page()
    _cover(paper, workspace, facts, parts, contents)
    first_pages: dict[str, int] = {}
    for page in pages:
        paper.page()
        first_pages[page.title] = paper.pdf.page_no()
        paper.title(page.title, 14)
        page.write(paper)
    return paper.bytes(), first_pages


def _with_sheets(chapters: bytes, sheets: Sequence[KitSheet]) -> bytes:
    """The chapters, then the sheets."""
    from pypdf import PdfReader, PdfWriter

    writer = PdfWriter(clone_from=PdfReader(io.BytesIO(chapters)))
    for sheet in sheets:
        for page in PdfReader(io.BytesIO(sheet.data)).pages:
            writer.add_page(page)
    sink = io.BytesIO()
    writer.write(sink)
    return sink.getvalue()


def _cover(
    paper: Paper, workspace: Workspace, facts: KitFacts, parts: Sequence[KitPart], chapters: Sequence[tuple[str, str]]
) -> None:
    paper.title("Off-line kit: what to keep on paper")
    signer = key_id(host_public_key(workspace.settings.home))
    python = f"{facts.python}, SHA-256 {facts.python_sha256}" if facts.python else "not in the kit"
    paper.answers(
        [
            ("Kit", [facts.name]),
            (
                "Signed with the key",
                [signer, f"Whoever opens the kit compares this: continuity init --from-kit KIT --signed-by {signer}"],
            ),
            ("Book", [f"event {facts.head_seq}, SHA-256 {facts.head}"]),
            ("Runs on", list(facts.platforms) or ["nothing: this kit was built without programs"]),
            ("Python installer", [python]),
            ("Person to call", [_contact(workspace)]),
            ("Passphrase or key of the sealed archive", ["Never on this sheet. It is kept by:", "_" * 60]),
        ],
        9.5,
    )
    if not facts.platforms:
        paper.y += 2
        paper.text("Without programs this kit starts no laptop: build one with them.", 10, RED, "B")
    paper.heading("What is in the kit")
    parts_rows = [(part.summary,) for part in parts if part.summary]
    paper.table([PaperColumn("Part", paper.sheet.inner)], parts_rows, 9)
    paper.heading("What is on the following pages")
    rows = [(str(n), title, page) for n, (title, page) in enumerate(chapters, 1)]
    columns = [PaperColumn("", 8, "R"), PaperColumn("Chapter", paper.sheet.inner - 33), PaperColumn("Page", 25, "R")]
    paper.table(columns, rows, 9)


def _contact(workspace: Workspace) -> str:
    broker = workspace.settings(BrokerSettings)
    contact = ", ".join(filter(None, (broker.contact_name, broker.contact_phone)))
    return contact or "not set: [broker] contact_name, contact_phone"
