"""A snapshot signed with the host's key may say anything. It cannot write outside the target."""
# Paths are bytes here, since not all names are text, and pathlib takes no bytes.

# ruff: noqa: PTH115, PTH118

from __future__ import annotations

import os
from itertools import product
from pathlib import Path

import pytest
from hypothesis import given, strategies as st

from tasks.backup.faults import ChainBroken, DamagedData, Suspicious
from tasks.backup.format.listing_codec import read_entries
from tasks.backup.format.path_names import NameGuard, fold_path, lies_outside, not_portable
from tasks.backup.format.signed_objects import digest as digest_of, sign
from tasks.backup.format.structures import Extent, ListingEntry
from tasks.backup.keys.host_keys import HostKeys
from tasks.backup.verify.snapshot_survey import choose_snapshot
from tasks.core.errors import Missing, Refused, StoreFull
from tasks.core.findings import make_finding
from tests.backup.conftest import Vault, codes, subjects
from tests.backup.forging import forge
from tests.backup.restore.test_standalone_reader import run_reader
from tests.backup.trees import picture, write
from tests.errors import refused


def folder(path: str) -> tuple[ListingEntry, bytes]:
    return ListingEntry(path=path, type="folder", mode=0o755), b""


def file(path: str | bytes, content: bytes = b"hostile", **more: object) -> tuple[ListingEntry, bytes]:
    if isinstance(path, bytes):
        return ListingEntry(raw=path.hex(), mode=0o644, **more), content
    return ListingEntry(path=path, mode=0o644, **more), content


def link(path: str, target: str) -> tuple[ListingEntry, bytes]:
    return ListingEntry(path=path, type="link", target=target), b""


def restored(anywhere: Vault, entries: list, **options: object):
    digest = forge(anywhere.open(), anywhere.keys, [folder("papers"), *entries])
    return anywhere.restore(choose_snapshot(anywhere.survey(), snapshot=digest), **{"native": False, **options})


OUTSIDE = [
    "../outside",
    "papers/../../outside",
    "/tmp/outside",
    "papers//outside",
    "papers/./outside",
    "",
    "C:/outside",
    "papers/C:outside",
    "papers/a\0b",
    "..",
    "papers/..",
    "\\outside",
    ".continuity-restore",
    ".Continuity-Restore",
]


@pytest.mark.parametrize("path", OUTSIDE)
@pytest.mark.parametrize("native", [False, True])
def test_names_that_lead_outside_are_refused_and_named(anywhere: Vault, path: str, native: bool) -> None:
    before = picture(anywhere.top / "source")
    report, target = restored(anywhere, [file(path), file("papers/good", b"good")], native=native)
    assert len(report.refused) == 1
    assert not report.intact
    assert (target / "papers/good").read_bytes() == b"good"
    assert [p for p in anywhere.top.rglob("*") if "outside" in p.name or "ontinuity-" in p.name] == []
    assert not Path("/tmp/outside").exists()
    assert picture(anywhere.top / "source") == before


@pytest.mark.parametrize("target", ["/tmp", "..", "."])
def test_nothing_is_written_through_a_link(anywhere: Vault, target: str) -> None:
    entries = [link("papers/door", target), file("papers/door/outside"), folder("papers/door/deep")]
    report, place = restored(anywhere, entries)
    assert len(report.refused) == 2
    assert set(codes(report.refused)) == {"entry-without-folder"}
    assert os.readlink(place / "papers/door") == target
    assert not Path("/tmp/outside").exists()


def test_a_link_and_a_folder_of_one_name(anywhere: Vault) -> None:
    entries = [folder("papers/x"), link("papers/x", "/tmp"), file("papers/x/outside")]
    report, place = restored(anywhere, entries)
    assert (place / "papers/x").is_dir()
    assert not (place / "papers/x").is_symlink()
    assert len(report.refused) == 1
    assert not Path("/tmp/outside").exists()


def test_a_link_that_waits_in_the_target_is_not_followed(anywhere: Vault) -> None:
    digest = forge(anywhere.open(), anywhere.keys, [folder("papers"), file("papers/outside")])
    target = anywhere.top / "restored1"
    (anywhere.top / "elsewhere").mkdir()
    target.mkdir()
    (target / "papers").symlink_to(anywhere.top / "elsewhere")
    choice = choose_snapshot(anywhere.survey(), snapshot=digest)
    with pytest.raises(Refused):
        anywhere.restore(choice)
    # the mark of a broken-off restore does not open that door either
    (target / ".continuity-restore").write_text(digest)
    anywhere._restored = 0
    with refused("restore-path-not-a-folder", Refused):
        anywhere.restore(choice)
    assert list((anywhere.top / "elsewhere").iterdir()) == []


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("papers/Name", "papers/name"),
        ("papers/stra\u00dfe", "papers/STRASSE"),
        ("papers/caf\u00e9", "papers/cafe\u0301"),
        ("papers/same", "papers/same"),
    ],
)
def test_names_that_some_systems_take_for_one(anywhere: Vault, one: str, other: str) -> None:
    report, place = restored(anywhere, [file(one, b"first"), file(other, b"second")])
    assert len(report.refused) == 1
    assert (place / one).read_bytes() == b"first"
    if one != other:
        report, place = restored(anywhere, [file(one, b"first"), file(other, b"second!")], native=True)
        assert report.intact
        assert (place / other).read_bytes() == b"second!"


@pytest.mark.parametrize("name", ["con", "NUL.txt", "aux", "COM1", "lpt9.log", "prn .x", "CONIN$"])
def test_names_that_windows_reserves(anywhere: Vault, name: str) -> None:
    assert len(restored(anywhere, [file(f"papers/{name}")])[0].refused) == 1
    assert restored(anywhere, [file(f"papers/{name}")], native=True)[0].intact


@pytest.mark.parametrize("name", ["console.txt", "nullable", "common", "lpt", "auxiliary.pdf"])
def test_names_that_only_look_reserved(name: str) -> None:
    assert not_portable(f"papers/{name}".encode()) == ""


def test_setuid_devices_and_pipes_stay_out(anywhere: Vault) -> None:
    device = ListingEntry(path="papers/disk", type="block", mode=0o666, device=os.makedev(254, 0))
    setuid = ListingEntry(path="papers/su", mode=0o6755)
    entries = [(device, b""), (setuid, b"#!/bin/sh"), (ListingEntry(path="papers/p", type="fifo"), b"")]
    report, place = restored(anywhere, entries)
    assert sorted(p.name for p in (place / "papers").iterdir()) == ["su"]
    assert (place / "papers/su").stat().st_mode & 0o7777 == 0o755
    assert len(report.refused) == 2


def test_it_may_not_expand_beyond_what_the_manifest_says(anywhere: Vault) -> None:
    entries = [folder("papers"), file("papers/a", b"x" * 5000), file("papers/b", b"y" * 5000)]
    digest = forge(anywhere.open(), anywhere.keys, entries, claimed=6000)
    with refused("listing-larger-than-manifest", DamagedData):
        anywhere.restore(choose_snapshot(anywhere.survey(), snapshot=digest))


def test_a_size_that_the_disk_cannot_hold_is_refused_at_once(anywhere: Vault) -> None:
    digest = forge(anywhere.open(), anywhere.keys, [folder("papers")], claimed=1 << 60)
    with refused("restore-space-insufficient", StoreFull):
        anywhere.restore(choose_snapshot(anywhere.survey(), snapshot=digest))


def test_a_size_that_the_content_does_not_make_up(anywhere: Vault) -> None:
    report, _ = restored(anywhere, [file("papers/a", b"short", size=500)])
    assert report.lost == [make_finding("file-parts-differ-from-size", "papers/a")]


def test_a_size_without_any_content_is_lost_not_zeros(anywhere: Vault) -> None:
    empty = ListingEntry(path="papers/a", size=62416)
    hole = ListingEntry(path="papers/hole", size=5000, extents=[Extent(0, 0)])
    report, place = restored(anywhere, [(empty, b""), (hole, b"")])
    assert report.lost == [make_finding("file-parts-differ-from-size", "papers/a")]
    assert not (place / "papers/a").exists()
    assert (place / "papers/hole").read_bytes() == bytes(5000)
    done = run_reader(anywhere, anywhere.top / "bare", "--newest")
    assert done.returncode == 1
    assert not (anywhere.top / "bare/papers/a").exists()


def test_hostile_extents_and_missing_blobs(anywhere: Vault) -> None:
    bad = ListingEntry(path="papers/a", size=10, blobs=["ab" * 32])
    report, place = restored(anywhere, [(bad, b"")])
    assert report.lost == [make_finding("pack-of-file-lost", "papers/a")]
    assert not (place / "papers/a").exists()


LINES = [
    b"not json\n",
    b"[]\n",
    b'{"path": 5}\n',
    b'{"path": "papers/x", "blobs": ["zz"]}\n',
    b'{"path": "papers/x", "size": -1}\n',
    b'{"path": "papers/x", "mtime": 99999999999999999999}\n',
    b'{"path": "papers/x", "size": 9, "extents": [[0, 5], [3, 5]]}\n',
    b'{"path": "papers/x", "size": 9, "extents": [[0, 50]]}\n',
    b"[" * 100_000 + b"\n",
]


@pytest.mark.parametrize("text", LINES, ids=range(len(LINES)))
def test_a_listing_that_is_no_listing_is_an_error_of_ours(anywhere: Vault, text: bytes) -> None:
    from tests.backup import forging

    real = forging.listing_line
    forging.listing_line = lambda entry: text
    try:
        digest = forge(anywhere.open(), anywhere.keys, [file("papers/x")])
    finally:
        forging.listing_line = real
    report, place = anywhere.restore(choose_snapshot(anywhere.survey(), snapshot=digest))
    assert len(report.faulty) == 1
    assert report.has_gaps
    assert not report.intact
    assert not list(place.rglob("*")) or b"mtime" in text
    with refused("snapshot-not-countersigned", Suspicious) as caught:
        anywhere.prove()
    assert any(code.startswith("listing-") for code in caught.codes)


@pytest.mark.parametrize("text", LINES, ids=range(len(LINES)))
def test_a_faulty_line_costs_that_line_alone(anywhere: Vault, text: bytes, monkeypatch) -> None:
    from tasks.backup.format.listing_codec import listing_line
    from tests.backup import forging

    real = listing_line
    monkeypatch.setattr(forging, "listing_line", lambda e: text if e.path.endswith("x") else real(e))
    entries = [folder("papers"), file("papers/a", b"a"), file("papers/x"), file("papers/z", b"z")]
    digest = forge(anywhere.open(), anywhere.keys, entries)
    report, place = anywhere.restore(choose_snapshot(anywhere.survey(), snapshot=digest))
    assert len(report.faulty) == 1
    assert (report.lost, report.refused) == ([], [])
    assert (place / "papers/a").read_bytes() + (place / "papers/z").read_bytes() == b"az"
    with refused("snapshot-not-countersigned", Suspicious) as caught:
        anywhere.prove()
    assert any(code.startswith("listing-") for code in caught.codes)
    anywhere.prove(accept_flags=True)
    done = run_reader(anywhere, anywhere.top / "bare")
    # what has another shape than a time is refused there as damage
    assert done.returncode == (3 if text[:1] in b"n[" or b"mtime" in text else done.returncode or 9)
    assert (anywhere.top / "bare/papers/z").read_bytes() == b"z"


def test_a_folder_with_a_faulty_line_still_holds_what_lies_in_it(anywhere: Vault, monkeypatch) -> None:
    from tasks.backup.format.listing_codec import listing_line
    from tests.backup import forging

    real = listing_line
    wrong = b'{"path": "papers", "type": "folder", "mode": -1, "mtime": "x"}\n'
    monkeypatch.setattr(forging, "listing_line", lambda e: wrong if e.path == "papers" else real(e))
    digest = forge(anywhere.open(), anywhere.keys, [folder("papers"), file("papers/a", b"a")])
    report, place = anywhere.restore(choose_snapshot(anywhere.survey(), snapshot=digest))
    assert subjects(report.faulty) == ["papers"]
    assert (place / "papers/a").read_bytes() == b"a"
    done = run_reader(anywhere, anywhere.top / "bare", "--newest")
    assert (done.returncode, "its mode or time is not set" in done.stderr) == (3, True)
    assert (anywhere.top / "bare/papers/a").read_bytes() == b"a"


def test_the_stand_alone_reader_refuses_them_too(anywhere: Vault) -> None:
    entries = [folder("papers"), *(file(p) for p in OUTSIDE), link("papers/door", "/tmp")]
    forge(anywhere.open(), anywhere.keys, [*entries, file("papers/door/outside"), file("papers/ok", b"k")])
    done = run_reader(anywhere, anywhere.top / "bare", "--newest")
    assert done.returncode == 1
    assert (anywhere.top / "bare/papers/ok").read_bytes() == b"k"
    outside = [p for p in anywhere.top.rglob("*") if "outside" in p.name]
    assert all(p.is_relative_to(anywhere.top / "bare") for p in outside)
    assert not Path("/tmp/outside").exists()


def below_links() -> list[tuple[ListingEntry, bytes]]:
    """Links whose places lie below other links, and files in folders that are none."""
    return [
        file("papers/good", b"good"),
        link("papers/x", "../.."),
        link("papers/x/planted", "papers/good"),
        file("papers/x/planted-file"),
        folder("papers/x/planted-folder"),
        link("papers/x/planted-folder/planted", "/tmp"),
        link("papers/good/planted", "/tmp"),
        link("papers/no-folder/planted", "/tmp"),
        file("papers/no-folder/planted-file"),
        link("../planted", "/tmp"),
        link("/tmp/planted", "/tmp"),
        folder("C:/planted"),
        link("papers/../planted", "/tmp"),
        folder("papers/last"),
        file("papers/last/good", b"good too"),
    ]


def planted(anywhere: Vault, inside: Path) -> list[Path]:
    assert not os.path.lexists("/tmp/planted")
    return [
        path
        for path in anywhere.top.rglob("*")
        if "planted" in path.name or (path.is_symlink() and path != inside / "papers/x")
    ]


def test_no_link_is_made_below_a_link(anywhere: Vault) -> None:
    report, place = restored(anywhere, below_links())
    assert len(report.refused) == 11
    assert all("planted" in path for path in subjects(report.refused))
    assert planted(anywhere, place) == []
    assert (place / "papers/last/good").read_bytes() == b"good too"
    assert os.readlink(place / "papers/x") == "../.."


def test_the_stand_alone_reader_makes_no_link_below_a_link(anywhere: Vault) -> None:
    forge(anywhere.open(), anywhere.keys, [folder("papers"), *below_links()])
    bare = anywhere.top / "bare"
    done = run_reader(anywhere, bare, "--newest")
    assert done.returncode == 1
    assert planted(anywhere, bare) == []
    assert os.readlink(bare / "papers/x") == "../.."
    assert (bare / "papers/last/good").read_bytes() == b"good too"
    assert len(done.stderr.strip().splitlines()) == 11, done.stderr
    assert all("planted" in text for text in done.stderr.strip().splitlines())
    part = run_reader(anywhere, anywhere.top / "part", "--newest", "--only", "papers/x")
    assert os.readlink(anywhere.top / "part/papers/x") == "../.."
    assert planted(anywhere, bare) == [anywhere.top / "part/papers/x"]
    assert "no-folder" not in part.stderr and "papers/x/planted" in part.stderr


# -- what to restore when the chains were tampered with


def test_the_newest_countersigned_snapshot_is_the_choice(anywhere: Vault) -> None:
    write(anywhere.source / "a", b"good")
    good = anywhere.backup()
    anywhere.prove()
    forge(anywhere.open(), anywhere.keys, [folder("papers"), file("papers/a", b"evil")])
    choice = choose_snapshot(anywhere.survey())
    assert choice.snapshot.digest == good.digest
    assert choice.warnings == (make_finding("later-snapshots-passed-over", count=1),)
    newest = choose_snapshot(anywhere.survey(), newest=True)
    assert newest.snapshot.digest != good.digest
    assert codes(newest.warnings) == ["snapshot-never-proved"]


def test_without_any_proof_one_must_say_newest(anywhere: Vault) -> None:
    write(anywhere.source / "a", b"1")
    anywhere.backup()
    with refused("snapshot-not-proven", ChainBroken):
        choose_snapshot(anywhere.survey())
    assert choose_snapshot(anywhere.survey(), newest=True).proof is None


def test_forks_and_gaps_are_listed_and_stop_a_proof(anywhere: Vault) -> None:
    write(anywhere.source / "a", b"1")
    first = anywhere.backup()
    anywhere.backup()
    forge(anywhere.open(), anywhere.keys, [folder("papers")], sequence=2, previous=first.digest)
    faults = anywhere.survey().faults()
    assert "chain-forked" in codes(faults)
    with pytest.raises(ChainBroken):
        anywhere.prove()


def test_a_gap_is_listed(anywhere: Vault) -> None:
    for number in range(3):
        write(anywhere.source / "a", bytes([number]))
        anywhere.backup()
    anywhere.objects("manifests")[1].unlink()
    assert "previous-snapshot-missing" in codes(anywhere.survey().faults())


def test_a_number_that_was_left_out_is_a_gap(anywhere: Vault) -> None:
    """He takes snapshots 2 and 3 away and signs another number 4 on top of 1."""
    digests = []
    for number in range(3):
        write(anywhere.source / "a", bytes([number]))
        digests.append(anywhere.backup().digest)
    for path in anywhere.objects("manifests")[1:]:
        path.unlink()
    forge(anywhere.open(), anywhere.keys, [folder("papers")], sequence=4, previous=digests[0])
    (fault,) = anywhere.survey().faults()
    assert (fault.code, fault.values) == ("snapshot-number-skipped", {"previous": 1})


def test_a_countersigned_snapshot_that_is_gone_is_told(anywhere: Vault) -> None:
    """The chain alone does not show that its tail was cut; the proof does."""
    for number in range(2):
        write(anywhere.source / "a", bytes([number]))
        anywhere.backup()
        anywhere.prove()
    anywhere.objects("manifests")[1].unlink()
    faults = anywhere.survey().faults()
    assert faults == [make_finding("proved-snapshot-gone", "desk1", number=2)]
    assert choose_snapshot(anywhere.survey()).snapshot.sequence == 1


@pytest.mark.parametrize("place", ["manifests/desk1", "proofs/drill1", "config", "holds", "audit"])
def test_no_single_file_stops_a_restore(anywhere: Vault, place: str) -> None:
    """Whoever may create files on the store writes what claims a newer format, is no structure at
    all, or is far too large to be read."""
    write(anywhere.source / "a", b"good")
    good = anywhere.backup()
    anywhere.prove()
    number = "" if place in ("holds", "audit") else "00000009-"
    for signer in (anywhere.keys.signer(), HostKeys.make(anywhere.id, "", "x").signer()):
        for kind, version in product(("manifest", "proof", "config", "hold", "prune-plan"), (1, 2)):
            data = sign(kind, {"format": version, "config": 99}, signer)
            (anywhere.folder / place / f"{number}{digest_of(data)}").write_bytes(data)
    (anywhere.folder / place / f"{number}{digest_of(b'[]')}").write_bytes(b"[]")
    with (anywhere.folder / place / f"{number}{'ab' * 32}").open("wb") as file:
        file.truncate(1 << 40)
    found = anywhere.survey()
    assert len(found.junk()) >= 10
    assert f"{place}/{number}{'ab' * 32}" in subjects(found.damage())
    choice = choose_snapshot(found)
    assert choice.snapshot.digest == good.digest
    report, target = anywhere.restore(choice)
    assert report.intact
    assert (target / "papers/a").read_bytes() == b"good"
    assert run_reader(anywhere, anywhere.top / "bare").returncode == 0


def test_an_expected_head_that_is_gone(anywhere: Vault) -> None:
    for number in range(3):
        write(anywhere.source / "a", bytes([number]))
        taken = anywhere.backup()
    found = anywhere.survey()
    assert found.heads() == [taken.label]
    assert found.behind(taken.label) is None
    anywhere.objects("manifests")[2].unlink()
    late = anywhere.survey().behind(taken.label)
    assert late == make_finding("newest-snapshot-too-old", "desk1", newest=2, expected=3)
    other, nonsense = found.behind("desk1:3:" + "0" * 32), found.behind("nonsense")
    assert other and other.code == "snapshot-not-expected-one"
    assert nonsense == make_finding("expected-head-malformed", "nonsense")


def test_a_manifest_of_a_stranger_is_no_snapshot(anywhere: Vault) -> None:
    from tasks.backup.keys.host_keys import HostKeys

    write(anywhere.source / "a", b"1")
    anywhere.backup()
    thief = HostKeys.make(anywhere.id, anywhere.keys.officer, "desk1")
    forge(anywhere.open(), thief, [folder("papers")], sequence=2)
    found = anywhere.survey()
    assert len(found.snapshots()) == 1
    assert "signing-key-unknown" in codes(found.junk())
    with pytest.raises(Missing):
        choose_snapshot(found, host="desk9", newest=True)


# -- names as such


@given(st.text(min_size=1, max_size=40))
def test_no_accepted_name_leaves_the_target(tmp_path_factory, path: str) -> None:
    data = path.encode(errors="surrogatepass")
    if lies_outside(data):
        return
    root = b"/target"
    place = os.path.normpath(os.path.join(root, *data.split(b"/")))
    assert place.startswith(root + b"/")


@given(st.lists(st.text(alphabet="aAbB\u00e9e\u0301/\u00df", min_size=1, max_size=6), max_size=8))
def test_accepted_names_stay_apart_when_folded(paths: list[str]) -> None:
    guard, taken = NameGuard(), []
    for path in paths:
        entry = ListingEntry(path=path, type="folder")
        if not guard.refuse(entry):
            taken.append(fold_path(path.encode()))
    assert len(taken) == len(set(taken))


@pytest.mark.parametrize(
    "wrong",
    [
        b'{"size":-1}',
        b'{"mode":-1}',
        b'{"uid":9223372036854775807}',
        b'{"mtime":"1"}',
        b'{"size":99999999999999999999}',
        b'{"blobs":["00"]}',
        b'{"blobs":["%s"]}' % (b"x" * 64),
        b'{"raw":"zz"}',
        b'{"size":9,"extents":[[4,4],[0,2]]}',
        b'{"size":9,"extents":[[4,6]]}',
        b'{"size":9,"extents":[[-1,2]]}',
        b'{"path":"a"',
        b"[]",
    ],
)
def test_a_line_that_no_snapshot_of_ours_holds_is_damage(wrong: bytes) -> None:
    good = b'{"path":"a","size":9,"extents":[[0,2],[4,5]]}\n'
    entries, faults = read_entries(good + b"\n" + good)
    assert ([entry.path for entry in entries], faults) == (["a", "a"], [])
    entries, faults = read_entries(good + wrong + b"\n" + good)
    assert [entry.path for entry in entries] == ["a", "a"]
    assert len(faults) == 1
