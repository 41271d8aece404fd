"""The doctor tells a store that guards from one that does not."""

from __future__ import annotations

import shutil

from tasks.backup.verify.doctor import examine_store
from tests.backup.conftest import Vault
from tests.backup.trees import plain_tree
from tests.samba_server import GRACE


def test_a_write_once_share_passes(worm: Vault) -> None:
    plain_tree(worm.source, files=5, large=0)
    worm.backup()
    found = examine_store(worm.open(), GRACE + 1)
    assert found.failed() == []
    assert found.guarded
    names = {check.name: check.findings[0] for check in found.checks}
    assert names["dialect"].values == {"dialect": "3.1.1"}
    assert str(names["encryption"].values["cipher"]).endswith("-GCM")
    assert names["signing"].code == "smb-signing-required"
    assert names["server encryption"].code == "smb-encryption-required"
    for verb in ("overwrite", "truncate", "rename", "replace", "delete", "rename folder"):
        assert names[verb].code == "attack-refused"
    assert worm.restore()[0].intact


def test_a_plain_share_fails(vault: Vault) -> None:
    plain_tree(vault.source, files=5, large=0)
    vault.backup()
    if vault.kind == "worm":
        return
    found = examine_store(vault.open(), 0)
    assert not found.guarded
    assert {"overwrite", "delete", "rename", "truncate", "rename folder"} <= set(found.failed())
    assert vault.restore()[0].intact


def test_a_share_whose_folders_belong_to_the_host_has_a_hole(worm: Vault) -> None:
    """Samba's worm module lets a folder be renamed that lately got an entry: found by trying it."""
    shutil.chown(worm.folder, "nobody")
    found = examine_store(worm.open(), GRACE + 1)
    assert found.failed() == ["rename folder"]


def test_too_little_room_and_a_wrong_clock_are_told(local: Vault, monkeypatch) -> None:
    from datetime import timedelta

    from tasks.core import clock

    free = shutil.disk_usage(local.folder).free
    with clock.held(clock.now() + timedelta(hours=2)):
        found = examine_store(local.open(), 0, least_free=free * 2)
    assert {"free space", "clock"} <= set(found.failed())
    assert (local.folder / "canary").is_dir()
