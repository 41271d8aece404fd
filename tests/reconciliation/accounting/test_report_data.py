from __future__ import annotations

import re
from collections import Counter
from datetime import date, timedelta
from decimal import Decimal
from pathlib import Path

import pyarrow as pa
import pytest

from tasks.core.content import ContentStore
from tasks.core.journal.journal import Journal
from tasks.core.settings import Settings
from tasks.entries.events import (
    EntriesRecorded,
    EntriesRevised,
    EntryBurnt,
    EntryHandedOver,
    EntrySettled,
    NumbersIssued,
    NumbersReserved,
    NumbersVoided,
)
from tasks.reconciliation.accounting import discrepancy_table as matters, number_account as accounting
from tasks.reconciliation.accounting.number_account import account_numbers
from tasks.reconciliation.accounting.report_data import AccountingReport, build_report
from tasks.reconciliation.accounting.report_rows import IN_TIME, LATE, LATE_OPEN, SCHEMA, UNKNOWN, with_lateness
from tasks.reconciliation.events import BatchNamed, BatchWritten
from tests.ace import made_summary
from tests.reconciliation.accounting.test_number_account import NUMBERS, block, line, recorded, tell as tell_account
from tests.reconciliation.ace_exchange import World, open_world, record_summaries
from tests.reconciliation.broker_office import make_office
from tests.reconciliation.differences import differs
from tests.reconciliation.reports import report_of, rows, texts
from tests.reconciliation.sample_outage import DUE, RELEASED, Outage, answer, said


def test_paper_and_ace_stand_side_by_side(report: AccountingReport, outage: Outage) -> None:
    for row in rows(report, outage.of("plain", "keyed", "date differs", "rejected once")):
        assert row["place"] == accounting.SETTLED
        assert row["paper_release"] == row["ace_release"] == RELEASED
        assert row["paper_value"] == row["ace_value"] and row["release_differs"] is False
        assert (row["summary_due"], row["days_late"], row["lateness"]) == (DUE, 0, IN_TIME)
        assert row["cbp_late"] is False and row["ended"] == outage.at(23).date()
    for row in rows(report, outage.of("keyed with differences")):
        assert (row["ace_value"], row["ended_by"]) == (1300, "ada")
        assert "found in ACE 2026-11-14, keyed there by CBP" in row["what_happened"] and row["batches"] is None


def test_what_is_late_is_late_beside_cbps_own_flag(report: AccountingReport, outage: Outage) -> None:
    for row in rows(report, outage.of("late")):
        assert row["summary_in_ace"] == outage.at(22).date() == DUE + timedelta(days=6)
        assert (row["days_late"], row["working_days_late"]) == (6, 3)
        assert row["lateness"] == LATE and row["cbp_late"] is True


def test_numbers_without_a_filing_owe_no_summary(report: AccountingReport, outage: Outage) -> None:
    for row in rows(report, outage.of("refused", "waiting", "void", "unaccounted")):
        assert row["summary_due"] is None and row["days_late"] is None and row["lateness"] == ""
    (spoiled, _) = rows(report, outage.of("void"))
    assert "void 2026-11-10 by bo: coffee over it (confirmed by bo and ada)" in spoiled["what_happened"]
    (lost, _) = rows(report, outage.of("unaccounted"))
    assert lost["what_happened"] == "printed for truck"


def test_each_matter_tells_how_it_was_settled(report: AccountingReport, outage: Outage) -> None:
    found = report.discrepancies.to_pylist()
    assert Counter(one["kind"] for one in found) == {
        matters.FOUND: 4, matters.DIFFERS: 4, matters.DATE: 2, matters.ENTRY_REJECTED: 2,
        matters.BATCH_REJECTED: 1, matters.NO_ANSWER: 1, matters.TWICE: 1, matters.FILE_REFUSED: 1,
    }  # fmt: skip
    assert not any(one["open"] for one in found)
    settled = {one["kind"]: one["settled"] for one in found}
    assert settled[matters.FOUND] == "nothing was sent for it"
    assert settled[matters.DIFFERS].startswith("licence holder accepts CBP's value")
    assert settled[matters.DATE] == "ACE shows 2026-11-10 since 2026-11-24"
    assert settled[matters.ENTRY_REJECTED] == ("corrected in truck.xlsx, accepted in batch SE3 2026-11-16")
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
    body = EntriesRevised(content="", source="", file="b.xlsx", desk="truck", entries=[revised])
    outage.say(24, body)
    outage.say(
        24,
        answer(
            "ER",
            "summary",
            "",
            [
                said(
                    number,
                    "already on file",
                    summary="accepted",
                    control="trade",
                    differs=(differs("10.mode_of_transport", 11, 30),),
                )
            ],
        ),
    )
    found = [one for one in report_of(outage, house, day=25).discrepancies.to_pylist() if one["open"]]
    assert {(one["kind"], one["settled"]) for one in found} == {
        (matters.FOUND, matters.OPEN), (matters.DIFFERS, matters.OPEN)}  # fmt: skip
    (row,) = rows(report_of(outage, house, day=25), [number])
    assert row["differences"] and row["differences"] in row["next_step"]
    assert {"11", "30"} <= set(re.findall(r"\d+", row["differences"]))


def test_each_place_is_in_the_report(journal: Journal, content: ContentStore, house: Settings) -> None:
    given_ = ["waiting", "released", "released", "provisional", "released", "refused"]
    routes = ["se_then_ae"] * 4 + ["ae_only", "se_then_ae"]
    batch = {"application": "SE", "plan": "p", "content": ""}
    told = tell_account(journal, [
        NumbersReserved(**block(1, 12), range_check="x"),
        NumbersIssued(**block(1, 11), desk="truck", port="2304"),
        NumbersVoided(numbers=[NUMBERS[0]], reason="r", persons=["a", "b"]),
        recorded(EntriesRecorded, [*zip(NUMBERS[1:7], given_, routes, strict=True),
                                         *((n, "released", "se_then_ae") for n in NUMBERS[7:9])]),
        BatchNamed(batch="1", file="1", numbers=[NUMBERS[3]], **batch),
        BatchNamed(batch="2", file="2", numbers=[NUMBERS[4]], **batch),
        BatchWritten(batch="2", file="2", size=1),
        EntrySettled(number=NUMBERS[7], how="portal report", proof=""),
        EntryBurnt(number=NUMBERS[8], reason="cancelled"),
        EntryHandedOver(number=NUMBERS[9], filer="XYZ", other_number="XYZ-1"),
    ])  # fmt: skip
    found = build_report(journal, content, house)
    assert told == len(found.numbers) == 12
    assert found.numbers["place"].to_pylist() == [
        one.place for one in account_numbers(journal)]  # fmt: skip
    assert set(found.places) == set(accounting.PLACES) - {
        accounting.ON_FILE, accounting.REJECTED, accounting.STRAY,
            accounting.USED, accounting.AWAY}  # fmt: skip
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
    found = build_report(house.journal, house.content, house.settings)
    assert all(proof.holds for proof in found.proofs), found.proofs
    mine = rows(found, numbers)
    assert {row["place"] for row in mine} == {accounting.SETTLED}, world.steps()
    for row in mine:
        assert row["ace_release"] == row["paper_release"] == made_summary.RELEASED
        assert row["ace_value"] == row["paper_value"] and row["summary_in_ace"]
    (one,) = found.discrepancies.to_pylist()
    assert (one["kind"], one["subject"]) == (matters.FOUND, numbers[0])
    assert one["what"].startswith("ACE answered our first SE with already on file")
    assert one["settled"] == "only AE sent after it"
    world.ace.close()
