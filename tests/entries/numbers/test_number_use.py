"""An in-bond number that stands on a recorded bill is used, and accounted for."""

from __future__ import annotations

from hashlib import sha256
from pathlib import Path

import pytest

from tasks.core.errors import NumberUnavailable
from tasks.core.journal.bodies import read_body
from tasks.core.journal.journal import Journal
from tasks.core.journal.verification import verify_journal
from tasks.core.settings import Settings
from tasks.entries.events import EntriesRecorded
from tasks.entries.numbers.number_reserve import issue_block, reserve_block
from tasks.entries.numbers.number_voiding import request_voiding
from tasks.entries.record.entry_record import EntryRecord, to_bytes
from tasks.entries.record.entry_recording import RecordingResult, record_intake
from tasks.entries.workbook.file_intake import FileIntake, IntakeFile
from tasks.reconciliation.accounting import number_account
from tasks.reconciliation.accounting.number_account import account_numbers
from tasks.security.people import add_person
from tasks.workspace import Workspace
from tests.entries import house as desks, one

FIRST = 25_770_003


@pytest.fixture
def book(journal: Journal, house: Settings) -> Workspace:
    reserve_block(journal, house, "in-bond", FIRST, 10, "7512 stock", "it")
    return desks.book_of(house, journal)


def with_bonds(numbers: dict[str, str]) -> EntryRecord:
    """Entries by number, each with the in-bond number on its bills, or none."""
    made = one.several(list(numbers))
    for entry, number in numbers.items():
        if number:
            made["bills"].append({"entry_number": entry, "bill_group": 1, "bill_type": "I",
                                  "bill_number": number, "not_automated": False})  # fmt: skip
    return one.record(made)


def hand_in(book: Workspace, record: EntryRecord, go_back: bool = False) -> RecordingResult:
    digest = sha256(to_bytes(record)).hexdigest()
    source = IntakeFile(Path(f"{digest[:8]}.xlsx"), digest)
    (taken,) = record_intake(book, [FileIntake((source,), "workbook", "ocean", record, ())], "jo", go_back=go_back)
    return taken


def places(book: Workspace) -> dict[str, str]:
    return {line.number: line.place for line in account_numbers(book.journal)
            if line.series == "in-bond" and line.place != number_account.FREE}  # fmt: skip


def test_a_number_on_a_recorded_bill_is_used_until_the_last_entry_drops_it(book: Workspace) -> None:
    journal = book.journal
    bond, spare = issue_block(journal, book.settings, "in-bond", 2, "ocean", "2704", "it")
    first, second = desks.issue(journal, book.settings, "ocean", 2)
    assert set(places(book).values()) == {number_account.UNACCOUNTED}
    assert not hand_in(book, with_bonds({first: bond, second: bond})).problems
    assert places(book) == {bond: number_account.USED, spare: number_account.UNACCOUNTED}
    (line,) = [line for line in account_numbers(journal) if line.number == bond]
    assert first in line.note and second in line.note
    hand_in(book, with_bonds({first: ""}))
    assert places(book)[bond] == number_account.USED
    hand_in(book, with_bonds({second: ""}))
    assert places(book)[bond] == number_account.UNACCOUNTED
    hand_in(book, with_bonds({second: bond}), go_back=True)
    assert places(book)[bond] == number_account.USED
    assert verify_journal(journal, book.content).ok


def test_a_used_number_cannot_be_voided_and_a_void_one_not_used(book: Workspace) -> None:
    journal = book.journal
    bond, spare = issue_block(journal, book.settings, "in-bond", 2, "ocean", "2704", "it")
    first, second = desks.issue(journal, book.settings, "ocean", 2)
    hand_in(book, with_bonds({first: bond}))
    for person in ("ada", "bo"):
        add_person(journal, person, person, "1", ["approver"], "it")
    with pytest.raises(NumberUnavailable):
        request_voiding(book, {bond: "spoiled"}, "ada")
    desks.void(journal, spare)
    (problem,) = hand_in(book, with_bonds({second: spare})).problems
    assert (problem.value, problem.sheet) == (spare, "Bills")
    assert problem.code == "in-bond-voided"


def test_a_number_never_issued_is_refused_and_a_carriers_own_taken(book: Workspace) -> None:
    journal = book.journal
    first, second = desks.issue(journal, book.settings, "ocean", 2)
    reserved = f"{FIRST + 5}{(FIRST + 5) % 7}"
    (problem,) = hand_in(book, with_bonds({first: reserved})).problems
    assert problem.code == "in-bond-not-issued"
    assert not hand_in(book, with_bonds({second: "V1234567890"})).problems
    assert places(book) == {}


def test_entries_recorded_before_the_field_was_known_are_read(journal: Journal) -> None:
    text = ('{"bond_type":"8","complete":true,"digest":"d","entry_type":"01","importer":"",'
            '"number":"ABC-9000000-3","outcome":"released","port":"2704","released":"",'
            '"route":"se_then_ae"}')  # fmt: skip
    said = read_body("entries.recorded", '{"content":"c","desk":"d","entries":[' + text
                      + '],"file":"f","source":"s","v":1}')  # fmt: skip
    assert isinstance(said, EntriesRecorded)
    assert said.entries[0].in_bonds == []
