"""Statement dates are set for the day of sending: a plan with duty that is not wholly written on its day
lapses, wherever midnight or the pace falls."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest

from tasks.ace.settings import AceSettings
from tasks.core import clock
from tasks.core.journal.verification import verify_journal
from tasks.core.settings import BrokerSettings
from tasks.reconciliation.cycle_stages import CycleResult
from tasks.reconciliation.plan.payment_terms import sending_day
from tasks.reconciliation.plan.plan_store import PlannedBatch, SendingPlan
from tasks.reconciliation.sending import batch_writing
from tasks.reconciliation.sending.batch_writing import WrittenBatch
from tasks.transport.exchange_folders import ExchangeFolder
from tests.reconciliation.ace_exchange import World, open_world, record_released, until_duty
from tests.reconciliation.broker_office import Office

EVENING = datetime(2026, 11, 25, 4, 30, tzinfo=UTC)
"""24 November 2026, half past eleven at night in Washington."""
MIDNIGHT = EVENING + timedelta(minutes=31)


@pytest.fixture
def world(office: Office, tmp_path: Path) -> Iterator[World]:
    with clock.held(EVENING):
        made = open_world(office, tmp_path / "ace")
        yield made
    made.ace.close()


def planned(world: World, count: int) -> tuple[list[str], SendingPlan]:
    """Entries whose release ACE has taken: their summaries are planned and approved."""
    numbers = record_released(world, ["01"] * count)
    made = until_duty(world)
    world.office.approve(made)
    return numbers, made


def one_each(world: World, **more: int) -> None:
    sizes = {"entries_per_block": 1, "blocks_per_batch": 1, **more}
    ace = world.office.settings(AceSettings).model_copy(update=sizes)
    world.office.settings = world.office.settings.model_copy(update={"ace": ace})


def sent(world: World) -> int:
    """Files of this hour so far."""
    return sum(len([*world.office.journal.events(kind=f"{kind}.named")])
               for kind in ("query", "batch"))  # fmt: skip


def summaries(world: World) -> list[str]:
    return sorted(path.name for path in world.office.outbound.glob("*-ae-*"))


def until_waiting(world: World) -> CycleResult:
    for _ in range(6):
        last = world.turn()
        if last.waiting is not None:
            return last
        world.exchange()
    raise AssertionError(last.steps)


def named_by(world: World, made: SendingPlan) -> list[str]:
    events = world.office.journal.events(kind="batch.named")
    return [event.said.batch for event in events if event.said.plan == made.digest]


def days(made: SendingPlan) -> set[str]:
    return {str(row["statement_date"]) for row in made.duty}


def test_a_plan_with_duty_lapses_at_midnight_and_is_made_anew(world: World) -> None:
    numbers, made = planned(world, 2)
    assert made.day == "2026-11-24" and days(made) == {"2026-11-25"}
    with clock.held(MIDNIGHT):
        done = world.turn()
        assert not done.written and not summaries(world)
        assert "statement dates were set for 2026-11-24" in done.dropped[made.digest]
        (dropped,) = world.office.journal.events(kind="plan.dropped")
        assert dropped.said.reason == done.dropped[made.digest]
        fresh = done.waiting
        assert fresh is not None and sorted(fresh.numbers) == numbers
        # The 25th is the day before Thanksgiving: a business day ahead is the 27th.
        assert fresh.day == "2026-11-25" and days(fresh) == {"2026-11-27"}
        assert world.turn().dropped == {}
        world.office.approve(fresh)
        assert world.turn().written
        assert len(summaries(world)) == len(fresh.batches)
        assert verify_journal(world.office.journal, world.house.content).ok


def test_what_the_pace_held_over_midnight_is_not_written(world: World) -> None:
    one_each(world)
    numbers, made = planned(world, 3)
    one_each(world, batches_per_hour=sent(world) + 1)
    assert len(world.turn().written) == 1
    (first,) = summaries(world)
    assert world.turn().waiting is None, "what is on its way is not planned a second time"
    one_each(world, batches_per_hour=1000)
    with clock.held(MIDNIGHT):
        done = world.turn()
        assert made.digest in done.dropped and summaries(world) == [first]
        again = done.waiting or until_waiting(world).waiting
        assert again is not None and len(again.numbers) == 2
        assert set(again.numbers) < set(numbers)
        assert not {one.batch for one in again.batches} & {one.batch for one in made.batches}
    assert named_by(world, made) == [made.batches[0].batch]


def test_the_rest_still_goes_on_its_own_day(world: World) -> None:
    one_each(world)
    _, made = planned(world, 3)
    one_each(world, batches_per_hour=sent(world) + 2)
    assert len(world.turn().written) == 2
    one_each(world, batches_per_hour=1000)
    assert not world.turn().dropped and len(summaries(world)) == 3
    assert named_by(world, made) == [one.batch for one in made.batches]


def test_a_batch_that_was_named_and_never_seen_is_withdrawn_on_another_day(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    _, made = planned(world, 1)
    with monkeypatch.context() as patch:
        patch.setattr(batch_writing, "_show_batch", _cut)
        with pytest.raises(KeyboardInterrupt):
            world.office.write(made)
    assert list(world.office.outbound.glob(".*.part"))
    with clock.held(MIDNIGHT):
        world.turn()
        assert not list(world.office.outbound.glob(".*ae*")) and not summaries(world)
        (event,) = world.office.journal.events(kind="batch.not_received")
        assert "statement dates were set" in event.said.reason
        fresh = until_waiting(world).waiting
        assert fresh is not None and days(fresh) == {"2026-11-27"}


def _cut(*_: object, **__: object) -> WrittenBatch:
    raise KeyboardInterrupt


def test_a_seen_batch_of_a_plan_that_lapses_is_brought_to_its_end(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The power went after the file became visible, with two more batches to go."""
    one_each(world)
    _, made = planned(world, 3)
    with monkeypatch.context() as patch:
        patch.setattr(batch_writing, "_show_batch", _shown_only)
        with pytest.raises(KeyboardInterrupt):
            world.office.write(made)
    with clock.held(MIDNIGHT):
        done = world.turn()
        assert made.digest in done.dropped and len(summaries(world)) == 1
        written = [event.said.batch for event in world.office.journal.events(kind="batch.written")]
        assert written[-1] == made.batches[0].batch == named_by(world, made)[-1]


def _shown_only(_: object, batch: PlannedBatch, folder: ExchangeFolder, *__: object, **___: object) -> WrittenBatch:
    folder.show(batch.file)
    raise KeyboardInterrupt


def test_releases_carry_no_duty_and_go_on_any_day(office: Office, tmp_path: Path) -> None:
    with clock.held(EVENING):
        office.record(1, 2, tmp_path)
        made = office.plan()
        assert made is not None and not made.duty
        office.approve(made)
    with clock.held(MIDNIGHT):
        assert [one.again for one in office.write(made)] == [False] * len(made.batches)


@pytest.mark.parametrize(
    ("zone", "moment", "day"),
    [
        ("America/New_York", EVENING, date(2026, 11, 24)),
        ("America/New_York", MIDNIGHT, date(2026, 11, 25)),
        # In Los Angeles it is still the 24th when ACE counts the 25th already.
        ("America/Los_Angeles", EVENING, date(2026, 11, 24)),
        ("America/Los_Angeles", MIDNIGHT, date(2026, 11, 25)),
        ("America/Los_Angeles", MIDNIGHT + timedelta(hours=4), date(2026, 11, 25)),
        # On Guam the 25th began before noon in Washington.
        ("Pacific/Guam", EVENING, date(2026, 11, 25)),
        ("Pacific/Guam", EVENING + timedelta(hours=10), date(2026, 11, 26)),
    ],
)
def test_the_later_day_counts(office: Office, zone: str, moment: datetime, day: date) -> None:
    settings = office.settings.model_copy(
        update={"broker": office.settings(BrokerSettings).model_copy(update={"zone": zone})}
    )
    with clock.held(moment):
        assert sending_day(settings) == day


def test_midnight_in_the_brokers_own_zone_counts(world: World) -> None:
    """In San Juan it is an hour later than in Washington all winter."""
    broker = world.office.settings(BrokerSettings).model_copy(update={"zone": "America/Puerto_Rico"})
    here = world.office.settings.model_copy(update={"broker": broker})
    world.office.settings = here
    assert sending_day(here) == date(2026, 11, 25)
    with clock.held(EVENING - timedelta(hours=1)):
        _, made = planned(world, 1)
        assert made.day == "2026-11-24"
    assert made.digest in world.turn().dropped
