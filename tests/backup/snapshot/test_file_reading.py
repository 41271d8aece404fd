"""Files that change, vanish or cannot be read while the backup is at them."""

from __future__ import annotations

import os
import random
import shutil
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tasks.backup import file_access
from tasks.backup.faults import SourceFault
from tasks.backup.snapshot import file_reading, source_scan
from tasks.backup.snapshot.file_reading import FileReader
from tasks.backup.snapshot.source_access import SnapshotSource
from tasks.backup.snapshot.source_scan import walk
from tasks.core.findings import make_finding
from tests.backup.conftest import Vault
from tests.backup.trees import differences, picture, plain_tree, write
from tests.errors import refused


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

    real_read, real_stream = file_access.read_all, FileReader.stream

    def read_all(handle: int, view: memoryview, expected: int) -> int:
        got = real_read(handle, view, expected)
        grow()
        return got

    def stream(self: FileReader, *given: object) -> object:
        got = real_stream(self, *given)
        grow()
        return got

    monkeypatch.setattr(file_reading, "read_all", read_all)
    monkeypatch.setattr(FileReader, "stream", stream)
    taken = anywhere.backup()
    report, folder = anywhere.restore()
    assert report.intact
    marks = () if times == 1 else (make_finding("changed-while-read", "papers/growing.log"),)
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
    monkeypatch.setattr("tasks.backup.snapshot.content_writer._MOST_IN_GROUP", 2)
    real_small, real_plain = FileReader._read_small, FileReader._read_plain

    def slow_small(self: FileReader, *given: object) -> int:
        read = real_small(self, *given)
        time.sleep(0.004)
        return read

    def slow_plain(self: FileReader, *given: object) -> bool:
        done = real_plain(self, *given)
        time.sleep(0.004)
        return done

    def slow_walk(*given: object) -> Iterator[object]:
        for folder in walk(*given):
            yield folder
            time.sleep(0.003)

    monkeypatch.setattr("tasks.backup.snapshot.content_writer.walk", slow_walk)
    monkeypatch.setattr(FileReader, "_read_small", slow_small)
    monkeypatch.setattr(FileReader, "_read_plain", slow_plain)
    anywhere.backup()
    report, folder = anywhere.restore()
    assert report.intact
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
    place, reason = "papers/folder3/file3.dat", "Permission denied"
    unread = make_finding("file-or-folder-not-read", place, reason=reason)
    assert taken.problems == (unread,)
    report, folder = anywhere.restore()
    assert report.gaps == [unread]
    assert not (folder / "papers/folder3/file3.dat").exists()


def test_a_file_that_vanishes_during_the_walk_takes_no_other_along(anywhere: Vault, monkeypatch) -> None:
    write(anywhere.source / "letters" / "kept.pdf", b"kept")
    real = source_scan.os.scandir

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
        patch.setattr(source_scan.os, "scandir", Vanishing)
        anywhere.backup()
    _, folder = anywhere.restore()
    assert (folder / "papers/letters/kept.pdf").read_bytes() == b"kept"


def test_a_source_that_cannot_be_read_keeps_no_other_from_its_backup(anywhere: Vault) -> None:
    plain_tree(anywhere.source, files=60, large=0)
    anywhere.backup()
    away = SnapshotSource("stick", str(anywhere.top / "unplugged"))
    book = SnapshotSource("book", "postgresql://127.0.0.1:1/none", kind="postgresql")
    keys = SnapshotSource("keys", str(anywhere.top / "no keys"), retention="private")
    with refused("some-sources-unread", SourceFault) as caught:
        anywhere.backup([*anywhere.sources(), away, book, keys])
    assert [(problem.file, problem.code) for problem in caught.problems] == [
        ("stick", "source-file-unreadable"), ("book", "pg-dump-failed"),
        ("keys", "source-file-unreadable"),
    ]  # fmt: skip
    *_, last = anywhere.survey().snapshots()
    assert [count.name for count in last.manifest.sources] == ["papers"]
    # what was away one night is held against the night before
    shutil.move(anywhere.source, anywhere.top / "unplugged")
    anywhere.source.mkdir()
    with pytest.raises(SourceFault):
        anywhere.backup([SnapshotSource("papers", str(anywhere.top / "gone")), away])
    assert anywhere.backup([*anywhere.sources(), away]).manifest.flags == [
        make_finding("files-vanished", "papers", gone=62, files=62)
    ]


def test_an_emptied_or_removed_source_is_flagged_however_small(local: Vault) -> None:
    """A mount that went away leaves an empty folder; settings that lost a source leave nothing."""
    write(local.source / "ledger.db", b"all that there is")
    other = SnapshotSource("other", str(local.top / "other"))
    write(local.top / "other" / "a", b"1")
    first = local.backup([*local.sources(), other])
    (local.source / "ledger.db").unlink()
    flags = local.backup().manifest.flags
    assert flags == [make_finding("files-vanished", "papers", gone=1, files=1), make_finding("source-removed", "other")]
    assert local.survey().holds.reasons[first.digest]
    assert local.backup().manifest.flags == []
