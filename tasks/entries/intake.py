"""Reads the files that desks hand in: workbooks one by one, CSV files of one folder together.

Nothing is changed here. Every problem of a file is told at once, by sheet, row, column and value,
with what would be right.
"""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from hashlib import sha256
from itertools import groupby
from pathlib import Path

import numpy as np
import pyarrow as pa

from tasks.entries import cells, layout, schema
from tasks.entries.findings import Findings, masked
from tasks.entries.grids import Grid, heading_key, known_headings, open_file
from tasks.entries.record import Record
from tasks.entries.record import schema as arrow_schema
from tasks.entries.rules import Profile, release_findings
from tasks.entries.schema import RecordField
from tasks.shared.errors import Problem
from tasks.shared.files import digest_of
from tasks.shared.hostile import Limits

# what rules say once a whole sheet is missing has been said by its absence
_ABSENT = {"bills": {"E401"}, "lines": {"E501"}, "tariffs": {"E503"}, "parties": {"E520"}}
_NEEDED_SHEETS = ("entries", *_ABSENT)
_CELL_CODES = ("E008", "E010")
Bad = dict[tuple[str, str], set[int]]


@dataclass(frozen=True)
class Source:
    """One file handed in: its name and SHA-256 (64 hex digits)."""

    path: Path
    sha256: str


@dataclass(frozen=True)
class Intake:
    """What came out of a workbook, or of the CSV files of one folder.

    `record`: every entry read, faulty ones too. `unused`: printed numbers whose row holds nothing
    more. `faulty`: numbers that a problem belongs to. `blocked`: a problem belongs to no entry
    (a sheet, a heading, a row without a known number), so that no entry is sure to be whole.
    """

    sources: tuple[Source, ...]
    kind: str
    desk: str
    record: Record
    problems: tuple[Problem, ...]
    unused: tuple[str, ...] = ()
    faulty: frozenset[str] = frozenset()
    blocked: bool = False
    rows: Mapping[str, int] = field(default_factory=dict)

    def row_of(self, number: str) -> int:
        """The row of a number on the sheet Entries; 0 if it has none."""
        return self.rows.get(number, 0)

    @property
    def file(self) -> str:
        """The name of the file, or the names of the files together."""
        return ", ".join(source.path.name for source in self.sources)

    @property
    def sha256(self) -> str:
        """The digest of the file; of several the digest over their sorted digests."""
        digests = sorted(source.sha256 for source in self.sources)
        return digests[0] if len(digests) == 1 else sha256("".join(digests).encode()).hexdigest()

    def clean(self) -> Record:
        """The entries and spoiled numbers without a problem; none if the file is blocked."""
        if self.blocked:
            return Record.empty()
        spoiled = self.record.voided["entry_number"].to_pylist()
        return self.record.take({*self.record.numbers, *spoiled} - self.faulty)


def read_files(
    paths: Iterable[Path], profile: Profile | None = None, limits: Limits | None = None
) -> list[Intake]:
    """Read and check many files; one intake a workbook, one for the CSV files of each folder."""
    ordered = list(paths)
    tables = [path for path in ordered if path.suffix.lower() == ".csv"]
    sets = [[path] for path in ordered if path not in tables]
    sets += [list(some) for _, some in groupby(sorted(tables), lambda path: path.parent)]
    return [_read(some, profile or Profile(), limits) for some in sets]


@dataclass
class _Reading:
    """The tables of an intake while they are being read."""

    columns: dict[str, dict[str, list[cells.Value]]] = field(default_factory=dict)
    places: dict[str, list[tuple[str, str, int]]] = field(default_factory=dict)
    problems: list[Problem] = field(default_factory=list)
    bad: Bad = field(default_factory=dict)
    absent: set[tuple[str, str]] = field(default_factory=set)
    unused: list[str] = field(default_factory=list)
    blocked: bool = False

    def place(self, table: str, row: int) -> tuple[str, str, int]:
        return self.places[table][row]


def _read(paths: Sequence[Path], profile: Profile, limits: Limits | None) -> Intake:
    opened = [open_file(path, limits) for path in paths]
    reading = _Reading()
    for one in opened:
        reading.problems += one.problems
        for grid in one.grids:
            _take_grid(reading, grid)
    reading.blocked = any(not _blame(reading, problem) for problem in reading.problems)
    kind = "csv" if paths[0].suffix.lower() == ".csv" else "workbook"
    if any(one.grids or not one.problems for one in opened):
        _missing_sheets(reading, paths, kind)
    about = opened[0].about
    record = _record(reading, about.get("desk", ""))
    findings = release_findings(record, profile)
    _settle(reading, findings)
    return Intake(
        sources=tuple(Source(path, digest_of(path)) for path in paths),
        kind=kind,
        desk=about.get("desk", "") or _desk_of(record),
        record=record.sorted(),
        problems=tuple(sorted(set(reading.problems))),
        unused=tuple(sorted(set(reading.unused) - set(record.numbers))),
        faulty=findings.faulty | _cell_numbers(reading),
        blocked=reading.blocked or _is_nobodys(reading, findings),
        rows=_entry_rows(reading),
    )


def _entry_rows(reading: _Reading) -> dict[str, int]:
    numbers = reading.columns.get("entries", {}).get("entry_number", [])
    places = reading.places.get("entries", [])
    return {str(number): row for number, (_, _, row) in zip(numbers, places, strict=True)}


def _blame(reading: _Reading, problem: Problem) -> bool:
    """Lay a problem with a cell at the door of the row it stands in; False if there is none."""
    if problem.code not in _CELL_CODES:
        return False
    here = (problem.file, problem.sheet, problem.row)
    for table, places in reading.places.items():
        if here in places:
            name = known_headings(table).get(heading_key(problem.column), "")
            reading.bad.setdefault((table, name), set()).add(places.index(here))
            return True
    return False


def _missing_sheets(reading: _Reading, paths: Sequence[Path], kind: str) -> None:
    what = "sheet" if kind == "workbook" else "CSV file"
    for table in _NEEDED_SHEETS:
        if table not in reading.columns:
            name = schema.SHEETS[table]
            wrong, right = f"the {what} {name} is missing", f"a {what} {name} with its headings"
            reading.problems.append(Problem(paths[0].name, "", 0, "", "", wrong, right, "E004"))
            reading.blocked = True


def _take_grid(reading: _Reading, grid: Grid) -> None:
    """Convert the rows of a grid and add them to their table."""
    fields = _headings(reading, grid)
    columns = reading.columns.setdefault(
        grid.table, {f.name: [] for f in schema.fields(grid.table)}
    )
    places = reading.places.setdefault(grid.table, [])
    kept = [(n, row) for n, row in enumerate(grid.rows[1:], start=2) if _holds(row)]
    if grid.table == "entries":
        kept = _used(reading, fields, kept)
    start = len(places)
    places += [(grid.file, grid.sheet, number) for number, _ in kept]
    for at, known in enumerate(fields):
        if known is not None:
            values = [row[at] if at < len(row) else None for _, row in kept]
            columns[known.name] += _converted(reading, known, values, start)
    for values in columns.values():
        values += [None] * (len(places) - len(values))


def _holds(row: list[cells.Cell]) -> bool:
    return any(cell not in ("", None) and str(cell).strip() for cell in row)


def _used(
    reading: _Reading, fields: Sequence[RecordField | None], rows: list[tuple[int, list]]
) -> list[tuple[int, list]]:
    """The rows of the sheet Entries that hold more than what was printed; notes the others."""
    printed = {at for at, f in enumerate(fields) if f and f.name in layout.PREPRINTED}
    number = next((at for at, f in enumerate(fields) if f and f.name == "entry_number"), None)
    used = []
    for line, row in rows:
        if _holds([cell for at, cell in enumerate(row) if at not in printed]):
            used.append((line, row))
        elif number is not None and number < len(row) and str(row[number]).strip():
            reading.unused.append(cells.entry_number(str(row[number])))
    return used


def _headings(reading: _Reading, grid: Grid) -> list[RecordField | None]:
    """The field of each column; every heading that is unknown, twice there or missing is told."""
    known = known_headings(grid.table)
    found: list[RecordField | None] = []
    for at, cell in enumerate(grid.rows[0] if grid.rows else []):
        name = known.get(heading_key(cell))
        seen = {f.name for f in found if f}
        if name and name not in seen:
            found.append(schema.field(grid.table, name))
            continue
        found.append(None)
        empty = not any(at < len(row) and _holds([row[at]]) for row in grid.rows)
        if not empty:
            _tell_heading(reading, grid, str(cell), known, twice=bool(name))
    have = {f.name for f in found if f}
    for f in schema.fields(grid.table):
        if f.name not in have and f.level in ("key", "release"):
            reading.absent.add((grid.table, f.name))
            problem = Problem(
                grid.file,
                grid.sheet,
                1,
                f.title,
                "",
                "column missing",
                "this heading in row 1, as the workbook was issued",
                "E006",
            )
            reading.problems.append(problem)
    return found


def _tell_heading(
    reading: _Reading, grid: Grid, cell: str, known: Mapping[str, str], twice: bool
) -> None:
    near = difflib.get_close_matches(heading_key(cell), known, n=1)
    right = schema.field(grid.table, known[near[0]]).title if near else "no such column here"
    wrong = "heading stands twice" if twice else "unknown heading"
    right = "each heading once" if twice else right
    problem = Problem(grid.file, grid.sheet, 1, cell, cell, wrong, right, "E006")
    reading.problems.append(problem)


def _converted(
    reading: _Reading, known: RecordField, values: list[cells.Cell], start: int
) -> list[cells.Value]:
    """The values of a column; a cell that gives none is told and stays empty."""
    made: list[cells.Value] = []
    for at, cell in enumerate(values):
        try:
            made.append(cells.convert(known, cell))
        except cells.Fault as fault:
            made.append(None)
            reading.bad.setdefault((known.table, known.name), set()).add(start + at)
            file, sheet, row = reading.place(known.table, start + at)
            shown = masked(known.table, known.name, _shown(cell))
            problem = Problem(
                file, sheet, row, known.title, shown, fault.wrong, fault.right, "E010"
            )
            reading.problems.append(problem)
    return made


def _shown(cell: cells.Cell) -> str:
    """A cell as the sheet shows it: calamine gives every number as a float."""
    return str(int(cell)) if isinstance(cell, float) and cell.is_integer() else str(cell)


def _record(reading: _Reading, desk: str) -> Record:
    """The tables in the order of the sheets, numbers in their printed form."""
    tables = {}
    for table, columns in reading.columns.items():
        for name in ("entry_number", "warehouse_entry", "consolidated_summary"):
            if name in columns:
                columns[name] = _printed(columns[name])
        if table == "entries" and desk:
            columns["desk"] = [value or desk for value in columns["desk"]]
        kind = arrow_schema(table)
        tables[table] = pa.table(
            {name: pa.array(values, kind.field(name).type) for name, values in columns.items()}
        )
    return Record.of(tables)


def _printed(values: Sequence[cells.Value]) -> list[cells.Value]:
    forms = {text: cells.entry_number(text) for text in set(values) if isinstance(text, str)}
    return [forms[value] if isinstance(value, str) else value for value in values]


def _settle(reading: _Reading, findings: Findings) -> None:
    """Drop what rules say of cells and sheets that were already told, and keep the rest."""
    missing = {table for table in _ABSENT if table not in reading.columns}
    told = {code for table in missing for code in _ABSENT[table]}
    kept = []
    for hit in findings.hits:
        if (hit.table, hit.field) in reading.absent or hit.code in told:
            continue
        bad = reading.bad.get((hit.table, hit.field), set())
        rows = hit.rows[~np.isin(hit.rows, list(bad))] if bad else hit.rows
        if rows.size:
            kept.append(hit.of_rows(rows))
    findings.hits = kept
    reading.problems += findings.problems(reading.place)


def _cell_numbers(reading: _Reading) -> set[str]:
    """Numbers of the rows with a cell that gave no value, or a formula."""
    rows = {(table, row) for (table, _), some in reading.bad.items() for row in some}
    numbers = {reading.columns[table]["entry_number"][row] for table, row in rows}
    return {str(number) for number in numbers if number is not None}


def _is_nobodys(reading: _Reading, findings: Findings) -> bool:
    """True if some problem cannot be laid at the door of an entry of this file: a row whose
    number is missing, wrong or unknown may belong to any."""
    lost = {"E101", "E103", "E105"}
    unread = any(
        name == "entry_number" or reading.columns[table]["entry_number"][row] is None
        for (table, name), rows in reading.bad.items()
        for row in rows
    )
    return unread or any(h.field == "entry_number" and h.code in lost for h in findings.hits)


def _desk_of(record: Record) -> str:
    desks = {desk for desk in record.entries["desk"].to_pylist() if desk}
    return desks.pop() if len(desks) == 1 else ""
