"""Kept by time, never by count; removed only by plan, signature, cool-off and the right account."""

from __future__ import annotations

import os
import random
from datetime import UTC, date, datetime, timedelta

import pytest
from msgspec import structs

from tasks.backup import prune
from tasks.backup.choosing import choose
from tasks.backup.faults import ChainBroken, InsideRetention, Missing, Suspicious
from tasks.backup.manifests import condemned
from tasks.backup.objects import sign
from tasks.backup.prune import approve, execute, expired, make_plan
from tasks.backup.retention import CLASSES, Retention, hold, release
from tasks.backup.sources import Source
from tasks.backup.stores.admin import LocalAdmin
from tasks.backup.structures import Entry, SourceCount, plain
from tasks.backup.verify import verify
from tasks.backup.watch import freshness, unusual
from tasks.shared import clock
from tasks.shared.errors import BadInput, Refused
from tests.backup.conftest import Vault
from tests.backup.forging import forge
from tests.backup.trees import plain_tree, write

START = datetime(2020, 3, 1, 12, tzinfo=UTC)
DAY = 86400.0


@pytest.fixture(autouse=True)
def few_packs(monkeypatch: pytest.MonkeyPatch) -> None:
    """One snapshot's packs are far more than 5 % of these small repositories."""
    monkeypatch.setattr(prune, "MOST_PERCENT", 100.0)


def test_the_classes_and_their_sources() -> None:
    assert CLASSES["records"].until(date(2026, 11, 24)) == date(2031, 11, 25)
    assert CLASSES["screening"].until(date(2026, 11, 24)) == date(2036, 11, 25)
    assert CLASSES["private"].until(date(2026, 11, 24)) == date(2027, 2, 23)
    assert Retention("x", years=5).until(date(2024, 2, 29)) == date(2029, 3, 2)
    assert "111.23" in CLASSES["records"].source


def old_vault(local: Vault, months: int = 4) -> float:
    """A snapshot a month from March 2020, each with content of its own. The server's time now is
    just after the first one's retention."""
    for month in range(months):
        with clock.held(START + timedelta(days=30 * month)):
            for path in local.source.iterdir():
                path.unlink()
            for number in range(3):
                write(local.source / f"{month}-{number}", f"{month} {number}".encode() * 3000)
            taken = local.backup()
        when = (START + timedelta(days=30 * month)).timestamp()
        os.utime(
            local.folder / "manifests" / "desk1" / f"{month + 1:08d}-{taken.digest}", (when, when)
        )
    return (START + timedelta(days=5 * 365 + 10)).timestamp()


def test_only_what_is_past_its_time_goes(local: Vault) -> None:
    now = old_vault(local)
    plan_ = make_plan(local.open(), now)
    assert [row[2] for row in plan_.manifests] == ["2025-03-02"]
    assert len(plan_.packs) == 3
    with pytest.raises(InsideRetention, match="nothing is past its time"):
        make_plan(local.open(), now - 30 * DAY)


def test_more_than_five_percent_of_the_packs_never_goes(local: Vault, monkeypatch) -> None:
    now = old_vault(local)
    monkeypatch.setattr(prune, "MOST_PERCENT", 5.0)
    with pytest.raises(InsideRetention, match="3 of 12 packs would go, more than 5 %"):
        make_plan(local.open(), now)
    monkeypatch.setattr(prune, "MOST_PERCENT", 60.0)
    # three are past their time, the oldest two make up half of the packs
    plan_ = make_plan(local.open(), now + 70 * DAY)
    assert [row[1][:8] for row in plan_.manifests] == ["00000001", "00000002"]
    assert len(plan_.packs) == 6


def test_a_date_that_the_host_signs_does_not_shorten_the_time_held(local: Vault) -> None:
    """Whoever has the host's key can date a snapshot back; the store's own clock counts too."""
    write(local.source / "a", b"1")
    local.backup()
    entries = [(Entry(path="papers", type="folder"), b"")]
    forge(local.open(), local.keys, entries, time="2010-01-01T00:00:00.000000Z",
          basis="2010-01-01", retain_until="2015-01-02")  # fmt: skip
    forge(local.open(), local.keys, entries, retention="for-a-day", retain_until="2015-01-02")
    local.backup()
    assert local.survey().faults() == []
    assert expired(local.survey(), clock.now().date().isoformat()) == []
    far = (clock.now() + timedelta(days=11 * 366)).date().isoformat()
    assert [s.sequence for s in expired(local.survey(), far)] == [2, 1]


def test_a_plan_that_was_changed_on_the_disk_is_not_signed(local: Vault) -> None:
    now = old_vault(local)
    with clock.held(datetime.fromtimestamp(now, UTC)):
        plan_ = make_plan(local.open(), now)
        second = local.survey().snapshots()[1]
        early = [*plan_.manifests, (second.host, second.name, "2025-01-01")]
        packs = [(p.name, p.stat().st_size) for p in local.objects("packs")]
        for changes in ({"manifests": early}, {"packs": packs}):
            with pytest.raises(Refused, match="names what may not go"):
                approve(local.open(), structs.replace(plan_, **changes), local.officer)
        with pytest.raises(Refused, match="7 days or more"):
            approve(local.open(), structs.replace(plan_, cool_off_days=0), local.officer)
        approve(local.open(), plan_, local.officer)


def test_a_prune_accounts_only_for_what_it_removes(local: Vault, monkeypatch) -> None:
    """A snapshot that somebody else took away meanwhile stays a gap."""
    now = old_vault(local)
    digest, _ = carry_out(local, now, monkeypatch)
    local.objects("manifests")[0].unlink()
    with pytest.raises(ChainBroken, match="is not there"):
        execute(local.open(), LocalAdmin(local.folder), local.officer, digest)
    assert any("is not there" in fault for fault in local.survey().faults())


def test_the_newest_and_the_newest_proved_always_stay(local: Vault) -> None:
    old_vault(local, 3)
    local.prove(which=local.survey().snapshots()[1])
    assert [s.sequence for s in expired(local.survey(), "2099-01-01")] == [1]


def test_rubbish_does_not_push_good_snapshots_out(local: Vault) -> None:
    """restic's threat model names it: retention by count lets an attacker's snapshots do that."""
    write(local.source / "good", b"good")
    local.backup()
    for number in range(12):
        write(local.source / "rubbish", bytes([number]) * 1000)
        local.backup()
    assert expired(local.survey(), clock.now().date().isoformat()) == []


def carry_out(local: Vault, now: float, monkeypatch: pytest.MonkeyPatch, wait: float = 31):
    with clock.held(datetime.fromtimestamp(now, UTC)):
        plan_ = make_plan(local.open(), now)
        digest = approve(local.open(), plan_, local.officer)
    os.utime(local.folder / "audit" / digest, (now, now))
    monkeypatch.setattr(prune, "server_now", lambda admin: now + wait * DAY)
    return digest, plan_


def test_prune_from_plan_to_execution(local: Vault, monkeypatch: pytest.MonkeyPatch) -> None:
    now = old_vault(local)
    digest, plan_ = carry_out(local, now, monkeypatch)
    admin = LocalAdmin(local.folder)
    before = len(local.objects("packs"))
    done = execute(local.open(), admin, local.officer, digest[:16])
    assert len(done.manifests) == 1
    assert len(local.objects("packs")) == before - len(plan_.packs)
    assert [s.sequence for s in local.survey().snapshots()] == [2, 3, 4]
    assert local.survey().faults() == []
    assert verify(local.open()).damaged == []
    for snapshot in local.survey().snapshots():
        assert local.restore(choose(local.survey(), snapshot=snapshot.digest))[0].whole
    again = execute(local.open(), admin, local.officer, digest)
    assert again.packs == []
    write(local.source / "after", b"after")
    assert local.backup().manifest.flags == []


def test_the_cool_off_counts_by_the_servers_clock(local: Vault, monkeypatch) -> None:
    now = old_vault(local)
    digest, _ = carry_out(local, now, monkeypatch, wait=29)
    with pytest.raises(InsideRetention, match=r"lasts another 1\.0 days"):
        execute(local.open(), LocalAdmin(local.folder), local.officer, digest)


def test_a_hold_within_the_cool_off_stops_it(local: Vault, monkeypatch) -> None:
    now = old_vault(local)
    digest, _ = carry_out(local, now, monkeypatch)
    first = local.survey().snapshots()[0].digest
    made = hold(local.open(), local.keys.signer(), "host desk1", [first], "subpoena")
    with pytest.raises(InsideRetention, match="held or inside retention"):
        execute(local.open(), LocalAdmin(local.folder), local.officer, digest)
    with pytest.raises(BadInput, match="only the officer"):
        release(local.open(), local.keys.signer(), [made], "the thief says so")
    release(local.open(), local.officer, [made], "case closed")
    execute(local.open(), LocalAdmin(local.folder), local.officer, digest)


def test_a_legal_hold_in_the_manifest_itself(local: Vault) -> None:
    with clock.held(START):
        write(local.source / "a", b"1")
        local.backup(hold=True)
    with clock.held(START + timedelta(days=1)):
        write(local.source / "a", b"2")
        local.backup()
    assert expired(local.survey(), "2099-01-01") == []


def test_a_release_that_the_officer_did_not_sign_is_none(local: Vault) -> None:
    from tasks.backup.objects import FORMAT, ObjectName, digest
    from tasks.backup.structures import Hold

    write(local.source / "a", b"1")
    taken = local.backup()
    made = hold(local.open(), local.officer, "officer", [taken.digest], "subpoena")
    forged = Hold(FORMAT, local.id, clock.text(), "officer", [], "let go", [made])
    data = sign("hold", plain(forged), local.keys.signer())
    local.open().put("holds", ObjectName(-1, digest(data), 0), [data])
    assert taken.digest in local.survey().holds.held


def test_a_plan_of_the_host_is_no_plan(local: Vault, monkeypatch) -> None:
    now = old_vault(local)
    plan_ = make_plan(local.open(), now)
    with pytest.raises(Refused, match="officer key"):
        approve(local.open(), plan_, local.keys.signer())
    from tasks.backup.objects import ObjectName, digest

    data = sign("prune-plan", plain(plan_), local.keys.signer())
    local.open().put("audit", ObjectName(-1, digest(data), 0), [data])
    monkeypatch.setattr(prune, "server_now", lambda admin: now + 100 * DAY)
    with pytest.raises(Missing):
        execute(local.open(), LocalAdmin(local.folder), local.officer, digest(data))
    assert condemned(local.open()) == set()


def test_nothing_is_pruned_from_a_broken_chain(local: Vault) -> None:
    now = old_vault(local)
    local.objects("manifests")[1].unlink()
    with pytest.raises(ChainBroken):
        make_plan(local.open(), now)


def test_backups_do_not_build_on_condemned_packs(local: Vault) -> None:
    """Content of the first month comes back while its packs wait to be removed."""
    now = old_vault(local)
    plan_ = make_plan(local.open(), now)
    approve(local.open(), plan_, local.officer)
    for number in range(3):
        write(local.source / f"0-{number}", f"0 {number}".encode() * 3000)
    taken = local.backup()
    assert not {name for name, _ in taken.manifest.packs} & condemned(local.open())
    assert local.restore()[0].whole


def test_orphans_go_only_when_they_are_old(local: Vault, monkeypatch) -> None:
    plain_tree(local.source, files=4, large=0)
    local.backup()
    orphan = local.folder / "packs" / ("ab" * 32)
    orphan.write_bytes(b"left by a crash")
    now = clock.now().timestamp()
    with pytest.raises(InsideRetention):
        make_plan(local.open(), now + 80 * DAY)
    plan_ = make_plan(local.open(), now + 100 * DAY)
    assert [name for name, _ in plan_.packs] == [orphan.name]


def test_private_keys_live_in_packs_of_their_own(local: Vault) -> None:
    from tasks.backup.options import Options
    from tasks.backup.snapshot import take_snapshots

    write(local.source / "a", b"the same content")
    private = local.top / "private-keys"
    write(private / "k", b"the same content")
    sources = [Source("home", str(local.source)), Source("keys", str(private), "private")]
    records, keys = take_snapshots(local.open(), local.keys, sources, Options(state=local.state))
    assert not {p for p, _ in records.manifest.packs} & {p for p, _ in keys.manifest.packs}
    assert keys.manifest.retain_until < records.manifest.retain_until
    assert keys.manifest.previous == records.digest


# -- watch


def count(**values: int) -> SourceCount:
    return SourceCount("papers", **values)


USUAL = {"files": 1000, "bytes": 10**8, "seen_bytes": 10**8, "seen_stored": 5 * 10**7}


@pytest.mark.parametrize(
    ("now", "mark"),
    [
        (count(files=1000, bytes=10**8, new_files=10, new_bytes=10**6, stored_bytes=4 * 10**5), ""),
        (
            count(files=1000, bytes=10**8, new_files=400, new_bytes=10**7, stored_bytes=10**6),
            "mass change",
        ),
        (
            count(
                files=1000, bytes=10**8, new_files=40, new_bytes=6 * 10**7, stored_bytes=6 * 10**7
            ),
            "compress",
        ),
        (count(files=300, bytes=3 * 10**7), "are gone"),
        (count(files=1100, bytes=2 * 10**9, new_files=100), "grew"),
    ],
)
def test_the_marks_of_ransomware(now: SourceCount, mark: str) -> None:
    found = unusual(count(**USUAL), now)
    assert bool(found) == bool(mark)
    assert mark in " ".join(found)
    assert unusual(None, now) == []


def test_encryption_of_the_sources_is_flagged_and_the_past_held(local: Vault) -> None:
    dice = random.Random(1)
    for number in range(120):
        write(local.source / f"{number}.txt", f"entry {number} ".encode() * 2000)
    earlier = [local.backup().digest]
    write(local.source / "1.txt", b"an ordinary change" * 100)
    ordinary = local.backup()
    assert ordinary.manifest.flags == []
    earlier.append(ordinary.digest)
    for path in sorted(local.source.iterdir()):
        path.write_bytes(dice.randbytes(path.stat().st_size))
        path.rename(path.with_suffix(".locked"))
    taken = local.backup()
    flags = " ".join(taken.manifest.flags)
    assert "mass change" in flags
    assert "may be encrypted" in flags
    held = local.survey().holds.held
    assert set(held) == set(earlier)
    assert "before snapshot 3" in held[earlier[0]][0]
    # no drill makes it the default, nor what follows it and looks usual by then
    with pytest.raises(Suspicious, match="may be encrypted"):
        local.prove("content")
    write(local.source / "note.txt", b"the next night")
    assert local.backup().manifest.flags == []
    with pytest.raises(Suspicious, match="--accept-flags"):
        local.prove("content")
    local.prove("content", which=local.survey().snapshots()[1])
    assert choose(local.survey()).snapshot.digest == earlier[1]
    local.prove("content", accept_flags=True)
    write(local.source / "note.txt", b"and the night after")
    local.backup()
    local.prove("content")


def test_a_missed_objective_is_told(local: Vault) -> None:
    write(local.source / "a", b"1")
    local.backup()
    sources = [Source("papers", "x", objective_hours=24), Source("other", "y")]
    papers, other = freshness(local.survey(), "desk1", sources)
    assert not papers.late
    assert other.late
    assert papers.proved == ""
    local.prove()
    late = freshness(local.survey(), "desk1", sources, clock.now() + timedelta(hours=25))[0]
    assert late.late
    assert late.proved == late.newest
