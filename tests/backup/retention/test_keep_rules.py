"""Kept by time, never by count; removed only by plan, signature, cool-off and the right account."""

from __future__ import annotations

import os
import random
import time
from datetime import UTC, date, datetime, timedelta

import pytest
from msgspec import structs

from tasks.backup.faults import ChainBroken, InsideRetention, Suspicious
from tasks.backup.format.signed_objects import sign
from tasks.backup.format.signed_statements import packs_to_prune
from tasks.backup.format.structures import ListingEntry, SourceCount, encode_structure
from tasks.backup.retention import pruning
from tasks.backup.retention.keep_rules import CLASSES, Retention, place_hold, release_hold
from tasks.backup.retention.pruning import approve_plan, execute_plan, expired_snapshots, make_plan
from tasks.backup.snapshot.source_access import SnapshotSource
from tasks.backup.stores.admin_store import LocalAdmin, SmbAdmin, server_now
from tasks.backup.verify.snapshot_survey import choose_snapshot, source_freshness, unusual_changes
from tasks.backup.verify.verification import verify_repository
from tasks.core import clock
from tasks.core.errors import BadInput, Missing, NoRight, Refused
from tests.backup.conftest import Vault, codes
from tests.backup.forging import forge
from tests.backup.trees import plain_tree, write
from tests.errors import refused
from tests.samba_server import GRACE

START = datetime(2020, 3, 1, 12, tzinfo=UTC)
DAY = 86400.0


@pytest.fixture(autouse=True)
def few_packs(monkeypatch: pytest.MonkeyPatch) -> None:
    """One snapshot's packs are far more than 5 % of these small repositories."""
    monkeypatch.setattr(pruning, "MOST_PERCENT", 100.0)


def test_the_classes_and_their_sources() -> None:
    assert CLASSES["records"].until(date(2026, 11, 24)) == date(2031, 11, 25)
    assert CLASSES["screening"].until(date(2026, 11, 24)) == date(2036, 11, 25)
    assert CLASSES["private"].until(date(2026, 11, 24)) == date(2027, 2, 23)
    assert Retention("x", years=5).until(date(2024, 2, 29)) == date(2029, 3, 2)
    assert "111.23" in CLASSES["records"].source


def old_vault(anywhere: Vault, months: int = 4) -> float:
    """A snapshot a month from March 2020, each with content of its own. The server's time now is
    just after the first one's retention."""
    for month in range(months):
        with clock.held(START + timedelta(days=30 * month)):
            for path in anywhere.source.iterdir():
                path.unlink()
            for number in range(3):
                write(anywhere.source / f"{month}-{number}", f"{month} {number}".encode() * 3000)
            taken = anywhere.backup()
        when = (START + timedelta(days=30 * month)).timestamp()
        os.utime(anywhere.folder / "manifests" / "desk1" / f"{month + 1:08d}-{taken.digest}", (when, when))
    return (START + timedelta(days=5 * 365 + 10)).timestamp()


def test_only_what_is_past_its_time_goes(anywhere: Vault) -> None:
    now = old_vault(anywhere)
    plan_ = make_plan(anywhere.open(), now)
    assert [row[2] for row in plan_.manifests] == ["2025-03-02"]
    assert len(plan_.packs) == 3
    with refused("nothing-past-retention", InsideRetention):
        make_plan(anywhere.open(), now - 30 * DAY)


def test_more_than_five_percent_of_the_packs_never_goes(anywhere: Vault, monkeypatch) -> None:
    now = old_vault(anywhere)
    monkeypatch.setattr(pruning, "MOST_PERCENT", 5.0)
    with refused("prune-share-too-large", InsideRetention):
        make_plan(anywhere.open(), now)
    monkeypatch.setattr(pruning, "MOST_PERCENT", 60.0)
    # three are past their time, the oldest two make up half of the packs
    plan_ = make_plan(anywhere.open(), now + 70 * DAY)
    assert [row[1][:8] for row in plan_.manifests] == ["00000001", "00000002"]
    assert len(plan_.packs) == 6


def test_a_date_that_the_host_signs_does_not_shorten_the_time_held(anywhere: Vault) -> None:
    """Whoever has the host's key can date a snapshot back; the store's own clock counts too."""
    write(anywhere.source / "a", b"1")
    anywhere.backup()
    entries = [(ListingEntry(path="papers", type="folder"), b"")]
    forge(anywhere.open(), anywhere.keys, entries, time="2010-01-01T00:00:00.000000Z",
          basis="2010-01-01", retain_until="2015-01-02")  # fmt: skip
    forge(anywhere.open(), anywhere.keys, entries, retention="for-a-day", retain_until="2015-01-02")
    anywhere.backup()
    assert anywhere.survey().faults() == []
    assert expired_snapshots(anywhere.survey(), clock.now().date().isoformat()) == []
    far = (clock.now() + timedelta(days=11 * 366)).date().isoformat()
    assert [s.sequence for s in expired_snapshots(anywhere.survey(), far)] == [1, 2]


def test_a_plan_that_was_changed_on_the_disk_is_not_signed(anywhere: Vault) -> None:
    now = old_vault(anywhere)
    with clock.held(datetime.fromtimestamp(now, UTC)):
        plan_ = make_plan(anywhere.open(), now)
        second = anywhere.survey().snapshots()[1]
        early = [*plan_.manifests, (second.host, second.name, "2025-01-01")]
        packs = [(p.name, p.stat().st_size) for p in anywhere.objects("packs")]
        for changes in ({"manifests": early}, {"packs": packs}):
            with refused("prune-plan-not-allowed", Refused):
                approve_plan(anywhere.open(), structs.replace(plan_, **changes), anywhere.officer)
        with refused("cool-off-too-short", Refused):
            approve_plan(anywhere.open(), structs.replace(plan_, cool_off_days=0), anywhere.officer)
        approve_plan(anywhere.open(), plan_, anywhere.officer)


def test_a_prune_accounts_only_for_what_it_removes(anywhere: Vault, monkeypatch) -> None:
    """A snapshot that somebody else took away meanwhile stays a gap."""
    now = old_vault(anywhere)
    digest, _ = carry_out(anywhere, now, monkeypatch)
    anywhere.objects("manifests")[0].unlink()
    with refused("repository-has-faults", ChainBroken):
        execute_plan(anywhere.open(), LocalAdmin(anywhere.folder), anywhere.officer, digest)
    assert "previous-snapshot-missing" in codes(anywhere.survey().faults())


def test_the_newest_and_the_newest_proved_always_stay(anywhere: Vault) -> None:
    old_vault(anywhere, 3)
    anywhere.prove(which=anywhere.survey().snapshots()[1])
    assert [s.sequence for s in expired_snapshots(anywhere.survey(), "2099-01-01")] == [1]


def test_rubbish_does_not_push_good_snapshots_out(anywhere: Vault) -> None:
    """restic's threat model names it: retention by count lets an attacker's snapshots do that."""
    write(anywhere.source / "good", b"good")
    anywhere.backup()
    for number in range(12):
        write(anywhere.source / "rubbish", bytes([number]) * 1000)
        anywhere.backup()
    assert expired_snapshots(anywhere.survey(), clock.now().date().isoformat()) == []


def carry_out(anywhere: Vault, now: float, monkeypatch: pytest.MonkeyPatch, wait: float = 31):
    with clock.held(datetime.fromtimestamp(now, UTC)):
        plan_ = make_plan(anywhere.open(), now)
        digest = approve_plan(anywhere.open(), plan_, anywhere.officer)
    os.utime(anywhere.folder / "audit" / digest, (now, now))
    monkeypatch.setattr(pruning, "server_now", lambda admin: now + wait * DAY)
    return digest, plan_


def test_prune_from_plan_to_execution(anywhere: Vault, monkeypatch: pytest.MonkeyPatch) -> None:
    now = old_vault(anywhere)
    digest, plan_ = carry_out(anywhere, now, monkeypatch)
    admin = LocalAdmin(anywhere.folder)
    before = len(anywhere.objects("packs"))
    done = execute_plan(anywhere.open(), admin, anywhere.officer, digest[:16])
    assert len(done.manifests) == 1
    assert len(anywhere.objects("packs")) == before - len(plan_.packs)
    assert [s.sequence for s in anywhere.survey().snapshots()] == [2, 3, 4]
    assert anywhere.survey().faults() == []
    assert verify_repository(anywhere.open()).damaged == []
    for snapshot in anywhere.survey().snapshots():
        assert anywhere.restore(choose_snapshot(anywhere.survey(), snapshot=snapshot.digest))[0].intact
    again = execute_plan(anywhere.open(), admin, anywhere.officer, digest)
    assert again.packs == []
    write(anywhere.source / "after", b"after")
    assert anywhere.backup().manifest.flags == []


def test_prune_over_a_share(vault: Vault, monkeypatch: pytest.MonkeyPatch) -> None:
    """With an account that may delete; the host's account on a write-once share may not."""
    if vault.kind == "local":
        return
    digest, plan_ = carry_out(vault, old_vault(vault), monkeypatch)
    admin = SmbAdmin(vault.store.target)
    assert abs(server_now(admin) - clock.now().timestamp()) < 60
    time.sleep(GRACE + 1)
    if vault.kind == "worm":
        with refused("share-access-denied", NoRight):
            execute_plan(vault.open(), admin, vault.officer, digest)
        assert len(vault.survey().snapshots()) == 4
    else:
        assert execute_plan(vault.open(), admin, vault.officer, digest).packs == plan_.packs
        assert [s.sequence for s in vault.survey().snapshots()] == [2, 3, 4]
    assert verify_repository(vault.open()).damaged == []
    admin.close()


def test_the_cool_off_counts_by_the_servers_clock(anywhere: Vault, monkeypatch) -> None:
    now = old_vault(anywhere)
    digest, _ = carry_out(anywhere, now, monkeypatch, wait=29)
    with refused("cool-off-not-over", InsideRetention):
        execute_plan(anywhere.open(), LocalAdmin(anywhere.folder), anywhere.officer, digest)


def test_a_hold_within_the_cool_off_stops_it(anywhere: Vault, monkeypatch) -> None:
    now = old_vault(anywhere)
    digest, _ = carry_out(anywhere, now, monkeypatch)
    first = anywhere.survey().snapshots()[0].digest
    made = place_hold(anywhere.open(), anywhere.keys.signer(), "host desk1", [first], "subpoena")
    with refused("snapshots-still-retained", InsideRetention):
        execute_plan(anywhere.open(), LocalAdmin(anywhere.folder), anywhere.officer, digest)
    with refused("officer-key-required", BadInput):
        release_hold(anywhere.open(), anywhere.keys.signer(), [made], "the thief says so")
    release_hold(anywhere.open(), anywhere.officer, [made], "case closed")
    execute_plan(anywhere.open(), LocalAdmin(anywhere.folder), anywhere.officer, digest)


def test_a_legal_hold_in_the_manifest_itself(anywhere: Vault) -> None:
    with clock.held(START):
        write(anywhere.source / "a", b"1")
        held = anywhere.backup(hold=True)
    with clock.held(START + timedelta(days=1)):
        write(anywhere.source / "a", b"2")
        anywhere.backup()
    assert expired_snapshots(anywhere.survey(), "2099-01-01") == []
    # or what a subpoena once held could never go, keys of private data among it
    release_hold(anywhere.open(), anywhere.officer, [held.digest], "the case is closed")
    assert [s.digest for s in expired_snapshots(anywhere.survey(), "2099-01-01")] == [held.digest]


def test_a_release_that_the_officer_did_not_sign_is_none(anywhere: Vault) -> None:
    from tasks.backup.format.signed_objects import FORMAT, ObjectName, digest
    from tasks.backup.format.structures import SignedHold

    write(anywhere.source / "a", b"1")
    taken = anywhere.backup()
    made = place_hold(anywhere.open(), anywhere.officer, "officer", [taken.digest], "subpoena")
    forged = SignedHold(FORMAT, anywhere.id, clock.text(), "officer", [], "let go", [made])
    data = sign("hold", encode_structure(forged), anywhere.keys.signer())
    anywhere.open().put("holds", ObjectName(-1, digest(data), 0), [data])
    assert taken.digest in anywhere.survey().holds.reasons


def test_a_plan_of_the_host_is_no_plan(anywhere: Vault, monkeypatch) -> None:
    now = old_vault(anywhere)
    plan_ = make_plan(anywhere.open(), now)
    with refused("prune-of-another-repository", Refused):
        approve_plan(anywhere.open(), plan_, anywhere.keys.signer())
    from tasks.backup.format.signed_objects import ObjectName, digest

    data = sign("prune-plan", encode_structure(plan_), anywhere.keys.signer())
    anywhere.open().put("audit", ObjectName(-1, digest(data), 0), [data])
    monkeypatch.setattr(pruning, "server_now", lambda admin: now + 100 * DAY)
    with pytest.raises(Missing):
        execute_plan(anywhere.open(), LocalAdmin(anywhere.folder), anywhere.officer, digest(data))
    assert packs_to_prune(anywhere.open()) == set()


def test_nothing_is_pruned_from_a_broken_chain(anywhere: Vault) -> None:
    now = old_vault(anywhere)
    anywhere.objects("manifests")[1].unlink()
    with pytest.raises(ChainBroken):
        make_plan(anywhere.open(), now)


def test_backups_do_not_build_on_condemned_packs(anywhere: Vault) -> None:
    """Content of the first month comes back while its packs wait to be removed."""
    now = old_vault(anywhere)
    plan_ = make_plan(anywhere.open(), now)
    approve_plan(anywhere.open(), plan_, anywhere.officer)
    for number in range(3):
        write(anywhere.source / f"0-{number}", f"0 {number}".encode() * 3000)
    taken = anywhere.backup()
    assert not {name for name, _ in taken.manifest.packs} & packs_to_prune(anywhere.open())
    assert anywhere.restore()[0].intact


def test_orphans_go_only_when_they_are_old(anywhere: Vault, monkeypatch) -> None:
    plain_tree(anywhere.source, files=4, large=0)
    anywhere.backup()
    orphan = anywhere.folder / "packs" / ("ab" * 32)
    orphan.write_bytes(b"left by a crash")
    now = clock.now().timestamp()
    with pytest.raises(InsideRetention):
        make_plan(anywhere.open(), now + 80 * DAY)
    plan_ = make_plan(anywhere.open(), now + 100 * DAY)
    assert [name for name, _ in plan_.packs] == [orphan.name]


def test_private_keys_live_in_packs_of_their_own(anywhere: Vault) -> None:
    from tasks.backup.run_options import SnapshotOptions
    from tasks.backup.snapshot.creation import take_snapshots

    write(anywhere.source / "a", b"the same content")
    private = anywhere.top / "private-keys"
    write(private / "k", b"the same content")
    sources = [SnapshotSource("home", str(anywhere.source)), SnapshotSource("keys", str(private), "private")]
    records, keys = take_snapshots(anywhere.open(), anywhere.keys, sources, SnapshotOptions(state=anywhere.state))
    assert not {p for p, _ in records.manifest.packs} & {p for p, _ in keys.manifest.packs}
    assert keys.manifest.retain_until < records.manifest.retain_until
    assert keys.manifest.previous == records.digest


def test_no_other_spelling_takes_private_keys_into_a_longer_class(local: Vault) -> None:
    write(local.source / "private-keys" / "k", b"to be destroyed in 90 days")
    (local.top / "way").symlink_to(local.source)
    places = [str(local.top / "way"), f"{local.source}/../source", str(local.top)]
    sources = [SnapshotSource(f"s{number}", place) for number, place in enumerate(places)]
    local.backup(sources, leave_out=(local.source / "private-keys", local.folder))
    _, folder = local.restore()
    assert (folder / "s2/source").is_dir()
    assert not list(folder.rglob("private-keys"))


# -- watch


def count(**values: int) -> SourceCount:
    return SourceCount("papers", **values)


USUAL = {"files": 1000, "bytes": 10**8, "seen_bytes": 10**8, "seen_stored": 5 * 10**7}


@pytest.mark.parametrize(
    ("now", "flag"),
    [
        (count(files=1000, bytes=10**8, new_files=10, new_bytes=10**6, stored_bytes=4 * 10**5), ""),
        (count(files=1000, bytes=10**8, new_files=400, new_bytes=10**7, stored_bytes=10**6), "files-changed-in-mass"),
        (
            count(files=1000, bytes=10**8, new_files=40, new_bytes=6 * 10**7, stored_bytes=6 * 10**7),
            "content-maybe-encrypted",
        ),
        (count(files=300, bytes=3 * 10**7), "files-vanished"),
        (count(files=1100, bytes=2 * 10**9, new_files=100), "source-grew"),
    ],
)
def test_the_marks_of_ransomware(now: SourceCount, flag: str) -> None:
    found = unusual_changes(count(**USUAL), now)
    assert bool(found) == bool(flag)
    assert not flag or flag in codes(found)
    assert unusual_changes(None, now) == []


def test_encryption_of_the_sources_is_flagged_and_the_past_held(anywhere: Vault) -> None:
    dice = random.Random(1)
    for number in range(120):
        write(anywhere.source / f"{number}.txt", f"entry {number} ".encode() * 2000)
    earlier = [anywhere.backup().digest]
    write(anywhere.source / "1.txt", b"an ordinary change" * 100)
    ordinary = anywhere.backup()
    assert ordinary.manifest.flags == []
    earlier.append(ordinary.digest)
    for path in sorted(anywhere.source.iterdir()):
        path.write_bytes(dice.randbytes(path.stat().st_size))
        path.rename(path.with_suffix(".locked"))
    taken = anywhere.backup()
    flags = codes(taken.manifest.flags)
    assert {"files-changed-in-mass", "content-maybe-encrypted"} <= set(flags)
    held = anywhere.survey().holds.reasons
    assert set(held) == set(earlier)
    assert all(str(flag) in held[earlier[0]][0] for flag in taken.manifest.flags)
    # no drill makes it the default, nor what follows it and looks usual by then
    with refused("snapshot-not-countersigned", Suspicious):
        anywhere.prove("content")
    write(anywhere.source / "note.txt", b"the next night")
    assert anywhere.backup().manifest.flags == []
    with refused("snapshot-not-countersigned", Suspicious):
        anywhere.prove("content")
    anywhere.prove("content", which=anywhere.survey().snapshots()[1])
    assert choose_snapshot(anywhere.survey()).snapshot.digest == earlier[1]
    anywhere.prove("content", accept_flags=True)
    write(anywhere.source / "note.txt", b"and the night after")
    anywhere.backup()
    anywhere.prove("content")


def test_a_drill_looks_itself_and_believes_no_host(anywhere: Vault, monkeypatch) -> None:
    """The thief has the host's key: he signs what he encrypted, and no flag."""
    dice = random.Random(2)
    for number in range(80):
        write(anywhere.source / f"{number}.txt", f"entry {number} ".encode() * 3000)
    good = anywhere.backup()
    anywhere.prove()
    write(anywhere.source / "1.txt", b"an ordinary change" * 100)
    anywhere.backup()
    anywhere.prove()
    for path in sorted(anywhere.source.iterdir()):
        path.write_bytes(dice.randbytes(path.stat().st_size))
    with monkeypatch.context() as patch:
        patch.setattr("tasks.backup.snapshot.creation.unusual_changes", lambda *given: [])
        assert anywhere.backup().manifest.flags == []
    assert anywhere.survey().faults() == []
    with refused("snapshot-not-countersigned", Suspicious) as caught:
        anywhere.prove()
    doubts = {problem.code: problem.values for problem in caught.problems}
    assert doubts["files-changed-in-mass"] == {"new": 80, "files": 80}
    assert "content-maybe-encrypted" in doubts
    assert choose_snapshot(anywhere.survey()).snapshot.sequence == 2
    assert good.digest in {s.digest for s in anywhere.survey().snapshots()}


def test_a_missed_objective_is_told(anywhere: Vault) -> None:
    write(anywhere.source / "a", b"1")
    anywhere.backup()
    sources = [SnapshotSource("papers", "x", objective_hours=24), SnapshotSource("other", "y")]
    papers, other = source_freshness(anywhere.survey(), "desk1", sources)
    assert not papers.late
    assert other.late
    assert papers.proved == ""
    anywhere.prove()
    late = source_freshness(anywhere.survey(), "desk1", sources, clock.now() + timedelta(hours=25))[0]
    assert late.late
    assert late.proved == late.newest
