"""The status page: its packages, its lines by code."""

from __future__ import annotations

import pytest

from tasks.core.journal.journal import Journal
from tasks.core.registry import packages, resolve
from tasks.core.settings import Settings
from tasks.core.status_lines import AMBER, RED, StatusLine, page_as_dict
from tasks.status.status_page import status_lines as lines
from tasks.workspace import Workspace

_PROVIDERS = {package.name: package.status for package in packages() if package.status}


@pytest.mark.parametrize("package", _PROVIDERS)
def test_a_package_gives_its_own_lines(package: str, house: Settings, journal: Journal) -> None:
    """And they are part of the page."""
    provider = resolve(_PROVIDERS[package])
    own = list(provider(Workspace(house, journal=journal)))
    assert provider.__module__.startswith(f"tasks.{package}.")
    page = lines(Workspace(house, journal=journal))
    names = {(line.code, line.subject) for line in page}
    assert {(line.code, line.subject) for line in own} <= names


def test_the_status_of_backups_is_not_that_of_duties(house: Settings, journal: Journal) -> None:
    workspace = Workspace(house, journal=journal)
    found = {
        package: {line.code for line in resolve(_PROVIDERS[package])(workspace)}
        for package in ("duties", "backup", "entries")
    }
    assert found["duties"] == {"duty"}
    assert "newest-backup" in found["backup"] and "reserve-entry-numbers" in found["entries"]


def test_code_and_subject_name_a_line(house: Settings, journal: Journal) -> None:
    page = lines(Workspace(house, journal=journal))
    names = [(line.code, line.subject) for line in page]
    assert len(set(names)) == len(names) and all(line.code == line.code.lower() for line in page)


def test_json_carries_code_subject_and_values() -> None:
    line = StatusLine("numbers-at-desk", "P8", "x", AMBER, "y", subject="truck", values={"issued": 3})
    red = StatusLine("kit-age", "P8", "x", RED, "y")
    (row, *_), needs = (
        next(one for one in page_as_dict([line, red])["readiness"] if one["id"] == "P8")["lines"],  # type: ignore[union-attr]
        page_as_dict([line, red])["needs"],
    )
    assert row["code"] == "kit-age"
    named = [(one["code"], one["subject"], one["values"]) for one in needs]  # type: ignore[attr-defined]
    assert named == [("kit-age", "", {}), ("numbers-at-desk", "truck", {"issued": 3})]
