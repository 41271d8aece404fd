"""Each client's trade history, dated: which numbers, rates, cases, quota, licences and programs its
goods had, so that the desk need not guess while the tariff is out of reach."""

from __future__ import annotations

from typing import Any

import pyarrow as pa

from tasks.entries import history
from tasks.kit import sheets
from tasks.shared import board
from tasks.shared.kinds.kit import HistoryTaken
from tasks.shared.kit_part import KitFile, KitPage, KitPart, Provider, state_of
from tasks.shared.paper import Column, Paper
from tasks.workspace import Workspace

_FILE = "history/hts-history.xlsx"
_MOST_ON_PAPER = 400
_AS_OF = (
    "What was, not what is: look rates, cases and quota up again as soon as anything can be reached. "
    "'as paid': duty divided by value of the last such line."
)


def make(workspace: Workspace) -> KitPart:
    found = history.latest(workspace.journal, workspace.content)
    said = board.last(workspace.journal.rows, HistoryTaken.kind)
    if found is None or said is None:
        return KitPart("no trade history: continuity kit history FILE, or entries recorded")
    as_of = said[1]["as_of"]
    heading = [*(one.title for one in history.columns()), "Source"]
    rows = [[*list(row.values())[:-1], row["source"] or "this book"] for row in found.to_pylist()]
    told = f"Trade history up to {as_of}. {_AS_OF}"
    risky = sorted((row for row in found.to_pylist() if _remedy(row)),
                   key=lambda row: (row["hts_number"], row["country_of_origin"]))  # fmt: skip
    return KitPart(
        f"trade history of {said[1]['clients']} client(s), {found.num_rows} rows, up to {as_of}",
        [KitFile(_FILE, sheets.workbook({"History": (told, heading, rows)}))],
        [KitPage("HTS numbers that call for another entry type", lambda p: _page(p, risky, as_of))],
    )


def _remedy(row: dict[str, Any]) -> bool:
    return bool(row["ad_case"] or row["cvd_case"] or row["quota"] in ("Y", "?"))


def _page(paper: Paper, rows: list[dict[str, Any]], as_of: str) -> None:
    paper.text(f"Goods that were under a case or quota up to {as_of}. Quota: type 02, 07 or 12; AD or "
               f"CVD: type 03 or 07. {_AS_OF} The whole history is {_FILE}.", 8.5)  # fmt: skip
    if not rows:
        paper.text("None in the history.", 9)
        return
    columns = [Column("HTS number", 22), Column("From", 11), Column("Client", 47, most=2),
               Column("AD, CVD cases and rates", 47), Column("Quota", 12), Column("Types", 18),
               Column("Last", 18)]  # fmt: skip
    columns[-1] = columns[-1]._replace(width=paper.sheet.inner - sum(c.width for c in columns[:-1]))
    listed = [
        (row["hts_number"], row["country_of_origin"], row["importer"] or "",
         " ".join(filter(None, (*(row["ad_case"] or ()), row["ad_rate"],
                                *(row["cvd_case"] or ()), row["cvd_rate"]))),
         row["quota"] or "", ", ".join(row["entry_types"] or ()),
         str(row["last_entry"] or ""))
        for row in rows[:_MOST_ON_PAPER]
    ]  # fmt: skip
    paper.table(columns, listed, 7.5)
    if len(rows) > _MOST_ON_PAPER:
        paper.text(f"and {len(rows) - _MOST_ON_PAPER} more in {_FILE}", 8.5, style="B")


def state(workspace: Workspace) -> str:
    """Of the history as taken: what was recorded since is no reason to build at once."""
    said = board.last(workspace.journal.rows, HistoryTaken.kind)
    return state_of(said[1]["content"] if said else "")


def refresh(workspace: Workspace, actor: str) -> pa.Table | None:
    """Take what the book recorded into the history before a kit is made."""
    history.take(workspace.journal, workspace.content, actor)
    return history.latest(workspace.journal, workspace.content)


PROVIDER = Provider("history", make, state, "another trade history was taken since")
