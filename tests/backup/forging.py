"""Snapshots as an attacker makes them who owns the host and all its keys."""

from __future__ import annotations

from collections.abc import Sequence

import blake3
import msgspec

from tasks.backup.format.listing_codec import ListingCutter, listing_line
from tasks.backup.format.repository import Repository
from tasks.backup.format.signed_objects import ObjectName, digest, sign
from tasks.backup.format.structures import ListingEntry, Manifest, SourceCount, encode_structure
from tasks.backup.keys.host_keys import HostKeys
from tasks.backup.snapshot.host_state import PackIndex, find_head
from tasks.backup.snapshot.pipeline import Pipeline

BASE = {
    "format": 1,
    "config": 1,
    "time": "2026-11-24T00:00:00.000000Z",
    "retention": "records",
    "basis": "2026-11-24",
    "retain_until": "2031-11-25",
    "hold": False,
    "place": {"name": ""},
    "journal": None,
    "index": [],
    "flags": [],
}


def forge(
    repository: Repository,
    keys: HostKeys,
    entries: Sequence[tuple[ListingEntry, bytes]],
    claimed: int | None = None,
    **changes: object,
) -> str:
    """A signed snapshot with any entries at all. `claimed` is the size that the manifest tells."""
    pipeline = Pipeline(repository, keys, PackIndex())
    key = keys.id_bytes()
    data, tree = pipeline.bin("records", "data"), pipeline.bin("records", "tree")

    def store(name: bytes, piece: bytes) -> None:
        pipeline.store([tree], piece, [(name, len(piece))])

    listing = ListingCutter(key, store)
    for entry, content in entries:
        if content:
            name = blake3.blake3(content, key=key).digest()
            if name not in data.pack_numbers:
                pipeline.store([data], content, [(name, len(content))])
            entry.blobs, entry.size = [name.hex()], entry.size or len(content)
        listing.add(listing_line(entry))
    listing.cut()
    pipeline.flush([data, tree])
    pipeline.close()
    head, _ = find_head(repository, keys, None)
    total = sum(entry.size for entry, _ in entries) if claimed is None else claimed
    manifest = msgspec.convert(
        {
            **BASE,
            "repository": repository.id,
            "host": keys.host,
            "sequence": head.sequence + 1,
            "previous": head.digest,
            "sources": [encode_structure(SourceCount("papers", bytes=total))],
            "tree": [name.hex() for name in listing.ids],
            "tree_bytes": listing.bytes,
            "tree_digest": listing.digest(),
            "packs": sorted([p.digest, p.size] for p in pipeline.index.packs),
            **changes,
        },
        Manifest,
    )
    stored = sign("manifest", encode_structure(manifest), keys.signer())
    name = ObjectName(manifest.sequence, digest(stored), 0)
    repository.put(f"manifests/{keys.host}", name, [stored])
    return name.digest
