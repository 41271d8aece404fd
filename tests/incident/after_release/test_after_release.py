"""After release: how long CBP may ask for goods back, what its discretion covers, and entries that another
broker takes over."""

from __future__ import annotations

import io
import json
import zipfile
from datetime import date, timedelta
from pathlib import Path

import pandas as pd
import pytest
from hypothesis import given, strategies as st
from pypdf import PdfReader

from tasks.core import clock
from tasks.core.errors import (
    BadInput,
    BadNumber,
    HostileFile,
    JournalBroken,
    NotApproved,
    NotOpened,
    NumberUnavailable,
    Refused,
)
from tasks.core.journal.journal import Journal
from tasks.core.journal.verification import verify_journal
from tasks.core.settings import BrokerSettings, Settings
from tasks.entries.record.entry_recording import profile_of
from tasks.entries.workbook.file_intake import read_entry_files
from tasks.incident.after_release import broker_handover, handover_package, redelivery_demands
from tasks.incident.after_release.broker_handover import (
    HandoverResult,
    SubstituteBroker,
    handover_rows,
    prepare_handover,
    recall_handover,
)
from tasks.incident.after_release.discretion_grants import grant_uses, grants_recorded, record_grant, record_use
from tasks.incident.after_release.redelivery_demands import (
    RedeliveryWatch,
    record_answer,
    record_condition,
    record_demand,
)
from tasks.incident.after_release.release_events import HandoverPrepared
from tasks.incident.letters.entry_documents import attach_document
from tasks.incident.letters.letter_records import record_sending, withdraw_letter
from tasks.reconciliation.accounting import number_account
from tasks.reconciliation.accounting.number_account import account_numbers
from tasks.reconciliation.decisions.filer_handover import hand_over, require_ours_alone
from tasks.security.approvals import waiting_approvals
from tasks.security.events import ApprovalGranted
from tasks.security.sealing import SealRecipient, make_seal_key, read_seal_key, read_seal_public_key, write_sealed
from tasks.security.sealing_keys import StretchCost
from tasks.security.settings import ApprovalSettings
from tasks.workspace import Workspace
from tests.entries.house import SSN, book_of
from tests.errors import refused
from tests.incident.paper_world import World, open_world, pdf

CLIENT = "12-3456789"
PHRASE = "correct horse battery staple"
KEPT = {"paper_outcome": "not presented", "release_date": None}


@pytest.fixture
def world(journal: Journal, house: Settings, tmp_path: Path) -> World:
    sole = house.model_copy(update={"approval": ApprovalSettings(persons=1)})
    return open_world(book_of(sole, journal), tmp_path / "scratch")


@pytest.fixture
def proof(world: World) -> Path:
    return world.file("proof.pdf", pdf())


def released(world: World, ago: int = 3, **fields: object) -> str:
    return released_on(world, clock.washington().date() - timedelta(days=ago), **fields)


def released_on(world: World, day: date, **fields: object) -> str:
    return world.record("11", arrival_date=day, release_date=day,
                        **{"paper_outcome": "released"} | fields)  # fmt: skip


# -- redelivery


def watch(world: World, number: str) -> RedeliveryWatch:
    return next(one for one in redelivery_demands.watches(world.book) if one.number == number)


@given(st.integers(0, 90))
def test_cbp_may_ask_for_thirty_days_after_release(ago: int) -> None:
    """19 CFR 141.113; the day itself still counts."""
    rules = {"redelivery_demand": (30, "S"), "redelivery_after_condition": (30, "S")}
    day = date(2026, 11, 24) - timedelta(days=ago)

    class Row:
        number, outcome = "x", "released"

    until, _, mark, open_ = redelivery_demands._period(Row(), day, None, rules)  # type: ignore[arg-type]
    assert (until, mark, open_) == (day + timedelta(days=30), "S", False)


def test_a_condition_keeps_the_time_open_until_it_ends(world: World, proof: Path) -> None:
    plain, sample = released(world), released(world, 40)
    old, provisional = released(world, 31), released(world, paper_outcome="provisional")
    assert watch(world, plain).state == redelivery_demands.WATCHED
    assert watch(world, old).state == redelivery_demands.OVER
    assert watch(world, provisional).state == redelivery_demands.CONDITIONAL
    record_condition(world.book, sample, "sample with FDA", None, proof, "jo")
    assert (watch(world, sample).state, watch(world, sample).until) == (redelivery_demands.CONDITIONAL, None)
    today = clock.washington().date()
    record_condition(world.book, sample, "FDA: may proceed", today, proof, "jo")
    assert watch(world, sample).until == today + timedelta(days=30)
    with refused("condition-end-out-of-range", BadInput):
        record_condition(world.book, sample, "x", today + timedelta(days=1), proof, "jo")
    with pytest.raises(NumberUnavailable):
        record_condition(world.book, world.record("11"), "x", None, proof, "jo")


def test_a_demand_has_a_day_and_stays_until_it_is_answered(world: World, proof: Path) -> None:
    number, today = released(world, 10), clock.washington().date()
    on = today - timedelta(days=4)
    given_ = (world.book, number, "4647-77", on)
    assert record_demand(*given_, None, "redeliver", proof, "jo") == on + timedelta(days=30)
    with refused("redelivery-notice-already-recorded", Refused):
        record_demand(*given_, None, "redeliver", proof, "jo")
    assert (watch(world, number).state, watch(world, number).notice) == ("demanded", "4647-77")
    more = today + timedelta(days=60)
    record_answer(world.book, number, "4647-77", "extended", today, more, proof, "jo")
    assert watch(world, number).due == more
    record_answer(world.book, number, "4647-77", "complied", today, None, proof, "jo")
    assert watch(world, number).state == "answered" and watch(world, number).due is None
    with refused("redelivery-demand-not-open", Refused):
        record_answer(world.book, number, "4647-77", "complied", today, None, proof, "jo")


def test_a_second_open_demand_is_told_beside_the_first(world: World, proof: Path) -> None:
    number, today = released(world), clock.washington().date()
    for name, days, what in (("N2", 9, "export"), ("N1", 5, "mark")):
        last = today + timedelta(days=days)
        record_demand(world.book, number, name, today, last, what, proof, "jo")
    one = watch(world, number)
    assert (
        one.notice == "N1"
        and one.why.code == "redelivery-demanded-again"
        and one.why.values == {"what": "mark", "others": f"export (N2) by {today + timedelta(days=9)}"}
    )


def test_demands_are_checked_and_late_ones_are_red(world: World, proof: Path) -> None:
    number, today = released(world, 40), clock.washington().date()
    for on, due, notice in ((today + timedelta(days=1), None, "n"), (today - timedelta(days=60), None, "n"),
                            (today, today - timedelta(days=1), "n"), (today, None, " ")):  # fmt: skip
        with pytest.raises(BadInput):
            record_demand(world.book, number, notice, on, due, "redeliver", proof, "jo")
    on = today - timedelta(days=30)
    record_demand(world.book, number, "n", on, today - timedelta(days=2), "mark", proof, "jo")
    (line,) = redelivery_demands.readiness(world.book)
    assert line.light == "red" and str(today - timedelta(days=2)) in line.fact
    for how, until in (("ignored", None), ("extended", None), ("complied", today + timedelta(days=3))):
        with pytest.raises(BadInput):
            record_answer(world.book, number, "n", how, today, until, proof, "jo")


# -- discretion


def grant(world: World, proof: Path, *acts: str) -> None:
    record_grant(world.book, "OT-2026-9", date(2026, 11, 9), date(2026, 11, 30), "ransomware",
                     acts or ("late-summary",), proof, "jo")  # fmt: skip


def test_the_attachment_names_broker_dates_and_reason(world: World, proof: Path) -> None:
    grant(world, proof)
    late, paper = world.record("11"), released_on(world, date(2026, 11, 20))
    out = world.out()
    made = record_use(world.book, [late, paper], "OT-2026-9", "late-summary", out, "jo")
    assert [one.path is None for one in made] == [False, True], "released on downtime: none is asked for"
    assert made[0].path is not None
    text = PdfReader(made[0].path).pages[0].extract_text()
    for words in ("Harbor & Vance Customs Brokers", late, "2026-11-09", "2026-11-30", "ransomware", "OT-2026-9",
                  "Entry summary filed late"):  # fmt: skip
        assert words in text
    listed = grant_uses(world.book)
    assert [row["number"] for row in listed] == [late, paper]
    head = world.book.journal.head()
    record_use(world.book, [late], "OT-2026-9", "late-summary", world.out(), "jo")
    assert world.book.journal.head() == head
    assert verify_journal(world.book.journal, world.book.content).ok


def test_an_entry_outside_the_days_of_the_grant_is_refused(world: World, proof: Path) -> None:
    grant(world, proof)
    day = {"released": date(2026, 10, 1), "late": date(2026, 10, 26), "after": date(2026, 12, 1)}
    early, late, after = (released_on(world, one) for one in day.values())
    head = world.book.journal.head()
    with pytest.raises(Refused) as said:
        record_use(world.book, [early, late, after], "OT-2026-9", "late-summary", world.out(), "jo")
    found = said.value.problems
    assert [(problem.column, problem.code) for problem in found] == [
        (early, "summary-due-before-grant"), (after, "entry-after-grant")
    ], "10 working days from 26 October, over Veterans Day, end on 9 November"  # fmt: skip
    assert found[0].values["due"] == date(2026, 10, 16)
    assert found[1].values["entered"] == date(2026, 12, 1)
    assert world.book.journal.head() == head
    production = "ABC-0000001-0"
    made = record_use(world.book, [late, production], "OT-2026-9", "late-summary", world.out(), "jo")
    assert [one.dated for one in made] == [True, False]


def test_what_statute_sets_is_never_covered(world: World, proof: Path) -> None:
    with refused("grant-not-recorded", BadInput) as caught:
        grant(world, proof, "late-summary", "psc")
    assert caught.codes == ["grant-act-never-covered"] and caught.problems[0].value == "psc"
    with refused("grant-not-recorded", BadInput) as caught:
        grant(world, proof, "late-party")
    assert caught.codes == ["grant-act-not-listed"]
    with refused("grant-not-recorded", BadInput) as caught:
        record_grant(world.book, "r", date(2026, 12, 1), date(2026, 11, 1), "x", ["late-summary"], proof, "jo")
    assert caught.codes == ["last-day-before-first-day"]
    with refused("proof-file-not-found", BadInput):
        grant(world, world.folder / "none.pdf")
    assert grants_recorded(world.book) == []
    grant(world, proof)
    with refused("grant-reference-taken", BadInput):
        grant(world, proof)
    number = world.record("11")
    wrong = (("OT-0", "late-summary", "grant-unknown"),
             ("OT-2026-9", "late-deposit", "grant-not-applicable"))  # fmt: skip
    for reference, act, code in wrong:
        with refused(code, Refused):
            record_use(world.book, [number], reference, act, world.out(), "jo")
    with refused("grant-not-recorded", BadInput) as caught:
        record_use(world.book, ["DM4-0085887-2"], "OT-2026-9", "late-summary", world.out(), "jo")
    assert caught.codes == ["entry-of-another-filer"]
    with pytest.raises(BadNumber):
        record_use(world.book, ["ABC-1234567-5"], "OT-2026-9", "late-summary", world.out(), "jo")


# -- hand-over


@pytest.fixture
def keys(world: World) -> Path:
    folder = world.folder / "keys"
    folder.mkdir()
    make_seal_key(folder, "other", PHRASE, StretchCost(memory=3, passes=1, lanes=1))
    return folder


def other(keys: Path, filer: str = "XYZ") -> SubstituteBroker:
    return SubstituteBroker("Second Brokers Inc", filer, read_seal_public_key(keys / "other.pub"))


def prepare(world: World, keys: Path, *numbers: str, clients: tuple[str, ...] = (CLIENT,), filer: str = "XYZ"
            ) -> HandoverResult:  # fmt: skip
    papers = {client: world.file("leave.pdf", pdf(1, "LEAVE")) for client in clients}
    powers = {client: world.file("power.pdf", pdf(1, "POWER")) for client in clients}
    return prepare_handover(world.book, numbers, other(keys, filer), papers, powers, world.out(), "jo")


def place(world: World, number: str) -> str:
    return next(one.place for one in account_numbers(world.book.journal) if one.number == number)


def house_of(world: World) -> Workspace:
    return world.book


def approve(world: World) -> None:
    """The licence holder signs what was asked for last."""
    asked = waiting_approvals(world.book.journal, 1)[-1]
    body = ApprovalGranted(plan=asked.plan, binds=list(asked.binds), person="ada", licence="98765", sole=True)
    world.book.journal.append(body, f"plan/{asked.plan}", "ada")


def test_the_other_broker_gets_workbook_documents_and_manifest(world: World, keys: Path) -> None:
    number = world.record("30", **KEPT, importer_type="34", importer_number=SSN, importer_name="Jo Doe")
    attach_document(world.book, number, world.file("invoice.pdf", pdf()), "Invoice", "jo")
    made = prepare(world, keys, number, clients=("Jo Doe",))
    assert SSN.encode() not in made.path.read_bytes() and made.documents == 1
    seed = read_seal_key(keys / "other.key", PHRASE)
    out = world.out()
    opened = handover_package.open_package(made.path, seed, out)
    names = opened.names
    assert opened.signer == made.signer and opened.broker == world.book.settings(BrokerSettings).name
    assert {one.stat().st_mode & 0o077 for one in out.iterdir()} == {0}
    assert [name.rpartition(".")[2] for name in names] == ["pdf", "xlsx", "json", "json"]
    assert (out / f"001-{number}-invoice.pdf").read_bytes() == pdf()
    (read,) = read_entry_files([out / f"{made.handover}.xlsx"], profile_of(world.book.settings))
    row = read.record.entries.to_pylist()[0]
    assert (row["importer_number"], row["driver_birth_date"]) == (SSN, "1979-03-18")
    words = str(pd.read_excel(out / f"{made.handover}.xlsx", "Read me", engine="calamine").values)
    assert "under your own filer code" in words and "Write that number" not in words
    about = json.loads((out / "about.json").read_text(encoding="utf-8"))
    assert about["entries"] == [number] and about["filer"] == "XYZ"
    (event,) = world.book.journal.events(kind="handover.prepared")
    assert SSN not in event.body and isinstance(said := event.said, HandoverPrepared)
    assert set(said.authorised) == set(said.power) == {"Jo Doe"}
    assert said.authorised["Jo Doe"] != said.power["Jo Doe"]


def test_a_killed_hand_over_leaves_no_clear_text(world: World, keys: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    number = world.record("11", **KEPT)
    home = world.book.settings.home
    before = {one for one in home.rglob("*") if "content" not in one.parts}

    def killed(*_: object, **__: object) -> None:
        raise SystemExit({one for one in home.rglob("*") if "content" not in one.parts} - before)

    monkeypatch.setattr(broker_handover.zipfile, "ZipFile", killed)
    with pytest.raises(SystemExit) as said:
        prepare(world, keys, number)
    assert not [one for one in said.value.args[0] if one.suffix in (".xlsx", ".json")]


def test_from_then_on_it_is_not_ours_until_it_comes_back(world: World, keys: Path, proof: Path) -> None:
    number = world.record("11", **KEPT)
    made = prepare(world, keys, number)
    assert place(world, number) == number_account.AWAY
    assert number_account.AWAY in [line.place for line in number_account.unsettled(account_numbers(world.book.journal))]
    with refused("entries-not-allowed-on-letter", Refused) as caught:
        world.issue(number)
    assert caught.codes == ["letter-entry-with-other-broker"]
    with refused("handover-entry-not-recorded", NumberUnavailable) as caught:
        prepare(world, keys, number)
    assert caught.codes == ["handover-number-not-recorded"]
    assert recall_handover(world.book, made.handover, "has no power of attorney", proof, "jo") == [number]
    assert place(world, number) == number_account.AT_PORT and world.letter(number).numbers == (number,)
    with refused("handover-already-returned", Refused):
        recall_handover(world.book, made.handover, "again", proof, "jo")
    assert verify_journal(world.book.journal, world.book.content).ok


def test_an_earlier_hand_over_takes_nothing_back_from_a_later_one(world: World, keys: Path, proof: Path) -> None:
    number = world.record("11", **KEPT)
    first = prepare(world, keys, number)
    recall_handover(world.book, first.handover, "is full", proof, "jo")
    later = prepare(world, keys, number, filer="DM4")
    with refused("handover-already-returned", Refused):
        recall_handover(world.book, first.handover, "again", proof, "jo")
    said = {row["handover"]: row["state"] for row in handover_rows(world.book)}
    assert said == {first.handover: "taken back", later.handover: "with another broker"}


def test_when_it_is_filed_our_number_is_void(world: World, keys: Path) -> None:
    number = world.record("11", **KEPT)
    prepare(world, keys, number)
    house = house_of(world)
    with refused("handover-sealed-for-other-filer", Refused):
        hand_over(house, number, "DM4-0085887-2", b"mail", "jo")
    with pytest.raises(NotApproved):
        hand_over(house, number, "XYZ-1234567-1", b"mail", "jo")
    approve(world)
    hand_over(house, number, "XYZ-1234567-1", b"mail", "jo")
    line = next(one for one in account_numbers(world.book.journal) if one.number == number)
    assert line.place == number_account.HANDED_OVER and "XYZ-1234567-1" in line.note
    (row,) = handover_rows(world.book)
    assert (row["number"], row["state"]) == (number, "handed over")
    assert verify_journal(world.book.journal, world.book.content).ok


def test_what_cbp_has_seen_stays_ours(world: World, keys: Path, proof: Path) -> None:
    house = house_of(world)
    seen, lettered = released(world), world.record("11", **KEPT)
    letter = world.letter(lettered).letter
    for number in (seen, lettered):
        with refused("entries-not-transferable", Refused) as caught:
            prepare(world, keys, number)
        assert caught.codes == ["handover-entry-presented"]
        with refused("entries-already-with-cbp", Refused) as caught:
            require_ours_alone(house, [number])
        assert caught.codes == ["entry-not-transferable"]
    withdraw_letter(world.book, letter, "never handed in; torn up", "jo")
    require_ours_alone(house, [lettered])
    again = world.letter(lettered).letter
    record_sending(world.book, again, "driver", "port", clock.washington().date(), proof, "jo")
    with refused("entries-not-transferable", Refused) as caught:
        prepare(world, keys, lettered)
    assert caught.codes == ["handover-entry-presented"]
    assert not list(world.book.journal.events(kind="handover."))


def test_each_client_must_have_given_leave_and_power(world: World, keys: Path) -> None:
    first, second = (world.record("11", **KEPT), world.record("11", **KEPT, importer_number="98-7654321"))
    with pytest.raises(BadInput) as said:
        prepare(world, keys, first, second, clients=(CLIENT, "99-0000000"))
    told = {(p.column, p.value) for p in said.value.problems}
    assert told == {("authorised", "98-7654321"), ("power", "98-7654321"), ("authorised", "99-0000000"),
                    ("power", "99-0000000")}  # fmt: skip
    for filer, code in (("ABC", "filer-code-is-own"), ("??", "filer-code-invalid")):
        with refused("handover-not-sealed", BadInput) as caught:
            prepare(world, keys, first, filer=filer)
        assert caught.codes == [code]
    with refused("entry-not-named", BadInput):
        prepare(world, keys)
    assert place(world, first) == number_account.AT_PORT


def test_a_social_security_number_given_as_the_client_is_not_repeated(world: World, keys: Path) -> None:
    number = world.record("30", **KEPT, importer_type="34", importer_number=SSN, importer_name="Jo Doe")
    with refused("handover-not-sealed", BadInput) as caught:
        prepare(world, keys, number, clients=(SSN,))
    assert {problem.values.get("clients", "Jo Doe") for problem in caught.problems} == {"Jo Doe"}
    assert SSN not in str(caught.error.as_dict())


def test_nobody_else_opens_it_and_an_altered_one_is_refused(world: World, keys: Path) -> None:
    made = prepare(world, keys, world.record("11", **KEPT))
    make_seal_key(keys, "thief", PHRASE, StretchCost(memory=3, passes=1, lanes=1))
    thief = read_seal_key(keys / "thief.key", PHRASE)
    with pytest.raises(NotOpened):
        handover_package.open_package(made.path, thief, world.out())
    seed = read_seal_key(keys / "other.key", PHRASE)
    data = bytearray(made.path.read_bytes())
    data[-1] ^= 1
    bad = world.file("bad.sealed", bytes(data))
    with refused("sealed-file-altered", JournalBroken):
        handover_package.open_package(bad, seed, world.out())
    with pytest.raises(HostileFile):
        handover_package.open_package(world.file("none.sealed", b"hello"), seed, world.out())


def test_what_was_sealed_to_us_and_is_no_hand_over_leaves_nothing(world: World, keys: Path) -> None:
    seed, out = read_seal_key(keys / "other.key", PHRASE), world.out()
    sealed, zipped = world.folder / "kit.sealed", io.BytesIO()
    with zipfile.ZipFile(zipped, "w") as archive:
        archive.writestr("letter.txt", b"hello")
    for data in (b"a kit's archive", zipped.getvalue()):
        write_sealed(sealed, SealRecipient(recipients=[other(keys).key]), lambda to, it=data: to.write(it))
        with refused("handover-file-refused", HostileFile) as caught:
            handover_package.open_package(sealed, seed, out)
        assert caught.codes == ["handover-file-invalid"]
        assert not out.exists()
    with refused("untrusted-file-refused", HostileFile) as caught:
        read_seal_key(keys / "gone.key", PHRASE)
    assert caught.codes == ["sealed-file-not-opened"]
