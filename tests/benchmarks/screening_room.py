"""Measures the whole screening room on a house of many partners, run by hand: lists and register read
from content, everyone screened, then what a list change costs; each run written in the book.

    python -m tests.benchmarks.screening_room DIR [--partners 100000] [--profile]

DIR holds ofac_2024-01-08 and ofac_2024-05-03. Partners' names are drawn from no list; the changed list
has primaries and weak aliases of May with the ALT and ADD files of January. Small changes are days of
25 and 8 records. `--profile` prints where the last change's time goes. Every change is held against
a full run: they must leave the same hits.
"""

from __future__ import annotations

import argparse
import cProfile
import random
import resource
import shutil
import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import pyarrow as pa

from tasks.opening import make_home
from tasks.screening.events import ListLoaded
from tasks.screening.hits.screening_run import ScreeningOutcome, screen_register
from tasks.screening.lists import list_loading, list_schema, list_versions, ofac
from tasks.screening.lists.list_files import ListFiles
from tasks.screening.lists.list_loading import ListIntake
from tasks.screening.lists.list_schema import records_table
from tasks.screening.partners.partner_register import complete_row, register_table, take_partners
from tasks.workspace import Workspace
from tests.benchmarks.perturb import clean
from tests.conftest import SETTINGS

SEED, LIST = 20240508, "ofac-sdn"
TOWNS = (("CN", "Shenzhen"), ("DE", "Hamburg"), ("MX", "Monterrey"), ("US", "Laredo"), ("IN", "Pune"))


def partners(count: int) -> pa.Table:
    """A register: one in ten has an owner, one in four a tax number, two in three make goods."""
    dice = random.Random(SEED)
    owners = clean(count // 10 + 1, SEED + 2)
    made = []
    for n, name in enumerate(clean(count, SEED)):
        country, city = dice.choice(TOWNS)
        row: dict[str, Any] = {
            "partner": f"P{n:06d}", "name": name, "kind": "unknown", "country": country,
            "city": city, "address": f"{dice.randrange(1, 999)} Harbour Road",
            "role": dice.choice(("supplier", "manufacturer", "carrier")),
        }  # fmt: skip
        if n % 4 == 0:
            row["identifiers"] = [{"kind": "tax", "value": f"{dice.randrange(10**9):09d}"}]
        if n % 10 == 0:
            row["owners"] = [{"name": owners[n // 10], "share": 60.0}]
        made.append(complete_row(row))
    return register_table(made)


def load(house: Workspace, folder: Path) -> None:
    list_loading.load_folder(house, ListIntake("benchmark", partial=True), folder)


def put_list(house: Workspace, rows: list[dict[str, Any]]) -> None:
    """A version of the SDN list with these records in force."""
    table = pa.Table.from_pylist(rows, schema=list_schema.RECORDS)
    content = house.content.put(list_schema.to_bytes(table))
    body = ListLoaded(list_id=LIST, content=content, sources=[], as_of="2024-05-03",
                            records=len(rows), names=1)  # fmt: skip
    house.journal.append(body, f"list/{LIST}", "benchmark")


def timed(what: str, call: Callable[[], ScreeningOutcome], changes: int = 0) -> ScreeningOutcome:
    wall, busy = time.perf_counter(), time.process_time()
    done = call()
    wall, busy = time.perf_counter() - wall, time.process_time() - busy
    per = f", {busy * 100_000 / changes:.0f} ms of processor per 100 changes" if changes else ""
    print(f"{what}: {wall:.2f} s, processor {busy:.2f} s{per}; {done.screened:,} screened, "
          f"{done.hits:,} hits, {len(done.new)} new")  # fmt: skip
    return done


def change(house: Workspace, what: str, rows: list[dict[str, Any]], changes: int) -> bool:
    """Screen what a new version changes, twice: the second time after it is taken back, with the
    prepared partners kept; then everything. True if both leave the same hits."""
    before = list_versions.records_of(house, LIST).to_pylist()
    for turn in ("first", "again"):
        put_list(house, rows)
        found = timed(f"{what} ({turn})", lambda: screen_register(house, "benchmark"), changes)
        if turn == "first":
            put_list(house, before)
            screen_register(house, "benchmark")
    full = timed("  everything anew", lambda: screen_register(house, "benchmark", full=True))
    equal = full.content == found.content
    print("  equal" if equal else "  DIFFERENT FROM THE FULL RUN")
    put_list(house, before)
    screen_register(house, "benchmark")
    return equal


def changed(old: list[dict[str, Any]], new: list[dict[str, Any]]) -> list[dict[str, Any]]:
    known = {row["record"]: row["digest"] for row in old}
    return [row for row in new if known.get(row["record"]) != row["digest"]]


def days(house: Workspace, may: Path) -> dict[int, bool]:
    """Whether a change of so many records left the hits of a full run."""
    old = list_versions.records_of(house, LIST).to_pylist()
    new = records_table(ofac.read_sdn(ListFiles(may))).to_pylist()
    fresh = changed(old, new)
    found = {len(fresh): change(house, f"January to May, {len(fresh):,} records", new, len(fresh))}
    for count in (25, 8):
        some = {row["record"]: row for row in random.Random(SEED).sample(fresh, count)}
        rows = {row["record"]: row for row in old} | some
        day = [rows[key] for key in sorted(rows)]
        found[count] = change(house, f"a day of {count} records", day, count)
    return found


def main(arguments: Sequence[str] | None = None) -> dict[int, bool]:
    """As `days`."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("folder", type=Path)
    parser.add_argument("--partners", type=int, default=100_000)
    parser.add_argument("--profile", action="store_true")
    given = parser.parse_args(arguments)
    with tempfile.TemporaryDirectory() as top:
        settings = make_home(Path(top) / "home", SETTINGS, "benchmark")
        house = Workspace(settings)
        january, may = given.folder / "ofac_2024-01-08", Path(top) / "ofac_2024-05-03"
        shutil.copytree(january, may)
        may.chmod(0o700)  # what was copied may be read-only
        (may / "sdn.csv").unlink()
        shutil.copyfile(given.folder / "ofac_2024-05-03" / "sdn.csv", may / "sdn.csv")
        load(house, january)
        take_partners(house, "benchmark", partners(given.partners),
                      source="0" * 64, file="partners.csv", replace_all=True)  # fmt: skip
        timed(f"{given.partners:,} partners, everything", lambda: screen_register(house, "benchmark"))
        print(f"peak {resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024:,.0f} MiB")
        profile = cProfile.Profile()
        if given.profile:
            profile.enable()
        found = days(house, may)
        if given.profile:
            profile.disable()
            profile.print_stats("cumtime")
        house.journal.close()
    return found


if __name__ == "__main__":
    main()
