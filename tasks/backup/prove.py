"""Proofs: a drill worker restores, compares with the digests of the originals, and countersigns."""

from __future__ import annotations

import contextlib
import os
import random
import shutil
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from tasks.backup.choosing import Survey, survey
from tasks.backup.faults import ChainBroken, Damaged, Missing, Suspicious, WrongKey
from tasks.backup.gaps import grown, is_gone, is_unread
from tasks.backup.library import Library, Listing, open_library
from tasks.backup.manifests import Snapshot, read_manifest
from tasks.backup.names import drive_letter
from tasks.backup.objects import FORMAT, ObjectName, digest, public_hex, sign
from tasks.backup.options import Progress
from tasks.backup.prove_content import changes, check_content
from tasks.backup.report import RestoreOptions
from tasks.backup.repository import Repository
from tasks.backup.restore import restore
from tasks.backup.sealing import signer
from tasks.backup.structures import Entry, Manifest, Proof, plain
from tasks.shared import clock
from tasks.shared.findings import Finding, problems

SCOPES = ("sample", "all", "content")


@dataclass(frozen=True)
class ProofOptions:
    """`sample` restores about `files` files, `all` the whole snapshot, `content` opens and checks
    every blob without writing files. `accept_flags`: somebody looked at what was flagged. `progress`
    is told of what is restored."""

    scope: str = "sample"
    files: int = 200
    seed: int | None = None
    accept_flags: bool = False
    progress: Progress | None = None


@dataclass(frozen=True)
class Proved:
    """A proof that stands in the repository."""

    proof: Proof
    digest: str
    head: str


def unproved(found: Survey) -> list[Snapshot]:
    """The newest snapshot of each host and class that no drill countersigned."""
    newest: dict[tuple[str, str], Snapshot] = {}
    for snapshot in found.snapshots():
        newest[snapshot.host, snapshot.manifest.retention] = snapshot
    return [s for s in newest.values() if found.proof_of(s.digest) is None]


def prove(
    repository: Repository,
    seed: bytes,
    drill: str,
    scratch: Path,
    snapshot: Snapshot,
    options: ProofOptions,
) -> Proved:
    """Restore and countersign one snapshot. Nothing is signed while the chains have a fault, while
    flags or new gaps stand that nobody accepted, or when anything does not come back as it was.

    Raises ChainBroken, Suspicious, Damaged, WrongKey.
    """
    found = survey(repository)
    if found.faults():
        raise ChainBroken("countersigning-blocked", problems(found.faults()))
    if not options.accept_flags:
        _require_usual(snapshot, found.doubts(snapshot))
    if drill not in repository.config.drills:
        raise Missing("drill-worker-unknown", drill=drill)
    if public_hex(signer(seed)) not in repository.config.drills[drill]:
        raise WrongKey("drill-key-not-current", drill=drill)
    if options.progress and options.scope == "all":
        options.progress("total", snapshot.manifest.total_bytes())
    started = time.monotonic()
    stored, manifest = read_manifest(repository, snapshot.host, snapshot.name)
    library = open_library(repository, seed, manifest.packs)
    if library.damaged():
        raise Damaged("packs-damaged", problems(library.damaged()))
    if not options.accept_flags:
        before, earlier = _last_proved(found, snapshot), None
        if before:
            _, earlier = read_manifest(repository, before.host, before.name)
            _require_usual(snapshot, changes(library, manifest, earlier))
        _require_usual(snapshot, grown(library, seed, manifest, earlier))
    if options.scope == "content":
        files, size = check_content(library, manifest)
    else:
        files, size = _restore(library, manifest, stored, scratch, options)
    last, previous = found.proofs.heads.get(drill, (0, ""))
    proof = Proof(
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
    data = sign("proof", plain(proof), signer(seed))
    name = ObjectName(proof.sequence, digest(data), 0)
    repository.put(f"proofs/{drill}", name, [data])
    return Proved(proof, name.digest, snapshot.label)


def _require_usual(snapshot: Snapshot, doubts: list[Finding]) -> None:
    if doubts:
        raise Suspicious("snapshot-not-countersigned", problems(doubts), label=snapshot.label)


def _last_proved(found: Survey, snapshot: Snapshot) -> Snapshot | None:
    same = found.snapshots(snapshot.host, snapshot.manifest.retention)
    proved = [s for s in same if s.sequence < snapshot.sequence and found.proof_of(s.digest)]
    return max(proved, key=lambda s: s.sequence, default=None)


def _restore(
    library: Library, manifest: Manifest, stored: str, scratch: Path, options: ProofOptions
) -> tuple[int, int]:
    only = None
    if options.scope == "sample":
        only = _sample(Listing(library, manifest).entries(), options)
    scratch.mkdir(parents=True, exist_ok=True)
    folder = Path(tempfile.mkdtemp(prefix="proof-", dir=scratch))
    try:
        wanted = RestoreOptions(
            only=only, native=True, compare=True, progress=options.progress, leave=_never_written
        )
        report = restore(library, manifest, folder / "restored", stored, wanted)
    finally:
        shutil.rmtree(folder, onerror=_open_up)
    if report.damage:  # gaps are judged above
        raise Damaged("restore-incomplete", problems([*report.lost, *report.refused]))
    if options.scope == "all":
        _check_unwritten(library, manifest)
    return report.files, report.bytes


def _open_up(remove: Callable[[str], object], path: str, _: object) -> None:
    """Folders came back with their modes: one that may not be written keeps what lies in it, and
    nothing of what was opened may stay on this machine."""
    for place in (Path(path).parent, Path(path)):
        with contextlib.suppress(OSError):
            place.chmod(0o700)
    if remove in (os.rmdir, os.unlink):
        remove(path)
    else:
        shutil.rmtree(path)


def _never_written(entry: Entry) -> bool:
    """What a restore leaves out wherever it runs: that says nothing against the snapshot."""
    return entry.type not in ("file", "folder", "link") or drive_letter(entry.path_bytes())


def _check_unwritten(library: Library, manifest: Manifest) -> None:
    for entry in Listing(library, manifest).entries():
        if entry.type == "file" and _never_written(entry):
            for name in entry.blobs:
                library.blob(bytes.fromhex(name))


def _sample(entries: Iterator[Entry], options: ProofOptions) -> frozenset[bytes]:
    """A random choice, each file equally likely, and the largest file besides."""
    dice, chosen = random.Random(options.seed), []
    largest, seen = Entry(), 0
    for entry in entries:
        unread = is_gone(entry) or is_unread(entry)
        if entry.type != "file" or unread or _never_written(entry):
            continue
        seen += 1
        largest = max(largest, entry, key=lambda e: e.size)
        if len(chosen) < options.files:
            chosen.append(entry.path_bytes())
        elif (place := dice.randrange(seen)) < options.files:
            chosen[place] = entry.path_bytes()
    return frozenset([*chosen, largest.path_bytes()])
