from __future__ import annotations

from pathlib import Path

from tasks.entries import sample
from tasks.kit import drill
from tasks.shared import manifest, opening
from tasks.shared.errors import Refused
from tasks.workspace import Workspace
from tests.errors import refused


def test_the_chapter_leaves_a_kit_and_says_what_happened(tmp_path: Path) -> None:
    settings = sample.make(tmp_path / "home", "it").settings
    journal = opening.journal(settings)
    office = Workspace(settings, journal=journal)
    said = "\n".join(drill.chapter(office, "it", tmp_path / "kit"))
    journal.close()
    for words in ("4", "70", "workbooks/",
                  "QZ9-9000505-3", "red"):  # fmt: skip
        assert words in said
    folder, sealed = sorted((tmp_path / "kit").iterdir())
    assert manifest.verify(folder) == [] and sealed.suffix == ".sealed"


def test_a_real_house_has_no_such_chapter(office: Workspace, tmp_path: Path) -> None:
    with refused("kit-passphrase-discard-drill-only", Refused):
        drill.chapter(office, "it", tmp_path / "kit")
