from __future__ import annotations

from pathlib import Path

import pytest

from tasks.shared import keys, manifest
from tasks.shared.errors import JournalBroken
from tests.errors import refused


@pytest.fixture
def folder(home: Path, tmp_path: Path) -> Path:
    out = tmp_path / "out"
    (out / "batches").mkdir(parents=True)
    (out / "batches" / "a.abi").write_bytes(b"A")
    (out / "b.txt").write_bytes(b"B")
    manifest.write(out, home, "a test")
    return out


def test_an_untouched_folder_verifies(folder: Path, home: Path) -> None:
    assert manifest.verify(folder, keys.public(home)) == []


def test_each_change_is_named(folder: Path) -> None:
    (folder / "batches" / "a.abi").write_bytes(b"Z")
    (folder / "b.txt").unlink()
    (folder / "c.txt").write_bytes(b"new")
    assert {problem.file: problem.code for problem in manifest.verify(folder)} == {
        "batches/a.abi": "file-changed",
        "b.txt": "file-missing",
        "c.txt": "file-not-listed",
    }


def test_a_changed_manifest_or_another_signer_is_refused(folder: Path, home: Path) -> None:
    with refused("manifest-signer-mismatch", JournalBroken):
        manifest.verify(folder, bytes(32))
    path = folder / manifest.FILE
    path.write_text(path.read_text().replace("a test", "a tent"))
    with refused("signature-mismatch", JournalBroken):
        manifest.verify(folder)


def test_rotated_keys_still_tell_what_they_signed(folder: Path, home: Path) -> None:
    old = keys.public(home)
    keys.rotate(home)
    assert keys.public(home) != old
    assert manifest.verify(folder, old) == []
    assert (home / "keys" / f"signing-{keys.key_id(old)}.key").exists()
