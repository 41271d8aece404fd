"""What a drill worker cannot or may not write on its machine, and still proves."""

from __future__ import annotations

import os
import shutil
import tempfile
from pathlib import Path

import pytest

from tasks.backup.faults import DamagedData
from tests.backup.conftest import Vault, make_vault
from tests.backup.trees import write


def test_what_no_restore_writes_is_told_and_stops_no_proof(anywhere: Vault) -> None:
    for name in ("C:\\temp", "a:b", "x:y/inner"):
        write(anywhere.source / name, name.encode())
    os.mkfifo(anywhere.source / "pipe")
    write(anywhere.source / "plain", b"plain")
    for _ in range(2):  # every night, not only when it is new
        found = anywhere.backup().problems
        assert {problem.code for problem in found} == {"name-like-drive-letter"}
        assert [problem.subject.partition(":")[0] for problem in found] == [
            "papers/C", "papers/a", "papers/x"
        ]  # fmt: skip
    for scope in ("sample", "all"):
        assert anywhere.prove(scope).proof.files == 1
    report, _ = anywhere.restore(devices=True)
    assert len(report.refused) == 4
    # their content is looked at all the same
    with pytest.raises(DamagedData):
        damage_packs(anywhere)
        anywhere.prove()


def damage_packs(vault: Vault) -> None:
    for path in vault.objects("packs"):
        data = bytearray(path.read_bytes())
        data[len(data) // 4] ^= 1
        path.write_bytes(data)


@pytest.mark.skipif(not hasattr(os, "seteuid") or os.getuid() != 0, reason="needs root")
def test_a_drill_worker_without_roots_rights_proves_and_leaves_nothing_behind() -> None:
    top = Path(tempfile.mkdtemp())
    vault = make_vault("local", top, None)
    vault.create()
    write(vault.source / "locked" / "for nobody", b"secret").chmod(0)
    (vault.source / "locked").chmod(0o500)
    vault.backup()
    shutil.chown(top, "nobody")
    for path in top.rglob("*"):
        shutil.chown(path, "nobody")
    try:
        os.seteuid(top.stat().st_uid)
        assert vault.prove().proof.files == 1
        report, folder = vault.restore(compare=True)
    finally:
        os.seteuid(0)
    assert report.intact
    assert (folder / "papers/locked/for nobody").stat().st_mode & 0o777 == 0
    assert list((top / "scratch").iterdir()) == []
    shutil.rmtree(top)
