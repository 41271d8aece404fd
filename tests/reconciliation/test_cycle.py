"""What ACE or a person says at an awkward moment, and what the next turn makes of it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest

from tasks.core.errors import BadInput, NotApproved, Refused, Unaccounted
from tasks.core.journal.verification import verify_journal
from tasks.reconciliation.accounting.report_data import build_report
from tasks.reconciliation.accounting.sign_off import sign_final_accounting
from tasks.reconciliation.decisions.license_holder_acts import lose_batch
from tasks.reconciliation.decisions.settlements import allow_resend, keep_release, settle_by_proof
from tasks.reconciliation.events import AnswerLine, AnswerRead
from tests.ace import made_record, made_summary
from tests.errors import refused
from tests.reconciliation.ace_exchange import World, open_world, record_summaries, take_record
from tests.reconciliation.broker_office import Office


@pytest.fixture
def world(office: Office, tmp_path: Path) -> Iterator[World]:
    made = open_world(office, tmp_path / "ace")
    yield made
    made.ace.close()


def recorded(world: World, kind: str = "01", **fields: object) -> str:
    (number,) = record_summaries(world, [kind], **fields)
    return number


def released(world: World, kind: str = "01") -> str:
    number = recorded(world, kind)
    world.ace.seed_paper_release(number, made_summary.RELEASED)
    return number


def revise(world: World, number: str, **changed: object) -> None:
    rows = made_summary.change(made_summary.summary(int(number[4:11]), "01"), "lines", **changed)
    rows["parties"] = made_record.parties(number)
    take_record(world, made_record.joined([rows]))


def step(world: World, number: str) -> str:
    return world.steps()[number]


def until_planned(world: World) -> None:
    while True:
        last = world.turn()
        if last.waiting is not None:
            world.office.approve(last.waiting)
            return
        world.exchange()


def test_what_officers_keyed_meanwhile_stops_an_approved_plan(world: World) -> None:
    number = recorded(world)
    until_planned(world)
    world.ace.seed_officer_entry(number, port="3801", released=made_summary.RELEASED)
    world.ace.seed_paper_release(number, made_summary.RELEASED.replace(day=9))
    world.exchange()  # Brings the notice of the new date.
    done = world.turn()
    assert not done.written and number in next(iter(done.dropped.values()))
    assert not [path for path in world.office.outbound.iterdir() if "-se-" in path.name]
    assert done.waiting is not None, "the summary of the entry on file is planned instead"


def test_a_summary_that_cbp_rejects_after_the_settlement_is_open_again(world: World) -> None:
    number = released(world)
    world.run()
    assert step(world, number) == "settled"
    world.ace.reject_summary(number)
    world.exchange()
    done = world.turn()
    assert "REJECTED" in done.reopened[number]
    world.run()
    assert step(world, number) == "a person decides"
    with pytest.raises(Unaccounted):
        sign_final_accounting(world.office.journal, world.house.content, world.office.settings, "bo")
    assert verify_journal(world.office.journal, world.house.content).ok


def test_a_release_that_is_taken_back_is_a_task_and_settles_again(world: World) -> None:
    number = released(world)
    world.run()
    world.ace.stop(number)
    world.exchange()
    assert number in world.turn().reopened
    assert step(world, number) == "call the port today"
    world.ace.clear(number, made_summary.RELEASED)
    world.run()
    assert step(world, number) == "settled"
    settled = [event.key for event in world.office.journal.events(kind="entry.settled")]
    assert len(set(settled)) == 2


def test_a_date_that_the_port_posts_later_settles_by_itself(world: World) -> None:
    number = recorded(world)
    wrong = made_summary.RELEASED.replace(day=12)
    world.ace.seed_paper_release(number, wrong)
    world.run()
    assert step(world, number) == "release dates differ"
    world.ace.seed_paper_release(number, made_summary.RELEASED)
    world.run()
    assert step(world, number) == "settled"


def test_a_refused_truck_that_an_officer_keyed_is_cancelled_not_final(world: World) -> None:
    number = recorded(world, paper_outcome="refused", release_date=None)
    world.ace.seed_officer_entry(number, port="3801", released=made_summary.RELEASED, notified=True)
    sign = (world.office.journal, world.house.content, world.office.settings, "bo")
    with refused("entries-not-final-in-ace", Unaccounted):
        sign_final_accounting(*sign)
    world.run()
    assert step(world, number) == "cancel in ACE"
    with refused("entries-not-final-in-ace", Unaccounted):
        sign_final_accounting(*sign)
    world.ace.cancel_entry(number, "09")
    world.run()
    assert step(world, number) == "no filing"
    with pytest.raises(NotApproved):
        sign_final_accounting(*sign)


def test_quota_that_an_officer_keyed_is_filed_uncertified(world: World) -> None:
    number = recorded(world, "02")
    world.ace.seed_officer_entry(number, port="3801", entry_type="02", released=made_summary.RELEASED, notified=True)
    world.run()
    held = world.ace.book()[number]
    assert held.count("summary added") == 1 and held.count("entry added") == 0
    assert step(world, number) == "settled"


def lost(world: World) -> tuple[str, str]:
    """A release that is lost on the way: its number and batch."""
    number = released(world)
    until_planned(world)
    (written,) = world.turn().written
    (path,) = world.office.outbound.glob("*-se-*")
    world.lost = path.read_bytes()  # type: ignore[attr-defined]
    path.unlink()
    for _ in range(6):
        world.turn()
        world.exchange()
    assert step(world, number) == "wait for ACE"
    return number, written.batch


def not_received(world: World, batch: str, proof: bytes = b"CBP's mail") -> list[str]:
    return lose_batch(world.house, batch, "CBP never saw it", proof, "bo")


def test_a_batch_lost_on_the_way_goes_again_by_the_licence_holder_s_word(world: World) -> None:
    number, batch = lost(world)
    with refused("approval-needed", NotApproved):
        not_received(world, batch)
    assert step(world, number) == "wait for ACE"
    with pytest.raises(NotApproved):
        not_received(world, batch, b"another proof")
    world.office.approve_last()
    assert not_received(world, batch, b"another proof") == [number]
    assert step(world, number) == "ask ACE", "nothing goes again on an old answer"
    world.run()
    assert step(world, number) == "settled"
    assert world.ace.book()[number].count("entry added") == 1
    house = world.house
    made = build_report(house.journal, house.content, house.settings)
    (again,) = [one for one in made.proofs if one.what.startswith("numbers named again")]
    assert (again.figure, again.holds) == ("1, 0 otherwise", True)
    (told,) = [one for one in made.discrepancies.to_pylist() if one["kind"] == "no answer"]
    assert "never reached ACE: " in told["what"] and ", proof " in told["what"]


def test_an_answer_to_a_batch_that_was_thought_lost_counts_after_all(world: World) -> None:
    number, batch = lost(world)
    with suppress(NotApproved):
        not_received(world, batch)
    world.office.approve_last()
    not_received(world, batch)
    (world.office.outbound / "late.abi").write_bytes(world.lost)  # type: ignore[attr-defined]
    world.run()
    assert step(world, number) == "settled"
    assert world.ace.book()[number].count("entry added") == 1


def test_only_a_batch_that_waits_and_has_left_can_be_called_lost(world: World) -> None:
    number = released(world)
    until_planned(world)
    (written,) = world.turn().written
    with refused("outbound-file-not-removed", Refused):
        not_received(world, written.batch)
    with pytest.raises(BadInput):
        not_received(world, written.batch, b"")
    world.exchange()
    world.turn()
    with refused("batch-not-awaiting-answer", Refused):
        not_received(world, written.batch)
    assert number in world.steps()


def test_nobody_settles_what_ace_does_not_show(world: World) -> None:
    number = recorded(world)
    given = (world.house, [number], "trust me", b"p", "nobody")
    with refused("entry-not-in-ace", Refused):
        settle_by_proof(*given)
    for _ in range(2):
        with pytest.raises(NotApproved):
            settle_by_proof(*given, not_in_ace=True)
    assert not [*world.office.journal.events(kind="entry.settled")]
    rows = made_summary.summary(int(number[4:11]), "01", entered_value=4321)
    rows["parties"] = made_record.parties(number)
    world.office.approve_last()
    take_record(world, made_record.joined([rows]))
    with pytest.raises(NotApproved):
        settle_by_proof(*given, not_in_ace=True)


def test_a_cause_outside_the_record_lets_the_entry_go_again_by_a_word(world: World) -> None:
    number = recorded(world)
    world.ace.seed_officer_entry(number, port="3801", released=made_summary.RELEASED, notified=True)
    with refused("entry-not-rejected", Refused):
        allow_resend(world.house, [number], "bond filed", "bo")
    until_planned(world)
    (written,) = world.turn().written
    line = AnswerLine(number=number, disposition="rejected", code="752", outside=True)
    body = AnswerRead(application="AX", about="summary", batch=written.batch, content="",
                            rejected=False, lines=[line])  # fmt: skip
    next(world.office.outbound.glob("*-ae-*")).unlink()
    world.office.journal.append(body, "answer/x", "bo")
    for _ in range(4):
        world.turn()
        world.exchange()
    assert step(world, number) == "mend outside the record"
    allow_resend(world.house, [number], "the surety filed its eBond", "bo")
    world.run()
    assert step(world, number) == "settled"


def test_a_release_revised_after_ace_took_it_waits_for_a_word(world: World) -> None:
    number = released(world)
    until_planned(world)
    world.turn()
    world.exchange()
    world.turn()
    revise(world, number, charges=77)
    assert "a person decides" not in world.steps().values(), "only the summary needs charges"
    revise(world, number, country_of_origin="VN")
    world.run()
    assert step(world, number) == "a person decides"
    keep_release(world.house, [number], "CBP corrected the origin", "bo")
    world.run()
    assert step(world, number) == "settled"
