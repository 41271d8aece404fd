"""Tables that only the broker can get: flags of tariff numbers, and what each client had to show before.

Each load replaces the one before it and keeps its day and source. Files are untrusted until checked.
"""

from __future__ import annotations

import csv
import io
import json
import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from pathlib import Path
from typing import Any, cast

import sqlalchemy as sa

from tasks.core import clock, untrusted_input
from tasks.core.errors import BadInput, HostileFile, Problem
from tasks.core.journal.bodies import canonical
from tasks.core.status_lines import AMBER, GREEN, RED, StatusLine
from tasks.documents.api import check_workbook
from tasks.entries.api import ENTRIES, canonical_tariff_number, code_meanings
from tasks.incident.data_tables import table
from tasks.incident.events import PgaLoaded
from tasks.security.api import masked_value
from tasks.workspace import Workspace

MOST_ROWS = 500_000
Row = dict[str, str]


@dataclass(frozen=True)
class OutsideTable:
    """Rows as (number as a spreadsheet counts, cells by heading in lower case)."""

    file: str
    rows: tuple[tuple[int, Row], ...]


def read_sheet(path: Path, needed: Sequence[str], optional: Sequence[str]) -> OutsideTable:
    """The rows with the columns that are needed or known; others are left out. Raises HostileFile for
    a file that is not opened, BadInput naming every column that is missing and row that is torn."""
    if path.suffix.lower() == ".csv":
        grid = list(csv.reader(io.StringIO(untrusted_input.read_text(_there(path)))))
    elif path.suffix.lower() == ".xlsx":
        grid = _workbook(_there(path))
    else:
        raise _refused(Problem(file=path.name, code="agency-table-file-kind-unknown"))
    heading = [cell.strip().lower().replace(" ", "_") for cell in grid[0]] if grid else []
    problems = [
        Problem(
            file=path.name, row=1, column=name, code="agency-table-column-missing", values={"needed": ", ".join(needed)}
        )
        for name in needed
        if name not in heading
    ]
    if len(grid) > MOST_ROWS:
        problems.append(
            Problem(file=path.name, code="grid-too-many-rows", values={"grid_count": len(grid), "most_rows": MOST_ROWS})
        )
    if problems:
        raise BadInput("agency-table-not-accepted", problems)
    return OutsideTable(path.name, tuple(_rows(path, heading, grid[1:], {*needed, *optional})))


def _there(path: Path) -> Path:
    if not path.is_file():
        raise BadInput("handover-package-not-found", path=path)
    return path


def _rows(path: Path, heading: list[str], grid: list[list[str]], columns: set[str]) -> list[tuple[int, Row]]:
    numbered: list[tuple[int, Row]] = []
    problems: list[Problem] = []
    for number, cells in enumerate(grid, start=2):
        if not any(cell.strip() for cell in cells):
            continue
        if len(cells) > len(heading) and any(cell.strip() for cell in cells[len(heading) :]):
            problems.append(
                Problem(
                    file=path.name,
                    row=number,
                    code="agency-table-row-too-long",
                    values={"cells": len(cells), "headings": len(heading)},
                )
            )
        row = dict(zip(heading, cells, strict=False))
        numbered.append((number, {name: row.get(name, "").strip() for name in sorted(columns)}))
    if problems:
        raise BadInput("agency-table-not-accepted", problems)
    return numbered


def _workbook(path: Path) -> list[list[str]]:
    """The first sheet. A workbook with formulas is refused: what they say is not what is stored."""
    import python_calamine

    facts = check_workbook(path)
    if any(part.formulas for part in facts.values()):
        raise _refused(Problem(file=path.name, code="agency-table-has-formulas"))
    try:
        workbook = cast(Any, python_calamine).CalamineWorkbook.from_path(str(path))
        grid = workbook.get_sheet_by_index(0).to_python(skip_empty_area=False)
    except HostileFile:
        raise
    except Exception as wrong:
        # calamine raises several unrelated kinds for a damaged workbook
        kind = type(wrong).__name__
        raise _refused(Problem(file=path.name, code="agency-workbook-unreadable", values={"kind": kind})) from None
    return [[_text(cell) for cell in row] for row in grid]


def _refused(problem: Problem) -> HostileFile:
    return HostileFile("agency-table-not-accepted", [problem])


def _text(cell: object) -> str:
    if isinstance(cell, float) and cell.is_integer():
        return str(int(cell))
    if isinstance(cell, datetime):
        return cell.date().isoformat()
    return cell.isoformat() if isinstance(cell, date) else str(cell)


FLAGS, HISTORY = "flags", "history"
_HTS = re.compile(r"\d{2}(\d{2}){0,4}")
_LOAD = "continuity incident pga load {} FILE --as-of DAY --source WORDS"

MATRIX_AGE = 40
"""Days after which the loaded tables count as old: the broker exports them monthly."""


@dataclass(frozen=True)
class FlagTable:
    """A table in force. `rows` are empty where nothing was ever loaded."""

    what: str
    rows: tuple[Row, ...] = ()
    as_of: str = ""
    source: str = ""
    file: str = ""
    at: str = ""


def load_table(workspace: Workspace, what: str, path: Path, as_of: date, source: str, actor: str) -> FlagTable:
    """Take a table into the journal. Raises BadInput with every faulty row, or for a day to come or no
    source; HostileFile for a file that is not opened. Loading the same again changes nothing."""
    if what not in _SHAPES:
        raise BadInput("agency-table-unknown", subject=what, shapes=" and ".join(_SHAPES))
    if not source.strip():
        raise BadInput("table-source-missing")
    if as_of > clock.washington().date():
        raise BadInput("source-date-in-future", as_of=as_of)
    rows = _checked(workspace, what, path)
    original = workspace.content.put(path.read_bytes()) if what == FLAGS else ""
    content = workspace.content.put(canonical(rows).encode())
    body = PgaLoaded(
        what=what,
        content=content,
        original=original,
        file=path.name,
        source=source.strip(),
        as_of=as_of.isoformat(),
        rows=len(rows),
    )
    last = newest_load(workspace, what)
    if last is None or last[0] != body:
        workspace.journal.append(body, f"pga/{what}", actor)
    return table_in_force(workspace, what)


def table_in_force(workspace: Workspace, what: str) -> FlagTable:
    """The table in force. Raises ContentMissing if its rows are gone."""
    load = newest_load(workspace, what)
    if load is None:
        return FlagTable(what)
    body, at = load
    rows = tuple(json.loads(workspace.content.get(body.content)))
    return FlagTable(what, rows, body.as_of, body.source, body.file, at)


def newest_load(workspace: Workspace, what: str) -> tuple[PgaLoaded, str] | None:
    """The last time that a table was loaded, and when; None if it never was."""
    newest = None
    for event in workspace.journal.events(kind=PgaLoaded.kind, subject=f"pga/{what}"):
        if isinstance(event.said, PgaLoaded):
            newest = event.said, event.at
    return newest


def _checked(workspace: Workspace, what: str, path: Path) -> list[Row]:
    needed, optional, faults = _SHAPES[what]
    sheet = read_sheet(path, needed, optional)
    flags = {row["flag"] for row in table(workspace.settings.home, "pga", "flags.csv").rows}
    problems, rows = list[Problem](), list[Row]()
    for number, row in sheet.rows:
        row["hts"] = canonical_tariff_number(re.sub(r"[.\s]", "", row["hts"]))
        problems += [replace(fault, file=path.name, row=number) for fault in faults(row, flags)]
        rows.append(row)
    if not rows:
        problems.append(Problem(file=path.name, code="agency-table-empty"))
    if problems:
        raise BadInput("agency-table-not-accepted", problems)
    # A Social Security number is never kept here: such a client is known by name.
    return [{**row, **({"importer": _plain(row["importer"])} if "importer" in row else {})} for row in rows]


def _plain(number: str) -> str:
    return number if masked_value(number) == number else ""


def _flag_faults(row: Row, flags: set[str]) -> Iterable[Problem]:
    yield from _hts_fault(row)
    if row["flag"] not in flags:
        yield Problem(column="flag", value=row["flag"], code="tariff-flag-unknown")


def _history_faults(row: Row, flags: set[str]) -> Iterable[Problem]:
    yield from _hts_fault(row)
    if not row["importer"] and not row["client"]:
        yield Problem(column="client", code="agency-history-client-missing")
    if row["agency"] not in code_meanings("agency"):
        yield Problem(column="agency", value=row["agency"], code="agency-code-unknown")
    if row["last"]:
        try:
            date.fromisoformat(row["last"])
        except ValueError:
            yield Problem(column="last", value=row["last"], code="agency-history-date-invalid")


def _hts_fault(row: Row) -> Iterable[Problem]:
    if not _HTS.fullmatch(row["hts"]):
        yield Problem(column="hts", value=row["hts"], code="agency-tariff-number-invalid")


_SHAPES: dict[str, tuple[tuple[str, ...], tuple[str, ...], Callable[[Row, set[str]], Iterable[Problem]]]] = {
    FLAGS: (("hts", "flag"), (), _flag_faults),
    HISTORY: (("client", "hts", "agency"), ("importer", "program", "form", "last"), _history_faults),
}


def readiness(workspace: Workspace) -> list[StatusLine]:
    """The status lines for P10: whether there is anything to make a matrix of, and how old the tables
    behind it are. Reads no content: the page is looked at all the time."""
    recorded = workspace.journal.rows(sa.select(sa.func.count()).select_from(ENTRIES))[0][0]
    history = newest_load(workspace, HISTORY)
    facts = [f"{recorded} recorded entries"] if recorded else []
    facts += [f"{history[0].rows} rows as of {history[0].as_of} from {history[0].source}"] if history else []
    lines = [
        StatusLine(
            "agency-requirements",
            "P10",
            "clients' agency requirements",
            GREEN if facts else RED,
            "; ".join(facts) or "nothing known of any client",
            "" if facts else _LOAD.format("history"),
        )
    ]
    flags = newest_load(workspace, FLAGS)
    if flags is None:
        return [
            *lines,
            StatusLine("tariff-flags", "P10", "tariff flags", RED, "never loaded", _LOAD.format("flags"), "", "W"),
        ]
    body, at = flags
    age = (clock.now() - clock.parse(at)).days
    old = age > MATRIX_AGE
    fact = f"as of {body.as_of}, loaded {age} days ago"
    return [
        *lines,
        StatusLine(
            "tariff-flags",
            "P10",
            "tariff flags",
            AMBER if old else GREEN,
            fact,
            _LOAD.format("flags") if old else "",
            at,
            "W",
        ),
    ]
