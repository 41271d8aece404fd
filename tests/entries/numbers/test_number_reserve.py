from __future__ import annotations

import multiprocessing
from dataclasses import replace
from pathlib import Path
from typing import Any

import pyotp
import pytest
from hypothesis import given, settings as hypothesis_settings, strategies as st

from tasks import approved_acts
from tasks.approved_acts import approve_act
from tasks.core.errors import BadInput, CodeRefused, NotApproved, NumberUnavailable
from tasks.core.journal.journal import Journal
from tasks.core.journal.verification import verify_journal
from tasks.core.settings import Settings
from tasks.entries.numbers.entry_numbers import parse_entry_number
from tasks.entries.numbers.number_reserve import issue_block, numbers_issued_to, reserve_block, reserve_counts
from tasks.entries.numbers.number_voiding import request_voiding, void_numbers
from tasks.entries.settings import NumberSettings
from tasks.reconciliation.events import AnswerLine, AnswerRead
from tasks.security import people
from tasks.security.approvals import find_approval
from tasks.security.events import Act
from tasks.security.people import add_person, enroll_person
from tasks.workspace import Workspace
from tests.entries import house as desks
from tests.errors import refused

FIRST = 9_000_000


@pytest.fixture
def stocked(journal: Journal, house: Settings) -> Journal:
    """A hundred numbers in the reserve."""
    reserve_block(journal, house, "entry", FIRST, 100, "IT looked at the counter", "it")
    return journal


def test_a_block_is_issued_in_order_with_check_digits(stocked: Journal, house: Settings) -> None:
    numbers = issue_block(stocked, house, "entry", 12, "truck", "2304", "it")
    assert [parse_entry_number(text).serial for text in numbers] == list(range(FIRST, FIRST + 12))
    assert numbers_issued_to(stocked, "truck") == numbers


def test_the_check_digit_follows_the_filers_offset(journal: Journal, house: Settings) -> None:
    shifted = house.model_copy(update={"numbers": NumberSettings(check_digit_offset=3)})
    reserve_block(journal, shifted, "entry", FIRST, 10, "checked", "it")
    numbers = issue_block(journal, house, "entry", 10, "air", "2720", "it")
    assert {parse_entry_number(text, offsets={"ABC": 3}).offset for text in numbers} == {3}


def test_the_reserve_must_lie_where_production_cannot_issue(journal: Journal, house: Settings) -> None:
    with refused("serials-in-production-range", BadInput):
        reserve_block(journal, house, "entry", 8_999_990, 20, "checked", "it")
    with refused("range-check-person-missing", BadInput):
        reserve_block(journal, house, "entry", FIRST, 20, " ", "it")
    with refused("serials-out-of-range", BadInput):
        reserve_block(journal, house, "entry", 9_999_990, 11, "checked", "it")
    assert journal.head().seq == 1


def test_a_block_is_reserved_once(stocked: Journal, house: Settings) -> None:
    with refused("number-already-reserved", NumberUnavailable):
        reserve_block(stocked, house, "entry", FIRST + 99, 10, "checked", "it")


def test_a_number_that_ace_shows_is_never_handed_out(stocked: Journal, house: Settings) -> None:
    """A paper with a free number on it was keyed by an officer: that number is used."""
    first = "ABC-9000000-3"
    lines = [AnswerLine(number=first, disposition="accepted"),
             AnswerLine(number="ABC-9000002-9", disposition="not visible")]  # fmt: skip
    said = AnswerRead(application="SO", about="notice", batch="", content="", rejected=False,
                            lines=lines)  # fmt: skip
    stocked.append(said, "answer/x", "it")
    (standing,) = reserve_counts(stocked, house)
    assert (standing.free, standing.used) == (99, 1)
    numbers = issue_block(stocked, house, "entry", 99, "truck", "2304", "it")
    assert first not in numbers
    with refused("reserve-too-small", NumberUnavailable):
        issue_block(stocked, house, "entry", 1, "truck", "2304", "it")


def test_a_reserve_that_is_too_small_issues_nothing(stocked: Journal, house: Settings) -> None:
    with refused("reserve-too-small", NumberUnavailable):
        issue_block(stocked, house, "entry", 101, "truck", "2304", "it")
    assert numbers_issued_to(stocked, "truck") == []


def test_a_request_repeated_issues_nothing_new(stocked: Journal, house: Settings) -> None:
    ask = (stocked, house, "entry", 5, "truck", "2304", "it", "monday")
    assert issue_block(*ask) == issue_block(*ask)
    assert len(numbers_issued_to(stocked, "truck")) == 5
    with refused("number-request-of-other-desk", BadInput):
        issue_block(stocked, house, "entry", 5, "air", "2720", "it", "monday")


def test_issuing_goes_on_across_a_gap(stocked: Journal, house: Settings) -> None:
    issue_block(stocked, house, "entry", 98, "truck", "2304", "it")
    reserve_block(stocked, house, "entry", FIRST + 200, 10, "checked", "it")
    numbers = issue_block(stocked, house, "entry", 5, "air", "2720", "it", "r")
    assert [parse_entry_number(text).serial - FIRST for text in numbers] == [98, 99, 200, 201, 202]
    assert issue_block(stocked, house, "entry", 5, "air", "2720", "it", "r") == numbers


def test_in_bond_numbers_are_a_second_series(journal: Journal, house: Settings) -> None:
    reserve_block(journal, house, "in-bond", 25_770_003, 5, "7512 stock", "it")
    numbers = issue_block(journal, house, "in-bond", 3, "ocean", "2704", "it")
    assert numbers == ["257700030", "257700041", "257700052"]
    assert verify_journal(journal).ok


@pytest.fixture
def phones(stocked: Journal, house: Settings) -> dict[str, pyotp.TOTP]:
    """Ada and Bo, who may do what needs no license, with their phones."""
    made = {}
    for person in ("ada", "bo"):
        add_person(stocked, person, person.title(), "", ["desk"], "it")
        made[person] = pyotp.parse_uri(enroll_person(stocked, house.home, person, "it"))
    return made


def test_voiding_takes_a_reason_and_two_persons(
    stocked: Journal, house: Settings, phones: dict[str, pyotp.TOTP]
) -> None:
    workspace = Workspace(house, journal=stocked)
    (number,) = issue_block(stocked, house, "entry", 1, "truck", "2304", "it")
    code, reasons = phones["bo"].now(), {number: "spoiled"}
    with refused("void-reason-missing", BadInput):
        void_numbers(workspace, {number: ""}, "ada", "bo", code)
    with refused("void-needs-two-people"):
        void_numbers(workspace, reasons, "ada", "ada", phones["ada"].now())
    with refused("person-id-unknown"):
        void_numbers(workspace, reasons, "ada", "nobody", code)
    before = stocked.head()
    with refused("code-refused", CodeRefused):
        void_numbers(workspace, reasons, "ada", "bo", "0")
    assert [event.kind for event in stocked.events(after=before.seq)] == ["person.code_failed"]
    void_numbers(workspace, reasons, "ada", "bo", code)
    (event,) = stocked.events(kind="numbers.voided")
    asked = find_approval(stocked, event.said.approval)  # type: ignore[attr-defined]
    assert event.said.persons == ["ada", "bo"]  # type: ignore[attr-defined]
    assert (asked.act, asked.preparer, asked.granted_by) == (Act.VOID_NUMBERS, "ada", ("bo",))
    assert asked.carried_out and verify_journal(stocked, workspace.content).ok
    assert number not in issue_block(stocked, house, "entry", 99, "truck", "2304", "it")
    with refused("number-in-another-state", NumberUnavailable) as caught:
        void_numbers(workspace, {number: "again"}, "ada", "bo", code)
    assert caught.values["state"] == "void"


def test_a_code_whose_voiding_fails_can_be_used_again(
    stocked: Journal, house: Settings, phones: dict[str, pyotp.TOTP], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Another process uses the number between the checks and the writer's lock."""
    workspace = Workspace(house, journal=stocked)
    (used, number) = issue_block(stocked, house, "entry", 2, "truck", "2304", "it")
    code, spending = phones["bo"].now(), people.spending_code

    def late(*arguments: Any) -> Any:
        monkeypatch.setattr(people, "spending_code", spending)
        desks.void(stocked, used)
        return spending(*arguments)

    monkeypatch.setattr(people, "spending_code", late)
    with refused("number-in-another-state", NumberUnavailable):
        void_numbers(workspace, {used: "spoiled"}, "ada", "bo", code)
    written = [event.kind for event in stocked.events()]
    assert "person.code_used" not in written and "approval.asked" not in written
    void_numbers(workspace, {number: "spoiled"}, "ada", "bo", code)


def test_voiding_can_be_asked_for_and_approved_later(
    stocked: Journal, house: Settings, phones: dict[str, pyotp.TOTP]
) -> None:
    workspace = Workspace(house, journal=stocked)
    first, second = issue_block(stocked, house, "entry", 2, "truck", "2304", "it")
    with refused("approval-needed", NotApproved) as caught:
        request_voiding(workspace, {first: "spoiled", second: "torn"}, "ada")
    plan = caught.values["plan"]
    with refused("preparer-cannot-approve", CodeRefused):
        approve_act(workspace, plan, "ada", phones["ada"].now())
    done = approve_act(workspace, plan, "bo", phones["bo"].now())
    assert done.facts == {"voided": [first, second]}
    events = [event.said for event in stocked.events(kind="numbers.voided")]
    assert [(body.numbers, body.reason) for body in events] == [  # type: ignore[attr-defined]
        ([first], "spoiled"), ([second], "torn"),
    ]  # fmt: skip
    before = stocked.head()
    assert approved_acts.carry_out(workspace, plan, "bo") == {}, "once"
    assert stocked.head() == before


def test_the_alarm_counts_in_days(stocked: Journal, house: Settings) -> None:
    (before,) = reserve_counts(stocked, house)
    assert (before.free, before.days_left, before.alarm) == (100, 5.0, False)
    issue_block(stocked, house, "entry", 1, "truck", "2304", "it")
    (after,) = reserve_counts(stocked, house)
    assert (after.free, after.at_desks, after.alarm) == (99, 1, True)
    assert replace(after, alarm=False) != after


def take_until_empty(home: Path, desk: str, out: multiprocessing.Queue) -> None:
    from tasks.core.settings import load_settings
    from tasks.opening import open_journal

    settings = load_settings(home)
    book = open_journal(settings)
    got: list[str] = []
    try:
        while True:
            got += issue_block(book, settings, "entry", 3, desk, "2304", desk)
    except NumberUnavailable:
        out.put((desk, got))


def race(home: Path, settings: Settings, journal: Journal, count: int) -> None:
    reserve_block(journal, settings, "entry", FIRST, count, "checked", "it")
    context = multiprocessing.get_context("spawn")
    out = context.Queue()
    crew = [context.Process(target=take_until_empty, args=(home, f"desk{n}", out)) for n in range(8)]
    for process in crew:
        process.start()
    got = dict(out.get(timeout=120) for _ in crew)
    for process in crew:
        process.join()
    handed_out = [number for numbers in got.values() for number in numbers]
    assert len(handed_out) == len(set(handed_out)) == count - count % 3
    for desk, numbers in got.items():
        assert numbers_issued_to(journal, desk) == sorted(numbers)
    assert verify_journal(journal).ok


def test_eight_racing_processes_never_get_one_number_twice(home: Path, house: Settings, journal: Journal) -> None:
    race(home, house, journal, 100)


@pytest.mark.long
def test_eight_racing_processes_over_a_large_reserve(home: Path, house: Settings, journal: Journal) -> None:
    race(home, house, journal, 3000)


@given(st.lists(st.integers(1, 9), max_size=8))
@hypothesis_settings(max_examples=15)
def test_whatever_is_asked_for_no_number_comes_twice(
    tmp_path_factory: pytest.TempPathFactory, counts: list[int]
) -> None:
    from tasks.opening import make_home, open_journal
    from tests.conftest import SETTINGS

    settings = make_home(tmp_path_factory.mktemp("h") / "home", SETTINGS, "it")
    book = open_journal(settings)
    reserve_block(book, settings, "entry", FIRST, 40, "checked", "it")
    seen: list[str] = []
    for count in counts:
        try:
            seen += issue_block(book, settings, "entry", count, "d", "2304", "it")
        except NumberUnavailable:
            assert len(seen) + count > 40
    assert len(seen) == len(set(seen)) == reserve_counts(book, settings)[0].at_desks
