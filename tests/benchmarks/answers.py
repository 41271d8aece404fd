"""Measures reading ER answers with stored images, run by hand.

    python tests/benchmarks/answers.py [--summaries 100000] [--lines 10] [--notices 20000]

ACE cuts an answer at 8 MB (EQ v26 p.51), so the summaries come as many answers, read one after
the other into tables of the entry record. Making them is not counted. `--notices`: SO
notifications that come as a batch each, as after an outage.
"""

from __future__ import annotations

import argparse
import resource
import sys
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT))

import numpy as np

from tasks.ace.answers.answer_parser import read_answers
from tasks.entries.numbers.entry_numbers import check_digits
from tests.ace import made_answers as made

LIMIT = 8_000_000


def answer(template: np.ndarray, first: int, count: int) -> bytes:
    """One ER answer of summaries that differ in their numbers."""
    records = np.tile(template, (count, 1)).reshape(count, *template.shape)
    serial = np.arange(first, first + count)
    digits = np.char.add(np.char.zfill(serial.astype("U7"), 7), check_digits(made.FILER, serial).astype("U1"))
    view = np.frombuffer("".join(digits.tolist()).encode(), dtype=np.uint8).reshape(-1, 8)
    records[:, 0, 7:15] = view
    head = next(n for n, row in enumerate(template) if row[:2].tobytes() == b"10")
    records[:, head, 8:16] = view
    a, b, y, z = made.batch("ER", [[]], count=len(records) * len(template) % 100_000)
    return (a + b).encode() + records.tobytes() + (y + z).encode()


def summaries(total: int, lines: int) -> dict[str, int]:
    texts = made.state(0) + made.image(0, lines)
    template = np.frombuffer("".join(texts).encode(), dtype=np.uint8).reshape(-1, 80)
    per = max(1, LIMIT // template.nbytes)
    wall = cpu = 0.0
    size = entries = found = 0
    for first in range(0, total, per):
        data = answer(template, first, min(per, total - first))
        size += len(data)
        begin, worked = time.perf_counter(), time.process_time()
        (one,) = read_answers(data)
        table, picture = one.table("entries"), one.image
        wall += time.perf_counter() - begin
        cpu += time.process_time() - worked
        assert picture is not None and one.whole
        entries, found = entries + table.num_rows, found + picture.lines.num_rows
    print(
        f"{entries:,} summaries, {found:,} lines, {size / 1e6:,.0f} MB in answers of {per}:"
        f" {wall:.2f} s wall, {cpu:.2f} s cpu, peak {_peak()} MiB"
    )
    return {"entries": entries, "lines": found, "bytes": size}


def notices(total: int) -> dict[str, int]:
    data = made.stream(
        *(
            made.batch("SO", [[made.status10(serial), made.status60("98", "RELEASED", "112426",
                                                                    "0900")]], "")
            for serial in range(total)
        )
    )  # fmt: skip
    begin = time.perf_counter()
    found = read_answers(data)
    entries = sum(len(one.entries) for one in found)
    print(f"{entries:,} notifications in {len(found):,} batches: {time.perf_counter() - begin:.2f} s")
    return {"entries": entries, "batches": len(found)}


def _peak() -> int:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--summaries", type=int, default=100_000)
    parser.add_argument("--lines", type=int, default=10)
    parser.add_argument("--notices", type=int, default=20_000)
    given = parser.parse_args()
    for share in (10, 2, 1):
        summaries(given.summaries // share, given.lines)
    notices(given.notices)


if __name__ == "__main__":
    main()
