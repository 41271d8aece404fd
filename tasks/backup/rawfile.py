"""Reading files as they lie: whole, in stretches, and whether they changed meanwhile."""

from __future__ import annotations

import errno
import os
from collections.abc import Sequence

from tasks.backup.chunk import ReadInto
from tasks.backup.structures import Extent

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


def changed(before: os.stat_result, after: os.stat_result) -> bool:
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
