"""What agencies want of the clients' goods (P10): the matrix as a workbook, and short on paper."""

from __future__ import annotations

from tasks.incident.pga import loading, matrix
from tasks.incident.pga.demands import Agencies
from tasks.shared.board import AMBER, GREEN
from tasks.shared.kit_part import Fault, KitFile, KitPage, KitPart, Provider, state_of
from tasks.shared.paper import Column, Paper
from tasks.workspace import Workspace

_MOST_ON_PAPER = 400


def make(workspace: Workspace) -> KitPart:
    found = matrix.rows(Agencies(workspace))
    files = [KitFile(f"agencies/{name}", data) for name, data in matrix.files(workspace).items()]
    return KitPart(
        f"agencies by client and HTS number: {len(found)} row(s)",
        files if found else [],
        [KitPage("What agencies want, by client", lambda paper: _page(paper, found))],
    )


def _page(paper: Paper, found: list[dict[str, str]]) -> None:
    if not found:
        paper.text("Nothing is known of any client: continuity incident pga load history FILE", 9)
        return
    paper.text("Goods leave with the agency's paper, or with a reason that is written down. W and G: "
               "verify before relying. The whole matrix is agencies/pga-matrix.xlsx.", 8.5)  # fmt: skip
    columns = [Column("Client", 36, most=2), Column("HTS", 20), Column("Agency", 13),
               Column("Paper", 38), Column("Route", paper.sheet.inner - 117), Column("Mark", 10)]  # fmt: skip
    names = ("client", "hts", "agency", "paper", "route", "mark")
    paper.table(columns, [[row[name] for name in names] for row in found[:_MOST_ON_PAPER]], 7.5)
    if len(found) > _MOST_ON_PAPER:
        paper.text(
            f"and {len(found) - _MOST_ON_PAPER} more in agencies/pga-matrix.xlsx", 8.5, style="B"
        )


def state(workspace: Workspace) -> str:
    """Of the tables that the broker loaded."""
    return state_of(
        *(loading.loaded(workspace, what).at for what in (loading.FLAGS, loading.HISTORY))
    )


def faults(workspace: Workspace) -> list[Fault]:
    """What the board says of P10. The kit itself is not broken by it, so it is no more than amber."""
    return [
        Fault("kit-agency-data-incomplete", AMBER, command=line.next, about=line.code, what=line.what,
              fact=line.fact)
        for line in loading.readiness(workspace) if line.light != GREEN
    ]  # fmt: skip


PROVIDER = Provider("agencies", make, state, "tables of agencies were loaded since", faults)
