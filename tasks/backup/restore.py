"""Bringing a snapshot back: pack by pack, checked blob by blob, nothing outside the target."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from itertools import islice
from pathlib import Path

from tasks.backup.faults import Damaged, StoreFull
from tasks.backup.fetch import Fetcher
from tasks.backup.gaps import is_gone, is_unread
from tasks.backup.library import Library, Listing
from tasks.backup.listing import far_time, marked
from tasks.backup.names import NameGuard, Patterns, show
from tasks.backup.report import Report, RestoreOptions
from tasks.backup.scan import walk
from tasks.backup.structures import Entry, Manifest
from tasks.backup.targets import Target
from tasks.backup.vigour import vigour
from tasks.shared.findings import finding

_FIRST, _BATCH = 500, 4_000  # entries planned at one go: a few at first, so that threads can begin


def restore(
    library: Library, manifest: Manifest, folder: Path, digest: str, options: RestoreOptions
) -> Report:
    """Restore into `folder`, which is new, empty, or holds the broken-off restore of this snapshot.

    Raises Refused (folder in use), StoreFull, and Damaged when no listing can be read.
    """
    report = Report(damaged_packs=library.damaged())
    listing = Listing(library, manifest)
    _check_room(listing, manifest, folder, options)
    target = Target(folder, digest, options.special, options.devices, options.owners)
    with vigour():
        _fetch(library, listing, target, manifest, options, report)
        report.links, report.folders = target.finish()
    report.refused += target.troubles
    report.lost += listing.lost
    report.faulty += listing.faulty
    report.marked += target.untimed
    return report


def _fetch(
    library: Library,
    listing: Listing,
    target: Target,
    manifest: Manifest,
    options: RestoreOptions,
    report: Report,
) -> None:
    wanted = _wanted(listing, manifest, options, report)
    fetcher, size = Fetcher(library, target, report, options), _FIRST
    try:
        while batch := list(islice(wanted, size)):
            target.key = library.key  # known once the listing has begun
            files, kept = target.prepare(batch)
            report.kept += kept
            fetcher.add(files)
            size = _BATCH
    finally:
        fetcher.close()
    fetcher.check()


def _check_room(
    listing: Listing, manifest: Manifest, folder: Path, options: RestoreOptions
) -> None:
    if options.patterns or options.only is not None:
        return
    base = next(p for p in (folder.absolute(), *folder.absolute().parents) if p.exists())
    free, root = shutil.disk_usage(base).free, os.fsencode(folder.absolute())
    there = walk(root) if folder.exists() else ()
    have = sum(seen.st.st_size for place in there for seen in place.entries)
    if manifest.total_bytes() <= free + have:
        return
    # holes take no room: one large disk image must not keep the rest from being restored
    needed = manifest.total_bytes() - sum(_holes(entry) for entry in listing.entries())
    if needed > free + have:
        raise StoreFull(
            "restore-space-insufficient",
            size=_size(needed),
            base=base,
            size2=_size(free),
            size3=_size(needed - free - have),
        )


def _size(size: int) -> str:
    """In the unit that shows which of two is larger."""
    if size < 100_000:
        return f"{size:,} bytes"
    return f"{size / 1e6:,.{0 if size >= 10_000_000 else 1}f} MB"


def _holes(entry: Entry) -> int:
    return entry.size - sum(e.length for e in entry.extents) if entry.extents else 0


def _wanted(
    listing: Listing, manifest: Manifest, options: RestoreOptions, report: Report
) -> Iterator[Entry]:
    """Entries to be written; the others are named in the report. Held against the manifest."""
    guard, patterns = NameGuard(options.native), Patterns(options.patterns)
    left = manifest.total_bytes()
    for entry in listing.entries():
        path = entry.path_bytes()
        why = guard.refuse(entry)
        if not (path in options.only if options.only is not None else patterns.want(path)):
            continue
        if options.leave and options.leave(entry):
            continue
        if why:
            report.refused.append(finding(why, show(path)))
            continue
        left -= entry.size
        if left < 0:
            raise Damaged("listing-larger-than-manifest")
        if is_unread(entry):
            report.gaps.append(marked(entry, show(path)))
        elif entry.mark and entry.mark != "sqlite":
            report.marked.append(marked(entry, show(path)))
        if entry.far_mtime:
            report.marked.append(far_time(entry, show(path)))
        if entry.type == "file" and (is_gone(entry) or is_unread(entry)):
            continue
        yield entry
