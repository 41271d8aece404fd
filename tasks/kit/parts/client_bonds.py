"""Bonds and powers of attorney by client."""

from __future__ import annotations

from collections.abc import Iterator

from tasks.documents.api import Paper, PaperColumn
from tasks.duties.api import DutyState, catalog_of, duty_states
from tasks.entries.api import latest_history
from tasks.kit.part_model import KitFile, KitPage, KitPart, Provider, state_of
from tasks.kit.parts import sheet_workbook
from tasks.workspace import Workspace

_DOCUMENTS = {"power-of-attorney": "power of attorney", "continuous-bond": "continuous bond"}
_HEADING = ("Client or bond", "What", "Shown on", "Ends or due", "Facts", "Document")
_NOTE = (
    "As recorded by continuity duties fulfil. Without a power of attorney no customs business may be "
    "done for a client (19 CFR 141.46 [G]: verify). Documents lie in the book's content by their digest."
)


def rows(workspace: Workspace) -> list[tuple[str, ...]]:
    """A row for each document, then clients of the trade history without a power of attorney."""
    states = duty_states(workspace.journal.rows, catalog_of(workspace), workspace.zone)
    documents = [_row(state) for state in states if state.duty.id in _DOCUMENTS and state.last]
    return [*sorted(documents), *_clients_without_power(workspace, documents)]


def _row(state: DutyState) -> tuple[str, ...]:
    last = state.last
    assert last is not None
    facts = ", ".join(f"{name}: {value}" for name, value in (last.facts or {}).items())
    return (
        state.item or "(all)",
        _DOCUMENTS[state.duty.id],
        last.on.isoformat(),
        state.due.isoformat(),
        facts,
        last.file or last.statement,
    )


def _clients_without_power(workspace: Workspace, rows: list[tuple[str, ...]]) -> Iterator[tuple[str, ...]]:
    table = latest_history(workspace.journal, workspace.content)
    names = {_key(row[0]) for row in rows if row[1] == _DOCUMENTS["power-of-attorney"]}
    importers: list[str | None] = table["importer"].to_pylist() if table is not None else []
    for name in sorted(filter(None, set(importers))):
        if _key(name) not in names:
            yield name, _DOCUMENTS["power-of-attorney"], "never shown", "", "", ""


def _key(name: str) -> str:
    return "".join(sign for sign in name.casefold() if sign.isalnum())


def make(workspace: Workspace) -> KitPart:
    documents = rows(workspace)
    data = sheet_workbook.workbook({"Bonds and powers": (_NOTE, _HEADING, documents)})
    return KitPart(
        f"bonds and powers of attorney: {sum(row[2] != 'never shown' for row in documents)} recorded",
        [KitFile("clients/bonds-and-powers.xlsx", data)],
        [KitPage("Bonds and powers of attorney", lambda paper: _page(paper, documents))],
    )


def _page(paper: Paper, rows: list[tuple[str, ...]]) -> None:
    paper.text(_NOTE, 8.5)
    if not rows:
        paper.text("None recorded: continuity duties fulfil power-of-attorney --for CLIENT", 9)
        return
    columns = [
        PaperColumn("Client or bond", 52),
        PaperColumn("What", 30),
        PaperColumn("Shown on", 20),
        PaperColumn("Ends or due", 20),
        PaperColumn("Facts, document", paper.sheet.inner - 122),
    ]
    paper_rows = [(*row[:4], " · ".join(filter(None, row[4:]))) for row in rows]
    paper.table(columns, paper_rows, 8, red=lambda row: row[2] == "never shown")


def state(workspace: Workspace) -> str:
    return state_of(rows(workspace))


PROVIDER = Provider("clients", make, state, "bonds or powers of attorney changed since")
