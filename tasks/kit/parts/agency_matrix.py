"""Agency requirements for the clients' goods (P10): the matrix as a workbook, and short on paper."""

from __future__ import annotations

from tasks.core.status_lines import AMBER, GREEN
from tasks.documents.api import Paper, PaperColumn
from tasks.incident.api import (
    FLAGS,
    HISTORY,
    AgencyRules,
    files as matrix_files,
    matrix_rows,
    readiness,
    table_in_force,
)
from tasks.kit.part_model import Fault, KitFile, KitPage, KitPart, Provider, state_of
from tasks.workspace import Workspace

_MAX_ROWS_ON_PAPER = 400


def make(workspace: Workspace) -> KitPart:
    rows = matrix_rows(AgencyRules(workspace))
    files = [KitFile(f"agencies/{name}", data) for name, data in matrix_files(workspace).items()]
    return KitPart(
        f"agencies by client and HTS number: {len(rows)} row(s)",
        files if rows else [],
        [KitPage("What agencies want, by client", lambda paper: _page(paper, rows))],
    )


def _page(paper: Paper, rows: list[dict[str, str]]) -> None:
    if not rows:
        paper.text("Nothing is known of any client: continuity incident pga load history FILE", 9)
        return
    paper.text(
        "Goods leave with the agency's paper, or with a reason that is written down. W and G: "
        "verify before relying. The whole matrix is agencies/pga-matrix.xlsx.",
        8.5,
    )
    columns = [
        PaperColumn("Client", 36, most=2),
        PaperColumn("HTS", 20),
        PaperColumn("Agency", 13),
        PaperColumn("Paper", 38),
        PaperColumn("Route", paper.sheet.inner - 117),
        PaperColumn("Mark", 10),
    ]
    names = ("client", "hts", "agency", "paper", "route", "mark")
    paper.table(columns, [[row[name] for name in names] for row in rows[:_MAX_ROWS_ON_PAPER]], 7.5)
    if len(rows) > _MAX_ROWS_ON_PAPER:
        paper.text(f"and {len(rows) - _MAX_ROWS_ON_PAPER} more in agencies/pga-matrix.xlsx", 8.5, style="B")


def state(workspace: Workspace) -> str:
    """Of the tables that the broker loaded."""
    return state_of(*(table_in_force(workspace, table).at for table in (FLAGS, HISTORY)))


def faults(workspace: Workspace) -> list[Fault]:
    """The status lines of P10. They do not break the kit itself, so they are at most amber."""
    return [
        Fault("kit-agency-data-incomplete", AMBER, command=line.next, about=line.code, what=line.what, fact=line.fact)
        for line in readiness(workspace)
        if line.light != GREEN
    ]


PROVIDER = Provider("agencies", make, state, "tables of agencies were loaded since", faults)
