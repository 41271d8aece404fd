"""Paths longer than the system takes at one go: reached through a folder that is held open."""
# Paths are bytes here, since not all names are text, and pathlib takes no bytes.

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager

_WINDOWS = os.name == "nt"
# bytes; Linux takes 4,095, Windows 259 letters. A folder just short of it still takes a longest name
FAR = 240 if _WINDOWS else 3800
_FOLDER = (
    getattr(os, "O_PATH", os.O_RDONLY)
    | getattr(os, "O_DIRECTORY", 0)
    | getattr(os, "O_NOFOLLOW", 0)
)


@contextmanager
def near(path: bytes) -> Iterator[bytes]:
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
    with near(path) as short:
        return os.open(short, flags, mode)
