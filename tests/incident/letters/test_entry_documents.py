"""Files to go behind a letter: hostile until checked, each with a reference of its own, put into the packet
whole and without what they could do by themselves."""

from __future__ import annotations

import io
import os
from copy import deepcopy
from pathlib import Path

import pytest
from hypothesis import given, strategies as st
from pypdf import PdfReader, PdfWriter
from pypdf.generic import ArrayObject, DictionaryObject, NameObject, NumberObject, TextStringObject

from tasks.core.errors import BadInput, HostileFile, Problem, Refused
from tasks.core.journal.journal import Journal
from tasks.core.journal.verification import verify_journal
from tasks.core.settings import Settings
from tasks.incident.document_checks import check_document, name_fault, read_document
from tasks.incident.letters import entry_documents
from tasks.incident.letters.entry_documents import attach_document, documents_of, drop_document
from tasks.incident.letters.letter_events import LetterGap
from tasks.incident.settings import LetterSettings
from tests.entries import one
from tests.entries.house import book_of
from tests.errors import refused
from tests.incident.paper_world import World, locked, open_world, pdf, picture, text_of, turned, written

LIMITS = LetterSettings()


@pytest.fixture
def world(journal: Journal, house: Settings, tmp_path: Path) -> World:
    return open_world(book_of(house, journal), tmp_path / "scratch")


def fault(path: Path) -> Problem:
    with refused("attachment-refused", HostileFile) as caught:
        read_document(path, LIMITS)
    (problem,) = caught.problems
    assert problem.file == path.name
    return problem


def test_a_file_of_300_mb_is_refused_unread(tmp_path: Path) -> None:
    path = tmp_path / "scan.pdf"
    with path.open("wb") as sparse:
        sparse.write(b"%PDF-1.7\n")
        sparse.truncate(300 << 20)
    problem = fault(path)
    assert problem.code == "document-too-large" and problem.values == {"size": 300, "most": 25}


@pytest.mark.parametrize(
    ("name", "data", "code"),
    [
        ("a.pdf", b"MZ\x90 a program", "document-not-a-pdf"),
        ("a.docx", b"PK\x03\x04", "document-kind-not-accepted"),
        ("a.pdf", b"", "document-empty"),
        ("a.pdf", b"%PDF-1.7\nbut then nothing", "document-pdf-unreadable"),
        ("a.pdf", pdf(3)[: len(pdf(3)) // 3], "document-pdf-unreadable"),
        ("a.pdf", locked(pdf()), "document-has-password"),
        ("a.png", picture()[:200], "document-picture-unreadable"),
        ("a.pdf", pdf(301), "document-too-many-pages"),
    ],
)
def test_what_is_not_what_it_seems(tmp_path: Path, name: str, data: bytes, code: str) -> None:
    path = tmp_path / name
    path.write_bytes(data)
    assert fault(path).code == code


def test_a_picture_of_too_many_points(tmp_path: Path) -> None:
    from PIL import Image

    path = tmp_path / "bomb.png"
    Image.new("1", (16_000, 16_000)).save(path)
    problem = fault(path)
    assert path.stat().st_size < 1 << 20 and problem.code == "document-picture-too-large"
    assert problem.values == {"most": 120}


@pytest.mark.parametrize(
    "name", ["../a.pdf", "a:b.pdf", "con.pdf", "NUL", ".hidden.pdf", "a\x00.pdf", "a?.pdf", "x" * 121, "a.", "b|c"]
)
def test_names_that_lead_elsewhere(name: str) -> None:
    assert name_fault(name)


@pytest.mark.parametrize("name", ["invoice-0042.pdf", "facture n° 12.pdf", "台灣.pdf", "a b (2).PDF"])
def test_names_that_are_taken(name: str) -> None:
    assert name_fault(name) is None


def test_a_link_and_a_folder_are_no_files(tmp_path: Path) -> None:
    (tmp_path / "real.pdf").write_bytes(pdf())
    (tmp_path / "link.pdf").symlink_to(tmp_path / "real.pdf")
    (tmp_path / "folder.pdf").mkdir()
    assert fault(tmp_path / "link.pdf").code == "document-is-a-link"
    assert fault(tmp_path / "folder.pdf").code == "document-is-a-link"
    assert fault(tmp_path / "none.pdf").code == "document-unreadable"


_WHOLE = pdf(2)


@given(st.binary(max_size=200), st.integers(0, len(_WHOLE)), st.integers(1, 200))
def test_a_damaged_pdf_is_refused_or_read_but_never_breaks_us(noise: bytes, at: int, gone: int) -> None:
    data = _WHOLE[:at] + noise + _WHOLE[at + gone :]
    try:
        assert check_document("a.pdf", data, LIMITS).pages > 0
    except HostileFile as bad:
        assert bad.problems[0].right


@pytest.mark.parametrize("algorithm", ["RC4-128", "AES-128", "AES-256"])
def test_what_anybody_may_open_is_taken_whatever_its_owner_forbids(world: World, algorithm: str) -> None:
    number = world.record("11")
    path = world.file("permit.pdf", locked(pdf(2, "OWNED PERMIT"), "", algorithm))
    assert attach_document(world.book, number, path, "Permit", "jo").pages == 2
    made = PdfReader(world.letter(number).path)
    assert not made.is_encrypted
    assert "OWNED PERMIT 2" in "".join(page.extract_text() for page in made.pages)


def test_attaching_twice_changes_nothing_and_references_are_unique(world: World) -> None:
    number = world.record("11")
    path = world.file("invoice.pdf", pdf())
    first = attach_document(world.book, number, path, "Invoice", "jo")
    head = world.book.journal.head()
    assert attach_document(world.book, number, path, "Invoice", "jo") == first
    with refused("document-already-attached", BadInput):
        attach_document(world.book, number, path, "Permit", "jo")
    assert world.book.journal.head() == head
    second = attach_document(world.book, number, world.file("b.png", picture()), "Permit", "jo", "DIS-1")
    with refused("document-reference-taken", BadInput):
        attach_document(world.book, number, world.file("c.png", picture(size=(9, 9))), "Permit", "jo", "DIS-1")
    with refused("nothing-attached", BadInput) as caught:
        attach_document(world.book, number, path, "Love letter", "jo")
    assert caught.codes == ["document-kind-unknown"]
    assert documents_of(world.book.journal, [number])[number] == [first, second]
    drop_document(world.book, number, "DIS-1", "of another shipment", "jo")
    assert documents_of(world.book.journal, [number])[number] == [first]
    with pytest.raises(Refused):
        drop_document(world.book, number, "DIS-1", "again", "jo")
    assert verify_journal(world.book.journal, world.book.content).ok


def test_a_folder_is_attached_whole_or_not_at_all(world: World) -> None:
    rows = one.rows()
    rows["documents"] = [
        {"document_type": "Invoice", "file_name": name, "dis_reference": ref}
        for name, ref in (("i.pdf", "DIS-7"), ("w.pdf", None), ("missing.pdf", None))
    ]
    number = world.record_rows(rows)
    folder = world.folder / "scans"
    folder.mkdir()
    (folder / "i.pdf").write_bytes(pdf())
    (folder / "w.pdf").write_bytes(b"no pdf")
    head = world.book.journal.head()
    with refused("attachments-refused", HostileFile) as caught:
        entry_documents.attach_folder(world.book, folder, [number], "jo")
    assert caught.codes == ["document-not-a-pdf"]
    assert world.book.journal.head() == head
    (folder / "w.pdf").write_bytes(pdf(2))
    made = entry_documents.attach_folder(world.book, folder, [number], "jo")
    assert [(doc.file, doc.pages) for doc in made.attached] == [("i.pdf", 1), ("w.pdf", 2)]
    assert made.attached[0].reference == "DIS-7" and made.lacking == [(number, "missing.pdf")]
    gap = LetterGap(kind="file", name="Invoice", file="missing.pdf")
    assert gap in world.letter(number).follows[number]


def test_one_scan_under_two_names_is_told_and_the_others_are_gathered(world: World) -> None:
    rows = one.rows()
    rows["documents"] = [{"document_type": kind, "file_name": name, "dis_reference": None}
                         for kind, name in (("Invoice", "i.pdf"), ("Packing list", "p.pdf"))]  # fmt: skip
    number, other = world.record_many([rows, deepcopy(rows)])
    folder = world.folder / "scans"
    folder.mkdir()
    for name in ("i.pdf", "p.pdf"):
        (folder / name).write_bytes(pdf())
    made = entry_documents.attach_folder(world.book, folder, [number, other], "jo")
    assert [(one.number, one.file) for one in made.attached] == [(number, "i.pdf"), (other, "i.pdf")]
    assert [one.column for one in made.twins] == [f"{number}, Packing list", f"{other}, Packing list"]
    twin = made.twins[0]
    assert (twin.file, twin.code) == ("p.pdf", "scan-duplicated")
    assert twin.values == {"file": "i.pdf", "document": "Invoice"}
    gap = LetterGap(kind="file", name="Packing list", file="p.pdf")
    assert gap in world.letter(number).follows[number]
    (folder / "p.pdf").write_bytes(pdf(2))
    for _ in range(2):
        made = entry_documents.attach_folder(world.book, folder, [number], "jo")
        assert len(made.attached) == 2 and not made.twins


def test_the_packet_holds_every_page_where_the_letter_says(world: World) -> None:
    first, second = world.record("11"), world.record("40")
    for number, name, data in (
        (first, "invoice.pdf", pdf(3, "FIRST INVOICE")),
        (first, "turned.pdf", turned(pdf(1, "TURNED PAGE"))),
        (first, "photo.jpg", picture("JPEG")),
        (second, "awb.tif", picture("TIFF", save_all=True, append_images=[])),
        (second, "last.pdf", pdf(2, "LAST PAPER")),
    ):
        attach_document(world.book, number, world.file(name, data), "Invoice", "jo")
    made = world.letter(first, second, per="port")
    pages = [page.extract_text() for page in PdfReader(made.path).pages]
    assert made.pages == len(pages)
    sheets = "".join(text for text in pages if "packet page" not in text)
    for found in documents_of(world.book.journal, [first, second]).values():
        for doc in found:
            stamped = [n for n, text in enumerate(pages, 1) if f"{doc.reference}, page" in text]
            assert len(stamped) == doc.pages
            said = f"{stamped[0]}-{stamped[-1]}" if doc.pages > 1 else f"{stamped[0]}"
            assert f"{doc.reference}{said}" in sheets.replace(" ", "").replace("\n", "")
            assert doc.content[:20] in sheets.replace("\n", "")
    order = [next(n for n, text in enumerate(pages) if words in text)
             for words in ("FIRST INVOICE 1", "TURNED PAGE 1", "LAST PAPER 2")]  # fmt: skip
    assert order == sorted(order)


def active(data: bytes) -> bytes:
    """A PDF that wants to start something: on opening the page, on a click, and with a file inside."""
    writer = PdfWriter(clone_from=PdfReader(io.BytesIO(data)))
    script = DictionaryObject({NameObject("/S"): NameObject("/JavaScript"),
                               NameObject("/JS"): TextStringObject("app.alert(1)")})  # fmt: skip
    box = ArrayObject([NumberObject(n) for n in (10, 10, 90, 90)])
    note = {NameObject("/Type"): NameObject("/Annot"), NameObject("/Rect"): box}
    kind = NameObject("/Subtype")
    link = DictionaryObject({**note, kind: NameObject("/Link"), NameObject("/A"): script})
    file = DictionaryObject({**note, kind: NameObject("/FileAttachment")})
    page = writer.pages[0]
    page[NameObject("/AA")] = DictionaryObject({NameObject("/O"): script})
    page[NameObject("/Annots")] = ArrayObject([link, file])
    writer.root_object[NameObject("/OpenAction")] = script
    writer.add_attachment("evil.exe", b"MZ")
    return written(writer)


def test_nothing_in_a_document_starts_by_itself(world: World) -> None:
    number = world.record("11")
    attach_document(world.book, number, world.file("a.pdf", active(pdf())), "Invoice", "jo")
    data = world.letter(number).path.read_bytes()
    for word in (b"/JavaScript", b"app.alert", b"/FileAttachment", b"evil.exe", b"/OpenAction", b"/AA"):
        assert word not in data, word
    reader = PdfReader(io.BytesIO(data))
    assert not reader.attachments and len(reader.pages[-1].get("/Annots", ())) == 1


def test_a_packet_that_is_too_large_is_refused(journal: Journal, house: Settings, tmp_path: Path) -> None:
    small = house.model_copy(update={"letters": LetterSettings(packet_mib=1)})
    world = open_world(book_of(small, journal), tmp_path / "scratch")
    number = world.record("11")
    noise = picture("TIFF", (700, 700))
    assert len(noise) > 1 << 20
    attach_document(world.book, number, world.file("big.tif", noise), "Invoice", "jo")
    head = journal.head()
    with refused("letter-packet-too-large", Refused):
        world.issue(number)
    assert journal.head() == head


def test_the_files_rights_are_the_owners_alone(world: World) -> None:
    made = world.letter(world.record("30"))
    assert os.name == "nt" or made.path.stat().st_mode & 0o077 == 0
    assert "1979-03-18" in text_of(made.path)
