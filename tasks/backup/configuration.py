"""From a workspace to what a backup needs: store, keys, repository, sources, options.

None of these opens the journal: they serve also while it is down or damaged.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import unquote, urlsplit

from tasks.backup.format.repository import Repository, open_repository
from tasks.backup.format.structures import JournalAnchor, StoreLocation
from tasks.backup.keys.host_keys import HostKeys
from tasks.backup.retention.keep_rules import CLASSES
from tasks.backup.run_options import BackupProgress, SnapshotOptions
from tasks.backup.settings import BackupSettings
from tasks.backup.snapshot.source_access import SnapshotSource
from tasks.backup.stores.local_store import LocalStore
from tasks.backup.stores.store_protocol import Store, StorePatience
from tasks.core.errors import BadSettings, Problem
from tasks.core.files import typed_path
from tasks.core.settings import ContentSettings, JournalSettings
from tasks.opening import open_journal

if TYPE_CHECKING:
    from tasks.core.journal.journal import Journal
    from tasks.workspace import Workspace

HOST_KEYS = "backup-host.json"


@dataclass(frozen=True)
class StoreAccount:
    """Where a store is and who asks, from the settings or the options of a bare machine."""

    address: str
    user: str = ""
    password: str = ""
    auth: str = "negotiate"
    timeout: float = 30.0


def open_configured_store(account: StoreAccount) -> Store:
    """A folder, or `smb://server[:port]/share[/folder]`. Raises BadSettings."""
    parts = urlsplit(account.address)
    if parts.scheme != "smb":
        if not account.address:
            raise _bad("store", "", "backup-store-not-set")
        return LocalStore(Path(account.address))
    from tasks.transport.api import SmbPlace, SmbStore

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
        return typed_path(path).rstrip("\r\n")
    except UnicodeError as error:
        raise _bad(setting, str(path), "secret-file-not-text") from error
    except OSError as error:
        reason = error.strerror or str(error)
        raise _bad(setting, str(path), "secret-file-unreadable", reason=reason) from error


def reopen_journal(workspace: Workspace) -> Journal:
    """The journal, opened anew for the caller to close: reading a database's file drops, on POSIX, the
    locks that this process holds on it, so a backup keeps none open. Raises as `Workspace.journal`."""
    return open_journal(workspace.settings)


def state_folder(workspace: Workspace) -> Path:
    """Where this host keeps what it noted for itself."""
    return workspace.home / "backup"


def host_key_file(workspace: Workspace) -> Path:
    """Where this host keeps its keys."""
    return workspace.home / "keys" / HOST_KEYS


def read_host_keys(workspace: Workspace) -> HostKeys:
    """Raises Missing without them."""
    return HostKeys.load(host_key_file(workspace))


def configured_store(workspace: Workspace) -> Store:
    """The store of the settings. Raises BadSettings."""
    settings = workspace.settings(BackupSettings)
    password = secret_text(settings.password_file, "password_file")
    return open_configured_store(
        StoreAccount(settings.store, settings.user, password, settings.auth, settings.timeout_seconds)
    )


def drill_key(workspace: Workspace) -> tuple[Path, str]:
    """The drill key's file and its passphrase, where this is the drill machine. Raises BadSettings."""
    settings = workspace.settings(BackupSettings)
    if settings.drill_key is None:
        raise _bad("drill_key", "", "drill-key-not-set")
    phrase = secret_text(settings.drill_passphrase_file, "drill_passphrase_file")
    return settings.drill_key, phrase


def store_patience(workspace: Workspace) -> StorePatience:
    """How long the store is asked again while it does not answer."""
    return StorePatience(workspace.settings(BackupSettings).patience_seconds)


def configured_repository(workspace: Workspace, keys: HostKeys | None = None) -> Repository:
    """The repository that this host's keys belong to. Raises as `open_repository`."""
    keys = keys or read_host_keys(workspace)
    return open_repository(configured_store(workspace), keys.officer, keys.repository, store_patience(workspace))


def configured_sources(workspace: Workspace) -> list[SnapshotSource]:
    """The home (its journal and content always), then what the settings name. The keys of the home,
    those of private data among them, are sources of the 90-day class. Raises BadSettings."""
    settings, home = workspace.settings, workspace.home
    hours = settings(BackupSettings).home_objective_hours
    chosen = []
    # the journal before the content that its events name: what is missed is an orphan at most
    if url := settings(JournalSettings).url.get_secret_value():
        chosen.append(SnapshotSource("journal", url, kind="postgresql", objective_hours=hours))
    chosen.append(SnapshotSource("home", str(home), objective_hours=hours))
    if settings(ContentSettings).path:
        chosen.append(SnapshotSource("content", str(settings(ContentSettings).path), objective_hours=hours))
    secret = [home / name for name in ("keys", "private-keys")]
    chosen += [
        SnapshotSource(path.name, str(path), "private", objective_hours=hours) for path in secret if path.is_dir()
    ]
    chosen += [
        SnapshotSource(each.name, each.place, each.retention, each.kind, each.skip, each.objective_hours)
        for each in settings(BackupSettings).sources
    ]
    for source in chosen:
        _require_class(source, {path.resolve() for path in secret})
    names = [source.name for source in chosen]
    if twice := sorted({name for name in names if names.count(name) > 1}):
        raise _bad("sources.name", ", ".join(twice), "source-name-repeated")
    return chosen


def _require_class(source: SnapshotSource, secret: set[Path]) -> None:
    """Raises BadSettings for keys that would be kept longer than 90 days, and for an unknown class."""
    real = Path(source.location).resolve() if source.kind == "folder" else Path()
    if source.retention != "private" and {real, *real.parents} & secret:
        raise _bad("sources.place", source.location, "source-contains-keys")
    if source.retention not in CLASSES:
        allowed = ", ".join(CLASSES)
        raise _bad("sources.retention", source.retention, "retention-class-unknown", allowed=allowed)


def snapshot_options(
    workspace: Workspace,
    head: JournalAnchor | None = None,
    *,
    hold: bool = False,
    progress: BackupProgress | None = None,
) -> SnapshotOptions:
    """How a run of this host behaves. `head`: where its journal stands."""
    settings, home, state = (workspace.settings(BackupSettings), workspace.home, state_folder(workspace))
    # of Prefect's own folder nothing is vital, and it changes by the minute
    inner = [state, home / "keys", home / "private-keys", home / "street"]
    if settings.store and urlsplit(settings.store).scheme != "smb":
        inner.append(Path(settings.store))
    return SnapshotOptions(
        state=state,
        store_location=StoreLocation(settings.place, settings.customs_territory),
        leave_out=tuple(inner),
        hold=hold,
        journal=head,
        progress=progress,
    )
