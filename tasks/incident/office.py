"""What the room works with."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from zoneinfo import ZoneInfo

from tasks.shared import opening
from tasks.shared.content import ContentStore
from tasks.shared.journal import Journal, is_drill
from tasks.shared.private import Vault
from tasks.shared.settings import Settings


@dataclass(frozen=True)
class Office:
    """The book, what it names, private values and settings of one home."""

    journal: Journal
    content: ContentStore
    vault: Vault
    settings: Settings

    @cached_property
    def zone(self) -> ZoneInfo:
        """Where the broker's clocks and days run."""
        return ZoneInfo(self.settings.duties.zone)

    @cached_property
    def drill(self) -> bool:
        return is_drill(self.journal)

    @property
    def mark(self) -> str:
        """What stands over everything that a drill makes."""
        return "DRILL" if self.drill else ""


def office_of(settings: Settings) -> Office:
    """Raises BadSettings where there is no book."""
    book = opening.journal(settings)
    return Office(book, opening.content(settings), Vault(settings.home), settings)
