from __future__ import annotations

from pathlib import Path

from tasks.core.errors import Refused
from tasks.core.journal.journal import Journal
from tasks.core.settings import Settings
from tasks.drill.kit_chapter import play_kit
from tasks.drill.sample_brokerage import make_sample_home
from tasks.opening import open_journal
from tasks.security.manifest import verify_manifest
from tasks.workspace import Workspace
from tests.errors import refused
from tests.kit.conftest import office

__all__ = ["office"]


def test_the_chapter_leaves_a_kit_and_says_what_happened(tmp_path: Path) -> None:
    settings = make_sample_home(tmp_path / "home", "it").settings
    journal = open_journal(settings)
    workspace = Workspace(settings, journal=journal)
    said = "\n".join(play_kit(workspace, "it", tmp_path / "kit"))
    journal.close()
    for words in ("4", "70", "workbooks/",
                  "QZ9-9000505-3", "red"):  # fmt: skip
        assert words in said
    folder, sealed = sorted((tmp_path / "kit").iterdir())
    assert verify_manifest(folder) == [] and sealed.suffix == ".sealed"


def test_there_is_no_such_chapter_outside_a_drill(house: Settings, journal: Journal, tmp_path: Path) -> None:
    with refused("kit-passphrase-discard-drill-only", Refused):
        play_kit(Workspace(house, journal=journal), "it", tmp_path / "kit")
