from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from tasks.screening.lists import catalog
from tasks.screening.lists.catalog import parse_floors
from tasks.screening.lists.list_loading import ListIntake, LoadedList, load_folder
from tasks.security.people import add_person
from tasks.workspace import Workspace
from tests.screening.screening_world import World

LISTS = Path(__file__).parents[1] / "data" / "lists"


@pytest.fixture
def lists() -> Path:
    """The tests' own copy of list files, a folder a publisher."""
    return LISTS


@pytest.fixture
def excerpts_are_whole(monkeypatch: pytest.MonkeyPatch) -> None:
    """The excerpts' own floors in place of the real ones, for tests of what comes after a whole list."""
    own = parse_floors((LISTS / "floors.csv").read_text(encoding="utf-8"))
    monkeypatch.setattr(catalog, "floors", lambda: own)


@pytest.fixture
def january(tmp_path: Path) -> Path:
    """A folder with the SDN list of January 2024, free to be damaged."""
    folder = tmp_path / "ofac_2024-01-08"
    shutil.copytree(LISTS / "ofac_2024-01-08", folder)
    return folder


@pytest.fixture
def staff(journal) -> None:
    """Ada and Bo, who decide; both named in the book."""
    add_person(journal, "ada", "Ada Vance", "98765", ["approver", "compliance"], "it")
    add_person(journal, "bo", "Bo Harbor", "", ["compliance"], "it")


@pytest.fixture
def workspace(house, journal) -> Workspace:
    return Workspace(house, journal=journal)


@pytest.fixture
def load(workspace: Workspace, staff, excerpts_are_whole) -> Callable[..., list[LoadedList]]:
    """Loads a folder of lists as Ada."""

    def load_(folder: Path, **options) -> list[LoadedList]:
        return load_folder(workspace, ListIntake(**{"actor": "ada", **options}), folder)

    return load_


@pytest.fixture
def world(journal, content, house, staff, excerpts_are_whole, tmp_path: Path) -> World:
    """A house of Ada's and Bo's with the January SDN list and no partners yet."""
    made = World(Workspace(house, journal=journal), tmp_path, LISTS)
    made.load("ofac_2024-01-08", "further")
    return made
