"""From a workspace to what a backup needs: store, keys, repository, sources, options.

None of these opens the journal: they serve also while it is down or damaged.
"""

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
from tasks.shared import opening
from tasks.shared.errors import BadSettings, Problem
from tasks.shared.files import as_typed

if TYPE_CHECKING:
    from tasks.shared.journal import Journal
    from tasks.workspace import Workspace

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
            raise _bad("store", "", "backup-store-not-set")
        return LocalStore(Path(account.address))
    from tasks.shared.smb.link import SmbPlace
    from tasks.shared.smb.store import SmbStore

    share, _, folder = unquote(parts.path).strip("/").partition("/")
    if not (parts.hostname and share and account.user):
        raise _bad("store", account.address, "backup-share-incomplete")
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


def _bad(setting: str, value: str, code: str, **values: object) -> BadSettings:
    column = f"backup.{setting}"
    problem = Problem("continuity.toml", column=column, value=value, code=code, values=values)
    return BadSettings("backup-settings-invalid", [problem])


def secret_text(path: Path | None, setting: str) -> str:
    """A secret from its file, without the line end. Raises BadSettings."""
    if path is None:
        return ""
    try:
        return as_typed(path).rstrip("\r\n")
    except UnicodeError as error:
        raise _bad(setting, str(path), "secret-file-not-text") from error
    except OSError as error:
        reason = error.strerror or str(error)
        raise _bad(setting, str(path), "secret-file-unreadable", reason=reason) from error


def fresh_journal(workspace: Workspace) -> Journal:
    """The journal, opened anew for the caller to close: reading a database's file drops, on POSIX, the
    locks that this process holds on it, so a backup keeps none open. Raises as `Workspace.journal`."""
    return opening.journal(workspace.settings)


def state_folder(workspace: Workspace) -> Path:
    """Where this host keeps what it noted for itself."""
    return workspace.home / "backup"


def key_file(workspace: Workspace) -> Path:
    """Where this host keeps its keys."""
    return workspace.home / "keys" / HOST_KEYS


def host_keys(workspace: Workspace) -> HostKeys:
    """Raises Missing without them."""
    return HostKeys.load(key_file(workspace))


def store_of(workspace: Workspace) -> Store:
    """The store of the settings. Raises BadSettings."""
    settings = workspace.settings.backup
    password = secret_text(settings.password_file, "password_file")
    return open_store(
        StoreAccount(
            settings.store, settings.user, password, settings.auth, settings.timeout_seconds
        )
    )


def drill_key(workspace: Workspace) -> tuple[Path, str]:
    """The drill key's file and its passphrase, where this is the drill machine. Raises BadSettings."""
    settings = workspace.settings.backup
    if settings.drill_key is None:
        raise _bad("drill_key", "", "drill-key-not-set")
    phrase = secret_text(settings.drill_passphrase_file, "drill_passphrase_file")
    return settings.drill_key, phrase


def patience(workspace: Workspace) -> Patience:
    """How long the store is asked again while it does not answer."""
    return Patience(workspace.settings.backup.patience_seconds)


def repository(workspace: Workspace, keys: HostKeys | None = None) -> Repository:
    """The repository that this host's keys belong to. Raises as `open_repository`."""
    keys = keys or host_keys(workspace)
    return open_repository(store_of(workspace), keys.officer, keys.repository, patience(workspace))


def sources(workspace: Workspace) -> list[Source]:
    """The home (its journal and content always), then what the settings name. The keys of the home,
    those of private data among them, are sources of the 90-day class. Raises BadSettings."""
    settings, home = workspace.settings, workspace.home
    hours = settings.backup.home_objective_hours
    chosen = []
    # the journal before the content that its events name: what is missed is an orphan at most
    if url := settings.journal.url.get_secret_value():
        chosen.append(Source("journal", url, kind="postgresql", objective_hours=hours))
    chosen.append(Source("home", str(home), objective_hours=hours))
    if settings.content.path:
        chosen.append(Source("content", str(settings.content.path), objective_hours=hours))
    secret = [home / name for name in ("keys", "private-keys")]
    chosen += [
        Source(path.name, str(path), "private", objective_hours=hours)
        for path in secret
        if path.is_dir()
    ]
    chosen += [Source(**source.model_dump()) for source in settings.backup.sources]
    for source in chosen:
        _require_class(source, {path.resolve() for path in secret})
    names = [source.name for source in chosen]
    if twice := sorted({name for name in names if names.count(name) > 1}):
        raise _bad("sources.name", ", ".join(twice), "source-name-repeated")
    return chosen


def _require_class(source: Source, secret: set[Path]) -> None:
    """Raises BadSettings for keys that would be kept longer than 90 days, and for an unknown class."""
    real = Path(source.place).resolve() if source.kind == "folder" else Path()
    if source.retention != "private" and {real, *real.parents} & secret:
        raise _bad("sources.place", source.place, "source-contains-keys")
    if source.retention not in CLASSES:
        allowed = ", ".join(CLASSES)
        raise _bad(
            "sources.retention", source.retention, "retention-class-unknown", allowed=allowed
        )


def options(
    workspace: Workspace,
    head: JournalHead | None = None,
    *,
    hold: bool = False,
    progress: Progress | None = None,
) -> Options:
    """How a run of this host behaves. `head`: where its journal stands."""
    settings, home, state = workspace.settings.backup, workspace.home, state_folder(workspace)
    # of Prefect's own folder nothing is vital, and it changes by the minute
    inner = [state, home / "keys", home / "private-keys", home / "street"]
    if settings.store and urlsplit(settings.store).scheme != "smb":
        inner.append(Path(settings.store))
    return Options(
        state=state,
        place=Place(settings.place, settings.customs_territory),
        leave_out=tuple(inner),
        hold=hold,
        journal=head,
        progress=progress,
    )
