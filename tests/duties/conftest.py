from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from tasks.core.content import ContentStore
from tasks.core.journal.journal import Journal
from tasks.core.settings import Settings
from tasks.workspace import Workspace

FILLER = "\n" + "made up for a test, signed by nobody; " * 3
"""What follows the words of a proof."""


@pytest.fixture
def office(journal: Journal, content: ContentStore, house: Settings) -> Workspace:
    return Workspace(house, journal=journal)


@pytest.fixture
def proof(tmp_path: Path) -> Callable[[str], Path]:
    """A file that begins with these words, and is long enough for a proof."""

    def make(words: str = "proof", name: str = "proof.pdf") -> Path:
        path = tmp_path / name
        path.write_text(words + FILLER)
        return path

    return make
