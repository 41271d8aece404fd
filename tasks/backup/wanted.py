"""A file on its way back, and the small acts that make it."""

from __future__ import annotations

import errno
import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from tasks.backup.faults import NoRight, StoreFault, StoreFull
from tasks.backup.structures import Entry, Extent


@dataclass(eq=False, slots=True)
class Wanted:
    """One file on its way back. `left` counts the blobs that have not come yet; `simple` says
    whether one write makes the whole file."""

    entry: Entry
    place: bytes
    blobs: list[bytes]
    left: int = field(init=False)
    simple: bool = field(init=False)
    lost: bool = False

    def __post_init__(self) -> None:
        self.left = len(self.blobs)
        self.simple = self.left == 1 and not self.entry.extents

    def content_bytes(self) -> int:
        """Bytes that the blobs make up: less than the size where the file has holes."""
        if self.entry.extents:
            return sum(extent.length for extent in self.entry.extents)
        return self.entry.size


def is_junction(place: bytes) -> bool:
    """A Windows mount point: a folder to `lstat`, a link in effect."""
    return bool(getattr(os.lstat(place), "st_reparse_tag", 0))


def spread(
    extents: Sequence[Extent], at: int, blob: memoryview
) -> Iterator[tuple[int, memoryview]]:
    """Where the parts of a blob go: content offsets are not file offsets where there are holes."""
    if not extents:
        yield at, blob
        return
    begun = 0
    for extent in extents:
        inner, end = at - begun, begun + extent.length
        if 0 <= inner < extent.length and blob:
            part = blob[: extent.length - inner]
            yield extent.offset + inner, part
            blob, at = blob[len(part) :], end
        begun = end


def write_all(handle: int, part: memoryview) -> None:
    while (done := os.write(handle, part)) < len(part):
        part = part[done:]


def as_fault(error: OSError, place: bytes) -> StoreFault:
    name = os.fsdecode(place)
    if error.errno in (errno.ENOSPC, getattr(errno, "EDQUOT", errno.ENOSPC)):
        return StoreFull("disk-full", name=name)
    if error.errno in (errno.EACCES, errno.EPERM, errno.EROFS):
        return NoRight("restore-write-denied", name=name, strerror=error.strerror)
    return StoreFault("restore-write-failed", name=name, strerror=error.strerror or error)
