from __future__ import annotations

from pathlib import Path

import pytest

from tasks.core.errors import JournalBroken
from tasks.core.signatures import key_id
from tasks.security import host_keys
from tasks.security.host_keys import host_public_key
from tasks.security.manifest import MANIFEST_FILE, verify_manifest, write_manifest
from tests.errors import refused


@pytest.fixture
def folder(home: Path, tmp_path: Path) -> Path:
    out = tmp_path / "out"
    (out / "batches").mkdir(parents=True)
    (out / "batches" / "a.abi").write_bytes(b"A")
    (out / "b.txt").write_bytes(b"B")
    write_manifest(out, home, "a test")
    return out


def test_an_untouched_folder_verifies(folder: Path, home: Path) -> None:
    assert verify_manifest(folder, host_public_key(home)) == []


def test_each_change_is_named(folder: Path) -> None:
    (folder / "batches" / "a.abi").write_bytes(b"Z")
    (folder / "b.txt").unlink()
    (folder / "c.txt").write_bytes(b"new")
    assert {problem.file: problem.code for problem in verify_manifest(folder)} == {
        "batches/a.abi": "file-changed",
        "b.txt": "file-missing",
        "c.txt": "file-not-listed",
    }


def test_a_changed_manifest_or_another_signer_is_refused(folder: Path, home: Path) -> None:
    with refused("manifest-signer-mismatch", JournalBroken):
        verify_manifest(folder, bytes(32))
    path = folder / MANIFEST_FILE
    path.write_text(path.read_text().replace("a test", "a tent"))
    with refused("signature-mismatch", JournalBroken):
        verify_manifest(folder)


def test_rotated_keys_still_tell_what_they_signed(folder: Path, home: Path) -> None:
    old = host_public_key(home)
    host_keys.rotate_host_key(home)
    assert host_public_key(home) != old
    assert verify_manifest(folder, old) == []
    assert (home / "keys" / f"signing-{key_id(old)}.key").exists()
