"""The kit as one sealed file: all of it but the programs, which are no secret and open the rest."""

from __future__ import annotations

import io
import os
import tarfile
from collections.abc import Iterator
from pathlib import Path

from tasks.kit.program import FOLDER
from tasks.shared import seal
from tasks.shared.errors import HostileFile, Problem
from tasks.shared.files import write_atomic
from tasks.shared.hostile import is_safe_name
from tasks.shared.seal import By, Sealer, To

MOST = 8 << 30
"""Bytes of a file in an archive that is opened."""


def close(folder: Path, path: Path, to: To) -> str:
    """Seal a kit's folder into a file; returns the file's SHA-256."""

    def fill(sealer: Sealer) -> None:
        with tarfile.open(fileobj=sealer, mode="w|", format=tarfile.PAX_FORMAT) as tar:  # type: ignore[call-overload]
            for one in _listed(folder):
                tar.add(one, one.relative_to(folder).as_posix(), recursive=False, filter=_plain)

    return seal.write(path, to, fill)


def _listed(folder: Path) -> Iterator[Path]:
    for one in sorted(folder.rglob("*")):
        if one.is_file() and one.relative_to(folder).parts[0] != FOLDER:
            yield one


def _plain(member: tarfile.TarInfo) -> tarfile.TarInfo:
    """Whose file it was on which machine concerns nobody."""
    member.uid = member.gid = 0
    member.uname = member.gname = ""
    member.mode = 0o600
    return member


def open_(path: Path, by: By, folder: Path) -> None:
    """Unpack a sealed kit into a folder. Raises NotOpened, JournalBroken for one that was altered or
    cut, HostileFile for what is none or leads outside."""
    source = io.BufferedReader(_Stream(seal.pieces(path, by)))
    try:
        with tarfile.open(fileobj=source, mode="r|") as tar:
            for member in tar:
                _unpack(path, tar, member, folder)
    except tarfile.TarError as wrong:
        problem = Problem(file=path.name, code="archive-without-kit", values={"reason": wrong})
        raise HostileFile("kit-archive-refused", [problem]) from None
    while source.read(1 << 20):
        # What follows the archive's end is checked too: only then is the seal whole.
        pass


def _unpack(path: Path, tar: tarfile.TarFile, member: tarfile.TarInfo, folder: Path) -> None:
    if not member.isfile() or not is_safe_name(member.name) or member.size > MOST:
        problem = Problem(file=path.name, value=member.name[:80], code="kit-member-unsafe")  # fmt: skip
        raise HostileFile("kit-archive-refused", [problem])
    content = tar.extractfile(member)
    assert content is not None
    made = write_atomic(folder / member.name, iter(lambda: content.read(1 << 20), b""), mode=0o600)
    os.utime(made, (member.mtime, member.mtime))


class _Stream(io.RawIOBase):
    """Pieces as a file to be read once, from the beginning."""

    def __init__(self, pieces: Iterator[bytes]) -> None:
        self._pieces, self._held = pieces, b""

    def readable(self) -> bool:
        return True

    def readinto(self, room) -> int:
        while not self._held:
            piece = next(self._pieces, None)
            if piece is None:
                return 0
            self._held = piece
        count = min(len(room), len(self._held))
        room[:count] = self._held[:count]
        self._held = self._held[count:]
        return count
