"""Several releases under one consolidating summary, against the stand-in ACE."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from msgspec.structs import replace

from tasks.core.errors import NotApproved, Unaccounted
from tasks.core.journal.verification import verify_journal
from tasks.reconciliation.accounting.sign_off import sign_final_accounting
from tasks.reconciliation.cycle_stages import entry_decisions
from tasks.reconciliation.decisions.classification import classify
from tasks.reconciliation.decisions.consolidation import join_releases, missing_summary_lines
from tasks.reconciliation.decisions.entry_facts import CLOSED
from tasks.reconciliation.decisions.rule_table import NextStep
from tasks.reconciliation.state.entry_state import EntryState
from tests.ace import made_record, made_summary
from tests.entries import house as desks
from tests.reconciliation.ace_exchange import World, open_world, take_record
from tests.reconciliation.broker_office import Office
from tests.reconciliation.decisions.test_classification import ENTRY, NOTHING, on_file, view


@pytest.fixture
def world(office: Office, tmp_path: Path) -> Iterator[World]:
    made = open_world(office, tmp_path / "ace")
    yield made
    made.ace.close()


def recorded(world: World, parts: int, whole: str = "") -> list[str]:
    """A consolidating summary (unless it is given) and releases that it covers, as a desk hands them
    in. The summary comes first."""
    office = world.office
    numbers = desks.issue(office.journal, office.settings, "truck", parts + (not whole))
    if not whole:
        whole, *covered = numbers
        hand_in(world, covered, whole, also_whole=True)
    else:
        hand_in(world, numbers, whole)
    return numbers


def hand_in(world: World, covered: list[str], whole: str, *, also_whole: bool = False) -> None:
    """Entries that name `whole`, which the port has let go, and with them that summary."""
    rows = [made(number, consolidated_summary=whole, filing_route="se_then_ae") for number in covered]
    if also_whole:
        rows.insert(0, consolidating(whole))
    take_record(world, made_record.joined(rows))
    for number in covered:
        world.ace.seed_paper_release(number, made_summary.RELEASED)


def consolidating(number: str) -> dict:
    one = made(number, consolidating=True, filing_route="ae_only")
    one["bills"] = one["conveyances"] = []
    return one


def made(number: str, **fields: Any) -> dict:
    one = made_summary.summary(int(number[4:11]), "01", **fields)
    one["parties"] = made_record.parties(number)
    return one


def sign(world: World) -> None:
    office = world.office
    sign_final_accounting(office.journal, office.book.content, office.settings, "bo")


def settled(world: World, turns: int = 16) -> None:
    """Turns in which every plan is approved."""
    for _ in range(turns):
        last = world.turn()
        if last.waiting is not None:
            world.office.approve(last.waiting)
        world.exchange()


def steps(world: World) -> dict[str, str]:
    return world.steps()


def test_the_summary_waits_for_its_releases_and_names_them_all(world: World) -> None:
    whole, *parts = recorded(world, 3)
    settled(world)
    assert set(steps(world).values()) == {"settled"}, [
        (one.number, verdict) for one, verdict in entry_decisions(world.house)
    ]
    book = world.ace.book()
    assert book[whole].summary and not book[whole].entry
    assert all(book[part].entry and not book[part].summary for part in parts)
    named = world.office.journal.events(kind="batch.named")
    sent = [(one.said.application, number) for one in named for number in one.said.numbers]  # type: ignore[attr-defined]
    assert sorted(sent) == sorted([("AE", whole), *(("SE", part) for part in parts)])
    assert verify_journal(world.house.journal).ok


def test_a_release_that_is_not_in_ace_keeps_the_summary_back(world: World) -> None:
    whole, first, second = recorded(world, 2)
    for _ in range(6):
        world.turn()  # nothing is approved
        world.exchange()
    assert steps(world)[whole] == NextStep.WAIT
    why = {one.number: verdict.why for one, verdict in entry_decisions(world.house)}[whole]
    assert first in why and second in why


def test_a_release_recorded_after_its_summary_was_settled_is_for_a_person(world: World) -> None:
    whole, *_ = recorded(world, 2)
    settled(world)
    assert set(steps(world).values()) == {"settled"}
    (late,) = recorded(world, 1, whole)
    settled(world, 8)
    assert steps(world)[late] == NextStep.PERSON
    assert late not in world.ace.book() or not world.ace.book()[late].summary


def test_a_release_whose_summary_is_in_no_record_is_a_person_s_until_it_is_recorded(world: World, continuity) -> None:
    whole, *parts = desks.issue(world.office.journal, world.office.settings, "truck", 3)
    hand_in(world, parts, whole)
    first = world.turn()
    assert first.uncovered == missing_summary_lines(one for one, _ in entry_decisions(world.house))
    assert len(first.uncovered) == 1 and whole in first.uncovered[0], first.uncovered
    assert all(whole in verdict.why for _, verdict in entry_decisions(world.house)), "from the first day"
    world.exchange()
    settled(world, 10)
    assert steps(world) == dict.fromkeys(parts, NextStep.PERSON)
    assert all(world.ace.book()[part].entry for part in parts), "the goods stand in ACE"

    listed = json.loads(continuity("reconcile", "next", "--step", NextStep.PERSON, "--json")[1])
    assert [row["number"] for row in listed] == parts and whole in listed[0]["why"]
    needs = json.loads(continuity("status", "--json")[1])["needs"]
    (line,) = [one for one in needs if one["code"] == "releases-without-summary"]
    assert whole in line["fact"] and parts[0] in line["fact"]
    for command in ("plan", "turn"):
        assert whole in continuity("reconcile", command, by="bo")[1], command
    with pytest.raises(Unaccounted, match=whole):
        sign(world)

    take_record(world, made_record.joined([consolidating(whole)]))
    assert not world.turn().uncovered
    settled(world)
    assert steps(world) == dict.fromkeys([whole, *parts], "settled")
    assert world.ace.book()[whole].summary
    with pytest.raises(NotApproved):
        sign(world)
    world.office.approve_last()
    sign(world)
    assert verify_journal(world.house.journal).ok


def test_a_release_that_names_a_wrong_number_goes_on_when_it_is_corrected(world: World) -> None:
    whole, first, second = recorded(world, 2)
    (wrong,) = recorded(world, 1, "ABC-9999999-2")
    settled(world)
    assert steps(world) == {whole: "settled", first: "settled", second: "settled",
                            wrong: NextStep.PERSON}  # fmt: skip
    with pytest.raises(Unaccounted, match=wrong):
        sign(world)
    take_record(world, made_record.joined([made(wrong, filing_route="se_then_ae")]))
    settled(world)
    assert steps(world)[wrong] == "settled" and world.ace.book()[wrong].summary
    with pytest.raises(NotApproved):
        sign(world)
    world.office.approve_last()
    sign(world)


WHOLE = replace(ENTRY, number="ABC-7654321-1", route="ae_only", consolidating=True)
PART = replace(ENTRY, covered_by=WHOLE.number)


def together(part: EntryState, whole: EntryState | None) -> EntryState:
    found = join_releases([part, *([whole] if whole else [])])
    return next(one for one in found if one.number == part.number)


@pytest.mark.parametrize("state", ["void", "handed over", "burnt"])
def test_a_summary_that_will_never_go_covers_nothing(state: str) -> None:
    one = together(replace(PART, ace_statuses=on_file_alone()), replace(WHOLE, state=state))
    verdict = classify(one)
    assert verdict.step is NextStep.PERSON
    assert WHOLE.number in verdict.why and state in verdict.why


@pytest.mark.parametrize("outcome", [*CLOSED, "route none"])
def test_a_summary_of_goods_that_did_not_come_in_covers_nothing(outcome: str) -> None:
    none = {"route": "none"} if outcome == "route none" else {"outcome": outcome}
    verdict = classify(together(replace(PART, ace_statuses=on_file_alone()), replace(WHOLE, **none)))
    assert verdict.step is NextStep.PERSON
    assert WHOLE.number in verdict.why


def test_a_summary_that_is_itself_covered_covers_nothing() -> None:
    chained = replace(WHOLE, covered_by="ABC-1111111-1")
    verdict = classify(together(replace(PART, ace_statuses=on_file_alone()), chained))
    assert verdict.step is NextStep.PERSON and "is itself covered by ABC-1111111-1" in verdict.why


def on_file_alone() -> dict:
    """ACE has the release of that day, and no summary."""
    return {**NOTHING, "release": on_file()["release"]}


def test_the_want_of_a_summary_is_told_beside_any_other_step_and_of_nothing_that_stayed_out() -> None:
    bare = together(PART, None)
    for views, step in (
        ({}, NextStep.ASK),
        (NOTHING, NextStep.SEND_RELEASE),
        ({**NOTHING, "release": view("already on file")}, NextStep.DATE),
        (on_file_alone(), NextStep.PERSON),
    ):
        verdict = classify(replace(bare, ace_statuses=views))
        assert verdict.step is step
        assert verdict.why.count(WHOLE.number) == 1, verdict
    for outcome in ("refused", "waiting"):
        one = together(replace(PART, outcome=outcome, ace_statuses=NOTHING), None)
        assert WHOLE.number not in classify(one).why
        assert missing_summary_lines([one]) == []
    assert missing_summary_lines([together(PART, WHOLE), replace(bare, state="settled")]) == []


def test_a_release_on_file_and_not_released_keeps_the_summary_back(world: World) -> None:
    whole, first, second = desks.issue(world.office.journal, world.office.settings, "truck", 3)
    rows = [consolidating(whole)]
    rows += [made(part, consolidated_summary=whole, filing_route="se_then_ae") for part in (first, second)]
    take_record(world, made_record.joined(rows))
    world.ace.seed_paper_release(first, made_summary.RELEASED)
    settled(world, 8)
    assert world.ace.book()[second].entry and steps(world)[second] == NextStep.DATE
    why = {one.number: verdict.why for one, verdict in entry_decisions(world.house)}[whole]
    assert steps(world)[whole] == NextStep.WAIT and second in why and first not in why
    world.ace.seed_paper_release(second, made_summary.RELEASED)
    settled(world, 8)
    assert set(steps(world).values()) == {"settled"}


@pytest.mark.parametrize(
    ("fields", "code", "value"),
    [
        (
            {"release_date": made_summary.RELEASED - timedelta(days=7)},
            "consolidated-releases-over-seven-days",
            str(made_summary.RELEASED - timedelta(days=7)),
        ),
        ({"mode_of_transport": "31"}, "consolidated-releases-several-modes", ""),
        ({"port_of_entry": "2304"}, "consolidated-releases-several-districts", "2304"),
    ],
)
def test_releases_that_ace_does_not_take_together_keep_the_summary_back(
    world: World, fields: dict[str, Any], code: str, value: str
) -> None:
    numbers = desks.issue(world.office.journal, world.office.settings, "truck", 4)
    whole, first, second, odd = numbers
    given = {first: {}, second: {}, odd: fields}
    rows = [made(one, consolidated_summary=whole, filing_route="se_then_ae", **more)
            for one, more in given.items()]  # fmt: skip
    take_record(world, made_record.joined([consolidating(whole), *rows]))
    for one, more in given.items():
        world.ace.seed_paper_release(one, more.get("release_date", made_summary.RELEASED))
    settled(world, 8)
    assert not world.ace.history(whole)
    reason = world.turn().held[whole]
    assert (reason.subject, reason.code) == (whole, code)
    releases = reason.values["releases"]
    assert isinstance(releases, dict) and len(releases) == 2
    assert [name for name, own in releases.items() if own == [odd] and value in ("", name)]
    take_record(world, made_record.joined([made(odd, filing_route="se_then_ae", **fields)]))
    assert whole not in world.turn().held
