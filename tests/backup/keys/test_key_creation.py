"""Keys: what the host holds opens nothing; what the safe holds can be typed in again."""

from __future__ import annotations

import os
import shutil
import stat
import subprocess
import unicodedata
from pathlib import Path

import pytest
from hypothesis import given, strategies as st

from tasks.backup.configuration import secret_text
from tasks.backup.faults import BadKeyText, ChainBroken, ForeignRepository, WrongKey, WrongPassphrase
from tasks.backup.format.sealing import backup_signer, from_text, lock, seal, to_text, unseal
from tasks.backup.format.signed_objects import public_hex
from tasks.backup.format.structures import ListingEntry
from tasks.backup.keys.host_keys import HostKeys
from tasks.backup.keys.key_creation import (
    add_host,
    create_repository_keys,
    make_recipient,
    read_backup_key,
    replace_recipients,
    rotate_host,
)
from tasks.backup.keys.key_sheet import write_key_sheet
from tasks.backup.stores.local_store import LocalStore
from tasks.backup.verify.snapshot_survey import choose_snapshot
from tasks.backup.verify.verification import verify_repository
from tasks.core.errors import BadInput
from tasks.core.findings import make_finding
from tasks.security.sealing_keys import StretchCost, seal_key_id, seal_key_opener, seal_public_bytes
from tests.backup.conftest import QUICK, Vault, codes
from tests.backup.forging import forge
from tests.backup.trees import differences, picture, plain_tree, write
from tests.errors import refused

CHEAP = StretchCost(8, 1, 1)
PHRASE = "a long passphrase"


def locked(kind: str = "recovery", seed: bytes = b"s" * 32):
    return lock(kind, seed, PHRASE, b"r" * 16, b"o" * 32, CHEAP)


@given(st.binary(min_size=32, max_size=32), st.sampled_from(["recovery", "officer", "drill"]))
def test_a_key_survives_paper(seed: bytes, kind: str) -> None:
    text = to_text(locked(kind, seed))
    typed = text.lower().replace("o", "0").replace("i", "1").replace("b", "8")
    for form in (text, typed, text.replace("    ", "  ")):
        key = from_text(form)
        assert key.open(PHRASE) == seed
    assert from_text(text).kind == kind


def test_mistyped_lines_are_named_all_at_once() -> None:
    lines = to_text(locked()).splitlines()
    for row in (4, 8):
        digit = lines[row][6]
        lines[row] = lines[row][:6] + ("A" if digit != "A" else "C") + lines[row][7:]
    with pytest.raises(BadKeyText) as caught:
        from_text("\n".join(lines), "sheet")
    assert [problem.row for problem in caught.value.problems] == [5, 9]
    whole = to_text(locked()).splitlines()
    for lines in (whole[:5] + whole[6:], whole[:5] + whole[4:]):  # left out; typed twice
        with pytest.raises(BadKeyText) as caught:
            from_text("\n".join(lines), "sheet")
        assert [problem.row for problem in caught.value.problems] == [6]
    with pytest.raises(BadKeyText):
        from_text("nothing here")
    with pytest.raises(BadKeyText):
        from_text("\n".join(to_text(locked()).splitlines()[:-1]))


def test_a_sheet_typed_in_any_manner_reads_or_names_the_right_row(tmp_path: Path) -> None:
    lines = to_text(locked()).splitlines()
    for sign in ("\u00a0", "-", ". ", "\t"):  # as copied from a PDF, or typed by habit
        assert from_text("\n".join(line.replace("  ", sign) for line in lines)) == from_text("\n".join(lines))
    cut = [*lines[:4], lines[4][:-4], *lines[5:]]  # the check letters forgotten
    with pytest.raises(BadKeyText) as caught:
        from_text("\n".join(cut), "sheet")
    assert [problem.row for problem in caught.value.problems] == [5]
    with pytest.raises(BadKeyText) as caught:
        from_text("\n".join(lines[:-2]), "sheet")
    (problem,) = caught.value.problems
    assert (problem.code, problem.values["last"]) == ("key-lines-missing", 9)
    for encoding in ("utf-8-sig", "utf-16"):  # as Windows' editor saves it
        (tmp_path / "typed.key").write_bytes("\r\n".join(lines).encode(encoding))
        assert read_backup_key(tmp_path / "typed.key", ["recovery"]).open(PHRASE) == b"s" * 32
        (tmp_path / "phrase").write_bytes("geheim \u00e9\r\n".encode(encoding))
        assert secret_text(tmp_path / "phrase", "password_file") == "geheim \u00e9"
    (tmp_path / "phrase").write_bytes(b"caf\xe9")
    with refused("backup-settings-invalid", BadInput) as error:
        secret_text(tmp_path / "phrase", "password_file")
    assert error.codes == ["secret-file-not-text"]


@pytest.mark.parametrize("made", ["NFC", "NFD"])
def test_a_passphrase_opens_however_its_accents_are_put_together(made: str) -> None:
    def form(name: str) -> str:
        return unicodedata.normalize(name, "  caf\u00e9 h\u00f6rse \u96fb\u6c60")

    key = lock("recovery", b"s" * 32, form(made), b"r" * 16, b"o" * 32, CHEAP)
    assert key.open(form("NFC")) == key.open(form("NFD")) == b"s" * 32


def test_a_hostile_key_file_cannot_eat_the_machine() -> None:
    key = locked()
    huge = type(key)(**{**vars(key), "cost": StretchCost(31, 200, 1)})
    with pytest.raises(BadKeyText):
        from_text(to_text(huge))


def test_a_wrong_passphrase_is_told() -> None:
    with refused("key-passphrase-wrong", WrongPassphrase):
        locked().open("another passphrase")


def test_sealing_binds_to_its_purpose() -> None:
    seed = os.urandom(32)
    public = seal_public_bytes(seed)
    assert len(public) == 1216
    box = seal(b"k" * 32, public, b"info")
    assert unseal(box, seal_key_opener(seed), b"info") == b"k" * 32
    for private, info in ((seal_key_opener(seed), b"other"), (seal_key_opener(os.urandom(32)), b"info")):
        with pytest.raises(WrongKey):
            unseal(box, private, info)
    assert seal_key_id(public) != seal_key_id(seal_public_bytes(os.urandom(32)))


def test_make_leaves_no_private_half_with_the_host(tmp_path: Path) -> None:
    store = LocalStore(tmp_path / "repo")
    made = create_repository_keys(store, "desk1", tmp_path / "safe", PHRASE, "drill1", PHRASE + "2", CHEAP, QUICK)
    assert [p.name for p in made.files] == ["recovery.key", "officer.key", "drill.key"]
    assert all(stat.S_IMODE(p.stat().st_mode) == 0o600 for p in made.files)
    path = tmp_path / "home/keys/backup.json"
    made.host.save(path)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert HostKeys.load(path) == made.host
    assert read_backup_key(made.files[2], ["drill"]).open(PHRASE + "2")
    with refused("key-kind-wrong", WrongKey):
        read_backup_key(made.files[1], ["recovery", "drill"])
    with refused("key-files-already-exist", BadInput):
        create_repository_keys(store, "desk1", tmp_path / "safe", PHRASE, cost=CHEAP)
    with pytest.raises(BadInput):
        create_repository_keys(store, "desk1", tmp_path / "other", "short", cost=CHEAP)


def test_host_keys_that_are_missing_or_spoilt(tmp_path: Path) -> None:
    with refused("host-keys-missing", WrongKey):
        HostKeys.load(tmp_path / "none")
    (tmp_path / "bad").write_text("{}")
    with pytest.raises(WrongKey):
        HostKeys.load(tmp_path / "bad")


def test_rotating_host_keys_ends_the_old_ones(anywhere: Vault) -> None:
    plain_tree(anywhere.source, files=10, large=0)
    first = anywhere.backup()
    stolen = anywhere.keys
    _, anywhere.keys = rotate_host(anywhere.open(), anywhere.officer_seed, stolen)
    shutil.rmtree(anywhere.state)
    second = anywhere.backup()
    assert second.manifest.sequence == first.manifest.sequence + 1
    assert second.manifest.previous == first.digest
    assert not {p for p, _ in first.manifest.packs} & {p for p, _ in second.manifest.packs}
    assert anywhere.survey().faults() == []
    for digest in (first.digest, second.digest):
        assert anywhere.restore(choose_snapshot(anywhere.survey(), snapshot=digest))[0].intact
    forge(anywhere.open(), stolen, [(ListingEntry(path="papers", type="folder"), b"")])
    # set aside, so that he cannot stop proofs and prunes for ever on a share where nothing is deleted
    assert anywhere.survey().faults() == []
    assert codes(anywhere.survey().set_aside()) == ["signing-key-ended"]
    assert "signing-key-ended" in codes(verify_repository(anywhere.open()).leftovers)
    assert len(anywhere.survey().snapshots()) == 2
    anywhere.prove("content")
    anywhere.keys = stolen
    with refused("host-key-ended", WrongKey):
        anywhere.backup()


def test_a_thiefs_last_number_does_not_stop_the_host(anywhere: Vault) -> None:
    """He signs the highest number there is; the officer ends his key at the last good one."""
    plain_tree(anywhere.source, files=5, large=0)
    good = anywhere.backup()
    forge(anywhere.open(), anywhere.keys, [(ListingEntry(path="papers", type="folder"), b"")], sequence=99_999_999)
    with refused("snapshot-number-exhausted", ChainBroken):
        anywhere.backup()
    _, anywhere.keys = rotate_host(anywhere.open(), anywhere.officer_seed, anywhere.keys, last=1)
    taken = anywhere.backup()
    assert taken.manifest.sequence == 2
    assert taken.manifest.previous == good.digest
    assert anywhere.restore()[0].intact


def test_rotating_recipients(anywhere: Vault) -> None:
    plain_tree(anywhere.source, files=10, large=0)
    anywhere.backup()
    old, fresh = anywhere.recovery, os.urandom(32)
    with refused("last-recovery-key", BadInput):
        replace_recipients(anywhere.open(), anywhere.officer_seed, drop=["safe"])
    added = [make_recipient("safe-2", "recovery", fresh)]
    replace_recipients(anywhere.open(), anywhere.officer_seed, added, drop=["safe"])
    write(anywhere.source / "new", b"new content")
    second = anywhere.backup()
    # all is stored anew, so that the new key alone opens the new snapshot
    assert second.manifest.sources[0].new_files == second.manifest.sources[0].files - 1  # one is empty
    assert anywhere.restore(seed=fresh)[0].intact
    assert anywhere.restore(seed=anywhere.drill_seed)[0].intact
    with pytest.raises(WrongKey):
        anywhere.restore(seed=old)
    earlier = choose_snapshot(anywhere.survey(), snapshot=anywhere.survey().snapshots()[0].digest)
    assert anywhere.restore(earlier, seed=old)[0].intact  # what is stored keeps its recipients
    assert anywhere.backup().manifest.sources[0].new_files == 0


def test_ending_a_recipient_alone_stores_nothing_anew(anywhere: Vault) -> None:
    plain_tree(anywhere.source, files=10, large=0)
    anywhere.backup()
    replace_recipients(anywhere.open(), anywhere.officer_seed, drop=["drill"])
    assert anywhere.backup().manifest.sources[0].new_bytes == 0
    write(anywhere.source / "later", b"later content")
    anywhere.backup()
    report, _ = anywhere.restore(seed=anywhere.recovery)
    assert report.intact


def test_a_drill_workers_new_key_sets_the_old_proofs_aside(anywhere: Vault) -> None:
    write(anywhere.source / "a", b"1")
    for content in (b"1", b"2"):
        write(anywhere.source / "a", content)
        anywhere.backup()
        anywhere.prove()
    stolen, anywhere.drill_seed = anywhere.drill_seed, os.urandom(32)
    added = [make_recipient("drill1", "drill", anywhere.drill_seed)]
    drills = {"drill1": public_hex(backup_signer(anywhere.drill_seed))}
    named = ["drill", "drill1"]
    replace_recipients(anywhere.open(), anywhere.officer_seed, added, named, drills)
    found = anywhere.survey()
    assert (found.faults(), found.proofs.proofs) == ([], [])
    assert found.set_aside() == [make_finding("proofs-by-ended-key-only", "proofs/drill1", count=2)]
    with refused("snapshot-not-proven", ChainBroken) as caught:
        choose_snapshot(found)
    assert caught.codes == ["proofs-by-ended-key-only"]
    for content in (b"3", b"4"):  # the new key's own chain
        write(anywhere.source / "a", content)
        anywhere.backup()
        anywhere.prove()
    assert anywhere.survey().faults() == []
    assert choose_snapshot(anywhere.survey()).snapshot.sequence == 4
    assert codes(anywhere.survey().set_aside()) == ["proofs-by-ended-key"]
    anywhere.drill_seed = stolen
    with refused("drill-key-not-current", WrongKey):
        anywhere.prove(which=anywhere.survey().snapshots()[0])


def test_a_key_to_drop_that_is_not_there_changes_nothing(local: Vault) -> None:
    with refused("key-name-unknown", BadInput) as caught:
        replace_recipients(local.open(), local.officer_seed, [make_recipient("s2", "recovery", bytes(32))], ["saef"])
    assert (caught.values["strange"], caught.values["allowed"]) == ("saef", "drill, drill1, safe")
    assert local.open().config.sequence == 1


def test_adding_a_host(local: Vault) -> None:
    repository, keys = add_host(local.open(), local.officer_seed, "desk2")
    assert keys.host == "desk2"
    assert set(repository.config.hosts) == {"desk1", "desk2"}
    assert local.open().config == repository.config
    with pytest.raises(BadInput):
        add_host(local.open(), local.officer_seed, "desk1")
    with pytest.raises(ForeignRepository):
        add_host(local.open(), os.urandom(32), "desk3")


def test_the_sheet_can_be_read_back(tmp_path: Path) -> None:
    key = locked()
    path = tmp_path / "sheet.pdf"
    write_key_sheet(path, key, "//server/share", ["desk1:3:" + "ab" * 16], "cd" * 32)
    done = subprocess.run(["pdftotext", "-layout", path, "-"], capture_output=True, text=True)
    assert done.returncode == 0
    assert from_text(done.stdout).open(PHRASE) == b"s" * 32
    assert "--expect-head desk1:3:" + "ab" * 16 in done.stdout
    assert "cd" * 32 in "".join(done.stdout.split())


@pytest.mark.parametrize(("kind", "use"), [("officer", "prune plan"), ("drill", "drill_key")])
def test_a_sheet_says_what_its_own_key_is_for(tmp_path: Path, kind: str, use: str) -> None:
    path = tmp_path / "sheet.pdf"
    write_key_sheet(path, locked(kind), "//server/share", [], "cd" * 32)
    done = subprocess.run(["pdftotext", "-layout", path, "-"], capture_output=True, text=True)
    assert f"{kind}.key" in done.stdout
    assert use in done.stdout
    assert "backup restore TARGET" not in done.stdout


def test_a_bare_machine_needs_key_passphrase_and_repository_alone(tmp_path: Path) -> None:
    from tasks.backup.format.manifest_chain import read_manifest
    from tasks.backup.format.repository import open_repository
    from tasks.backup.restore.pack_library import open_library
    from tasks.backup.restore.snapshot_restore import restore_snapshot
    from tasks.backup.run_options import RestoreOptions, SnapshotOptions
    from tasks.backup.snapshot.creation import take_snapshots
    from tasks.backup.snapshot.source_access import SnapshotSource

    source = tmp_path / "source"
    plain_tree(source, files=10)
    store = LocalStore(tmp_path / "repo")
    made = create_repository_keys(store, "desk1", tmp_path / "safe", PHRASE, cost=CHEAP)
    take_snapshots(made.repository, made.host, [SnapshotSource("s", str(source))], SnapshotOptions())
    key = read_backup_key(tmp_path / "safe/recovery.key", ["recovery"])
    bare = open_repository(store, key.officer.hex(), key.repository.hex())
    from tasks.backup.verify.snapshot_survey import survey_repository

    snapshot = choose_snapshot(survey_repository(bare), newest=True).snapshot
    digest, manifest = read_manifest(bare, snapshot.host, snapshot.name)
    library = open_library(bare, key.open(PHRASE), manifest.packs)
    report = restore_snapshot(library, manifest, tmp_path / "out", digest, RestoreOptions())
    assert report.intact
    assert differences(picture(source), picture(tmp_path / "out/s")) == []
