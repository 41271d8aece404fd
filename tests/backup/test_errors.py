"""A clear error for each thing that goes wrong, and nothing harmed."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import threading
from collections import namedtuple
from datetime import timedelta
from pathlib import Path

import pytest
from smbprotocol.exceptions import SMBResponseException
from smbprotocol.header import SMB2HeaderResponse

from tasks.backup.faults import ClockSetBack, DamagedData, ForeignRepository, NewerFormat, Suspicious, WrongKey
from tasks.backup.format.repository import open_repository
from tasks.backup.format.signed_objects import ObjectName, canonical_json, digest, read_signed, sign
from tasks.backup.format.structures import encode_structure
from tasks.backup.keys.host_keys import HostKeys
from tasks.backup.snapshot.creation import take_snapshots
from tasks.backup.snapshot.host_state import run_lock
from tasks.backup.stores.local_store import LocalStore
from tasks.backup.stores.store_protocol import StorePatience
from tasks.backup.verify.snapshot_proofs import unproved_snapshots
from tasks.backup.verify.snapshot_survey import source_freshness
from tasks.core import clock
from tasks.core.errors import Busy, Exists, Missing, NoRight, StoreFull, StoreLost
from tasks.transport.smb.connection import SmbPlace, as_fault
from tasks.transport.smb.store import SmbStore
from tests.backup.conftest import Vault, codes, make_vault
from tests.backup.trees import plain_tree, write
from tests.errors import refused
from tests.samba_server import Samba


def test_no_repository_there(tmp_path: Path) -> None:
    with refused("store-not-found", StoreLost):
        LocalStore(tmp_path / "nowhere").list("packs")
    with refused("repository-not-found", Missing):
        open_repository(LocalStore(tmp_path), "00" * 32, "00" * 16, StorePatience(0))


def test_a_foreign_repository(anywhere: Vault, tmp_path: Path) -> None:
    (tmp_path / "two").mkdir()
    other = make_vault("local", tmp_path / "two", None)
    other.create()
    with refused("key-of-another-repository", ForeignRepository):
        open_repository(anywhere.store, other.keys.officer, other.id)


def test_a_repository_cannot_be_made_twice(anywhere: Vault) -> None:
    with pytest.raises(Exists):
        anywhere.create()


def test_a_newer_format_of_each_kind(anywhere: Vault) -> None:
    write(anywhere.source / "a", b"1")
    taken = anywhere.backup()
    head = json.loads((anywhere.folder / "REPO").read_bytes())
    kept = (anywhere.folder / "REPO").read_bytes()
    (anywhere.folder / "REPO").write_bytes(canonical_json({**head, "format": 2}))
    with refused("repository-format-too-new", NewerFormat):
        anywhere.open()
    (anywhere.folder / "REPO").write_bytes(kept)
    body = {**encode_structure(taken.manifest), "format": 2, "sequence": 2, "previous": taken.digest}
    data = sign("manifest", body, anywhere.keys.signer())
    anywhere.open().put("manifests/desk1", ObjectName(2, digest(data), 0), [data])
    assert codes(anywhere.survey().faults()) == ["structure-format-too-new"]
    assert anywhere.restore()[0].intact  # what this program knows it restores
    with refused("manifest-not-usable", NewerFormat) as caught:
        anywhere.backup()  # it must not go on from an older snapshot
    assert caught.codes == ["structure-format-too-new"]


def test_a_structure_of_one_kind_is_not_taken_for_another(anywhere: Vault) -> None:
    write(anywhere.source / "a", b"1")
    taken = anywhere.backup()
    data = sign("proof", encode_structure(taken.manifest), anywhere.keys.signer())
    with refused("structure-kind-wrong", DamagedData):
        read_signed(data, ["manifest"])
    with pytest.raises(DamagedData):
        read_signed(b"\x28\xb5\x2f\xfd rubbish", ["manifest"])


def test_a_share_without_the_right_to_write(samba: Samba, tmp_path: Path) -> None:
    vault = make_vault("smb", tmp_path, samba)
    vault.create()
    write(vault.source / "a", b"1")
    vault.store = samba.store("readonly", vault.folder.name)
    with refused("share-access-denied", NoRight):
        vault.backup()


def test_a_folder_without_the_right_to_write(local: Vault) -> None:
    write(local.source / "a", b"1")
    (local.folder / "packs").chmod(0o555)
    script = (
        "import os, sys\n"
        "from tasks.backup.stores.local_store import LocalStore\n"
        "from tasks.core.errors import NoRight\n"
        "os.setgroups([]); os.setgid(65534); os.setuid(65534)\n"
        "try: LocalStore(sys.argv[1]).create('packs/x', [b'x'])\n"
        "except NoRight as error: print(error.code); sys.exit(7)\n"
    )
    for above in (local.folder, *local.folder.parents):
        if str(above).startswith("/tmp/"):
            above.chmod(above.stat().st_mode | 0o055)
    command = [sys.executable, "-c", script, str(local.folder)]
    environment = {"PYTHONPATH": str(Path(__file__).parents[2])}
    done = subprocess.run(command, capture_output=True, text=True, env=environment)
    assert done.returncode == 7, done.stderr
    assert done.stdout.strip() == "store-access-denied"


def test_wrong_password_wrong_share_and_no_server(samba: Samba) -> None:
    def place(share: str = "plain", password: str = "x", port: int = samba.port) -> SmbStore:
        return SmbStore(SmbPlace("127.0.0.1", share, "brokerbak", password, "", port, 5, "ntlm"))

    with refused("share-login-refused", NoRight):
        place().list("")
    good = samba.place("plain").password
    with refused("share-name-unknown", StoreLost):
        place(share="nothing", password=good).list("")
    with refused("share-call-failed", StoreLost):
        place(port=1).list("")
    assert good not in repr(samba.place("plain"))


def test_an_account_that_may_not_log_on_is_told_why(samba: Samba, tmp_path: Path) -> None:
    server = Samba(tmp_path)
    server.start()
    conf = str(tmp_path / "smb.conf")
    subprocess.run(["pdbedit", "-s", conf, "-r", "-u", "nobody", "-c", "[L]"], capture_output=True)
    try:
        with refused("share-account-locked", NoRight):
            server.store("plain").list("")
    finally:
        server.stop()
    answer = SMB2HeaderResponse()
    answer["status"] = 0xC0000071
    assert as_fault(SMBResponseException(answer), "connect").code == "share-password-expired"


@pytest.fixture
def small_disk(samba: Samba) -> Path:
    """A disk of 24 MB behind the share `small`."""
    folder = samba.top / "small"
    if os.path.ismount(folder):
        subprocess.run(["umount", folder], check=True)
    done = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=24m", "none", folder])
    if done.returncode:
        pytest.skip("no right to mount a small disk here")
    folder.chmod(0o777)
    yield folder
    subprocess.run(["umount", "-l", folder], check=True)


@pytest.mark.parametrize("kind", ["local", "smb"])
def test_a_full_disk(small_disk: Path, samba: Samba, tmp_path: Path, kind: str) -> None:
    store = LocalStore(small_disk) if kind == "local" else samba.store("small")
    vault = Vault(store, small_disk, tmp_path, kind)
    vault.create()
    if kind == "smb":
        for path in small_disk.rglob("*"):
            shutil.chown(path, "nobody")
    write(vault.source / "small", b"fits")
    vault.backup()
    write(vault.source / "big", os.urandom(30_000_000))
    with pytest.raises(StoreFull) as caught:
        vault.backup()
    assert caught.value.code in ("store-full", "share-full")
    assert len(vault.survey().snapshots()) == 1
    assert vault.restore()[0].intact
    (vault.source / "big").unlink()
    for path in (small_disk / "packs").iterdir():  # the administrator makes room
        if path.stat().st_size > 1_000_000:
            path.unlink()
    write(vault.source / "small2", b"fits again")
    vault.backup()
    assert vault.restore()[0].intact


def test_a_full_disk_at_the_target(small_disk: Path, local: Vault) -> None:
    write(local.source / "big", os.urandom(30_000_000))
    local.backup()
    local.top = small_disk
    with refused("restore-space-insufficient", StoreFull):
        local.restore()
    with refused("disk-full", StoreFull):
        local.restore(patterns=("papers",))


def test_a_target_too_small_for_little_says_how_small(local: Vault, monkeypatch: pytest.MonkeyPatch) -> None:
    """It said 'needs 0 MB, has 0 MB'."""
    write(local.source / "note", b"x" * 400_000)
    local.backup()
    Room = namedtuple("Room", "total used free")
    monkeypatch.setattr("tasks.backup.restore.snapshot_restore.shutil.disk_usage", lambda _: Room(9, 9, 380_000))
    with refused("restore-space-insufficient", StoreFull) as caught:
        local.restore()
    sizes = [caught.values[name] for name in ("size", "size2", "size3")]
    assert sizes == ["0.4 MB", "0.4 MB", "20,000 bytes"]


def test_holes_take_no_room_at_the_target(small_disk: Path, local: Vault) -> None:
    with write(local.source / "disk.img", b"begins").open("r+b") as file:
        file.truncate(30_000_000_000)
    local.backup()
    local.top = small_disk
    report, folder = local.restore()
    assert report.intact
    assert (folder / "papers/disk.img").stat().st_size == 30_000_000_000


def test_a_clock_that_was_set_back(anywhere: Vault) -> None:
    write(anywhere.source / "a", b"1")
    anywhere.backup()
    with clock.held(clock.now() - timedelta(days=2)), refused("clock-behind-newest-snapshot", ClockSetBack):
        anywhere.backup()
    assert anywhere.backup().manifest.sequence == 2


def test_a_clock_that_was_ahead_for_a_while_stops_nothing(anywhere: Vault) -> None:
    write(anywhere.source / "a", b"1")
    with clock.held(clock.now() + timedelta(days=365)):
        anywhere.backup()
        anywhere.prove()
    late = source_freshness(anywhere.survey(), "desk1", anywhere.sources())[0]
    assert late.late
    assert late.finding.code == "newest-snapshot-in-future"
    with clock.held(clock.now() - timedelta(days=1)), refused("clock-behind-newest-snapshot", ClockSetBack):
        anywhere.backup()  # the store's clock does not bear it out
    told = anywhere.backup().manifest.flags
    assert "clock-was-ahead" in codes(told)
    assert not source_freshness(anywhere.survey(), "desk1", anywhere.sources())[0].late
    assert [s.sequence for s in anywhere.survey().snapshots()] == [1, 2]
    assert [s.sequence for s in unproved_snapshots(anywhere.survey())] == [2]
    with pytest.raises(Suspicious):  # what was proved a year ahead excuses nothing
        anywhere.prove()
    with clock.held(clock.now() - timedelta(days=1)):
        assert anywhere.backup(clock_right=True).manifest.sequence == 3


def test_two_runs_at_once(anywhere: Vault) -> None:
    write(anywhere.source / "a", b"1")
    with run_lock(anywhere.state), pytest.raises(Busy):
        anywhere.backup()
    assert anywhere.backup().manifest.sequence == 1


def test_a_missing_source_is_told_and_makes_no_snapshot(anywhere: Vault) -> None:
    from tasks.backup.snapshot.source_access import SnapshotSource

    with refused("sources-unread") as caught:
        anywhere.backup([SnapshotSource("x", str(anywhere.top / "gone-folder"))])
    assert [problem.file for problem in caught.problems] == ["x"]
    assert anywhere.survey().snapshots() == []


def test_a_connection_that_breaks_is_made_anew(samba: Samba, tmp_path: Path) -> None:
    """The broken attempt keeps its name; the next one takes the same digest with a suffix."""
    vault = make_vault("smb", tmp_path, samba)
    vault.create()
    plain_tree(vault.source, files=30, large=4)
    cut = threading.Event()
    real = SmbStore.create

    def create(self, name, parts):
        if name.startswith("packs/") and not cut.is_set():
            cut.set()
            with self._lock:
                links = list(self._idle)
            for link in links:
                link._cut()
            torn = self.root if hasattr(self, "root") else vault.folder
            (torn / name).write_bytes(b"torn")
            shutil.chown(torn / name, "nobody")
            raise StoreLost("the connection broke")
        return real(self, name, parts)

    vault.store.__class__.create = create
    try:
        vault.backup()
    finally:
        SmbStore.create = real
    names = [path.name for path in vault.objects("packs")]
    assert sum(name.endswith(".1") for name in names) == 1
    assert vault.restore()[0].intact
    from tasks.backup.verify.verification import verify_repository

    assert verify_repository(vault.open()).damaged == []


def test_a_frozen_server_does_not_hold_us_for_ever(samba: Samba, tmp_path: Path) -> None:
    vault = make_vault("smb", tmp_path, samba)
    vault.create()
    plain_tree(vault.source, files=5, large=1)
    vault.backup()
    vault.store = samba.store("plain", vault.folder.name, timeout=2)
    repository = open_repository(vault.store, vault.keys.officer, vault.id, StorePatience(2, 0.2, 1))
    write(vault.source / "new", b"new")
    samba.freeze()
    try:
        with pytest.raises(StoreLost):
            take_snapshots(repository, vault.keys, vault.sources(), vault.options)
    finally:
        samba.thaw()
    assert len(vault.survey().snapshots()) == 1
    vault.backup()
    assert vault.restore()[0].intact


def test_keys_of_another_host_sign_nothing_here(anywhere: Vault) -> None:
    write(anywhere.source / "a", b"1")
    anywhere.backup()
    anywhere.keys = HostKeys.make(anywhere.id, anywhere.keys.officer, "desk7")
    with refused("host-key-ended", WrongKey):
        anywhere.backup()
