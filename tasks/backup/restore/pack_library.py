"""Packs opened with a private key: where every blob lies, and the listing of a snapshot."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from functools import partial

import blake3

from tasks.backup.faults import DamagedData, ForeignRepository, NewerFormat, WrongKey
from tasks.backup.format.listing_codec import read_entries, read_listing_head
from tasks.backup.format.manifest_chain import Snapshot, read_manifest
from tasks.backup.format.pack_codec import PackReader, open_pack
from tasks.backup.format.repository import Repository
from tasks.backup.format.structures import ListingEntry, Manifest
from tasks.core.errors import Missing, StoreFault
from tasks.core.findings import Finding, finding_of_error, make_finding
from tasks.security.api import seal_key_id, seal_key_opener, seal_public_bytes
from tasks.transport.api import StoreItem

_MOST_FAULTS = 1000  # named, of a listing that is full of them
BlobPlace = tuple[int, int, int, int]  # pack, frame, start within the frame, length


@dataclass
class OpenPack:
    """One pack of a snapshot. `names` are the objects that may hold it, best first."""

    digest: str
    size: int
    names: list[str]
    reader: PackReader | None = None
    trouble: Finding | None = None


@dataclass
class PackLibrary:
    """All packs of one snapshot and the places of their blobs."""

    repository: Repository
    packs: list[OpenPack] = field(default_factory=list)
    places: dict[bytes, BlobPlace] = field(default_factory=dict)
    again: dict[bytes, list[BlobPlace]] = field(default_factory=dict)
    key: bytes = b""
    there: dict[str, list[StoreItem]] = field(default_factory=dict)

    def damaged(self) -> list[Finding]:
        """What is wrong with packs that do not open."""
        return [pack.trouble.about(f"packs/{pack.digest[:16]}") for pack in self.packs if pack.trouble]

    def frame(self, pack_number: int, counter: int, stored: bytes | memoryview | None = None) -> bytes:
        """The plain content of one frame; `stored` if its bytes were read already. Raises Damaged."""
        pack = self.packs[pack_number]
        assert pack.reader is not None
        frame = pack.reader.frames[counter]
        trouble: StoreFault | None = None
        for turn in range(len(pack.names) + 1):
            try:
                if stored is None:
                    name = f"packs/{pack.names[min(turn, len(pack.names) - 1)]}"
                    stored = self.repository.read(name, frame.offset, frame.length)
                return pack.reader.plain(counter, stored)
            except (DamagedData, Missing) as error:
                trouble, stored = error, None
        reason = finding_of_error(trouble).message if trouble else ""
        raise DamagedData("pack-damaged", digest=pack.digest[:16], reason=reason) from trouble

    def blob(self, name: bytes) -> bytes:
        """One blob from wherever it lies whole. Raises Damaged."""
        first = self.places.get(name)
        trouble = DamagedData("pack-of-file-lost")
        for position in [*([first] if first else []), *self.again.get(name, [])]:
            pack, counter, start, length = position
            try:
                data = self.frame(pack, counter)[start : start + length]
            except DamagedData as error:
                trouble = error
                continue
            if not self.key or blake3.blake3(data, key=self.key).digest() == name:
                return data
            trouble = DamagedData("blob-digest-mismatch")
        raise trouble


def open_library(
    repository: Repository, seed: bytes, packs: Sequence[tuple[str, int]], threads: int = 4
) -> PackLibrary:
    """Open the named packs. Damaged or missing ones carry their trouble; the rest serves.

    Raises WrongKey when the key opens none of them.
    """
    library = PackLibrary(repository)
    refused = add_packs(library, seed, packs, threads)
    if refused and len(refused) == len(library.packs):
        raise refused[0]
    return library


def add_packs(library: PackLibrary, seed: bytes, packs: Sequence[tuple[str, int]], threads: int = 4) -> list[WrongKey]:
    """Open more packs; those that are open are passed over. Returns an error for each pack that is sealed
    to other keys."""
    repository, first = library.repository, len(library.packs)
    library.there = library.there or repository.pack_items()
    opened = {pack.digest for pack in library.packs}
    fresh = [(name, size) for name, size in packs if name not in opened]
    library.packs += [OpenPack(n, size, _names(library.there, n, size)) for n, size in fresh]
    private, key_id = seal_key_opener(seed), seal_key_id(seal_public_bytes(seed))
    work = partial(_open_one, repository, private, key_id)
    with ThreadPoolExecutor(threads) as pool:
        refused = [trouble for trouble in pool.map(work, library.packs[first:]) if trouble]
    for number, pack in enumerate(library.packs[first:], first):
        _add_places(library, number, pack)
    return refused


def readable_packs(
    repository: Repository, seed: bytes, manifest: Manifest, candidates: Sequence[Snapshot]
) -> PackLibrary:
    """The library of a manifest. Raises WrongKey, which names the newest of `candidates` in its class
    that the key opens: keys were changed since, or this key is the newer one."""
    try:
        return open_library(repository, seed, manifest.packs)
    except WrongKey as error:
        same = [o for o in candidates if o.manifest.retention == manifest.retention]
        label = next((o.label for o in reversed(same) if _opens(repository, seed, o)), "")
        if not label:
            raise
        raise WrongKey(
            "snapshot-not-opened-by-key", host=manifest.host, sequence=manifest.sequence, allowed=label
        ) from error


def _opens(repository: Repository, seed: bytes, snapshot: Snapshot) -> bool:
    with contextlib.suppress(WrongKey, DamagedData, Missing):
        _, manifest = read_manifest(repository, snapshot.host, snapshot.name)
        return not open_library(repository, seed, manifest.packs[:1]).damaged()
    return False


def _names(there: dict[str, list[StoreItem]], digest: str, size: int) -> list[str]:
    return [stored.name for stored in there.get(digest, ()) if stored.size == size]


def _open_one(repository: Repository, private: object, key_id: str, pack: OpenPack) -> WrongKey | None:
    pack.trouble = make_finding("pack-missing-or-short")
    refused = None
    for name in pack.names:
        path = f"packs/{name}"
        try:
            read = partial(_read, repository, path)
            pack.reader = open_pack(read, pack.size, repository.id, private, key_id)  # type: ignore[arg-type]
            pack.trouble = None
            return None
        except WrongKey as error:
            pack.trouble, refused = finding_of_error(error), error
        except (DamagedData, Missing, ForeignRepository, NewerFormat) as error:
            pack.trouble = finding_of_error(error)
    return refused


def _read(repository: Repository, path: str, offset: int, length: int) -> bytes:
    return repository.read(path, offset, length)


def _add_places(library: PackLibrary, number: int, pack: OpenPack) -> None:
    if pack.reader is None:
        return
    for counter, frame in enumerate(pack.reader.frames):
        start = 0
        for name, size in frame.blobs:
            position = (number, counter, start, size)
            if name in library.places:
                library.again.setdefault(name, []).append(position)
            else:
                library.places[name] = position
            start += size


@dataclass
class SnapshotListing:
    """A snapshot's lines, piece by piece; pieces that are lost and lines that are faulty are named,
    anew with each reading."""

    library: PackLibrary
    manifest: Manifest
    lost: list[Finding] = field(default_factory=list)
    faulty: list[Finding] = field(default_factory=list)

    def entries(self) -> Iterator[ListingEntry]:
        """Every entry whose piece of the listing is whole. Raises Damaged when none is."""
        self.lost, self.faulty = [], []
        pieces = [bytes.fromhex(name) for name in self.manifest.tree]
        hasher = blake3.blake3
        first = self._first(pieces)
        running = hasher(first, key=self.library.key)
        yield from self._read(first.partition(b"\n")[2])
        for number, name in enumerate(pieces[1:], 2):
            try:
                piece = self.library.blob(name)
            except DamagedData as error:
                values = {"part": number, "parts": len(pieces), "reason": finding_of_error(error).message}
                self.lost.append(make_finding("listing-part-lost", "", **values))
                continue
            running.update(piece)
            yield from self._read(piece)
        if not self.lost and running.hexdigest() != self.manifest.tree_digest:
            self.lost.append(make_finding("listing-digest-mismatch"))

    def _read(self, lines: bytes) -> list[ListingEntry]:
        entries, faults = read_entries(lines)
        self.faulty += faults[: max(0, _MOST_FAULTS - len(self.faulty))]
        return entries

    def _first(self, pieces: list[bytes]) -> bytes:
        """The first piece carries the key that all ids are made with."""
        if not pieces:
            raise DamagedData("manifest-without-listing")
        self.library.key = b""  # an earlier snapshot's may be another
        first = self.library.blob(pieces[0])
        self.library.key = read_listing_head(first.split(b"\n", 1)[0])
        return self.library.blob(pieces[0])
