"""The kit as one sealed file: all of it but the programs, which are no secret and open the rest."""

from __future__ import annotations

import io
import os
import tarfile
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import IO, TYPE_CHECKING, cast

from tasks.core.errors import BadSettings, HostileFile, Problem
from tasks.core.files import write_atomic
from tasks.core.settings import Settings
from tasks.core.untrusted_input import is_safe_name
from tasks.kit.program_files import FOLDER
from tasks.kit.settings import KitSettings
from tasks.security.api import SealOpener, SealRecipient, SealWriter, read_seal_public_key, sealed_pieces, write_sealed

if TYPE_CHECKING:
    from _typeshed import WriteableBuffer


def kit_recipients(settings: Settings, recipients: Sequence[Path] | None = None, passphrase: str = "") -> SealRecipient:
    """The recipients and passphrase given, else the settings'; each may be missing. Raises BadInput for a file
    that is no public key, BadSettings for a passphrase file that cannot be read."""
    paths = recipients or settings(KitSettings).recipients
    keys = [read_seal_public_key(_settings_path(settings, path)) for path in paths]
    return SealRecipient(keys, passphrase or _kept_passphrase(settings))


def _settings_path(settings: Settings, path: Path) -> Path:
    """A path in the settings may be relative to the home folder."""
    return path if path.is_absolute() or path.exists() else settings.home / path


def _kept_passphrase(settings: Settings) -> str:
    path = settings(KitSettings).passphrase_file
    if path is None:
        return ""
    try:
        return path.read_text(encoding="utf-8").strip()
    except (OSError, UnicodeDecodeError) as error:
        raise BadSettings("kit-passphrase-file-unreadable", path=path, reason=error) from None


MAX_MEMBER_BYTES = 8 << 30
"""Bytes of a file in an archive that is opened."""


def seal_kit(folder: Path, path: Path, to: SealRecipient) -> str:
    """Seal a kit's folder into a file; returns the file's SHA-256."""

    def fill(sealer: SealWriter) -> None:
        tar: tarfile.TarFile
        # typeshed wants a reader too; the stream mode only writes
        with tarfile.open(fileobj=cast("IO[bytes]", sealer), mode="w|", format=tarfile.PAX_FORMAT) as tar:
            for member in _kit_files(folder):
                tar.add(member, member.relative_to(folder).as_posix(), recursive=False, filter=_anonymous)

    return write_sealed(path, to, fill)


def _kit_files(folder: Path) -> Iterator[Path]:
    for path in sorted(folder.rglob("*")):
        if path.is_file() and path.relative_to(folder).parts[0] != FOLDER:
            yield path


def _anonymous(member: tarfile.TarInfo) -> tarfile.TarInfo:
    """Without the file's owner on this machine."""
    member.uid = member.gid = 0
    member.uname = member.gname = ""
    member.mode = 0o600
    return member


def open_kit(path: Path, by: SealOpener, folder: Path) -> None:
    """Unpack a sealed kit into a folder. Raises NotOpened, JournalBroken for an altered or truncated one,
    HostileFile for another file or a member outside the folder."""
    source = io.BufferedReader(_UnsealedStream(sealed_pieces(path, by)))
    try:
        with tarfile.open(fileobj=source, mode="r|") as tar:
            for member in tar:
                _unpack(path, tar, member, folder)
    except tarfile.TarError as error:
        problem = Problem(file=path.name, code="archive-without-kit", values={"reason": error})
        raise HostileFile("kit-archive-refused", [problem]) from None
    while source.read(1 << 20):
        # The rest after the archive's end is checked too: only then is the seal complete.
        pass


def _unpack(path: Path, tar: tarfile.TarFile, member: tarfile.TarInfo, folder: Path) -> None:
    if not member.isfile() or not is_safe_name(member.name) or member.size > MAX_MEMBER_BYTES:
        problem = Problem(file=path.name, value=member.name[:80], code="kit-member-unsafe")
        raise HostileFile("kit-archive-refused", [problem])
    content = tar.extractfile(member)
    assert content is not None
    target = write_atomic(folder / member.name, iter(lambda: content.read(1 << 20), b""), mode=0o600)
    os.utime(target, (member.mtime, member.mtime))


class _UnsealedStream(io.RawIOBase):
    """Pieces as a file that is read once, from the beginning."""

    def __init__(self, pieces: Iterator[bytes]) -> None:
        self._pieces, self._rest = pieces, b""

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: WriteableBuffer, /) -> int:
        view = memoryview(buffer)
        while not self._rest:
            piece = next(self._pieces, None)
            if piece is None:
                return 0
            self._rest = piece
        count = min(len(view), len(self._rest))
        view[:count] = self._rest[:count]
        self._rest = self._rest[count:]
        return count
