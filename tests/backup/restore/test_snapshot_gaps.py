"""Files that could not be read: the run says so, no drill passes over it, a restore names them."""

from __future__ import annotations

import json
import os
import shutil
import stat
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tasks.backup.faults import Suspicious
from tasks.backup.format.manifest_chain import read_manifest
from tasks.backup.format.structures import SourceCount
from tasks.backup.restore.pack_library import open_library
from tasks.backup.restore.snapshot_gaps import earlier_snapshots, files_in_earlier_snapshots, lies_in
from tasks.backup.snapshot import source_scan
from tasks.backup.snapshot.source_scan import walk
from tasks.backup.verify.snapshot_survey import choose_snapshot, is_gap, survey_repository, unread_growth
from tasks.core.findings import make_finding
from tests.backup.conftest import Vault
from tests.backup.plain_user import continuity, plainly
from tests.backup.restore.test_standalone_reader import run_reader
from tests.backup.test_backup_commands import call, made, top  # noqa: F401 - fixtures
from tests.backup.trees import write
from tests.errors import refused

NOT_READ = ("file-or-folder-not-read", "papers/letters", {"reason": "Permission denied"})
ONE_GAP = make_finding("source-not-all-read", "papers", count=1, before=0)


def facts(findings: list[dict]) -> list[tuple[str, str, dict]]:
    """Of findings as `--json` prints them: code, subject, values."""
    return [(one["code"], one["subject"], one["values"]) for one in findings]


@pytest.fixture
def locked() -> Iterator[list[Path]]:
    """Folders that nobody may read meanwhile; opened again so that pytest can remove them."""
    folders: list[Path] = []
    yield folders
    for folder in folders:
        if folder.exists():
            folder.chmod(0o755)


def lock(folder: Path, locked: list[Path]) -> None:
    locked.append(folder)
    folder.chmod(0)


def unlock(locked: list[Path]) -> None:
    for folder in locked:
        folder.chmod(0o755)
    locked.clear()


def forbid(monkeypatch: pytest.MonkeyPatch, *names: bytes) -> None:
    """Folders of these names cannot be listed, as on a share that refuses them."""
    real = os.scandir

    def refuse(path: bytes | str | int) -> object:
        if not isinstance(path, int) and os.path.basename(os.fsencode(path)) in names:  # noqa: PTH119
            raise PermissionError(13, "Permission denied")
        return real(path)

    monkeypatch.setattr(source_scan.os, "scandir", refuse)


def tree(vault: Vault) -> None:
    for number in range(30):
        write(vault.source / "letters" / f"{number}.txt", f"letter {number}".encode() * 50)
        write(vault.source / "entries" / f"{number}.txt", f"entry {number}".encode() * 50)


def test_the_processes_of_these_tests_may_not_read_everything(tmp_path: Path, locked: list[Path]) -> None:
    (tmp_path / "shut").mkdir()
    lock(tmp_path / "shut", locked)
    done = plainly(sys.executable, "-c", f"import os; os.listdir({str(tmp_path / 'shut')!r})")
    assert "PermissionError" in done.stderr


def test_issue_13_fault_8_unreadable_folders(call, top: Path, locked: list[Path]) -> None:  # noqa: F811
    made(call, top)
    home, papers = top / "home", top / "papers"
    for number in range(300):
        write(papers / "letters" / f"{number}.txt", f"letter {number}".encode() * 20)
        write(papers / "entries" / f"{number}.txt", f"entry {number}".encode() * 20)
    assert continuity(home, "backup", "run").returncode == 0
    assert continuity(home, "backup", "prove").returncode == 0
    first = json.loads(continuity(home, "backup", "list", "--json").stdout)[0]["snapshot"]

    lock(papers / "letters", locked)
    done = continuity(home, "backup", "run", "--json")
    assert done.returncode == 3, done.stdout + done.stderr
    row = json.loads(done.stdout)[0]
    assert (row["unreadable"], len(row["flags"])) == (1, 1)
    assert facts(row["problems"]) == [NOT_READ]
    listed = json.loads(continuity(home, "backup", "list", "--json").stdout)
    newest = [row for row in listed if row["class"] == "records"][-1]
    assert newest["unreadable"] == 1
    assert facts(newest["flags"]) == [("source-not-all-read", "papers", {"count": 1, "before": 0})]
    shown = continuity(home, "status", "--json").stdout
    assert newest["flags"][0]["message"] in shown, shown

    for _ in range(2):  # and no second try gets past it
        done = continuity(home, "backup", "prove", "--json")
        assert done.returncode == 1
        error = json.loads(done.stderr.splitlines()[-1])
        assert error["error"] == "snapshot-not-countersigned"
        assert "source-not-all-read" in {problem["code"] for problem in error["problems"]}
    key = ["--key", str(top / "safe/recovery.key")]
    done = continuity(home, "backup", "restore", str(top / "back"), "--newest", *key, "--json")
    assert done.returncode == 3, done.stderr
    report = json.loads(done.stdout)
    assert not report["whole"]
    assert facts(report["gaps"]) == [NOT_READ]
    names = sorted(f"papers/letters/{number}.txt" for number in range(300))
    there = [("file-in-earlier-snapshot", name, {"snapshot": first}) for name in names]
    assert facts(report["lacking"]) == there
    assert not list((top / "back/papers/letters").iterdir())
    done = continuity(home, "backup", "restore", str(top / "again"), "--newest", *key)
    assert done.returncode == 3
    assert "papers/letters/299.txt" in done.stdout and first in done.stdout
    # the countersigned one is what a restore takes, and it is whole
    done = continuity(home, "backup", "restore", str(top / "whole"), *key)
    assert done.returncode == 0
    assert len(list((top / "whole/papers/letters").iterdir())) == 300

    assert continuity(home, "backup", "prove", "--accept-flags").returncode == 0
    done = continuity(home, "backup", "run", "--json")  # as before: a gap all the same, no new one
    assert done.returncode == 3
    row = json.loads(done.stdout)[0]
    assert (row["unreadable"], row["flags"]) == (1, [])
    assert "1 files or folders could not be read, as before" in continuity(home, "status", "--json").stdout
    assert continuity(home, "backup", "prove").returncode == 0
    unlock(locked)
    assert continuity(home, "backup", "run").returncode == 0
    assert continuity(home, "backup", "prove").returncode == 0


def test_a_folder_that_gives_names_and_no_more(call, top: Path, locked: list[Path]) -> None:  # noqa: F811
    made(call, top)
    write(top / "papers" / "letters" / "a.txt", b"a")
    assert continuity(top / "home", "backup", "run").returncode == 0
    lock(top / "papers" / "letters", locked)
    (top / "papers" / "letters").chmod(0o444)
    done = continuity(top / "home", "backup", "run", "--json")
    assert done.returncode == 3
    (problem,) = json.loads(done.stdout)[0]["problems"]
    assert (problem["code"], problem["subject"]) == NOT_READ[:2]
    assert "'a.txt': Permission denied" in problem["values"]["reason"]


def test_a_wanted_file_below_an_unreadable_folder_is_named(
    call,  # noqa: F811
    top: Path,  # noqa: F811
    locked: list[Path],
) -> None:
    made(call, top)
    write(top / "papers" / "letters" / "a.txt", b"a")
    write(top / "papers" / "letters" / "b.txt", b"b")
    assert continuity(top / "home", "backup", "run").returncode == 0
    lock(top / "papers" / "letters", locked)
    assert continuity(top / "home", "backup", "run").returncode == 3
    done = continuity(
        top / "home", "backup", "restore", str(top / "x"), "--newest", "--json",
        "--key", str(top / "safe/recovery.key"), "--only", "papers/letters/a.txt",
    )  # fmt: skip
    assert done.returncode == 1  # nothing of what was asked for is there
    ((code, path, values),) = facts(json.loads(done.stdout)["lacking"])
    assert (code, path) == ("file-in-earlier-snapshot", "papers/letters/a.txt")
    assert values["snapshot"].startswith("desk1:1:")


def test_other_folders_in_the_same_number_are_new_gaps(anywhere: Vault, monkeypatch) -> None:
    """The host has the numbers alone; the drill compares path by path."""
    tree(anywhere)
    anywhere.backup()
    anywhere.prove()
    with monkeypatch.context() as patch:
        forbid(patch, b"letters")
        anywhere.backup()
        anywhere.prove(accept_flags=True)
        anywhere.backup()
        anywhere.prove()
    with monkeypatch.context() as patch:
        forbid(patch, b"entries")
        assert anywhere.backup().manifest.flags == []
        with refused("snapshot-not-countersigned", Suspicious) as caught:
            anywhere.prove("sample")
        doubts = {problem.code: problem.values for problem in caught.problems}
        assert doubts["files-not-read"] == {"count": 1, "examples": "papers/entries"}
        assert doubts["proved-files-missing"]["count"] == 30
        with pytest.raises(Suspicious):
            anywhere.prove("content")


def test_gaps_that_are_mended_need_nobody(anywhere: Vault, monkeypatch) -> None:
    tree(anywhere)
    anywhere.backup()
    anywhere.prove()
    with monkeypatch.context() as patch:
        forbid(patch, b"letters")
        (flag,) = anywhere.backup().manifest.flags
        assert is_gap(flag)
        anywhere.backup()  # no new gap: no flag of its own
        with refused("snapshot-not-countersigned", Suspicious):
            anywhere.prove()
    assert anywhere.backup().manifest.flags == []
    anywhere.prove()
    # the past is kept, as after any suspicious change
    assert str(flag) in next(iter(anywhere.survey().holds.reasons.values()))[0]


def test_the_first_snapshot_with_gaps_is_looked_at(anywhere: Vault, monkeypatch) -> None:
    tree(anywhere)
    with monkeypatch.context() as patch:
        forbid(patch, b"letters")
        assert anywhere.backup().manifest.flags == [ONE_GAP]
        with refused("snapshot-not-countersigned", Suspicious):
            anywhere.prove()


def test_no_host_can_hide_its_gaps(anywhere: Vault, monkeypatch) -> None:
    """A thief's host flags nothing; the drill reads the listing itself."""
    tree(anywhere)
    anywhere.backup()
    anywhere.prove()
    with monkeypatch.context() as patch:
        forbid(patch, b"letters")
        patch.setattr("tasks.backup.snapshot.creation.unread_growth", lambda *given: [])
        assert anywhere.backup().manifest.flags == []
    with refused("snapshot-not-countersigned", Suspicious) as caught:
        anywhere.prove()
    assert caught.problems[0].values["examples"] == "papers/letters"


def test_where_the_proved_listing_is_lost_the_numbers_count(local: Vault, monkeypatch) -> None:
    tree(local)
    before = local.backup()
    local.prove()
    with monkeypatch.context() as patch:
        forbid(patch, b"letters")
        after = local.backup()
    for name in {name for name, _ in before.manifest.packs} - {n for n, _ in after.manifest.packs}:
        (local.folder / "packs" / name).unlink()
    with refused("snapshot-not-countersigned", Suspicious) as caught:
        local.prove(which=survey_repository(local.open()).snapshots()[-1])
    assert "source-not-all-read" in caught.codes


def test_a_restore_looks_back_until_all_could_be_read(anywhere: Vault, monkeypatch) -> None:
    tree(anywhere)
    first = anywhere.backup()
    (anywhere.source / "letters" / "0.txt").unlink()
    with monkeypatch.context() as patch:
        forbid(patch, b"entries")
        second = anywhere.backup()
    with monkeypatch.context() as patch:
        forbid(patch, b"entries", b"letters")
        anywhere.backup()
        third = anywhere.backup()
    repository = anywhere.open()
    library = open_library(repository, anywhere.recovery, third.manifest.packs)
    snapshots = anywhere.survey().snapshots()
    earlier = list(earlier_snapshots(snapshots, third.manifest.sequence))
    assert [snapshot.sequence for snapshot in earlier] == [3, 2, 1]
    everything = files_in_earlier_snapshots(library, anywhere.recovery, third.manifest, earlier, lambda path: True)
    holders = {file.subject: file.values["snapshot"] for file in everything[0]}
    # 0.txt was deleted while its folder could be read, and is not missing for that
    expected = {f"papers/letters/{n}.txt": second.label for n in range(1, 30)}
    expected |= {f"papers/entries/{n}.txt": first.label for n in range(30)}
    assert holders == expected
    assert everything[1] == []
    part = files_in_earlier_snapshots(
        library, anywhere.recovery, third.manifest, earlier, lambda p: p.endswith(b"/7.txt")
    )
    assert [file.subject for file in part[0]] == ["papers/entries/7.txt", "papers/letters/7.txt"]


def test_the_stand_alone_reader_names_what_could_not_be_read(anywhere: Vault, monkeypatch) -> None:
    tree(anywhere)
    with monkeypatch.context() as patch:
        forbid(patch, b"letters")
        anywhere.backup()
    done = run_reader(anywhere, anywhere.top / "bare", "--newest")
    assert done.returncode == 3
    assert "papers/letters': unreadable: Permission denied" in done.stderr
    assert len(list((anywhere.top / "bare/papers/entries").iterdir())) == 30


def test_a_file_that_was_there_and_vanishes_as_it_is_read_is_missing(anywhere: Vault, monkeypatch) -> None:
    monkeypatch.setattr(source_scan, "_RACY_NS", 0)  # the cache would leave out files this young
    tree(anywhere)
    anywhere.backup()
    anywhere.prove()
    real = os.open

    def vanish(path, *rest, **more):
        if os.fsencode(path).endswith((b"letters/3.txt", b"passing.tmp")):
            raise FileNotFoundError(2, "No such file or directory")
        return real(path, *rest, **more)

    write(anywhere.source / "letters" / "3.txt", b"changed, so that it is read")
    write(anywhere.source / "passing.tmp", b"never in a snapshot")
    with monkeypatch.context() as patch:
        patch.setattr(os, "open", vanish)
        taken = anywhere.backup()
    (count,) = taken.manifest.sources
    assert (count.gone, count.missing, count.unreadable) == (2, 1, 0)
    assert taken.manifest.flags == [ONE_GAP]
    monkeypatch.setattr("tasks.backup.verify.snapshot_survey.is_gap", lambda flag: True)
    with pytest.raises(Suspicious):
        anywhere.prove()


class Entry:
    """A folder's entry that the disk gives no more than the name of."""

    def __init__(self, inner: os.DirEntry) -> None:
        self.name, self.path, self._inner = inner.name, inner.path, inner

    def stat(self, follow_symlinks: bool = True) -> os.stat_result:
        if os.fsencode(self.name) == b"1.txt":
            raise OSError(5, "Input/output error")
        return self._inner.stat(follow_symlinks=follow_symlinks)

    def is_file(self, follow_symlinks: bool = True) -> bool:
        return self._inner.is_file(follow_symlinks=follow_symlinks)


def test_an_entry_that_cannot_be_read_takes_no_other_along(anywhere: Vault, monkeypatch) -> None:
    tree(anywhere)
    real = os.scandir

    class Faulty:
        def __init__(self, path: bytes) -> None:
            self.inner = real(path)

        def __enter__(self) -> list[Entry]:
            with self.inner as entries:
                return [Entry(entry) for entry in entries]

        def __exit__(self, *rest: object) -> None: ...

        def close(self) -> None:
            self.inner.close()

    with monkeypatch.context() as patch:
        patch.setattr(source_scan.os, "scandir", Faulty)
        taken = anywhere.backup()
    assert taken.manifest.sources[0].files == 58
    reason = "1 of its entries, as '1.txt': Input/output error"
    assert taken.problems == tuple(
        make_finding("file-or-folder-not-read", f"papers/{name}", reason=reason) for name in ("entries", "letters")
    )
    report, folder = anywhere.restore()
    assert len(report.gaps) == 2
    assert not report.intact
    assert not report.damage
    assert (folder / "papers/letters/2.txt").exists()


def test_a_folder_that_cannot_even_be_looked_at_stops_no_walk(tmp_path: Path, monkeypatch) -> None:
    write(tmp_path / "a" / "x", b"x")
    write(tmp_path / "b" / "y", b"y")
    real = os.stat

    def refuse(path, **more):
        if path == os.fsencode(tmp_path / "a"):
            raise OSError(116, "Stale file handle")
        return real(path, **more)

    with monkeypatch.context() as patch:
        patch.setattr(source_scan.os, "stat", refuse)
        folders = {folder.path: folder for folder in walk(os.fsencode(tmp_path))}
    assert folders[b"a"].trouble == "Stale file handle"
    assert stat.S_ISDIR(folders[b"a"].st.st_mode)
    assert [seen.name for seen in folders[b"b"].entries] == [b"y"]


@pytest.mark.parametrize(
    ("before", "now", "flagged"),
    [
        (None, (0, 0), False),
        (None, (1, 0), True),
        ((2, 0), (2, 0), False),
        ((2, 0), (1, 1), False),
        ((2, 0), (2, 1), True),
        ((2, 1), (0, 0), False),
    ],
)
def test_growth_is_flagged(before, now, flagged: bool) -> None:
    def count(numbers: tuple[int, int]) -> SourceCount:
        return SourceCount("papers", unreadable=numbers[0], missing=numbers[1])

    flags = unread_growth(count(before) if before else None, count(now))
    assert bool(flags) == flagged
    assert all(map(is_gap, flags))


def test_below_means_a_part_of_the_path() -> None:
    roots = {b"a/b"}
    assert lies_in(b"a/b", roots)
    assert lies_in(b"a/b/c/d", roots)
    assert not lies_in(b"a/bc", roots)
    assert not lies_in(b"a", roots)


def test_a_snapshot_of_before_restores_as_it_did(anywhere: Vault) -> None:
    tree(anywhere)
    anywhere.backup()
    report, _ = anywhere.restore()
    assert report.intact
    choice = choose_snapshot(anywhere.survey(), newest=True)
    _, manifest = read_manifest(anywhere.open(), "desk1", choice.snapshot.name)
    library = open_library(anywhere.open(), anywhere.recovery, manifest.packs)
    assert files_in_earlier_snapshots(library, anywhere.recovery, manifest, [], lambda path: True) == ([], [])
    shutil.rmtree(anywhere.top / "restored1")
