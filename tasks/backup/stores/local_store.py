"""A folder on a disk as a store: create new, read range, list, stat."""

from __future__ import annotations

import contextlib
import errno
import os
from collections.abc import Iterator, Sequence
from pathlib import Path

from tasks.core.errors import Exists, Missing, NoRight, StoreFault, StoreFull, StoreLost
from tasks.transport.api import Buffer, StoreItem

_BINARY = getattr(os, "O_BINARY", 0)
_FULL = {errno.ENOSPC, getattr(errno, "EDQUOT", errno.ENOSPC), errno.EFBIG}
_DENIED = {errno.EACCES, errno.EPERM, errno.EROFS}


def store_fault(error: OSError, what: str) -> StoreFault:
    """The engine's own error for one of the operating system's."""
    if error.errno in _FULL:
        return StoreFull("store-full", subject=what)
    if error.errno in _DENIED:
        return NoRight("store-access-denied", subject=what, strerror=error.strerror)
    if error.errno == errno.ENOENT:
        return Missing("store-item-missing", subject=what)
    return StoreLost("local-store-failed", subject=what, strerror=error.strerror or error)


class LocalStore:
    """Objects are files below `root`; each is flushed to the disk before `create` returns."""

    stride = 2 << 20  # stays in the processor's cache

    def __init__(self, root: Path | str, flush: bool = True) -> None:
        self.root = Path(root)
        self.label = str(self.root)
        self._flush = flush

    def _path(self, name: str) -> Path:
        return self.root / name

    def create(self, name: str, parts: Sequence[Buffer]) -> None:
        path = self._path(name)
        try:
            handle = self._open_new(path)
        except FileExistsError:
            raise Exists("restore-target-exists", name=name) from None
        except OSError as error:
            raise store_fault(error, f"create {name} in {self.label}") from error
        try:
            for part in parts:
                _write_all(handle, part)
            if self._flush:
                os.fsync(handle)
        except OSError as error:
            raise store_fault(error, f"write {name} in {self.label}") from error
        finally:
            os.close(handle)
        if self._flush:
            _flush_folder(path.parent)

    def _open_new(self, path: Path) -> int:
        flags = os.O_CREAT | os.O_EXCL | os.O_WRONLY | _BINARY
        try:
            return os.open(path, flags, 0o644)
        except FileNotFoundError:
            path.parent.mkdir(parents=True, exist_ok=True)
            return os.open(path, flags, 0o644)

    def read(self, name: str, offset: int = 0, length: int | None = None) -> bytes:
        try:
            with self._path(name).open("rb", buffering=0) as file:
                if offset:
                    file.seek(offset)
                return file.read(-1 if length is None else length) or b""
        except OSError as error:
            raise store_fault(error, f"read {name} in {self.label}") from error

    def _entries(self, folder: str) -> Iterator[os.DirEntry[str]]:
        try:
            with os.scandir(self._path(folder)) as entries:
                yield from entries
        except FileNotFoundError:
            if not self.root.is_dir():
                raise StoreLost("store-not-found", label=self.label) from None
        except OSError as error:
            raise store_fault(error, f"list {folder} in {self.label}") from error

    def list(self, folder: str) -> list[StoreItem]:
        items = []
        for entry in self._entries(folder):
            with contextlib.suppress(FileNotFoundError):
                if entry.is_file(follow_symlinks=False):
                    stat = entry.stat(follow_symlinks=False)
                    items.append(StoreItem(entry.name, stat.st_size, stat.st_mtime))
        return sorted(items)

    def folders(self, folder: str) -> list[str]:
        return sorted(e.name for e in self._entries(folder) if e.is_dir(follow_symlinks=False))

    def stat(self, name: str) -> StoreItem:
        try:
            stat = self._path(name).lstat()
        except OSError as error:
            raise store_fault(error, f"look at {name} in {self.label}") from error
        return StoreItem(name.rpartition("/")[2], stat.st_size, stat.st_mtime)

    def make_folder(self, name: str) -> None:
        try:
            self._path(name).mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise store_fault(error, f"make the folder {name} in {self.label}") from error

    def close(self) -> None:
        """Nothing is held open."""


def _write_all(handle: int, part: Buffer) -> None:
    view = memoryview(part)
    while view:
        view = view[os.write(handle, view) :]


def _flush_folder(folder: Path) -> None:
    """A new name is durable only with its folder; Windows has no such call and needs none."""
    if not hasattr(os, "O_DIRECTORY"):
        return
    with contextlib.suppress(OSError):
        handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)
