"""A letter on paper: to whom, what is asked, which entries, the undertaking, who signs; then a sheet an
entry. Returns at which page each sheet begins, so that documents can stand behind their own entry."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from tasks.documents.api import GREY, INK, RED, LetterBox, LetterPaper, PageFrame, PaperColumn
from tasks.incident.letters.letter_draft import PORT, LetterDraft, LetterPart, credentials, telephone_lines
from tasks.incident.letters.letter_values import IMMEDIATE, joined, port, text_of
from tasks.incident.letters.sheet_layout import entry_sheet

DRILL = "DRILL: made-up entries. Not a letter to CBP, nothing is to be handed in"


UNDERTAKING = (
    "to transmit each entry to ACE under the number given here, as soon as we are connected again, and "
    "to use that number for nothing else;",
    "to file each entry summary and deposit estimated duties, taxes and fees by their due day, which "
    "downtime does not move (19 CFR 142.12(b));",
    "to keep the documents ready for CBP, and to tell the importer at once if CBP demands the goods back "
    "(19 CFR 141.113).",
)


class SheetPosition(NamedTuple):
    """Where a document stands in the packet: first and last page, counted from 1."""

    first: int
    last: int


@dataclass(frozen=True)
class LetterPages:
    """The generated pages. `sheets`: the page (from 1) on which each part's sheet begins."""

    data: bytes
    count: int
    sheets: tuple[int, ...]


def render_letter(
    draft: LetterDraft, places: Mapping[tuple[str, str], SheetPosition], *, hidden: bool, filled: Sequence[bool] = ()
) -> LetterPages:
    """The letter and its sheets as PDF. `places`: of each document, by entry and reference; `hidden`
    hides the driver's private data; `filled`: for which parts an official form stands before the
    sheet. Raises MissingPart without fpdf2 or its fonts."""
    frame = _frame(draft)
    paper = LetterPaper(frame)
    paper.page()
    _head(paper, draft)
    _plea(paper, draft)
    _entries(paper, draft)
    _undertaking(paper, draft)
    sheets: list[int] = []
    for index, part in enumerate(draft.parts):
        # A page that got loose at the port still says whose it is.
        paper.frame = frame._replace(right=f"{part.case.number} · {frame.right}")
        paper.page()
        sheets.append(paper.pdf.page_no())
        official = index < len(filled) and filled[index]
        entry_sheet(paper, draft, part, places, hidden=hidden, official=official)
    return LetterPages(paper.bytes(), paper.pdf.pages_count, tuple(sheets))


def _frame(draft: LetterDraft) -> PageFrame:
    broker = draft.broker
    return PageFrame(
        title=draft.title,
        left=broker.name,
        right=credentials(broker),
        foot=f"{draft.id} · {draft.day} · {telephone_lines(broker)}",
        mark=DRILL if draft.drill else "",
        made=draft.issued_at,
    )


def _head(paper: LetterPaper, draft: LetterDraft) -> None:
    number = draft.parts[0].case.number if len(draft.parts) == 1 else ""
    if number:
        paper.barcode(number)
    paper.beside([("DOWNTIME LETTER", 15, INK), (draft.id, 10, GREY)], 17 if number else 0)
    paper.text("U.S. Customs and Border Protection", 10)
    paper.text(f"Port {port(draft.port)}", 10, style="B")
    paper.text(f"{draft.day}", 10)
    if draft.replaces:
        paper.gap(1)
        paper.band(
            f"REISSUE. Takes the place of {joined(draft.replaces)}, which no longer counts for what is "
            f"named here: {draft.reason}"
        )
    broker, authorization = draft.broker, draft.authorization
    since = authorization.since.replace("T", " ")[:16] + " UTC" if authorization.since else "to follow"
    authorized, none = authorization.text(draft.port), "none on record when this was issued"
    paper.gap(1)
    paper.boxes(
        [
            (
                LetterBox(6, "", "Broker", broker.name),
                LetterBox(2, "", "Filer code", broker.filer_code),
                LetterBox(2.5, "", "License number", broker.licence),
                LetterBox(2.5, "", "Permit number", broker.permit),
            ),
            (
                LetterBox(8, "", "Address", broker.address),
                LetterBox(5, "", "Reach us day and night", joined((broker.contact_name, broker.contact_phone))),
            ),
            (
                LetterBox(3, "", "No transmission since", since),
                LetterBox(5, "", "Reason", authorization.reason or "our systems are out of use"),
                LetterBox(5, "", "CBP's authorisation of downtime", authorized or none, INK if authorized else RED),
            ),
        ]
    )


def _plea(paper: LetterPaper, draft: LetterDraft) -> None:
    count = len(draft.parts)
    what = "this shipment" if count == 1 else f"these {count} shipments"
    paper.text(
        f"We cannot transmit to ACE. We ask that {what} be dealt with on paper under CBP's downtime procedure. "
        "What ACE would have been told stands on the sheet of each entry; its documents follow the sheet "
        "in this packet. Requirements of other agencies are met as the sheet says. Where a sheet says "
        "'to follow' we hand in what is missing as soon as we have it.",
        9.5,
    )
    hurry = [part.case.number for part in draft.parts if part.case.entry["perishable"]]
    if hurry:
        named = joined(hurry[:4]) + (f" and {len(hurry) - 4} more" if hurry[4:] else "")
        paper.band(f"PERISHABLE: {named}")
    for part in draft.parts:
        if part.asks == IMMEDIATE:
            took = "ACE accepted one." if part.se_accepted else "NONE IS ACCEPTED, as far as we know."
            paper.band(
                f"{part.case.number}: IMMEDIATE DELIVERY (19 CFR 142.21), not entry. It needs a cargo "
                f"release accepted in ACE before the goods go: {took}"
            )


_COLUMNS = (("Entry", 27.0), ("Asked for", 20.0), ("Type", 10.0), ("Importer", 46.0), ("Bill", 37.0), ("Goods", 43.9))


def _entries(paper: LetterPaper, draft: LetterDraft) -> None:
    rows = [_row(part) for part in draft.parts]
    paper.table([PaperColumn(title, width, most=3) for title, width in _COLUMNS], rows, 8)
    if draft.per == PORT and len(rows) > 1:
        paper.text(f"{len(rows)} entries, each with a sheet of its own.", 8, GREY)


def _row(part: LetterPart) -> tuple[str, ...]:
    case = part.case
    return (
        case.number,
        part.asks,
        case.entry["entry_type"] or "",
        text_of(case, "importer_name") or text_of(case, "importer_number"),
        text_of(case, "bills"),
        text_of(case, "goods"),
    )


def _undertaking(paper: LetterPaper, draft: LetterDraft) -> None:
    """What we undertake and who signs, never torn apart."""
    paper.room(70)
    paper.text("We undertake", 9.5, style="B")
    for text in UNDERTAKING:
        paper.text(f"–  {text}", 9)
    paper.gap(2)
    signer = draft.signer
    paper.text(f"For {draft.broker.name}, filer {draft.broker.filer_code}:", 9.5)
    paper.blank([(5, "Signature"), (3, "Date and time")], 14)
    paper.text(f"{signer.name}, {signer.title}", 9.5, style="B")
    paper.gap(1)
    paper.blank(
        [
            (5, "Handed in by (driver, terminal, messenger): name and signature"),
            (4, "Received by CBP: name or badge, date and time"),
        ],
        14,
    )
