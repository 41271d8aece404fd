"""What goes in comes out, on every kind of store, by the engine and by the stand-alone reader."""

from __future__ import annotations

import os
import random
import shutil
import threading
from pathlib import Path

import pytest
from hypothesis import given, settings, strategies as st

from tasks.backup.faults import WrongKey
from tasks.core.findings import make_finding
from tests.backup.conftest import Vault, make_vault
from tests.backup.restore.test_standalone_reader import run_reader
from tests.backup.trees import deep_tree, differences, odd_tree, picture, plain_tree, write


def test_a_tree_comes_back_whole_on_every_store(vault: Vault) -> None:
    plain_tree(vault.source)
    odd_tree(vault.source)
    before = picture(vault.source)
    taken = vault.backup()
    assert taken.manifest.sources[0].unreadable == 0
    report, folder = vault.restore()
    assert report.lost == []
    assert report.refused == [make_finding("entry-type-not-restored", "papers/pipe", kind="fifo")]
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
    assert report.intact
    assert differences(before, picture(folder / "papers")) == []
    anywhere._restored = 0  # a broken-off restore goes on in it
    (folder / ".continuity-restore").write_text(again.digest)
    report, _ = anywhere.restore()
    assert report.intact
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
    assert report.intact
    assert differences(picture(anywhere.source), picture(folder / "papers")) == []


def test_special_bits_owners_and_devices_only_by_option(anywhere: Vault) -> None:
    odd_tree(anywhere.source)
    anywhere.backup()
    _, folder = anywhere.restore()
    assert (folder / "papers/modes/setuid").stat().st_mode & 0o7777 == 0o755
    report, folder = anywhere.restore(special=True, devices=True, owners=True)
    assert report.intact
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
    assert report.intact
    names = {p.name for p in folder.rglob("*.dat")}
    assert names == {p.name for p in (anywhere.source / "folder1").iterdir()} | {"file2.dat"}


def test_a_broken_off_restore_goes_on(anywhere: Vault, monkeypatch: pytest.MonkeyPatch) -> None:
    plain_tree(anywhere.source, files=200)
    anywhere.backup()
    from tasks.backup.restore.target_folder import RestoreTarget

    calls, real = [], RestoreTarget.write

    def fail_late(self, wanted, at, blob):
        calls.append(1)
        if len(calls) == 100:
            raise KeyboardInterrupt
        real(self, wanted, at, blob)

    with monkeypatch.context() as patch:
        patch.setattr(RestoreTarget, "write", fail_late)
        with pytest.raises(KeyboardInterrupt):
            anywhere.restore()
    anywhere._restored -= 1
    report, folder = anywhere.restore()
    assert report.intact
    assert report.kept > 20
    assert differences(picture(anywhere.source), picture(folder / "papers")) == []
    assert not (folder / ".continuity-restore").exists()


def test_the_drill_key_and_the_recovery_key_open_it_others_do_not(anywhere: Vault) -> None:
    plain_tree(anywhere.source, files=5, large=0)
    anywhere.backup()
    assert anywhere.restore(seed=anywhere.drill_seed)[0].intact
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
    assert anywhere.restore()[0].intact


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
    assert (report.intact, report.files) == (True, 80)


def test_several_hosts_share_a_repository(vault: Vault) -> None:
    from tasks.backup.format.repository import open_repository
    from tasks.backup.format.structures import HostKey
    from tasks.backup.keys.host_keys import HostKeys
    from tasks.backup.snapshot.creation import take_snapshots

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

    threads = [threading.Thread(target=run, args=(keys, vault.top / keys.host)) for keys in (vault.keys, other)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert errors == []
    found = vault.survey()
    assert found.faults() == []
    assert {host: len(chain.snapshots) for host, chain in found.chains.items()} == {"desk1": 3, "desk2": 3}


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
    from tasks.backup.verify.snapshot_survey import choose_snapshot

    for digest, before in pictures:
        report, folder = vault.restore(choose_snapshot(vault.survey(), snapshot=digest))
        assert report.intact
        assert differences(before, picture(folder / "papers")) == []


def _change(top: Path, dice: random.Random) -> None:
    path = top / f"f{dice.randrange(3)}" / f"{dice.randrange(6)}.bin"
    what = dice.randrange(5)
    if what == 0 and path.exists():
        path.unlink()
    elif what == 1 and path.exists():
        path.replace(path.with_name(f"moved{dice.randrange(9)}"))
    elif what == 2 and path.exists():
        write(path, path.read_bytes()[: dice.randrange(1 + path.stat().st_size)], dice.randrange(10**9))
    elif what == 3 and path.exists():
        write(path, path.read_bytes() + dice.randbytes(dice.randrange(2_500_000)), dice.randrange(10**9))
    else:
        write(path, dice.randbytes(dice.choice([0, 10, 5000, 1_200_000])), dice.randrange(10**9))
