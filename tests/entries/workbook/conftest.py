from __future__ import annotations

from pathlib import Path

import pytest

from tests.entries import legal, one
from tests.entries.desk_cells import write_workbook

HOUSE = {"name": "Harbor & Vance", "filer_code": "ABC"}
NUMBERS = legal.numbers(8)


@pytest.fixture
def desk(tmp_path: Path) -> Path:
    """A desk's workbook: five entries filled in, three numbers not used yet."""
    record = one.record(one.several(NUMBERS[:5]))
    path = tmp_path / "desk.xlsx"
    return write_workbook(path, "Ocean LA", "2704", NUMBERS, HOUSE, record=record)
