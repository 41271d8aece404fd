"""`continuity incident pga`: what other agencies want, what is in hand, what holds an entry."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from tasks.cli.context import Json, invocation, parse_day, print_files, print_table, print_text
from tasks.cli.incident.incident_options import refuse_ssn

if TYPE_CHECKING:
    from tasks.incident.api import AgencyDemand

app = typer.Typer(no_args_is_help=True, help="Other agencies: forms, routes, what holds an entry.")
Number = Annotated[str, typer.Argument(help="The entry.")]
Agency = Annotated[str, typer.Option(help="FDA, APH, EPA, NHT, FWS ... (CATAIR Appendix V).")]
Line = Annotated[int, typer.Option(min=0, help="0 for the whole entry.")]


@app.command("list")
def list_(
    numbers: Annotated[list[str] | None, typer.Argument(help="Entries; else all recorded.")] = None,
    held_only: Annotated[bool, typer.Option("--held", help="Only what holds an entry.")] = False,
    as_json: Json = False,
) -> None:
    """Which agencies have a say in an entry, with which paper and by which route. Exit 1 if an entry is
    held. Marks W and G: verify before relying on it."""
    from tasks.entries.api import recorded_entries
    from tasks.incident.api import HELD, AgencyRules, agency_demands, cases

    chosen = invocation.numbers(numbers or []) or [
        str(row["number"]) for row in recorded_entries(invocation.workspace.journal) if row["state"] == "recorded"
    ]
    rules = AgencyRules(invocation.workspace)
    demands = [demand for case in cases(invocation.workspace, chosen) for demand in agency_demands(rules, case)]
    _tell([demand for demand in demands if demand.state == HELD or not held_only], as_json)
    if not as_json and not rules.flags.rows:
        print_text(
            "No tariff flags are loaded: only records, earlier entries and chapters were looked at "
            "(continuity incident pga load flags FILE)"
        )
    raise typer.Exit(1 if any(demand.state == HELD for demand in demands) else 0)


def look_up_entries(numbers: list[str]) -> str:
    """Of entries that go to a port: what only their chapter hints at, which no letter says; else empty."""
    from tasks.incident.api import HINT, OPEN, AgencyRules, agency_demands, cases

    rules, agencies, entries = AgencyRules(invocation.workspace), set[str](), set[str]()
    for case in cases(invocation.workspace, numbers):
        hints = [demand for demand in agency_demands(rules, case) if (demand.need, demand.state) == (HINT, OPEN)]
        agencies |= {demand.agency for demand in hints}
        entries |= {demand.number for demand in hints}
    if not entries:
        return ""
    why = "" if rules.flags.rows else " No tariff flags are loaded (incident pga load flags)."
    return (
        f"LOOK UP before handing in: goods of {len(entries)} entries may concern "
        f"{', '.join(sorted(agencies))}, by their chapter, and the letters name none of it: "
        f"continuity incident pga list.{why}"
    )


def _tell(demands: list[AgencyDemand], as_json: bool) -> None:
    rows: list[dict[str, object]] = [demand.as_dict() for demand in demands]
    if not as_json:
        rows = [
            row | {"source": demand.source, "why": demand.why or ""} for row, demand in zip(rows, demands, strict=True)
        ]
        names = ("number", "line", "hts", "agency", "program", "need", "state", "have", "paper", "why", "mark")
        rows = [{name: row[name] for name in names} for row in rows]
    print_table(rows, as_json=as_json, title="Other agencies")


@app.command()
def note(
    number: Number,
    agency: Agency,
    line: Line = 0,
    program: Annotated[str, typer.Option(help="FOO, MVS ...")] = "",
    form: Annotated[str, typer.Option(help="What it is, if not the usual one.")] = "",
    reference: Annotated[str, typer.Option(help="Confirmation or permit number.")] = "",
    file: Annotated[Path | None, typer.Option(help="PDF or picture; goes into the packet.")] = None,
    as_json: Json = False,
) -> None:
    """Note that an agency's paper or number is in hand."""
    from tasks.incident.api import record_paper

    entry_number = invocation.number(number)
    demands = record_paper(
        invocation.workspace,
        entry_number,
        agency,
        invocation.actor,
        line=line,
        program=program,
        form=form,
        reference=reference,
        file=file,
    )
    _tell(demands, as_json)


@app.command("let-go")
def let_go(
    number: Number,
    agency: Agency,
    reason: Annotated[str, typer.Option(help="Why it goes without, and who said so.", callback=refuse_ssn)],
    line: Line = 0,
    as_json: Json = False,
) -> None:
    """Let an entry go to the port without an agency's paper. The reason is kept, and printed."""
    from tasks.incident.api import record_exception

    entry_number = invocation.number(number)
    _tell(record_exception(invocation.workspace, entry_number, agency, reason, invocation.actor, line), as_json)


@app.command()
def load(
    what: Annotated[str, typer.Argument(help="flags (hts, flag) or history (client, hts, agency ...).")],
    file: Annotated[Path, typer.Argument(help="CSV or XLSX with a heading row.")],
    as_of: Annotated[str, typer.Option(help="The day that the source gives.")],
    source: Annotated[str, typer.Option(help="Where it comes from: CBP 0875-0419, an ACE report ...")],
    as_json: Json = False,
) -> None:
    """Load which tariff number carries which flag, or what clients had to show before. Replaces the one
    loaded before; a faulty file changes nothing."""
    from tasks.incident.api import load_table

    table = load_table(invocation.workspace, what, file, parse_day(as_of), source, invocation.actor)
    if as_json:
        print_table(
            [
                {
                    "table": what,
                    "rows": len(table.rows),
                    "file": table.file,
                    "as_of": table.as_of,
                    "source": table.source,
                }
            ],
            as_json=True,
        )
        return
    print_text(f"{what}: {len(table.rows)} rows of {table.file}, as of {table.as_of}, from {table.source}")


@app.command()
def matrix(
    out: Annotated[Path | None, typer.Option(help="Folder for pga-matrix.xlsx and .pdf.")] = None,
    client: Annotated[str, typer.Option(help="Only clients whose name has this in it.")] = "",
    as_json: Json = False,
) -> None:
    """Client x tariff number x agency, with paper and route: what the kit takes along. --json with
    --out lists the files that were written."""
    from tasks.core.files import write_atomic
    from tasks.incident.api import AgencyRules, client_rows, files, matrix_rows

    rows = client_rows(matrix_rows(AgencyRules(invocation.workspace)), client)
    if out is not None:
        contents = files(invocation.workspace, client).items()
        paths = [write_atomic(out / name, data) for name, data in contents]
        print_files(paths, as_json=as_json, rows=len(rows))
        return
    print_table(rows, as_json=as_json, title="Agencies by client and tariff number")
