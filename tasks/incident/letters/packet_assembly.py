"""The packet: letter, and behind each entry's sheet its official form and its documents, every page
numbered. What documents could do by themselves (scripts, launching, files inside) is left out."""

from __future__ import annotations

import io
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from tasks.core.errors import JournalBroken
from tasks.incident.document_checks import JPEG, PDF
from tasks.incident.letters.entry_documents import EntryDocument
from tasks.incident.letters.letter_draft import LetterDraft
from tasks.incident.letters.letter_page import LetterPages, SheetPosition, render_letter

_ACTIVE = ("/FileAttachment", "/Screen", "/Movie", "/Sound", "/RichMedia", "/3D")
_LETTER = (215.9, 279.4)
_MARGIN = 8.0
_STAMP = 6.5
_POINT = 72 / 25.4


@dataclass(frozen=True)
class Packet:
    """The whole as PDF. `places`: where each document stands, by entry and reference."""

    data: bytes
    pages: int
    places: Mapping[tuple[str, str], SheetPosition]


def assemble(
    draft: LetterDraft,
    load: Callable[[str], bytes],
    forms: Sequence[Sequence[bytes]],
    complete: Sequence[bool],
    *,
    hidden: bool,
) -> Packet:
    """Put the packet together. `load` gives a document's bytes by digest; `forms` the filled official
    forms of each part, `complete` whether they say all. Raises ContentMissing for a document that is gone."""
    counts = [sum(map(_count, copies)) for copies in forms]
    places: dict[tuple[str, str], SheetPosition] = {}
    for _ in range(4):
        letter = render_letter(draft, places, hidden=hidden, filled=complete)
        found_places = _places(draft, letter, counts)
        if found_places == places:
            break
        places = found_places
    else:
        raise JournalBroken("packet-page-numbers-unstable")
    data, pages = _joined(draft, letter, forms, load)
    return Packet(data, pages, places)


def _count(data: bytes) -> int:
    from pypdf import PdfReader

    return len(PdfReader(io.BytesIO(data)).pages)


def _ends(letter: LetterPages) -> list[int]:
    """The last page of each part's sheet."""
    return [*(first - 1 for first in letter.sheets[1:]), letter.count]


def _places(draft: LetterDraft, letter: LetterPages, forms: Sequence[int]) -> dict[tuple[str, str], SheetPosition]:
    positions: dict[tuple[str, str], SheetPosition] = {}
    added = 0
    for part, last, form in zip(draft.parts, _ends(letter), forms, strict=True):
        added += form
        for document in part.documents:
            positions[document.number, document.reference] = SheetPosition(
                last + added + 1, last + added + document.pages
            )
            added += document.pages
    return positions


def _joined(
    draft: LetterDraft, letter: LetterPages, forms: Sequence[Sequence[bytes]], load: Callable[[str], bytes]
) -> tuple[bytes, int]:
    from pypdf import PdfReader, PdfWriter

    writer, sheets = PdfWriter(), PdfReader(io.BytesIO(letter.data)).pages
    first = 0
    for part, begin, last, copies in zip(draft.parts, letter.sheets, _ends(letter), forms, strict=True):
        for page in sheets[first : begin - 1]:
            writer.add_page(page)
        for data in copies:
            for page in PdfReader(io.BytesIO(data)).pages:
                writer.add_page(page)
        for page in sheets[begin - 1 : last]:
            writer.add_page(page)
        first = last
        for document in part.documents:
            _add_document(writer, document, load(document.content), draft.id)
    _titled(writer, draft)
    sink = io.BytesIO()
    writer.write(sink)
    return sink.getvalue(), len(writer.pages)


def _titled(writer: Any, draft: LetterDraft) -> None:
    writer.add_metadata(
        {"/Title": draft.title, "/Author": draft.broker.name, "/CreationDate": f"{draft.issued_at:D:%Y%m%d%H%M%SZ}"}
    )


def _add_document(writer: Any, document: EntryDocument, data: bytes, letter: str) -> None:
    from pypdf import PdfReader

    pdf = data if document.media == PDF else pictures(data, document.media)
    for number, page in enumerate(PdfReader(io.BytesIO(pdf)).pages, start=1):
        added = writer.add_page(page)
        disarm(added)
        if added.rotation:
            added.transfer_rotation_to_content()
        stamp = (
            f"{letter}  packet page {len(writer.pages)}  {document.number}  {document.document} "
            f"{document.reference}, page {number} of {document.pages}"
        )
        _stamp(added, stamp)


def disarm(page: Any) -> None:
    """No action of a document survives, whatever it wanted to start."""
    page.pop("/AA", None)
    harmless: list[Any] = []
    for reference in page.get("/Annots") or ():
        note: Any = reference.get_object()
        if note.get("/Subtype") in _ACTIVE:
            continue
        for name in ("/A", "/AA", "/PA"):
            note.pop(name, None)
        harmless.append(reference)
    if "/Annots" in page:
        from pypdf.generic import ArrayObject, NameObject

        page[NameObject("/Annots")] = ArrayObject(harmless)


def _stamp(page: Any, text: str) -> None:
    """Which page of which packet this is, small, along the upper edge on a white ground."""
    from fpdf import FPDF
    from pypdf import PdfReader, Transformation

    box = page.mediabox
    wide, high = float(box.width) / _POINT, float(box.height) / _POINT
    pdf = FPDF(unit="mm", format=(wide, high))
    pdf.set_auto_page_break(False)
    pdf.add_page()
    pdf.set_font("helvetica", size=_STAMP)
    pdf.set_fill_color(255, 255, 255)
    pdf.set_xy(4, 2)
    pdf.cell(min(pdf.get_string_width(text) + 2, wide - 8), 3, text, fill=True)
    over = PdfReader(io.BytesIO(bytes(pdf.output()))).pages[0]
    page.merge_transformed_page(over, Transformation().translate(float(box.left), float(box.bottom)))


def pictures(data: bytes, media: str) -> bytes:
    """A picture as PDF pages, a frame each, as large as a letter page lets it be."""
    from fpdf import FPDF

    pdf = FPDF(unit="mm", format="letter")
    pdf.set_auto_page_break(False)
    for frame in _frames(data, media):
        wide, high = frame.size
        across = wide > high
        pdf.add_page(orientation="landscape" if across else "portrait")
        paper = (_LETTER[1], _LETTER[0]) if across else _LETTER
        inner = (paper[0] - 2 * _MARGIN, paper[1] - 2 * _MARGIN)
        scale = min(inner[0] / wide, inner[1] / high)
        pdf.image(
            frame.source,
            x=(paper[0] - wide * scale) / 2,
            y=(paper[1] - high * scale) / 2,
            w=wide * scale,
            h=high * scale,
        )
    return bytes(pdf.output())


@dataclass(frozen=True)
class _Frame:
    source: Any
    size: tuple[int, int]


def _frames(data: bytes, media: str) -> Iterator[_Frame]:
    """Upright, as a camera meant it; a JPEG that needs no turning is embedded as it is."""
    from PIL import Image, ImageOps, ImageSequence

    with Image.open(io.BytesIO(data)) as picture:
        for frame in ImageSequence.Iterator(picture):
            turned = ImageOps.exif_transpose(frame)
            plain = media == JPEG and turned.size == frame.size and not _turned(frame)
            mode = turned if turned.mode in ("1", "L", "RGB") else turned.convert("RGB")
            yield _Frame(io.BytesIO(data) if plain else mode.copy(), turned.size)


def _turned(frame: Any) -> bool:
    return frame.getexif().get(0x0112, 1) != 1
