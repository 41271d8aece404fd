from __future__ import annotations

from pathlib import Path

import pytest

from tasks.entries import sample
from tasks.kit import drill
from tasks.shared import manifest, opening
from tasks.shared.errors import Refused
from tasks.workspace import Workspace


def test_the_chapter_leaves_a_kit_and_says_what_happened(tmp_path: Path) -> None:
    settings = sample.make(tmp_path / "home", "it").settings
    journal = opening.journal(settings)
    office = Workspace(settings, journal=journal)
    said = "\n".join(drill.chapter(office, "it", tmp_path / "kit"))
    journal.close()
    for words in ("4 desk workbook(s) with 70", "a swapped workbook is caught: workbooks/",
                  "goes on from the sealed kit", "QZ9-9000505-3", "its book holds",
                  "kit check: red: programs"):  # fmt: skip
        assert words in said
    folder, sealed = sorted((tmp_path / "kit").iterdir())
    assert manifest.verify(folder) == [] and sealed.suffix == ".sealed"


def test_a_real_house_has_no_such_chapter(office: Workspace, tmp_path: Path) -> None:
    with pytest.raises(Refused, match="Only a drill"):
        drill.chapter(office, "it", tmp_path / "kit")
