from __future__ import annotations

import pytest

from tasks.core.journal.journal import Journal
from tasks.core.journal.verification import verify_journal
from tasks.core.settings import Settings
from tasks.entries.numbers.number_reserve import numbers_issued_to, reserve_block
from tests.process_kills import storm, undisturbed


def crash(house: Settings, journal: Journal, times: int) -> None:
    reserve_block(journal, house, "entry", 9_000_000, 3 * (times + 2), "checked", "it")

    def command(turn: int) -> list[str]:
        place = ["--home", str(house.home), "--by", "it", "numbers", "issue"]
        return [*place, "--desk", "truck", "--count", "3", "--request", f"r{turn}"]

    def after(turn: int) -> None:
        assert verify_journal(journal).ok
        assert len(numbers_issued_to(journal, "truck")) % 3 == 0

    undisturbed(command(-1))
    seconds = undisturbed(command(-2))
    seen = storm(times, command, after, seconds=seconds, name="numbers issue")
    assert seen.killed > 0
    for turn in range(-2, times):
        undisturbed(command(turn))
    numbers = numbers_issued_to(journal, "truck")
    assert len(numbers) == len(set(numbers)) == 3 * (times + 2)
    assert verify_journal(journal).ok


def test_numbers_survive_being_killed(house: Settings, journal: Journal) -> None:
    crash(house, journal, 5)


@pytest.mark.long
def test_numbers_survive_being_killed_fifty_times(house: Settings, journal: Journal) -> None:
    crash(house, journal, 50)
