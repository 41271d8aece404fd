"""The sample brokerage against the stand-in ACE: from the first question to the last settled entry.
What ACE knows beforehand is `data/sample/ace.toml`."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
import sqlalchemy as sa

from tasks.ace.entry_summary.summary_writer import write_summaries
from tasks.ace.file_check import check_bytes
from tasks.ace.wire.batch_envelope import Envelope
from tasks.ace.wire.codec import encode_records
from tasks.ace.wire.record_layouts import record_layout
from tasks.core import clock
from tasks.drill import sample_brokerage
from tasks.drill.ace_simulator.simulator import AceSimulator
from tasks.drill.reconciliation_chapter import approve_plan_in_drill
from tasks.drill.sample_brokerage import SampleHome, make_sample_home, void_sample_numbers
from tasks.entries.numbers import number_lookup
from tasks.entries.numbers.entry_numbers import parse_entry_number
from tasks.entries.record.entry_record import EntryRecord
from tasks.entries.record.entry_recording import RecordingResult, profile_of, record_intake
from tasks.entries.workbook.file_intake import read_entry_files
from tasks.reconciliation.cycle_stages import CycleResult, entry_decisions, run_cycle
from tasks.reconciliation.plan.batch_building import load_records
from tasks.reconciliation.plan.payment_terms import read_payment_terms
from tasks.reconciliation.receiving.surety_notices import confirm_bonds
from tasks.reconciliation.state.entry_reader import list_entry_states
from tasks.reconciliation.tables import BATCHES
from tasks.workspace import Workspace

DAY = datetime(2026, 11, 24, 15, tzinfo=UTC)
STB, QUOTA, WITHDRAWAL = "QZ9-9000052-6", "QZ9-9000027-8", "QZ9-9000042-7"
SECOND_STB = "QZ9-9000028-6"
"""Antidumping: its correction adds a single transaction bond beside the continuous one (710)."""
REJECTED = {"QZ9-9000010-4": "145", "QZ9-9000028-6": "710"}
"""The surety is not the one of ACE's bond; a continuous bond alone does not cover the cases."""

DIFFER = {"QZ9-9000003-9": ("88015", "133015", "49280", "94280"), "QZ9-9000049-2": ("IT", "PT")}
CHASED = {"9000006", "9000008", "9000017", "9000022", "9000029", "9000030", "9000036", "9000038",
          "9000051", "9000059"}  # fmt: skip
AT_PORT = {"9000009", "9000020", "9000035", "9000058", "9000062"}
CLOSED = {"9000013", "9000018", "9000021", "9000043"}


@dataclass
class World:
    """The sample brokerage and a stand-in ACE on the other side of its two folders."""

    made: SampleHome
    house: Workspace
    ace: AceSimulator
    turns: int = 0
    seen: list[CycleResult] = field(default_factory=list)

    @property
    def book(self) -> Workspace:
        return self.house

    def hand_in(self, paths: list[Path]) -> list[RecordingResult]:
        intakes = read_entry_files(paths, profile_of(self.house.settings))
        return record_intake(self.book, intakes, sample_brokerage.PREPARER, accept_clean=True)

    def turn(self) -> CycleResult:
        """A turn, a minute after the last: an approver's code counts once."""
        self.turns += 1
        with clock.held(DAY + timedelta(minutes=self.turns)):
            last = run_cycle(self.house, sample_brokerage.PREPARER, DAY.date())
            if last.waiting is not None:
                approve_plan_in_drill(self.house, last.waiting.digest)
            self.ace.process_folder(self.made.settings.home / "outbound", self.made.answers)
        self.seen.append(last)
        return last

    def run(self, most: int = 40) -> dict[str, list[str]]:
        """Turns until the steps stay the same; entries by step."""
        seen: list[dict[str, list[str]]] = []
        for _ in range(most):
            last = self.turn()
            seen.append(last.steps)
            if last.waiting is None and seen[-4:] == [last.steps] * 4:
                return {step: sorted(some) for step, some in last.steps.items()}
        raise AssertionError(f"still moving after {most} turns: {seen[-1]}")

    def record(self, number: str) -> EntryRecord:
        (where,) = [one.content for one in list_entry_states(self.house.journal) if one.number == number]
        return load_records(self.house.content, {number: where})

    def confirm_bond(self, number: str) -> list[str]:
        notice = f"our eBond for {number} is on file".encode()
        return confirm_bonds(self.house, number, notice, "notice.txt", sample_brokerage.PREPARER)


def seed(world: World, facts: dict[str, Any]) -> None:
    """Put what `ace.toml` says into the stand-in."""
    ace = world.ace
    ace.seed_filer(facts["filer"])
    for one in facts["importers"]:
        ace.seed_importer(**one)
    for one in facts["bonds"]:
        ace.seed_bond(**one)
    for one in facts["ebonds"]:
        ace.seed_transaction_bond(**one)
    for one in facts["bills"]:
        ace.seed_bill(**one)
    for one in facts["warehouse_entries"]:
        key_warehouse(world, **one)
    for number, day in facts["paper_releases"].items():
        ace.seed_paper_release(number, day)
    for one in facts["officers"]:
        key(world, one)


def key(world: World, one: dict[str, Any]) -> None:
    """An officer keys a paper entry, with the summary if he has that too."""
    record = changed(world.record(one["number"]), one.get("changes", []))
    (entry,) = record.entries.to_pylist()
    bills = [(row["bill_type"], row["issuer"] or "", row["bill_number"], row["quantity"] or 0)
             for row in record.bills.to_pylist()]  # fmt: skip
    lines = [(row["country_of_origin"], goods(record, row["line"]))
             for row in record.lines.to_pylist()]  # fmt: skip
    world.ace.seed_officer_entry(
        one["number"],
        port=entry["port_of_entry"],
        released=one["released"],
        entry_type=entry["entry_type"],
        importer=entry["importer_number"],
        mode=entry["mode_of_transport"],
        value=entry["entered_value"],
        bills=bills,
        lines=lines,
        notified=one["notified"],
        summary=summary(world, record) if one["summary"] else None,
    )


def key_warehouse(
    world: World, number: str, port: str, entry_type: str, importer: str, mode: str, released: date
) -> None:
    """A warehouse entry of long ago, with no more of its summary than its first two records."""
    filed = parse_entry_number(number)
    head = {"summary_filing_action_request_code": "A", "entry_filer_code": filed.filer,
            "entry_number": number[4:].replace("-", ""), "district_port_of_entry": port,
            "broker_reference_number": number[4:11], "entry_type_code": entry_type,
            "mode_of_transport": mode, "electronic_signature": "X"}  # fmt: skip
    content = {"importer_of_record_number": importer}
    rows = np.vstack([
        encode_records(record_layout("AE", code), {name: pa.array([value]) for name, value in values.items()})
        for code, values in (("10", head), ("11", content))
    ])  # fmt: skip
    world.ace.seed_officer_entry(number, port=port, released=released, entry_type=entry_type,
                                 importer=importer, mode=mode, notified=True,
                                 summary=rows.tobytes())  # fmt: skip


def goods(record: EntryRecord, line: int) -> str:
    rows = [row for row in record.tariffs.to_pylist() if row["line"] == line]
    return str(rows[-1]["hts_number"])


def changed(record: EntryRecord, changes: list[dict[str, Any]]) -> EntryRecord:
    """The record as the officer read it off the paper."""
    tables = dict(record.items())
    for change in changes:
        table = tables[change["table"]]
        rows = table.to_pylist()
        (row,) = [row for row in rows
                  if all(row[key] == change.get(key, row[key]) for key in ("line", "position")
                         if key in row)]  # fmt: skip
        row[change["field"]] = change["value"]
        tables[change["table"]] = pa.Table.from_pylist(rows, table.schema)
    return EntryRecord.of(tables)


def summary(world: World, record: EntryRecord) -> bytes:
    """AE records 10 to 90 of an entry."""
    payment = read_payment_terms(world.house.settings, DAY.date())
    envelope = Envelope("2304", "QZ9", "QZ9", application="AE", transmission_date=DAY.date())
    (batch,) = write_summaries(record, envelope, None, payment)
    data = batch.bytes()
    rows = [data[at : at + 80] for at in range(0, len(data), 80)]
    return b"".join(row for row in rows if row[:2].isdigit())


@dataclass
class Told:
    """The world when all is done, and the steps after each stage."""

    world: World
    first: dict[str, list[str]]
    bonded: dict[str, list[str]]
    corrected: dict[str, list[str]]
    last: dict[str, list[str]]
    revised: dict[str, list[RecordingResult]]
    chased: set[str]


@pytest.fixture(scope="module")
def told(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Told]:
    home = tmp_path_factory.mktemp("world") / "home"
    with clock.held(DAY):
        made = make_sample_home(home, "drill")
        house = Workspace(made.settings)
        world = World(made, house, AceSimulator(home.parent / "ace.sqlite", DAY.date()))
        spoiled = [pair for taken in world.hand_in(made.handed_in) for pair in taken.to_void]
        void_sample_numbers(house.journal, home, spoiled)
        seed(world, sample_brokerage.ace_facts())
        first = world.run()
        chased = {short(str(row["entry_number"]))
                  for row in number_lookup.chase_list(house.journal, house.content)}  # fmt: skip
        world.confirm_bond(STB)
        for number in sample_brokerage.ace_facts()["quota"]["accepted"]:
            world.ace.accept_quota(number)
        revised = {"rejected": world.hand_in(made.later["rejected"])}
        bonded = world.run()
        world.confirm_bond(SECOND_STB)
        corrected = world.run()
        revised["after"] = world.hand_in(made.later["after"])
        yield Told(world, first, bonded, corrected, world.run(), revised, chased)
        world.ace.close()
        house.journal.close()


def short(number: str) -> str:
    return number[4:11]


def serials(steps: dict[str, list[str]], step: str) -> set[str]:
    return {short(number) for number in steps.get(step, [])}


def test_first_round_settles_what_it_can(told: Told) -> None:
    assert serials(told.first, "ask the importer") == CHASED == told.chased
    assert serials(told.first, "waits at the port") == AT_PORT
    assert serials(told.first, "no filing") == CLOSED
    assert told.first["differs from ACE"] == sorted(DIFFER)
    assert told.first["back to the desk"] == sorted(REJECTED)
    assert told.first["wait for the surety"] == [STB]
    assert told.first["wait for ACE"] == [QUOTA]
    assert len(told.first["settled"]) == 35
    assert sum(map(len, told.first.values())) == 60


def test_a_correction_that_brings_a_second_bond_waits_for_its_surety(told: Told) -> None:
    assert told.bonded["wait for the surety"] == [SECOND_STB]
    assert SECOND_STB in REJECTED and SECOND_STB in told.corrected["settled"]


def test_second_round_takes_bond_quota_and_corrections(told: Told) -> None:
    assert {STB, QUOTA, *REJECTED} <= set(told.corrected["settled"])
    assert set(told.corrected) == {
        "settled", "ask the importer", "waits at the port", "no filing", "differs from ACE",
    }  # fmt: skip


def test_at_the_end_only_the_differences_are_left(told: Told) -> None:
    assert {step: len(some) for step, some in told.last.items()} == {
        "settled": 53, "no filing": 5, "differs from ACE": 2,
    }  # fmt: skip
    assert told.last["differs from ACE"] == sorted(DIFFER)
    assert serials(told.last, "no filing") == CLOSED | {"9000058"}
    why = {one.number: verdict.why for one, verdict in entry_decisions(told.world.house)}
    for number, values in DIFFER.items():
        assert all(value in why[number] for value in values), why[number]
    assert told.world.seen[-1].held == {}


def test_later_files_revise_just_their_entries(told: Told) -> None:
    for when, count in (("rejected", 2), ("after", 16)):
        taken = told.revised[when]
        assert not [one for one in taken if one.problems or one.recorded or one.left]
        assert sum(len(one.revised) for one in taken) == count
    done = {short(number) for one in told.revised["after"] for number in one.revised}
    assert done == CHASED | AT_PORT | {"9000021"}


def test_ace_holds_each_number_once(told: Told) -> None:
    book = told.world.ace.book()
    ours = set(told.last["settled"]) | set(DIFFER)
    (warehouse,) = sample_brokerage.ace_facts()["warehouse_entries"]
    assert set(book) == ours | {warehouse["number"]}
    assert [number for number, one in book.items() if not one.stands_once or one.canceled] == []
    assert [number for number in ours if book[number].summary is None] == []
    alone = {number for number in ours if book[number].entry is None}
    assert alone == {WITHDRAWAL}
    for event in ("summary implicitly deleted", "summary deleted", "entry cancelled"):
        assert not any(one.count(event) for one in book.values())


def test_just_two_are_rejected_and_for_what_our_checks_cannot_see(told: Told) -> None:
    ace = told.world.ace
    rejected = {number: {word for event in ace.history(number) if event.event == "summary rejected"
                         for word in event.detail.split()} for number in ace.book()}  # fmt: skip
    assert {number: codes for number, codes in rejected.items() if codes} == {
        number: {code} for number, code in REJECTED.items()
    }
    house = told.world.house
    for row in house.journal.rows(sa.select(BATCHES)):
        assert check_bytes(house.content.get(row.content)).errors == ()


def test_what_officers_keyed_is_not_sent_again(told: Told) -> None:
    book = told.world.ace.book()
    for one in sample_brokerage.ace_facts()["officers"]:
        held = book[one["number"]]
        assert (held.count("officer keyed"), held.count("entry added")) == (1, 0)
        assert held.count("summary keyed by officer") == one["summary"]
        assert held.count("summary added") == (not one["summary"])
    hidden = [one["number"] for one in sample_brokerage.ace_facts()["officers"]
              if not one["summary"] and not one["notified"]]  # fmt: skip
    assert [book[number].count("entry rejected") for number in hidden] == [1]
    assert not any(held.count("entry rejected") for n, held in book.items() if n not in hidden)


def test_release_dates_are_those_of_the_paper(told: Told) -> None:
    book = told.world.ace.book()
    paper = {one.number: one.released for one in list_entry_states(told.world.house.journal)}
    for number in told.last["settled"]:
        entry = book[number].entry
        if paper[number]:
            assert entry is not None and str(entry.released) == paper[number]
    assert [n for n in told.last["settled"] if not paper[n]] == [QUOTA, WITHDRAWAL]


def test_statements_and_questions_are_there(told: Told) -> None:
    book = told.world.ace.book()
    kinds_ = Counter(one.summary.payment for one in book.values() if one.summary)
    assert set("12367") <= set(kinds_)
    read = Counter(event.said.application
                   for event in told.world.house.journal.events(kind="answer.read"))  # fmt: skip
    assert all(read[application] for application in ("ER", "C1", "KR", "AX", "SX", "SO"))
