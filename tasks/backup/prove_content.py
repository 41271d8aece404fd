"""What a proof reckons from the content itself: what is out of line, and whether every blob is there."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import blake3

from tasks.backup.faults import Damaged
from tasks.backup.library import Library, Listing
from tasks.backup.structures import Manifest, SourceCount
from tasks.backup.watch import unusual
from tasks.shared.findings import Finding, problems


def changes(library: Library, manifest: Manifest, before: Manifest) -> list[Finding]:
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
    return unusual(was, now, anew)


def _counted(library: Library, manifest: Manifest, known: set[str]) -> SourceCount:
    """Files and bytes of a listing, and what of them lies in packs that were not known before."""
    files = size = fresh = 0
    frames: set[tuple[int, int]] = set()
    for entry in Listing(library, manifest).entries():
        if entry.type == "file":
            places = [library.places.get(bytes.fromhex(name)) for name in entry.blobs]
            new = {(p[0], p[1]) for p in places if p and library.packs[p[0]].digest not in known}
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


def check_content(library: Library, manifest: Manifest, threads: int = 2) -> tuple[int, int]:
    """Open every frame of a snapshot's packs and hold each blob against its digest; then every
    file of the listing against the blobs. Files and bytes. Raises Damaged."""
    listing = Listing(library, manifest)
    files = size = 0
    for entry in listing.entries():
        if entry.type == "file":
            files, size = files + 1, size + entry.size
            for name in entry.blobs:
                if bytes.fromhex(name) not in library.places:
                    raise Damaged("file-part-not-in-packs", path=entry.path)
    if listing.lost:
        raise Damaged("listing-damaged", problems(listing.lost))
    with ThreadPoolExecutor(threads) as pool:
        for _ in pool.map(lambda n: _check_pack(library, n), range(len(library.packs))):
            pass  # raises what a thread met
    return files, size


def _check_pack(library: Library, number: int) -> None:
    """Raises Damaged."""
    reader = library.packs[number].reader
    assert reader is not None
    for counter, frame in enumerate(reader.frames):
        data, at = memoryview(library.frame(number, counter)), 0
        for name, length in frame.blobs:
            if blake3.blake3(data[at : at + length], key=library.key).digest() != name:
                raise Damaged("blob-of-pack-differs", digest=library.packs[number].digest[:16])
            at += length
