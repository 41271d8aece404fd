"""The room's door to the house: from its settings to stores, keys and sources."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import unquote, urlsplit

from tasks.backup.hostkeys import HostKeys
from tasks.backup.options import Options, Progress
from tasks.backup.repository import Repository, open_repository
from tasks.backup.retention import CLASSES
from tasks.backup.sources import Source
from tasks.backup.stores.base import Patience, Store
from tasks.backup.stores.local import LocalStore
from tasks.backup.structures import JournalHead, Place
from tasks.shared.errors import BadSettings, Problem
from tasks.shared.files import as_typed

if TYPE_CHECKING:
    from tasks.shared.settings import Settings

HOST_KEYS = "backup-host.json"


@dataclass(frozen=True)
class StoreAccount:
    """Where a store is and who asks, as settings or a bare machine's options tell it."""

    address: str
    user: str = ""
    password: str = ""
    auth: str = "negotiate"
    timeout: float = 30.0


def open_store(account: StoreAccount) -> Store:
    """A folder, or `smb://server[:port]/share[/folder]`. Raises BadSettings."""
    parts = urlsplit(account.address)
    if parts.scheme != "smb":
        if not account.address:
            raise _bad("store", "", "is not set", "a folder or smb://server/share/folder")
        return LocalStore(Path(account.address))
    from tasks.shared.smb.link import SmbPlace
    from tasks.shared.smb.store import SmbStore

    share, _, folder = unquote(parts.path).strip("/").partition("/")
    if not (parts.hostname and share and account.user):
        right = "smb://server/share/folder and a user with password_file"
        raise _bad("store", account.address, "names no server, share or user", right)
    return SmbStore(
        SmbPlace(
            parts.hostname,
            share,
            account.user,
            account.password,
            folder,
            parts.port or 445,
            account.timeout,
            account.auth,
        )
    )


def _bad(setting: str, value: str, wrong: str, right: str) -> BadSettings:
    problem = Problem("continuity.toml", "", 0, f"backup.{setting}", value, wrong, right)
    return BadSettings("backup-settings-invalid", [problem])


def secret_text(path: Path | None, setting: str) -> str:
    """A secret from its file, without the line end. Raises BadSettings."""
    if path is None:
        return ""
    try:
        return as_typed(path).rstrip("\r\n")
    except (OSError, UnicodeError) as error:
        why = getattr(error, "strerror", None) or "is no text in UTF-8"
        raise _bad(setting, str(path), f"cannot be read: {why}", "a file") from error


@dataclass(frozen=True)
class House:
    """What a backup of one home needs."""

    settings: Settings

    @property
    def state(self) -> Path:
        return self.settings.home / "backup"

    @property
    def key_file(self) -> Path:
        return self.settings.home / "keys" / HOST_KEYS

    def keys(self) -> HostKeys:
        return HostKeys.load(self.key_file)

    def store(self) -> Store:
        wanted = self.settings.backup
        password = secret_text(wanted.password_file, "password_file")
        account = StoreAccount(
            wanted.store, wanted.user, password, wanted.auth, wanted.timeout_seconds
        )
        return open_store(account)

    def drill_key(self) -> tuple[Path, str]:
        """The drill key's file and its passphrase, where this is the drill machine. Raises
        BadSettings."""
        wanted = self.settings.backup
        if wanted.drill_key is None:
            raise _bad("drill_key", "", "is not set", "the drill key's file, on the drill machine")
        return wanted.drill_key, secret_text(wanted.drill_passphrase_file, "drill_passphrase_file")

    def patience(self) -> Patience:
        return Patience(self.settings.backup.patience_seconds)

    def repository(self, keys: HostKeys | None = None) -> Repository:
        keys = keys or self.keys()
        return open_repository(self.store(), keys.officer, keys.repository, self.patience())

    def sources(self) -> list[Source]:
        """The home (its journal and content always), then what the settings name. Keys of
        the house, private-data keys among them, are a source of the 90-day class."""
        wanted, home = self.settings.backup, self.settings.home
        hours = wanted.home_objective_hours
        found = []
        # the journal before the content that its events name: what is missed is an orphan at most
        if url := self.settings.journal.url.get_secret_value():
            found.append(Source("journal", url, kind="postgresql", objective_hours=hours))
        found.append(Source("home", str(home), objective_hours=hours))
        if self.settings.content.path:
            found.append(Source("content", str(self.settings.content.path), objective_hours=hours))
        for name in ("keys", "private-keys"):
            if (home / name).is_dir():
                found.append(Source(name, str(home / name), "private", objective_hours=hours))
        found += [Source(**source.model_dump()) for source in wanted.sources]
        secret = [(home / name).resolve() for name in ("keys", "private-keys")]
        for source in found:
            real = Path(source.place).resolve() if source.kind == "folder" else Path()
            if source.retention != "private" and {real, *real.parents} & set(secret):
                right = "kept by itself, in the 90-day class; take this source away"
                raise _bad("sources.place", source.place, "holds the house's keys", right)
            if source.retention not in CLASSES:
                right = f"one of {', '.join(CLASSES)}"
                raise _bad("sources.retention", source.retention, "is no retention class", right)
        names = [source.name for source in found]
        if twice := sorted({name for name in names if names.count(name) > 1}):
            raise _bad("sources.name", ", ".join(twice), "names two sources", "a name for each")
        return found

    def options(self, head: JournalHead | None, hold: bool, progress: Progress | None) -> Options:
        wanted, home = self.settings.backup, self.settings.home
        # the street is Prefect's: nothing vital lies there, and it changes by the minute
        inner = [self.state, home / "keys", home / "private-keys", home / "street"]
        if wanted.store and urlsplit(wanted.store).scheme != "smb":
            inner.append(Path(wanted.store))
        return Options(
            state=self.state,
            place=Place(wanted.place, wanted.customs_territory),
            leave_out=tuple(inner),
            hold=hold,
            journal=head,
            progress=progress,
        )
