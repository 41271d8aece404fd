"""Reading files whole or in extents, and paths longer than the system takes: reached through an open folder."""
# Paths are bytes here, since not all names are text, and pathlib takes no bytes.

from __future__ import annotations

import errno
import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from tasks.backup.format.structures import Extent
from tasks.backup.snapshot.chunking import ReadInto

FLAGS = (
    os.O_RDONLY
    | getattr(os, "O_BINARY", 0)
    | getattr(os, "O_NOFOLLOW", 0)
    | getattr(os, "O_NONBLOCK", 0)
    | getattr(os, "O_CLOEXEC", 0)
)


def read_into(handle: int) -> ReadInto:
    if hasattr(os, "readv"):
        return lambda view: os.readv(handle, [view])

    def copy(view: memoryview) -> int:
        data = os.read(handle, len(view))
        view[: len(data)] = data
        return len(data)

    return copy


def file_changed(before: os.stat_result, after: os.stat_result) -> bool:
    return before.st_mtime_ns != after.st_mtime_ns or before.st_size != after.st_size


def read_all(handle: int, view: memoryview, expected: int) -> int:
    """Read a small file to its end: one call when it has the expected size."""
    read = read_into(handle)
    have = read(view) if len(view) else 0
    while have < len(view) and have < expected:
        got = read(view[have:])
        if not got:
            break
        have += got
    return have


def data_extents(handle: int, st: os.stat_result) -> list[Extent] | None:
    """Where a sparse file holds data; None for one without holes or where the system cannot say."""
    blocks = getattr(st, "st_blocks", None)
    if blocks is None or blocks * 512 >= st.st_size or not hasattr(os, "SEEK_DATA"):
        return None
    extents, at = [], 0
    try:
        while at < st.st_size:
            start = os.lseek(handle, at, os.SEEK_DATA)
            at = os.lseek(handle, start, os.SEEK_HOLE)
            extents.append(Extent(start, min(at, st.st_size) - start))
    except OSError as error:
        if error.errno != errno.ENXIO:  # no data behind this offset
            return None
    if not extents:
        return [Extent(0, 0)]  # all of it a hole: told apart from a file whose content is missing
    if extents == [Extent(0, st.st_size)]:
        os.lseek(handle, 0, os.SEEK_SET)
        return None
    return extents


def read_extents(handle: int, extents: Sequence[Extent]) -> ReadInto:
    left = [[e.offset, e.length] for e in extents if e.length]
    left.reverse()
    inner = read_into(handle)

    def read(view: memoryview) -> int:
        while left:
            offset, length = left[-1]
            os.lseek(handle, offset, os.SEEK_SET)
            got = inner(view[:length])
            left[-1] = [offset + got, length - got]
            if not got or got == length:
                left.pop()
            if got:
                return got
        return 0

    return read


_WINDOWS = os.name == "nt"
# bytes; Linux takes 4,095, Windows 259 letters. A folder just short of it still takes a longest name
FAR = 240 if _WINDOWS else 3800
_FOLDER = getattr(os, "O_PATH", os.O_RDONLY) | getattr(os, "O_DIRECTORY", 0) | getattr(os, "O_NOFOLLOW", 0)


@contextmanager
def short_path(path: bytes) -> Iterator[bytes]:
    """A short name for a path of any length, good within the `with`. Raises OSError.

    Linux: through /proc/self/fd. Windows: the prefix that lifts its limit. Elsewhere the path as it
    is, with the system's own limit.
    """
    if len(path) < FAR:
        yield path
    elif _WINDOWS:
        prefix = b"" if path.startswith(b"\\\\") else b"\\\\?\\"
        yield prefix + path.replace(b"/", b"\\")
    elif not os.path.isdir("/proc/self/fd"):  # noqa: PTH112
        yield path
    else:
        above, _, name = path.rpartition(b"/")
        handle = _folder(above)
        try:
            yield b"/proc/self/fd/%d/%s" % (handle, name)
        finally:
            os.close(handle)


def _folder(path: bytes) -> int:
    """A handle of a folder however long its path, opened from handle to handle."""
    handle: int | None = None
    while path:
        cut = len(path) if len(path) < FAR else path.rindex(b"/", 0, FAR)
        before, handle = handle, os.open(path[:cut], _FOLDER, dir_fd=handle)
        if before is not None:
            os.close(before)
        path = path[cut + 1 :]
    assert handle is not None
    return handle


def open_file(path: bytes, flags: int, mode: int = 0o777) -> int:
    """`os.open` for a path of any length."""
    if len(path) < FAR:
        return os.open(path, flags, mode)
    with short_path(path) as short:
        return os.open(short, flags, mode)
