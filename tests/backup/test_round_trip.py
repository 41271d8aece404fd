"""What goes in comes out, on every kind of store, by the engine and by the stand-alone reader."""

from __future__ import annotations

import os
import random
import shutil
import sqlite3
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given, settings, strategies as st

from tasks.backup import reading, scan
from tasks.backup.dump import PostgresDump
from tasks.backup.faults import Damaged, SourceFault, WrongKey
from tasks.backup.reading import Reader
from tasks.backup.scan import walk
from tasks.backup.sealing import Cost, lock, to_text
from tasks.backup.sources import Source
from tests.backup.conftest import Vault, make_vault
from tests.backup.trees import (
    database,
    deep_tree,
    differences,
    odd_tree,
    picture,
    plain_tree,
    write,
)


def test_a_tree_comes_back_whole_on_every_store(vault: Vault) -> None:
    plain_tree(vault.source)
    odd_tree(vault.source)
    before = picture(vault.source)
    taken = vault.backup()
    assert taken.manifest.sources[0].unreadable == 0
    report, folder = vault.restore()
    assert report.lost == []
    assert report.refused == ["papers/pipe: a fifo is only restored by option"]
    assert differences(before, picture(folder / "papers")) == []


def test_a_tree_deeper_than_a_path_may_be_long(anywhere: Vault) -> None:
    deep_tree(anywhere.source)
    before = picture(anywhere.source)
    assert max(map(len, before)) > 5000
    taken = anywhere.backup()
    assert taken.problems == ()
    again = anywhere.backup()
    assert again.manifest.sources[0].new_bytes == 0
    anywhere.prove()
    report, folder = anywhere.restore()
    assert report.whole
    assert differences(before, picture(folder / "papers")) == []
    anywhere._restored = 0  # a broken-off restore goes on in it
    (folder / ".continuity-restore").write_text(again.digest)
    report, _ = anywhere.restore()
    assert report.whole
    assert report.kept >= 9
    assert differences(before, picture(folder / "papers")) == []
    done = run_reader(anywhere, anywhere.top / "bare", "--newest")
    assert done.returncode == 0, done.stderr
    assert differences(before, picture(anywhere.top / "bare/papers")) == []


def test_nothing_is_stored_twice(vault: Vault) -> None:
    plain_tree(vault.source)
    first = vault.backup().manifest
    size = sum(p.stat().st_size for p in vault.objects("packs"))
    second = vault.backup().manifest
    assert second.packs == first.packs
    assert second.sources[0].new_bytes == 0
    assert sum(p.stat().st_size for p in vault.objects("packs")) == size
    assert second.previous != first.previous
    assert second.sequence == first.sequence + 1


def test_only_changes_are_stored(anywhere: Vault) -> None:
    plain_tree(anywhere.source, files=40, large=4)
    anywhere.backup()
    write(anywhere.source / "folder1" / "file1.dat", b"changed" * 100, 1_800_000_000)
    big = anywhere.source / "large1.bin"
    data = bytearray(big.read_bytes())
    data[100] ^= 1
    write(big, bytes(data), 1_800_000_000)
    (anywhere.source / "empty.txt").unlink()
    count = anywhere.backup().manifest.sources[0]
    assert count.new_bytes < 5_000_000 < count.bytes
    report, folder = anywhere.restore()
    assert report.whole
    assert differences(picture(anywhere.source), picture(folder / "papers")) == []


def test_special_bits_owners_and_devices_only_by_option(anywhere: Vault) -> None:
    odd_tree(anywhere.source)
    anywhere.backup()
    _, folder = anywhere.restore()
    assert (folder / "papers/modes/setuid").stat().st_mode & 0o7777 == 0o755
    report, folder = anywhere.restore(special=True, devices=True, owners=True)
    assert report.whole
    assert (folder / "papers/modes/setuid").stat().st_mode & 0o7777 == 0o4755
    assert (folder / "papers/pipe").is_fifo()


def test_holes_and_hard_links_stay(anywhere: Vault) -> None:
    odd_tree(anywhere.source)
    taken = anywhere.backup()
    assert taken.manifest.sources[0].new_bytes < 2_000_000
    _, folder = anywhere.restore()
    restored = folder / "papers"
    assert (restored / "sparse").stat().st_blocks * 512 < 1_000_000
    assert (restored / "first").stat().st_ino == (restored / "modes/second").stat().st_ino


def test_a_part_comes_back_by_pattern(anywhere: Vault) -> None:
    plain_tree(anywhere.source)
    anywhere.backup()
    report, folder = anywhere.restore(patterns=("papers/folder1", "papers/*/file2.dat"))
    assert report.whole
    names = {p.name for p in folder.rglob("*.dat")}
    assert names == {p.name for p in (anywhere.source / "folder1").iterdir()} | {"file2.dat"}


def test_a_broken_off_restore_goes_on(anywhere: Vault, monkeypatch: pytest.MonkeyPatch) -> None:
    plain_tree(anywhere.source, files=200)
    anywhere.backup()
    from tasks.backup import targets

    calls, real = [], targets.Target.write

    def fail_late(self, wanted, at, blob):
        calls.append(1)
        if len(calls) == 100:
            raise KeyboardInterrupt
        real(self, wanted, at, blob)

    with monkeypatch.context() as patch:
        patch.setattr(targets.Target, "write", fail_late)
        with pytest.raises(KeyboardInterrupt):
            anywhere.restore()
    anywhere._restored -= 1
    report, folder = anywhere.restore()
    assert report.whole
    assert report.kept > 20
    assert differences(picture(anywhere.source), picture(folder / "papers")) == []
    assert not (folder / ".continuity-restore").exists()


def test_the_drill_key_and_the_recovery_key_open_it_others_do_not(anywhere: Vault) -> None:
    plain_tree(anywhere.source, files=5, large=0)
    anywhere.backup()
    assert anywhere.restore(seed=anywhere.drill_seed)[0].whole
    with pytest.raises(WrongKey):
        anywhere.restore(seed=os.urandom(32))


def test_a_lost_cache_costs_reading_but_not_storing(vault: Vault) -> None:
    plain_tree(vault.source)
    first = vault.backup().manifest
    shutil.rmtree(vault.state)
    second = vault.backup().manifest
    assert second.packs == first.packs
    assert second.sources[0].new_bytes == 0
    assert second.flags == []


def test_a_spoilt_cache_is_no_cache(anywhere: Vault) -> None:
    plain_tree(anywhere.source)
    first = anywhere.backup().manifest
    for path in anywhere.state.iterdir():
        if path.suffix in (".files", ".bin"):
            data = bytearray(path.read_bytes())
            data[len(data) // 2] ^= 1
            path.write_bytes(bytes(data))
    assert anywhere.backup().manifest.packs == first.packs
    assert anywhere.restore()[0].whole


def test_databases_are_consistent_while_they_are_written(anywhere: Vault) -> None:
    path = anywhere.source / "live.sqlite"
    book = sqlite3.connect(path)
    book.execute("PRAGMA journal_mode=WAL")
    book.execute("CREATE TABLE t (id INTEGER PRIMARY KEY, a INTEGER, b INTEGER)")
    book.commit()
    stop = threading.Event()

    def keep_writing() -> None:
        mine = sqlite3.connect(path)
        number = 0
        while not stop.is_set():
            number += 1
            mine.execute("INSERT INTO t (a, b) VALUES (?, ?)", (number, -number))
            mine.commit()
        mine.close()

    writer = threading.Thread(target=keep_writing)
    writer.start()
    try:
        time.sleep(0.2)
        for _ in range(3):
            anywhere.backup()
    finally:
        stop.set()
        writer.join()
        book.close()
    report, folder = anywhere.restore()
    assert report.whole
    names = sorted(p.name for p in (folder / "papers").iterdir())
    assert names == ["live.sqlite"]
    restored = sqlite3.connect(folder / "papers/live.sqlite")
    assert restored.execute("PRAGMA integrity_check").fetchone() == ("ok",)
    assert restored.execute("SELECT count(*) FROM t WHERE a + b <> 0").fetchone() == (0,)
    assert restored.execute("SELECT count(*) FROM t").fetchone()[0] > 10
    restored.close()


def test_a_commit_in_the_write_ahead_log_alone_is_seen(anywhere: Vault) -> None:
    path = anywhere.source / "book.sqlite"
    book = sqlite3.connect(path)
    book.execute("PRAGMA journal_mode=WAL")
    book.execute("PRAGMA wal_autocheckpoint=0")
    book.execute("CREATE TABLE t (x)")
    book.commit()
    os.utime(path, (1_700_000_000, 1_700_000_000))
    anywhere.backup()
    book.execute("INSERT INTO t VALUES (42)")
    book.commit()
    anywhere.backup()
    _, folder = anywhere.restore()
    restored = sqlite3.connect(folder / "papers/book.sqlite")
    assert restored.execute("SELECT x FROM t").fetchall() == [(42,)]
    restored.close()
    book.close()


def test_a_journal_is_read_before_the_content_that_it_names(
    anywhere: Vault, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Events may be written while content is walked: then their content must not be missing."""
    write(anywhere.source / "content" / "one", b"1")
    database(anywhere.source / "journal.sqlite", 3)
    late = anywhere.source / "journal.sqlite"

    def slow_walk(*given: object) -> Iterator[object]:
        for folder in walk(*given):
            if folder.path == b"content":  # its names are read already: what comes now is missed
                write(anywhere.source / "content" / "two", b"2")
                book = sqlite3.connect(late)
                book.execute("INSERT INTO t (text) VALUES ('two')")
                book.commit()
                book.close()
            yield folder

    monkeypatch.setattr("tasks.backup.content.walk", slow_walk)
    anywhere.backup()
    _, folder = anywhere.restore()
    assert not (folder / "papers/content/two").exists()
    restored = sqlite3.connect(folder / "papers/journal.sqlite")
    assert restored.execute("SELECT count(*) FROM t WHERE text = 'two'").fetchone() == (0,)
    restored.close()


def test_a_database_that_sqlite_refuses_is_kept_with_all_its_files(anywhere: Vault) -> None:
    database(anywhere.source / "bad.sqlite", 50)
    data = bytearray((anywhere.source / "bad.sqlite").read_bytes())
    data[40:60] = b"\xff" * 20
    data[100:4096] = b"\xee" * 3996
    write(anywhere.source / "bad.sqlite", bytes(data))
    write(anywhere.source / "bad.sqlite-journal", b"hot journal")
    before = picture(anywhere.source)
    taken = anywhere.backup()
    assert taken.manifest.sources[0].changed == 1
    _, folder = anywhere.restore()
    assert differences(before, picture(folder / "papers")) == []


@pytest.mark.parametrize("size", [3_000, 2_000_000])
@pytest.mark.parametrize("times", [1, 99])
def test_files_that_change_while_read_are_read_again_and_marked(
    anywhere: Vault, monkeypatch: pytest.MonkeyPatch, size: int, times: int
) -> None:
    path = write(anywhere.source / "growing.log", b"s" * size)
    left = [times]

    def grow() -> None:
        if left[0]:
            left[0] -= 1
            with path.open("ab") as file:
                file.write(b"more")

    real_read, real_stream = reading.read_all, Reader.stream

    def read_all(handle: int, view: memoryview, expected: int) -> int:
        got = real_read(handle, view, expected)
        grow()
        return got

    def stream(self: Reader, *given: object) -> object:
        got = real_stream(self, *given)
        grow()
        return got

    monkeypatch.setattr(reading, "read_all", read_all)
    monkeypatch.setattr(Reader, "stream", stream)
    taken = anywhere.backup()
    report, folder = anywhere.restore()
    assert report.whole
    marks = () if times == 1 else ("papers/growing.log: changed",)
    assert taken.problems == marks == tuple(report.marked)
    assert taken.manifest.sources[0].changed == len(marks)
    restored = (folder / "papers/growing.log").read_bytes()
    assert restored == b"s" * size + b"more" * (1 if times == 1 else 2)


@pytest.mark.parametrize("size", [5_000, 1_100_000])
def test_no_file_is_listed_before_its_content_is_stored(
    anywhere: Vault, monkeypatch: pytest.MonkeyPatch, size: int
) -> None:
    """The walk runs ahead of the workers: a row may not stand while one is at its file."""
    dice = random.Random(9)
    for number in range(30):
        write(anywhere.source / f"d{number}" / "file", dice.randbytes(size))
    monkeypatch.setattr("tasks.backup.content._MOST_IN_GROUP", 2)
    real_small, real_plain = Reader._read_small, Reader._read_plain

    def slow_small(self: Reader, *given: object) -> int:
        read = real_small(self, *given)
        time.sleep(0.004)
        return read

    def slow_plain(self: Reader, *given: object) -> bool:
        done = real_plain(self, *given)
        time.sleep(0.004)
        return done

    def slow_walk(*given: object) -> Iterator[object]:
        for folder in walk(*given):
            yield folder
            time.sleep(0.003)

    monkeypatch.setattr("tasks.backup.content.walk", slow_walk)
    monkeypatch.setattr(Reader, "_read_small", slow_small)
    monkeypatch.setattr(Reader, "_read_plain", slow_plain)
    anywhere.backup()
    report, folder = anywhere.restore()
    assert report.whole
    assert differences(picture(anywhere.source), picture(folder / "papers")) == []


def test_what_cannot_be_read_is_named_and_counted(anywhere: Vault, monkeypatch) -> None:
    plain_tree(anywhere.source, files=5, large=0)
    real = os.open

    def refuse(path, *rest, **more):
        if os.fsencode(path).endswith(b"file3.dat"):
            raise PermissionError(13, "Permission denied")
        return real(path, *rest, **more)

    with monkeypatch.context() as patch:
        patch.setattr(os, "open", refuse)
        taken = anywhere.backup()
    assert taken.manifest.sources[0].unreadable == 1
    assert taken.problems == ("papers/folder3/file3.dat: unreadable: Permission denied",)
    report, folder = anywhere.restore()
    assert report.marked == ["papers/folder3/file3.dat: unreadable: Permission denied"]
    assert not (folder / "papers/folder3/file3.dat").exists()


def test_a_file_that_vanishes_during_the_walk_takes_no_other_along(
    anywhere: Vault, monkeypatch
) -> None:
    write(anywhere.source / "letters" / "kept.pdf", b"kept")
    real = scan.os.scandir

    class Vanishing:
        def __init__(self, path: bytes) -> None:
            self.inner = real(path)

        def __enter__(self) -> list:
            with self.inner as entries:
                found = list(entries)
            for entry in found:
                if os.fsencode(entry.name).endswith(b".tmp"):
                    Path(os.fsdecode(entry.path)).unlink()
            return found

        def __exit__(self, *rest: object) -> None: ...

        def close(self) -> None:
            self.inner.close()

    for folder in (anywhere.source, anywhere.source / "letters"):
        write(folder / "written.tmp", b"soon renamed")
    with monkeypatch.context() as patch:
        patch.setattr(scan.os, "scandir", Vanishing)
        anywhere.backup()
    _, folder = anywhere.restore()
    assert (folder / "papers/letters/kept.pdf").read_bytes() == b"kept"


def test_a_path_just_short_of_the_systems_limit(anywhere: Vault) -> None:
    handle = os.open(anywhere.source, os.O_RDONLY)
    for _ in range(80):
        with os.fdopen(os.open("n" * 255, os.O_CREAT | os.O_WRONLY, dir_fd=handle), "wb") as file:
            file.write(b"here")
        os.mkdir("f" * 50, dir_fd=handle)
        before, handle = handle, os.open("f" * 50, os.O_RDONLY, dir_fd=handle)
        os.close(before)
    os.close(handle)
    assert anywhere.backup().manifest.sources[0].files == 80
    report, _ = anywhere.restore(compare=True)
    assert (report.whole, report.files) == (True, 80)


def test_postgresql_comes_as_a_dump(anywhere: Vault, postgres: str) -> None:
    make = "CREATE TABLE IF NOT EXISTS entries AS SELECT i, md5(i::text) AS d FROM generate_series(1, 20000) i"
    subprocess.run(["psql", "-q", postgres, "-c", make], check=True)
    taken = anywhere.backup([Source("book", postgres, kind="postgresql")])
    assert taken.manifest.sources[0].bytes > 500_000
    _, folder = anywhere.restore()
    text = (folder / "book/dump.sql").read_text()
    assert text.count("\n") > 20_000
    assert "PostgreSQL database dump complete" in text


def test_a_databases_password_stands_in_no_command_line(tmp_path: Path) -> None:
    program = tmp_path / "pg_dump"
    program.write_text('#!/bin/sh\necho "$@"; echo "$PGPASSWORD"\n')
    program.chmod(0o755)
    dump = PostgresDump(
        "postgresql+psycopg://me:s%40cret@db:5433/book?sslmode=require", str(program)
    )
    said = bytearray(500)
    size = dump.read_into(memoryview(said))
    size += dump.read_into(memoryview(said)[size:])
    dump.finish()
    command, password = said[:size].decode().splitlines()
    assert command.endswith("--dbname=postgresql://me@db:5433/book?sslmode=require")
    assert password == "s@cret"


def test_a_dump_that_breaks_off_is_no_backup(anywhere: Vault) -> None:
    from tasks.backup.faults import StoreFault

    with pytest.raises(StoreFault, match="pg_dump ended with"):
        anywhere.backup([Source("book", "postgresql://127.0.0.1:1/none", kind="postgresql")])
    assert anywhere.survey().snapshots() == []


def test_a_source_that_cannot_be_read_keeps_no_other_from_its_backup(anywhere: Vault) -> None:
    plain_tree(anywhere.source, files=60, large=0)
    anywhere.backup()
    away = Source("stick", str(anywhere.top / "unplugged"))
    book = Source("book", "postgresql://127.0.0.1:1/none", kind="postgresql")
    keys = Source("keys", str(anywhere.top / "no keys"), retention="private")
    with pytest.raises(SourceFault, match=r"(?s)stick: .*No such.*book: .*keys: .*the other"):
        anywhere.backup([*anywhere.sources(), away, book, keys])
    *_, last = anywhere.survey().snapshots()
    assert [count.name for count in last.manifest.sources] == ["papers"]
    # what was away one night is held against the night before
    shutil.move(anywhere.source, anywhere.top / "unplugged")
    anywhere.source.mkdir()
    with pytest.raises(SourceFault):
        anywhere.backup([Source("papers", str(anywhere.top / "gone")), away])
    assert anywhere.backup([*anywhere.sources(), away]).manifest.flags == [
        "papers: 62 of 62 files are gone"
    ]


def test_several_hosts_share_a_repository(vault: Vault) -> None:
    from tasks.backup.hostkeys import HostKeys
    from tasks.backup.repository import open_repository
    from tasks.backup.snapshot import take_snapshots
    from tasks.backup.structures import HostKey

    plain_tree(vault.source, files=10, large=1)
    other = HostKeys.make(vault.id, vault.keys.officer, "desk2")
    if vault.kind == "worm":  # the administrator makes the folders of a new host there
        for name in ("manifests", "index"):
            made = vault.folder / name / "desk2"
            made.mkdir()
            shutil.chown(made, "nobody")
    hosts = {**vault.open().config.hosts, "desk2": [HostKey(other.public())]}
    vault.open().add_config(vault.officer, hosts=hosts)
    errors = []

    def run(keys: HostKeys, state: Path) -> None:
        try:
            repository = open_repository(vault.open().store, keys.officer, vault.id)
            options = type(vault.options)(**{**vars(vault.options), "state": state})
            for _ in range(3):
                take_snapshots(repository, keys, vault.sources(), options)
        except BaseException as error:
            errors.append(error)

    threads = [
        threading.Thread(target=run, args=(keys, vault.top / keys.host))
        for keys in (vault.keys, other)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert errors == []
    found = vault.survey()
    assert found.faults() == []
    assert {host: len(chain.snapshots) for host, chain in found.chains.items()} == {
        "desk1": 3,
        "desk2": 3,
    }


def run_reader(vault: Vault, target: Path, *more: str) -> subprocess.CompletedProcess[str]:
    """The reader that lies in the repository, as a stranger would run it."""
    key = vault.top / "recovery.txt"
    locked = lock(
        "recovery",
        vault.recovery,
        "a passphrase",
        bytes.fromhex(vault.id),
        bytes.fromhex(vault.keys.officer),
        Cost(10, 1, 1),
    )
    key.write_text(to_text(locked))
    return subprocess.run(
        [sys.executable, "-I", str(vault.folder / "restore.py"), str(key), str(target), *more],
        env={**os.environ, "CONTINUITY_PASSPHRASE": "a passphrase"},
        capture_output=True,
        text=True,
        cwd=vault.top,
    )


def test_what_no_restore_writes_is_told_and_stops_no_proof(anywhere: Vault) -> None:
    for name in ("C:\\temp", "a:b", "x:y/inner"):
        write(anywhere.source / name, name.encode())
    os.mkfifo(anywhere.source / "pipe")
    write(anywhere.source / "plain", b"plain")
    for _ in range(2):  # every night, not only when it is new
        assert [p.split(":")[0] for p in anywhere.backup().problems] == [
            "papers/C", "papers/a", "papers/x"
        ]  # fmt: skip
    for scope in ("sample", "all"):
        assert anywhere.prove(scope).proof.files == 1
    report, _ = anywhere.restore(devices=True)
    assert len(report.refused) == 4
    # their content is looked at all the same
    with pytest.raises(Damaged):
        damage_packs(anywhere)
        anywhere.prove()


def damage_packs(vault: Vault) -> None:
    for path in vault.objects("packs"):
        data = bytearray(path.read_bytes())
        data[len(data) // 4] ^= 1
        path.write_bytes(data)


@pytest.mark.skipif(not hasattr(os, "seteuid") or os.getuid() != 0, reason="needs root")
def test_a_drill_worker_without_roots_rights_proves_and_leaves_nothing_behind() -> None:
    top = Path(tempfile.mkdtemp())
    vault = make_vault("local", top, None)
    vault.create()
    write(vault.source / "locked" / "for nobody", b"secret").chmod(0)
    (vault.source / "locked").chmod(0o500)
    vault.backup()
    shutil.chown(top, "nobody")
    for path in top.rglob("*"):
        shutil.chown(path, "nobody")
    try:
        os.seteuid(top.stat().st_uid)
        assert vault.prove().proof.files == 1
        report, folder = vault.restore(compare=True)
    finally:
        os.seteuid(0)
    assert report.whole
    assert (folder / "papers/locked/for nobody").stat().st_mode & 0o777 == 0
    assert list((top / "scratch").iterdir()) == []
    shutil.rmtree(top)


def test_the_stand_alone_reader_restores_it(vault: Vault) -> None:
    plain_tree(vault.source)
    odd_tree(vault.source)
    (vault.source / "pipe").unlink()
    before = picture(vault.source)
    vault.backup()
    vault.prove()
    write(vault.source / "later.txt", b"after the proof")
    vault.backup()
    done = run_reader(vault, vault.top / "bare")
    assert done.returncode == 0, done.stderr
    assert differences(before, picture(vault.top / "bare/papers")) == []


def test_the_reader_needs_nothing_of_ours(anywhere: Vault) -> None:
    text = (anywhere.folder / "restore.py").read_text()
    assert "tasks" not in {line.split(".")[0].removeprefix("from ") for line in text.splitlines()}
    write(anywhere.source / "a", b"1")
    anywhere.backup()
    assert run_reader(anywhere, anywhere.top / "x").returncode == 1  # nothing is countersigned
    assert run_reader(anywhere, anywhere.top / "y", "--newest").returncode == 0


@settings(max_examples=6)
@given(st.data())
def test_any_sequence_of_changes_restores(tmp_path_factory, data: st.DataObject) -> None:
    _changes(tmp_path_factory.mktemp("changes"), data, 4)


@pytest.mark.long
@settings(max_examples=60)
@given(st.data())
def test_any_sequence_of_changes_restores_long(tmp_path_factory, data: st.DataObject) -> None:
    _changes(tmp_path_factory.mktemp("changes"), data, 6)


def _changes(top: Path, data: st.DataObject, rounds: int) -> None:
    """Write, grow, cut, move, delete, lose caches in any order; each snapshot restores as it was."""
    vault = make_vault("local", top, None)
    vault.create()
    dice = random.Random(data.draw(st.integers(0, 2**32)))
    pictures = []
    for turn in range(rounds):
        for _ in range(dice.randrange(1, 6)):
            _change(vault.source, dice)
        if data.draw(st.booleans()):
            shutil.rmtree(vault.state, ignore_errors=True)
        taken = vault.backup()
        pictures.append((taken.digest, picture(vault.source)))
        assert taken.manifest.sequence == turn + 1
    from tasks.backup.choosing import choose

    for digest, before in pictures:
        report, folder = vault.restore(choose(vault.survey(), snapshot=digest))
        assert report.whole
        assert differences(before, picture(folder / "papers")) == []


def _change(top: Path, dice: random.Random) -> None:
    path = top / f"f{dice.randrange(3)}" / f"{dice.randrange(6)}.bin"
    what = dice.randrange(5)
    if what == 0 and path.exists():
        path.unlink()
    elif what == 1 and path.exists():
        path.replace(path.with_name(f"moved{dice.randrange(9)}"))
    elif what == 2 and path.exists():
        write(
            path,
            path.read_bytes()[: dice.randrange(1 + path.stat().st_size)],
            dice.randrange(10**9),
        )
    elif what == 3 and path.exists():
        write(
            path,
            path.read_bytes() + dice.randbytes(dice.randrange(2_500_000)),
            dice.randrange(10**9),
        )
    else:
        write(path, dice.randbytes(dice.choice([0, 10, 5000, 1_200_000])), dice.randrange(10**9))
