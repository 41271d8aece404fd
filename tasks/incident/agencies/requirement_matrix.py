"""Client x tariff number x agency, with the paper and the route: what a broker looks up when the
systems are gone (P10). Goes into the kit as a workbook and as pages."""

from __future__ import annotations

import io
from collections.abc import Iterable
from typing import Any, cast

from tasks.core import clock
from tasks.core.journal.journal import is_drill
from tasks.core.settings import BrokerSettings
from tasks.documents.api import LANDSCAPE, PageFrame, Paper, PaperColumn
from tasks.incident.agencies.agency_requirements import FLAG, AgencyRules
from tasks.incident.letters.letter_values import joined
from tasks.security.api import masked_value
from tasks.workspace import Workspace

HEADS = ("client", "importer", "hts", "agency", "program", "paper", "route", "because", "last", "mark")


def matrix_rows(rules: AgencyRules) -> list[dict[str, str]]:
    """A row a client, number and agency, in the order of clients; each says what it rests on. Tariff
    numbers that a client was seen with are also held against the flags that are loaded."""
    matrix: dict[tuple[str, str, str, str], dict[str, str]] = {}
    for past in rules.past:
        matrix[past.client, past.hts, past.agency, past.program] = _row(
            rules, past.name, past.client, past.hts, past.agency, past.program, past.where, past.last
        )
    for client, name, hts in sorted({(past.client, past.name, past.hts) for past in rules.past}):
        for flag in rules.flags_of(hts):
            key = (client, hts, flag["agency"], flag["program"])
            if key not in matrix:
                matrix[key] = _row(
                    rules,
                    name,
                    client,
                    hts,
                    flag["agency"],
                    flag["program"],
                    f"{FLAG} {flag['flag']}",
                    rules.flags.as_of,
                    flag["mark"],
                )
    return sorted(matrix.values(), key=lambda row: (row["client"], row["hts"], row["agency"]))


def _row(
    rules: AgencyRules,
    name: str,
    client: str,
    hts: str,
    agency: str,
    program: str,
    because: str,
    last: str,
    confidence: str = "",
) -> dict[str, str]:
    paper = rules.paper_for(agency, program)
    values = (
        name,
        masked_value(client) if client != name else "",
        hts,
        agency,
        program,
        paper["form"],
        joined((paper["route"], paper["note"]), "; "),
        because,
        last,
        confidence or paper["mark"],
    )
    return dict(zip(HEADS, values, strict=True))


def client_rows(matrix: Iterable[dict[str, str]], client: str) -> list[dict[str, str]]:
    """The rows of clients whose name has this in it; of all for an empty one."""
    return [row for row in matrix if client.lower() in row["client"].lower()]


def files(workspace: Workspace, client: str = "") -> dict[str, bytes]:
    """The matrix as `pga-matrix.xlsx` and `pga-matrix.pdf`, for the kit; of some clients alone, which
    the files then say."""
    rules = AgencyRules(workspace)
    matrix, basis = client_rows(matrix_rows(rules), client), _basis(rules)
    basis += f"; only clients with {client!r} in their name" if client else ""
    return {"pga-matrix.xlsx": workbook(matrix, basis), "pga-matrix.pdf": pages(workspace, basis, matrix)}


def _basis(rules: AgencyRules) -> str:
    """Which tables it rests on, with their days."""
    flags = rules.flags
    loaded = f"flags as of {flags.as_of}, {flags.source}" if flags.rows else "no flags loaded"
    drill_label = "DRILL; " if is_drill(rules.workspace.journal) else ""
    return f"{drill_label}made {clock.washington():%Y-%m-%d}; {loaded}"


def workbook(matrix: Iterable[dict[str, str]], basis: str) -> bytes:
    import xlsxwriter  # pyright: ignore[reportMissingTypeStubs] - it has none

    sink = io.BytesIO()
    options = {"in_memory": True, "strings_to_formulas": False, "strings_to_urls": False}
    with cast(Any, xlsxwriter).Workbook(sink, options) as sheets:
        head = sheets.add_format({"bold": True, "bg_color": "#1F3A5F", "font_color": "white"})
        wrap = sheets.add_format({"text_wrap": True, "valign": "top"})
        page = sheets.add_worksheet("Agencies")
        page.write(0, 0, basis)
        for column, (name, width) in enumerate(zip(HEADS, _WIDTHS, strict=True)):
            page.write(1, column, name, head)
            page.set_column(column, column, width, wrap)
        for number, row in enumerate(matrix, start=2):
            page.write_row(number, 0, [row[name] for name in HEADS])
        page.freeze_panes(2, 0)
        page.autofilter(1, 0, 1, len(HEADS) - 1)
    return sink.getvalue()


_WIDTHS = (32, 14, 12, 8, 8, 34, 48, 22, 12, 6)


def pages(workspace: Workspace, basis: str, matrix: list[dict[str, str]]) -> bytes:
    broker, drill = workspace.settings(BrokerSettings), is_drill(workspace.journal)
    frame = PageFrame(
        title="What agencies want of our clients' goods",
        left=broker.name,
        right=f"filer {broker.filer_code} · {basis}",
        foot="Confidential: client records (19 CFR 111.24). Marks W and G: verify before relying on it.",
        mark="DRILL" if drill else "",
        made=clock.now(),
    )
    paper = Paper(frame, LANDSCAPE)
    paper.page()
    paper.title(frame.title)
    columns = [
        PaperColumn("Client", 42, most=2),
        PaperColumn("Importer", 22),
        PaperColumn("HTS", 19),
        PaperColumn("Agency", 12),
        PaperColumn("Program", 13),
        PaperColumn("Paper", 46),
        PaperColumn("Route, note", 60),
        PaperColumn("Because", 21),
        PaperColumn("Last", 16),
        PaperColumn("Mark", 8),
    ]
    paper.table(columns, [[row[name] for name in HEADS] for row in matrix], 7)
    return paper.bytes()
