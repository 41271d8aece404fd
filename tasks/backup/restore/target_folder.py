"""The folder that a snapshot is restored to: makes folders and files there, never through a link."""
# Paths are bytes here, since not all names are text, and pathlib takes no bytes.

# ruff: noqa: PTH101, PTH102, PTH108

from __future__ import annotations

import contextlib
import os
import stat
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path

import blake3

from tasks.backup.file_access import open_file, short_path
from tasks.backup.format.path_names import MARKER, printable_path
from tasks.backup.format.structures import Extent, ListingEntry
from tasks.backup.restore.target_entries import (
    DeferredEntries,
    EntryAttributes,
    PendingFile,
    is_junction,
    spread_over_extents,
    write_all,
    write_fault,
)
from tasks.core.errors import Refused
from tasks.core.findings import Finding, make_finding

_BINARY = getattr(os, "O_BINARY", 0)
_NOFOLLOW = getattr(os, "O_NOFOLLOW", 0)
_NEW = os.O_CREAT | os.O_EXCL | os.O_WRONLY | _BINARY | _NOFOLLOW
_AGAIN = os.O_RDWR | _BINARY | _NOFOLLOW
_READ = os.O_RDONLY | _BINARY | _NOFOLLOW
_BY_HANDLE = os.utime in os.supports_fd and hasattr(os, "fchmod")
_PIECE = 4 << 20
_SLASH = os.fsencode(os.sep)


@dataclass
class RestoreTarget:
    """Writes below `folder` only. `digest` names the snapshot, so that a broken-off restore can
    go on where it stopped; `key` is the one of its digests."""

    folder: Path
    digest: str
    special: bool = False
    devices: bool = False
    owners: bool = False
    key: bytes = b""
    troubles: list[Finding] = field(default_factory=list)

    def __post_init__(self) -> None:
        self._attributes = EntryAttributes(self.special, self.owners)
        self._late = DeferredEntries(self._attributes)
        root = os.fsencode(self.folder.absolute()).rstrip(_SLASH)
        self._start = root + _SLASH
        self._created: set[bytes] = {root}
        self._umask = os.umask(0o077)
        os.umask(self._umask)
        self._resumed = self._enter()

    def _enter(self) -> bool:
        """Whether an earlier try left off here. Raises Refused for a folder with other things."""
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
            marker = self.folder / MARKER
            if marker.is_file() and not marker.is_symlink():
                if marker.read_text() != self.digest:
                    raise Refused("folder-has-other-restore", folder=self.folder)
                return True
            if any(self.folder.iterdir()):
                raise Refused("restore-folder-not-empty", folder=self.folder)
            marker.write_text(self.digest)
        except OSError as error:
            raise write_fault(error, os.fsencode(self.folder)) from error
        return False

    @property
    def untimed(self) -> list[Finding]:
        """Entries whose time the disk does not hold."""
        return self._attributes.untimed

    # -- what is to be made

    def prepare(self, entries: Iterable[ListingEntry]) -> tuple[list[PendingFile], int]:
        """Make folders, remember links for the end. The files that need content, and how many
        stand complete from an earlier try. What cannot be made is listed in `troubles`."""
        files, unchanged = [], 0
        for entry in entries:
            path = self._path_of(entry)
            if entry.type == "folder":
                self._above(path)
                self._make_folder(path)
                self._late.folders.append((path, entry))
            elif entry.type == "file":
                file = PendingFile(entry, path, [bytes.fromhex(b) for b in entry.blobs])
                self._above(path)
                if entry.same and self._late.is_twin(file):
                    continue
                if self._resumed and self._stands(file):
                    unchanged += 1
                else:
                    files.append(file)
            elif entry.type == "link" or (self.devices and entry.type != "socket"):
                self._above(path)
                self._late.links.append((path, entry))
            else:
                name, kind = printable_path(entry.path_bytes()), entry.type
                self.troubles.append(make_finding("entry-type-not-restored", name, kind=kind))
        return files, unchanged

    def _path_of(self, entry: ListingEntry) -> bytes:
        """Where an entry goes. That its path leads nowhere else was judged before."""
        path = entry.path_bytes()
        return self._start + (path if _SLASH == b"/" else path.replace(b"/", _SLASH))

    def _above(self, path: bytes) -> None:
        """The folder of an entry whose own line was not asked for."""
        above = path[: path.rindex(_SLASH)]
        if above not in self._created:
            self._above(above)
            self._make_folder(above)

    def _make_folder(self, path: bytes) -> None:
        try:
            with short_path(path) as short:
                _folder(short)
        except OSError as error:
            raise write_fault(error, path) from error
        self._created.add(path)

    def _stands(self, file: PendingFile) -> bool:
        """Whether an earlier try left this file complete: its time is set last of all."""
        with contextlib.suppress(OSError):
            with short_path(file.path) as short:
                st = os.lstat(short)
            alike = st.st_mtime_ns == file.entry.mtime and st.st_size == file.entry.size
            return stat.S_ISREG(st.st_mode) and alike and self.matches(file)
        return False

    # -- content

    def make(self, file: PendingFile) -> None:
        """An empty file for several blobs, or one that stays empty or all hole."""
        try:
            handle = self._new(file)
            try:
                os.ftruncate(handle, file.entry.size)
            finally:
                os.close(handle)
        except OSError as error:
            raise write_fault(error, file.path) from error

    def write(self, file: PendingFile, at: int, blob: memoryview) -> None:
        """Write a blob at its place in the content. Raises StoreFull, NoRight."""
        try:
            if file.simple:
                self._write_whole(file, blob)
            else:
                _part(file, at, blob)
        except OSError as error:
            raise write_fault(error, file.path) from error

    def _write_whole(self, file: PendingFile, blob: memoryview) -> None:
        handle = self._new(file)
        try:
            write_all(handle, blob)
            if _BY_HANDLE:
                self._attributes.put(handle, file.entry, file.entry.mode & 0o777 & ~self._umask)
        finally:
            os.close(handle)

    def _new(self, file: PendingFile) -> int:
        # a file of several blobs is opened again, whatever its mode will be
        mode = file.entry.mode & 0o777 if file.simple else 0o600
        try:
            return open_file(file.path, _NEW, mode)
        except FileExistsError:
            if not self._resumed:
                raise
            _unlink(file.path)  # the beginning of a file from the broken-off try
            return open_file(file.path, _NEW, mode)

    def matches(self, file: PendingFile) -> bool:
        """Whether the file on the disk has the digest that its original had."""
        hasher = blake3.blake3(key=self.key)
        try:
            handle = open_file(file.path, _READ)
        except PermissionError:  # it has its mode already, and may be for nobody to read
            with short_path(file.path) as short:
                os.chmod(short, 0o600)
                handle = open_file(file.path, _READ)
                os.chmod(short, self._attributes.mode(file.entry))
        try:
            extents = file.entry.extents or [Extent(0, file.entry.size)]
            for extent in extents:
                os.lseek(handle, extent.offset, os.SEEK_SET)
                left = extent.length
                while left > 0 and (piece := os.read(handle, min(left, _PIECE))):
                    hasher.update(piece)
                    left -= len(piece)
        finally:
            os.close(handle)
        if not file.blobs:
            return True
        return hasher.hexdigest() == (file.entry.digest or file.entry.blobs[0])

    def remove(self, file: PendingFile) -> None:
        """Take away what was begun of a file that turned out to be lost."""
        with contextlib.suppress(OSError):
            _unlink(file.path)

    def settle(self, file: PendingFile) -> None:
        """Mode, owner and time of a file whose content is complete."""
        if file.simple and _BY_HANDLE:
            return  # done with the handle that wrote it
        try:
            with short_path(file.path) as short:
                self._attributes.put(short, file.entry)
        except OSError as error:
            raise write_fault(error, file.path) from error

    def finish(self) -> tuple[int, int]:
        """Links, hard links and devices, then the folders' modes and times. Numbers of links and of
        folders made. What could not be made is listed in `troubles`."""
        links = self._late.make(self._resumed)
        self.troubles += self._late.troubles
        with contextlib.suppress(OSError):
            (self.folder / MARKER).unlink()
        return links


def _part(file: PendingFile, at: int, blob: memoryview) -> None:
    handle = open_file(file.path, _AGAIN)
    try:
        for offset, part in spread_over_extents(file.entry.extents, at, blob):
            os.lseek(handle, offset, os.SEEK_SET)
            write_all(handle, part)
    finally:
        os.close(handle)


def _folder(path: bytes) -> None:
    """Make a folder, or find one there that is no link."""
    try:
        os.mkdir(path, 0o700)
    except FileExistsError:
        if not stat.S_ISDIR(os.lstat(path).st_mode) or is_junction(path):
            raise Refused("restore-path-not-a-folder", fsdecode=os.fsdecode(path)) from None


def _unlink(path: bytes) -> None:
    with short_path(path) as short:
        os.unlink(short)
