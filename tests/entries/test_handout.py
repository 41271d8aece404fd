"""Workbooks for corrections are written only for entries whose correction would be taken."""

from __future__ import annotations

from pathlib import Path

import pytest

from tasks.core.content import ContentStore
from tasks.core.journal.journal import Journal
from tasks.core.settings import Settings
from tasks.entries.workbook.desk_workbooks import write_corrections
from tasks.reconciliation.events import BatchNamed
from tasks.workspace import Workspace
from tests.entries import house as made
from tests.errors import refused


@pytest.fixture
def workspace(house: Settings, journal: Journal, content: ContentStore) -> Workspace:
    return Workspace(house, journal=journal)


def test_no_workbook_to_correct_an_entry_that_went_out(workspace: Workspace, tmp_path: Path) -> None:
    sent, open_ = made.issue(workspace.journal, workspace.settings, "truck", 2)
    made.hand_in(workspace, made.workbook(tmp_path, "a.xlsx", "truck", made.filled(10, [sent, open_], "truck")))
    named = BatchNamed(batch="B1", application="SE", plan="p", content="", file="f", numbers=[sent])
    workspace.journal.append(named, "batch/B1", "it")
    parts = (workspace.journal, workspace.content, workspace.vault, workspace.settings)
    with refused("entries-not-correctable") as caught:
        write_corrections(*parts, [sent, open_], tmp_path / "back")
    assert [problem.value for problem in caught.problems] == [sent]
    assert not (tmp_path / "back").exists()
    (path,) = write_corrections(*parts, [open_], tmp_path / "back")
    assert path.is_file()
