"""A pending file with the operations that write it, and what of a restored tree is made last: links, hard
links, devices, and the modes and times of folders, which writing into them would change.
"""
# Paths are bytes here, since not all names are text, and pathlib takes no bytes.

# ruff: noqa: PTH101, PTH108, PTH116, PTH211

from __future__ import annotations

import contextlib
import errno
import os
import shutil
import stat
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import TypeVar

from tasks.backup.file_access import short_path
from tasks.backup.format.path_names import printable_path
from tasks.backup.format.structures import Extent, ListingEntry
from tasks.core.errors import NoRight, StoreFault, StoreFull
from tasks.core.findings import Finding, make_finding


@dataclass(eq=False, slots=True)
class PendingFile:
    """One file on its way back. `left` counts the blobs that have not come yet; `simple` says
    whether one write makes the whole file."""

    entry: ListingEntry
    path: bytes
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


def is_junction(path: bytes) -> bool:
    """A Windows mount point: a folder to `lstat`, a link in effect."""
    return bool(getattr(os.lstat(path), "st_reparse_tag", 0))


def spread_over_extents(extents: Sequence[Extent], at: int, blob: memoryview) -> Iterator[tuple[int, memoryview]]:
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
    while (written := os.write(handle, part)) < len(part):
        part = part[written:]


def write_fault(error: OSError, path: bytes) -> StoreFault:
    name = os.fsdecode(path)
    if error.errno in (errno.ENOSPC, getattr(errno, "EDQUOT", errno.ENOSPC)):
        return StoreFull("disk-full", name=name)
    if error.errno in (errno.EACCES, errno.EPERM, errno.EROFS):
        return NoRight("restore-write-denied", name=name, strerror=error.strerror)
    return StoreFault("restore-write-failed", name=name, strerror=error.strerror or error)


_USUAL = (-(1 << 31) * 10**9, (1 << 31) * 10**9)  # 1901 to 2038, which every disk holds
_COARSE = 2 * 10**9  # FAT counts in two seconds
W = TypeVar("W", ListingEntry, PendingFile)


@dataclass(frozen=True)
class EntryAttributes:
    """Which of an entry's attributes come back: `special` bits of the mode, and its `owners`."""

    special: bool
    owners: bool
    untimed: list[Finding] = field(default_factory=list)

    def mode(self, entry: ListingEntry) -> int:
        return entry.mode & (0o7777 if self.special else 0o777)

    def put(self, target: int | bytes, entry: ListingEntry, has: int = -1) -> None:
        """Owner, mode and time; `has` is the mode that it has already, where that is known."""
        if self.owners and hasattr(os, "chown"):
            os.chown(target, entry.uid, entry.gid)  # before the mode: it clears setuid bits
            has = -1
        if (mode := self.mode(entry)) != has:
            os.chmod(target, mode)
        self.date(target, entry)

    def date(self, target: int | bytes, entry: ListingEntry, follow: bool = True) -> None:
        """Set the time. Some disks refuse a time outside of 1901 to 2038, or silently set another: the
        file stays, and `untimed` says so. Raises OSError for any other time."""
        usual = _USUAL[0] <= entry.mtime <= _USUAL[1]
        try:
            if follow:
                os.utime(target, ns=(entry.mtime, entry.mtime))
                has = entry.mtime if usual else os.stat(target).st_mtime_ns
            else:
                os.utime(target, ns=(entry.mtime, entry.mtime), follow_symlinks=False)
                has = entry.mtime if usual else os.lstat(target).st_mtime_ns  # type: ignore[arg-type]
        except (OSError, OverflowError) as error:
            if usual:
                raise
            name = printable_path(entry.path_bytes())
            self.untimed.append(make_finding("file-time-not-set", name, reason=str(error)))
            return
        if abs(has - entry.mtime) > _COARSE:
            name = printable_path(entry.path_bytes())
            self.untimed.append(make_finding("file-time-not-kept-by-disk", name, time=entry.mtime, nearest=has))


@dataclass
class DeferredEntries:
    """Gathers places and what goes there. What could not be made is listed in `troubles`."""

    attributes: EntryAttributes
    folders: list[tuple[bytes, ListingEntry]] = field(default_factory=list)
    links: list[tuple[bytes, ListingEntry]] = field(default_factory=list)
    troubles: list[Finding] = field(default_factory=list)

    def __post_init__(self) -> None:
        self._twins: list[tuple[bytes, PendingFile]] = []
        self._first: dict[str, PendingFile] = {}
        self._resumed = False

    def is_twin(self, file: PendingFile) -> bool:
        """Whether the file is a hard link to one that is restored already; gathered if so."""
        first = self._first.setdefault(file.entry.same, file)
        if first is file or first.blobs != file.blobs:
            return False
        self._twins.append((first.path, file))
        return True

    def make(self, resumed: bool) -> tuple[int, int]:
        """Numbers of links and of folders made. `resumed`: an earlier try may have left some."""
        self._resumed = resumed
        links = sum(self._attempt(self._twin_file, first, file) for first, file in self._twins)
        links += sum(self._attempt(self._link, path, entry) for path, entry in self.links)
        for path, entry in reversed(self.folders):
            self._attempt(self.attributes.put, path, entry)
        return links, len(self.folders)

    def _attempt(self, make: Callable[[bytes, W], None], path: bytes, what: W) -> bool:
        entry = what.entry if isinstance(what, PendingFile) else what
        try:
            with short_path(path) as short:
                make(short, what)
        except OSError as error:
            name, reason = printable_path(entry.path_bytes()), error.strerror or str(error)
            self.troubles.append(make_finding("entry-not-made", name, reason=reason))
            return False
        return True

    def _twin_file(self, first: bytes, file: PendingFile) -> None:
        with short_path(file.path) as path:
            with contextlib.suppress(FileNotFoundError):
                os.unlink(path)
            try:
                os.link(first, path, follow_symlinks=False)
            except (OSError, NotImplementedError):
                shutil.copy2(first, path, follow_symlinks=False)

    def _link(self, path: bytes, entry: ListingEntry) -> None:
        if os.path.lexists(path):
            if not self._resumed:
                raise FileExistsError(errno.EEXIST, "something stands there already")
            os.unlink(path)
        if entry.type != "link":
            self._device(path, entry)
            return
        os.symlink(os.fsdecode(entry.target_bytes()), os.fsdecode(path))
        if os.utime in os.supports_follow_symlinks:
            self.attributes.date(path, entry, follow=False)
        if self.attributes.owners and hasattr(os, "lchown"):
            os.lchown(path, entry.uid, entry.gid)

    def _device(self, path: bytes, entry: ListingEntry) -> None:
        kinds = {"fifo": stat.S_IFIFO, "char": stat.S_IFCHR, "block": stat.S_IFBLK}
        if not hasattr(os, "mknod") or entry.type not in kinds:
            raise OSError(errno.ENOTSUP, f"this system makes no {entry.type}")
        os.mknod(path, kinds[entry.type] | 0o600, entry.device)
        self.attributes.put(path, entry)
