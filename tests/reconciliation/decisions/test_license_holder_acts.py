"""An approved act is carried out from its payload: by who approves it, or by the next cycle, once."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from datetime import timedelta
from pathlib import Path

import pytest

from tasks import approved_acts
from tasks.ace.settings import AceSettings
from tasks.approved_acts import act_title, approve_act, carry_out_ready
from tasks.core import clock, messages
from tasks.core.errors import BadSettings, CodeRefused, NotApproved, NumberUnavailable
from tasks.core.journal.journal import Journal
from tasks.core.journal.verification import verify_journal
from tasks.entries.events import Difference
from tasks.reconciliation.accounting import number_account
from tasks.reconciliation.accounting.number_account import account_numbers
from tasks.reconciliation.decisions.filer_handover import hand_over
from tasks.reconciliation.decisions.license_holder_acts import cancel_number, lose_batch
from tasks.reconciliation.decisions.settlements import settle_by_proof
from tasks.reconciliation.events import AnswerLine, AnswerRead
from tasks.security import people
from tasks.security.approvals import ApprovalState, all_approvals, current_approvals
from tasks.security.events import Act
from tasks.security.people import add_person, revoke_person
from tasks.security.settings import ApprovalSettings
from tests.errors import refused
from tests.reconciliation.ace_exchange import World, open_world, record_summaries, send_one
from tests.reconciliation.broker_office import Office
from tests.reconciliation.differences import differs

OTHER = "XYZ-1234567-1"
KEPT = {"paper_outcome": "not presented", "release_date": None, "release_time": None}


@pytest.fixture
def world(office: Office, tmp_path: Path) -> Iterator[World]:
    opened = open_world(office, tmp_path / "ace")
    yield opened
    opened.ace.close()


def answered(world: World, number: str, *differences: Difference) -> None:
    """ACE shows the entry's summary, otherwise than the record in these fields."""
    line = AnswerLine(number=number, disposition="already on file", summary="accepted",
                            control="cbp", differs=[*differences])  # fmt: skip
    body = AnswerRead(application="", about="summary", batch="", content="", rejected=False,
                            lines=[line])  # fmt: skip
    world.house.journal.append(body, "answer/1", "bo")


def asked_settlement(world: World) -> tuple[str, str]:
    """An entry that ACE has otherwise, and the plan by which it waits to be settled."""
    (number,) = record_summaries(world, ["01"])
    answered(world, number, differs("entered_value", 1, 7))
    with refused("approval-needed", NotApproved) as caught:
        settle_by_proof(world.house, [number], "accepted", b"letter", "bo")
    return number, caught.values["plan"]


def state(world: World, number: str) -> str:
    return next(line.place for line in account_numbers(world.house.journal) if line.number == number)


def settled(journal: Journal) -> list[str]:
    return [event.said.number for event in journal.events(kind="entry.settled")]  # type: ignore[attr-defined]


def test_approve_carries_the_settlement_out(world: World, continuity, tmp_path: Path) -> None:
    """The command that asked had to be given again, with the same proof."""
    (number,) = record_summaries(world, ["01"])
    answered(world, number, differs("entered_value", 1, 7))
    proof = tmp_path / "letter.txt"
    proof.write_text("CBP's letter")
    ask = ("reconcile", "settle", number, "--how", "accepted", "--proof", str(proof), "--json")
    code, out, _ = continuity(*ask, by="bo")
    plan = json.loads(out)["waiting"]
    assert code == 1 and settled(world.house.journal) == []
    proof.unlink()
    given = ("approve", plan, "--json", "--code", world.office.phone.now())
    code, out, error = continuity(*given, by="ada")
    assert code == 0, error
    done = json.loads(out)
    assert (done["act"], done["carried_out"]["settled"]) == ("settle-entries", [number])
    assert settled(world.house.journal) == [number]
    before = world.house.journal.head()
    code, out, _ = continuity("approve", plan, "--json", by="ada")
    assert code == 1 or json.loads(out)["carried_out"] == {}, "a second time nothing happens"
    assert world.house.journal.head() == before


def test_an_act_whose_state_changed_is_refused_and_can_follow_later(world: World, continuity) -> None:
    number, plan = asked_settlement(world)
    world.office.approve_digest(plan)
    answered(world, number, differs("entered_value", 1, 9))
    before = world.house.journal.head()
    with refused("act-state-changed") as caught:
        approved_acts.carry_out(world.house, plan, "ada")
    assert caught.values["changed"] == "numbers"
    code, out, _ = continuity("approve", plan, "--json", by="ada")
    done = json.loads(out)
    assert code == 1 and done["refused"]["error"] == "act-state-changed"
    assert (done["missing"], done["carried_out"]) == (0, None)
    (outcome,) = carry_out_ready(world.house, "bo")
    assert outcome.refused is not None and outcome.refused.code == "act-state-changed"
    assert world.house.journal.head() == before, "nothing half done"
    answered(world, number, differs("entered_value", 1, 7))
    code, out, error = continuity("approve", plan, "--json", by="ada")
    assert code == 0 and json.loads(out)["carried_out"]["settled"] == [number], error


def test_a_changed_state_is_refused_before_the_code_is_asked_for(world: World, continuity) -> None:
    number, plan = asked_settlement(world)
    answered(world, number, differs("entered_value", 1, 9))
    before = world.house.journal.head()
    with refused("act-state-changed"):
        approve_act(world.house, plan, "ada", world.office.phone.now())
    given = ("approve", plan, "--code", world.office.phone.now())
    assert continuity(*given, by="ada")[0] == 1
    assert world.house.journal.head() == before, "the code is not spent"


def test_what_a_crash_left_after_the_approval_the_next_cycle_does(world: World) -> None:
    number, plan = asked_settlement(world)
    world.office.approve_digest(plan)
    assert settled(world.house.journal) == []
    (outcome,) = carry_out_ready(world.house, "bo")
    assert (outcome.plan, outcome.act, outcome.refused) == (plan, Act.SETTLE_ENTRIES, None)
    assert settled(world.house.journal) == [number] and state(world, number) == number_account.SETTLED
    before = world.house.journal.head()
    assert carry_out_ready(world.house, "bo") == []
    assert approved_acts.carry_out(world.house, plan, "bo") == {}
    assert world.house.journal.head() == before
    assert verify_journal(world.house.journal, world.house.content).ok


def test_events_of_others_do_not_disturb_an_act(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """One lands between the checks and the writer's lock: all is checked anew, the code counts once."""
    number, plan = asked_settlement(world)
    spending = people.spending_code

    def late(*arguments: object) -> object:
        monkeypatch.setattr(people, "spending_code", spending)
        add_person(world.house.journal, "cy", "Cy", "", ["desk"], "it")
        return spending(*arguments)  # type: ignore[arg-type]

    monkeypatch.setattr(people, "spending_code", late)
    done = approve_act(world.house, plan, "ada", world.office.phone.now())
    assert done.facts is not None and done.facts["settled"] == [number]
    assert len([*world.house.journal.events(kind="person.code_used")]) == 1


def test_every_act_is_carried_out_once_it_is_approved(world: World) -> None:
    send_one(world)
    (batch,) = [event.said.batch for event in world.house.journal.events(kind="batch.named")]  # type: ignore[attr-defined]
    given, canceled = record_summaries(world, ["01", "01"], **KEPT)
    for path in world.office.outbound.iterdir():
        path.unlink()
    asks = {
        Act.BATCH_NOT_RECEIVED: lambda: lose_batch(world.house, batch, "the disk broke", b"photo", "bo"),
        Act.HAND_OVER: lambda: hand_over(world.house, given, OTHER, b"mail", "bo"),
        Act.CANCEL_NUMBER: lambda: cancel_number(world.house, canceled, "code 09", b"mail", "bo"),
    }
    for minute, (act, ask) in enumerate(asks.items(), start=2):
        with refused("approval-needed", NotApproved) as caught:
            ask()
        at = clock.now() + timedelta(minutes=minute)
        with clock.held(at):
            done = approve_act(world.house, caught.values["plan"], "ada", world.office.phone.at(at))
        assert done.approval.act is act and done.approval.carried_out and done.facts
    assert (state(world, given), state(world, canceled)) == (number_account.HANDED_OVER, number_account.BURNT)
    (lost,) = world.house.journal.events(kind="batch.not_received")
    assert lost.said.batch == batch  # type: ignore[attr-defined]


def test_approved_batches_are_written_unless_a_run_waits_for_them(
    office: Office, tmp_path: Path, continuity, monkeypatch: pytest.MonkeyPatch
) -> None:
    from tasks.cli.prefect_server import PrefectServer

    office.record(1, 2, tmp_path)
    plan = office.plan()
    assert plan is not None
    monkeypatch.setattr(PrefectServer, "wake", lambda _, digest: ["the-run"] * (digest == plan.digest))
    given = ("approve", plan.digest, "--json")
    code, out, _ = continuity(*given, "--code", office.phone.now(), by="ada")
    done = json.loads(out)
    assert code == 0 and (done["runs"], done["carried_out"]) == (["the-run"], None)
    assert list(office.outbound.iterdir()) == []
    monkeypatch.setattr(PrefectServer, "wake", lambda _, digest: [])
    code, out, _ = continuity(*given, by="ada")
    assert code == 0 and len(json.loads(out)["carried_out"]["written"]) == len(plan.batches)
    assert len(list(office.outbound.iterdir())) == len(plan.batches)


def test_an_approval_stands_where_the_files_cannot_be_written(office: Office, tmp_path: Path, continuity) -> None:
    office.record(1, 2, tmp_path)
    plan = office.plan()
    assert plan is not None
    office.outbound.rmdir()
    given = ("approve", plan.digest, "--json")
    code, out, _ = continuity(*given, "--code", office.phone.now(), by="ada")
    done = json.loads(out)
    assert code == BadSettings.exit_code and done["refused"]["error"] == "exchange-folder-missing"
    assert (done["approved_by"], done["missing"]) == (["ada"], 0)
    office.outbound.mkdir()
    code, out, error = continuity(*given, by="ada")
    assert code == 0 and json.loads(out)["carried_out"]["written"], error


def test_an_act_of_a_revoked_approver_waits(world: World) -> None:
    number, plan = asked_settlement(world)
    world.office.approve_digest(plan)
    revoke_person(world.house.journal, world.house.home, "ada", "left", "it")
    assert carry_out_ready(world.house, "bo") == []
    with refused("approval-needed-again", NotApproved):
        approved_acts.carry_out(world.house, plan, "bo")
    assert settled(world.house.journal) == [] and state(world, number) != number_account.SETTLED


def test_a_refused_act_keeps_no_other_back(world: World) -> None:
    first, plan = asked_settlement(world)
    world.office.approve_digest(plan)
    answered(world, first, differs("entered_value", 1, 9))
    (second,) = record_summaries(world, ["01"], **KEPT)
    with refused("approval-needed", NotApproved):
        hand_over(world.house, second, OTHER, b"mail", "bo")
    world.office.approve_last()
    outcomes = carry_out_ready(world.house, "bo")
    assert [(one.act, one.refused is None) for one in outcomes] == [
        (Act.SETTLE_ENTRIES, False), (Act.HAND_OVER, True),
    ]  # fmt: skip
    assert state(world, second) == number_account.HANDED_OVER


def test_no_behavior_depends_on_a_text(world: World, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The type of an approval was the beginning of an English sentence."""

    def reworded(_: object, code: str, values: Mapping[str, object]) -> str:
        return "a sentence of other words was filed by nobody"

    monkeypatch.setattr(messages, "_filled", reworded)
    office = world.office
    ace = office.settings(AceSettings).model_copy(update={"ask_first": False})
    office.settings = office.settings.model_copy(update={"ace": ace})
    office.record(1, 2, tmp_path)
    plan = office.plan()
    assert plan is not None and office.plan() == plan, "the plan that waits is not made anew"
    given, _ = record_summaries(world, ["01", "01"], **KEPT)
    for other in ("XYZ-1234567-1", "XYZ-7654321-5"):
        with pytest.raises(NotApproved):
            hand_over(world.house, given, other, b"mail", "bo")
    current: list[ApprovalState] = current_approvals(world.house.journal, 2)
    assert [asked.act for asked in current] == [Act.SEND_BATCHES, Act.HAND_OVER]
    assert act_title(world.house, current[0]) == reworded(None, "", {})
    office.approve(plan)
    assert len(office.write(plan)) == len(plan.batches)
    office.approve_digest(current[1].plan)
    (outcome,) = carry_out_ready(world.house, "bo")
    assert outcome.facts["filed"] == "XYZ-7654321-5"


def test_one_person_alone_is_recorded_so(world: World) -> None:
    number, plan = asked_settlement(world)
    settings = world.house.settings
    sole = world.house.with_settings(
        settings.model_copy(update={"approval": settings(ApprovalSettings).model_copy(update={"persons": 1})})
    )
    with refused("approval-needed", NotApproved):
        settle_by_proof(sole, [number], "my own", b"letter", "ada")
    asked = all_approvals(sole.journal)[-1]
    done = approve_act(sole, asked.plan, "ada", world.office.phone.now())
    assert done.facts is not None and asked.plan != plan
    (granted,) = sole.journal.events(kind="approval.granted")
    assert granted.said.sole is True  # type: ignore[attr-defined]
    with refused("entry-not-recorded", NumberUnavailable):
        approve_act(world.house, plan, "ada", "000000")
    now = clock.now()
    with refused("code-refused", CodeRefused), people.spending_code(sole.journal, sole.home, "ada", "0", now, "test"):
        pass
