"""Downtime letters: refused only for what CBP asks of the mode, a number that cannot be used, an agency's
paper or CBP's leave; all else follows and is chased."""

from __future__ import annotations

import csv
import json
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path

import pytest
import sqlalchemy as sa
from pypdf import PdfReader

from tasks.core import clock, messages
from tasks.core.errors import BadInput, NumberUnavailable, Refused
from tasks.core.journal.journal import Journal
from tasks.core.journal.verification import verify_journal
from tasks.core.settings import BrokerSettings, Settings
from tasks.core.ssn import HIDDEN_TEXT
from tasks.core.status_lines import AMBER
from tasks.entries.events import EntrySettled
from tasks.entries.numbers.number_reserve import issue_block
from tasks.incident.agencies import flag_tables
from tasks.incident.agencies.flag_tables import load_table
from tasks.incident.events import IncidentClosed, IncidentDowntimeAuthorised, IncidentDowntimeRefused
from tasks.incident.letters.entry_documents import attach_document, documents_of
from tasks.incident.letters.letter_draft import LetterSigner, letter_name
from tasks.incident.letters.letter_events import LetterIssued
from tasks.incident.letters.letter_readiness import (
    LetterRules,
    entries_decided_by_port,
    entries_to_letter,
    entries_without_letter,
    entry_readiness,
    mode_fields,
)
from tasks.incident.letters.letter_records import (
    chase_list,
    entries_lacking_letters,
    export_documents,
    issued_letters,
    open_packet,
    readiness,
    record_sending,
    reprint_letter,
    withdraw_letter,
)
from tasks.incident.tables import LETTERS
from tasks.incident.timeline.downtime_authorization import letter_authorization
from tasks.reconciliation.accounting.downtime_letters import downtime_letter_lines, letter_table, letters_of_client
from tasks.security.manifest import verify_manifest
from tasks.security.people import add_person
from tasks.security.private_data import purge_private_values
from tasks.security.settings import PrivateDataSettings
from tasks.workspace import Workspace
from tests.entries.house import SSN, book_of
from tests.errors import refused
from tests.incident import paper_world
from tests.incident.paper_world import World, open_world, text_of


@pytest.fixture
def world(journal: Journal, house: Settings, tmp_path: Path) -> World:
    return open_world(book_of(house, journal), tmp_path / "scratch")


@pytest.fixture
def hushed(journal: Journal, house: Settings, tmp_path: Path) -> World:
    """A brokerage that CBP gave no leave."""
    return open_world(book_of(house, journal), tmp_path / "scratch", leave=False)


def refusal(world: World, *numbers: str, **wish: object) -> Refused:
    """The refusal; nothing was changed by it."""
    before, out = world.book.journal.head(), world.out()
    world.made -= 1
    with pytest.raises(Refused) as said:
        world.issue(*numbers, **wish)
    assert world.book.journal.head() == before and not out.exists()
    return said.value


def faults(error: Refused) -> dict[tuple[str, str], str]:
    """Code by entry and column."""
    return {(problem.file, problem.column): problem.code for problem in error.problems}


def test_a_letter_says_what_cbp_asks_and_stands_in_the_book(world: World) -> None:
    number = world.record("30")
    made = world.letter(number)
    text = text_of(made.path)
    for words in ("DOWNTIME LETTER", made.letter, number, "Port 2704 LOS ANGELES", "HQ-2026-117", "ransomware",
                  "RAMON TREVIÑO GARZA", "1979-03-18", "TX R41-7KD", "ABCD1234567", "Acme Tools, Inc.",
                  "Ada Vance, licensed customs broker, license 98765", "Data for CBP Form 3461: entry",
                  "8471.30.0100"):  # fmt: skip
        assert words in text, words
    assert verify_manifest(made.path.parent) == []
    (event,) = world.book.journal.events(kind="letter.issued")
    said = event.said
    assert isinstance(said, LetterIssued)
    assert (said.signer, said.licence, said.override) == ("ada", "98765", "")
    assert verify_journal(world.book.journal, world.book.content).ok


def test_missing_data_of_every_entry_is_told_at_once(world: World) -> None:
    truck = world.record("30", driver_birth_date=None, trip_number=None)
    air = world.record("40", importer_address=None)
    ocean = world.record("11")
    error = refusal(world, truck, air, ocean)
    assert error.code == "entries-not-allowed-on-letter"
    assert (error.values["names"], error.values["found_count"]) == (2, 3)
    assert faults(error) == {
        (truck, "ACE trip number"): "letter-value-missing",
        (truck, "Driver birth date"): "letter-value-missing",
        (air, "Importer address"): "letter-value-missing",
    }
    trip = next(one for one in error.problems if one.column == "ACE trip number")
    assert trip.values["field"] == "trip_number"
    assert (trip.values["mode"], trip.values["mark"]) == ("truck", "S")


def test_with_leave_out_the_others_go_and_the_rest_is_named(world: World) -> None:
    truck, ocean = world.record("30", vehicle_plate=None), world.record("11")
    outcome = world.issue(truck, ocean, leave_out=True)
    assert [one.numbers for one in outcome.issued] == [(ocean,)]
    assert [(p.file, p.column) for p in outcome.left] == [(truck, "Vehicle plate")]
    error = refusal(world, truck, leave_out=True)
    assert (error.values["names"], error.values["found_count"]) == (1, 1)


def test_rail_needs_the_number_alone_and_the_rest_follows(world: World) -> None:
    number = world.record("21", importer_address=None, carrier_code=None, carrier_name=None)
    made = world.letter(number)
    gaps = {(gap.kind, gap.name) for gap in made.follows[number]}
    assert {("value", "Importer address"), ("value", "Carrier"), ("document", "Invoice"),
            ("document", "Bill of lading")} <= gaps  # fmt: skip
    assert "Importer address" in text_of(made.path)


def test_miami_also_asks_for_the_trip_number_of_air_cargo(world: World) -> None:
    inland, miami = world.record("40"), world.record("40", port_of_entry="5206")
    assert world.letter(inland).port == "2704"
    assert faults(refusal(world, miami)) == {(miami, "ACE trip number"): "letter-value-missing"}


def test_a_file_in_the_home_replaces_the_table_that_ships(world: World) -> None:
    number = world.record("30", trip_number=None)
    shipped = mode_fields(world.book.settings.home)
    assert not shipped.replaced
    folder = world.book.settings.home / "letters"
    folder.mkdir()
    text = ",".join(shipped.rows[0]) + "\nentry_number,Entry number,R,R,R,R,R,,P,our port\n"
    (folder / "fields.csv").write_text(text, encoding="utf-8")
    assert world.letter(number).numbers == (number,)
    (folder / "fields.csv").write_text(text.replace("entry_number,", "shoe_size,"), encoding="utf-8")
    with refused("letter-table-values-invalid", BadInput) as caught:
        world.issue(world.record("11"))
    assert caught.codes == ["grant-act-unknown"]


def test_numbers_that_cannot_be_used(world: World) -> None:
    book = world.book
    done = world.record("11")
    closed = world.record("11", paper_outcome="exported")
    (issued,) = issue_block(book.journal, book.settings, "entry", 1, "ocean", "2704", "it")
    book.journal.append(EntrySettled(number=done, how="by hand", proof="x"), f"entry/{done}", "ada")
    error = refusal(world, done, closed, issued, "ABC-1234567-6")
    assert faults(error) == {
        (done, "Entry number"): "letter-not-needed",
        (closed, "What the port did"): "letter-port-done",
        (issued, "Entry number"): "letter-entry-not-recorded",
        ("ABC-1234567-6", "Entry number"): "letter-number-not-in-reserve",
    }
    values = {problem.file: problem.values for problem in error.problems}
    assert values[done] == {"state": "settled"} and values[issued] == {"desk": "ocean"}


def test_an_unknown_port_is_bad_input(world: World) -> None:
    number = world.record("11", port_of_entry="9998")
    with refused("letter-not-drafted", BadInput) as caught:
        world.issue(number)
    assert caught.codes == ["grant-port-not-listed"]
    with refused("letter-without-entries", BadInput):
        world.issue()


def test_without_cbps_leave_no_letter_unless_somebody_says_why(hushed: World) -> None:
    number = hushed.record("11")
    assert [one.code for one in refusal(hushed, number).problems] == ["downtime-without-incident"]
    made = hushed.letter(number, without="port director agreed by telephone")
    assert "HQ-2026-117" not in text_of(made.path)
    (event,) = hushed.book.journal.events(kind="letter.issued")
    assert getattr(event.said, "override", "") == "port director agreed by telephone"


def test_leave_is_bounded_by_ports_and_days_and_can_be_refused(hushed: World) -> None:
    journal, day = hushed.book.journal, date(2026, 11, 24)
    paper_world.grant(hushed.book, ports=["2304"], until="2026-11-30")
    given = letter_authorization(journal)
    assert given.lacking("2304", day) is None
    fault = given.lacking("2704", day)
    assert fault and fault.code == "downtime-not-authorized-here"
    assert (fault.value, fault.values) == ("2704", {"ports": "2304"})
    fault = given.lacking("2304", date(2026, 12, 1))
    assert fault and fault.code == "downtime-authorization-ended"
    assert fault.values == {"until": "2026-11-30"}
    no = IncidentDowntimeRefused(incident="2026-01", happened=clock.text())
    journal.append(no, "incident/2026-01", "ada")
    fault = letter_authorization(journal).lacking("2304", day)
    assert fault and fault.code == "downtime-refused"
    over = IncidentClosed(incident="2026-01", happened=clock.text())
    journal.append(over, "incident/2026-01", "ada")
    assert letter_authorization(journal).incident == ""


def test_each_port_has_the_newest_word_of_cbp_that_covers_it(hushed: World) -> None:
    journal, day = hushed.book.journal, date(2026, 11, 24)
    paper_world.grant(hushed.book, ports=["2304"])
    said = IncidentDowntimeAuthorised(
        incident="2026-01", happened=clock.text(), reference="HQ-118", ports=("2704",), until="2026-11-30"
    )
    journal.append(said, "incident/2026-01", "ada")
    given = letter_authorization(journal)
    assert given.lacking("2304", day) is None and given.lacking("2704", day) is None
    fault = given.lacking("4701", day)
    assert fault and fault.code == "downtime-not-authorized-here"
    assert fault.values == {"ports": "2304, 2704"}
    assert given.text("2304").startswith("HQ-2026-117, of ") and "HQ-118" in given.text("2704")
    no = IncidentDowntimeRefused(incident="2026-01", happened=clock.text(), ports=("2304",))
    journal.append(no, "incident/2026-01", "ada")
    given = letter_authorization(journal)
    fault = given.lacking("2304", day)
    assert fault and fault.code == "downtime-refused"
    assert given.text("2304") == "" and given.lacking("2704", day) is None


def test_immediate_delivery_is_flagged(world: World) -> None:
    number = world.record("11", immediate_delivery=True)
    text = text_of(world.letter(number).path)
    assert "IMMEDIATE DELIVERY (19 CFR 142.21), not entry" in text and "NONE IS ACCEPTED" in text
    assert "Data for CBP Form 3461: immediate delivery" in text


def test_a_reissue_says_so_and_only_it_counts(world: World) -> None:
    first, second = world.record("11"), world.record("11")
    made = world.letter(first, second, per="port")
    (problem,) = refusal(world, first).problems
    assert (problem.code, problem.value) == ("letter-already-issued-for-entry", made.letter)
    again = world.letter(first, again="the value was wrong")
    assert again.replaces == (made.letter,)
    assert f"REISSUE. Takes the place of {made.letter}" in text_of(again.path)
    rows = world.book.journal.rows(sa.select(LETTERS.c.letter, LETTERS.c.live))
    assert {row.live: row.letter for row in rows if row.live} == {
        first: again.letter, second: made.letter}  # fmt: skip
    assert [one.state for one in issued_letters(world.book)] == ["issued", "issued"]
    assert verify_journal(world.book.journal, world.book.content).ok


def test_a_letter_taken_back_frees_its_entries_for_another(world: World, tmp_path: Path) -> None:
    number = world.record("11")
    first = world.letter(number).letter
    with pytest.raises(BadInput):
        withdraw_letter(world.book, first, " ", "jo")
    assert withdraw_letter(world.book, first.lower(), "driver turned back; torn up", "jo") == [number]
    second = world.letter(number)
    assert second.letter != first and not second.replaces
    proof = world.file("stamped.pdf", paper_world.pdf())
    record_sending(world.book, second.letter, "driver", "Officer 1432", clock.washington().date(), proof, "jo")
    with refused("letter-already-sent", Refused):
        withdraw_letter(world.book, second.letter, "too late", "jo")
    with refused("letter-not-in-force", Refused):
        record_sending(world.book, first, "driver", "x", clock.washington().date(), proof, "jo")


def test_sending_wants_a_proof_and_a_day_that_can_be(world: World) -> None:
    letter = world.letter(world.record("11")).letter
    proof, today = world.file("mail.eml", b"From: us"), clock.washington().date()
    changes: list[dict[str, object]] = [
        {"method": " "},
        {"on": today + timedelta(days=1)},
        {"on": date(2020, 1, 1)},
        {"proof": world.file("empty.pdf", b"")},
        {"proof": world.folder / "none.pdf"},
    ]
    for bad in changes:
        given = {"method": "e-mail", "to": "port", "on": today, "proof": proof} | bad
        with pytest.raises(BadInput):
            record_sending(world.book, letter, actor="jo", **given)  # type: ignore[arg-type]
    record_sending(world.book, letter, "e-mail", "port", today, proof, "jo")
    assert [one.state for one in issued_letters(world.book)] == ["sent"]
    assert issued_letters(world.book)[0].as_dict()["licence"] == "98765"


def test_entries_on_paper_that_have_no_letter_are_told(world: World) -> None:
    lettered, left = world.record("11"), world.record("11")
    world.record("11", paper_outcome="refused")
    world.letter(lettered)
    assert entries_without_letter(world.book.journal) == {"2704": [left]}
    (line,) = entries_lacking_letters(world.book)
    assert "2704: 1" in line.fact
    world.letter(left)
    assert not entries_lacking_letters(world.book)


def test_days_of_sending_are_washingtons(world: World) -> None:
    with clock.held(datetime(2026, 11, 25, 2, tzinfo=UTC)):
        letter = world.letter(world.record("11"), without="test").letter
        proof = world.file("mail.eml", b"From: us")
        with refused("letter-date-out-of-range", BadInput):
            record_sending(world.book, letter, "driver", "x", date(2026, 11, 25), proof, "jo")
        record_sending(world.book, letter, "driver", "x", date(2026, 11, 24), proof, "jo")
    assert [one.state for one in issued_letters(world.book)] == ["sent"]
    assert letter_table(world.book.journal)["day"].to_pylist() == ["2026-11-24"] * 2


def test_who_signs_under_whose_licence(world: World) -> None:
    number = world.record("11")
    add_person(world.book.journal, "eve", "Eve Stone", "55555", ["approver"], "it")
    with refused("letter-signer-missing", BadInput):
        world.issue(number)
    text = text_of(world.letter(number, signer="jo").path)
    assert "Jo Harbor, employee, under the firm's license 12345" in text
    (found,) = letter_table(world.book.journal).to_pylist()
    assert (found["signer"], found["licence"], found["numbers"]) == ("Jo Harbor", "12345", number)
    with refused("person-id-unknown", Refused):
        world.issue(world.record("11"), signer="ghost")


def test_letters_are_told_to_an_auditor_in_words_totals_first(world: World) -> None:
    made = [world.letter(world.record("11")).letter for _ in range(8)]
    proof, today = world.file("mail.eml", b"From: us"), clock.washington().date()
    record_sending(world.book, made[-1], "e-mail", "port desk", today, proof, "jo")
    withdraw_letter(world.book, made[-2], "the truck turned back", "jo")
    table = letter_table(world.book.journal)
    totals, signed, *told = downtime_letter_lines(table)
    assert totals.startswith("8 letter(s) for 8 entries to 1 port(s), of them 0 in place of earlier")
    assert totals.endswith("1 sent to the port with proof, 1 withdrawn.")
    assert signed == "Signers: Ada Vance, licence 98765: 8."
    assert told[-1] == "and 2 before these: sheet Letters of the workbook"
    assert told[-2].startswith(f"Letter {made[-1]}, {today}: port 2704, 1 entry, signer Ada Vance")
    assert told[-2].endswith(f"licence 98765; sent {today} by e-mail to port desk")
    assert told[-3].endswith("withdrawn " + f"{today} the truck turned back")
    number = table["numbers"][7].as_py()
    own = letters_of_client(table, [number]).to_pylist()
    assert [(row["letter"], row["what"]) for row in own] == [(made[-1], "issued"), (made[-1], "sent")]
    assert downtime_letter_lines(table.slice(0, 0)) == ["not recorded"]


def test_the_book_keeps_no_birth_date_after_the_purge(world: World) -> None:
    number = world.record("30")
    made = world.letter(number)
    printed = made.path.read_bytes()
    (event,) = world.book.journal.events(kind="letter.issued")
    said = event.said
    assert isinstance(said, LetterIssued)
    masked = PdfReader(world.book.content.path(said.content))
    shown = "\n".join(page.extract_text() for page in masked.pages)
    assert "1979-03-18" not in shown and "R41-7KD" not in shown and HIDDEN_TEXT in shown
    assert open_packet(world.book, said.letter, said.sealed, said.key) == printed
    again, whole = reprint_letter(world.book, made.letter, world.folder / "again.pdf")
    assert whole and again.read_bytes() == printed
    later = clock.now().date() + timedelta(days=world.book.settings(PrivateDataSettings).keep_days + 1)
    assert purge_private_values(world.book.journal, world.book.vault, "it") == 0
    with clock.held(datetime.combine(later, time(12), UTC)):
        assert purge_private_values(world.book.journal, world.book.vault, "it") >= 3
    (purged,) = world.book.journal.events(kind="private.purged")
    assert later.isoformat() in purged.body
    _, whole = reprint_letter(world.book, made.letter, world.folder / "later.pdf")
    assert not whole and "1979-03-18" not in text_of(world.folder / "later.pdf")
    assert faults(refusal(world, number))[number, "Letter"] == "letter-already-issued-for-entry"
    again_ = faults(refusal(world, number, again="a new driver"))
    assert again_[number, "Driver birth date"] == "letter-value-purged"
    assert (number, "Letter") not in again_
    assert verify_journal(world.book.journal, world.book.content).ok


def test_a_social_security_number_is_never_on_a_letter(world: World) -> None:
    number = world.record("11", importer_type="34", importer_number=SSN, consignee_number=SSN)
    text = text_of(world.letter(number).path)
    assert SSN not in text and "~" not in text and HIDDEN_TEXT in text


def test_what_follows_is_chased_until_it_comes(world: World) -> None:
    number = world.record("11", location_of_goods="Y258", conveyance_name="MSC ALINA")
    world.letter(number)
    (row,) = chase_list(world.book)
    assert row["entry"] == number and row["importer"] == "Acme Tools, Inc."
    assert row["to_follow"] == [
        {"kind": "document", "name": name, "file": ""} for name in ("Invoice", "Bill of lading")
    ]
    assert row["without"] == []
    attach_document(world.book, number, world.file("i.pdf", paper_world.pdf()), "Invoice", "jo")
    assert chase_list(world.book)[0]["to_follow"] == [{"kind": "document", "name": "Bill of lading", "file": ""}]
    attach_document(world.book, number, world.file("b.png", paper_world.picture()), "Bill of lading", "jo")
    assert chase_list(world.book) == []
    assert ["letters sent" in line.next for line in readiness(world.book)] == [True]


def test_entries_of_a_port_wait_until_they_have_a_letter(world: World) -> None:
    first, second = world.record("11"), world.record("40")
    other, closed = (world.record("11", port_of_entry="2304"), world.record("11", paper_outcome="refused"))
    assert entries_to_letter(world.book.journal, "2704") == [first, second]
    made = world.letter(*entries_to_letter(world.book.journal, "2704"), per="port")
    assert made.numbers == (first, second) and entries_to_letter(world.book.journal, "2704") == []
    assert entries_to_letter(world.book.journal, "2304") == [other] and closed not in made.numbers


def test_what_a_port_released_is_on_no_letter_for_the_port(world: World) -> None:
    """A letter asks CBP to release goods. Only a number that is named goes on one all the same."""
    waits = world.record("11")
    gone = {
        outcome: world.record("11", paper_outcome=outcome, release_date=day, release_time="10:00")
        for outcome, day in (("released", date(2026, 11, 24)), ("provisional", date(2026, 11, 24)))
    }
    refused = world.record("11", paper_outcome="refused")
    journal = world.book.journal
    assert entries_to_letter(journal, "2704") == [waits]
    found = {one.outcome: one for one in entries_decided_by_port(journal, "2704")}
    assert {name: one.numbers for name, one in found.items()} == {
        "released": (gone["released"],), "provisional": (gone["provisional"],), "refused": (refused,)
    }  # fmt: skip
    assert {name: one.reason.code for name, one in found.items()} == {
        "released": "port-entries-released",
        "provisional": "port-entries-released",
        "refused": "port-entries-closed",
    }
    assert found["released"].reason.values["numbers"] == gone["released"]
    assert world.letter(gone["released"]).numbers == (gone["released"],)
    assert "released" not in {one.outcome for one in entries_decided_by_port(journal, "2704")}


def unset(world: World, *names: str) -> World:
    """The same brokerage with settings of [broker] left empty."""
    broker = world.book.settings(BrokerSettings).model_copy(update=dict.fromkeys(names, " "))
    settings = world.book.settings.model_copy(update={"broker": broker})
    return replace(world, book=world.book.with_settings(settings))


def test_no_letter_without_license_permit_address_and_phone(world: World) -> None:
    number, before = world.record("11"), world.book.journal.head()
    with refused("letterhead-incomplete", BadInput) as caught:
        unset(world, "licence", "permit", "address", "contact_phone").issue(number)
    problems = {one.column: one for one in caught.problems}
    assert list(problems) == ["[broker] licence", "[broker] permit", "[broker] address",
                              "[broker] contact_phone"]  # fmt: skip
    assert {one.file for one in problems.values()} == {"continuity.toml"}
    assert 'like permit = "22-00417"' in problems["[broker] permit"].right
    assert world.book.journal.head() == before and not (world.folder / "out-1").exists()
    with refused("letterhead-incomplete", BadInput) as caught:
        unset(world, "permit").issue(number)
    assert [problem.column for problem in caught.problems] == ["[broker] permit"]
    assert world.letter(number).numbers == (number,)


def test_a_letter_says_who_the_broker_is(world: World) -> None:
    text = " ".join(text_of(world.letter(world.record("11")).path).split())
    assert "filer ABC · license 12345 · permit 22-00417" in text
    assert "400 Harbor Plaza, Long Beach CA 90802" in text and "5625550100" in text
    assert "not set" not in text.lower()


def test_settings_that_letters_need_are_on_the_board(world: World) -> None:
    assert readiness(world.book) == []
    (line,) = readiness(unset(world, "permit", "address").book)
    assert line.light == AMBER and line.fact.endswith("[broker] permit, address")


def test_documents_are_exported_for_the_image_system(world: World) -> None:
    number = world.record("11")
    for name in ("=cmd.pdf", "invoice-2.pdf"):
        attach_document(world.book, number, world.file(name, paper_world.pdf(2, name)), "Invoice", "jo")
    letter = world.letter(number).letter
    out = world.out()
    rows = export_documents(world.book, letter, out, "jo")
    assert len({row["reference"] for row in rows}) == 2
    assert verify_manifest(out) == []
    listed = list(csv.DictReader((out / "index.csv").read_text(encoding="utf-8").splitlines()))
    assert [row["original_name"] for row in listed] == ["'=cmd.pdf", "invoice-2.pdf"]
    assert {row["entry_number"] for row in listed} == {number} and listed[0]["document"] == "Commercial Invoice"
    said = json.loads((out / "index.json").read_text(encoding="utf-8"))
    assert [row["sha256"] for row in said] == [row["sha256"] for row in rows]
    with refused("export-folder-not-empty", BadInput):
        export_documents(world.book, letter, out, "jo")


def test_two_who_issue_at_once_issue_one(book: Journal, house: Settings, tmp_path: Path) -> None:
    """On both kinds of book: what was drawn before another's letter is refused."""
    from tasks.incident.letters import issuing

    world = open_world(Workspace(house, journal=book),
                       tmp_path / "scratch")  # fmt: skip
    number = world.record("11")
    once = issuing._require_unchanged
    turns: Iterator[bool] = iter([True, False, False])

    def meanwhile(pen: object, draft: object) -> None:
        once(pen, draft)  # type: ignore[arg-type]

    def drawn(*given: object) -> object:
        if next(turns):
            world.letter(number)
        return packets(*given)  # type: ignore[arg-type]

    packets = issuing._packets
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(issuing, "_packets", drawn)
        patch.setattr(issuing, "_require_unchanged", meanwhile)
        with refused("entry-changed-during-letter", Refused):
            world.letter(number)
    assert len(list(book.events(kind="letter."))) == 1
    assert verify_journal(book, world.book.content).ok


def test_a_letter_that_cannot_be_drawn_leaves_nothing(world: World) -> None:
    good, bad = world.record("11"), world.record("11")
    attach_document(world.book, bad, world.file("i.pdf", paper_world.pdf()), "Invoice", "jo")
    (one,) = documents_of(world.book.journal, [bad])[bad]
    world.book.content.path(one.content).unlink()
    before = world.book.journal.head()
    from tasks.core.errors import ContentMissing

    with pytest.raises(ContentMissing):
        world.issue(good, bad)
    assert world.book.journal.head() == before


def test_a_drill_says_so_on_every_page(tmp_path: Path) -> None:
    from tasks import opening
    from tasks.opening import open_journal
    from tests.conftest import SETTINGS

    settings = opening.make_home(tmp_path / "drill", SETTINGS, "tests", drill=True)
    world = open_world(book_of(settings, open_journal(settings)), tmp_path / "scratch")
    with clock.held(datetime(2026, 11, 24, 15, tzinfo=UTC)):
        made = world.letter(world.record("11"))
    assert made.path.name.startswith("20261124T1500Z-DL-")
    for page in PdfReader(made.path).pages:
        assert "DRILL: made-up entries. Not a letter to CBP" in page.extract_text()


def test_documents_of_entries_that_are_not_recorded(world: World) -> None:
    with refused("case-entries-not-recorded", NumberUnavailable):
        attach_document(world.book, "ABC-1234567-6", world.file("i.pdf", paper_world.pdf()), "Invoice", "jo")


def test_the_id_of_a_letter_does_not_rest_on_words(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    path = world.file("flags.csv", b"hts,flag\n8471300100,FD4\n8471300100,EP7\n")
    load_table(world.book, flag_tables.FLAGS, path, date(2026, 7, 1), "CBP 0875-0419", "jo")
    number = world.record("11")

    def letter() -> tuple[str, list[str]]:
        (found,) = entry_readiness(LetterRules.of(world.book), [number], again=False)
        assert found.part
        signer = LetterSigner("ada", "Ada Vance", "98765", licensed=True)
        reasons = [demand.why.text for demand in found.part.demands if demand.why]
        return letter_name([found.part], date(2026, 11, 24), signer, [], "", 0), reasons

    before, reasons = letter()
    changed = {code: text.replace(" ", "  ") if isinstance(text, str) else text
               for code, text in messages.catalog().items()}  # fmt: skip
    monkeypatch.setattr(messages, "catalog", lambda: changed)
    after, reworded = letter()
    assert after == before and len(reasons) == len(reworded) >= 2 and reasons != reworded
