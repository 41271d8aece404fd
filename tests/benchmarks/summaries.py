"""Measures the entry summary writer and the checker, run by hand.

    python tests/benchmarks/summaries.py [--entries 100000 --lines 1000000] [--scale 1 2 10]

Makes life-like summaries as Parquet, then in a process of its own each: Parquet to checked AE batch
files (routes, fees, totals and statement dates of all of them first), and the same files read and
checked again. `--scale` divides the counts, so that growth can be seen. Times are wall time after
the imports, and processor time of the whole process; memory is its peak resident set, interpreter
and libraries included.
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

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT))

from tasks.ace.entry_summary.summary_writer import stream_summaries
from tasks.ace.fees.payment_terms import PaymentSetup, PaymentTerms
from tasks.ace.file_check import check_file
from tasks.ace.wire.batch_envelope import Envelope
from tests.benchmarks.made_entries import write_parquet
from tests.benchmarks.made_summaries import SENT, made_summaries

ENVELOPE = Envelope("2704", "ABC", "ABC", "AE", transmission_date=SENT)
PAYMENT = PaymentSetup({"*": PaymentTerms("*", "2")}, SENT)
TARGET = (12.0, 1536)
"""Seconds and MiB for 100,000 summaries with 1,000,000 lines, encoded and checked."""

Result = dict[str, float | int | str]


def make(folder: Path, entries: int, lines: int) -> Result:
    write_parquet(dict(made_summaries(entries, lines).items()), folder)
    return {"entries": entries, "lines": lines}


def write(folder: Path) -> Result:
    """Parquet to checked AE batch files."""
    out = folder / "out"
    out.mkdir(exist_ok=True)
    paths = {path.stem: path for path in folder.glob("*.parquet")}
    records = batches = 0
    for batch in stream_summaries(paths, ENVELOPE, None, PAYMENT):
        (out / f"{batch.batch_id}.abi").write_bytes(batch.bytes())
        records += len(batch.matrix)
        batches += 1
    return {"batches": batches, "records": records}


def check(folder: Path) -> Result:
    """The files of `write` once more, joined to one transmission, as `ace check` reads them."""
    whole = folder / "whole.abi"
    with whole.open("wb") as stream:
        for path in sorted((folder / "out").iterdir()):
            stream.write(path.read_bytes())
    begun = time.perf_counter()
    found = check_file(whole)
    spent = time.perf_counter() - begun
    return {"records": found.records, "faults": len(found.errors), "check_seconds": round(spent, 2)}


STEPS: dict[str, Callable[..., Result]] = {"make": make, "write": write, "check": check}


def run(step: str, folder: Path, *counts: int) -> Result:
    """One step in a process of its own; adds its seconds and its peak memory."""
    command = [sys.executable, __file__, "--step", step, str(folder), *map(str, counts)]
    done = subprocess.run(command, check=True, capture_output=True, text=True)
    return json.loads(done.stdout)


def _step(name: str, folder: Path, counts: list[int]) -> None:
    begun, used = time.perf_counter(), time.process_time()
    result = STEPS[name](folder, *counts)
    result["seconds"] = round(time.perf_counter() - begun, 2)
    result["processor"] = round(time.process_time() - used, 2)
    result["peak_mib"] = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024
    print(json.dumps(result))


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--entries", type=int, default=100_000)
    options.add_argument("--lines", type=int, default=1_000_000)
    options.add_argument("--scale", type=int, nargs="*", default=[10, 2, 1])
    options.add_argument("--step", nargs="*")
    chosen = options.parse_args()
    if chosen.step:
        _step(chosen.step[0], Path(chosen.step[1]), [int(one) for one in chosen.step[2:]])
        return
    print(f"{os.cpu_count()} processors, load {os.getloadavg()[0]:.1f}, {date.today()}")
    for scale in chosen.scale:
        with tempfile.TemporaryDirectory() as name:
            folder = Path(name)
            run("make", folder, chosen.entries // scale, chosen.lines // scale)
            print(f"1/{scale}: write {run('write', folder)}")
            print(f"1/{scale}: check {run('check', folder)}")
    print(f"target of 1/1: {TARGET[0]} s, {TARGET[1]} MiB")


if __name__ == "__main__":
    main()
