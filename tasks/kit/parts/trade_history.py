"""Each client's trade history: tariff numbers, rates, cases, quota, licenses and programs of its goods, with dates,
for use while the tariff is out of reach."""

from __future__ import annotations

from typing import Any

from tasks.core.status_lines import last_event
from tasks.documents.api import Paper, PaperColumn
from tasks.entries.api import HistoryTaken, history_columns, latest_history
from tasks.kit.part_model import KitFile, KitPage, KitPart, Provider, state_of
from tasks.kit.parts import sheet_workbook
from tasks.workspace import Workspace

_FILE = "history/hts-history.xlsx"
_MAX_ROWS_ON_PAPER = 400
_AS_OF = (
    "What was, not what is: look rates, cases and quota up again as soon as anything can be reached. "
    "'as paid': duty divided by value of the last such line."
)


def make(workspace: Workspace) -> KitPart:
    history = latest_history(workspace.journal, workspace.content)
    event = last_event(workspace.journal.rows, HistoryTaken.kind)
    if history is None or event is None:
        return KitPart("no trade history: continuity kit history FILE, or entries recorded")
    as_of = event[1]["as_of"]
    heading = [*(column.title for column in history_columns()), "Source"]
    rows: list[dict[str, Any]] = history.to_pylist()
    cells = [[*list(row.values())[:-1], row["source"] or "this book"] for row in rows]
    note = f"Trade history up to {as_of}. {_AS_OF}"
    risky = sorted((row for row in rows if _remedy(row)), key=lambda row: (row["hts_number"], row["country_of_origin"]))
    return KitPart(
        f"trade history of {event[1]['clients']} client(s), {len(rows)} rows, up to {as_of}",
        [KitFile(_FILE, sheet_workbook.workbook({"History": (note, heading, cells)}))],
        [KitPage("HTS numbers that call for another entry type", lambda paper: _page(paper, risky, as_of))],
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
    paper_rows = [
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
        for row in rows[:_MAX_ROWS_ON_PAPER]
    ]
    paper.table(columns, paper_rows, 7.5)
    if len(rows) > _MAX_ROWS_ON_PAPER:
        paper.text(f"and {len(rows) - _MAX_ROWS_ON_PAPER} more in {_FILE}", 8.5, style="B")


def state(workspace: Workspace) -> str:
    """The state of the history as taken: what was recorded since is no reason to build at once."""
    event = last_event(workspace.journal.rows, HistoryTaken.kind)
    return state_of(event[1]["content"] if event else "")


PROVIDER = Provider("history", make, state, "another trade history was taken since")
