"""A payer's debit of one day stays under its ceiling, over all plans and parts that fill it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from tasks.ace.file_check import check_bytes
from tasks.ace.settings import AceSettings
from tasks.ace.wire.record_layouts import record_layout
from tasks.core import clock
from tasks.entries.events import EntryBurnt
from tasks.reconciliation.events import AnswerLine, AnswerRead, BatchNotReceived
from tasks.reconciliation.plan.amounts_due import used_amounts
from tasks.reconciliation.plan.batch_building import PlanDraft, build_batches
from tasks.reconciliation.plan.eligibility import ready_entries, writable_plans
from tasks.reconciliation.plan.payment_terms import sending_day
from tasks.reconciliation.plan.plan_store import SendingPlan
from tasks.reconciliation.plan.planning import _same_amounts_used
from tests.reconciliation.ace_exchange import World, open_world, record_released, until_duty
from tests.reconciliation.broker_office import Office

NOON = datetime(2026, 11, 24, 17, tzinfo=UTC)
TODAY = NOON.date()
CEILING = 700
"""Dollars: each summary of the tests owes 285.48 (duty 246.90, MPF at its minimum and HMF none), so
that a day takes two and no third."""


@pytest.fixture
def world(office: Office, tmp_path: Path) -> Iterator[World]:
    with clock.held(NOON):
        made = open_world(office, tmp_path / "ace")
        ace = office.settings(AceSettings).model_copy(update={"daily_ceiling": CEILING})
        office.settings = office.settings.model_copy(update={"ace": ace})
        yield made
    made.ace.close()


def used(world: World) -> dict[str, int]:
    house = world.house
    going = writable_plans(house.journal, house.content, house.settings, TODAY)
    found = used_amounts(house.journal, house.content, going)
    return {day.isoformat(): cents for (day, _), cents in sorted(found.items())}


def by_day(made: SendingPlan) -> Counter[str]:
    found: Counter[str] = Counter()
    for _, day, cents in made.payments.values():
        found[day] += cents
    return found


def sent(world: World, count: int, wanted: str = "01") -> tuple[list[str], SendingPlan]:
    """Entries, and the plan by which their summaries were approved and written."""
    numbers = record_released(world, [wanted] * count)
    made = until_duty(world)
    world.office.approve(made)
    assert world.turn().written
    return numbers, made


def in_file(data: bytes) -> dict[str, list[int]]:
    """By entry, the amounts of the 90 record, the sum of the lines' 50, 60 and 53 records, and that
    of the fees in 89: duty, fees, tax, AD, CVD, other."""
    found: dict[str, list[int]] = {}
    number, lines, fees = "", 0, 0
    for at in range(0, len(data), 80):
        record = data[at : at + 80].decode()
        if record.startswith("10"):
            number, lines, fees = f"{record[3:6]}-{record[8:15]}-{record[15]}", 0, 0
        elif record.startswith("50"):
            lines += int(record[layout_of("50", "duty_amount")] or 0)
        elif record.startswith("89"):
            fees += sum(int(record[start + 3 : start + 14] or 0)
                        for start in range(2, 72, 14) if record[start : start + 3].strip())  # fmt: skip
        elif record.startswith("90"):
            totals = [int(record[start : start + 11] or 0) for start in (2, 14, 26, 38, 50, 62)]
            found[number] = [*totals, lines, fees]
    return found


def layout_of(record: str, name: str) -> slice:
    return record_layout("AE", record)[name].span


def test_what_is_approved_is_what_the_files_owe(world: World) -> None:
    """Each batch passes the check; its totals are the sums of its lines, and the plan's money."""
    types = ["01", "03", "21", "23", "11", "52"]
    kind = dict(zip(record_released(world, types), types, strict=True))
    made = until_duty(world)
    owed_: dict[str, list[int]] = {}
    for batch in made.batches:
        data = world.house.content.get(batch.content)
        assert check_bytes(data).ok
        if batch.application == "AE":
            owed_ |= in_file(data)
    assert set(owed_) == set(made.payments) == set(made.numbers)
    for number, (duty, fees, *rest, lines, listed) in owed_.items():
        assert (duty, fees) == (lines, listed)
        # Into a warehouse or under a temporary import bond nothing but HMF is deposited.
        deposited = 0 if kind[number] in ("21", "23") else duty + fees + sum(rest)
        assert made.payments[number][2] == deposited
    assert sum(int(str(row["amount"])) for row in made.duty) == sum(cents for _, _, cents in made.payments.values())


def test_a_second_plan_of_a_day_counts_what_the_first_put_there(world: World) -> None:
    _, first = sent(world, 1)
    (one,) = by_day(first).values()
    assert used(world) == {"2026-11-25": one} and CEILING * 100 // one == 2
    world.exchange()
    _, second = sent(world, 3)
    assert by_day(second) == {"2026-11-25": one, "2026-11-27": 2 * one}
    rows = [(row["statement_date"], row["used"], row["amount"], row["ceiling"], row["over"])
            for row in second.duty]  # fmt: skip
    assert rows == [("2026-11-25", one, one, CEILING * 100, False), ("2026-11-27", 0, 2 * one, CEILING * 100, False)]
    assert used(world) == {"2026-11-25": 2 * one, "2026-11-27": 2 * one}


def test_what_is_approved_and_not_written_yet_counts_too(world: World) -> None:
    record_released(world, ["01"] * 2)
    first = until_duty(world)
    world.office.approve(first)
    one = sum(by_day(first).values()) // 2
    assert used(world) == {"2026-11-25": 2 * one}, "approved, and not a byte written"
    later = open_draft(world)
    assert later.payment().used == {(datetime(2026, 11, 25).date(), "filer"): 2 * one}


def open_draft(world: World) -> PlanDraft:
    house = world.house
    going = writable_plans(house.journal, house.content, house.settings, TODAY)
    taken = used_amounts(house.journal, house.content, going)
    return PlanDraft(house, TODAY, 1, taken)


def test_rejected_summaries_free_their_amount(world: World) -> None:
    numbers, made = sent(world, 2)
    one = sum(by_day(made).values()) // 2
    lines = [AnswerLine(number=numbers[0], disposition="rejected", code="F613"),
             AnswerLine(number=numbers[1], disposition="accepted")]  # fmt: skip
    batch = made.batches[0].batch
    body = AnswerRead(application="AX", about="summary", batch=batch, content="",
                            rejected=False, lines=lines)  # fmt: skip
    world.office.journal.append(body, "answer/x", "bo")
    assert used(world) == {"2026-11-25": one}


@pytest.mark.parametrize("code", ["4", "5", "6"])
def test_what_cbp_takes_off_frees_its_amount(world: World, code: str) -> None:
    numbers, _ = sent(world, 1)
    assert used(world)
    line = AnswerLine(number=numbers[0], disposition="referred", code=code)
    body = AnswerRead(application="UC", about="action", batch="", content="", rejected=False,
                            lines=[line])  # fmt: skip
    world.office.journal.append(body, "answer/x", "bo")
    assert used(world) == {}


def test_a_request_of_cbp_frees_nothing_nor_does_silence(world: World) -> None:
    numbers, _ = sent(world, 1)
    before = used(world)
    line = AnswerLine(number=numbers[0], disposition="referred", code="2")
    body = AnswerRead(application="UC", about="request", batch="", content="",
                            rejected=False, lines=[line])  # fmt: skip
    world.office.journal.append(body, "answer/x", "bo")
    with clock.held(NOON + timedelta(hours=3)):
        assert used(world) == before != {}


def test_a_batch_that_ace_never_got_and_a_burnt_number_free_theirs(world: World) -> None:
    numbers, made = sent(world, 2)
    one = sum(by_day(made).values()) // 2
    burnt = EntryBurnt(number=numbers[0], reason="cancelled, reason 11")
    world.office.journal.append(burnt, f"entry/{numbers[0]}", "ada")
    assert used(world) == {"2026-11-25": one}
    gone = BatchNotReceived(batch=made.batches[0].batch, reason="x", proof="", approval="")
    world.office.journal.append(gone, "batch/x", "ada")
    assert used(world) == {}


def test_entries_sent_again_one_by_one_share_the_day_with_the_rest(world: World) -> None:
    """A batch rejected whole goes again alone; the parts of one plan fill the same statement."""
    numbers = record_released(world, ["01"] * 2)
    made = until_duty(world)
    fresh = record_released(world, ["01"] * 3)
    while {*fresh} - {*(mixed := until_duty(world)).numbers}:
        world.exchange()
    world.office.approve(mixed)
    world.turn()
    world.ace.misbehave("reject", only="AE", times=1, detail="X33")
    world.exchange()
    again = until_duty(world)
    assert set(again.numbers) == {*numbers, *fresh}
    one = by_day(made)["2026-11-25"] // 2
    assert by_day(again) == {"2026-11-25": 2 * one, "2026-11-27": 2 * one, "2026-11-30": one}
    assert sorted((row["statement_date"], row["summaries"]) for row in again.duty) == [
        ("2026-11-25", 2), ("2026-11-27", 2), ("2026-11-30", 1),
    ]  # fmt: skip
    assert not any(row["over"] for row in again.duty)


def test_a_waiting_plan_is_made_anew_when_its_statements_filled_up_meanwhile(world: World) -> None:
    record_released(world, ["01"] * 2)
    waiting = until_duty(world)
    house = world.house
    taken = {(datetime(2026, 11, 25).date(), "filer"): 60_000}
    draft = PlanDraft(house, TODAY, 90, taken)
    build_batches(draft, ready_entries(house.journal, house.settings))
    assert {row["statement_date"] for row in draft.duty()} == {"2026-11-27"}
    assert {row["statement_date"] for row in waiting.duty} == {"2026-11-25"}
    assert not _same_amounts_used(waiting, taken) and _same_amounts_used(waiting, {})


def test_closed_days_of_the_settings_take_no_statement(world: World) -> None:
    shut = {"closed_days": (datetime(2026, 11, 25).date(), datetime(2026, 11, 27).date())}
    ace = world.office.settings(AceSettings).model_copy(update=shut)
    world.office.settings = world.office.settings.model_copy(update={"ace": ace})
    record_released(world, ["01"])
    assert set(by_day(until_duty(world))) == {"2026-11-30"}
    assert sending_day(world.office.settings) == TODAY
