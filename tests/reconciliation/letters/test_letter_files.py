"""The letters that are due: each importer, surety and port, the Form 5106 sheets, today's tasks."""

from __future__ import annotations

import io
import json
from collections.abc import Iterator
from datetime import date, timedelta
from pathlib import Path

import pandas as pd
import pytest
from pypdf import PdfReader

from tasks.core import clock
from tasks.core.errors import BadInput, Refused
from tasks.core.journal.verification import verify_journal
from tasks.core.settings import BrokerSettings
from tasks.reconciliation.decisions.rule_table import NextStep
from tasks.reconciliation.events import BondConfirmed, PaperWritten
from tasks.reconciliation.letters import letter_layout as words
from tasks.reconciliation.letters.letter_files import drafts, write_letter_files
from tasks.reconciliation.letters.letter_layout import CorrespondenceDraft, file_name, render_letter
from tasks.security.manifest import verify_manifest
from tests.ace import made_summary
from tests.entries.house import SSN
from tests.errors import refused
from tests.reconciliation.ace_exchange import World, open_world, record_summaries, today
from tests.reconciliation.broker_office import Office

OTHER = "98-765432100"


@pytest.fixture
def world(office: Office, tmp_path: Path) -> Iterator[World]:
    made = open_world(office, tmp_path / "ace")
    yield made
    made.ace.close()


def of_kind(world: World, kind: str) -> list[CorrespondenceDraft]:
    return list(drafts(world.house, today(), (kind,)))


def release(world: World, numbers: list[str], day: date = made_summary.RELEASED) -> None:
    for number in numbers:
        world.ace.seed_paper_release(number, day)


def text_of(draft: CorrespondenceDraft, world: World) -> tuple[str, int]:
    broker = world.house.settings(BrokerSettings)
    data = render_letter(draft, broker, clock.now(), "2026-11-25", drill=False)
    reader = PdfReader(io.BytesIO(data))
    return "\n".join(page.extract_text() for page in reader.pages), len(reader.pages)


def known(world: World, *numbers: str) -> None:
    for place, number in enumerate(numbers):
        world.ace.seed_importer(number)
        world.ace.seed_bond(f"12345678{place}", number, "036")


def test_an_unknown_importer_holds_its_entries_and_gets_a_sheet(world: World) -> None:
    known(world, OTHER)
    numbers = record_summaries(world, ["01", "23"], importer_address="1 MAIN ST, LAREDO TX")
    world.run()
    assert set(world.steps().values()) == {str(NextStep.FORM)}
    (sheet,) = of_kind(world, words.FORMS)
    assert sheet.numbers == tuple(numbers)
    assert "unknown in ACE" in sheet.subject
    rows = {row[1]: row[2:] for row in sheet.rows}
    assert rows["Name of the company or person"] == ("HARBOR IMPORTS", "please check")
    assert rows["Telephone"] == ("", "MISSING")
    text, pages = text_of(sheet, world)
    assert pages == 1
    assert made_summary.IMPORTER in text and "1 MAIN ST" in text
    world.ace.seed_importer(made_summary.IMPORTER)
    world.run()
    assert set(world.steps().values()) == {str(NextStep.PERSON)}, "no bond yet"
    world.ace.seed_bond("123456799", made_summary.IMPORTER, "036")
    release(world, numbers)
    world.run()
    assert set(world.steps().values()) == {str(NextStep.SETTLE)}
    assert not of_kind(world, words.FORMS)


def test_an_inactive_consignee_gets_a_sheet_of_its_own(world: World) -> None:
    known(world, made_summary.IMPORTER)
    world.ace.seed_importer(OTHER, status="inactive")
    (number,) = record_summaries(world, ["01"], consignee_number=OTHER)
    world.run()
    assert world.steps()[number] == NextStep.FORM
    (sheet,) = of_kind(world, words.FORMS)
    assert OTHER in sheet.to
    assert "inactive" in sheet.subject
    rows = {row[1][:6]: row[2] for row in sheet.rows}
    assert rows["What t"] == "consignee"
    assert rows["Name o"] == ""


def test_one_person_with_a_social_security_number_gets_one_sheet_without_it(world: World) -> None:
    known(world, OTHER)
    values = {"importer_type": "34", "importer_number": SSN, "consignee_number": SSN}
    numbers = record_summaries(world, ["01", "23"], importer_name="JO DOE", **values)
    world.run()
    (sheet,) = of_kind(world, words.FORMS)
    assert sheet.numbers == tuple(numbers)
    text, _ = text_of(sheet, world)
    assert SSN not in text and "~" not in text and "***-**-****" in text


def test_each_importer_is_asked_for_what_is_missing_by_the_due_day(world: World) -> None:
    late = record_summaries(world, ["01"], state_of_destination=None,
                            release_date=today() - timedelta(days=40))  # fmt: skip
    soon = record_summaries(world, ["01", "23"], state_of_destination=None, release_date=today())
    other = record_summaries(world, ["01"], state_of_destination=None, importer_number=OTHER,
                             importer_name="ZED & SONS", release_date=today())  # fmt: skip
    record_summaries(world, ["01"])
    first, second = of_kind(world, words.IMPORTERS)
    assert first.numbers == (*late, *soon) and second.numbers == tuple(other)
    assert [row[0] for row in first.rows] == [*late, *soon]
    assert first.rows[0][2].endswith("LATE")
    assert first.rows[0][3] == "State of destination"
    assert "1 of them are overdue" in " ".join(first.text)
    assert not second.rows[0][2].endswith("LATE")
    assert second.to[0] == "ZED & SONS"


def test_a_surety_gets_the_list_of_its_bonds_until_they_are_confirmed(world: World, tmp_path: Path) -> None:
    bond = {"bond_type": "9", "bond_amount": 25_000, "surety_code": "036"}
    one, two = record_summaries(world, ["01", "23"], **bond)
    (other,) = record_summaries(world, ["01"], **bond | {"surety_code": "777"})
    first, second = of_kind(world, words.SURETIES)
    assert (first.numbers, second.numbers) == ((one, two), (other,))
    assert first.rows[0][4] == "25,000" and "50,000" in first.after[0]
    body = BondConfirmed(number=one, proof=world.house.content.put(b"notice"))
    world.house.journal.append(body, f"entry/{one}", "bo")
    made = write_letter_files(world.house, tmp_path / "letters", "bo", [words.SURETIES])
    assert [letter.entries for letter in made] == [1, 1]
    sheet = pd.read_excel(tmp_path / "letters" / "sureties" / "surety-036.xlsx", engine="calamine")
    assert sheet["Entry"].tolist() == [two]


def test_a_port_is_asked_to_post_the_stamped_date(world: World) -> None:
    numbers = record_summaries(world, ["01"], stamped_copy="stamp-1.pdf", officer="BADGE 17")
    release(world, numbers, made_summary.RELEASED + timedelta(days=1))
    world.run()
    assert world.steps()[numbers[0]] == NextStep.DATE
    (letter,) = of_kind(world, words.PORTS)
    assert letter.numbers == tuple(numbers)
    row = letter.rows[0]
    assert row[2:4] == ("2026-11-20", "2026-11-21")
    assert row[5] == "BADGE 17; stamp-1.pdf"
    assert "Port 3801 DETROIT" in text_of(letter, world)[0]


def test_goods_that_ace_holds_are_a_task_for_today(world: World) -> None:
    numbers = record_summaries(world, ["01"], stamped_copy="stamp-1.pdf")
    world.ace.expect(numbers[0], "documents")
    world.run()
    assert world.steps()[numbers[0]] == NextStep.TASK
    client, port = of_kind(world, words.TODAY)
    assert "keep these goods" in client.subject and client.to[0] == "HARBOR IMPORTS"
    assert "stamped copies" in port.subject
    assert port.rows[0][2] and port.rows[0][3] == "stamp-1.pdf"
    assert not of_kind(world, words.PORTS)


def test_letters_are_written_with_manifest_and_event_once_a_day(world: World, tmp_path: Path) -> None:
    record_summaries(world, ["01"], state_of_destination=None)
    house = world.house
    with refused("letter-kind-unknown", BadInput):
        write_letter_files(house, tmp_path / "x", "bo", ["notes"])
    (letter,) = write_letter_files(house, tmp_path / "a", "bo")
    assert letter.path.parent.name == words.IMPORTERS
    assert verify_manifest(tmp_path / "a") == []
    write_letter_files(house, tmp_path / "b", "bo")
    (event,) = house.journal.events(kind="paper.written")
    assert isinstance(event.said, PaperWritten)
    assert event.said.addressee == "HARBOR IMPORTS"
    assert house.content.get(event.said.content)[:5] == b"%PDF-"
    assert verify_journal(house.journal, house.content).ok
    with refused("status-letter-folder-not-empty", Refused):
        write_letter_files(house, tmp_path / "a", "bo")


def test_nothing_due_writes_nothing(world: World, tmp_path: Path) -> None:
    assert write_letter_files(world.house, tmp_path / "none", "bo") == []
    assert not (tmp_path / "none").exists()


@pytest.mark.parametrize(
    ("name", "wanted"),
    [("Zoë & Söhne / Köln", "zoe-sohne-koln"), ("../../etc", "etc"), ("***", "unnamed"),
     ("台灣工具", "taiwangongju"), ("A" * 90, "a" * 40)],
)  # fmt: skip
def test_names_of_files_are_plain(name: str, wanted: str) -> None:
    assert file_name(name) == wanted


def test_the_command_lists_what_it_wrote(continuity, office: Office, tmp_path: Path) -> None:  # type: ignore[no-untyped-def]
    world = open_world(office, tmp_path / "ace")
    record_summaries(world, ["01"], state_of_destination=None)
    code, out, _ = continuity("reconcile", "letters", "--out", str(tmp_path / "l"), "--json")
    (row,) = json.loads(out)
    assert code == 0 and row["kind"] == words.IMPORTERS and Path(row["file"]).is_file()
    world.ace.close()
