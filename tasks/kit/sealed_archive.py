"""The kit as one sealed file: all of it but the programs, which are no secret and open the rest.

To whom a kit is sealed: as asked for, else as the settings say.
"""

from __future__ import annotations

import io
import os
import tarfile
from collections.abc import Iterator, Sequence
from pathlib import Path

from tasks.core.errors import BadSettings, HostileFile, Problem
from tasks.core.files import write_atomic
from tasks.core.settings import Settings
from tasks.core.untrusted_input import is_safe_name
from tasks.kit.program_files import FOLDER
from tasks.kit.settings import KitSettings
from tasks.security.api import SealOpener, SealRecipient, SealWriter, read_seal_public_key, sealed_pieces, write_sealed


def kit_recipients(settings: Settings, recipients: Sequence[Path] | None = None, passphrase: str = "") -> SealRecipient:
    """Recipients and passphrase; either may be missing, and both. Raises BadInput for a file that is
    no public key, BadSettings for a passphrase file that cannot be read."""
    paths = recipients or settings(KitSettings).recipients
    keys = [read_seal_public_key(_placed(settings, path)) for path in paths]
    return SealRecipient(keys, passphrase or _kept(settings))


def _placed(settings: Settings, path: Path) -> Path:
    """A path in the settings may be told from the home folder."""
    return path if path.is_absolute() or path.exists() else settings.home / path


def _kept(settings: Settings) -> str:
    path = settings(KitSettings).passphrase_file
    if path is None:
        return ""
    try:
        return path.read_text(encoding="utf-8").strip()
    except (OSError, UnicodeDecodeError) as wrong:
        raise BadSettings("kit-passphrase-file-unreadable", path=path, reason=wrong) from None


MOST = 8 << 30
"""Bytes of a file in an archive that is opened."""


def seal_kit(folder: Path, path: Path, to: SealRecipient) -> str:
    """Seal a kit's folder into a file; returns the file's SHA-256."""

    def fill(sealer: SealWriter) -> None:
        with tarfile.open(fileobj=sealer, mode="w|", format=tarfile.PAX_FORMAT) as tar:  # type: ignore[call-overload]
            for one in _listed(folder):
                tar.add(one, one.relative_to(folder).as_posix(), recursive=False, filter=_plain)

    return write_sealed(path, to, fill)


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


def open_kit(path: Path, by: SealOpener, folder: Path) -> None:
    """Unpack a sealed kit into a folder. Raises NotOpened, JournalBroken for one that was altered or
    cut, HostileFile for what is none or leads outside."""
    source = io.BufferedReader(_UnsealedStream(sealed_pieces(path, by)))
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
        problem = Problem(file=path.name, value=member.name[:80], code="kit-member-unsafe")
        raise HostileFile("kit-archive-refused", [problem])
    content = tar.extractfile(member)
    assert content is not None
    made = write_atomic(folder / member.name, iter(lambda: content.read(1 << 20), b""), mode=0o600)
    os.utime(made, (member.mtime, member.mtime))


class _UnsealedStream(io.RawIOBase):
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
