"""`kill -9` of the backup, of the server, and a server that freezes: nothing earlier is harmed, the
next run succeeds, and nobody says "done" who is not."""

from __future__ import annotations

import multiprocessing
import os
import random
import threading
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import pytest

from tasks.backup.format.repository import open_repository
from tasks.backup.keys.host_keys import HostKeys
from tasks.backup.run_options import SnapshotOptions
from tasks.backup.snapshot.creation import take_snapshots
from tasks.backup.snapshot.host_state import local_head
from tasks.backup.snapshot.source_access import SnapshotSource
from tasks.backup.stores.local_store import LocalStore
from tasks.backup.stores.store_protocol import StorePatience
from tasks.backup.verify.snapshot_survey import choose_snapshot
from tasks.backup.verify.verification import verify_repository
from tasks.core.errors import StoreFault, StoreLost
from tasks.transport.smb.connection import SmbPlace
from tasks.transport.smb.store import Buffer, SmbStore
from tests.backup.conftest import Vault, make_vault
from tests.backup.trees import differences, picture, plain_tree, write
from tests.samba_server import Samba

SEED = int(os.environ.get("CONTINUITY_CRASH_SEED", random.randrange(1 << 30)))
CONTEXT = multiprocessing.get_context("forkserver")
SMALL_PACKS = 3 << 20


@dataclass(frozen=True)
class Job:
    """What a child needs for a backup of its own."""

    keys: HostKeys
    folder: Path
    place: SmbPlace | None
    source: Path
    state: Path

    @classmethod
    def of(cls, vault: Vault) -> Job:
        place = vault.store.target if isinstance(vault.store, SmbStore) else None
        return cls(vault.keys, vault.folder, place, vault.source, vault.state)

    def run(self) -> str:
        store = SmbStore(self.place) if self.place else LocalStore(self.folder, flush=False)
        repository = open_repository(store, self.keys.officer, self.keys.repository)
        sources = [SnapshotSource("papers", str(self.source))]
        return take_snapshots(repository, self.keys, sources, SnapshotOptions(state=self.state))[0].digest


def run_in_child(job: Job, started: str, done: str) -> None:
    """A backup with small packs; says when it begins, and its snapshot's digest when it is done."""
    from tasks.backup.format import pack_codec
    from tasks.backup.snapshot import pipeline

    pack_codec.PACK_BYTES = pipeline.PACK_BYTES = SMALL_PACKS
    Path(started).touch()
    Path(done).write_text(job.run())


def change(vault: Vault, dice: random.Random, megabytes: int) -> None:
    for _ in range(megabytes):
        size = dice.choice([900_000, 1_500_000, 20_000])
        write(vault.source / f"n{dice.randrange(12)}.bin", dice.randbytes(size), dice.randrange(10**9))


def look(vault: Vault, least: int, dice: random.Random) -> None:
    """Every earlier snapshot is whole; the next run succeeds and restores what is there now."""
    finished = {"desk1": local_head(vault.state, vault.keys).sequence}
    report = verify_repository(vault.open(), finished=finished)
    assert report.damaged == []
    assert report.snapshots >= least
    taken = vault.backup()
    assert taken.manifest.flags == []
    for snapshot in (vault.survey().chains["desk1"].head, dice.choice(vault.survey().snapshots())):
        assert snapshot is not None
        restored, folder = vault.restore(choose_snapshot(vault.survey(), snapshot=snapshot.digest))
        assert restored.intact
        if snapshot.digest == taken.digest:
            assert differences(picture(vault.source), picture(folder / "papers")) == []


def blows(vault: Vault, times: int) -> None:
    print(f"\nkill -9 of the backup: seed {SEED}, {times} times, {vault.kind}")
    dice = random.Random(f"{SEED}/{vault.kind}")
    plain_tree(vault.source, files=10, large=0)
    vault.backup()
    change(vault, dice, 8)
    seconds, killed = one_blow(vault, "undisturbed", 60)[0], 0
    for turn in range(4 * times):
        if killed == times:
            break
        change(vault, dice, 8)
        before = len(vault.survey().snapshots())
        lived, dead, digest = one_blow(vault, str(turn), dice.uniform(0, seconds))
        killed += dead
        # a first run that was slow would let most of the blows fall after the end
        seconds = seconds if dead else min(seconds, lived)
        if digest:
            assert digest in {s.digest for s in vault.survey().snapshots()}, "said done in vain"
        look(vault, before, dice)
    assert killed > times // 3


def one_blow(vault: Vault, name: str, after: float) -> tuple[float, bool, str]:
    """Seconds that the child lived, whether it was killed, and the snapshot that it called done."""
    started, done = vault.top / f"started-{name}", vault.top / f"done-{name}"
    arguments = (Job.of(vault), str(started), str(done))
    child = CONTEXT.Process(target=run_in_child, args=arguments)
    child.start()
    while not started.exists() and child.is_alive():
        time.sleep(0.001)
    begun = time.monotonic()
    child.join(after)
    dead = child.is_alive()
    if dead:
        child.kill()
    child.join(60)
    return time.monotonic() - begun, dead, done.read_text() if done.exists() else ""


def test_killed_backups(tmp_path: Path) -> None:
    vault = make_vault("local", tmp_path, None)
    vault.create()
    blows(vault, 3)


@pytest.mark.long
@pytest.mark.parametrize("kind", ["local", "smb", "worm"])
def test_killed_backups_long(tmp_path: Path, samba: Samba, kind: str) -> None:
    vault = make_vault(kind, tmp_path, samba)
    vault.create()
    vault.store.close()
    blows(vault, 20)


def server_blows(vault: Vault, samba: Samba, times: int) -> None:
    """SIGKILL of smbd and all its children at a random moment of a backup; back after a moment."""
    print(f"\nkill -9 of smbd: seed {SEED}, {times} times")
    dice = random.Random(f"{SEED}/smbd")
    plain_tree(vault.source, files=10, large=0)
    vault.backup()
    for _ in range(times):
        change(vault, dice, 12)
        before = len(vault.survey().snapshots())
        result: list[object] = []

        def run(result: list[object] = result) -> None:
            try:
                result.append(vault.backup())
            except StoreFault as error:
                result.append(error)

        thread = threading.Thread(target=run)
        thread.start()
        time.sleep(dice.uniform(0, 0.35))
        samba.kill()
        time.sleep(0.1)
        samba.launch()
        thread.join(90)
        assert not thread.is_alive()
        there = len(vault.survey().snapshots())
        assert there >= before + (0 if isinstance(result[0], StoreFault) else 1)
        look(vault, before, dice)


def test_a_killed_server(tmp_path: Path, samba: Samba) -> None:
    vault = make_vault("smb", tmp_path, samba)
    vault.create()
    server_blows(vault, samba, 2)


@pytest.mark.long
def test_a_killed_server_long(tmp_path: Path, samba: Samba) -> None:
    vault = make_vault("smb", tmp_path, samba)
    vault.create()
    server_blows(vault, samba, 20)


def freeze(vault: Vault, samba: Samba, seconds: float, timeout: float, patience: StorePatience) -> object:
    """The server stops after the first object of a backup has arrived, and goes on after a while."""
    plain_tree(vault.source, files=20, large=6)
    vault.store = samba.store("plain", vault.folder.name, timeout=timeout)
    repository = open_repository(vault.store, vault.keys.officer, vault.id, patience)
    result: list[object] = []

    def run() -> None:
        try:
            result.extend(take_snapshots(repository, vault.keys, vault.sources(), vault.options))
        except StoreLost as error:
            result.append(error)

    frozen, create = threading.Event(), vault.store.create

    def freezing(name: str, parts: Sequence[Buffer]) -> None:
        create(name, parts)
        if not frozen.is_set():  # a moment of the clock would come after the end on a fast machine
            samba.freeze()
            frozen.set()

    vault.store.create = freezing  # type: ignore[method-assign]
    thread = threading.Thread(target=run)
    thread.start()
    assert frozen.wait(60)
    time.sleep(seconds)
    samba.thaw()
    thread.join(120)
    assert not thread.is_alive()
    return result[0]


def test_a_server_frozen_for_a_while(tmp_path: Path, samba: Samba) -> None:
    vault = make_vault("smb", tmp_path, samba)
    vault.create()
    result = freeze(vault, samba, 2.5, 1, StorePatience(30, 0.2, 0.5))
    assert not isinstance(result, StoreLost)
    assert len(vault.survey().snapshots()) == 1
    assert vault.restore()[0].intact


@pytest.mark.long
@pytest.mark.parametrize("patient", [True, False])
def test_a_server_frozen_for_a_minute(tmp_path: Path, samba: Samba, patient: bool) -> None:
    vault = make_vault("smb", tmp_path, samba)
    vault.create()
    patience = StorePatience(180, 0.5, 5) if patient else StorePatience(15, 0.5, 5)
    result = freeze(vault, samba, 60, 10, patience)
    assert isinstance(result, StoreLost) is not patient
    assert len(vault.survey().snapshots()) == (1 if patient else 0)
    vault.backup()
    assert verify_repository(vault.open()).damaged == []
    assert vault.restore()[0].intact


def test_a_copy_that_a_killed_run_left_is_cleared_by_the_next(local: Vault) -> None:
    leftover = local.state / "scratch" / "sqlite-left"
    leftover.parent.mkdir(parents=True)
    leftover.write_text("rows of a database, in plain")
    plain_tree(local.source, files=2)
    local.backup()
    assert not leftover.exists()
