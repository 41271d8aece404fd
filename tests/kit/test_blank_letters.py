"""Letters to fill in by hand are in the kit, as files and behind the printed chapters."""

from __future__ import annotations

import io
from pathlib import Path

import pytest
from pypdf import PdfReader, PdfWriter
from pypdf.generic import DictionaryObject, NameObject, TextStringObject

from tasks.core.settings import BrokerSettings
from tasks.core.status_lines import RED
from tasks.incident.letters.blank_letters import official_blank
from tasks.incident.settings import LetterSettings
from tasks.kit.builder import KitBuild
from tasks.kit.paper_pdf import PAPER_KIT_FILE
from tasks.kit.parts import letter_forms
from tasks.kit.status import check_kit
from tasks.workspace import Workspace
from tests.incident.letters.test_official_forms import blank_form, by_number
from tests.incident.paper_world import locked, pdf, written
from tests.kit.conftest import World, made
from tests.kit.test_home_setup import laptop


def printed(kit: KitBuild) -> list[str]:
    return [page.extract_text() for page in PdfReader(kit.folder / PAPER_KIT_FILE).pages]


def put(office: Workspace, name: str, data: bytes) -> Path:
    folder = office.settings.home / "forms"
    folder.mkdir(exist_ok=True)
    path = folder / name
    path.write_bytes(data)
    return path


def test_a_blank_letter_stands_at_the_end_of_the_print_and_as_a_file(world: World) -> None:
    pages = printed(world.kit)
    own = PdfReader(world.kit.folder / "letters" / "downtime-letter.pdf").pages
    assert pages[-len(own) :] == [page.extract_text() for page in own]
    assert "DOWNTIME LETTER" in pages[-2] and "signature, name, license" in pages[-1]
    for page in pages[-2:]:
        assert "Confidential" not in page, "it goes to a port"
    cover = " ".join(pages[0].split())
    assert "A downtime letter to be filled in by hand" in cover and "CBP's forms are not" in cover


def test_cbps_forms_are_printed_empty_and_come_along(office: Workspace, tmp_path: Path) -> None:
    put(office, "cbp3461.pdf", blank_form(by_number()))
    put(office, "cbp3461.csv", b"field,value\n")
    put(office, "cbp7501.pdf", pdf(2, "OFFICIAL 7501"))
    kit = made(office, tmp_path / "kits")
    pages = printed(kit)
    assert "OFFICIAL FORM 1" in pages[-3] and "OFFICIAL 7501 2" in pages[-1]
    assert "DOWNTIME LETTER" in pages[-5] and "CBP Form 3461, empty" in pages[0]
    for folder in ("letters", "home/forms"):
        assert PdfReader(kit.folder / folder / "cbp3461.pdf").get_form_text_fields()
    there = laptop(kit.folder, tmp_path)
    assert {path.name for path in (there.settings.home / "forms").iterdir()} == {
        "cbp3461.pdf", "cbp3461.csv", "cbp7501.pdf"}  # fmt: skip
    put(office, "cbp7501.pdf", pdf(1, "A NEWER EDITION"))
    codes = [line.code for line in check_kit(office, kit.folder) if line.subject == "letters"]
    assert codes == ["kit-part-stale"]


def test_a_setting_that_every_letter_needs_is_a_loud_gap(office: Workspace) -> None:
    assert letter_forms.faults(office) == []
    broker = office.settings(BrokerSettings).model_copy(update={"permit": "", "address": ""})
    bare = office.with_settings(office.settings.model_copy(update={"broker": broker}))
    assert [one.light for one in letter_forms.faults(bare)] == [RED, RED]
    missing = [(fault.code, fault.values["setting"]) for fault in letter_forms.faults(bare)]
    assert missing == [
        ("kit-letter-setting-missing", "permit"), ("kit-letter-setting-missing", "address"),
    ]  # fmt: skip
    assert letter_forms.make(bare).summary != letter_forms.make(office).summary
    assert letter_forms.state(bare) != letter_forms.state(office)


def drawn_by_a_program() -> bytes:
    writer = PdfWriter(clone_from=PdfReader(io.BytesIO(pdf(1, "Please wait"))))
    whole = DictionaryObject({NameObject("/XFA"): TextStringObject("<xdp/>")})
    writer.root_object[NameObject("/AcroForm")] = whole
    return written(writer)


@pytest.mark.parametrize(
    ("data", "code"),
    [(b"no pdf at all", "document-not-a-pdf"), (locked(pdf()), "document-has-password"),
     (drawn_by_a_program(), "form-without-page")],
)  # fmt: skip
def test_a_form_that_cannot_be_printed_is_named(office: Workspace, tmp_path: Path, data: bytes, code: str) -> None:
    put(office, "cbp3461.pdf", data)
    (form,) = official_blank(office.settings.home, office.settings(LetterSettings))
    assert [problem.code for problem in form.problems] == [code]
    (fault,) = letter_forms.faults(office)
    assert (fault.code, fault.values["file"]) == ("kit-form-not-printable", "cbp3461.pdf")
    assert fault.values["problem"] == code
    kit = made(office, tmp_path / "kits")
    assert "DOWNTIME LETTER" in printed(kit)[-2] and "Please wait" not in printed(kit)[-1]
    assert not (kit.folder / "letters" / "cbp3461.pdf").exists()
