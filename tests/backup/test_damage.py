"""Every damage is found, none is restored in silence, and it costs no more than it must."""

from __future__ import annotations

import os
import random
import shutil
from pathlib import Path

import pytest

from tasks.backup.faults import ChainBroken
from tasks.backup.format.manifest_chain import read_manifest
from tasks.backup.restore.pack_library import SnapshotListing, open_library
from tasks.backup.retention.pruning import lost_snapshots, sign_losses
from tasks.backup.snapshot.host_state import write_damaged_packs
from tasks.backup.verify.snapshot_survey import choose_snapshot
from tasks.backup.verify.verification import verify_repository
from tasks.core.errors import Missing, Refused, StoreFault
from tests.backup.conftest import Vault, codes, subjects
from tests.backup.trees import differences, odd_tree, picture, plain_tree, write
from tests.errors import refused

SEED = int(os.environ.get("CONTINUITY_DAMAGE_SEED", random.randrange(1 << 30)))


@pytest.fixture
def small_packs(monkeypatch: pytest.MonkeyPatch) -> None:
    """Packs of 3 MiB, so that a small repository has several."""
    monkeypatch.setattr("tasks.backup.format.pack_codec.PACK_BYTES", 3 << 20)
    monkeypatch.setattr("tasks.backup.snapshot.pipeline.PACK_BYTES", 3 << 20)


def flip(path: Path, dice: random.Random) -> str:
    data = bytearray(path.read_bytes())
    place = dice.randrange(len(data) * 8)
    data[place // 8] ^= 1 << place % 8
    path.write_bytes(bytes(data))
    return f"bit {place} of {path}"


def shorten(path: Path, dice: random.Random) -> str:
    size = dice.randrange(path.stat().st_size)
    os.truncate(path, size)
    return f"{path} cut to {size}"


def files_by_pack(vault: Vault) -> dict[str, set[str]]:
    """Which files of the newest snapshot have content in which pack."""
    snapshot = choose_snapshot(vault.survey()).snapshot
    _, manifest = read_manifest(vault.open(), snapshot.host, snapshot.name)
    library = open_library(vault.open(), vault.recovery, manifest.packs)
    found: dict[str, set[str]] = {}
    for entry in SnapshotListing(library, manifest).entries():
        for name in entry.blobs:
            pack = library.packs[library.places[bytes.fromhex(name)][0]].digest
            found.setdefault(pack, set()).add(entry.path.removeprefix("papers/"))
    return found


def storm(vault: Vault, times: int) -> None:
    """Damage one thing at a time, look, and mend it."""
    print(f"\ndamage: seed {SEED}, {times} times")
    dice = random.Random(SEED)
    before, by_pack = picture(vault.source), files_by_pack(vault)
    files = vault.objects()
    assert verify_repository(vault.open()).damaged == []
    for turn in range(times):
        one, other = dice.sample(files, 2)
        kept = {path: path.read_bytes() for path in (one, other)}
        kind = turn % 10
        if kind < 7:
            what = flip(one, dice)
        elif kind < 9:
            what = shorten(one, dice)
        else:
            one.write_bytes(kept[other])
            other.write_bytes(kept[one])
            what = f"{one} and {other} swapped"
        try:
            allowed = by_pack.get(one.name, set()) | (by_pack.get(other.name, set()) if kind == 9 else set())
            look(vault, before, what, allowed)
        finally:
            for path, data in kept.items():
                path.write_bytes(data)
    assert verify_repository(vault.open()).damaged == []


def look(vault: Vault, before: dict[bytes, tuple], what: str, allowed: set[str]) -> None:
    try:
        repository = vault.open()
    except (StoreFault, Refused):
        return  # REPO or the config: named at once, nothing is restored
    assert verify_repository(repository).damaged, what
    try:
        choice = choose_snapshot(vault.survey())
        report, folder = vault.restore(choice)
    except (StoreFault, Refused):
        return
    after = picture(folder / "papers")
    shutil.rmtree(folder)
    lost = {path.removeprefix("papers/") for path in subjects(report.lost)}
    if choice.snapshot.sequence != 2:
        return  # the newest manifest or its proof was hit: an earlier snapshot came back
    assert set(differences(before, after)) == lost, f"{what}: restored in silence or not named"
    assert lost <= allowed, f"{what}: cost more than the files in it: {lost - allowed}"


@pytest.fixture
def damaged_vault(local: Vault, small_packs: None) -> Vault:
    plain_tree(local.source, files=150, large=0)
    dice = random.Random(7)
    for number in range(24):
        write(local.source / "more" / f"{number}.bin", dice.randbytes(400_000))
    local.backup()
    local.prove()
    write(local.source / "new.txt", b"new" * 1000)
    local.backup()
    local.prove()
    return local


def test_random_damage_is_found_and_never_restored(damaged_vault: Vault) -> None:
    storm(damaged_vault, 40)


@pytest.mark.long
def test_a_thousand_damages(damaged_vault: Vault) -> None:
    storm(damaged_vault, 1000)


# -- losses: what each costs stands in the README


def test_losing_index_segments_costs_nothing_while_the_cache_stands(vault: Vault) -> None:
    plain_tree(vault.source)
    first = vault.backup().manifest
    for path in vault.objects("index"):
        path.unlink()
    assert any("index/desk1" in path for path in subjects(verify_repository(vault.open()).damaged))
    assert vault.restore()[0].intact
    assert vault.backup().manifest.packs == first.packs


def test_losing_index_and_cache_costs_one_full_backup(anywhere: Vault) -> None:
    plain_tree(anywhere.source)
    before = picture(anywhere.source)
    first = anywhere.backup().manifest
    for path in anywhere.objects("index"):
        path.unlink()
    shutil.rmtree(anywhere.state)
    second = anywhere.backup().manifest
    assert not {name for name, _ in first.packs} & {name for name, _ in second.packs}
    report, folder = anywhere.restore()
    assert report.intact
    assert differences(before, picture(folder / "papers")) == []


def test_losing_the_newest_manifest_costs_that_snapshot(anywhere: Vault) -> None:
    plain_tree(anywhere.source)
    anywhere.backup()
    before = picture(anywhere.source)
    write(anywhere.source / "later", b"later")
    anywhere.backup()
    anywhere.objects("manifests")[-1].unlink()
    report, folder = anywhere.restore()
    assert report.intact
    assert differences(before, picture(folder / "papers")) == []
    third = anywhere.backup()
    assert third.manifest.sequence == 3
    (flag,) = third.manifest.flags
    assert (flag.code, flag.values) == ("store-behind-host", {"sequence": 1, "own": 2})
    assert "previous-snapshot-missing" in codes(anywhere.survey().faults())
    assert anywhere.restore()[0].intact


@pytest.mark.parametrize("how", ["gone", "rotten"])
def test_the_officer_signs_for_a_lost_snapshot_and_proofs_go_on(anywhere: Vault, how: str) -> None:
    for number in range(3):
        write(anywhere.source / str(number), b"content")
        anywhere.backup()
        if number == 1:
            anywhere.prove()
    path = next(p for p in anywhere.objects("manifests") if p.name.startswith("00000002"))
    if how == "gone":
        path.unlink()
    else:
        path.write_bytes(bytes(path.stat().st_size))
    with pytest.raises(ChainBroken):
        anywhere.prove()
    repository, found = anywhere.open(), anywhere.survey()
    assert list(lost_snapshots(found)) == ["desk1:2"]
    with refused("neither-lost-snapshot-nor-hold", Missing) as caught:
        sign_losses(repository, found, anywhere.officer, ["desk1:1"])
    assert caught.values["allowed"] == "desk1:2"
    with pytest.raises(Refused):
        sign_losses(repository, found, anywhere.keys.signer(), ["desk1:2"])
    sign_losses(repository, found, anywhere.officer, ["desk1:2"])
    assert anywhere.survey().faults() == []
    assert anywhere.prove().proof.manifest_sequence == 3
    assert verify_repository(anywhere.open()).intact


def test_losing_one_pack_costs_its_files_until_the_next_backup(anywhere: Vault, small_packs: None) -> None:
    dice = random.Random(3)
    for number in range(40):
        write(anywhere.source / f"{number}.bin", dice.randbytes(300_000))
    anywhere.backup()
    biggest = max(anywhere.objects("packs"), key=lambda p: p.stat().st_size)
    biggest.unlink()
    report, folder = anywhere.restore()
    assert 0 < len(report.lost) < 40
    assert set(codes(report.lost)) == {"pack-of-file-lost"}
    assert len(report.damaged_packs) == 1
    assert len(list((folder / "papers").iterdir())) == 40 - len(report.lost)
    healed = anywhere.backup().manifest
    assert 0 < healed.sources[0].new_bytes < 40 * 300_000
    report, folder = anywhere.restore()
    assert report.intact
    assert differences(picture(anywhere.source), picture(folder / "papers")) == []


def test_a_rotten_pack_is_stored_again_after_verify(anywhere: Vault, small_packs: None) -> None:
    dice = random.Random(4)
    for number in range(40):
        write(anywhere.source / f"{number}.bin", dice.randbytes(300_000))
    anywhere.backup()
    biggest = max(anywhere.objects("packs"), key=lambda p: p.stat().st_size)
    flip(biggest, dice)
    report = verify_repository(anywhere.open())
    assert report.bad_packs == [biggest.name]
    write_damaged_packs(anywhere.state, anywhere.keys, report.bad_packs)
    anywhere.backup()
    restored, _ = anywhere.restore()
    assert restored.intact
    assert restored.damaged_packs == []


def test_a_listing_lies_in_two_packs(anywhere: Vault) -> None:
    plain_tree(anywhere.source)
    odd_tree(anywhere.source)
    before = picture(anywhere.source)
    anywhere.backup()
    small = sorted(anywhere.objects("packs"), key=lambda p: p.stat().st_size)[:2]
    for path in small:
        kept = path.read_bytes()
        path.write_bytes(b"")
        report, folder = anywhere.restore()
        assert report.lost == []
        assert differences(before, picture(folder / "papers")) == []
        path.write_bytes(kept)


def test_a_manifest_that_broke_off_is_no_damage_to_the_host_that_knows(anywhere: Vault) -> None:
    write(anywhere.source / "a", b"1")
    anywhere.backup()
    whole = anywhere.objects("manifests")[0].read_bytes()
    (anywhere.folder / f"manifests/desk1/{2:08d}-{'ab' * 32}").write_bytes(whole[:50])
    assert len(verify_repository(anywhere.open()).damaged) == 1
    report = verify_repository(anywhere.open(), finished={"desk1": 1})
    assert (len(report.damaged), len(report.leftovers)) == (0, 1)
    anywhere.backup()
    assert verify_repository(anywhere.open()).damaged == []


@pytest.mark.parametrize("folder", ["packs", "manifests/desk1", "index/desk1", "config"])
def test_half_written_objects_are_ignored(vault: Vault, folder: str) -> None:
    """What a broken connection leaves behind keeps its name for ever on a write-once share."""
    plain_tree(vault.source, files=10, large=1)
    vault.backup()
    path = vault.objects(folder)[0]
    sequence = f"{int(path.name[:8]):08d}-" if "-" in path.name else ""
    torn = path.with_name(sequence + "ab" * 32)
    torn.write_bytes(path.read_bytes()[:100])
    write(vault.source / "more", b"more")
    vault.backup()
    assert vault.restore()[0].intact
    assert verify_repository(vault.open()).damaged == []


def test_a_rotating_share_reads_everything_in_turn(anywhere: Vault, small_packs: None) -> None:
    dice = random.Random(5)
    for number in range(60):
        write(anywhere.source / f"{number}.bin", dice.randbytes(300_000))
    anywhere.backup()
    whole = verify_repository(anywhere.open())
    parts = [verify_repository(anywhere.open(), share=4, turn=turn) for turn in range(4)]
    assert sum(part.packs_read for part in parts) == whole.packs_read == whole.packs
    assert all(part.packs_read < whole.packs for part in parts)


def test_a_bit_of_the_signature_of_repo_is_seen(anywhere: Vault) -> None:
    """Hexadecimal digits have two forms: one of them is damage."""
    path = anywhere.folder / "REPO"
    text = path.read_text()
    head, _, tail = text.partition('"signature":"')
    letter = next(i for i, c in enumerate(tail) if c in "abcdef")
    path.write_text(head + '"signature":"' + tail[:letter] + tail[letter].upper() + tail[letter + 1 :])
    with refused("repo-signature-invalid", StoreFault):
        anywhere.open()
