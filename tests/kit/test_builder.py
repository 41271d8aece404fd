from __future__ import annotations

import errno
import io
import os
import shutil
from dataclasses import replace
from pathlib import Path

import pandas as pd
import pytest
from pypdf import PdfReader

from tasks.core import clock
from tasks.core.errors import BadInput, NotFetched, Refused
from tasks.core.files import digest_of
from tasks.core.journal.copies import read_copy
from tasks.core.settings import Settings
from tasks.entries.workbook.file_intake import read_entry_files
from tasks.incident.notices.notice_plan import load_notice_plan
from tasks.kit import builder as building, part_list
from tasks.kit.builder import KitBuild, kits_folder
from tasks.kit.events import KitBuilt
from tasks.kit.paper_pdf import PAPER_KIT_FILE
from tasks.kit.part_model import KitFile, KitPart, Provider
from tasks.kit.parts import call_sheet, run_book
from tasks.kit.parts.desk_workbooks import unused_numbers
from tasks.kit.settings import KitSettings
from tasks.security.manifest import MANIFEST_FILE, verify_manifest
from tasks.security.people import add_person, enroll_person
from tasks.workspace import Workspace
from tests.conftest import missing_part
from tests.errors import refused
from tests.incident.letters.test_letter_page import check
from tests.kit.conftest import LONG, World, known, made


def text_of(kit: KitBuild) -> str:
    pages = PdfReader(kit.folder / PAPER_KIT_FILE).pages
    return "\n".join(page.extract_text() for page in pages)


def test_it_holds_what_it_promises(world: World) -> None:
    office, kit = world.office, world.kit
    names = {path.relative_to(kit.folder).as_posix() for path in kit.folder.rglob("*")}
    assert {"READ-ME-FIRST.txt", "manifest.json", "kit.json", "paper/print-this.pdf",
            "home/continuity.toml", "journal/journal.jsonl", "workbooks/truck.xlsx",
            "history/hts-history.xlsx", "clients/bonds-and-powers.xlsx"} <= names  # fmt: skip
    assert verify_manifest(kit.folder) == []
    assert kit.sealed is not None and kit.sealed.is_file()
    (event,) = office.journal.events(kind="kit.built")
    said = event.said
    assert isinstance(said, KitBuilt)
    assert said.facts == building.read_facts(kit.folder) and said.facts.numbers == 9
    assert said.manifest == digest_of(kit.folder / MANIFEST_FILE)
    assert said.sealed == digest_of(kit.sealed)
    assert len(read_copy(kit.folder / "journal")) == said.facts.head_seq == event.seq - 1


def test_a_desk_can_work_with_its_workbook(world: World) -> None:
    kit, held = world.kit, unused_numbers(world.office)
    for desk, numbers in held.items():
        (intake,) = read_entry_files([kit.folder / "workbooks" / f"{desk}.xlsx"])
        assert list(intake.unused) == numbers and intake.desk == desk
    shown = text_of(kit)
    assert all(number in shown for numbers in held.values() for number in numbers)


def test_the_history_is_dated_and_by_client(world: World) -> None:
    path = world.kit.folder / "history" / "hts-history.xlsx"
    top = pd.read_excel(path, header=None, nrows=1, engine="calamine").iloc[0, 0]
    assert "up to 2026-11-24" in str(top)
    rows = pd.read_excel(path, header=1, dtype=str, engine="calamine")
    assert list(rows["Importer"]) == [f"{LONG} {n}" for n in range(3)]
    assert list(rows["AD cases"]) == [f"A570{123_000 + n}" for n in range(3)]


def test_agencies_stand_in_it_by_client(office: Workspace, tmp_path: Path) -> None:
    from tasks.incident.agencies.flag_tables import HISTORY, load_table
    from tasks.kit.status import check_kit
    from tests.entries import house as desks, legal

    path = tmp_path / "pga.csv"
    path.write_text("client,hts,agency,program\nAcme Foods,0306.17.0004,FDA,FOO\n")
    book = desks.book_of(office.settings, office.journal)
    load_table(book, HISTORY, path, legal.TODAY, "ACE report", "it")
    kit = made(office, tmp_path / "kits")
    rows = pd.read_excel(kit.folder / "agencies" / "pga-matrix.xlsx", header=1, dtype=str,
                         engine="calamine")  # fmt: skip
    assert list(rows["client"]) == ["Acme Foods"] and list(rows["agency"]) == ["FDA"]
    assert "What agencies want" in text_of(kit) and "Acme Foods" in text_of(kit)
    path.write_text("client,hts,agency,program\nAcme Foods,0306.17.0004,NMF,SIM\n")
    load_table(book, HISTORY, path, legal.TODAY, "ACE report", "it")
    lines = {(line.code, line.subject) for line in check_kit(office, kit.folder)}
    assert ("kit-part-stale", "agencies") in lines


def test_the_print_says_how_to_trust_it_and_keeps_the_key_out(world: World) -> None:
    kit = world.kit
    shown = text_of(kit)
    assert kit.facts.head[:20] in shown and "--signed-by" in shown
    assert "cbpsoc@cbp.dhs.gov" in shown and "Call only these numbers" in shown
    for title in ("Run-book", "Whom to call", "Entry numbers of the desk truck", "Bonds and powers of attorney",
                  "HTS numbers that call", "Restoring from the backups"):  # fmt: skip
        assert title in shown
    assert "never shown" in shown, "clients of the history without a power of attorney"


def test_the_first_call_can_be_made_from_paper(world: World) -> None:
    shown = " ".join(text_of(world.kit).split())
    assert "First call: what to say" in shown and "within 72 hours of its discovery" in shown
    for label in ("Breach discovered", "Cause, as far as known", "Indicators of compromise",
                  "Who was called", "Reference given"):  # fmt: skip
        assert label in shown, label
    assert "filer code ABC, licence 12345" in shown and "JO HARBOR, 5625550100" in shown


def test_a_plan_without_a_call_sheet_makes_none(office: Workspace) -> None:
    shipped = load_notice_plan(office.settings.home)
    own = replace(shipped, notices={k: v for k, v in shipped.notices.items() if k != "call-sheet"})
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(call_sheet, "load_notice_plan", lambda _: own)
        part = call_sheet.make(office)
        assert not part.pages and call_sheet.state(office)
    assert call_sheet.make(office).pages


def test_no_secret_is_in_it(office: Workspace, tmp_path: Path) -> None:
    home = office.settings.home
    add_person(office.journal, "ada", "Ada Vance", "12345", ["approver"], "it")
    enroll_person(office.journal, home, "ada", "it")
    kit = made(office, tmp_path / "kits")
    secrets = [path.read_bytes() for path in (home / "keys").rglob("*") if path.is_file()]
    assert len(secrets) >= 3
    files = [path for path in (tmp_path / "kits").rglob("*") if path.is_file()]
    for path in files:
        assert not any(secret in path.read_bytes() for secret in secrets), path
    assert kit.sealed is not None
    assert b"print-this" not in kit.sealed.read_bytes()


def test_a_part_that_fails_leaves_no_kit(office: Workspace, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(_: Workspace) -> KitPart:
        raise BadInput("no contacts")

    bad = Provider("contacts", fail, lambda _: "", "")
    monkeypatch.setattr(building, "providers", lambda: (*part_list.providers(), bad))
    with pytest.raises(BadInput, match="no contacts"):
        made(office, tmp_path / "kits")
    assert list((tmp_path / "kits").iterdir()) == []
    assert not list(office.journal.events(kind="kit.built"))


@pytest.mark.parametrize("name", ["../evil", "/etc/passwd", "C:/evil", "workbooks/TRUCK.xlsx"])
def test_a_name_that_leads_outside_or_stands_twice_is_refused(
    office: Workspace, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    part = KitPart("", [KitFile(name, b"x")])
    bad = Provider("bad", lambda _: part, lambda _: "", "")
    monkeypatch.setattr(building, "providers", lambda: (*part_list.providers(), bad))
    with refused("kit-part-not-writable", BadInput) as caught:
        made(office, tmp_path / "kits")
    assert caught.codes == ["kit-file-name-invalid"]


def with_keep(settings: Settings, keep: int) -> Settings:
    return settings.model_copy(update={"kit": settings(KitSettings).model_copy(update={"keep": keep})})


def test_what_a_crash_left_is_swept_and_the_newest_are_kept(office: Workspace) -> None:
    kits = kits_folder(office.settings)
    office = Workspace(with_keep(office.settings, 1), journal=office.journal)
    left = kits / ".kit-ABC-20260101T0000Z.part"
    left.mkdir(parents=True)
    (left / "half").write_text("x")
    names = [made(office, None).facts.name for _ in range(office.settings(KitSettings).keep)]
    last = made(office, None)
    assert last.removed == (names[0],)
    there = {path.name for path in kits.iterdir()}
    assert there == {one + end for one in (*names[1:], last.facts.name) for end in ("", ".sealed")}


def test_without_an_index_no_kit_is_made(office: Workspace, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from tasks.kit import program_wheel

    own = tmp_path / "own.whl"
    own.write_bytes(b"x")
    monkeypatch.setattr(program_wheel, "find_wheel", lambda *_: own)
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    with refused("kit-programs-not-fetched", NotFetched):
        made(office, tmp_path / "kits", wheels=True)
    assert list((tmp_path / "kits").iterdir()) == []


def test_the_brokers_own_run_book_takes_the_place_of_ours(office: Workspace, tmp_path: Path) -> None:
    own = office.settings.home / run_book.FILE
    own.write_text('title = "Ours"\n[[chapter]]\ntitle = "First"\nsteps = ["Call Ömer."]\n', "utf-8")
    kit = made(office, tmp_path / "kits")
    assert "Call Ömer." in text_of(kit) and "Switch nothing back on" not in text_of(kit)
    assert (kit.folder / "home" / run_book.FILE).read_bytes() == own.read_bytes()
    own.write_text('title = "Ours"\n[[chapter]]\ntitle = "First"\n[[chapter]]\nsteps = [1]\n')
    with pytest.raises(BadInput) as told:
        made(office, tmp_path / "more")
    assert len(told.value.problems) == 2


def test_two_hundred_lines_and_one_stay_on_their_pages(office: Workspace, tmp_path: Path) -> None:
    if not shutil.which("pdftotext"):
        missing_part("poppler-utils")
    from tasks.entries.record.trade_history import load_history
    from tests.entries import house as desks, legal
    from tests.entries.desk_cells import read_report

    rows = read_report(known(tmp_path, 200))
    load_history(office.journal, office.content, "it", ("report.csv", rows, legal.TODAY))
    desks.issue(office.journal, office.settings, "air", 200)
    desks.issue(office.journal, office.settings, "rail", 1)
    kit = made(office, tmp_path / "kits")
    reader = PdfReader(kit.folder / PAPER_KIT_FILE)
    assert check(kit.folder / PAPER_KIT_FILE) == len(reader.pages) > 12
    shown = text_of(kit)
    assert all(number in shown for number in unused_numbers(office)["air"])


def test_drill_kits_say_so_everywhere(tmp_path: Path) -> None:
    from tasks import opening
    from tests.conftest import SETTINGS

    settings = opening.make_home(tmp_path / "drill", SETTINGS, "it", drill=True)
    office = Workspace(settings)
    kit = made(office, tmp_path / "kits")
    office.journal.close()
    assert kit.folder.name.startswith("DRILL-") and kit.facts.drill
    assert "DRILL" in (kit.folder / "READ-ME-FIRST.txt").read_text()
    first = PdfReader(io.BytesIO((kit.folder / PAPER_KIT_FILE).read_bytes())).pages[0].extract_text()
    assert "DRILL" in first


def test_the_facts_are_those_of_their_moment(office: Workspace, tmp_path: Path) -> None:
    with clock.held(clock.parse("2026-11-24T08:03:00.000000Z")):
        kit = made(office, tmp_path / "kits")
    assert kit.folder.name == "kit-ABC-20261124T0803Z"
    assert kit.facts.made == "2026-11-24T08:03:00.000000Z"


def test_a_full_stick_leaves_no_kit_and_says_so(world: World, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(folder: Path, path: Path, to: object) -> str:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(building, "seal_kit", full)
    head = world.office.journal.head()
    with refused("kit-not-written", Refused):
        made(world.office, tmp_path / "stick")
    assert not list((tmp_path / "stick").iterdir()) and world.office.journal.head() == head
