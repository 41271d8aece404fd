"""The stand-alone reader that lies in every repository restores it."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

from tasks.backup.format.sealing import lock, to_text
from tasks.backup.keys.key_creation import add_host
from tasks.backup.run_options import SnapshotOptions
from tasks.backup.snapshot.creation import take_snapshots
from tasks.backup.snapshot.source_access import SnapshotSource
from tasks.security.sealing_keys import StretchCost
from tests.backup.conftest import Vault
from tests.backup.trees import differences, odd_tree, picture, plain_tree, write


def run_reader(vault: Vault, target: Path, *more: str) -> subprocess.CompletedProcess[str]:
    """The reader that lies in the repository, as a stranger would run it."""
    key = vault.top / "recovery.txt"
    locked = lock(
        "recovery",
        vault.recovery,
        "a passphrase",
        bytes.fromhex(vault.id),
        bytes.fromhex(vault.keys.officer),
        StretchCost(10, 1, 1),
    )
    key.write_text(to_text(locked))
    return subprocess.run(
        [sys.executable, "-I", str(vault.folder / "restore.py"), str(key), str(target), *more],
        env={**os.environ, "CONTINUITY_PASSPHRASE": "a passphrase"},
        capture_output=True,
        text=True,
        cwd=vault.top,
    )


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


def test_the_reader_guesses_no_host(local: Vault) -> None:
    write(local.source / "a", b"of desk1")
    local.backup()
    _, other = add_host(local.open(), local.officer_seed, "desk2")
    for content in (b"1", b"2"):  # the higher number decided
        write(local.top / "other" / "a", content)
        take_snapshots(local.open(), other, [SnapshotSource("o", str(local.top / "other"))], SnapshotOptions())
    done = run_reader(local, local.top / "x", "--newest")
    assert done.returncode == 1
    assert "--host, one of desk1, desk2" in done.stderr
    assert run_reader(local, local.top / "x", "--newest", "--host", "desk1").returncode == 0
    assert (local.top / "x/papers/a").read_bytes() == b"of desk1"
