"""Each desk's workbook with its issued, unused numbers, and the same numbers on paper, to be filled in by hand."""

from __future__ import annotations

import tempfile
from collections.abc import Callable
from pathlib import Path

import sqlalchemy as sa

from tasks.documents.api import Paper, PaperColumn
from tasks.entries.api import ENTRY_SERIES, NUMBERS, numbers_issued_to
from tasks.kit.part_model import KitFile, KitPage, KitPart, Provider, state_of
from tasks.workspace import Workspace

_NOTE = (
    "Each number is used once, for one entry, and never again. Write it on every paper of the shipment "
    "exactly as it stands here. A spoiled number is crossed out, not used; two persons void it later. "
    "Keep this list with the stamped copies: whoever types it in needs the number, the date and the "
    "shipment."
)


def make(workspace: Workspace) -> KitPart:
    unused = unused_numbers(workspace)
    count = sum(len(numbers) for numbers in unused.values())
    return KitPart(
        f"{len(unused)} desk workbook(s) with {count} issued, unused entry numbers",
        [_file(workspace, desk) for desk in unused],
        [KitPage(f"Entry numbers of the desk {desk}", _page(numbers)) for desk, numbers in unused.items()],
    )


def unused_numbers(workspace: Workspace) -> dict[str, list[str]]:
    """The issued, unused entry numbers of each desk."""
    column = NUMBERS.c
    query = sa.select(column.desk).distinct().where(column.series == ENTRY_SERIES, column.state == "issued")
    desks = sorted(row.desk for row in workspace.journal.rows(query))
    return {desk: numbers_issued_to(workspace.journal, desk) for desk in desks}


def state(workspace: Workspace) -> str:
    return state_of(unused_numbers(workspace))


def _file(workspace: Workspace, desk: str) -> KitFile:
    from tasks.entries.api import workbook_name, write_workbooks

    with tempfile.TemporaryDirectory(prefix="continuity-kit-") as scratch:
        path = Path(scratch) / "desk.xlsx"
        write_workbooks(workspace.journal, workspace.settings, desk, path)
        return KitFile(f"workbooks/{workbook_name(desk)}.xlsx", path.read_bytes())


def _page(numbers: list[str]) -> Callable[[Paper], None]:
    def write(paper: Paper) -> None:
        paper.text(_NOTE, 8.5)
        wide = (paper.sheet.inner - 56) / 2
        columns = [PaperColumn("Number", 28), PaperColumn("Used on, for which shipment", wide)] * 2
        pairs = [*numbers, ""]
        # Across, not down: a page then holds consecutive numbers.
        rows = [(pairs[n], "", pairs[n + 1], "") for n in range(0, len(numbers), 2)]
        paper.table(columns, rows, 9, lines=2)

    return write


PROVIDER = Provider("workbooks", make, state, "numbers were issued, used or voided since")
