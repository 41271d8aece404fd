"""Each client's trade history, dated: which numbers, rates, cases, quota, licences and programs its
goods had, so that the desk need not guess while the tariff is out of reach."""

from __future__ import annotations

from typing import Any

import pyarrow as pa

from tasks.core.status_lines import last_event
from tasks.documents.api import Paper, PaperColumn
from tasks.entries.api import HistoryTaken, history_columns, latest_history, load_history
from tasks.kit.part_model import KitFile, KitPage, KitPart, Provider, state_of
from tasks.kit.parts import sheet_workbook
from tasks.workspace import Workspace

_FILE = "history/hts-history.xlsx"
_MOST_ON_PAPER = 400
_AS_OF = (
    "What was, not what is: look rates, cases and quota up again as soon as anything can be reached. "
    "'as paid': duty divided by value of the last such line."
)


def make(workspace: Workspace) -> KitPart:
    found = latest_history(workspace.journal, workspace.content)
    said = last_event(workspace.journal.rows, HistoryTaken.kind)
    if found is None or said is None:
        return KitPart("no trade history: continuity kit history FILE, or entries recorded")
    as_of = said[1]["as_of"]
    heading = [*(one.title for one in history_columns()), "Source"]
    rows = [[*list(row.values())[:-1], row["source"] or "this book"] for row in found.to_pylist()]
    told = f"Trade history up to {as_of}. {_AS_OF}"
    risky = sorted(
        (row for row in found.to_pylist() if _remedy(row)),
        key=lambda row: (row["hts_number"], row["country_of_origin"]),
    )
    return KitPart(
        f"trade history of {said[1]['clients']} client(s), {found.num_rows} rows, up to {as_of}",
        [KitFile(_FILE, sheet_workbook.workbook({"History": (told, heading, rows)}))],
        [KitPage("HTS numbers that call for another entry type", lambda p: _page(p, risky, as_of))],
    )


def _remedy(row: dict[str, Any]) -> bool:
    return bool(row["ad_case"] or row["cvd_case"] or row["quota"] in ("Y", "?"))


def _page(paper: Paper, rows: list[dict[str, Any]], as_of: str) -> None:
    paper.text(
        f"Goods that were under a case or quota up to {as_of}. Quota: type 02, 07 or 12; AD or "
        f"CVD: type 03 or 07. {_AS_OF} The whole history is {_FILE}.",
        8.5,
    )
    if not rows:
        paper.text("None in the history.", 9)
        return
    columns = [
        PaperColumn("HTS number", 22),
        PaperColumn("From", 11),
        PaperColumn("Client", 47, most=2),
        PaperColumn("AD, CVD cases and rates", 47),
        PaperColumn("Quota", 12),
        PaperColumn("Types", 18),
        PaperColumn("Last", 18),
    ]
    columns[-1] = columns[-1]._replace(width=paper.sheet.inner - sum(c.width for c in columns[:-1]))
    listed = [
        (
            row["hts_number"],
            row["country_of_origin"],
            row["importer"] or "",
            " ".join(
                filter(None, (*(row["ad_case"] or ()), row["ad_rate"], *(row["cvd_case"] or ()), row["cvd_rate"]))
            ),
            row["quota"] or "",
            ", ".join(row["entry_types"] or ()),
            str(row["last_entry"] or ""),
        )
        for row in rows[:_MOST_ON_PAPER]
    ]
    paper.table(columns, listed, 7.5)
    if len(rows) > _MOST_ON_PAPER:
        paper.text(f"and {len(rows) - _MOST_ON_PAPER} more in {_FILE}", 8.5, style="B")


def state(workspace: Workspace) -> str:
    """Of the history as taken: what was recorded since is no reason to build at once."""
    said = last_event(workspace.journal.rows, HistoryTaken.kind)
    return state_of(said[1]["content"] if said else "")


def refresh(workspace: Workspace, actor: str) -> pa.Table | None:
    """Take what the book recorded into the history before a kit is made."""
    load_history(workspace.journal, workspace.content, actor)
    return latest_history(workspace.journal, workspace.content)


PROVIDER = Provider("history", make, state, "another trade history was taken since")
