"""The official form, where the broker has it: its boxes are found and filled, or our own sheet stands in."""

from __future__ import annotations

import io
import shutil
import subprocess
from pathlib import Path

import pytest
from PIL import Image
from pypdf import PdfReader, PdfWriter
from pypdf.generic import ArrayObject, DictionaryObject, FloatObject, NameObject, NumberObject, TextStringObject

from tasks.core.errors import Problem
from tasks.core.journal.journal import Journal
from tasks.core.settings import Settings
from tasks.incident.letters import official_forms
from tasks.incident.letters.entry_case import cases
from tasks.incident.letters.form_fields import FormField
from tasks.incident.letters.official_forms import OfficialForm, fill_form, fitting_text, form_named
from tasks.incident.letters.sheet_layout import form_rows
from tasks.incident.settings import LetterSettings
from tests.conftest import missing_part
from tests.entries.house import book_of
from tests.incident.paper_world import World, locked, open_world, pdf, text_of, written

BOXES = {row["box"]: row for row in form_rows("cbp_3461.csv") if row["value"]}
Spec = tuple[str, str, tuple[float, float, float, float], bool]


@pytest.fixture
def world(journal: Journal, house: Settings, tmp_path: Path) -> World:
    made = open_world(book_of(house, journal), tmp_path / "scratch")
    (house.home / "forms").mkdir()
    return made


def blank_form(specs: list[Spec]) -> bytes:
    """A form with text fields: (name, tooltip, rectangle, several lines)."""
    writer = PdfWriter(clone_from=PdfReader(io.BytesIO(pdf(1, "OFFICIAL FORM"))))
    page = writer.pages[0]
    font = DictionaryObject({NameObject("/Type"): NameObject("/Font"),
                             NameObject("/Subtype"): NameObject("/Type1"),
                             NameObject("/BaseFont"): NameObject("/Helvetica"),
                             NameObject("/Encoding"): NameObject("/WinAnsiEncoding")})  # fmt: skip
    fields = ArrayObject()
    for name, words, box, several in specs:
        field = DictionaryObject({
            NameObject("/Type"): NameObject("/Annot"), NameObject("/Subtype"): NameObject("/Widget"),
            NameObject("/FT"): NameObject("/Tx"), NameObject("/T"): TextStringObject(name),
            NameObject("/TU"): TextStringObject(words), NameObject("/F"): NumberObject(4),
            NameObject("/Rect"): ArrayObject([FloatObject(side) for side in box]),
            NameObject("/Ff"): NumberObject(1 << 12 if several else 0),
            NameObject("/DA"): TextStringObject("/Helv 9 Tf 0 g"),
        })  # fmt: skip
        fields.append(writer._add_object(field))
    page[NameObject("/Annots")] = fields
    resources = DictionaryObject({NameObject("/Font"): DictionaryObject({NameObject("/Helv"): font})})
    writer.root_object[NameObject("/AcroForm")] = DictionaryObject(
        {NameObject("/Fields"): fields, NameObject("/DR"): resources,
         NameObject("/DA"): TextStringObject("/Helv 0 Tf 0 g")})  # fmt: skip
    return written(writer)


def by_number() -> list[Spec]:
    """As CBP's forms do it: names that say nothing, tooltips with the number of the box."""
    specs: list[Spec] = []
    for place, (box, row) in enumerate(BOXES.items()):
        top = 700 - 30 * place
        wide = 420 if row["value"] in ("importer", "party") else 200
        specs.append((f"Text{place}", f"{box}. {row['title']}", (40, top, 40 + wide, top + 24),
                      row["value"] in ("importer", "party")))  # fmt: skip
    return specs


def put(world: World, data: bytes, name: str = "cbp3461.pdf") -> Path:
    path = world.book.settings.home / "forms" / name
    path.write_bytes(data)
    return path


def found(world: World) -> tuple[OfficialForm | None, tuple[Problem, ...]]:
    settings = world.book.settings
    return form_named(settings.home, official_forms.CBP_3461, settings(LetterSettings))


def test_every_box_is_found_by_its_number_and_filled(world: World) -> None:
    put(world, blank_form(by_number()))
    made, why = found(world)
    assert made is not None and not why and not made.unused
    number = world.record("11", importer_name="Äcme Tools", bond_type="9", bond_amount=25_000, surety_code="036")
    (case,) = cases(world.book, [number])
    filled = fill_form(made, case)
    reader = PdfReader(io.BytesIO(filled.data))
    text = reader.pages[0].extract_text()
    for words in ("OFFICIAL FORM", number, "2704 LOS ANGELES", "Acme Tools, 1 Main Street", "25,000 USD", "036"):
        assert words in text, words
    assert filled.complete and not reader.pages[0].get("/Annots"), "what is handed in can no longer be changed"


def test_another_script_is_told_on_our_own_sheet_behind_the_form(world: World) -> None:
    put(world, blank_form(by_number()))
    text = text_of(world.letter(world.record("11", importer_name="上海贸易")).path)
    assert "OFFICIAL FORM" in text and "Data for CBP Form 3461" in text
    assert "ShangHaiMaoYi†" in text and "† written in Latin letters" in text
    assert "†" not in text_of(world.letter(world.record("11", importer_name="Łódź → Zażółć")).path)


def test_a_form_that_its_maker_locked_against_changes_is_filled_all_the_same(world: World) -> None:
    put(world, locked(blank_form(by_number()), ""))
    number = world.record("11")
    text = text_of(world.letter(number).path)
    assert "OFFICIAL FORM" in text and "This is a data sheet" not in text


def test_boxes_are_found_by_name_where_there_is_no_number(world: World) -> None:
    specs: list[Spec] = [
        ("form1.EntryNumber", "Entry number", (40, 700, 200, 720), False),
        ("form1.EntryType", "Entry type", (40, 670, 200, 690), False),
        ("form1.Port", "Port of entry", (40, 640, 200, 660), False),
    ]
    put(world, blank_form(specs))
    made, _ = found(world)
    assert made is not None
    assert made.where == {"form1.EntryNumber": "entry_number", "form1.EntryType": "entry_type",
                          "form1.Port": "port_of_entry"}  # fmt: skip
    assert "importer" in made.unused


def test_a_letter_brings_the_form_and_continues_it(world: World) -> None:
    put(world, blank_form(by_number()))
    number = world.record("11")
    made = world.letter(number)
    text = text_of(made.path)
    assert made.notes == () and text.index("OFFICIAL FORM") < text.index("Continuation of CBP Form 3461")
    assert "This is a data sheet" not in text


@pytest.mark.parametrize(("most", "whole"), [(13, True), (11, True), (9, False)])
def test_a_number_is_never_cut_to_the_places_of_its_box(world: World, most: int, whole: bool) -> None:
    writer = PdfWriter(clone_from=PdfReader(io.BytesIO(blank_form(by_number()))))
    for note in writer.pages[0]["/Annots"]:  # type: ignore[union-attr]
        if note["/TU"].startswith("5."):
            note.get_object()[NameObject("/MaxLen")] = NumberObject(most)
    put(world, written(writer))
    made, _ = found(world)
    assert made is not None
    number = world.record("11")
    filled = fill_form(made, cases(world.book, [number])[0])
    text = PdfReader(io.BytesIO(filled.data)).pages[0].extract_text()
    assert filled.complete == whole and number[:9] not in text.replace(number, "")
    assert (number if most == 13 else number.replace("-", "") if whole else official_forms.SEE_SHEET) in text


def test_what_does_not_fit_says_so_and_our_own_boxes_stay(world: World) -> None:
    specs = [(n, w, (x, y, x + 60, y + 12), False) if w.startswith("4.") else (n, w, (x, y, r, t), several)
             for n, w, (x, y, r, t), several in by_number()]  # fmt: skip
    put(world, blank_form(specs))
    text = text_of(world.letter(world.record("11")).path)
    assert official_forms.SEE_SHEET in text and "Data for CBP Form 3461: entry" in text
    assert "1 Main Street, Laredo TX 78040" in text


@pytest.mark.parametrize(
    ("data", "code", "columns"),
    [
        (pdf(), "form-field-not-matched", ["entry_number", "entry_type", "port_of_entry"]),
        (b"%PDF-1.4 nonsense", "document-pdf-unreadable", [""]),
        (locked(pdf()), "document-has-password", [""]),
    ],
)
def test_a_form_that_cannot_be_used_is_told_and_our_sheet_stands_in(
    world: World, data: bytes, code: str, columns: list[str]
) -> None:
    put(world, data)
    made = world.letter(world.record("11"))
    assert [(note.file, note.column, note.code) for note in made.notes] == [
        ("cbp3461.pdf", column, code) for column in columns
    ]
    assert "Data for CBP Form 3461" in text_of(made.path)


def test_the_brokers_own_mapping_counts_and_its_faults_are_named(world: World) -> None:
    specs: list[Spec] = [(f"F{n}", "", (40, 700 - 30 * n, 300, 720 - 30 * n), False) for n in range(4)]
    path = put(world, blank_form(specs)).with_suffix(".csv")
    path.write_text("field,value\nF0,entry_number\nF1,entry_type\nF2,port_of_entry\nF3,importer\n")
    made, _ = found(world)
    assert made is not None and made.where["F3"] == "importer"
    path.write_text("field,value\nF9,entry_number\nF1,driver_birth_date\n")
    made, problems = found(world)
    assert made is None and [(one.row, one.code) for one in problems] == [
        (2, "form-field-unknown"), (3, "form-value-unknown")]  # fmt: skip


def with_boxes(data: bytes, *numbers: str) -> bytes:
    """The form, these fields of it boxes to tick under one name, as radio buttons are."""
    writer = PdfWriter(clone_from=PdfReader(io.BytesIO(data)))
    for place, note in enumerate(writer.pages[0]["/Annots"]):  # type: ignore[arg-type]
        field = note.get_object()
        if field["/TU"].partition(".")[0] in numbers:
            looks = DictionaryObject({NameObject(f"/State{place}"): DictionaryObject()})
            field |= {NameObject("/FT"): NameObject("/Btn"), NameObject("/T"): TextStringObject("Bond"),
                      NameObject("/AP"): DictionaryObject({NameObject("/N"): looks})}  # fmt: skip
            field.pop("/DA")
    return written(writer)


def shown(data: bytes, folder: Path) -> Image.Image:
    """The first page in grey, a point a pixel."""
    (folder / "shown.pdf").write_bytes(data)
    made = ["pdftoppm", "-r", "72", "-gray", "-singlefile", folder / "shown.pdf", folder / "shown"]
    subprocess.run(made, check=True)
    return Image.open(folder / "shown.pgm")


def test_a_box_is_ticked_for_the_code_that_the_brokers_mapping_names(world: World) -> None:
    if not shutil.which("pdftoppm"):
        missing_part("poppler-utils")
    path = put(world, with_boxes(blank_form(by_number()), "2", "6")).with_suffix(".csv")
    path.write_text("field,value,when\nBond=State3,bond_type,8\nBond=State4,bond_type,9\n")
    made, why = found(world)
    assert made is not None and not why and made.unused == ("bond_amount",)
    number = world.record("11", bond_type="9", bond_amount=25_000, surety_code="036")
    page = shown(fill_form(made, cases(world.book, [number])[0]).data, world.folder)
    dark = {}
    for name, box in made.boxes.items():
        left, low, right, high = map(int, box.corners)
        inside = page.crop((left + 2, page.height - high + 2, right - 2, page.height - low - 2))
        dark[name] = min(inside.tobytes()) < 100
    assert dark == {"Bond=State3": False, "Bond=State4": True}
    path.write_text("field,value,when\nBond=State4,bond_type,\nText0,bond_type,8\n")
    made, problems = found(world)
    assert made is None and [(one.row, one.code) for one in problems] == [
        (2, "checkbox-code-missing"), (3, "checkbox-code-on-text-field")]  # fmt: skip


@pytest.mark.parametrize("text", [b"field,value\nF9,entry_number\n", b"Feld;Wert\nF1;entry_number\n", b"\0"])
def test_a_mapping_at_fault_stops_the_form_and_no_letter(world: World, text: bytes) -> None:
    put(world, blank_form(by_number())).with_suffix(".csv").write_bytes(text)
    made = world.letter(world.record("11"))
    assert {note.file for note in made.notes} == {"cbp3461.csv"}
    assert "Data for CBP Form 3461" in text_of(made.path)


def test_the_7501_goes_along_where_the_summary_comes_before_release(world: World) -> None:
    specs: list[Spec] = [("a", "1 Filer code / entry no.", (40, 700, 240, 720), False),
                         ("b", "2 Entry type", (40, 670, 240, 690), False),
                         ("c", "6 Port code", (40, 640, 240, 660), False)]  # fmt: skip
    put(world, blank_form(specs), "cbp7501.pdf")
    plain, quota = (world.record("11"), world.record("11", entry_type="02", filing_route="ae_certified"))
    assert "OFFICIAL FORM" not in text_of(world.letter(plain).path)
    text = text_of(world.letter(quota).path)
    assert "OFFICIAL FORM" in text and "comes before release (19 CFR 142.13(b))" in text


@pytest.mark.parametrize(
    ("text", "wide", "high", "several", "fits"),
    [("AB", 100, 14, False, True), ("A" * 60, 100, 14, False, False), ("A B " * 20, 100, 60, True, True),
     ("A" * 60, 100, 60, True, False), ("A B " * 90, 100, 30, True, False), ("AB", 100, 6, False, False)],
)  # fmt: skip
def test_what_fits(text: str, wide: float, high: float, several: bool, fits: bool) -> None:
    size = fitting_text(text, FormField("f", "", wide, high, several))
    assert (size > 0) == fits and (not size or 6 <= size <= 9)
