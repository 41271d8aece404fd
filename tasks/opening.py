"""Opens a home's journal where its settings say it lies, and makes a new home."""

from __future__ import annotations

from pathlib import Path

from tasks.core.content import ContentStore
from tasks.core.errors import BadInput, BadSettings, StoreLost
from tasks.core.files import require_local, write_atomic
from tasks.core.journal.copies import continue_from, read_copy
from tasks.core.journal.events import JournalStarted
from tasks.core.journal.journal import Event, Journal, JournalHead, require_whole
from tasks.core.settings import SETTINGS_FILE, BrokerSettings, JournalSettings, Settings, load_settings
from tasks.security.api import make_host_keys

JOURNAL_FILE = "journal.sqlite"


def open_journal(settings: Settings) -> Journal:
    """The journal of a home. Raises BadSettings for a home on a share, or without a journal, StoreLost for
    a database that does not answer, and JournalBroken if its last event was altered."""
    journal = _open(settings, make=False)
    require_whole(journal)
    return journal


def open_content(settings: Settings) -> ContentStore:
    return ContentStore(settings.content_path)


def make_home(home: Path, settings_text: str, actor: str, *, drill: bool = False) -> Settings:
    """Make a home: settings, host keys, journal, content. Raises BadInput if there is one."""
    if (home / SETTINGS_FILE).exists():
        raise BadInput("home-already-exists", home=home)
    require_local(home)
    write_atomic(home / SETTINGS_FILE, settings_text.encode(), mode=0o600)
    try:
        settings = load_settings(home)
    except BadSettings:
        (home / SETTINGS_FILE).unlink()
        raise
    make_host_keys(home)
    settings.content_path.mkdir(parents=True, exist_ok=True)
    started = JournalStarted(filer=settings(BrokerSettings).filer_code, drill=drill)
    _open(settings, make=True).append(started, "journal", actor, key="journal.started")
    return settings


def _open(settings: Settings, *, make: bool) -> Journal:
    if url := settings(JournalSettings).url.get_secret_value():
        return _on_server(url)
    path = settings.home / JOURNAL_FILE
    if not make and not path.is_file():
        raise BadSettings("journal-file-missing", path=path)
    require_local(settings.home)
    return Journal.at(path)


def _on_server(url: str) -> Journal:
    from sqlalchemy.exc import OperationalError

    try:
        return Journal.made(url)
    except OperationalError as error:
        why = " ".join(str(error.orig).split())
        raise StoreLost("journal-database-not-reachable", why=why) from error


def continue_home(
    home: Path, settings_text: str, copy: Path, actor: str, signed_by: str = ""
) -> tuple[Settings, JournalHead]:
    """Make a home that goes on with a copied journal, on a clean machine; `signed_by` is the id of the
    key that must have signed the copy. Raises BadInput if there is a home or a journal, JournalBroken
    if the copy does not hold or another key signed it."""
    if (home / SETTINGS_FILE).exists():
        raise BadInput("home-already-exists", home=home)
    require_local(home)
    events = read_copy(copy, signed_by)
    copied = copy / SETTINGS_FILE
    text = copied.read_text(encoding="utf-8") if copied.is_file() else _for_filer(settings_text, events)
    write_atomic(home / SETTINGS_FILE, text.encode(), mode=0o600)
    settings = load_settings(home)
    make_host_keys(home)
    journal = _open(settings, make=True)
    head = continue_from(copy, journal, open_content(settings), actor, signed_by)
    return settings, head


def _for_filer(settings_text: str, events: list[Event]) -> str:
    started = events[0].said
    filer = started.filer if isinstance(started, JournalStarted) else "XXX"
    return settings_text.replace('filer_code = "XXX"', f'filer_code = "{filer}"')
