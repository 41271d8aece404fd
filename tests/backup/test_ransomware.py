"""The attacker owns the host, its files, its keys and its password for the share."""

from __future__ import annotations

import json
import subprocess
import sys
import time
from pathlib import Path

from tasks.backup.format.sealing import from_text, lock, to_text
from tasks.backup.verify.snapshot_survey import choose_snapshot
from tasks.backup.verify.verification import verify_repository
from tasks.security.sealing_keys import StretchCost
from tests.backup.conftest import Vault, codes, subjects
from tests.backup.restore.test_standalone_reader import run_reader
from tests.backup.trees import differences, odd_tree, picture, plain_tree, write
from tests.samba_server import GRACE, PASSWORD, USER

ROOT = Path(__file__).parents[2]


def attack(worm: Vault) -> dict:
    key_file = worm.top / "host-keys.json"
    worm.keys.save(key_file)
    place = ["127.0.0.1", str(worm.samba.port), "worm", worm.folder.name, USER, PASSWORD]
    command = [sys.executable, "-m", "tests.backup.attacker", str(key_file), str(worm.state), *place]
    done = subprocess.run(command, capture_output=True, text=True, cwd=ROOT)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def test_an_owner_of_the_host_neither_reads_nor_destroys(worm: Vault) -> None:
    plain_tree(worm.source, files=40)
    odd_tree(worm.source)
    (worm.source / "pipe").unlink()
    worm.backup()
    write(worm.source / "a", b"the last good state")
    good = worm.backup()
    before = picture(worm.source)
    worm.prove()
    held = {path: path.read_bytes() for path in worm.objects()}
    time.sleep(GRACE + 1)

    found = attack(worm)

    # he read nothing, although he knows every id and place
    assert found["packs_tried"] >= 3
    assert found["packs_opened"] == 0
    assert found["ids_known"] > 40
    # he harmed nothing that was older than the grace time
    assert found["harm"] == []
    assert found["objects_attacked"] == len(held)
    assert {path: path.read_bytes() for path in held} == held
    assert len(worm.objects()) > len(held) + 20
    # a bare machine: recovery key and passphrase, typed from paper
    sheet = to_text(lock("recovery", worm.recovery, "a passphrase", bytes.fromhex(worm.id),
                         bytes.fromhex(worm.keys.officer), StretchCost(10, 1, 1)))  # fmt: skip
    seed = from_text(sheet).open("a passphrase")
    survey = worm.survey()
    choice = choose_snapshot(survey)
    assert choice.snapshot.digest == good.digest
    assert survey.behind(good.label) is None
    report, folder = worm.restore(choice, seed=seed)
    assert report.intact
    assert differences(before, picture(folder / "papers")) == []
    # and the rest is reported
    found = [*survey.faults(), *survey.damage(), *survey.junk()]
    assert set(codes(found)) >= {
        "chain-forked", "previous-snapshot-missing", "structure-format-too-new",
        "snapshot-number-skipped", "signing-key-unknown",
    }  # fmt: skip
    assert any(path.startswith("manifests/desk1/00010000-") for path in subjects(found))
    assert codes(choice.warnings) == ["later-snapshots-passed-over"]
    assert len(verify_repository(worm.open()).leftovers) >= 20
    assert not Path("/tmp/outside").exists()
    done = run_reader(worm, worm.top / "bare")
    assert done.returncode == 0, done.stderr
    assert differences(before, picture(worm.top / "bare/papers")) == []


def test_the_attacker_on_a_share_without_guard_is_the_control(vault: Vault) -> None:
    """The same attack succeeds where nothing guards: the test above does not pass by accident."""
    if vault.kind != "smb":
        return
    plain_tree(vault.source, files=5, large=0)
    vault.backup()
    key_file = vault.top / "host-keys.json"
    vault.keys.save(key_file)
    place = ["127.0.0.1", str(vault.samba.port), "plain", vault.folder.name, USER, PASSWORD]
    command = [sys.executable, "-m", "tests.backup.attacker", str(key_file), str(vault.state), *place]
    done = subprocess.run(command, capture_output=True, text=True, cwd=ROOT)
    harm = json.loads(done.stdout)["harm"] if done.returncode == 0 else ["all of it"]
    assert harm
