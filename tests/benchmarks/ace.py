"""Measures the cargo release writer and the checker, run by hand.

    python tests/benchmarks/ace.py [--entries 100000 --lines 1000000] [--scale 1 2 10]

Makes life-like entries as Parquet, then in a process of its own each: Parquet to checked batch
files (column-wise), the same files read, decoded and checked, and the plain record-by-record
encoder of `plain_se.py` over all of the same entries with the same limits. The digests of both
encoders' batches must agree. Times are wall time after the imports, and processor time of the
whole process; memory is its peak resident set, interpreter and libraries included.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import os
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from datetime import date
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT))

import numpy as np

from tasks.ace.cargo_release.release_writer import SLICE, stream_batches
from tasks.ace.checker.record_tables import record_table
from tasks.ace.file_check import check_matrix
from tasks.ace.wire.batch_envelope import Envelope
from tasks.ace.wire.codec import decode_records
from tasks.ace.wire.entry_slices import read_slices
from tasks.ace.wire.outbound_batch import BatchLimits
from tasks.ace.wire.record_files import read_records
from tasks.entries.record.record_fields import RECORD_TABLES
from tests.benchmarks import plain_se
from tests.benchmarks.made_entries import made_tables, write_parquet

ENVELOPE = Envelope("2704", "ABC", "ABC", transmission_date=date(2026, 11, 24))
LIMITS = BatchLimits()
TARGETS = {"write": (6.0, 1536), "check": (6.0, None)}
AT_ONCE = 200_000
"""Records decoded and checked together: several batch files make one transmission."""

Result = dict[str, float | int | str]


def make(folder: Path, entries: int, lines: int) -> Result:
    write_parquet(made_tables(entries, lines), folder)
    return {"entries": entries, "lines": lines}


def write(folder: Path) -> Result:
    """Parquet to checked SE batch files, by columns."""
    out = _fresh(folder / "columns")
    seen, records, batches = hashlib.sha256(), 0, 0
    for batch in stream_batches(_paths(folder), ENVELOPE, LIMITS):
        (out / f"{batch.batch_id}.abi").write_bytes(batch.bytes())
        seen.update(batch.digest.encode())
        records += len(batch.matrix)
        batches += 1
    return {"batches": batches, "records": records, "digest": seen.hexdigest()}


def plain(folder: Path) -> Result:
    """The same by the plain encoder, record by record, into files too."""
    out = _fresh(folder / "plain")
    seen, size, sequence = hashlib.sha256(), 0, 1
    for portion in read_slices(_paths(folder), 4 * SLICE):
        for data, digest in plain_se.write(portion, ENVELOPE, LIMITS, sequence):
            (out / f"{sequence:06d}.abi").write_bytes(data)
            seen.update(digest.encode())
            size += len(data)
            sequence += 1
    return {"batches": sequence - 1, "records": size // 80, "digest": seen.hexdigest()}


def check(folder: Path) -> Result:
    """Reads, decodes to columns and checks the files of `write`."""
    records, values, faults = 0, 0, 0
    kinds = record_table("SE")
    for matrix in _transmissions(sorted((folder / "columns").iterdir())):
        faults += sum(check_matrix(matrix).counts.values())
        code = kinds.codes(matrix)
        for number in np.unique(code):
            layout = kinds.layouts[number]
            if layout is not None:
                values += decode_records(layout, matrix[code == number]).nbytes
        records += len(matrix)
    return {"records": records, "decoded_bytes": values, "faults": faults}


def _transmissions(files: list[Path]) -> Iterator[np.ndarray]:
    held, count = [], 0
    for file in files:
        held.append(read_records(file.read_bytes()))
        count += len(held[-1])
        if count >= AT_ONCE:
            yield np.concatenate(held)
            held, count = [], 0
    if held:
        yield np.concatenate(held)


STEPS: dict[str, Callable[..., Result]] = {
    "make": make, "write": write, "check": check, "plain": plain,
}  # fmt: skip


def run(step: str, folder: Path, *counts: int) -> Result:
    """One step in a process of its own; adds its seconds and its peak memory."""
    command = [sys.executable, __file__, "--step", step, str(folder), *map(str, counts)]
    done = subprocess.run(command, check=True, capture_output=True, text=True)
    return json.loads(done.stdout)


def child(step: str, folder: str, *counts: str) -> None:
    start = time.perf_counter()
    result = STEPS[step](Path(folder), *map(int, counts))
    result["seconds"] = round(time.perf_counter() - start, 2)
    used = resource.getrusage(resource.RUSAGE_SELF)
    result["cpu"] = round(used.ru_utime + used.ru_stime, 2)
    result["peak_mib"] = used.ru_maxrss // 1024
    print(json.dumps(result))


def measure(entries: int, lines: int, with_plain: bool) -> dict[str, Result]:
    with tempfile.TemporaryDirectory(prefix="ace-benchmark-") as name:
        folder = Path(name)
        run("make", folder, entries, lines)
        steps = ["write", "check", *(["plain"] if with_plain else [])]
        return {step: run(step, folder) for step in steps}


def report(entries: int, lines: int, found: dict[str, Result]) -> None:
    print(f"\n{entries:,} entries, {lines:,} lines, {found['write']['records']:,} records "
          f"in {found['write']['batches']:,} batches")  # fmt: skip
    for step, result in found.items():
        seconds, peak = TARGETS.get(step, (None, None))
        full = entries == 100_000 and lines == 1_000_000
        aim = f"  (aim {seconds:g} s{f', {peak} MiB' if peak else ''})" if seconds and full else ""
        print(
            f"  {step:6} {result['seconds']:8.2f} s {result['cpu']:8.2f} s of processor {result['peak_mib']:6} MiB{aim}"
        )
    print(f"  faults found by the check: {found['check']['faults']}")
    if "plain" in found:
        ratio = found["plain"]["seconds"] / found["write"]["seconds"]
        same = found["plain"]["digest"] == found["write"]["digest"]
        print(f"  plain / columns: {ratio:.1f} times (aim 5); same bytes: {same}")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--entries", type=int, default=100_000)
    parser.add_argument("--lines", type=int, default=1_000_000)
    parser.add_argument("--scale", type=float, nargs="+", default=[1])
    parser.add_argument("--no-plain", action="store_true")
    parser.add_argument("--step", nargs="+", help=argparse.SUPPRESS)
    asked = parser.parse_args()
    if asked.step:
        child(*asked.step)
        return
    print(f"{os.cpu_count()} cores, Python {sys.version.split()[0]}, limits "
          f"{LIMITS.entries_per_block} entries a block, {LIMITS.blocks_per_batch} blocks a batch; "
          "the column-wise writer uses two threads, the plain one is one thread")  # fmt: skip
    for scale in asked.scale:
        entries, lines = int(asked.entries * scale), int(asked.lines * scale)
        report(entries, lines, measure(entries, lines, not asked.no_plain and scale == 1))


def _paths(folder: Path) -> dict[str, Path]:
    return {name: folder / f"{name}.parquet" for name in RECORD_TABLES}


def _fresh(folder: Path) -> Path:
    folder.mkdir()
    return folder


if __name__ == "__main__":
    main()
