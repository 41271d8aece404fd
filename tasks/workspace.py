"""The one context of a command or a run: settings, journal, content, private data, clock.

A command of the CLI and a process of a flow run open it once. Each part is opened when it is first
asked for, so that a command without a journal needs none.
"""

from __future__ import annotations

from collections.abc import Callable, Generator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from datetime import date
from functools import cached_property
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING, TypeVar
from zoneinfo import ZoneInfo

from tasks.core.settings import BrokerSettings

if TYPE_CHECKING:
    from tasks.core.content import ContentStore
    from tasks.core.journal.journal import Journal
    from tasks.core.settings import Settings
    from tasks.core.signatures import Signer
    from tasks.security.api import Vault

T = TypeVar("T")


class Workspace:
    """What every package works with.

    `settings`: those of one home folder. `journal`: one that is open already, else it is opened
    where the settings say.
    """

    def __init__(self, settings: Settings, *, journal: Journal | None = None) -> None:
        self.settings = settings
        self._parts: dict[Callable[[Workspace], object], object] = {}
        if journal is not None:
            self.__dict__["journal"] = journal

    @classmethod
    def open(cls, home: Path) -> Workspace:
        """The workspace of a home folder: the one that this process has open, else a new one.

        Raises BadSettings for a folder that is no home.
        """
        from tasks.core.settings import load_settings

        return _OPEN.get().get(home.absolute()) or cls(load_settings(home))

    @property
    def home(self) -> Path:
        """The home folder."""
        return self.settings.home

    @cached_property
    def journal(self) -> Journal:
        """Raises BadSettings without a journal, StoreLost for a database that does not answer,
        JournalBroken if the last event was altered."""
        from tasks.opening import open_journal

        return open_journal(self.settings)

    @cached_property
    def content(self) -> ContentStore:
        """What events name by SHA-256."""
        from tasks.core.content import ContentStore

        return ContentStore(self.settings.content_path)

    @cached_property
    def vault(self) -> Vault:
        """Private values, each under a key of its own."""
        from tasks.security.api import Vault

        return Vault(self.home)

    @cached_property
    def signer(self) -> Signer:
        """Signs with the home's own key."""
        from tasks.security.api import HostSigner

        return HostSigner(self.home)

    @cached_property
    def zone(self) -> ZoneInfo:
        """The time zone of the broker's clocks and days."""
        return ZoneInfo(self.settings(BrokerSettings).zone)

    @cached_property
    def drill(self) -> bool:
        """Whether the journal is one of a drill."""
        from tasks.core.journal.journal import is_drill

        return is_drill(self.journal)

    @property
    def mark(self) -> str:
        """What heads everything that a drill makes, else empty."""
        return "DRILL" if self.drill else ""

    def today(self) -> date:
        """The date in the broker's zone."""
        from tasks.core import clock

        return clock.now().astimezone(self.zone).date()

    def once(self, make: Callable[[Workspace], T]) -> T:
        """What `make` returns for this workspace, made on the first call only."""
        if make not in self._parts:
            self._parts[make] = make(self)
        return self._parts[make]  # type: ignore[return-value]

    def keep(self, make: Callable[[Workspace], T], value: T) -> None:
        """Let `once(make)` return this value: for what a caller has at hand already."""
        self._parts[make] = value

    def close(self) -> None:
        """Close the journal, if it was opened."""
        if "journal" in self.__dict__:
            self.journal.close()

    def with_settings(self, settings: Settings) -> Workspace:
        """The same journal under other settings of the same home."""
        return Workspace(settings, journal=self.journal)


_OPEN: ContextVar[Mapping[Path, Workspace]] = ContextVar("open workspaces", default=MappingProxyType({}))


@contextmanager
def opened(home: Path) -> Generator[Workspace, None, None]:
    """Keep one workspace for all steps of a run: `Workspace.open(home)` returns it until the end, when
    its journal is closed. Runs at the same time in other threads have their own."""
    key, before = home.absolute(), _OPEN.get()
    if key in before:
        yield before[key]
        return
    workspace = Workspace.open(home)
    token = _OPEN.set({**before, key: workspace})
    try:
        yield workspace
    finally:
        _OPEN.reset(token)
        workspace.close()
