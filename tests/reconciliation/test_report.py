from __future__ import annotations

import io
from collections import Counter
from dataclasses import replace
from datetime import date, timedelta
from decimal import Decimal
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings as hypothesis_settings, strategies as st
from pypdf import PdfReader

from tasks.reconciliation import (
    account as accounting,
    report as room,
    report_deeds,
    report_leave,
    report_letters,
    report_matters as matters,
)
from tasks.reconciliation.report import Report
from tasks.reconciliation.report_rows import (
    IN_TIME,
    LATE,
    LATE_OPEN,
    MASK,
    SCHEMA,
    UNKNOWN,
    with_lateness,
)
from tasks.reconciliation.report_tables import _sheets
from tasks.reconciliation.report_totals import SUMS
from tasks.reconciliation.sign_off import sign_off
from tasks.shared import approval, clock, kinds, manifest
from tasks.shared.content import ContentStore
from tasks.shared.errors import BadInput, NotApproved
from tasks.shared.journal import Journal
from tasks.shared.opening import journal as open_journal, make_home
from tasks.shared.settings import Settings
from tests.ace import made_summary
from tests.conftest import SETTINGS
from tests.counts import examples
from tests.reconciliation.ace_world import World, open_world, record_summaries
from tests.reconciliation.house import Office, make_office
from tests.reconciliation.made_outage import (
    DUE,
    IMPORTERS,
    REFERENCE,
    RELEASED,
    SSN,
    Outage,
    answer,
    said,
    tell,
)
from tests.reconciliation.test_account import (
    NUMBERS,
    block,
    events,
    line,
    recorded,
    tell as tell_account,
)


def report_of(outage: Outage, house: Settings, importer: str = "", day: int = 24) -> Report:
    with clock.held(outage.at(day)):
        return room.build(outage.journal, outage.content, house, "2026-01", importer)


@pytest.fixture
def outage(journal: Journal, content: ContentStore) -> Outage:
    """Twenty numbers, two of each way."""
    made = Outage(journal, content, 20)
    tell(made)
    return made


@pytest.fixture
def report(outage: Outage, house: Settings) -> Report:
    return report_of(outage, house)


def rows(report: Report, numbers: list[str]) -> list[dict]:
    found = {row["number"]: row for row in report.numbers.to_pylist()}
    return [found[number] for number in numbers]


def test_paper_and_ace_stand_side_by_side(report: Report, outage: Outage) -> None:
    for row in rows(report, outage.of("plain", "keyed", "date differs", "rejected once")):
        assert row["place"] == accounting.SETTLED
        assert row["paper_release"] == row["ace_release"] == RELEASED
        assert row["paper_value"] == row["ace_value"] and row["release_differs"] is False
        assert (row["summary_due"], row["days_late"], row["lateness"]) == (DUE, 0, IN_TIME)
        assert row["cbp_late"] is False and row["ended"] == outage.at(23).date()
    for row in rows(report, outage.of("keyed with differences")):
        assert (row["ace_value"], row["ended_by"]) == (1300, "ada")
        assert (
            "found in ACE 2026-11-14, keyed there by CBP" in row["what_happened"]
            and row["batches"] is None
        )


def test_what_is_late_is_late_beside_cbps_own_flag(report: Report, outage: Outage) -> None:
    for row in rows(report, outage.of("late")):
        assert row["summary_in_ace"] == outage.at(22).date() == DUE + timedelta(days=6)
        assert (row["days_late"], row["working_days_late"]) == (6, 3)
        assert row["lateness"] == LATE and row["cbp_late"] is True


def test_numbers_without_a_filing_owe_no_summary(report: Report, outage: Outage) -> None:
    for row in rows(report, outage.of("refused", "waiting", "void", "unaccounted")):
        assert row["summary_due"] is None and row["days_late"] is None and row["lateness"] == ""
    (spoiled, _) = rows(report, outage.of("void"))
    assert (
        "void 2026-11-10 by bo: coffee over it (confirmed by bo and ada)"
        in spoiled["what_happened"]
    )
    (lost, _) = rows(report, outage.of("unaccounted"))
    assert lost["what_happened"] == "printed for truck"


def test_each_matter_tells_how_it_was_settled(report: Report, outage: Outage) -> None:
    found = report.matters.to_pylist()
    assert Counter(one["kind"] for one in found) == {
        matters.FOUND: 4, matters.DIFFERS: 4, matters.DATE: 2, matters.ENTRY_REJECTED: 2,
        matters.BATCH_REJECTED: 1, matters.NO_ANSWER: 1, matters.TWICE: 1, matters.FILE_REFUSED: 1,
    }  # fmt: skip
    assert not any(one["open"] for one in found)
    settled = {one["kind"]: one["settled"] for one in found}
    assert settled[matters.FOUND] == "nothing was sent for it"
    assert settled[matters.DIFFERS].startswith("licence holder accepts CBP's value")
    assert settled[matters.DATE] == "ACE shows 2026-11-10 since 2026-11-24"
    assert settled[matters.ENTRY_REJECTED] == (
        "corrected in truck.xlsx, accepted in batch SE3 2026-11-16"
    )
    assert settled[matters.BATCH_REJECTED] == "all 8 settled: 8 sent again, 0 found in ACE"
    assert settled[matters.NO_ANSWER] == "all 6 settled: 0 sent again, 6 found in ACE"


def test_what_is_owed_and_whether_it_was_paid(outage: Outage, house: Settings) -> None:
    report_ = report_of(outage, house)
    (paid, *_) = rows(report_, outage.of("keyed"))
    assert (paid["ace_owed"], paid["collection"]) == (Decimal("1216.40"), "paid")
    assert paid["collected"] == date(2026, 11, 20)
    (unknown, *_) = rows(report_, outage.of("waiting"))
    assert (unknown["ace_owed"], unknown["collection"], unknown["collected"]) == (None, None, None)


def test_what_is_not_settled_is_open(outage: Outage, house: Settings) -> None:
    number = outage.of("waiting")[0]
    revised = line(number, "released", "se_then_ae")
    body = kinds.EntriesRevised(
        content="", source="", file="b.xlsx", desk="truck", entries=[revised]
    )
    outage.say(24, body)
    outage.say(
        24,
        answer(
            "ER",
            "summary",
            "",
            [
                said(
                    number, "already on file", summary="accepted", control="trade", differs=["Mode"]
                )
            ],
        ),
    )
    found = [one for one in report_of(outage, house, day=25).matters.to_pylist() if one["open"]]
    assert {(one["kind"], one["settled"]) for one in found} == {
        (matters.FOUND, matters.OPEN), (matters.DIFFERS, matters.OPEN)}  # fmt: skip
    (row,) = rows(report_of(outage, house, day=25), [number])
    assert row["next_step"] == "differs from ACE: Mode" and row["differences"] == "Mode"


def test_each_place_is_in_the_report(
    journal: Journal, content: ContentStore, house: Settings
) -> None:
    given_ = ["waiting", "released", "released", "provisional", "released", "refused"]
    routes = ["se_then_ae"] * 4 + ["ae_only", "se_then_ae"]
    batch = {"application": "SE", "plan": "p", "content": ""}
    told = tell_account(journal, [
        kinds.NumbersReserved(**block(1, 12), range_check="x"),
        kinds.NumbersIssued(**block(1, 11), desk="truck", port="2304"),
        kinds.NumbersVoided(numbers=[NUMBERS[0]], reason="r", persons=["a", "b"]),
        recorded(kinds.EntriesRecorded, [*zip(NUMBERS[1:7], given_, routes, strict=True),
                                         *((n, "released", "se_then_ae") for n in NUMBERS[7:9])]),
        kinds.BatchNamed(batch="1", file="1", numbers=[NUMBERS[3]], **batch),
        kinds.BatchNamed(batch="2", file="2", numbers=[NUMBERS[4]], **batch),
        kinds.BatchWritten(batch="2", file="2", size=1),
        kinds.EntrySettled(number=NUMBERS[7], how="portal report", proof=""),
        kinds.EntryBurnt(number=NUMBERS[8], reason="cancelled"),
        kinds.EntryHandedOver(number=NUMBERS[9], filer="XYZ", other_number="XYZ-1"),
    ])  # fmt: skip
    found = room.build(journal, content, house)
    assert told == len(found.numbers) == 12
    assert found.numbers["place"].to_pylist() == [
        one.place for one in accounting.account(journal)]  # fmt: skip
    assert set(found.places) == set(accounting.PLACES) - {
        accounting.ON_FILE, accounting.STRAY, accounting.USED, accounting.AWAY}  # fmt: skip
    assert all(proof.holds for proof in found.proofs)
    pages = texts(found)
    assert all(number in "".join(pages) for number in NUMBERS[:11])
    assert NUMBERS[11] not in "".join(pages)


def lateness(released: date, taken: date | None, today: date, place: str = "to be sent") -> dict:
    row = {"number": "A", "place": place, "route": "se_then_ae", "outcome": "released",
           "paper_release": released, "summary_in_ace": taken}  # fmt: skip
    table = pa.Table.from_pylist([row], SCHEMA)
    return with_lateness(table, today).to_pylist()[0]


@pytest.mark.parametrize(
    ("released", "due", "why"),
    [
        ("2026-06-01", "2026-06-15", "two plain weeks"),
        ("2026-06-06", "2026-06-22", "a Saturday; Juneteenth between"),
        ("2026-11-18", "2026-12-03", "Thanksgiving"),
        ("2026-11-10", "2026-11-25", "Veterans Day"),
        ("2026-12-18", "2027-01-05", "Christmas and New Year"),
        ("2026-07-02", "2026-07-17", "the Fourth, a Saturday, is kept on Friday the third"),
        ("2027-12-20", "2028-01-05", "Christmas and New Year on Saturdays, each kept on Friday"),
        ("2026-11-26", "2026-12-10", "released on a holiday"),
    ],
)
def test_ten_working_days(released: str, due: str, why: str) -> None:
    day, last = date.fromisoformat(released), date.fromisoformat(due)
    found = lateness(day, last, last)
    assert (found["summary_due"], found["lateness"]) == (last, IN_TIME), why
    over = lateness(day, last + timedelta(days=1), last + timedelta(days=40))
    assert (over["days_late"], over["lateness"]) == (1, LATE)


def test_days_late_go_on_while_a_summary_is_open() -> None:
    released = date(2026, 11, 18)
    assert lateness(released, None, date(2026, 12, 3))["days_late"] == 0
    found = lateness(released, None, date(2026, 12, 7))
    assert (found["days_late"], found["working_days_late"], found["lateness"]) == (4, 2, LATE_OPEN)
    settled = lateness(released, None, date(2026, 12, 7), place="settled")
    assert (settled["days_late"], settled["lateness"]) == (None, UNKNOWN)


def texts(report: Report) -> list[str]:
    from tasks.reconciliation.report_pdf import render

    return [page.extract_text() for page in PdfReader(io.BytesIO(render(report))).pages]


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
    report: Report, outage: Outage, house: Settings, tmp_path: Path
) -> None:
    paths = room.write(report, tmp_path / "out", house.home)
    assert [path.name for path in paths] == [
        "accounting-2026-01.pdf", "accounting-2026-01.xlsx", "accounting-2026-01.parquet",
        "manifest.json"]  # fmt: skip
    assert manifest.verify(tmp_path / "out") == []
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
    (fault,) = manifest.verify(tmp_path / "out")
    assert fault.file == "accounting-2026-01.xlsx"


def test_nothing_private_leaves_the_house(report: Report, house: Settings, tmp_path: Path) -> None:
    room.write(report, tmp_path, house.home)
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
    room.write(report_of(outage, house), tmp_path, house.home)
    pages = PdfReader(tmp_path / "accounting-2026-01.pdf").pages
    assert len(pages) > 4 and all("DRILL" in page.extract_text() for page in pages)
    workbook = openpyxl.load_workbook(tmp_path / "accounting-2026-01.xlsx")
    assert all("DRILL" in sheet["A1"].value for sheet in workbook)
    assert manifest.verify(tmp_path) == []
    book.close()


def test_one_page_answers_the_auditor(report: Report) -> None:
    pages = texts(report)
    (place,) = (n for n, page in enumerate(pages) if "For the auditor" in page)
    assert "Differences and mishaps" in pages[place + 1]
    page = " ".join(pages[place].split())
    assert "Ada Vänce-Łodz, licence 12345, 2026-11-14T15:00Z: ACE batches: 8 entries" in page
    assert "CBP's authorisation and its dates not recorded" in page
    assert "nothing in this report rests on discretion" in page
    assert "15 of 16" not in page and "13 of 14 entries" in page and "MISSING for 1" in page
    assert "holds: numbers accepted in two batches of one message: 0" in page
    assert "different for 2 (ABC-9000001-1, ABC-9000011-0)" in page
    assert "CBP's own flag says late for 2; it and this count disagree for 0" in page
    assert (
        "FAILS" not in page
        and "desk1 (not on the list of persons): 16 entries of 4 importers" in page
    )


def test_cbps_leave_and_discretion_are_told_with_reference_ports_and_days(
    outage: Outage, house: Settings
) -> None:
    own, others = outage.of("keyed")[0], "ABC-1111111-7"
    leave = kinds.Attached(name="leave.pdf", content="ab" * 32, size=9)
    bodies = [
        kinds.IncidentDowntimeAuthorised(incident="2026-01", happened="2026-11-09T14:00:00.000000Z",
                                         reference="HQ-117", ports=("2304",), until="2026-11-20",
                                         attached=(leave,)),
        kinds.IncidentDowntimeRefused(incident="2026-01", happened="2026-11-15T14:00:00.000000Z",
                                      reference="HQ-119"),
        kinds.DiscretionGranted(reference="D-7", first="2026-11-09", last="2026-11-30", reason="cyber incident",
                                acts=["late-summary"], proof="cd" * 32),
        *(kinds.DiscretionRelied(number=number, reference="D-7", act="late-summary", content="")
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
    importer = next(
        row["importer_number"] for row in report_.numbers.to_pylist() if row["number"] == own
    )
    client = report_of(outage, house, importer)
    assert own in str(client.discretion) and others not in str(client.discretion), (
        "another client's"
    )


def test_a_crowded_auditor_page_stays_one_page(report: Report) -> None:
    crowd = [{**row, "actor": f"{row['actor']} {n}"} for n in range(9)
             for row in report.deeds.to_pylist()]  # fmt: skip
    many = report.approvals.to_pylist() * 9
    letters = pa.Table.from_pylist(
        [{"letter": f"DL-{n:05d}", "what": report_letters.ISSUED, "day": report.made[:10], "port": "2704",
          "entries": 2, "numbers": f"A-{n} B-{n}", "signer": f"Signer {n % 40}", "licence": "12345",
          "said": "", "at": report.made, "actor": "bo"} for n in range(900)],
        report.letters.schema)  # fmt: skip
    many_words = pa.Table.from_pylist(
        [{"kind": kind, "subject": f"entry/{number}", "at": report.made, "actor": "bo", "said": "said " * 20}
         for number in NUMBERS * 9 for kind in (report_leave.GRANTED, report_leave.RELIED)],
        report_leave.LEAVE_SCHEMA)  # fmt: skip
    crowded = replace(
        report, deeds=pa.Table.from_pylist(crowd, report.deeds.schema), letters=letters,
        approvals=pa.Table.from_pylist(
            [{**row, "what": "ACE batches " * 30} for row in many], report.approvals.schema),
        unstamped=tuple(NUMBERS * 200), authorised=many_words, discretion=many_words,
    )  # fmt: skip
    pages = texts(crowded)
    (place,) = (n for n, page in enumerate(pages) if "For the auditor" in page)
    assert "Differences and mishaps" in pages[place + 1]
    page = " ".join(pages[place].split())
    assert "900 letter(s) for 1,800 entries to 1 port(s)" in page
    assert "and 894 before these: sheet Letters" in page
    assert "and 39 before these: sheet Approvals" in pages[place]


def test_who_approves_a_plan_has_its_entries_before_her(report: Report) -> None:
    (ada,) = (row for row in report.deeds.to_pylist()
              if (row["actor"], row["kind"]) == ("ada", "approval.granted"))  # fmt: skip
    assert (ada["events"], ada["entries"]) == (5, 8)


def test_who_saw_whose_data_is_told_in_words(report: Report) -> None:
    said = report_deeds.deed_words(report.deeds)
    (ada,) = (line for line in said if line.startswith("Ada"))
    assert ada.startswith("Ada Vänce-Łodz (ada, approver, licence 12345): ")
    assert "plans approved 5, entries settled 2" in ada and "approval.granted" not in str(said)
    assert any(line.startswith("Bo Harbor (bo, preparer, no licence): ") for line in said)
    (truck, *_) = (line for line in said if "not on the list of persons" in line)
    assert " of " in truck and "importers, 20" in truck
    sheet = next(table for name, table in _sheets(report) if name == "Who did what")
    assert {"kind", "act", "licence", "roles"} <= set(sheet.column_names)


def test_every_kind_of_event_has_its_words() -> None:
    assert [name for name in kinds.by_name() if report_deeds.act(name) == name] == []


def test_one_client_sees_only_its_own(outage: Outage, house: Settings, tmp_path: Path) -> None:
    number, name = IMPORTERS[0]
    own = report_of(outage, house, number)
    assert set(own.numbers["importer_number"].to_pylist()) == {number}
    assert own.ports["in all"].to_pylist() == [own.numbers.num_rows] or len(own.ports) > 1
    room.write(own, tmp_path, house.home)
    text = everything(tmp_path)
    assert name in text and f"for {name}" in text
    for other, other_name in IMPORTERS[1:]:
        assert other not in text and other_name.split()[0] not in text
    person = report_of(outage, house, IMPORTERS[1][1])
    assert set(person.numbers["importer_number"].to_pylist()) == {MASK}
    for nobody in ("99-9999999", MASK):
        with pytest.raises(BadInput, match="No entry"):
            report_of(outage, house, nobody)


def test_open_work_is_accounted_for_too(outage: Outage, house: Settings, tmp_path: Path) -> None:
    """What was open at hour zero, who ended it how, and what is open; one client sees its own."""
    (number, name), (_, other) = IMPORTERS[0], IMPORTERS[1]
    items = [
        kinds.WorkLine(item="s-1", work="summary due", reference="XXX-0000001-1", importer=name,
                       importer_number=number, due="2026-11-25", amount="1200.50"),
        kinds.WorkLine(item="i-1", work="in-bond open", reference="123456786", importer=other,
                       importer_number=REFERENCE, starts="2026-11-01"),
    ]  # fmt: skip
    taken = kinds.WorkTaken(incident="2026-01", file="open.csv", source="0" * 64,
                            as_of="2026-11-23T04:00:00Z", items=items)  # fmt: skip
    outage.journal.append(taken, "incident/2026-01", "mlopez")
    paper = kinds.Attached(name="arrival.pdf", content="ab" * 32, size=9)
    done = kinds.WorkClosed(incident="2026-01", items=["i-1"], how="arrived", attached=(paper,),
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
    room.write(report, tmp_path / "all", house.home)
    assert "arrival.pdf" in everything(tmp_path / "all")
    own = report_of(outage, house, number)
    assert own.work["reference"].to_pylist() == ["XXX-0000001-1"]
    room.write(own, tmp_path / "own", house.home)
    assert "123456786" not in everything(tmp_path / "own")


def test_the_same_book_gives_the_same_files(
    outage: Outage, house: Settings, tmp_path: Path
) -> None:
    for folder in ("a", "b"):
        room.write(report_of(outage, house), tmp_path / folder, house.home)
    for name in ("accounting-2026-01.pdf", "accounting-2026-01.xlsx", "accounting-2026-01.parquet"):
        assert (tmp_path / "a" / name).read_bytes() == (tmp_path / "b" / name).read_bytes(), name


def test_too_many_for_paper_stand_in_the_workbook(
    journal: Journal, content: ContentStore, house: Settings
) -> None:
    tell_account(journal, [kinds.NumbersReserved(**block(1, 5002), range_check="x"),
                           kinds.NumbersIssued(**block(1, 5001), desk="truck", port="2304")])  # fmt: skip
    found = room.build(journal, content, house)
    pages = texts(found)
    assert len(pages) < 8 and "5,001 numbers are more than a paper can usefully list" in pages[-1]
    assert any("UNACCOUNTED at truck: 5,001 number(s)" in page for page in pages)


@pytest.mark.parametrize("name", ["", "../x", "A", "a b", "a" * 80])
def test_an_incident_must_have_a_name_for_a_file(
    journal: Journal, content: ContentStore, house: Settings, name: str
) -> None:
    with pytest.raises(BadInput, match="names no incident"):
        room.build(journal, content, house, name)


def test_an_empty_book_makes_a_report_too(
    journal: Journal, content: ContentStore, house: Settings, tmp_path: Path
) -> None:
    found = room.build(journal, content, house)
    room.write(found, tmp_path, house.home)
    assert found.numbers.num_rows == 0 and found.figures()[0]["figure"] == "0"
    assert "nobody has approved anything" in "".join(texts(found))


def test_a_broken_chain_fails_its_proof(outage: Outage, house: Settings) -> None:
    import sqlite3

    with sqlite3.connect(house.home / "journal.sqlite") as raw:
        for (name,) in raw.execute(
            "SELECT name FROM sqlite_master WHERE type = 'trigger'"
        ).fetchall():
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
    office.journal.append(kinds.NumbersVoided(numbers=number, reason="r", persons=["a", "b"]),
                          "x", "bo")  # fmt: skip
    content = office.book.content
    with pytest.raises(NotApproved):
        sign_off(office.journal, content, office.settings, "bo")
    (asked,) = approval.waiting(office.journal, 2)
    moment = clock.now()
    with clock.held(moment):
        approval.grant(office.journal, office.settings.home, asked.plan, "ada",
                       office.phone.at(moment), persons=2)  # fmt: skip
        sign_off(office.journal, content, office.settings, "bo")
    found = room.build(office.journal, content, office.settings)
    assert "approved by Ada Vance (licence 12345)" in found.status
    assert all("DRAFT" not in page for page in texts(found))


def used(office: Office) -> list[str]:
    return [
        one.number for one in accounting.account(office.journal) if one.place != accounting.FREE
    ]


@pytest.fixture
def world(tmp_path: Path) -> World:
    return open_world(make_office(tmp_path / "office"), tmp_path / "ace")


def test_what_the_stand_in_took_is_in_the_report(world: World) -> None:
    numbers = record_summaries(world, ["01", "01", "01"])
    for number in numbers:
        world.ace.seed_paper_release(number, made_summary.RELEASED)
    world.ace.seed_officer_entry(numbers[0], port="3801", released=made_summary.RELEASED)
    world.run()
    house = world.house
    found = room.build(house.journal, house.content, house.settings)
    assert all(proof.holds for proof in found.proofs), found.proofs
    mine = rows(found, numbers)
    assert {row["place"] for row in mine} == {accounting.SETTLED}, world.steps()
    for row in mine:
        assert row["ace_release"] == row["paper_release"] == made_summary.RELEASED
        assert row["ace_value"] == row["paper_value"] and row["summary_in_ace"]
    (one,) = found.matters.to_pylist()
    assert (one["kind"], one["subject"]) == (matters.FOUND, numbers[0])
    assert one["what"].startswith("ACE answered our first SE with already on file")
    assert one["settled"] == "only AE sent after it"
    world.ace.close()


told = st.one_of(
    events,
    st.tuples(
        st.sampled_from(["SX", "AX", "ER"]), st.text("abc", max_size=2),
        st.lists(st.tuples(
            st.sampled_from(NUMBERS),
            st.sampled_from(["accepted", "rejected", "already on file", "not found"]),
            st.sampled_from(["", "2026-11-10"]), st.sampled_from([[], ["Entered value: paper 1, ACE 2"]]),
        ), max_size=3), st.booleans(),
    ).map(lambda a: answer(
        a[0], "release" if a[0] == "SX" else "summary", a[1],
        [said(n, how, release_date=day, differs=differs) for n, how, day, differs in a[2]], a[3],
    )),
)  # fmt: skip


@given(told=st.lists(told, max_size=25))
@hypothesis_settings(max_examples=examples(40))
def test_totals_equal_the_rows_whatever_happens(
    tmp_path_factory: pytest.TempPathFactory, told: list[kinds.Body]
) -> None:
    totals_equal_the_rows(tmp_path_factory.mktemp("book"), told)


@pytest.mark.long
@given(told=st.lists(told, max_size=60))
@hypothesis_settings(max_examples=400)
def test_totals_equal_the_rows_whatever_happens_at_length(
    tmp_path_factory: pytest.TempPathFactory, told: list[kinds.Body]
) -> None:
    totals_equal_the_rows(tmp_path_factory.mktemp("book"), told)


def totals_equal_the_rows(folder: Path, told: list[kinds.Body]) -> None:
    book = Journal.at(folder / "journal.sqlite")
    ours = [kinds.NumbersReserved(**block(1, 8), range_check="x"),
            kinds.NumbersIssued(**block(1, 6), desk="truck", port="2304"), *told]  # fmt: skip
    count = tell_account(book, ours)
    found = room.build(book, ContentStore(folder), Settings(home=folder))
    numbers = found.numbers
    assert numbers.num_rows == pc.count_distinct(numbers["number"]).as_py() == count
    assert sum(found.places.values()) == count
    for totals in (found.desks, found.ports, found.importers):
        assert sum(totals["in all"].to_pylist()) == count
        for place, n in found.places.items():
            assert sum(totals[place].to_pylist()) == n
        assert set(SUMS) | set(found.places) <= set(totals.column_names)
        assert sum(totals["late"].to_pylist()) == sum(
            found.lateness.get(word, 0) for word in (LATE, LATE_OPEN))  # fmt: skip
        assert sum(totals["ACE value"].to_pylist()) == (pc.sum(numbers["ace_value"]).as_py() or 0)
    counted = {one.what: one.holds for one in found.proofs}
    accepted = counted.pop("numbers accepted in two batches of one message")
    assert all(counted.values()), found.proofs
    assert accepted or any(isinstance(one, kinds.AnswerRead) for one in told)
    book.close()
