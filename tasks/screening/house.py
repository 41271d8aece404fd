"""What the room needs of the house: the book, the content it names, the settings."""

from __future__ import annotations

from dataclasses import dataclass

from tasks.shared import opening
from tasks.shared.content import ContentStore
from tasks.shared.journal import Journal
from tasks.shared.settings import Settings


@dataclass(frozen=True)
class House:
    journal: Journal
    content: ContentStore
    settings: Settings


def house_of(settings: Settings) -> House:
    """The house behind a home's settings."""
    return House(opening.journal(settings), opening.content(settings), settings)
