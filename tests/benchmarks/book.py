"""Measures a book of many numbers, run by hand: its projections folded anew, checked, accounted for.

    python tests/benchmarks/book.py [--numbers 100000] [--scale 10 2 1]

Writes a book in which every number went the whole way: reserved, issued, recorded from workbooks of
250, asked for, sent as release and as summary in batches of 100, answered, settled. Making it is not
measured. Times are wall time, with processor time in brackets; memory is the peak resident set of
the process, one for each size.
"""

from __future__ import annotations

import argparse
import resource
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT))

from tasks.core.journal.bodies import Body
from tasks.core.journal.journal import Journal
from tasks.core.journal.verification import verify_journal
from tasks.entries.events import EntriesRecorded, EntryLine, EntrySettled, NumbersIssued, NumbersReserved
from tasks.entries.numbers.entry_numbers import printed_numbers
from tasks.reconciliation.accounting.number_account import account_numbers, place_totals
from tasks.reconciliation.decisions.classification import classify
from tasks.reconciliation.events import AnswerLine, AnswerRead, BatchNamed, BatchWritten, QueryNamed, QueryWritten
from tasks.reconciliation.state.entry_reader import list_entry_states

WORKBOOK, QUERY, BATCH = 250, 500, 100
Spent = tuple[float, float]
"""Wall and processor seconds."""
RELEASED = "2026-11-20"
IMPORTERS = [f"12-34567{n:02d}00" for n in range(40)]


def write_book(journal: Journal, count: int) -> None:
    """The book, in one transaction."""
    numbers = printed_numbers("entry", "ABC", 1, count, 0)
    with journal.write("bench") as pen:
        for body in story(numbers):
            pen.append(body, "bench")


def story(numbers: list[str]) -> Iterator[Body]:
    block = {"series": "entry", "filer": "ABC", "first": 1, "last": len(numbers), "offset": 0}
    yield NumbersReserved(**block, range_check="bench")
    yield NumbersIssued(**block, desk="truck", port="2704")
    for place, some in enumerate(_parts(numbers, WORKBOOK)):
        yield EntriesRecorded(
            content="c" * 64, source="", file=f"{place}.xlsx", desk="truck",
            entries=[_line(n, number) for n, number in enumerate(some)],
        )  # fmt: skip
    yield from _asked(numbers, "EQ", "summary", "Q", "not found")
    yield from _asked(numbers, "CQ", "release", "C", "not visible")
    yield from _asked(numbers, "CQ", "bill", "B", "not found")
    yield from _asked(IMPORTERS, "KI", "importer", "K", "active")
    yield from _sent(numbers, "SE", "SX", "release")
    yield from _asked(numbers, "EQ", "summary", "R", "not found")
    yield from _asked(numbers, "CQ", "release", "D", "already on file")
    yield from _sent(numbers, "AE", "AX", "summary")
    yield from _asked(numbers, "EQ", "summary", "S", "already on file")
    for number in numbers[: len(numbers) // 2]:
        yield EntrySettled(number=number, how="summary 00100 in ACE", proof="d" * 64)


def _line(place: int, number: str) -> EntryLine:
    return EntryLine(
        number=number, digest=f"{place:064d}", entry_type="01", route="se_then_ae", outcome="released",
        port="2704", importer=IMPORTERS[place % 40], complete=True, released=RELEASED, bond_type="8",
    )  # fmt: skip


def _asked(some: list[str], application: str, about: str, name: str, said: str) -> Iterator[Body]:
    dates = {"release": "released", "release_date": RELEASED, "summary": "accepted",
             "version": "00100", "late": False} if said == "already on file" else {}  # fmt: skip
    for place, part in enumerate(_parts(some, QUERY)):
        yield QueryNamed(batch=f"{name}{place}", application=application, about=about,
                               content="", file=f"{name}{place}.abi", asked=part)  # fmt: skip
        yield QueryWritten(batch=f"{name}{place}", file=f"{name}{place}.abi", size=80)
        lines = [AnswerLine(number=one, disposition=said, **dates) for one in part]
        yield AnswerRead(application="", about=about, batch=f"{name}{place}", content="",
                               rejected=False, lines=lines)  # fmt: skip


def _sent(numbers: list[str], application: str, answer: str, about: str) -> Iterator[Body]:
    for place, part in enumerate(_parts(numbers, BATCH)):
        batch = f"{application}{place}"
        file = f"{batch}.abi"
        yield BatchNamed(batch=batch, application=application, plan="p", content="", file=file,
                               numbers=part)  # fmt: skip
        yield BatchWritten(batch=batch, file=file, size=80)
        lines = [AnswerLine(number=one, disposition="accepted") for one in part]
        yield AnswerRead(application=answer, about=about, batch=batch, content="",
                               rejected=False, lines=lines)  # fmt: skip


def _parts(some: list[str], size: int) -> Iterator[list[str]]:
    yield from (some[low : low + size] for low in range(0, len(some), size))


def _timed(work: Callable[[], object]) -> Spent:
    begun, used = time.perf_counter(), time.process_time()
    work()
    return time.perf_counter() - begun, time.process_time() - used


def measure(count: int) -> dict[str, Any]:
    """One size, in this process: wall and processor seconds of each step, how many numbers and entries
    were accounted for and classified, and the peak in MiB."""
    with tempfile.TemporaryDirectory() as folder:
        journal = Journal.at(Path(folder) / "journal.sqlite")
        spent = {
            "written": _timed(lambda: write_book(journal, count)),
            "rebuild": _timed(journal.rebuild),
            "verify": _timed(lambda: verify_journal(journal)),
            "account": _timed(lambda: place_totals(account_numbers(journal))),
            "view and classify": _timed(lambda: [classify(one) for one in list_entry_states(journal)]),
        }
        places = Counter(line.place for line in account_numbers(journal))
        steps = Counter(str(classify(one).step) for one in list_entry_states(journal))
        whole = verify_journal(journal).ok
        journal.close()
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024
    counts = {"places": dict(places), "steps": dict(steps), "whole": whole}
    return {"numbers": count, "seconds": spent, **counts, "peak_mib": peak}


def report(found: dict[str, Any]) -> None:
    steps = (f"{name} {wall:.2f} s ({used:.2f} of a processor)"
             for name, (wall, used) in found["seconds"].items())  # fmt: skip
    print(f"{found['numbers']:,} numbers: {', '.join(steps)}, peak {found['peak_mib']} MiB", flush=True)


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--numbers", type=int, default=100_000)
    options.add_argument("--scale", type=int, nargs="*", default=[10, 2, 1])
    options.add_argument("--one", action="store_true")
    chosen = options.parse_args()
    if chosen.one:
        report(measure(chosen.numbers))
        return
    for scale in chosen.scale:
        count = str(chosen.numbers // scale)
        subprocess.run([sys.executable, __file__, "--numbers", count, "--one"], check=True)


if __name__ == "__main__":
    main()
