"""Production runs again from a backup: ACE took more since then than its books know."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pandas as pd
import pytest

from tasks.ace.cargo_release.release_writer import write_batches
from tasks.ace.entry_summary.summary_writer import write_summaries
from tasks.ace.fees.payment_terms import PaymentSetup
from tasks.ace.settings import AceSettings
from tasks.core import clock
from tasks.core.errors import BadInput, BadNumber, Refused
from tasks.core.files import digest_of
from tasks.core.journal.verification import verify_journal
from tasks.drill.ace_simulator.batch_worker import SimulatorRules
from tasks.drill.ace_simulator.queries.summary_query import AnswerLimits
from tasks.drill.ace_simulator.simulator import AceSimulator
from tasks.entries.settings import FilerSettings, NumberSettings
from tasks.reconciliation.accounting.report_data import build_report
from tasks.reconciliation.events import ProductionExported, ProductionNumbered
from tasks.reconciliation.restore import number_recovery, restore_queries
from tasks.reconciliation.restore.number_recovery import parse_numbers
from tasks.reconciliation.restore.production_export import write_export
from tasks.reconciliation.restore.restore_cycle import RestoreCycle, run_restore_cycle, write_restore_workbook
from tasks.reconciliation.restore.restore_queries import range_queries, record_restore, write_restore_queries
from tasks.security.manifest import verify_manifest
from tests.ace import made_record, made_record as ace_made_record, made_summary
from tests.ace.made_record import number
from tests.errors import refused
from tests.reconciliation.ace_exchange import World, open_world, record_summaries
from tests.reconciliation.broker_office import Office

NOW = datetime(2026, 11, 24, 20, tzinfo=UTC)
BACKUP = datetime(2026, 10, 5, 2)
SENT = {1000: date(2026, 10, 12), 1001: date(2026, 11, 20), 1002: date(2026, 11, 23),
        1003: date(2026, 11, 23)}  # fmt: skip
RELEASE_ONLY, COUNTER = 1005, 998


@pytest.fixture
def world(office: Office, tmp_path: Path) -> Iterator[World]:
    with clock.held(NOW):
        made = open_world(office, tmp_path / "ace")
        filer = office.settings(FilerSettings).model_copy(update={"ports": ("3801",)})
        office.settings = office.settings.model_copy(update={"filer": filer})
        for serial, day in SENT.items():
            production_sends(made.ace, serial, day)
        production_releases(made.ace, RELEASE_ONLY, date(2026, 11, 23))
        made.ace.today = NOW.date()
        yield made
        made.ace.close()


def production_sends(ace: AceSimulator, serial: int, day: date) -> None:
    """The production system's own AE, after the backup."""
    ace.today = day
    back = made_summary.RELEASED - day + timedelta(days=1)
    dates = {name: value - max(back, timedelta()) for name, value in
             (("export_date", date(2026, 11, 16)), ("import_date", date(2026, 11, 19)),
              ("release_date", made_summary.RELEASED))}  # fmt: skip
    record = ace_made_record.made(made_summary.summary(serial, **dates))
    envelope = replace(made_summary.ENVELOPE, transmission_date=day)
    terms = PaymentSetup(made_summary.PAYMENT.terms, day)
    for batch in write_summaries(record, envelope, None, terms):
        ace.answer(batch.bytes())
    assert ace.holding(number(serial)).summary is not None


def production_releases(ace: AceSimulator, serial: int, day: date) -> None:
    ace.today = day
    record = made_record.made(made_record.entry(serial))
    envelope = replace(made_record.ENVELOPE, transmission_date=day)
    for batch in write_batches(record, envelope):
        ace.answer(batch.bytes())
    ace.seed_paper_release(number(serial), day)
    ace.unsolicited()
    assert ace.holding(number(serial)).entry is not None


def turn(world: World, restore: restore_queries.Restore, known: tuple[str, ...] = ()) -> RestoreCycle:
    return run_restore_cycle(world.house, restore, known, None, "bo", NOW.date())


def to_the_end(world: World, counter: int | None = COUNTER) -> RestoreCycle:
    restore = record_restore(world.house, BACKUP, None, counter, "bo")
    for _ in range(8):
        done = turn(world, restore)
        if done.following is not None:
            return done
        world.exchange()
    raise AssertionError(done.waiting)


def test_what_ace_took_after_the_backup_is_found_and_the_next_number_is_above(world: World) -> None:
    done = to_the_end(world)
    assert [one.number for one in done.lacking] == [*map(number, SENT), number(RELEASE_ONLY)]
    what = {one.number: (one.what, one.books) for one in done.rows}
    assert what[number(1000)] == (number_recovery.SUMMARY_SEEN, number_recovery.LACKING)
    assert what[number(RELEASE_ONLY)] == (number_recovery.RELEASE_SEEN, number_recovery.LACKING)
    first = done.rows[0]
    assert (first.entry_type, first.port, first.accepted[:10]) == ("01", "3801", "2026-10-12")
    assert first.importer == made_summary.IMPORTER and float(first.owed) > 0
    following = done.following
    assert following is not None
    assert following.highest == number(RELEASE_ONLY)
    assert following.number == number(RELEASE_ONLY + 1 + 20)
    assert following.margin == world.house.settings(NumberSettings).daily_volume == 20
    assert not following.outside


def test_questions_are_of_31_days_and_put_once(world: World) -> None:
    restore = record_restore(world.house, BACKUP, None, None, "bo")
    first = turn(world, restore)
    assert len(first.asked) == 2 and len(first.waiting) == 2 and first.following is None
    house = world.house
    days = [(one.begin, one.end) for one in range_queries(house.journal, restore)]
    assert days[0][0] == datetime(2026, 10, 5)
    assert all((end.date() - begin.date()).days < 31 for begin, end in days)
    ace = house.settings(AceSettings).model_copy(update={"ask_again_minutes": 60})
    waits = house.with_settings(house.settings.model_copy(update={"ace": ace}))
    assert not write_restore_queries(waits, restore, "bo", NOW.date())
    world.exchange()
    done = turn(world, restore)
    assert done.following is not None and not done.asked
    head = house.journal.head()
    again = turn(world, record_restore(house, BACKUP, None, None, "bo"))
    assert again == done and house.journal.head() == head


def test_without_the_counter_a_release_is_not_seen_and_the_margin_covers_it(world: World) -> None:
    done = to_the_end(world, counter=None)
    assert [one.number for one in done.lacking] == [*map(number, SENT)]
    assert done.following and done.following.number > number(RELEASE_ONLY)


def test_a_cut_answer_is_asked_on(world: World, tmp_path: Path) -> None:
    few = SimulatorRules(query_limits=AnswerLimits(summaries=2))
    world.ace.close()
    world.ace = AceSimulator(tmp_path / "ace" / "ace.sqlite", NOW.date(), few)
    done = to_the_end(world, counter=None)
    states = [one.state for one in range_queries(world.house.journal, done.restore)]
    assert restore_queries.CUT in states and states[-1] == restore_queries.ANSWERED
    assert [one.number for one in done.lacking] == [*map(number, SENT)]


def test_what_the_books_and_production_have_is_not_lacking(world: World) -> None:
    (ours,) = record_summaries(world, ["01"])
    world.ace.seed_paper_release(ours, made_summary.RELEASED)
    world.run()
    restore = to_the_end(world).restore
    done = turn(world, restore, (number(1000),))
    books = {one.number: one.books for one in done.rows}
    assert books[ours] == number_recovery.OURS
    assert books[number(1000)] == number_recovery.KNOWN
    assert [one.number for one in done.lacking] == [*map(number, [1001, 1002, 1003, 1005])]


def test_a_number_of_the_reserve_that_nobody_recorded_is_told(world: World) -> None:
    (ours,) = record_summaries(world, ["01"])
    stray = number(int(ours[4:11]) + 1)
    production_sends(world.ace, int(stray[4:11]), NOW.date())
    production_sends(world.ace, 9_700_000, NOW.date())
    done = to_the_end(world)
    assert {one.number: one.books for one in done.rows}[stray] == number_recovery.STRAY
    assert done.following and done.following.outside == (number(9_700_000),)
    assert done.following.highest == number(RELEASE_ONLY)


@pytest.mark.parametrize(
    ("last", "code"), [(1020, "production-range-exhausted"), (9_999_999, "reserve-overlaps-production")]
)
def test_the_reserve_is_never_hit(world: World, last: int, code: str) -> None:
    record_summaries(world, ["01"])
    restore = to_the_end(world).restore
    house = world.house
    ours = house.settings(NumberSettings).model_copy(update={"production_last": last})
    narrow = house.with_settings(house.settings.model_copy(update={"numbers": ours}))
    small = replace(restore, counter=None)
    with refused(code, Refused):
        number_recovery.next_number(narrow, small, 20 if last < 9_000_000 else -8_000_000)


def test_a_restore_that_cannot_be_is_refused(world: World) -> None:
    with pytest.raises(BadInput, match="before the last backup"):
        record_restore(world.house, BACKUP, BACKUP - timedelta(days=3), None, "bo")
    restore = record_restore(world.house, BACKUP, datetime(2027, 1, 1), None, "bo")
    assert restore.cut_off == clock.washington(NOW)


def test_a_counter_far_below_what_ace_shows_is_asked_about(world: World) -> None:
    production_sends(world.ace, 900_000, NOW.date())
    restore = to_the_end(world, counter=None).restore
    with pytest.raises(BadInput, match="is it the counter"):
        restore_queries.probes(world.house, replace(restore, counter=1000))


def test_a_listing_of_production_is_read(world: World) -> None:
    text = f"entry_number;importer\n{number(1000)};X\n\n{number(1001).lower()}\n"
    assert parse_numbers(text, "p.csv") == [number(1000), number(1001)]
    with pytest.raises(BadNumber) as wrong:
        parse_numbers("ABC-1234567-0x\nnonsense 1\n", "p.csv")
    assert [(one.file, one.row) for one in wrong.value.problems] == [("p.csv", 1), ("p.csv", 2)]


def test_the_restore_is_in_the_book_and_in_the_report(world: World) -> None:
    done = to_the_end(world)
    house = world.house
    (said,) = [event.said for event in house.journal.events(kind="production.numbered")]
    assert isinstance(said, ProductionNumbered)
    assert said.lacking == len(done.lacking)
    assert json.loads(house.content.get(said.content))[0]["number"] == number(1000)
    assert verify_journal(house.journal, house.content).ok
    facts = build_report(house.journal, house.content, house.settings)
    assert any(done.following and done.following.number in text for text in facts.restore.lines)
    assert facts.restore.rows.num_rows == len(done.lacking)


def test_the_workbook_says_it_all(world: World, tmp_path: Path) -> None:
    done = to_the_end(world)
    path = write_restore_workbook(world.house, done, tmp_path / "restored.xlsx")
    sheets = pd.read_excel(path, sheet_name=None, engine="calamine")
    assert list(sheets) == ["Restore", "Our books lack", "All in ACE"]
    assert done.following and done.following.number in str(sheets["Restore"])
    assert len(sheets["Our books lack"]) == len(done.lacking)


def test_settled_entries_leave_for_production(continuity, world: World, tmp_path: Path) -> None:  # type: ignore[no-untyped-def]
    with refused("settled-entry-missing", Refused):
        write_export(world.house, tmp_path / "none", "bo")
    social = "900-55-1234"
    numbers = record_summaries(world, ["01", "23"], vehicle_plate="TX 1", importer_type="34",
                               importer_number=social, consignee_number=social)  # fmt: skip
    for one in numbers:
        world.ace.seed_paper_release(one, made_summary.RELEASED)
    world.ace.seed_importer(social)
    world.ace.seed_bond("123456789", social, "036")
    world.run()
    paths = write_export(world.house, tmp_path / "plain", "bo")
    names = {path.name for path in paths}
    assert {"entries.csv", "lines.csv", "tariffs.csv", "ace.csv", "settled-entries.xlsx"} <= names
    rows = pd.read_csv(tmp_path / "plain" / "entries.csv", dtype=str)
    assert rows["entry_number"].tolist() == numbers
    assert set(rows["importer_number"]) == {"***-**-****"}
    shown = (tmp_path / "plain" / "ace.csv").read_text("utf-8-sig")
    assert "accepted" in shown and "00100" in shown
    assert verify_manifest(tmp_path / "plain") == []
    plain = b"".join(path.read_bytes() for path in paths if path.suffix == ".csv")
    assert social.encode() not in plain and b"~" not in plain and b"TX 1" not in plain
    with refused("accounting-export-folder-not-empty", Refused):
        write_export(world.house, tmp_path / "plain", "bo")
    whole = write_export(world.house, tmp_path / "whole", "bo", private=True)
    assert social in (tmp_path / "whole" / "entries.csv").read_text("utf-8-sig")
    assert all(path.stat().st_mode & 0o077 == 0 for path in whole if path.suffix == ".csv")
    events = [event.said for event in world.house.journal.events(kind="production.exported")]
    assert [event.private for event in events if isinstance(event, ProductionExported)] == [
        False, True,
    ]  # fmt: skip
    code, out, _ = continuity("reconcile", "export", "--out", str(tmp_path / "desk"), "--json")
    told = json.loads(out)
    assert (code, told["entries"], told["private"]) == (0, len(numbers), False)
    listed = {one["file"]: (one["size"], one["sha256"]) for one in told["files"]}
    assert listed == {str(path): (path.stat().st_size, digest_of(path))
                      for path in (tmp_path / "desk").iterdir()}  # fmt: skip
