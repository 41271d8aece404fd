"""Any time that a disk gives: no snapshot is lost for it, and none is held for exact that is not."""

from __future__ import annotations

import json
import os
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, example, given, settings, strategies as st

from tasks.backup.faults import Suspicious
from tasks.backup.format.listing_codec import entry_of, listing_line, read_entries
from tasks.backup.format.structures import EARLIEST, LATEST, ListingEntry
from tasks.backup.restore.target_entries import EntryAttributes
from tasks.backup.snapshot.source_scan import PreviousScanCache, ScanCache, ScannedEntry
from tasks.core.findings import make_finding
from tests.backup.conftest import Vault, make_vault, subjects
from tests.backup.forging import forge
from tests.backup.restore.test_standalone_reader import run_reader
from tests.errors import refused

YEAR_1601 = -11_644_473_600 * 10**9  # a zeroed time of NTFS
YEAR_2117 = 4_640_000_000 * 10**9
YEAR_2400 = 13_569_465_600 * 10**9
ANY = st.integers(-(1 << 63), (1 << 63) - 1)
BEYOND = st.integers(-(1 << 66), 1 << 66)
SPECIAL = [0, -1, 1, EARLIEST, LATEST, YEAR_1601, YEAR_2117, YEAR_2400, (1 << 62) + 1, -(1 << 62) - 1]


def stat_of(mtime: int, size: int = 0) -> os.stat_result:
    return os.stat_result(
        (0o100644, 1, 1, 1, 0, 0, size, 0, mtime // 10**9, 0),
        {"st_mtime_ns": mtime, "st_ctime_ns": mtime, "st_atime_ns": 0},
    )


@given(ANY | BEYOND)
@example(YEAR_1601)
@example(EARLIEST - 1)
@example(LATEST + 1)
def test_a_time_goes_through_writer_listing_and_reader(mtime: int) -> None:
    (entry,), faults = read_entries(listing_line(entry_of(b"papers/a", stat_of(mtime))))
    assert faults == []
    if EARLIEST <= mtime <= LATEST:
        assert (entry.mtime, entry.far_mtime) == (mtime, "")
    else:
        assert entry.mtime == (EARLIEST if mtime < 0 else LATEST)
        assert int(entry.far_mtime) == mtime


@given(st.lists(BEYOND, max_size=5))
def test_the_cache_takes_any_time(tmp_path_factory: pytest.TempPathFactory, times: list[int]) -> None:
    path, key = tmp_path_factory.mktemp("cache") / "x.files", bytes(32)
    cache = ScanCache(path, key, 1_800_000_000 * 10**9)
    seen = [ScannedEntry(b"%d" % n, b"/%d" % n, stat_of(time)) for n, time in enumerate(times)]
    cache.add(b"", [entry.row(b"", b"", 0) for entry in seen])
    cache.finish()
    old = PreviousScanCache(path, key)
    rows = old.rows(old.raw(b""))
    old.close()
    for entry in seen:
        assert entry.name not in rows or entry.same_as(rows[entry.name])


@pytest.fixture
def disk(tmp_path: Path) -> Iterator[Path]:
    """A folder in memory where that is to be had: it holds times that other disks cut off."""
    memory = Path("/dev/shm")
    folder = Path(tempfile.mkdtemp(dir=memory if os.access(memory, os.W_OK) else tmp_path))
    yield folder
    shutil.rmtree(folder)


def dated(path: Path, time: int) -> int:
    """A file of that time. The time that its disk holds of it."""
    path.write_bytes(path.name.encode())
    os.utime(path, ns=(time, time))
    return path.stat().st_mtime_ns


@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(ANY | BEYOND, min_size=1, max_size=12))
@example(SPECIAL)
def test_no_time_loses_a_snapshot(disk: Path, times: list[int]) -> None:
    top = Path(tempfile.mkdtemp(dir=disk))
    vault = make_vault("local", top, None)
    vault.create()
    times = [time for time in times if abs(time) < 1 << 65]
    has = {f"{n}": dated(vault.source / f"{n}", time) for n, time in enumerate(times)}
    (vault.source / "folder").mkdir()
    has["folder/inner"] = dated(vault.source / "folder" / "inner", 5)
    for time in (*times[:1], 7):
        os.utime(vault.source / "folder", ns=(time, time))
        has["folder"] = (vault.source / "folder").stat().st_mtime_ns
    far = sorted(name for name, time in has.items() if not EARLIEST <= time <= LATEST)
    taken = vault.backup()
    assert sorted(path.removeprefix("papers/") for path in subjects(taken.problems)) == far
    vault.backup()
    vault.prove()
    report, folder = vault.restore()
    assert report.intact
    assert sorted(path.removeprefix("papers/") for path in subjects(report.marked)) == far
    for name, time in has.items():
        back = folder / "papers" / name
        assert back.stat().st_mtime_ns == min(max(time, EARLIEST), LATEST)
        if back.is_file():
            assert back.read_bytes() == back.name.encode()
    shutil.rmtree(top)


@pytest.mark.parametrize("time", [YEAR_1601, YEAR_2117, YEAR_2400])
def test_issue_13_fault_9_one_odd_date(disk: Path, time: int) -> None:
    vault = make_vault("local", disk, None)
    vault.create()
    odd = dated(vault.source / "odd", time)
    dated(vault.source / "usual", 1_700_000_000 * 10**9)
    taken = vault.backup()
    assert bool(taken.problems) != (EARLIEST <= odd <= LATEST)
    vault.prove()
    report, folder = vault.restore()
    assert (report.files, report.intact) == (2, True)
    assert bool(report.marked) == bool(taken.problems)
    assert (folder / "papers/odd").read_bytes() == b"odd"
    done = run_reader(vault, disk / "bare")
    assert done.returncode == 0, done.stderr
    assert ("its time was" in done.stderr) == bool(taken.problems)
    assert (disk / "bare/papers/odd").stat().st_mtime_ns == min(max(odd, EARLIEST), LATEST)


@pytest.mark.parametrize("wrong", [LATEST + 1, EARLIEST - 1, 10**30, -(10**30)])
def test_a_line_with_a_time_out_of_bounds_costs_its_time(local: Vault, wrong: int, monkeypatch) -> None:
    """As another program, or a thief, may write it."""
    from tests.backup import forging

    def written(entry: ListingEntry) -> bytes:
        fields = json.loads(listing_line(entry))
        return json.dumps(fields | ({"mtime": wrong} if entry.path != "papers/b" else {})).encode() + b"\n"

    monkeypatch.setattr(forging, "listing_line", written)
    entries = [
        (ListingEntry(path="papers", type="folder", mode=0o755), b""),
        (ListingEntry(path="papers/a", mode=0o644), b"a"),
        (ListingEntry(path="papers/b", mode=0o644, mtime=77), b"b"),
    ]
    forge(local.open(), local.keys, entries)
    report, folder = local.restore()
    assert subjects(report.faulty) == ["papers", "papers/a"]
    assert (report.files, report.damage, report.intact) == (2, False, False)
    assert (folder / "papers/a").read_bytes() == b"a"
    assert (folder / "papers/b").stat().st_mtime_ns == 77
    for scope in ("sample", "all", "content"):
        with refused("snapshot-not-countersigned", Suspicious) as caught:
            local.prove(scope)
        assert caught.codes == ["listing-time-out-of-range"] * 2
    local.prove(accept_flags=True)
    done = run_reader(local, local.top / "bare")
    assert done.returncode == 3
    assert "papers/a': its mode or time is not set" in done.stderr
    assert (local.top / "bare/papers/a").read_bytes() == b"a"
    assert (local.top / "bare/papers/b").stat().st_mtime_ns == 77


def test_a_disk_that_keeps_another_time_is_told_of(tmp_path: Path, monkeypatch) -> None:
    path = tmp_path / "a"
    path.write_bytes(b"")
    attributes = EntryAttributes(False, False)
    real = os.utime
    monkeypatch.setattr(os, "utime", lambda target, ns, **more: real(target, ns=(5, 5), **more))
    attributes.put(os.fsencode(path), ListingEntry(path="a", mode=0o644, mtime=YEAR_2117))
    (found,) = attributes.untimed
    assert found == make_finding("file-time-not-kept-by-disk", "a", time=YEAR_2117, nearest=5)

    def refuse(target, ns, **more):
        raise OSError(22, "Invalid argument")

    monkeypatch.setattr(os, "utime", refuse)
    attributes.put(os.fsencode(path), ListingEntry(path="a", mode=0o644, mtime=EARLIEST))
    assert attributes.untimed[1].code == "file-time-not-set"
    with pytest.raises(OSError, match="Invalid"):  # of a usual one, the disk itself is at fault
        attributes.put(os.fsencode(path), ListingEntry(path="a", mode=0o644, mtime=77))
