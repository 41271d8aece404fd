from __future__ import annotations

from datetime import date
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc
import pytest
import sqlalchemy as sa

from tasks.core.errors import NumberUnavailable, Refused
from tasks.core.journal.journal import Journal
from tasks.core.journal.verification import verify_journal
from tasks.core.settings import Settings
from tasks.entries.events import EntriesRefused, EntrySettled, NumbersVoided
from tasks.entries.numbers.number_lookup import chase_list, entry_rows, number_state, recorded_entries
from tasks.entries.numbers.number_reserve import numbers_issued_to
from tasks.entries.record.entry_record import EntryRecord, from_bytes
from tasks.entries.tables import ENTRIES
from tasks.entries.workbook.desk_workbooks import write_corrections, write_workbooks
from tasks.reconciliation.events import AnswerLine, AnswerRead, BatchNamed
from tasks.workspace import Workspace
from tests.entries import house as made
from tests.errors import refused


@pytest.fixture
def book(house: Settings, journal: Journal) -> Workspace:
    return made.book_of(house, journal)


def revision_of(journal: Journal, number: str) -> int:
    query = sa.select(ENTRIES.c.revision).where(ENTRIES.c.number == number)
    return journal.rows(query)[0].revision


def test_a_clean_workbook_is_recorded_whole(book: Workspace, tmp_path: Path) -> None:
    numbers = made.issue(book.journal, book.settings, "truck", 6)
    file = made.workbook(tmp_path, "truck.xlsx", "truck", made.filled(1, numbers[:5], "truck"))
    (taken,) = made.hand_in(book, file)
    assert taken.problems == () and sorted(taken.recorded) == numbers[:5]
    assert numbers_issued_to(book.journal, "truck") == numbers[5:]
    assert verify_journal(book.journal, book.content).ok


def test_the_same_file_twice_changes_nothing(book: Workspace, tmp_path: Path) -> None:
    numbers = made.issue(book.journal, book.settings, "truck", 3)
    file = made.workbook(tmp_path, "truck.xlsx", "truck", made.filled(2, numbers, "truck"))
    made.hand_in(book, file)
    before = book.journal.head()
    (again,) = made.hand_in(book, file)
    assert sorted(again.unchanged) == numbers and book.journal.head() == before
    first, second = made.hand_in(book, file, file)
    assert first.unchanged == second.unchanged and book.journal.head() == before


def test_a_changed_row_is_a_revision_and_the_old_one_stays(book: Workspace, tmp_path: Path) -> None:
    numbers = made.issue(book.journal, book.settings, "truck", 3)
    record = made.filled(3, numbers, "truck")
    made.hand_in(book, made.workbook(tmp_path, "a.xlsx", "truck", record))
    changed = made.with_values(record.take(numbers[:1]), remarks="seal was broken")
    (taken,) = made.hand_in(book, made.workbook(tmp_path, "b.xlsx", "truck", changed))
    assert taken.revised == (numbers[0],) and taken.recorded == ()
    assert [revision_of(book.journal, number) for number in numbers] == [2, 1, 1]
    read = (book.journal, book.content, book.settings, numbers[0])
    assert entry_rows(*read)["entries"][0]["remarks"] == "seal was broken"
    assert entry_rows(*read, revision=1)["entries"][0].get("remarks") != "seal was broken"
    with refused("revision-not-found", Refused):
        entry_rows(*read, revision=3)


def test_a_faulty_file_changes_nothing_but_is_on_record(book: Workspace, tmp_path: Path) -> None:
    numbers = made.issue(book.journal, book.settings, "truck", 3)
    record = made.with_values(made.filled(4, numbers, "truck"), release_date=None)
    file = made.workbook(tmp_path, "truck.xlsx", "truck", record)
    (taken,) = made.hand_in(book, file)
    assert taken.refused and len(taken.problems) == 3
    assert {problem.row for problem in taken.problems} == {2, 3, 4}
    assert numbers_issued_to(book.journal, "truck") == numbers
    refusals = [event.said for event in book.journal.events(kind="entries.refused")]
    assert isinstance(refusals[0], EntriesRefused) and refusals[0].problems == 3
    made.hand_in(book, file)
    assert len(list(book.journal.events(kind="entries.refused"))) == 1


def test_clean_entries_can_be_taken_and_the_rest_left(book: Workspace, tmp_path: Path) -> None:
    numbers = made.issue(book.journal, book.settings, "truck", 4)
    good = made.filled(5, numbers[:3], "truck")
    bad = made.with_values(made.filled(6, numbers[3:], "truck"), release_date=None)
    both = EntryRecord.of({name: ledger_concat(table, getattr(bad, name)) for name, table in good.items()})
    file = made.workbook(tmp_path, "truck.xlsx", "truck", both)
    (taken,) = made.hand_in(book, file, accept_clean=True)
    assert sorted(taken.recorded) == numbers[:3] and taken.left == (numbers[3],)
    assert numbers_issued_to(book.journal, "truck") == numbers[3:]


def ledger_concat(first, second):
    import pyarrow as pa

    return pa.concat_tables([first, second])


def test_one_number_from_two_desks_is_refused_naming_both(book: Workspace, tmp_path: Path) -> None:
    ocean = made.issue(book.journal, book.settings, "ocean", 3)
    air = made.issue(book.journal, book.settings, "air", 2)
    theirs = made.workbook(tmp_path, "ocean.xlsx", "ocean", made.filled(7, ocean, "ocean"))
    ours = made.workbook(tmp_path, "air.xlsx", "air", made.filled(8, [*air, ocean[0]], "air"))
    first, second = made.hand_in(book, theirs, ours)
    assert sorted(first.recorded) == ocean
    (problem,) = second.problems
    assert problem.value == ocean[0] and problem.code == "number-used-by-two-desks"
    assert (problem.values["owner"], problem.values["desk"]) == ("ocean", "air")
    assert "ocean.xlsx" in str(problem.values["elsewhere"]) and second.refused
    (taken,) = made.hand_in(book, ours, accept_clean=True)
    assert sorted(taken.recorded) == air


@pytest.mark.parametrize("state", ["free", "foreign", "void"])
def test_a_number_that_the_desk_does_not_hold_is_refused(book: Workspace, tmp_path: Path, state: str) -> None:
    numbers = made.issue(book.journal, book.settings, "truck", 2)
    number, code, values = {
        "free": ("ABC-9000100-9", "number-not-issued", {}),
        "foreign": ("ABC-1234567-6", "entry-number-not-in-reserve", {}),
        "void": (numbers[1], "number-voided", {"note": "torn"}),
    }[state]
    if state == "free":
        number = next(n for n in all_numbers(book.journal) if n not in numbers)
    if state == "void":
        void = NumbersVoided(numbers=[number], reason="torn", persons=["a", "b"])
        book.journal.append(void, "numbers/ABC", "it")
    file = made.workbook(tmp_path, "truck.xlsx", "truck", made.filled(9, [number], "truck"))
    (taken,) = made.hand_in(book, file)
    problem = taken.problems[0]
    assert taken.refused and (problem.code, problem.values) == (code, values)


def all_numbers(journal: Journal) -> list[str]:
    from tasks.entries.tables import NUMBERS

    return [row.number for row in journal.rows(sa.select(NUMBERS.c.number))]


def test_what_went_out_in_a_batch_can_no_longer_be_revised(book: Workspace, tmp_path: Path) -> None:
    numbers = made.issue(book.journal, book.settings, "truck", 1)
    record = made.filled(10, numbers, "truck")
    made.hand_in(book, made.workbook(tmp_path, "a.xlsx", "truck", record))
    named = BatchNamed(batch="B1", application="SE", plan="p", content="", file="f", numbers=numbers)
    book.journal.append(named, "batch/B1", "it")
    changed = made.with_values(record, remarks="late news")
    (taken,) = made.hand_in(book, made.workbook(tmp_path, "b.xlsx", "truck", changed))
    problem = taken.problems[0]
    assert taken.refused and (problem.code, problem.values) == ("number-already-sent", {"batch": "B1"})


def test_a_workbook_handed_in_again_with_one_correction_is_taken_though_the_others_went_out(
    book: Workspace, tmp_path: Path
) -> None:
    """What went out and stands in the file as it was is no change; a desk corrects in its own file."""
    sent, settled, open_ = made.issue(book.journal, book.settings, "truck", 3)
    record = made.filled(10, [sent, settled, open_], "truck")
    made.hand_in(book, made.workbook(tmp_path, "a.xlsx", "truck", record))
    named = BatchNamed(batch="B1", application="AE", plan="p", content="", file="f", numbers=[sent])
    book.journal.append(named, "batch/B1", "it")
    done = EntrySettled(number=settled, how="in ACE", proof="")
    book.journal.append(done, f"entry/{settled}", "it")
    rows = record.entries.to_pylist()
    rows[2]["remarks"] = "late news"
    changed = EntryRecord.of({**dict(record.items()), "entries": pa.Table.from_pylist(rows, record.entries.schema)})
    (taken,) = made.hand_in(book, made.workbook(tmp_path, "b.xlsx", "truck", changed))
    assert not taken.problems
    assert (taken.revised, set(taken.unchanged)) == ((open_,), {sent, settled})


def test_after_the_release_the_summarys_data_may_still_come_in(book: Workspace, tmp_path: Path) -> None:
    numbers = made.issue(book.journal, book.settings, "truck", 1)
    record = made.filled(10, numbers, "truck")
    made.hand_in(book, made.workbook(tmp_path, "a.xlsx", "truck", record))
    named = BatchNamed(batch="B1", application="SE", plan="p", content="", file="f", numbers=numbers)
    book.journal.append(named, "batch/B1", "it")
    told = AnswerLine(number=numbers[0], disposition="accepted")
    answer = AnswerRead(application="SX", about="release", batch="B1", content="", rejected=False, lines=[told])
    book.journal.append(answer, "answer/1", "it")
    more = made.with_values(record, state_of_destination="TX", summary_remarks="chased")
    (taken,) = made.hand_in(book, made.workbook(tmp_path, "b.xlsx", "truck", more))
    assert taken.revised == tuple(numbers), taken.problems
    other = made.with_values(more, port_of_entry="5301")
    (taken,) = made.hand_in(book, made.workbook(tmp_path, "c.xlsx", "truck", other))
    problem = taken.problems[0]
    assert taken.refused and problem.code == "differs-from-release-in-ace"
    assert (problem.subject, problem.values["batch"]) == (numbers[0], "B1")


def test_private_values_never_reach_content_or_journal(book: Workspace, tmp_path: Path) -> None:
    numbers = made.issue(book.journal, book.settings, "truck", 1)
    record = made.with_values(
        made.filled(11, numbers, "truck"),
        importer_type="34",
        importer_number="900-55-1234",
        driver_name="PAT DOE",
        driver_birth_date="1979-03-04",
        driver_licence="TX99887766",
        vehicle_plate="TX ZZ123",
    )
    file = made.workbook(tmp_path / "in", "truck.xlsx", "truck", record)
    (taken,) = made.hand_in(book, file)
    assert taken.recorded == tuple(numbers), taken.problems
    kept = b"".join(path.read_bytes() for path in book.settings.home.rglob("*") if path.is_file())
    for secret in (b"900-55-1234", b"1979-03-04", b"TX99887766", b"TX ZZ123"):
        assert secret not in kept
    (content,) = {row.content for row in book.journal.rows(sa.select(ENTRIES.c.content))}
    row = from_bytes(book.content.get(content)).entries.to_pylist()[0]
    assert book.vault.open(row["importer_number"]) == "900-55-1234"
    assert book.vault.open(row["driver_birth_date"]) == "1979-03-04"
    assert row["broker_reference"] == numbers[0][4:].replace("-", "")
    before = book.journal.head()
    made.hand_in(book, file)
    assert book.journal.head() == before
    book.vault.purge_due(date(2200, 1, 1))
    assert book.vault.open(row["importer_number"]) == "900-55-1234"
    with pytest.raises(Refused, match="purged"):
        book.vault.open(row["driver_birth_date"])


def test_a_reference_of_the_books_is_no_value_for_a_desk(book: Workspace, tmp_path: Path) -> None:
    numbers = made.issue(book.journal, book.settings, "truck", 1)
    record = made.filled(15, numbers, "truck")
    record = made.with_values(record, importer_type="34", importer_number="~ABCDEFGHIJK")
    (taken,) = made.hand_in(book, made.workbook(tmp_path, "truck.xlsx", "truck", record))
    assert taken.refused and taken.problems[0].code == "private-reference-as-value"


def test_a_workbook_for_a_desk_and_back(book: Workspace, tmp_path: Path) -> None:
    numbers = made.issue(book.journal, book.settings, "truck", 4)
    with refused("desk-without-unused-numbers", NumberUnavailable):
        write_workbooks(book.journal, book.settings, "air", tmp_path / "air.xlsx")
    assert write_workbooks(book.journal, book.settings, "truck", tmp_path / "truck.xlsx") == 4
    (intake,) = made.read(book.settings, tmp_path / "truck.xlsx")
    assert list(intake.unused) == numbers and intake.record.numbers == []


def test_entries_go_back_to_their_desk_filled_in(book: Workspace, tmp_path: Path) -> None:
    numbers = made.issue(book.journal, book.settings, "truck", 3)
    record = made.with_values(made.filled(12, numbers, "truck"), driver_licence="TX1")
    made.hand_in(book, made.workbook(tmp_path, "truck.xlsx", "truck", record))
    parts = (book.journal, book.content, book.vault, book.settings)
    (path,) = write_corrections(*parts, numbers[:2], tmp_path / "back")
    before = book.journal.head()
    (taken,) = made.hand_in(book, path)
    assert sorted(taken.unchanged) == numbers[:2] and book.journal.head() == before
    with refused("entries-not-recorded", Refused):
        write_corrections(*parts, ["ABC-1234567-6"], tmp_path)


def test_spoiled_numbers_are_told_until_two_persons_void_them(book: Workspace, tmp_path: Path) -> None:
    import pyarrow as pa

    numbers = made.issue(book.journal, book.settings, "truck", 2)
    record = made.filled(13, numbers[:1], "truck")
    spoiled = pa.Table.from_pylist([{"entry_number": numbers[1], "reason": "coffee"}], record.voided.schema)
    record = EntryRecord.of({**dict(record.items()), "voided": spoiled})
    file = made.workbook(tmp_path, "truck.xlsx", "truck", record)
    (taken,) = made.hand_in(book, file)
    assert taken.to_void == ((numbers[1], "coffee"),), taken.problems
    void = NumbersVoided(numbers=[numbers[1]], reason="coffee", persons=["a", "b"])
    book.journal.append(void, "numbers/ABC", "it")
    assert made.hand_in(book, file)[0].to_void == ()


def test_listings(book: Workspace, tmp_path: Path) -> None:
    numbers = made.issue(book.journal, book.settings, "truck", 2)
    record = made.filled(14, numbers, "truck")
    made.hand_in(book, made.workbook(tmp_path, "truck.xlsx", "truck", record))
    assert [row["number"] for row in recorded_entries(book.journal, "truck")] == numbers
    assert recorded_entries(book.journal, "air") == []
    assert number_state(book.journal, book.settings, numbers[0])["state"] == "recorded"
    lacking = {row["entry_number"] for row in chase_list(book.journal, book.content)}
    complete = pc.sum(pc.cast(record.entries["state_of_destination"].is_valid(), "int64")).as_py()
    assert lacking <= set(numbers) and complete is not None


def test_an_older_workbook_puts_nothing_back_without_a_clear_yes(book: Workspace, tmp_path: Path) -> None:
    numbers = made.issue(book.journal, book.settings, "truck", 2)
    record = made.with_values(made.filled(12, numbers, "truck"), remarks=None)
    old = made.workbook(tmp_path, "old.xlsx", "truck", record)
    made.hand_in(book, old)
    mended = made.with_values(record.take(numbers[:1]), remarks="seal was broken", driver_name="Ana")
    made.hand_in(book, made.workbook(tmp_path, "mended.xlsx", "truck", mended))
    (taken,) = made.hand_in(book, old)
    (told,) = taken.problems
    assert taken.refused and (told.value, told.code) == (numbers[0], "E110")
    assert "Remarks seal was broken becomes nothing again" in told.wrong and "Ana" not in told.wrong
    (taken,) = made.hand_in(book, old, accept_clean=True)
    assert (taken.left, taken.unchanged) == ((numbers[0],), (numbers[1],))
    assert revision_of(book.journal, numbers[0]) == 2
    (taken,) = made.hand_in(book, old, go_back=True)
    assert taken.revised == (numbers[0],) and not taken.problems
    assert [one.wrong for one in taken.warnings] == [told.wrong]
