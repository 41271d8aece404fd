"""Client x tariff number x agency, with the paper and the route: what a broker looks up when the
systems are gone (P10). Goes into the kit as a workbook and as pages."""

from __future__ import annotations

import io
from collections.abc import Iterable

from tasks.core import clock
from tasks.core.journal.journal import is_drill
from tasks.core.settings import BrokerSettings
from tasks.documents.api import LANDSCAPE, PageFrame, Paper, PaperColumn
from tasks.incident.agencies.agency_requirements import FLAG, AgencyRules
from tasks.incident.letters.letter_values import joined
from tasks.security.api import masked_value
from tasks.workspace import Workspace

HEADS = ("client", "importer", "hts", "agency", "program", "paper", "route", "because", "last", "mark")


def matrix_rows(office: AgencyRules) -> list[dict[str, str]]:
    """A row a client, number and agency, in the order of clients; each says what it rests on. Tariff
    numbers that a client was seen with are also held against the flags that are loaded."""
    found = {}
    for one in office.past:
        found[one.client, one.hts, one.agency, one.program] = _row(
            office, one.name, one.client, one.hts, one.agency, one.program, one.where, one.last
        )
    for client, name, hts in sorted({(one.client, one.name, one.hts) for one in office.past}):
        for flag in office.flags_of(hts):
            key = (client, hts, flag["agency"], flag["program"])
            if key not in found:
                found[key] = _row(
                    office,
                    name,
                    client,
                    hts,
                    flag["agency"],
                    flag["program"],
                    f"{FLAG} {flag['flag']}",
                    office.flags.as_of,
                    flag["mark"],
                )
    return sorted(found.values(), key=lambda row: (row["client"], row["hts"], row["agency"]))


def _row(
    office: AgencyRules,
    name: str,
    client: str,
    hts: str,
    agency: str,
    program: str,
    because: str,
    last: str,
    mark: str = "",
) -> dict[str, str]:
    paper = office.paper_for(agency, program)
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
        mark or paper["mark"],
    )
    return dict(zip(HEADS, values, strict=True))


def client_rows(found: Iterable[dict[str, str]], client: str) -> list[dict[str, str]]:
    """The rows of clients whose name has this in it; of all for an empty one."""
    return [row for row in found if client.lower() in row["client"].lower()]


def files(workspace: Workspace, client: str = "") -> dict[str, bytes]:
    """The matrix as `pga-matrix.xlsx` and `pga-matrix.pdf`, for the kit; of some clients alone, which
    the files then say."""
    office = AgencyRules(workspace)
    found, said = client_rows(matrix_rows(office), client), _said(office)
    said += f"; only clients with {client!r} in their name" if client else ""
    return {"pga-matrix.xlsx": workbook(found, said), "pga-matrix.pdf": pages(workspace, said, found)}


def _said(office: AgencyRules) -> str:
    """Which tables it rests on, with their days."""
    flags = office.flags
    told = f"flags as of {flags.as_of}, {flags.source}" if flags.rows else "no flags loaded"
    mark = "DRILL; " if is_drill(office.workspace.journal) else ""
    return f"{mark}made {clock.washington():%Y-%m-%d}; {told}"


def workbook(found: Iterable[dict[str, str]], said: str) -> bytes:
    import xlsxwriter

    sink = io.BytesIO()
    options = {"in_memory": True, "strings_to_formulas": False, "strings_to_urls": False}
    with xlsxwriter.Workbook(sink, options) as book:
        head = book.add_format({"bold": True, "bg_color": "#1F3A5F", "font_color": "white"})
        wrap = book.add_format({"text_wrap": True, "valign": "top"})
        page = book.add_worksheet("Agencies")
        page.write(0, 0, said)
        for column, (name, width) in enumerate(zip(HEADS, _WIDTHS, strict=True)):
            page.write(1, column, name, head)
            page.set_column(column, column, width, wrap)
        for place, row in enumerate(found, start=2):
            page.write_row(place, 0, [row[name] for name in HEADS])
        page.freeze_panes(2, 0)
        page.autofilter(1, 0, 1, len(HEADS) - 1)
    return sink.getvalue()


_WIDTHS = (32, 14, 12, 8, 8, 34, 48, 22, 12, 6)


def pages(workspace: Workspace, said: str, found: list[dict[str, str]]) -> bytes:
    broker, drill = workspace.settings(BrokerSettings), is_drill(workspace.journal)
    frame = PageFrame(
        title="What agencies want of our clients' goods",
        left=broker.name,
        right=f"filer {broker.filer_code} · {said}",
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
    paper.table(columns, [[row[name] for name in HEADS] for row in found], 7)
    return paper.bytes()
