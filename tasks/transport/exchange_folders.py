"""The folders that we share with the program that transmits to ACE: ours to write in, theirs to fetch
from, and the other way round. On this machine (or mounted), or straight on an SMB share.

A file is first written under a hidden name, flushed, and then shown by a rename that never replaces
anything: the sender sees a whole file or none.
"""

from __future__ import annotations

import contextlib
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Protocol
from urllib.parse import unquote, urlsplit

from tasks.core.errors import BadSettings, Exists, FolderAway, Missing, NoRight
from tasks.core.files import flush_folder, write_atomic

if TYPE_CHECKING:
    from tasks.transport.settings import ShareAccess

SUFFIX = ".abi"


class ExchangeFolder(Protocol):
    """A folder of ACE files. `label`: its name for people.

    Every verb may raise NoRight; one on a share also StoreLost and StoreFull.
    """

    label: str

    def hide(self, name: str, data: bytes) -> None:
        """Write a file that nobody sees yet, anew if one was left behind."""
        ...

    def show(self, name: str) -> int | None:
        """Make a hidden file visible: its size in bytes, or None if none is hidden. Raises Exists
        if another file of that name is visible."""
        ...

    def hides(self, name: str) -> bool:
        """True if a file of this name is hidden."""
        ...

    def discard(self, name: str) -> None:
        """Take a hidden file away, if there is one."""
        ...

    def size(self, name: str) -> int | None:
        """Bytes of a visible file; None if there is none (any more)."""
        ...

    def names(self) -> list[str]:
        """The visible ACE files, in order of their names."""
        ...

    def read(self, name: str) -> bytes:
        """A visible file. Raises Missing."""
        ...


@contextmanager
def open_exchange(location: Path | str, access: ShareAccess) -> Generator[ExchangeFolder, None, None]:
    """A folder by its path, or by `smb://server[:port]/share[/folder]`. Raises BadSettings if it
    names no share, or the folder is not there."""
    if isinstance(location, Path):
        if not location.is_dir():
            raise FolderAway("exchange-folder-missing", location=location)
        yield LocalExchange(location)
        return
    share = ShareExchange(location, access)
    try:
        # A store makes its folder; here a wrong name would be a folder that no sender looks into.
        if not share.is_there():
            raise FolderAway("exchange-share-folder-missing", label=share.label)
        yield share
    finally:
        share.close()


class LocalExchange:
    """A folder of the file system."""

    def __init__(self, path: Path) -> None:
        self.path, self.label = path, str(path)

    def _hidden(self, name: str) -> Path:
        return self.path / f".{name}.part"

    def hide(self, name: str, data: bytes) -> None:
        write_atomic(self._hidden(name), data, mode=0o600)

    def show(self, name: str) -> int | None:
        hidden, visible = self._hidden(name), self.path / name
        try:
            size = hidden.stat().st_size
            if visible.exists() and hidden.exists():
                raise Exists("outbound-file-already-exists", visible=visible)
            hidden.replace(visible)
        except FileNotFoundError:
            return None  # Never hidden, or another run has shown it a moment ago.
        flush_folder(self.path)
        return size

    def hides(self, name: str) -> bool:
        return self._hidden(name).exists()

    def discard(self, name: str) -> None:
        self._hidden(name).unlink(missing_ok=True)

    def size(self, name: str) -> int | None:
        with contextlib.suppress(FileNotFoundError):
            return (self.path / name).stat().st_size
        return None

    def names(self) -> list[str]:
        files = (path for path in self.path.glob(f"*{SUFFIX}") if path.is_file())
        return sorted(path.name for path in files if not path.name.startswith("."))

    def read(self, name: str) -> bytes:
        try:
            return (self.path / name).read_bytes()
        except FileNotFoundError:
            raise Missing("file-no-longer-exists", path=self.path / name) from None


class ShareExchange:
    """A folder on an SMB 3.1.1 share, signed and encrypted, without a mount."""

    def __init__(self, address: str, access: ShareAccess) -> None:
        from tasks.transport.smb.connection import SmbPlace
        from tasks.transport.smb.folder import SmbFolder

        parts = urlsplit(address)
        share, _, folder = unquote(parts.path).strip("/").partition("/")
        if not (parts.hostname and share and access.share_user and access.share_password_file):
            raise BadSettings("share-address-incomplete", address=address)
        secret = _password(access.share_password_file)
        self._store = SmbFolder(
            SmbPlace(
                parts.hostname,
                share,
                access.share_user,
                secret,
                folder,
                parts.port or 445,
                access.share_timeout,
                access.share_auth,
            )
        )
        self.label = self._store.label

    def is_there(self) -> bool:
        return self._store.is_there()

    def _hidden(self, name: str) -> str:
        return f".{name}.part"

    def hide(self, name: str, data: bytes) -> None:
        self.discard(name)
        self._store.create(self._hidden(name), [data])

    def show(self, name: str) -> int | None:
        try:
            size = self._store.stat(self._hidden(name)).size
            self._store.rename(self._hidden(name), name)
        except Missing:
            return None
        return size

    def hides(self, name: str) -> bool:
        with contextlib.suppress(Missing):
            self._store.stat(self._hidden(name))
            return True
        return False

    def discard(self, name: str) -> None:
        with contextlib.suppress(Missing):
            self._store.delete(self._hidden(name))

    def size(self, name: str) -> int | None:
        with contextlib.suppress(Missing):
            return self._store.stat(name).size
        return None

    def names(self) -> list[str]:
        names = [file.name for file in self._store.list("")]
        return [name for name in names if name.endswith(SUFFIX) and not name.startswith(".")]

    def read(self, name: str) -> bytes:
        return self._store.read(name)

    def close(self) -> None:
        self._store.close()


def _password(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8").strip()
    except (OSError, UnicodeDecodeError) as wrong:
        raise NoRight("share-password-file-unreadable", path=path, reason=wrong) from None
