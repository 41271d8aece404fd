"""The sample brokerage is what its README says, and all that is wrong in it is caught."""

from __future__ import annotations

import zipfile
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from decimal import ROUND_HALF_UP, Decimal
from importlib.resources import files
from pathlib import Path

import openpyxl
import pytest
import sqlalchemy as sa

from tasks.ace.cargo_release.release_writer import write_batches
from tasks.ace.fees.payment_terms import read_terms
from tasks.ace.file_check import check_bytes
from tasks.ace.settings import AceSettings
from tasks.ace.wire.batch_envelope import Envelope
from tasks.core.errors import BadInput
from tasks.core.journal.journal import Journal, is_drill
from tasks.core.settings import BrokerSettings, Settings, load_settings
from tasks.drill import sample_brokerage
from tasks.drill.sample_brokerage import SampleHome, make_sample_home, void_sample_numbers
from tasks.entries.numbers import number_lookup
from tasks.entries.numbers.number_lookup import number_state
from tasks.entries.numbers.number_reserve import reserve_counts
from tasks.entries.record.entry_record import EntryRecord, concat, from_bytes
from tasks.entries.record.entry_recording import RecordingResult, profile_of, record_intake
from tasks.entries.tables import ENTRIES
from tasks.entries.validation.summary_rules import summary_gaps
from tasks.entries.workbook.file_intake import FileIntake, read_entry_files
from tasks.opening import open_journal
from tasks.reconciliation.accounting import number_account
from tasks.reconciliation.accounting.number_account import account_numbers
from tasks.security.host_keys import host_public_key
from tasks.security.people import all_people
from tasks.security.settings import ApprovalSettings
from tasks.workspace import Workspace
from tests.errors import refused

SSN = "900-55-1234"
VOID = ["QZ9-9000005-4", "QZ9-9000023-7", "QZ9-9000044-3", "QZ9-9000063-3"]
CAUGHT = [
    ("Entries", 12, "Arrival date", "11/10/2026", "E010"),
    ("Entries", 12, "Carrier code", "8q", "E203"),
    ("Entries", 12, "Entry number", "QZ9-9000055-9", "E401"),
    ("Entries", 13, "Entry number", "QZ9-9000034-4", "number-used-by-two-desks"),
    ("Entries", 18, "Importer of record number", "29380716500", "E208"),
    ("Entries", 18, "Paper release date", "", "E350"),
    ("Parties", 46, "Name", "MÜLLER PRÄZISION MESSTECHNIK GMBH", "E203"),
    ("Tariffs", 26, "Value", "39,600.-", "E010"),
]
"""Sheet, row, column, value and code of what is told of air.xlsx, but for the tariff number, whose
value may be shown as typed or without its dots."""


@dataclass
class Week:
    """The home after all that was handed in has been taken, and what was spoiled is void."""

    made: SampleHome
    book: Workspace
    intakes: list[FileIntake]
    taken: list[RecordingResult]
    voided: list[str]

    @property
    def journal(self) -> Journal:
        return self.book.journal

    def record(self) -> EntryRecord:
        rows = self.journal.rows(sa.select(ENTRIES.c.number, ENTRIES.c.content))
        parts = [from_bytes(self.book.content.get(row.content)).take([row.number]) for row in rows]
        return concat(parts)


@pytest.fixture(scope="module")
def week(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Week]:
    home = tmp_path_factory.mktemp("sample") / "home"
    made = make_sample_home(home, "drill")
    journal = open_journal(made.settings)
    book = Workspace(made.settings, journal=journal)
    intakes = read_entry_files(made.handed_in, profile_of(made.settings))
    taken = record_intake(book, intakes, "mlopez", accept_clean=True)
    spoiled = [pair for one in taken for pair in one.to_void]
    yield Week(made, book, intakes, taken, void_sample_numbers(journal, home, spoiled))
    journal.close()


def by_file(week: Week) -> dict[str, RecordingResult]:
    return {one.file: one for one in week.taken}


def test_home_can_plan_and_send(week: Week) -> None:
    settings = load_settings(week.made.settings.home)
    assert settings == week.made.settings
    assert settings(AceSettings).outbound is not None and settings(AceSettings).outbound.is_dir()
    secret = settings(AceSettings).password_file
    assert secret is not None and secret.stat().st_mode & 0o077 == 0
    assert len(secret.read_text()) == 6
    assert settings(AceSettings).inbox == week.made.answers and week.made.answers.is_dir()
    assert (settings(AceSettings).ask_first, settings(AceSettings).ask_again_minutes) == (True, 0)
    assert settings(ApprovalSettings).persons == 2
    assert is_drill(week.journal)
    assert not any(one.alarm for one in reserve_counts(week.journal, settings))


def test_people_have_their_roles(week: Week) -> None:
    people_ = {one.person: one for one in all_people(week.journal)}
    assert sorted(people_) == ["avance", "bharbor", "mlopez"]
    assert people_["avance"].roles == ("approver",) and people_["avance"].enrolled
    assert people_["avance"].licence == week.made.settings(BrokerSettings).licence
    assert people_["bharbor"].enrolled and not people_["mlopez"].enrolled


def test_issued_numbers_are_those_printed(week: Week) -> None:
    assert {desk: len(numbers) for desk, numbers in week.made.issued.items()} == {
        "truck": 24, "ocean": 21, "air": 19, "rail": 6,
    }  # fmt: skip
    for path, desk in zip(week.made.handed_in[:3], ("truck", "ocean", "air"), strict=True):
        sheet = openpyxl.load_workbook(path, read_only=True)["Entries"]
        column = [row[0] for row in sheet.iter_rows(min_row=2, max_col=1, values_only=True)]
        printed = [number for number in column if number]
        if desk == "air":
            assert printed[11] == "QZ9-9000034-4"
            printed[11] = "QZ9-9000056-7"
        assert printed == week.made.issued[desk]


def test_numbers_are_the_same_each_time(week: Week, tmp_path: Path) -> None:
    again = make_sample_home(tmp_path / "home", "sample")
    assert again.issued == week.made.issued
    assert host_public_key(again.settings.home) != host_public_key(week.made.settings.home)
    with pytest.raises(BadInput):
        make_sample_home(tmp_path / "home", "sample")


def test_what_each_file_gives(week: Week) -> None:
    told = {name: (len(one.recorded), len(one.unchanged), len(one.left), len(one.problems))
            for name, one in by_file(week).items()}  # fmt: skip
    assert told == {
        "truck.xlsx": (22, 0, 0, 0),
        "ocean.xlsx": (20, 0, 0, 0),
        "air.xlsx": (15, 0, 3, 9),
        "truck-again.xlsx": (0, 22, 0, 0),
        "air-corrected.xlsx": (3, 0, 0, 0),
    }


def test_every_fault_is_told_with_its_place(week: Week) -> None:
    problems = by_file(week)["air.xlsx"].problems
    told = [(p.sheet, p.row, p.column, p.value, p.code) for p in problems]
    tariff = ("Tariffs", 20, "HTS number")
    assert [one for one in told if one[:3] != tariff] == CAUGHT
    assert len([one for one in told if one[:3] == tariff]) == 1
    assert all(problem.wrong and problem.right for problem in problems)


def test_number_used_by_two_desks_names_both(week: Week) -> None:
    (clash,) = [p for p in by_file(week)["air.xlsx"].problems if p.value == "QZ9-9000034-4"]
    assert clash.code == "number-used-by-two-desks"
    assert (clash.values["owner"], clash.values["desk"]) == ("ocean", "air")
    assert "ocean.xlsx" in str(clash.values["elsewhere"])
    owner = number_state(week.journal, week.made.settings, "QZ9-9000034-4")
    assert (owner["desk"], owner["file"]) == ("ocean", "ocean.xlsx")


def test_second_hand_in_changes_nothing(week: Week) -> None:
    one, two = (week.made.inbox / name for name in ("truck.xlsx", "truck-again.xlsx"))
    assert one.read_bytes() == two.read_bytes()
    # a refused file is told again, so air's first workbook stays out of this
    sound = [intake for intake in week.intakes if not intake.problems]
    before = week.journal.head()
    again = record_intake(week.book, sound, "mlopez", accept_clean=True)
    assert week.journal.head() == before
    assert {len(taken.recorded) + len(taken.revised) for taken in again} == {0}


def test_every_number_has_one_place_but_for_rail(week: Week) -> None:
    lines = account_numbers(week.journal)
    assert number_account.unaccounted(lines) == {"rail": week.made.issued["rail"]}
    places = Counter(line.place for line in lines if line.place != number_account.FREE)
    assert places == {
        number_account.TO_SEND: 49,
        number_account.AT_PORT: 5,
        number_account.SUMMARY: 2,  # the quota entry and the withdrawal: filed before they are let go
        number_account.NO_FILING: 4,
        number_account.VOID: 4,
        number_account.UNACCOUNTED: 6,
    }


def test_voiding_again_passes_over_what_is_void(week: Week) -> None:
    assert week.voided == VOID
    before = week.journal.head()
    pairs = [(number, "spoiled") for number in VOID]
    assert void_sample_numbers(week.journal, week.made.settings.home, pairs) == []
    assert week.journal.head() == before


def test_voiding_twice_in_a_minute_takes_another_code(tmp_path: Path) -> None:
    made = make_sample_home(tmp_path / "home", "drill")
    journal = open_journal(made.settings)
    first, second = made.issued["rail"][:2]
    assert void_sample_numbers(journal, made.settings.home, [(first, "spoiled")]) == [first]
    assert void_sample_numbers(journal, made.settings.home, [(second, "spoiled")]) == [second]
    codes = list(journal.events(kind="person.code_used"))
    assert len({event.key for event in codes}) == 2
    (void, _) = journal.events(kind="numbers.voided")
    assert void.said.persons == ["mlopez", "bharbor"]
    journal.close()


def test_no_code_is_taken_from_a_house_that_is_no_drill(house: Settings, journal: Journal) -> None:
    with refused("person-code-drill-only"):
        void_sample_numbers(journal, house.home, [("ABC-9000000-0", "spoiled")])
    assert not list(journal.events(kind="person."))


def test_released_entries_go_out_as_cargo_release(week: Week) -> None:
    ready = [
        row["entry_number"]
        for row in week.record().entries.to_pylist()
        if row["filing_route"] == "se_then_ae" and row["paper_outcome"] in number_account.RELEASED
    ]
    assert len(ready) == 49
    day = date(2026, 11, 16)
    envelope = Envelope("2304", "QZ9", "QZ9", transmission_date=day, mark="DRILL-")
    batches = list(write_batches(week.record().take(ready), envelope))
    assert {batch.port for batch in batches} == {"2304", "2704", "4701"}
    assert sorted(number for batch in batches for number in batch.numbers) == ready
    for batch in batches:
        assert list(check_bytes(batch.bytes()).findings) == []
    assert sum(len(batch.slots) for batch in batches) == 3


def test_chase_list_names_what_summaries_lack(week: Week) -> None:
    rows = number_lookup.chase_list(week.journal, week.book.content)
    assert {str(row["entry_number"])[4:11] for row in rows} == {
        "9000006", "9000008", "9000017", "9000022", "9000029", "9000030",
        "9000036", "9000038", "9000051", "9000059",
    }  # fmt: skip
    assert all(row["due_from"] for row in rows)


def test_duty_is_value_times_rate_to_the_cent(week: Week) -> None:
    """Each line's duty is a whole number of tenths of a per cent of its value, rounded half up."""
    values = {(row["entry_number"], row["line"]): row["value"]
              for row in week.record().tariffs.to_pylist() if row["value"]}  # fmt: skip
    judged = 0
    for row in week.record().tariffs.to_pylist():
        if row["duty"] is None:
            continue
        value = values[row["entry_number"], row["line"]]
        rate = round(float(row["duty"]) * 1000 / value)
        exact = Decimal(value) * rate / 1000
        assert row["duty"] == exact.quantize(Decimal("0.01"), ROUND_HALF_UP), row
        judged += bool(row["duty"])
    assert judged > 20


def later(week: Week, when: str) -> EntryRecord:
    intakes = read_entry_files(week.made.later[when], profile_of(week.made.settings))
    assert not [problem for one in intakes for problem in one.problems]
    return concat([one.record for one in intakes])


def test_later_files_leave_nothing_open(week: Week) -> None:
    """What the desks hand in afterwards completes every entry, or closes it with its proof."""
    final, before = later(week, "after"), week.record()
    gaps = set(summary_gaps(before)["entry_number"].to_pylist())
    waiting = {row["entry_number"] for row in before.entries.to_pylist()
               if row["filing_route"] == "se_then_ae"
               and row["paper_outcome"] in ("waiting", "exam")}  # fmt: skip
    assert set(final.numbers) == gaps | waiting | {"QZ9-9000021-1"}
    assert summary_gaps(final).num_rows == 0
    rows = {row["entry_number"]: row for row in final.entries.to_pylist()}
    assert {rows[number]["paper_outcome"] for number in waiting} == {"released", "refused"}
    papers = Counter(row["entry_number"] for row in final.documents.to_pylist())
    assert all(papers[number] >= 3 and rows[number]["stamped_copy"] for number in waiting
               if rows[number]["paper_outcome"] == "refused")  # fmt: skip
    assert all(row["release_date"] and row["stamped_copy"] for row in rows.values()
               if row["paper_outcome"] == "released")  # fmt: skip


def test_later_files_change_what_they_say_they_change(week: Week) -> None:
    """Of an entry that was released before, what went into the cargo release is as it was."""
    before = {row["entry_number"]: row for row in week.record().entries.to_pylist()}
    changed = {}
    for when in sample_brokerage.LATER:
        for row in later(week, when).entries.to_pylist():
            was = before[row["entry_number"]]
            if was["paper_outcome"] in number_account.RELEASED:
                private = {name for name in row if str(was[name]).startswith("~")}
                names = {name for name in row if row[name] != was[name]} - private
                changed[row["entry_number"][4:11]] = names - {"broker_reference"}
    assert {number: names for number, names in changed.items() if names} == {
        "9000010": {"surety_code"},
        "9000028": {"second_surety", "second_bond_amount", "second_bond_account"},
        "9000029": {"state_of_destination"},
        "9000036": {"state_of_destination"},
    }


def test_payment_table_has_terms_for_every_importer(week: Week) -> None:
    terms = read_terms(week.made.settings.home / sample_brokerage.PAYMENT)
    assert terms["*"].payment_type == "2"
    assert {one.payment_type for one in terms.values()} == set("23678")
    for row in week.record().entries.to_pylist():
        if row["payment_type"] in ("6", "7", "8"):
            assert terms[row["importer_number"]].periodic_day


def test_what_the_simulator_knows_fits_the_entries(week: Week) -> None:
    facts = sample_brokerage.ace_facts()
    rows = {row["entry_number"]: row for row in week.record().entries.to_pylist()}
    rows |= {row["entry_number"]: row for row in later(week, "after").entries.to_pylist()}
    released = {number: row["release_date"] for number, row in rows.items() if row["release_date"]}
    keyed = {one["number"]: one["released"] for one in facts["officers"]}
    assert {**facts["paper_releases"], **keyed} == released
    assert not keyed.keys() & facts["paper_releases"].keys()
    assert [bool(one.get("changes")) for one in facts["officers"]].count(True) == 2
    assert len(keyed) == 7
    known = {one["number"] for one in facts["importers"]}
    open_ = {row["importer_number"] for row in rows.values() if row["importer_type"] != "34"}
    assert known == open_ | {SSN}
    bonds = {one["importer"]: one["surety"] for one in facts["bonds"]}
    wrong = {
        row["entry_number"]
        for row in rows.values()
        if row["bond_type"] == "8" and row["surety_code"] != bonds[row["importer_number"]]
    }
    assert wrong == {"QZ9-9000010-4"}


def test_every_case_of_the_readme_is_there(week: Week) -> None:
    record = week.record()
    rows = {row["entry_number"][4:11]: row for row in record.entries.to_pylist()}
    assert Counter(row["entry_type"] for row in rows.values()) == {
        "01": 52, "11": 2, "02": 1, "03": 1, "06": 1, "21": 1, "23": 1, "31": 1,
    }  # fmt: skip
    assert Counter(row["paper_outcome"] for row in rows.values()) == {
        "released": 47, "provisional": 2, "waiting": 4, "exam": 3, "refused": 1, "exported": 1,
        "not presented": 1, "cleared otherwise": 1,
    }  # fmt: skip
    assert rows["9000027"]["filing_route"] == "ae_certified"
    assert (rows["9000052"]["bond_type"], rows["9000052"]["bond_amount"]) == ("9", 62000)
    assert rows["9000002"]["immediate_delivery"] and rows["9000037"]["general_order_number"]
    assert set(record.bills["bill_type"].to_pylist()) == set("RMHTI")
    assert {row["line"] > 0 for row in record.parties.to_pylist()} == {True, False}
    assert set("AE") < set(record.pga["disclaimer"].drop_null().to_pylist())


def test_private_values_stay_behind_references(week: Week) -> None:
    rows = week.record().entries.to_pylist()
    hidden = [row for row in rows if row["importer_type"] == "34"]
    assert [row["entry_number"] for row in hidden] == ["QZ9-9000032-8"]
    assert hidden[0]["importer_number"].startswith("~")
    drivers = {row["driver_birth_date"] for row in rows if row["driver_name"]}
    assert len(drivers) > 1 and all(value.startswith("~") for value in drivers)
    home = week.made.settings.home
    kept = [path for path in home.rglob("*") if path.is_file() and path.parent.name != "inbox"]
    assert not [path for path in kept if SSN.encode() in path.read_bytes()]


@pytest.mark.parametrize("name", [*sample_brokerage.HANDED_IN, *sum(sample_brokerage.LATER.values(), ())])
def test_shipped_files_hold_nothing_of_a_machine(name: str) -> None:
    path = Path(str(files("continuity_data"))) / "sample" / "handed_in" / name
    assert path.stat().st_size < 150_000
    about = openpyxl.load_workbook(path, read_only=True).properties
    assert (about.creator or "", about.lastModifiedBy or "") == ("", "")
    with zipfile.ZipFile(path) as book:
        text = b"".join(book.read(member) for member in book.namelist())
    folders = [f"/{name}/".encode() for name in ("home", "root", "tmp", "Users")]
    for trace in (*folders, b"C:\\"):
        assert trace not in text


def test_what_ships_holds_no_secret() -> None:
    folder = Path(str(files("continuity_data"))) / "sample"
    shipped = {path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file()}
    assert shipped == {
        "README.md",
        "clients.csv",
        "contacts.csv",
        "continuity.toml",
        "open-work.csv",
        "pga-flags.csv",
        sample_brokerage.PAYMENT,
        sample_brokerage.ACE_FACTS,
        "duties/incident-response-policy.txt",
        "duties/isa-acceptance.txt",
        *(f"handed_in/{n}" for n in (*sample_brokerage.HANDED_IN, *sum(sample_brokerage.LATER.values(), ()))),
    }
    text = (folder / "continuity.toml").read_text(encoding="utf-8")
    assert "password" not in text.replace("the password file", "")
