"""Whoever may create files on the store can leave anything there. It is named, it costs little, and it
stops nothing; and what a genuine hold keeps is kept."""

from __future__ import annotations

import json
import os
import shutil
import tracemalloc
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import pytest
import zstandard

from tasks.backup.faults import DamagedData, ForeignObject, InsideRetention
from tasks.backup.format.repository import Repository
from tasks.backup.format.signed_objects import canonical_json, decompress, digest, public_hex, read_signed, sign
from tasks.backup.keys.host_keys import HostKeys
from tasks.backup.retention import pruning
from tasks.backup.retention.keep_rules import place_hold
from tasks.backup.retention.pruning import approve_plan, lost_snapshots, make_plan, sign_losses
from tasks.backup.verify.snapshot_survey import choose_snapshot
from tasks.backup.verify.verification import verify_repository
from tasks.core import clock
from tasks.core.errors import NoRight
from tests.backup.conftest import Vault, subjects
from tests.backup.restore.test_standalone_reader import run_reader
from tests.backup.retention.test_keep_rules import few_packs, old_vault  # noqa: F401
from tests.backup.test_backup_commands import call, made, top  # noqa: F401
from tests.backup.trees import write
from tests.errors import refused

FOLDERS = ("config", "manifests/desk1", "manifests/unknown", "proofs/drill1", "proofs/unknown",
           "holds", "audit", "index/desk1", "packs")  # fmt: skip
SIGNED = FOLDERS[:7]


def name_of(folder: str, data: bytes) -> str:
    """As `put.py` names what it plants: the digest fits."""
    return f"{'' if folder in ('holds', 'audit', 'index/desk1', 'packs') else '00000007-'}{digest(data)}"


def plant(vault: Vault, folder: str, data: bytes, name: str = "") -> Path:
    path = vault.folder / folder / (name or name_of(folder, data))
    path.parent.mkdir(exist_ok=True)
    path.write_bytes(data)
    return path


def bomb(kind: str, expanded: int = 48 << 20) -> bytes:
    """A signed structure, as far as its shape goes, that holds millions of empty lists."""
    stranger = HostKeys.make("00" * 16, "", "x").signer()
    tail = {"kind": kind, "signature": "0" * 128, "signer": public_hex(stranger)}
    body = b'{"format":1,"manifests":[' + b"[]," * (expanded // 3) + b"[]]}"
    text = b'{"body":' + body + b"," + canonical_json(tail)[1:]
    return zstandard.ZstdCompressor(level=9).compress(text)


def nested(depth: int = 200_000) -> bytes:
    text = b'{"body":' + b"[" * depth + b"]" * depth + b',"kind":"hold"}'
    return zstandard.ZstdCompressor().compress(text)


def strangers(vault: Vault) -> dict[str, Callable[[str], bytes]]:
    """Kinds of junk, each made for a folder."""
    stranger = HostKeys.make(vault.id, "", "x").signer()
    kinds = {"config": "config", "manifests": "manifest", "proofs": "proof", "holds": "hold"}

    def signed(folder: str) -> bytes:
        kind = kinds.get(folder.partition("/")[0], "prune-plan")
        return sign(kind, {"format": 1, "repository": vault.id}, stranger)

    def newer(folder: str) -> bytes:
        kind = kinds.get(folder.partition("/")[0], "prune-plan")
        return sign(kind, {"format": 9}, stranger)

    return {"random": lambda _: os.urandom(50), "signed": signed, "newer": newer,
            "bomb": lambda f: bomb(kinds.get(f.partition("/")[0], "prune-plan"), 3 << 20),
            "nested": lambda _: nested(), "empty": lambda _: b""}  # fmt: skip


@pytest.mark.parametrize("what", ["random", "signed", "newer", "bomb", "nested", "empty"])
def test_junk_is_named_and_stops_nothing(anywhere: Vault, what: str) -> None:
    now = old_vault(anywhere, 3)
    make = strangers(anywhere)[what]
    planted = [plant(anywhere, folder, make(folder)) for folder in FOLDERS]
    # without a number in its name, where there should be one
    planted.append(plant(anywhere, "config", b"x", digest(b"x")))
    found = anywhere.survey()
    assert found.faults() == [] and found.damage() == []
    named = subjects(found.junk())
    for path in planted[:7]:
        where = path.relative_to(anywhere.folder)
        assert str(where) in named, "each signed folder's junk is named"
    anywhere.prove()
    taken = anywhere.backup()
    assert taken.manifest.flags == [] and taken.manifest.sequence == 4
    assert anywhere.restore(choose_snapshot(anywhere.survey()))[0].intact
    report = verify_repository(anywhere.open())
    assert report.damaged == [] and len(report.junk) >= 7
    with clock.held(datetime.fromtimestamp(now, UTC)):
        plan = make_plan(anywhere.open(), now)
        assert [row[1][:8] for row in plan.manifests] == ["00000001"]
        assert approve_plan(anywhere.open(), plan, anywhere.officer)
    assert run_reader(anywhere, anywhere.top / "bare").returncode == 0


def test_what_expands_far_costs_no_memory(anywhere: Vault) -> None:
    write(anywhere.source / "a", b"1")
    anywhere.backup()
    planted = {folder: bomb(kind) for folder, kind in zip(SIGNED, (
        "config", "manifest", "manifest", "proof", "proof", "hold", "prune-plan"), strict=True)}  # fmt: skip
    for folder, data in planted.items():
        assert len(data) < 22_500
        plant(anywhere, folder, data)
    tracemalloc.start()
    try:
        found = anywhere.survey()
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert peak < 16 << 20, f"{peak >> 20} MiB for {sum(map(len, planted.values()))} bytes"
    assert found.faults() == [] and len(found.junk()) >= 7


def test_a_key_holder_cannot_nest_without_end_either(anywhere: Vault) -> None:
    """The host's own key may be stolen: what it signs is read into its type, not into lists."""
    body = {"format": 1, "extra": "HERE"}
    data = sign("hold", body, anywhere.keys.signer())
    deep = b"[" * 100_000 + b"]" * 100_000
    text = decompress(data).replace(b'"HERE"', deep)
    message = b"continuity-backup/1/hold\n" + canonical_json(body).replace(b'"HERE"', deep)
    old = json.loads(decompress(data))["signature"].encode()
    text = text.replace(old, anywhere.keys.signer().sign(message).hex().encode())
    with pytest.raises(DamagedData):
        read_signed(zstandard.ZstdCompressor().compress(text), ["hold"], [anywhere.keys.public()])


def test_the_signature_is_checked_before_the_body_is_parsed(anywhere: Vault, monkeypatch: pytest.MonkeyPatch) -> None:
    data = sign("hold", {"format": 1}, HostKeys.make(anywhere.id, "", "x").signer())

    def parse(*_: object, **__: object) -> None:
        raise AssertionError("parsed before the signature was checked")

    monkeypatch.setattr("tasks.backup.format.signed_objects.msgspec.json.decode", parse)
    monkeypatch.setattr("tasks.backup.format.signed_objects.json.loads", parse)
    with refused("signing-key-unknown", ForeignObject):
        read_signed(data, ["hold"], [anywhere.keys.public()])
    forged = decompress(data).replace(b'"format":1', b'"format":2')
    with refused("structure-signature-invalid", ForeignObject):
        read_signed(zstandard.ZstdCompressor().compress(forged), ["hold"])


def test_genuine_objects_copied_elsewhere_are_junk(anywhere: Vault) -> None:
    """They bear good signatures, and anybody can copy them."""
    write(anywhere.source / "a", b"1")
    anywhere.backup()
    anywhere.prove()
    made_hold = place_hold(anywhere.open(), anywhere.keys.signer(), "desk1", ["ab" * 32], "subpoena")
    copies = [anywhere.objects(folder)[0] for folder in ("config", "manifests", "proofs")]
    copies.append(anywhere.folder / "holds" / made_hold)
    planted = []
    for path in copies:
        data = path.read_bytes()
        for folder in SIGNED:
            if path.parent != anywhere.folder / folder or folder not in ("holds", "audit"):
                planted.append(plant(anywhere, folder, data))
    found = anywhere.survey()
    assert found.faults() == [] and len(found.junk()) >= len(planted)
    anywhere.prove()
    anywhere.backup()
    assert verify_repository(anywhere.open()).intact


def torn(vault: Vault, folder: str) -> Path:
    number = "" if folder in ("holds", "audit") else "00000042-"
    return plant(vault, folder, os.urandom(50), f"{number}{os.urandom(32).hex()}")


@pytest.mark.parametrize("folder", SIGNED)
def test_bytes_that_do_not_fit_their_name_stop_no_proof_and_no_prune(anywhere: Vault, folder: str) -> None:
    now = old_vault(anywhere, 3)
    path = torn(anywhere, folder)
    found = anywhere.survey()
    assert found.faults() == []
    anywhere.prove()
    anywhere.backup()
    assert anywhere.restore(choose_snapshot(anywhere.survey()))[0].intact
    told = [*anywhere.survey().damage(), *anywhere.survey().junk()]
    assert any(path.name in where or path.parent.name in where for where in subjects(told))
    with clock.held(datetime.fromtimestamp(now, UTC)):
        if folder == "holds":  # it may have been a hold: nothing expires until the officer signs
            with refused("hold-content-unknown", InsideRetention):
                make_plan(anywhere.open(), now)
            label = f"holds/{path.name[:16]}"
            assert list(lost_snapshots(anywhere.survey())) == [label]
            sign_losses(anywhere.open(), anywhere.survey(), anywhere.officer, [label])
            assert anywhere.survey().damage() == []
        assert len(make_plan(anywhere.open(), now).manifests) == 1


def test_what_a_damaged_hold_kept_is_kept(anywhere: Vault) -> None:
    now = old_vault(anywhere, 3)
    first = anywhere.survey().snapshots()[0].digest
    made_hold = place_hold(anywhere.open(), anywhere.keys.signer(), "desk1", [first], "subpoena")
    path = anywhere.folder / "holds" / made_hold
    with refused("nothing-past-retention", InsideRetention):
        make_plan(anywhere.open(), now)
    kept = path.read_bytes()
    for data in (b"", kept[:40], os.urandom(len(kept)), kept + bytes(8 << 20)):
        path.write_bytes(data)
        with refused("hold-content-unknown", InsideRetention):
            make_plan(anywhere.open(), now)
    (path.parent / f"{path.name}.1").write_bytes(kept)  # the second attempt is whole
    with refused("nothing-past-retention", InsideRetention):
        make_plan(anywhere.open(), now)


def test_a_hold_counts_whatever_became_of_its_host(anywhere: Vault) -> None:
    """A config that names the host no more makes its holds no junk."""
    now = old_vault(anywhere, 3)
    other = HostKeys.make(anywhere.id, public_hex(anywhere.officer), "desk2")
    repository = anywhere.open()
    hosts = dict(repository.config.hosts)
    from tasks.backup.format.structures import HostKey

    if anywhere.kind == "worm":  # there only the share's administrator makes folders
        for name in ("manifests", "index"):
            (anywhere.folder / name / "desk2").mkdir()
            shutil.chown(anywhere.folder / name / "desk2", "nobody")

    more: Repository = repository.add_config(anywhere.officer, hosts={**hosts, "desk2": [HostKey(other.public())]})
    first = anywhere.survey().snapshots()[0].digest
    place_hold(more, other.signer(), "desk2", [first], "subpoena")
    more.add_config(anywhere.officer, hosts=hosts)
    found = anywhere.survey()
    assert first in found.holds.reasons and found.junk() == []
    with pytest.raises(InsideRetention):
        make_plan(anywhere.open(), now)


def test_orphans_stay_while_a_manifest_may_need_them(anywhere: Vault, monkeypatch: pytest.MonkeyPatch) -> None:
    now = old_vault(anywhere, 3)
    spare = plant(anywhere, "packs", os.urandom(99))
    os.utime(spare, (1, 1))
    assert spare.name in dict(make_plan(anywhere.open(), now).packs)
    path = torn(anywhere, "manifests/desk1")
    plan = make_plan(anywhere.open(), now)
    assert len(plan.manifests) == 1 and spare.name not in dict(plan.packs)
    path.unlink()
    assert pruning.ORPHAN_DAYS and spare.name in dict(make_plan(anywhere.open(), now).packs)


def test_a_file_that_may_not_be_read_stops_nothing(local: Vault, monkeypatch: pytest.MonkeyPatch) -> None:
    """Another account made it, for itself alone."""
    write(local.source / "a", b"1")
    local.backup()
    closed = {str(plant(local, folder, os.urandom(9)).relative_to(local.folder)) for folder in SIGNED}
    read = type(local.store).read

    def refuse(store: object, name: str, *more: object) -> bytes:
        if name in closed:
            raise NoRight(f"no right to read {name}")
        return read(store, name, *more)

    monkeypatch.setattr(type(local.store), "read", refuse)
    found = local.survey()
    assert found.faults() == [] and len(found.damage()) >= 5
    assert local.prove() and local.backup() and local.restore(choose_snapshot(local.survey()))[0].intact


def test_the_commands_name_junk_and_go_on(call, top: Path) -> None:  # noqa: F811
    made(call, top)
    assert call("run")[0] == 0
    store = top / "store"
    for folder in ("holds", "audit", "config", "proofs/drill1"):
        data = os.urandom(50)
        (store / folder / name_of(folder, data)).write_bytes(data)
    junk = digest(next(p for p in (store / "holds").iterdir()).read_bytes())
    for command in (("list",), ("run",), ("verify",), ("prove",),
                    ("restore", str(top / "back"), "--key", str(top / "safe/recovery.key"))):  # fmt: skip
        code, out, err = call(*command)
        assert code == 0, (command, out, err)
        assert f"holds/{junk}" in out, command
    code, out, err = call("list", "--json")
    assert code == 0 and json.loads(out) and f"holds/{junk}" in err

    from tasks.backup import status
    from tasks.core.settings import load_settings
    from tasks.core.status_lines import AMBER
    from tasks.opening import open_journal
    from tasks.workspace import Workspace

    settings = load_settings(top / "home")
    book = open_journal(settings)
    (line,) = [
        line for line in status.lines(Workspace(settings, journal=book)) if line.code == "unsigned-objects-on-store"
    ]
    assert line.light == AMBER and line.fact.startswith("4 ")
    book.close()
