"""Proofs: a drill worker restores, compares with the digests of the originals, and countersigns. From the
content itself it computes what is out of line, and whether every blob is there.
"""

from __future__ import annotations

import contextlib
import os
import random
import shutil
import tempfile
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import blake3

from tasks.backup.faults import ChainBroken, DamagedData, Suspicious, WrongKey
from tasks.backup.format.manifest_chain import Snapshot, read_manifest
from tasks.backup.format.path_names import drive_letter
from tasks.backup.format.repository import Repository
from tasks.backup.format.sealing import backup_signer
from tasks.backup.format.signed_objects import FORMAT, ObjectName, digest, public_hex, sign
from tasks.backup.format.structures import ListingEntry, Manifest, SnapshotProof, SourceCount, encode_structure
from tasks.backup.restore.pack_library import PackLibrary, SnapshotListing, open_library
from tasks.backup.restore.snapshot_gaps import gap_growth, is_gone, is_unread
from tasks.backup.restore.snapshot_restore import restore_snapshot
from tasks.backup.run_options import BackupProgress, RestoreOptions
from tasks.backup.verify.snapshot_survey import RepositorySurvey, survey_repository, unusual_changes
from tasks.core import clock
from tasks.core.errors import Missing
from tasks.core.findings import Finding, finding_problems


def content_changes(library: PackLibrary, manifest: Manifest, before: Manifest) -> list[Finding]:
    """What is out of line since a snapshot that was countersigned, reckoned from the content itself:
    whoever has the host's key can sign a snapshot that carries no flags."""
    now = _counted(library, manifest, {name for name, _ in before.packs})
    was = SourceCount(
        now.name,
        files=sum(s.files for s in before.sources),
        bytes=before.total_bytes(),
        seen_bytes=sum(s.seen_bytes for s in before.sources),
        seen_stored=sum(s.seen_stored for s in before.sources),
    )
    # after a change of keys all is stored again; only the officer changes the config
    anew = before.config < manifest.config <= library.repository.config.sequence
    return unusual_changes(was, now, anew)


def _counted(library: PackLibrary, manifest: Manifest, packs_before: set[str]) -> SourceCount:
    """Files and bytes of a listing, and what of them lies in packs that were not known before."""
    files = size = fresh = 0
    frames: set[tuple[int, int]] = set()
    for entry in SnapshotListing(library, manifest).entries():
        if entry.type == "file":
            places = [library.places.get(bytes.fromhex(name)) for name in entry.blobs]
            new = {(p[0], p[1]) for p in places if p and library.packs[p[0]].digest not in packs_before}
            files, size, fresh = files + 1, size + entry.size, fresh + bool(new)
            frames |= new
    readers = [(library.packs[pack].reader, counter) for pack, counter in frames]
    rows = [reader.frames[counter] for reader, counter in readers if reader]
    return SourceCount(
        "since the last proof",
        files=files,
        bytes=size,
        new_files=fresh,
        new_bytes=sum(frame.plain for frame in rows),
        stored_bytes=sum(frame.length for frame in rows),
    )


def check_content(library: PackLibrary, manifest: Manifest, threads: int = 2) -> tuple[int, int]:
    """Open every frame of a snapshot's packs and hold each blob against its digest; then every
    file of the listing against the blobs. Files and bytes. Raises Damaged."""
    listing = SnapshotListing(library, manifest)
    files = size = 0
    for entry in listing.entries():
        if entry.type == "file":
            files, size = files + 1, size + entry.size
            for name in entry.blobs:
                if bytes.fromhex(name) not in library.places:
                    raise DamagedData("file-part-not-in-packs", path=entry.path)
    if listing.lost:
        raise DamagedData("listing-damaged", finding_problems(listing.lost))
    with ThreadPoolExecutor(threads) as pool:
        for _ in pool.map(lambda n: _check_pack(library, n), range(len(library.packs))):
            pass  # raises what a thread met
    return files, size


def _check_pack(library: PackLibrary, number: int) -> None:
    """Raises Damaged."""
    reader = library.packs[number].reader
    assert reader is not None
    for counter, frame in enumerate(reader.frames):
        data, at = memoryview(library.frame(number, counter)), 0
        for name, length in frame.blobs:
            if blake3.blake3(data[at : at + length], key=library.key).digest() != name:
                raise DamagedData("blob-of-pack-differs", digest=library.packs[number].digest[:16])
            at += length


PROOF_SCOPES = ("sample", "all", "content")


@dataclass(frozen=True)
class ProofOptions:
    """`sample` restores about `files` files, `all` the whole snapshot, `content` opens and checks
    every blob without writing files. `accept_flags`: somebody looked at what was flagged. `progress`
    counts what is restored."""

    scope: str = "sample"
    files: int = 200
    seed: int | None = None
    accept_flags: bool = False
    progress: BackupProgress | None = None


@dataclass(frozen=True)
class ProofResult:
    """A proof that stands in the repository."""

    proof: SnapshotProof
    digest: str
    head: str


def unproved_snapshots(survey: RepositorySurvey) -> list[Snapshot]:
    """The newest snapshot of each host and class that no drill countersigned."""
    newest: dict[tuple[str, str], Snapshot] = {}
    for snapshot in survey.snapshots():
        newest[snapshot.host, snapshot.manifest.retention] = snapshot
    return [s for s in newest.values() if survey.proof_of(s.digest) is None]


def prove_snapshot(
    repository: Repository, seed: bytes, drill: str, scratch: Path, snapshot: Snapshot, options: ProofOptions
) -> ProofResult:
    """Restore and countersign one snapshot. Nothing is signed while the chains have a fault, while
    flags or new gaps stand that nobody accepted, or when anything does not come back as it was.

    Raises ChainBroken, Suspicious, Damaged, WrongKey.
    """
    survey = survey_repository(repository)
    if survey.faults():
        raise ChainBroken("countersigning-blocked", finding_problems(survey.faults()))
    if not options.accept_flags:
        _require_usual(snapshot, survey.doubts(snapshot))
    if drill not in repository.config.drills:
        raise Missing("drill-worker-unknown", drill=drill)
    if public_hex(backup_signer(seed)) not in repository.config.drills[drill]:
        raise WrongKey("drill-key-not-current", drill=drill)
    if options.progress and options.scope == "all":
        options.progress("total", snapshot.manifest.total_bytes())
    started = time.monotonic()
    stored, manifest = read_manifest(repository, snapshot.host, snapshot.name)
    library = open_library(repository, seed, manifest.packs)
    if library.damaged():
        raise DamagedData("packs-damaged", finding_problems(library.damaged()))
    if not options.accept_flags:
        before, earlier = _last_proved(survey, snapshot), None
        if before:
            _, earlier = read_manifest(repository, before.host, before.name)
            _require_usual(snapshot, content_changes(library, manifest, earlier))
        _require_usual(snapshot, gap_growth(library, seed, manifest, earlier))
    if options.scope == "content":
        files, size = check_content(library, manifest)
    else:
        files, size = _restore(library, manifest, stored, scratch, options)
    last, previous = survey.proofs.heads.get(drill, (0, ""))
    proof = SnapshotProof(
        format=FORMAT,
        repository=repository.id,
        drill=drill,
        sequence=last + 1,
        previous=previous,
        config=repository.config.sequence,
        time=clock.text(),
        host=snapshot.host,
        manifest=stored,
        manifest_sequence=manifest.sequence,
        scope=options.scope,
        files=files,
        bytes=size,
        seconds=round(time.monotonic() - started, 3),
    )
    data = sign("proof", encode_structure(proof), backup_signer(seed))
    name = ObjectName(proof.sequence, digest(data), 0)
    repository.put(f"proofs/{drill}", name, [data])
    return ProofResult(proof, name.digest, snapshot.label)


def _require_usual(snapshot: Snapshot, doubts: list[Finding]) -> None:
    if doubts:
        raise Suspicious("snapshot-not-countersigned", finding_problems(doubts), label=snapshot.label)


def _last_proved(survey: RepositorySurvey, snapshot: Snapshot) -> Snapshot | None:
    same = survey.snapshots(snapshot.host, snapshot.manifest.retention)
    proved = [s for s in same if s.sequence < snapshot.sequence and survey.proof_of(s.digest)]
    return max(proved, key=lambda s: s.sequence, default=None)


def _restore(
    library: PackLibrary, manifest: Manifest, stored: str, scratch: Path, options: ProofOptions
) -> tuple[int, int]:
    only = None
    if options.scope == "sample":
        only = _sample(SnapshotListing(library, manifest).entries(), options)
    scratch.mkdir(parents=True, exist_ok=True)
    folder = Path(tempfile.mkdtemp(prefix="proof-", dir=scratch))
    try:
        restore_options = RestoreOptions(
            only=only, native=True, compare=True, progress=options.progress, skip=_never_written
        )
        report = restore_snapshot(library, manifest, folder / "restored", stored, restore_options)
    finally:
        shutil.rmtree(folder, onerror=_open_up)
    if report.damage:  # gaps are judged above
        raise DamagedData("restore-incomplete", finding_problems([*report.lost, *report.refused]))
    if options.scope == "all":
        _check_unwritten(library, manifest)
    return report.files, report.bytes


def _open_up(remove: Callable[[str], object], path: str, _: object) -> None:
    """Folders came back with their modes: one that may not be written keeps what lies in it, and
    nothing of what was opened may stay on this machine."""
    for folder in (Path(path).parent, Path(path)):
        with contextlib.suppress(OSError):
            folder.chmod(0o700)
    if remove in (os.rmdir, os.unlink):
        remove(path)
    else:
        shutil.rmtree(path)


def _never_written(entry: ListingEntry) -> bool:
    """What a restore leaves out wherever it runs: that says nothing against the snapshot."""
    return entry.type not in ("file", "folder", "link") or drive_letter(entry.path_bytes())


def _check_unwritten(library: PackLibrary, manifest: Manifest) -> None:
    for entry in SnapshotListing(library, manifest).entries():
        if entry.type == "file" and _never_written(entry):
            for name in entry.blobs:
                library.blob(bytes.fromhex(name))


def _sample(entries: Iterator[ListingEntry], options: ProofOptions) -> frozenset[bytes]:
    """A random choice, each file equally likely, and the largest file besides."""
    dice, chosen = random.Random(options.seed), []
    largest, count = ListingEntry(), 0
    for entry in entries:
        unread = is_gone(entry) or is_unread(entry)
        if entry.type != "file" or unread or _never_written(entry):
            continue
        count += 1
        largest = max(largest, entry, key=lambda e: e.size)
        if len(chosen) < options.files:
            chosen.append(entry.path_bytes())
        elif (position := dice.randrange(count)) < options.files:
            chosen[position] = entry.path_bytes()
    return frozenset([*chosen, largest.path_bytes()])
