"""Three years of reminders: power fails at random, mail is down for a week, the flow is off for a
week and runs several times on other days. Each rung arrives exactly once, and none is missed."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from dateutil.relativedelta import relativedelta
from hypothesis import Phase, given, settings, strategies as st

from tasks.drill.ace_simulator.summaries.fee_rates import is_business_day
from tests.duties.world import World, noon, world
from tests.example_counts import examples

ISA = (240, 210, 180, 150, 90, 60, 30, 14, 7, 1, 0)
FACTS = {"holder": "self", "connection": "sFTP", "legal-name": "Harbor & Vance"}
ZONES = ("America/New_York", "Pacific/Honolulu", "Asia/Kolkata", "Pacific/Kiritimati", "UTC")
DAY = timedelta(days=1)
PHASES = (Phase.explicit, Phase.reuse, Phase.generate)
"""Without shrinking: a life takes seconds, and the printed one can be lived again."""


def rung_days(end: date) -> list[tuple[str, date]]:
    """The ladder as broker-domain names it: each rung on a working day, not after its own."""
    found = []
    for days in ISA:
        day = end - timedelta(days=days)
        while not is_business_day(day):
            day -= DAY
        found.append((f"T-{days}", day))
    return found


@dataclass(frozen=True)
class Life:
    """`age`: days since the agreement in force was signed; `accepted`: days after its end (negative:
    before) on which CBP's acceptance of the next comes in; `off`, `mute`: first day without the
    flow, and without mail, for a week each."""

    start: date
    zone: str
    seed: int
    age: int
    accepted: int
    off: int
    mute: int

    @property
    def signed(self) -> date:
        return self.start - timedelta(days=self.age)

    @property
    def end(self) -> date:
        return self.signed + relativedelta(years=3)

    @property
    def accepted_on(self) -> date:
        return max(self.end + timedelta(days=self.accepted), self.start + DAY)


def live(life: Life, days: int, weak: float = 0.02) -> tuple[World, list[date]]:
    """Live so many days. Returns the world, and the days on which a run ended, with mail."""
    mailed: list[date] = []
    zone = ZoneInfo(life.zone)
    begin = datetime.combine(life.start, datetime.min.time(), zone).astimezone(UTC)
    with world(begin, life.zone, ["isa"], life.seed) as made:
        made.fulfil(begin, "isa", life.signed, **FACTS)
        made.weak = weak
        for number in range(days):
            day = life.start + number * DAY
            midnight = datetime.combine(day, datetime.min.time(), zone).astimezone(UTC)
            if day == life.accepted_on:
                made.fulfil(midnight + timedelta(minutes=1), "isa", day, **FACTS)
            if life.off <= number < life.off + 7:
                continue
            made.down = life.mute <= number < life.mute + 7
            hours = sorted(made.chance.sample(range(1, 22), made.chance.randint(1, 4)))
            for hour in hours:
                if made.run(midnight + timedelta(hours=hour, minutes=made.chance.randint(0, 50))):
                    mailed += [day] * (not made.down)
        # Whatever power failure was last, one quiet day more lets everything out.
        made.weak, made.down = 0.0, False
        made.run(midnight + timedelta(hours=22, minutes=30))
        mailed.append(day)
        return made, mailed


def expected(life: Life, days: int) -> dict[tuple[date, str], date]:
    """(term's end, rung) -> its day, for all that must have arrived by the last day."""
    last = life.start + (days - 1) * DAY
    stop = min(last, life.accepted_on - DAY)
    late = (stop - life.end).days
    ladder = rung_days(life.end) + [(f"T+{n}", life.end + n * DAY) for n in range(1, late + 1)]
    known = [one for one in ladder if one[1] >= life.start]
    before = [one for one in ladder if one[1] < life.start]
    if before and not (known and known[0][1] == life.start):
        known.insert(0, before[-1])
    wanted = {(life.end, name): day for name, day in known if day <= stop}
    if life.accepted_on <= last:
        following = life.accepted_on + relativedelta(years=3)
        wanted |= {(following, name): day for name, day in rung_days(following) if day <= last}
    return wanted


def judge(life: Life, days: int) -> Counter[str]:
    made, mailed = live(life, days)
    wanted = expected(life, days)
    by_day = {(name, day): (end, name) for (end, name), day in wanted.items()}
    seen: Counter[tuple[date, str]] = Counter()
    zone = ZoneInfo(life.zone)
    for letter in made.letters():
        arrived = letter.at.astimezone(zone).date()
        for told in letter.told:
            assert told in by_day, f"{told} is no rung that was due"
            seen[by_day[told]] += 1
            # The first run with mail from its day on brings it, or the one after a power failure.
            chances = [one for one in mailed if one >= told[1] and one >= life.start]
            assert told[1] <= arrived and arrived <= chances[min(1, len(chances) - 1)]
    gone = {one for one, day in wanted.items()
            if not any(day <= run < life.accepted_on or one[0] != life.end for run in mailed)}  # fmt: skip
    assert set(wanted) - gone <= set(seen), sorted(set(wanted) - gone - set(seen))
    assert set(seen.values()) <= {1}, [one for one, count in seen.items() if count > 1]
    return Counter(crashes=made.crashes, letters=len(made.letters()), rungs=len(seen),
                   copies=len(made.arrived) - len(made.letters()))  # fmt: skip


LIVES = st.builds(
    Life,
    start=st.dates(date(2023, 1, 1), date(2035, 12, 31)),
    zone=st.sampled_from(ZONES),
    seed=st.integers(0, 10_000),
    age=st.integers(790, 1116),
    accepted=st.integers(-250, 40),
    off=st.integers(0, 300),
    mute=st.integers(0, 300),
)


@settings(max_examples=examples(8), phases=PHASES)
@given(LIVES)
def test_a_tenth_of_three_years(life: Life) -> None:
    judge(life, 110)


@pytest.mark.long
@settings(max_examples=examples(12), phases=PHASES)
@given(LIVES)
def test_three_years(life: Life) -> None:
    judge(life, 1096)


def test_a_leap_day_on_which_it_was_signed() -> None:
    """Signed on 29 February 2024: it ends on 28 February 2027, a Sunday; T-0 is told on Friday."""
    life = Life(date(2026, 11, 25), "America/New_York", 1, 1000, 400, 300, 20)
    assert (life.signed, life.end) == (date(2024, 2, 29), date(2027, 2, 28))
    assert rung_days(date(2027, 2, 28))[-1] == ("T-0", date(2027, 2, 26))
    found = judge(life, 110)
    assert found["rungs"] >= 20 and found["letters"] < found["rungs"]


def test_a_week_off_brings_one_letter(monkeypatch: pytest.MonkeyPatch) -> None:
    """And so does a week without mail: what nobody got is told anew, with what came since."""
    start = date(2026, 1, 5)
    for off in ("flow", "mail"):
        with world(noon(start), "America/New_York", ["isa"], 1) as made:
            made.fulfil(noon(start), "isa", date(2023, 1, 10), **FACTS)
            made.run(noon(start))
            assert len(made.letters()) == 1
            for number in range(1, 8):
                if off == "mail":
                    made.down = True
                    made.run(noon(start + number * DAY))
            made.down = False
            made.run(noon(start + 8 * DAY))
            (_, late) = made.letters()
            assert [name for name, _ in late.told] == ["T+3", "T-1", "T-0", "T+1", "T+2"]
            assert late.title.startswith("OVERDUE by 3 days")
