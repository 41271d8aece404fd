from __future__ import annotations

from pathlib import Path

import pytest

from tasks.core.journal.journal import Journal
from tasks.core.journal.verification import verify_journal
from tasks.core.settings import Settings
from tasks.entries.numbers.number_lookup import recorded_entries
from tests.entries import house as made
from tests.process_kills import storm, undisturbed


def crash(house: Settings, journal: Journal, folder: Path, times: int) -> None:
    numbers = made.issue(journal, house, "truck", 4 * (times + 1))
    book = made.book_of(house, journal)
    shares = {turn: numbers[4 * turn : 4 * turn + 4] for turn in range(times + 1)}
    files = {
        turn: made.workbook(folder, f"{turn}.xlsx", "truck", made.filled(turn, share, "truck"))
        for turn, share in shares.items()
    }

    def command(turn: int) -> list[str]:
        return ["--home", str(house.home), "--by", "jo", "entries", "record", str(files[turn])]

    def after(turn: int) -> None:
        assert verify_journal(journal, book.content).ok
        known = {row["number"] for row in recorded_entries(journal)}
        assert len(known & set(shares[turn])) in (0, 4)

    seconds = undisturbed(command(times))
    seen = storm(times, command, after, seconds=seconds, name="entries record")
    assert seen.killed > 0
    before = {row["number"] for row in recorded_entries(journal)}
    for turn in range(times):
        undisturbed(command(turn))
    rows = recorded_entries(journal)
    assert [row["number"] for row in rows] == numbers and before <= set(numbers)
    assert {row["revision"] for row in rows} == {1}
    assert verify_journal(journal, book.content).ok


def test_recording_survives_being_killed(house: Settings, journal: Journal, tmp_path: Path) -> None:
    crash(house, journal, tmp_path, 2)


@pytest.mark.long
def test_recording_survives_being_killed_fifty_times(house: Settings, journal: Journal, tmp_path: Path) -> None:
    crash(house, journal, tmp_path, 50)
