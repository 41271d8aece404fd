"""Writing so that a crash leaves the old file or the new one, never half of one."""

from __future__ import annotations

import codecs
import contextlib
import os
import secrets
from collections.abc import Iterable
from hashlib import sha256
from pathlib import Path

_CHUNK = 1 << 20


def write_atomic(path: Path, data: bytes | Iterable[bytes], mode: int = 0o644) -> Path:
    """Write beside the target, flush to disk, then rename over it. Returns `path`."""
    path.parent.mkdir(parents=True, exist_ok=True)
    draft = path.with_name(f".{path.name}.{secrets.token_hex(4)}.part")
    descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL | _BINARY, mode)
    try:
        with os.fdopen(descriptor, "wb") as out:
            for piece in [data] if isinstance(data, bytes) else data:
                out.write(piece)
            out.flush()
            os.fsync(out.fileno())
        draft.replace(path)
    except BaseException:
        draft.unlink(missing_ok=True)
        raise
    flush_folder(path.parent)
    return path


def typed_path(path: Path) -> str:
    """A small text that a person typed, as UTF-8 or as Windows' editor and shell save it. Raises
    OSError, UnicodeError."""
    data = path.read_bytes()
    windows = data.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE))
    return data.decode("utf-16" if windows else "utf-8-sig")


def flush_folder(folder: Path) -> None:
    """Make a rename in `folder` durable where the system lets a folder be flushed (not Windows)."""
    with contextlib.suppress(OSError):
        descriptor = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)


def digest_of(path: Path) -> str:
    """SHA-256 of a file as 64 hex digits, read in pieces."""
    seen = sha256()
    with path.open("rb") as source:
        while piece := source.read(_CHUNK):
            seen.update(piece)
    return seen.hexdigest()


_BINARY = getattr(os, "O_BINARY", 0)
