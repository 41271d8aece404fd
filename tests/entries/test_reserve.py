from __future__ import annotations

import multiprocessing
from dataclasses import replace
from pathlib import Path
from typing import Any

import pyotp
import pytest
from hypothesis import given, settings as hypothesis_settings, strategies as st

from tasks import approved_acts
from tasks.entries import reserve, voiding
from tasks.entries.number import parse
from tasks.shared import approval, people
from tasks.shared.errors import BadInput, CodeRefused, NotApproved, NumberUnavailable
from tasks.shared.journal import Journal
from tasks.shared.journal_check import verify
from tasks.shared.kinds.ace import AnswerLine, AnswerRead
from tasks.shared.kinds.people import Act
from tasks.shared.settings import Numbers, Settings
from tasks.workspace import Workspace
from tests.entries import house as desks
from tests.errors import refused

FIRST = 9_000_000


@pytest.fixture
def stocked(journal: Journal, house: Settings) -> Journal:
    """A hundred numbers in the reserve."""
    reserve.reserve(journal, house, "entry", FIRST, 100, "IT looked at the counter", "it")
    return journal


def test_a_block_is_issued_in_order_with_check_digits(stocked: Journal, house: Settings) -> None:
    numbers = reserve.issue(stocked, house, "entry", 12, "truck", "2304", "it")
    assert [parse(text).serial for text in numbers] == list(range(FIRST, FIRST + 12))
    assert reserve.issued_to(stocked, "truck") == numbers


def test_the_check_digit_follows_the_filers_offset(journal: Journal, house: Settings) -> None:
    shifted = house.model_copy(update={"numbers": Numbers(check_digit_offset=3)})
    reserve.reserve(journal, shifted, "entry", FIRST, 10, "checked", "it")
    numbers = reserve.issue(journal, house, "entry", 10, "air", "2720", "it")
    assert {parse(text, offsets={"ABC": 3}).offset for text in numbers} == {3}


def test_the_reserve_must_lie_where_production_cannot_issue(
    journal: Journal, house: Settings
) -> None:
    with refused("serials-in-production-range", BadInput):
        reserve.reserve(journal, house, "entry", 8_999_990, 20, "checked", "it")
    with refused("range-check-person-missing", BadInput):
        reserve.reserve(journal, house, "entry", FIRST, 20, " ", "it")
    with refused("serials-out-of-range", BadInput):
        reserve.reserve(journal, house, "entry", 9_999_990, 11, "checked", "it")
    assert journal.head().seq == 1


def test_a_block_is_reserved_once(stocked: Journal, house: Settings) -> None:
    with refused("number-already-reserved", NumberUnavailable):
        reserve.reserve(stocked, house, "entry", FIRST + 99, 10, "checked", "it")


def test_a_number_that_ace_shows_is_never_handed_out(stocked: Journal, house: Settings) -> None:
    """A paper with a free number on it was keyed by an officer: that number is used."""
    first = "ABC-9000000-3"
    lines = [AnswerLine(number=first, disposition="accepted"),
             AnswerLine(number="ABC-9000002-9", disposition="not visible")]  # fmt: skip
    said = AnswerRead(application="SO", about="notice", batch="", content="", rejected=False,
                            lines=lines)  # fmt: skip
    stocked.append(said, "answer/x", "it")
    (standing,) = reserve.standings(stocked, house)
    assert (standing.free, standing.used) == (99, 1)
    numbers = reserve.issue(stocked, house, "entry", 99, "truck", "2304", "it")
    assert first not in numbers
    with refused("reserve-too-small", NumberUnavailable):
        reserve.issue(stocked, house, "entry", 1, "truck", "2304", "it")


def test_a_reserve_that_is_too_small_issues_nothing(stocked: Journal, house: Settings) -> None:
    with refused("reserve-too-small", NumberUnavailable):
        reserve.issue(stocked, house, "entry", 101, "truck", "2304", "it")
    assert reserve.issued_to(stocked, "truck") == []


def test_a_request_repeated_issues_nothing_new(stocked: Journal, house: Settings) -> None:
    ask = (stocked, house, "entry", 5, "truck", "2304", "it", "monday")
    assert reserve.issue(*ask) == reserve.issue(*ask)
    assert len(reserve.issued_to(stocked, "truck")) == 5
    with refused("number-request-of-other-desk", BadInput):
        reserve.issue(stocked, house, "entry", 5, "air", "2720", "it", "monday")


def test_issuing_goes_on_across_a_gap(stocked: Journal, house: Settings) -> None:
    reserve.issue(stocked, house, "entry", 98, "truck", "2304", "it")
    reserve.reserve(stocked, house, "entry", FIRST + 200, 10, "checked", "it")
    numbers = reserve.issue(stocked, house, "entry", 5, "air", "2720", "it", "r")
    assert [parse(text).serial - FIRST for text in numbers] == [98, 99, 200, 201, 202]
    assert reserve.issue(stocked, house, "entry", 5, "air", "2720", "it", "r") == numbers


def test_in_bond_numbers_are_a_second_series(journal: Journal, house: Settings) -> None:
    reserve.reserve(journal, house, "in-bond", 25_770_003, 5, "7512 stock", "it")
    numbers = reserve.issue(journal, house, "in-bond", 3, "ocean", "2704", "it")
    assert numbers == ["257700030", "257700041", "257700052"]
    assert verify(journal).ok


@pytest.fixture
def phones(stocked: Journal, house: Settings) -> dict[str, pyotp.TOTP]:
    """Ada and Bo, who may do what needs no license, with their phones."""
    made = {}
    for person in ("ada", "bo"):
        people.add(stocked, person, person.title(), "", ["desk"], "it")
        made[person] = pyotp.parse_uri(people.enrol(stocked, house.home, person, "it"))
    return made


def test_voiding_takes_a_reason_and_two_persons(
    stocked: Journal, house: Settings, phones: dict[str, pyotp.TOTP]
) -> None:
    workspace = Workspace(house, journal=stocked)
    (number,) = reserve.issue(stocked, house, "entry", 1, "truck", "2304", "it")
    code, reasons = phones["bo"].now(), {number: "spoiled"}
    with refused("void-reason-missing", BadInput):
        voiding.void(workspace, {number: ""}, "ada", "bo", code)
    with refused("void-needs-two-people"):
        voiding.void(workspace, reasons, "ada", "ada", phones["ada"].now())
    with refused("person-id-unknown"):
        voiding.void(workspace, reasons, "ada", "nobody", code)
    before = stocked.head()
    with refused("code-refused", CodeRefused):
        voiding.void(workspace, reasons, "ada", "bo", "0")
    assert [event.kind for event in stocked.events(after=before.seq)] == ["person.code_failed"]
    voiding.void(workspace, reasons, "ada", "bo", code)
    (event,) = stocked.events(kind="numbers.voided")
    asked = approval.find(stocked, event.said.approval)  # type: ignore[attr-defined]
    assert event.said.persons == ["ada", "bo"]  # type: ignore[attr-defined]
    assert (asked.act, asked.preparer, asked.granted_by) == (Act.VOID_NUMBERS, "ada", ("bo",))
    assert asked.carried_out and verify(stocked, workspace.content).ok
    assert number not in reserve.issue(stocked, house, "entry", 99, "truck", "2304", "it")
    with refused("number-in-another-state", NumberUnavailable) as caught:
        voiding.void(workspace, {number: "again"}, "ada", "bo", code)
    assert caught.values["state"] == "void"


def test_a_code_whose_voiding_fails_can_be_used_again(
    stocked: Journal,
    house: Settings,
    phones: dict[str, pyotp.TOTP],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Another process uses the number between the checks and the writer's lock."""
    workspace = Workspace(house, journal=stocked)
    (used, number) = reserve.issue(stocked, house, "entry", 2, "truck", "2304", "it")
    code, spending = phones["bo"].now(), people.spending

    def late(*arguments: Any) -> Any:
        monkeypatch.setattr(people, "spending", spending)
        desks.void(stocked, used)
        return spending(*arguments)

    monkeypatch.setattr(people, "spending", late)
    with refused("number-in-another-state", NumberUnavailable):
        voiding.void(workspace, {used: "spoiled"}, "ada", "bo", code)
    written = [event.kind for event in stocked.events()]
    assert "person.code_used" not in written and "approval.asked" not in written
    voiding.void(workspace, {number: "spoiled"}, "ada", "bo", code)


def test_voiding_can_be_asked_for_and_approved_later(
    stocked: Journal, house: Settings, phones: dict[str, pyotp.TOTP]
) -> None:
    workspace = Workspace(house, journal=stocked)
    first, second = reserve.issue(stocked, house, "entry", 2, "truck", "2304", "it")
    with refused("approval-needed", NotApproved) as caught:
        voiding.ask(workspace, {first: "spoiled", second: "torn"}, "ada")
    plan = caught.values["plan"]
    with refused("preparer-cannot-approve", CodeRefused):
        approved_acts.approve(workspace, plan, "ada", phones["ada"].now())
    done = approved_acts.approve(workspace, plan, "bo", phones["bo"].now())
    assert done.facts == {"voided": [first, second]}
    events = [event.said for event in stocked.events(kind="numbers.voided")]
    assert [(body.numbers, body.reason) for body in events] == [  # type: ignore[attr-defined]
        ([first], "spoiled"), ([second], "torn"),
    ]  # fmt: skip
    before = stocked.head()
    assert approved_acts.carry_out(workspace, plan, "bo") == {}, "once"
    assert stocked.head() == before


def test_the_alarm_counts_in_days(stocked: Journal, house: Settings) -> None:
    (before,) = reserve.standings(stocked, house)
    assert (before.free, before.days_left, before.alarm) == (100, 5.0, False)
    reserve.issue(stocked, house, "entry", 1, "truck", "2304", "it")
    (after,) = reserve.standings(stocked, house)
    assert (after.free, after.at_desks, after.alarm) == (99, 1, True)
    assert replace(after, alarm=False) != after


def take_until_empty(home: Path, desk: str, out: multiprocessing.Queue) -> None:
    from tasks.shared.opening import journal as open_journal
    from tasks.shared.settings import load

    settings = load(home)
    book = open_journal(settings)
    got: list[str] = []
    try:
        while True:
            got += reserve.issue(book, settings, "entry", 3, desk, "2304", desk)
    except NumberUnavailable:
        out.put((desk, got))


def race(home: Path, settings: Settings, journal: Journal, count: int) -> None:
    reserve.reserve(journal, settings, "entry", FIRST, count, "checked", "it")
    context = multiprocessing.get_context("spawn")
    out = context.Queue()
    crew = [
        context.Process(target=take_until_empty, args=(home, f"desk{n}", out)) for n in range(8)
    ]
    for process in crew:
        process.start()
    got = dict(out.get(timeout=120) for _ in crew)
    for process in crew:
        process.join()
    handed_out = [number for numbers in got.values() for number in numbers]
    assert len(handed_out) == len(set(handed_out)) == count - count % 3
    for desk, numbers in got.items():
        assert reserve.issued_to(journal, desk) == sorted(numbers)
    assert verify(journal).ok


def test_eight_racing_processes_never_get_one_number_twice(
    home: Path, house: Settings, journal: Journal
) -> None:
    race(home, house, journal, 100)


@pytest.mark.long
def test_eight_racing_processes_over_a_large_reserve(
    home: Path, house: Settings, journal: Journal
) -> None:
    race(home, house, journal, 3000)


@given(st.lists(st.integers(1, 9), max_size=8))
@hypothesis_settings(max_examples=15)
def test_whatever_is_asked_for_no_number_comes_twice(
    tmp_path_factory: pytest.TempPathFactory, counts: list[int]
) -> None:
    from tasks.shared.opening import journal as open_journal, make_home
    from tests.conftest import SETTINGS

    settings = make_home(tmp_path_factory.mktemp("h") / "home", SETTINGS, "it")
    book = open_journal(settings)
    reserve.reserve(book, settings, "entry", FIRST, 40, "checked", "it")
    seen: list[str] = []
    for count in counts:
        try:
            seen += reserve.issue(book, settings, "entry", count, "d", "2304", "it")
        except NumberUnavailable:
            assert len(seen) + count > 40
    assert len(seen) == len(set(seen)) == reserve.standings(book, settings)[0].at_desks
