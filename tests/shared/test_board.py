"""The status page: its packages, its lines by code."""

from __future__ import annotations

import pytest

from tasks.shared import board
from tasks.shared.board import AMBER, RED, Line
from tasks.shared.journal import Journal
from tasks.shared.settings import Settings
from tasks.status.page import lines
from tasks.status.providers import PROVIDERS, provider
from tasks.workspace import Workspace


@pytest.mark.parametrize("package", PROVIDERS)
def test_a_package_gives_its_own_lines(package: str, house: Settings, journal: Journal) -> None:
    """And they are part of the page."""
    own = list(provider(package)(Workspace(house, journal=journal)))
    assert provider(package).__module__.startswith(f"tasks.{package}.")
    page = lines(Workspace(house, journal=journal))
    names = {(line.code, line.subject) for line in page}
    assert {(line.code, line.subject) for line in own} <= names


def test_the_status_of_backups_is_not_that_of_duties(house: Settings, journal: Journal) -> None:
    workspace = Workspace(house, journal=journal)
    found = {
        package: {line.code for line in provider(package)(workspace)}
        for package in ("duties", "backup", "shared")
    }
    assert found["duties"] == {"duty"}
    assert "newest-backup" in found["backup"] and "reserve-entry-numbers" in found["shared"]


def test_code_and_subject_name_a_line(house: Settings, journal: Journal) -> None:
    page = lines(Workspace(house, journal=journal))
    names = [(line.code, line.subject) for line in page]
    assert len(set(names)) == len(names) and all(line.code == line.code.lower() for line in page)


def test_json_carries_code_subject_and_values() -> None:
    line = Line("numbers-at-desk", "P8", "x", AMBER, "y", subject="truck", values={"issued": 3})
    red = Line("kit-age", "P8", "x", RED, "y")
    (row, *_), needs = (
        next(one for one in board.as_dict([line, red])["readiness"] if one["id"] == "P8")["lines"],  # type: ignore[union-attr]
        board.as_dict([line, red])["needs"],
    )
    assert row["code"] == "kit-age"
    named = [(one["code"], one["subject"], one["values"]) for one in needs]  # type: ignore[attr-defined]
    assert named == [("kit-age", "", {}), ("numbers-at-desk", "truck", {"issued": 3})]
