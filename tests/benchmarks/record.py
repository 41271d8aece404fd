"""Recording 10,000 entries from workbooks, run by hand: python -m tests.benchmarks.record

Makes the workbooks first (not measured), then reads, checks and records them into a fresh book.
"""

from __future__ import annotations

import argparse
import tempfile
import time
from pathlib import Path

from tasks.core.journal.verification import verify_journal
from tasks.entries.numbers.number_reserve import issue_block, reserve_block
from tasks.entries.record.entry_recording import profile_of, record_intake
from tasks.entries.workbook.file_intake import read_entry_files
from tasks.opening import make_home, open_journal
from tests.conftest import SETTINGS
from tests.entries import house as made


def measure(entries: int, in_a_workbook: int) -> dict[str, float | int | bool]:
    """Entries recorded from workbooks that are made first: counts, seconds, and whether the journal is
    whole. Raises AssertionError if an entry is not recorded."""
    with tempfile.TemporaryDirectory() as folder:
        settings = make_home(Path(folder) / "home", SETTINGS, "bench")
        book = made.book_of(settings, open_journal(settings))
        reserve_block(book.journal, settings, "entry", made.FIRST, entries, "bench", "it")
        files = []
        for turn in range(entries // in_a_workbook):
            numbers = issue_block(book.journal, settings, "entry", in_a_workbook, "truck", "2704", "it")
            record = made.filled(turn, numbers, "truck")
            files.append(made.workbook(Path(folder) / "in", f"{turn}.xlsx", "truck", record))
        began = time.perf_counter()
        intakes = read_entry_files(files, profile_of(settings))
        read = time.perf_counter()
        taken = record_intake(book, intakes, "jo")
        ended = time.perf_counter()
        recorded = sum(len(one.recorded) for one in taken)
        assert recorded == entries, [one.problems[:2] for one in taken if one.problems]
        return {
            "entries": recorded,
            "workbooks": len(files),
            "reading": read - began,
            "recording": ended - read,
            "whole": verify_journal(book.journal, book.content).ok,
        }


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--entries", type=int, default=10_000)
    parser.add_argument("--in-a-workbook", type=int, default=250)
    given = parser.parse_args()
    found = measure(given.entries, given.in_a_workbook)
    spent = found["reading"] + found["recording"]
    print(f"{found['entries']:,} entries in {found['workbooks']} workbooks, {spent:.1f} s in all:")
    print(f"read and checked in {found['reading']:.1f} s, recorded in {found['recording']:.1f} s")
    assert found["whole"]


if __name__ == "__main__":
    main()
