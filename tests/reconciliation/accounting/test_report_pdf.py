from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from pypdf import PdfReader

from tasks.core import clock
from tasks.core.content import ContentStore
from tasks.core.errors import BadInput, NotApproved
from tasks.core.journal.bodies import body_types
from tasks.core.journal.journal import Journal
from tasks.core.settings import Settings
from tasks.entries.events import NumbersIssued, NumbersReserved, NumbersVoided
from tasks.incident.after_release.release_events import DiscretionGranted, DiscretionRelied
from tasks.incident.events import (
    Attached,
    IncidentDowntimeAuthorised,
    IncidentDowntimeRefused,
    WorkClosed,
    WorkLine,
    WorkTaken,
)
from tasks.opening import make_home, open_journal
from tasks.reconciliation.accounting import actor_activity, audit_tables, downtime_letters
from tasks.reconciliation.accounting.actor_activity import activity_lines
from tasks.reconciliation.accounting.audit_tables import AUTHORIZATION_SCHEMA
from tasks.reconciliation.accounting.report_data import AccountingReport, build_report
from tasks.reconciliation.accounting.report_pdf import write_report_files
from tasks.reconciliation.accounting.report_rows import MASK
from tasks.reconciliation.accounting.report_workbook import _sheets
from tasks.reconciliation.accounting.sign_off import sign_final_accounting
from tasks.security.approvals import grant_approval, waiting_approvals
from tasks.security.manifest import verify_manifest
from tests.conftest import SETTINGS
from tests.errors import refused
from tests.reconciliation.accounting.test_number_account import NUMBERS, block, tell as tell_account
from tests.reconciliation.broker_office import Office
from tests.reconciliation.reports import report_of, texts, used
from tests.reconciliation.sample_outage import IMPORTERS, REFERENCE, SSN, Outage, answer, said, tell


def everything(folder: Path) -> str:
    """All that can be read in the files of a report."""
    import pandas as pd

    pages = PdfReader(folder / "accounting-2026-01.pdf").pages
    sheets = pd.read_excel(folder / "accounting-2026-01.xlsx", sheet_name=None, engine="calamine")
    parts = [page.extract_text() for page in pages]
    parts += [sheet.to_string() for sheet in sheets.values()]
    parts.append(str(pq.read_table(folder / "accounting-2026-01.parquet").to_pylist()))
    return "\n".join(parts)


def test_the_folder_is_signed_and_tied_to_the_book(
    report: AccountingReport, outage: Outage, house: Settings, tmp_path: Path
) -> None:
    paths = write_report_files(report, tmp_path / "out", house.home)
    assert [path.name for path in paths] == [
        "accounting-2026-01.pdf", "accounting-2026-01.xlsx", "accounting-2026-01.parquet",
        "manifest.json"]  # fmt: skip
    assert verify_manifest(tmp_path / "out") == []
    said_ = pq.read_schema(paths[2]).metadata
    head = outage.journal.head()
    assert said_[b"head_digest"].decode() == head.digest == report.head.digest
    assert pq.read_table(paths[2]).num_rows == 24
    count = len(PdfReader(paths[0]).pages)
    for place, page in enumerate(PdfReader(paths[0]).pages, start=1):
        text = page.extract_text()
        assert head.digest in text and f"page {place} of {count}" in text
        assert "Harbor & Vance Customs Brokers · filer ABC · licence 12345" in text
        assert "DRAFT, not signed" in text and "DRILL" not in text
    paths[1].write_bytes(b"another")
    (fault,) = verify_manifest(tmp_path / "out")
    assert fault.file == "accounting-2026-01.xlsx"


def test_nothing_private_leaves_the_house(report: AccountingReport, house: Settings, tmp_path: Path) -> None:
    write_report_files(report, tmp_path, house.home)
    text = everything(tmp_path)
    for private in (REFERENCE, SSN, "1980-02-29"):
        assert private not in text
    assert MASK in text and IMPORTERS[1][1].split()[1] in text


def test_a_drill_is_marked_on_every_page_and_sheet(tmp_path: Path) -> None:
    import openpyxl

    house = make_home(tmp_path / "home", SETTINGS, "tests", drill=True)
    book = open_journal(house)
    outage = Outage(book, ContentStore(house.content_path), 20)
    tell(outage)
    write_report_files(report_of(outage, house), tmp_path, house.home)
    pages = PdfReader(tmp_path / "accounting-2026-01.pdf").pages
    assert len(pages) > 4 and all("DRILL" in page.extract_text() for page in pages)
    workbook = openpyxl.load_workbook(tmp_path / "accounting-2026-01.xlsx")
    assert all("DRILL" in sheet["A1"].value for sheet in workbook)
    assert verify_manifest(tmp_path) == []
    book.close()


def test_one_page_answers_the_auditor(report: AccountingReport) -> None:
    pages = texts(report)
    (place,) = (n for n, page in enumerate(pages) if "For the auditor" in page)
    assert "Differences and mishaps" in pages[place + 1]
    page = " ".join(pages[place].split())
    assert "Ada Vänce-Łodz, licence 12345, 2026-11-14T15:00Z: send-batches" in page
    assert "CBP's authorisation and its dates not recorded" in page
    assert "nothing in this report rests on discretion" in page
    assert "15 of 16" not in page and "13 of 14 entries" in page and "MISSING for 1" in page
    assert "holds: numbers accepted in two batches of one message: 0" in page
    assert "different for 2 (ABC-9000001-1, ABC-9000011-0)" in page
    assert "CBP's own flag says late for 2; it and this count disagree for 0" in page
    assert "FAILS" not in page and "desk1 (not on the list of persons): 16 entries of 4 importers" in page


def test_cbps_leave_and_discretion_are_told_with_reference_ports_and_days(outage: Outage, house: Settings) -> None:
    own, others = outage.of("keyed")[0], "ABC-1111111-7"
    leave = Attached(name="leave.pdf", content="ab" * 32, size=9)
    bodies = [
        IncidentDowntimeAuthorised(incident="2026-01", happened="2026-11-09T14:00:00.000000Z",
                                         reference="HQ-117", ports=("2304",), until="2026-11-20",
                                         attached=(leave,)),
        IncidentDowntimeRefused(incident="2026-01", happened="2026-11-15T14:00:00.000000Z",
                                      reference="HQ-119"),
        DiscretionGranted(reference="D-7", first="2026-11-09", last="2026-11-30", reason="cyber incident",
                                acts=["late-summary"], proof="cd" * 32),
        *(DiscretionRelied(number=number, reference="D-7", act="late-summary", content="")
          for number in (own, others)),
    ]  # fmt: skip
    for body in bodies:
        number = getattr(body, "number", "")
        outage.journal.append(body, f"entry/{number}" if number else "incident/2026-01", "bo")
    report_ = report_of(outage, house)
    page = " ".join(next(one for one in texts(report_) if "For the auditor" in one).split())
    assert "downtime authorised: HQ-117; of 2026-11-09T14:00Z; ports 2304; until 2026-11-20" in page
    assert "proof leave.pdf, SHA-256 abababababab" in page
    assert "downtime refused or ended: HQ-119; of 2026-11-15T14:00Z; all ports" in page
    assert "D-7: late-summary, 2026-11-09 to 2026-11-30; cyber incident" in page
    assert f"2 reliance(s): {own}, {others}" in page
    importer = next(row["importer_number"] for row in report_.numbers.to_pylist() if row["number"] == own)
    client = report_of(outage, house, importer)
    assert own in str(client.discretion) and others not in str(client.discretion), "another client's"


def test_a_crowded_auditor_page_stays_one_page(report: AccountingReport) -> None:
    crowd = [{**row, "actor": f"{row['actor']} {n}"} for n in range(9)
             for row in report.activities.to_pylist()]  # fmt: skip
    many = report.approvals.to_pylist() * 9
    letters = pa.Table.from_pylist(
        [{"letter": f"DL-{n:05d}", "what": downtime_letters.ISSUED, "day": report.made_at[:10], "port": "2704",
          "entries": 2, "numbers": f"A-{n} B-{n}", "signer": f"Signer {n % 40}", "licence": "12345",
          "said": "", "at": report.made_at, "actor": "bo"} for n in range(900)],
        report.letters.schema)  # fmt: skip
    many_words = pa.Table.from_pylist(
        [{"kind": kind, "subject": f"entry/{number}", "at": report.made_at, "actor": "bo", "said": "said " * 20}
         for number in NUMBERS * 9 for kind in (audit_tables.GRANTED, audit_tables.RELIED)],
        AUTHORIZATION_SCHEMA)  # fmt: skip
    crowded = replace(
        report, activities=pa.Table.from_pylist(crowd, report.activities.schema), letters=letters,
        approvals=pa.Table.from_pylist(
            [{**row, "what": "ACE batches " * 30} for row in many], report.approvals.schema),
        unstamped=tuple(NUMBERS * 200), authorizations=many_words, discretion=many_words,
    )  # fmt: skip
    pages = texts(crowded)
    (place,) = (n for n, page in enumerate(pages) if "For the auditor" in page)
    assert "Differences and mishaps" in pages[place + 1]
    page = " ".join(pages[place].split())
    assert "900 letter(s) for 1,800 entries to 1 port(s)" in page
    assert "and 894 before these: sheet Letters" in page
    assert "and 39 before these: sheet Approvals" in pages[place]


def test_who_approves_a_plan_has_its_entries_before_her(report: AccountingReport) -> None:
    (ada,) = (row for row in report.activities.to_pylist()
              if (row["actor"], row["kind"]) == ("ada", "approval.granted"))  # fmt: skip
    assert (ada["events"], ada["entries"]) == (5, 8)


def test_who_saw_whose_data_is_told_in_words(report: AccountingReport) -> None:
    said = activity_lines(report.activities)
    (ada,) = (line for line in said if line.startswith("Ada"))
    assert ada.startswith("Ada Vänce-Łodz (ada, approver, licence 12345): ")
    assert "plans approved 5, entries settled 2" in ada and "approval.granted" not in str(said)
    assert any(line.startswith("Bo Harbor (bo, preparer, no licence): ") for line in said)
    (truck, *_) = (line for line in said if "not on the list of persons" in line)
    assert " of " in truck and "importers, 20" in truck
    sheet = next(table for name, table in _sheets(report) if name == "Who did what")
    assert {"kind", "act", "licence", "roles"} <= set(sheet.column_names)


def test_every_kind_of_event_has_its_words() -> None:
    assert [name for name in body_types() if actor_activity.act(name) == name] == []


def test_one_client_sees_only_its_own(outage: Outage, house: Settings, tmp_path: Path) -> None:
    number, name = IMPORTERS[0]
    own = report_of(outage, house, number)
    assert set(own.numbers["importer_number"].to_pylist()) == {number}
    assert own.ports["in all"].to_pylist() == [own.numbers.num_rows] or len(own.ports) > 1
    write_report_files(own, tmp_path, house.home)
    text = everything(tmp_path)
    assert name in text and f"for {name}" in text
    for other, other_name in IMPORTERS[1:]:
        assert other not in text and other_name.split()[0] not in text
    person = report_of(outage, house, IMPORTERS[1][1])
    assert set(person.numbers["importer_number"].to_pylist()) == {MASK}
    for nobody in ("99-9999999", MASK):
        with refused("importer-without-entries", BadInput):
            report_of(outage, house, nobody)


def test_open_work_is_accounted_for_too(outage: Outage, house: Settings, tmp_path: Path) -> None:
    """What was open at hour zero, who ended it how, and what is open; one client sees its own."""
    (number, name), (_, other) = IMPORTERS[0], IMPORTERS[1]
    items = [
        WorkLine(item="s-1", work="summary due", reference="XXX-0000001-1", importer=name,
                       importer_number=number, due="2026-11-25", amount="1200.50"),
        WorkLine(item="i-1", work="in-bond open", reference="123456786", importer=other,
                       importer_number=REFERENCE, starts="2026-11-01"),
    ]  # fmt: skip
    taken = WorkTaken(incident="2026-01", file="open.csv", source="0" * 64,
                            as_of="2026-11-23T04:00:00Z", items=items)  # fmt: skip
    outage.journal.append(taken, "incident/2026-01", "mlopez")
    paper = Attached(name="arrival.pdf", content="ab" * 32, size=9)
    done = WorkClosed(incident="2026-01", items=["i-1"], how="arrived", attached=(paper,),
                            happened="2026-11-24T10:00:00Z", reference="7512")  # fmt: skip
    outage.journal.append(done, "incident/2026-01", "dchen")
    report = report_of(outage, house)
    by_reference = {row["reference"]: row for row in report.work.to_pylist()}
    assert by_reference["XXX-0000001-1"]["ended"] == "open"
    arrived = by_reference["123456786"]
    assert (arrived["ended"], arrived["by"]) == ("arrived", "dchen")
    assert arrived["shown_by"] == "7512; arrival.pdf (abababababab)"
    assert arrived["importer_number"] == MASK
    figures = {row["what"]: row["figure"] for row in report.figures()}
    assert figures["open at hour zero"] == "2" and figures["of this work still open"] == "1"
    write_report_files(report, tmp_path / "all", house.home)
    assert "arrival.pdf" in everything(tmp_path / "all")
    own = report_of(outage, house, number)
    assert own.work["reference"].to_pylist() == ["XXX-0000001-1"]
    write_report_files(own, tmp_path / "own", house.home)
    assert "123456786" not in everything(tmp_path / "own")


def test_the_same_book_gives_the_same_files(outage: Outage, house: Settings, tmp_path: Path) -> None:
    for folder in ("a", "b"):
        write_report_files(report_of(outage, house), tmp_path / folder, house.home)
    for name in ("accounting-2026-01.pdf", "accounting-2026-01.xlsx", "accounting-2026-01.parquet"):
        assert (tmp_path / "a" / name).read_bytes() == (tmp_path / "b" / name).read_bytes(), name


def test_too_many_for_paper_stand_in_the_workbook(journal: Journal, content: ContentStore, house: Settings) -> None:
    tell_account(journal, [NumbersReserved(**block(1, 5002), range_check="x"),
                           NumbersIssued(**block(1, 5001), desk="truck", port="2304")])  # fmt: skip
    found = build_report(journal, content, house)
    pages = texts(found)
    assert len(pages) < 8 and "5,001 numbers are more than a paper can usefully list" in pages[-1]
    assert any("UNACCOUNTED at truck: 5,001 number(s)" in page for page in pages)


@pytest.mark.parametrize("name", ["", "../x", "A", "a b", "a" * 80])
def test_an_incident_must_have_a_name_for_a_file(
    journal: Journal, content: ContentStore, house: Settings, name: str
) -> None:
    with refused("incident-name-invalid", BadInput):
        build_report(journal, content, house, name)


def test_an_empty_book_makes_a_report_too(
    journal: Journal, content: ContentStore, house: Settings, tmp_path: Path
) -> None:
    found = build_report(journal, content, house)
    write_report_files(found, tmp_path, house.home)
    assert found.numbers.num_rows == 0 and found.figures()[0]["figure"] == "0"
    assert "nobody has approved anything" in "".join(texts(found))
    assert "no incident" in texts(found)[0] and "incident current" not in "".join(texts(found))


def test_a_broken_chain_fails_its_proof(outage: Outage, house: Settings) -> None:
    import sqlite3

    with sqlite3.connect(house.home / "journal.sqlite") as raw:
        for (name,) in raw.execute("SELECT name FROM sqlite_master WHERE type = 'trigger'").fetchall():
            raw.execute(f"DROP TRIGGER {name}")
        raw.execute("UPDATE events SET actor = 'eve' WHERE seq = 3")
    failed = [one for one in report_of(outage, house).proofs if not one.holds]
    assert [one.what for one in failed] == ["the chain of the book, each digest computed anew"]
    assert "FAILS: the chain of the book" in texts(report_of(outage, house))[0]


def test_a_number_accepted_twice_fails_its_proof(outage: Outage, house: Settings) -> None:
    """The tables forbid it; answers that tell of it all the same must show."""
    number = outage.of("rejected once")[0]
    outage.say(24, answer("SX", "release", "SE2", [said(number, "accepted")]))
    failed = [one.what for one in report_of(outage, house).proofs if not one.holds]
    assert failed == ["numbers accepted in two batches of one message"]


def test_a_signature_is_told_with_its_licence(office: Office, tmp_path: Path) -> None:
    from tests.entries import house as desks

    desks.issue(office.journal, office.settings, "truck", 1)
    number = used(office)
    office.journal.append(NumbersVoided(numbers=number, reason="r", persons=["a", "b"]),
                          "x", "bo")  # fmt: skip
    content = office.book.content
    with pytest.raises(NotApproved):
        sign_final_accounting(office.journal, content, office.settings, "bo")
    (asked,) = waiting_approvals(office.journal, 2)
    moment = clock.now()
    with clock.held(moment):
        grant_approval(office.journal, office.settings.home, asked.plan, "ada",
                       office.phone.at(moment), persons=2)  # fmt: skip
        sign_final_accounting(office.journal, content, office.settings, "bo")
    found = build_report(office.journal, content, office.settings)
    assert "approved by Ada Vance (licence 12345)" in found.status
    assert all("DRAFT" not in page for page in texts(found))
