"""Measures the loop on ER answers of its own summaries, run by hand.

    python tests/benchmarks/compare.py [--entries 100000 --lines 1000000] [--scale 10 2 1] [--whole]

Makes a book of recorded entries, their AE batches, and from these the answers that ACE would give
(8 MB each; one summary in a thousand keyed otherwise). Then, in processes of their own: the loop
reads the inbox through its own `read_inbox`, each answer compared field by field with the record
and written into the book, and says what happens next with every entry; and a plain program does
the same with the first answer, one entry at a time. `--whole`: all entries in one content instead
of 250 a workbook. Times are wall time, memory is the peak resident set of the process.
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from datetime import date
from pathlib import Path
from typing import Any

from tasks.ace.settings import AceSettings

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT))

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from tasks.ace.answers.answer_parser import read_answers
from tasks.ace.entry_summary.summary_writer import write_summaries
from tasks.core.settings import load_settings
from tasks.entries.events import EntriesRecorded, NumbersIssued, NumbersReserved
from tasks.entries.record.entry_facts import entry_lines
from tasks.entries.record.entry_record import EntryRecord, to_bytes
from tasks.opening import make_home
from tasks.reconciliation.cycle_stages import entry_decisions
from tasks.reconciliation.decisions.rule_table import NextStep
from tasks.reconciliation.events import QueryNamed
from tasks.reconciliation.receiving import answer_files
from tasks.reconciliation.receiving.summary_comparison import summary_differences
from tasks.workspace import Workspace
from tests.benchmarks import made_stored, plain_compare
from tests.benchmarks.made_summaries import made_summaries
from tests.benchmarks.summaries import ENVELOPE, PAYMENT
from tests.conftest import SETTINGS

TARGET = (12.0, 1536)
"""Seconds and MiB for 100,000 summaries with 1,000,000 lines."""

WORKBOOK, OTHERWISE = 250, 1_000
PORTION = 5_000
"""Entries made at a time."""


def make(folder: Path, entries: int, lines: int, whole: int) -> dict[str, Any]:
    """The home with its book, and the inbox. Not measured."""
    settings = make_home(folder / "home", SETTINGS, "bench")
    made_stored.write_terms(settings.home)
    house = Workspace(settings)
    block = {"series": "entry", "filer": "ABC", "first": 1, "last": entries, "offset": 0}
    house.journal.append(NumbersReserved(**block, range_check="bench"), "bench", "bench")
    house.journal.append(NumbersIssued(**block, desk="truck", port="2704"), "bench", "bench")
    parts, asked = [], []
    for first in range(0, entries, PORTION):
        count = min(PORTION, entries - first)
        part = as_released(made_summaries(count, lines * count // entries, first=first + 1))
        asked += _answers(folder / "inbox", part, first)
        parts.append(part)
    if whole:
        tables = {name: pa.concat_tables([getattr(one, name) for one in parts])
                  for name, _ in parts[0].items()}  # fmt: skip
        parts = [EntryRecord.of(tables)]
    for part in parts:
        size = len(part.numbers) if whole else WORKBOOK
        for low in range(0, len(part.numbers), size):
            _record(house, part.take(part.numbers[low : low + size]))
    for body in asked:
        house.journal.append(body, "bench", "bench", key=f"query:{body.batch}")
    return {}


def as_released(record: EntryRecord) -> EntryRecord:
    """Released on paper, and the entered value is the sum of the lines, as ACE reckons it."""
    sums = record.tariffs.group_by("entry_number").aggregate([("value", "sum")])
    place = pc.index_in(record.entries["entry_number"], value_set=sums["entry_number"])
    entries = record.entries
    for name, column in (
        ("entered_value", sums["value_sum"].take(place)),
        ("paper_outcome", pa.array(["released"] * entries.num_rows)),
    ):
        entries = entries.set_column(entries.column_names.index(name), name, column)
    return EntryRecord.of({**dict(record.items()), "entries": entries})


def _record(house: Workspace, part: EntryRecord) -> None:
    body = EntriesRecorded(
        content=house.content.put(to_bytes(part)), source="", file="bench.xlsx", desk="truck",
        entries=entry_lines(part),
    )  # fmt: skip
    house.journal.append(body, "bench", "bench")


def _answers(inbox: Path, part: EntryRecord, first: int) -> list[QueryNamed]:
    """The answer files, and the questions that they answer."""
    inbox.mkdir(exist_ok=True)
    batches = write_summaries(part, ENVELOPE, None, PAYMENT)
    matrix = np.concatenate([batch.matrix for batch in batches])
    numbers, whole, starts = made_stored.stored(matrix)
    made_stored.otherwise(whole, starts, OTHERWISE)
    questions = []
    for place, (batch, asked, data) in enumerate(made_stored.answers(numbers, whole, starts)):
        name = f"BENCH-{first:07d}-{place:02d}"
        (inbox / f"{name}.abi").write_bytes(data.replace(batch.encode(), name.encode().ljust(len(batch)), 1))
        questions.append(QueryNamed(batch=name, application="EQ", about="summary", content="",
                                          file=name, asked=asked))  # fmt: skip
    return questions


def read(folder: Path) -> dict[str, Any]:
    """The loop's own reading, and its verdict on each entry."""
    house = _house(folder)
    spent: dict[str, float] = {}
    for name, step in (("read_answers", "decoding"), ("summary_differences", "comparing")):
        setattr(answer_files, name, _clocked(spent, step, getattr(answer_files, name)))
    begun = time.perf_counter()
    done = answer_files.read_inbox(house, "bench")
    whole = time.perf_counter() - begun
    assert not any(one.problems for one in done), [one.problems[:1] for one in done][:3]
    begun = time.perf_counter()
    steps = [verdict.step for _, verdict in entry_decisions(house)]
    spent["verdicts"] = time.perf_counter() - begun
    return {
        "answers": len(done),
        "differ": steps.count(NextStep.DIFFERS),
        "settle": steps.count(NextStep.SETTLE),
        "in_all": round(whole, 2),
        **{name: round(seconds, 2) for name, seconds in spent.items()},
    }


def _house(folder: Path) -> Workspace:
    settings = load_settings(folder / "home")
    ace = settings(AceSettings).model_copy(update={"inbox": folder / "inbox"})
    return Workspace(settings.model_copy(update={"ace": ace}))


def _clocked(spent: dict[str, float], name: str, work: Callable[..., Any]) -> Callable[..., Any]:
    def run(*given: Any) -> Any:
        begun = time.perf_counter()
        try:
            return work(*given)
        finally:
            spent[name] = spent.get(name, 0.0) + time.perf_counter() - begun

    return run


def plain(folder: Path) -> dict[str, Any]:
    """The first answer, one entry at a time: the same differences, and the time for all."""
    house = Workspace.open(folder / "home")
    path = min((folder / "inbox").iterdir())
    begun = time.perf_counter()
    found, count = plain_compare.differences(house, path.read_bytes())
    spent = time.perf_counter() - begun
    (answer,) = read_answers(path.read_bytes(), path.name)
    assert found == summary_differences(house, [answer])[0]
    return {"entries": count, "differ": len(found), "in_all": round(spent, 2)}


STEPS: dict[str, Callable[..., dict[str, Any]]] = {"make": make, "read": read, "plain": plain}


def run(step: str, folder: Path, *counts: int) -> dict[str, Any]:
    """One step in a process of its own, with its peak memory."""
    command = [sys.executable, __file__, "--step", step, str(folder), *map(str, counts)]
    done = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True)
    return json.loads(done.stdout)


def _step(name: str, folder: Path, counts: list[int]) -> None:
    used = time.process_time()
    result = STEPS[name](folder, *counts)
    result["processor"] = round(time.process_time() - used, 2)
    result["peak_mib"] = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024
    print(json.dumps(result))


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--entries", type=int, default=100_000)
    options.add_argument("--lines", type=int, default=1_000_000)
    options.add_argument("--scale", type=int, nargs="*", default=[10, 2, 1])
    options.add_argument("--whole", action="store_true")
    options.add_argument("--folder", type=Path, default=None, help="where to work")
    options.add_argument("--step", nargs="*")
    chosen = options.parse_args()
    if chosen.step:
        _step(chosen.step[0], Path(chosen.step[1]), [int(one) for one in chosen.step[2:]])
        return
    print(f"{os.cpu_count()} processors, load {os.getloadavg()[0]:.1f}, {date.today()}")
    for scale in chosen.scale:
        with tempfile.TemporaryDirectory(dir=chosen.folder) as name:
            folder = Path(name)
            counts = (chosen.entries // scale, chosen.lines // scale, int(chosen.whole))
            run("make", folder, *counts)
            told = run("read", folder)
            print(f"{counts[0]:,} summaries, {counts[1]:,} lines: {told}")
            slow = run("plain", folder)
            rate = slow["in_all"] / slow["entries"] * counts[0]
            print(f"plain, one entry at a time: {slow}, so {rate:,.0f} s for all of them")
    print(f"target of 1/1: {TARGET[0]} s, {TARGET[1]} MiB")


if __name__ == "__main__":
    main()
