"""`kill -9` anywhere in the loop: run again, it comes to the same end."""

from __future__ import annotations

import random
import time
from pathlib import Path

import pyotp
import pytest

from tasks.core.journal.verification import verify_journal
from tasks.core.settings import Settings
from tasks.drill.ace_simulator.simulator import AceSimulator
from tasks.opening import open_journal
from tasks.reconciliation.accounting.number_account import account_numbers
from tests.ace import made_summary
from tests.process_kills import KILLED, SEED, struck
from tests.reconciliation.ace_exchange import World, open_world, record_summaries, today
from tests.reconciliation.broker_office import Office, make_office

KINDS = ["01", "01", "23", "02", "01", "01"]
CODES = 20
"""One-time codes a life may use: each counts once, so that the next life begins after them."""

End = dict[str, tuple]


def live(settings: Settings, phone: pyotp.TOTP, life: int, folder: Path) -> None:
    """One life of the process: the whole loop to its rest, with ACE at the other side."""
    office = Office(open_journal(settings), settings, phone, CODES * life)
    with AceSimulator(folder / "ace.sqlite", today()) as ace:
        World(office, ace, folder / "inbox").run()


class Outage:
    """Six entries; officers keyed one, ACE never heard of another's bill and release, a batch is rejected,
    an answer is lost."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder / "ace"
        self.world = open_world(make_office(folder / "home"), self.folder)
        self.numbers = record_summaries(self.world, KINDS)
        for number in self.numbers[2:]:
            self.world.ace.seed_paper_release(number, made_summary.RELEASED)
        self.world.ace.seed_officer_entry(self.numbers[0], port="3801", released=made_summary.RELEASED, notified=True)
        self.world.ace.misbehave("reject")
        self.world.ace.misbehave("drop")
        self.lives = 0

    def live(self, seconds: float) -> int | None:
        """Kill the process after this time; its exit code."""
        self.lives += 1
        office = self.world.office
        return struck(live, (office.settings, office.phone, self.lives, self.folder), seconds)

    def end(self) -> End:
        """What stands at the end, without what may differ: how often ACE was asked."""
        book = self.world.ace.book()
        steps = self.world.steps()
        places = {line.number: line.place for line in account_numbers(self.world.office.journal)}
        found: End = {}
        for place, number in enumerate(self.numbers):
            held = book[number]
            assert held.stands_once, held
            assert not held.count("summary implicitly deleted"), held
            found[f"{place}"] = (
                steps[number],
                places[number],
                held.entry and held.entry.status,
                held.summary and held.summary.control,
                held.count("entry added"),
                held.count("summary added"),
            )
        assert verify_journal(self.world.office.journal, self.world.office.book.content).ok
        return found

    def close(self) -> None:
        self.world.ace.close()
        self.world.office.journal.close()


def crash(folder: Path, blows: int) -> None:
    """Outages, each killed until it ends by itself, until there were so many blows."""
    chance = random.Random(f"{SEED}/loop")
    wanted, seconds = _in_peace(folder / "peace")
    print(f"\nloop: seed {SEED}, {blows} blows within {seconds:.2f} s")
    landed = told = 0
    while landed < blows:
        told += 1
        outage = Outage(folder / f"{told}")
        while (code := outage.live(chance.uniform(0, seconds))) == KILLED:
            landed += 1
        assert code == 0
        assert outage.end() == wanted
        outage.close()


def _in_peace(folder: Path) -> tuple[End, float]:
    """The end when nobody strikes, and how long it takes to get there."""
    Outage(folder / "first").live(120)  # Also waits for the imports of the parent of all lives.
    outage = Outage(folder / "second")
    began = time.monotonic()
    assert outage.live(120) == 0
    taken = time.monotonic() - began
    end = outage.end()
    outage.close()
    assert {held[0] for held in end.values()} == {"settled", "release dates differ"}
    return end, taken


def test_the_loop_survives_being_killed(tmp_path: Path) -> None:
    crash(tmp_path, 3)


@pytest.mark.long
def test_the_loop_survives_being_killed_a_hundred_times(tmp_path: Path) -> None:
    crash(tmp_path, 100)
