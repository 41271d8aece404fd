"""Databases are backed up as one moment saw them, while others write to them."""

from __future__ import annotations

import os
import sqlite3
import subprocess
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tasks.backup.snapshot.source_access import PostgresDump, SnapshotSource
from tasks.backup.snapshot.source_scan import walk
from tests.backup.conftest import Vault
from tests.backup.trees import database, differences, picture, write
from tests.errors import refused


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
    assert report.intact
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


def test_a_journal_is_read_before_the_content_that_it_names(anywhere: Vault, monkeypatch: pytest.MonkeyPatch) -> None:
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

    monkeypatch.setattr("tasks.backup.snapshot.content_writer.walk", slow_walk)
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


def test_postgresql_comes_as_a_dump(anywhere: Vault, postgres: str) -> None:
    make = "CREATE TABLE IF NOT EXISTS entries AS SELECT i, md5(i::text) AS d FROM generate_series(1, 20000) i"
    subprocess.run(["psql", "-q", postgres, "-c", make], check=True)
    taken = anywhere.backup([SnapshotSource("book", postgres, kind="postgresql")])
    assert taken.manifest.sources[0].bytes > 500_000
    _, folder = anywhere.restore()
    text = (folder / "book/dump.sql").read_text()
    assert text.count("\n") > 20_000
    assert "PostgreSQL database dump complete" in text


def test_a_databases_password_stands_in_no_command_line(tmp_path: Path) -> None:
    program = tmp_path / "pg_dump"
    program.write_text('#!/bin/sh\necho "$@"; echo "$PGPASSWORD"\n')
    program.chmod(0o755)
    dump = PostgresDump("postgresql+psycopg://me:s%40cret@db:5433/book?sslmode=require", str(program))
    said = bytearray(500)
    size = dump.read_into(memoryview(said))
    size += dump.read_into(memoryview(said)[size:])
    dump.finish()
    command, password = said[:size].decode().splitlines()
    assert command.endswith("--dbname=postgresql://me@db:5433/book?sslmode=require")
    assert password == "s@cret"


def test_a_dump_that_breaks_off_is_no_backup(anywhere: Vault) -> None:
    from tasks.core.errors import StoreFault

    with refused("sources-unread", StoreFault) as caught:
        anywhere.backup([SnapshotSource("book", "postgresql://127.0.0.1:1/none", kind="postgresql")])
    assert [(one.file, one.code) for one in caught.problems] == [("book", "pg-dump-failed")]
    assert anywhere.survey().snapshots() == []
