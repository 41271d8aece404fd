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
        self._made: set[bytes] = {root}
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
        stand complete from an earlier try. What cannot be made is told in `troubles`."""
        files, kept = [], 0
        for entry in entries:
            place = self._place(entry)
            if entry.type == "folder":
                self._above(place)
                self._make_folder(place)
                self._late.folders.append((place, entry))
            elif entry.type == "file":
                wanted = PendingFile(entry, place, [bytes.fromhex(b) for b in entry.blobs])
                self._above(place)
                if entry.same and self._late.is_twin(wanted):
                    continue
                if self._resumed and self._stands(wanted):
                    kept += 1
                else:
                    files.append(wanted)
            elif entry.type == "link" or (self.devices and entry.type != "socket"):
                self._above(place)
                self._late.links.append((place, entry))
            else:
                name, kind = printable_path(entry.path_bytes()), entry.type
                self.troubles.append(make_finding("entry-type-not-restored", name, kind=kind))
        return files, kept

    def _place(self, entry: ListingEntry) -> bytes:
        """Where an entry goes. That its path leads nowhere else was judged before."""
        path = entry.path_bytes()
        return self._start + (path if _SLASH == b"/" else path.replace(b"/", _SLASH))

    def _above(self, place: bytes) -> None:
        """The folder of an entry whose own line was not asked for."""
        above = place[: place.rindex(_SLASH)]
        if above not in self._made:
            self._above(above)
            self._make_folder(above)

    def _make_folder(self, place: bytes) -> None:
        try:
            with short_path(place) as short:
                _folder(short)
        except OSError as error:
            raise write_fault(error, place) from error
        self._made.add(place)

    def _stands(self, wanted: PendingFile) -> bool:
        """Whether an earlier try left this file complete: its time is set last of all."""
        with contextlib.suppress(OSError):
            with short_path(wanted.place) as short:
                st = os.lstat(short)
            alike = st.st_mtime_ns == wanted.entry.mtime and st.st_size == wanted.entry.size
            return stat.S_ISREG(st.st_mode) and alike and self.matches(wanted)
        return False

    # -- content

    def make(self, wanted: PendingFile) -> None:
        """An empty file with room for several blobs, or one that stays empty or all hole."""
        try:
            handle = self._new(wanted)
            try:
                os.ftruncate(handle, wanted.entry.size)
            finally:
                os.close(handle)
        except OSError as error:
            raise write_fault(error, wanted.place) from error

    def write(self, wanted: PendingFile, at: int, blob: memoryview) -> None:
        """Write a blob at its place in the content. Raises StoreFull, NoRight."""
        try:
            if wanted.simple:
                self._whole(wanted, blob)
            else:
                _part(wanted, at, blob)
        except OSError as error:
            raise write_fault(error, wanted.place) from error

    def _whole(self, wanted: PendingFile, blob: memoryview) -> None:
        handle = self._new(wanted)
        try:
            write_all(handle, blob)
            if _BY_HANDLE:
                self._attributes.put(handle, wanted.entry, wanted.entry.mode & 0o777 & ~self._umask)
        finally:
            os.close(handle)

    def _new(self, wanted: PendingFile) -> int:
        # a file of several blobs is opened again, whatever its mode will be
        mode = wanted.entry.mode & 0o777 if wanted.simple else 0o600
        try:
            return open_file(wanted.place, _NEW, mode)
        except FileExistsError:
            if not self._resumed:
                raise
            _unlink(wanted.place)  # the beginning of a file from the broken-off try
            return open_file(wanted.place, _NEW, mode)

    def matches(self, wanted: PendingFile) -> bool:
        """Whether the file on the disk has the digest that its original had."""
        whole = blake3.blake3(key=self.key)
        try:
            handle = open_file(wanted.place, _READ)
        except PermissionError:  # it has its mode already, and may be for nobody to read
            with short_path(wanted.place) as short:
                os.chmod(short, 0o600)
                handle = open_file(wanted.place, _READ)
                os.chmod(short, self._attributes.mode(wanted.entry))
        try:
            extents = wanted.entry.extents or [Extent(0, wanted.entry.size)]
            for extent in extents:
                os.lseek(handle, extent.offset, os.SEEK_SET)
                left = extent.length
                while left > 0 and (piece := os.read(handle, min(left, _PIECE))):
                    whole.update(piece)
                    left -= len(piece)
        finally:
            os.close(handle)
        if not wanted.blobs:
            return True
        return whole.hexdigest() == (wanted.entry.digest or wanted.entry.blobs[0])

    def remove(self, wanted: PendingFile) -> None:
        """Take away what was begun of a file that turned out to be lost."""
        with contextlib.suppress(OSError):
            _unlink(wanted.place)

    def settle(self, wanted: PendingFile) -> None:
        """Mode, owner and time of a file whose content is complete."""
        if wanted.simple and _BY_HANDLE:
            return  # done with the handle that wrote it
        try:
            with short_path(wanted.place) as short:
                self._attributes.put(short, wanted.entry)
        except OSError as error:
            raise write_fault(error, wanted.place) from error

    def finish(self) -> tuple[int, int]:
        """Links, hard links and devices, then the folders' modes and times. Numbers of links and of
        folders made. What could not be made is told in `troubles`."""
        made = self._late.make(self._resumed)
        self.troubles += self._late.troubles
        with contextlib.suppress(OSError):
            (self.folder / MARKER).unlink()
        return made


def _part(wanted: PendingFile, at: int, blob: memoryview) -> None:
    handle = open_file(wanted.place, _AGAIN)
    try:
        for offset, part in spread_over_extents(wanted.entry.extents, at, blob):
            os.lseek(handle, offset, os.SEEK_SET)
            write_all(handle, part)
    finally:
        os.close(handle)


def _folder(place: bytes) -> None:
    """Make a folder, or find one there that is no link."""
    try:
        os.mkdir(place, 0o700)
    except FileExistsError:
        if not stat.S_ISDIR(os.lstat(place).st_mode) or is_junction(place):
            raise Refused("restore-path-not-a-folder", fsdecode=os.fsdecode(place)) from None


def _unlink(place: bytes) -> None:
    with short_path(place) as short:
        os.unlink(short)
