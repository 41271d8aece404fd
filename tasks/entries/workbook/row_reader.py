"""The rows of grids into the columns of a record, with every fault of a heading or a cell."""

from __future__ import annotations

import difflib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

import pyarrow as pa

from tasks.core.errors import Problem
from tasks.entries.numbers import tariff_numbers
from tasks.entries.numbers.tariff_numbers import padding_note
from tasks.entries.record.entry_record import EntryRecord, record_schema as arrow_schema
from tasks.entries.record.record_fields import RecordField, field_named, fields_of
from tasks.entries.validation.rule_findings import MOST, masked
from tasks.entries.workbook import cell_values, workbook_layout
from tasks.entries.workbook.cell_values import CellFault
from tasks.entries.workbook.file_grids import CellGrid, heading_key, known_headings

BadRows = dict[tuple[str, str], set[int]]
"""Rows by table and field of the cells that gave no value."""


@dataclass
class RowReading:
    """The tables of an intake while they are being read."""

    columns: dict[str, dict[str, list[cell_values.Value]]] = field(default_factory=dict)
    locations: dict[str, list[tuple[str, str, int]]] = field(default_factory=dict)
    problems: list[Problem] = field(default_factory=list)
    notes: list[Problem] = field(default_factory=list)
    bad_rows: BadRows = field(default_factory=dict)
    absent: set[tuple[str, str]] = field(default_factory=set)
    unused: list[str] = field(default_factory=list)
    blocked: bool = False

    def location(self, table: str, row: int) -> tuple[str, str, int]:
        return self.locations[table][row]


def read_grid(reading: RowReading, grid: CellGrid) -> None:
    """Convert the rows of a grid and add them to their table."""
    fields = _headings(reading, grid)
    columns = reading.columns.setdefault(grid.table, {f.name: [] for f in fields_of(grid.table)})
    places = reading.locations.setdefault(grid.table, [])
    filled = [(n, row) for n, row in enumerate(grid.rows[1:], start=2) if _has_content(row)]
    if grid.table == "entries":
        filled = _used_rows(reading, fields, filled)
    start = len(places)
    places += [(grid.file, grid.sheet, number) for number, _ in filled]
    for at, record_field in enumerate(fields):
        if record_field is not None:
            values = [row[at] if at < len(row) else None for _, row in filled]
            columns[record_field.name] += _converted(reading, record_field, values, start)
    for values in columns.values():
        values += [None] * (len(places) - len(values))


def _has_content(row: list[cell_values.Cell]) -> bool:
    return any(cell not in ("", None) and str(cell).strip() for cell in row)


def _used_rows(
    reading: RowReading, fields: Sequence[RecordField | None], rows: list[tuple[int, list]]
) -> list[tuple[int, list]]:
    """The rows of the sheet Entries that hold more than the preprinted values; the others are unused."""
    printed = {at for at, f in enumerate(fields) if f and f.name in workbook_layout.PREPRINTED}
    number = next((at for at, f in enumerate(fields) if f and f.name == "entry_number"), None)
    used = []
    for line, row in rows:
        if _has_content([cell for at, cell in enumerate(row) if at not in printed]):
            used.append((line, row))
        elif number is not None and number < len(row) and str(row[number]).strip():
            reading.unused.append(cell_values.entry_number(str(row[number])))
    return used


def _headings(reading: RowReading, grid: CellGrid) -> list[RecordField | None]:
    """The field of each column; every heading that is unknown, duplicated or missing is a problem."""
    names = known_headings(grid.table)
    fields: list[RecordField | None] = []
    for at, cell in enumerate(grid.rows[0] if grid.rows else []):
        name = names.get(heading_key(cell))
        present = {f.name for f in fields if f}
        if name and name not in present:
            fields.append(field_named(grid.table, name))
            continue
        fields.append(None)
        empty = not any(at < len(row) and _has_content([row[at]]) for row in grid.rows)
        if not empty:
            _add_heading_problem(reading, grid, str(cell), names, twice=bool(name))
    present_names = {f.name for f in fields if f}
    for f in fields_of(grid.table):
        if f.name not in present_names and f.level in ("key", "release"):
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
    return fields


def _add_heading_problem(reading: RowReading, grid: CellGrid, cell: str, names: Mapping[str, str], twice: bool) -> None:
    near = difflib.get_close_matches(heading_key(cell), names, n=1)
    right = field_named(grid.table, names[near[0]]).title if near else "no such column here"
    fault = "heading stands twice" if twice else "unknown heading"
    right = "each heading once" if twice else right
    problem = Problem(grid.file, grid.sheet, 1, cell, cell, fault, right, "E006")
    reading.problems.append(problem)


def _converted(
    reading: RowReading, record_field: RecordField, values: list[cell_values.Cell], start: int
) -> list[cell_values.Value]:
    """The values of a column; a cell that gives none is a problem and stays empty."""
    converted: list[cell_values.Value] = []
    faults: list[tuple[int, CellFault]] = []
    for at, cell in enumerate(values):
        if cell is None or cell == "":
            converted.append(None)
            continue
        try:
            converted.append(cell_values.convert(record_field, cell))
        except CellFault as fault:
            converted.append(None)
            faults.append((at, fault))
    if faults:
        bad_rows = reading.bad_rows.setdefault((record_field.table, record_field.name), set())
        bad_rows.update(start + at for at, _ in faults)
        reading.problems += _fault_problems(reading, record_field, values, start, faults)
    if record_field.fold == "tariff":
        reading.notes += _shortened_numbers(reading, record_field, values, converted, start)
    return converted


def _shortened_numbers(
    reading: RowReading,
    record_field: RecordField,
    values: list[cell_values.Cell],
    converted: list[cell_values.Value],
    start: int,
) -> Iterator[Problem]:
    """One note for each spelling of a tariff number that was accepted without its zeros."""
    rows: dict[tuple[str, str], list[int]] = {}
    for at, (cell, value) in enumerate(zip(values, converted, strict=True)):
        spelling = _cell_text(cell).strip()
        if isinstance(value, str) and value != cell_values.bare_digits(spelling):
            rows.setdefault((spelling, value), []).append(start + at)
    for (spelling, value), at in rows.items():
        file, sheet, row = reading.location(record_field.table, at[0])
        yield Problem(
            file, sheet, row, record_field.title, spelling, *padding_note(value, len(at)), tariff_numbers.CODE
        )


def _fault_problems(
    reading: RowReading,
    record_field: RecordField,
    values: list[cell_values.Cell],
    start: int,
    faults: list[tuple[int, CellFault]],
) -> Iterator[Problem]:
    """The faults of a column one by one, up to MOST."""
    for at, fault in faults[:MOST]:
        file, sheet, row = reading.location(record_field.table, start + at)
        cell_text = masked(record_field.table, record_field.name, _cell_text(values[at]))
        problem = fault.problem
        yield Problem(
            file,
            sheet,
            row,
            record_field.title,
            cell_text,
            problem.wrong,
            problem.right,
            "E010",
            {"fault": problem.code, **problem.values},
        )
    if len(faults) > MOST:
        file, sheet, _ = reading.location(record_field.table, start)
        remaining = f"the same in {len(faults) - MOST:,} more rows"
        yield Problem(file, sheet, 0, record_field.title, "", remaining, "mend the whole column", "E010")


def _cell_text(cell: cell_values.Cell) -> str:
    """A cell as the sheet shows it: calamine gives every number as a float."""
    return str(int(cell)) if isinstance(cell, float) and cell.is_integer() else str(cell)


def record_of(reading: RowReading, desk: str) -> EntryRecord:
    """The tables in the order of the sheets, numbers in their printed form."""
    tables = {}
    for table, columns in reading.columns.items():
        for name in ("entry_number", "warehouse_entry", "consolidated_summary"):
            if name in columns:
                columns[name] = _printed_numbers(columns[name])
        if table == "entries" and desk:
            columns["desk"] = [value or desk for value in columns["desk"]]
        kind = arrow_schema(table)
        tables[table] = pa.table({name: pa.array(values, kind.field(name).type) for name, values in columns.items()})
    return EntryRecord.of(tables)


def _printed_numbers(values: Sequence[cell_values.Value]) -> list[cell_values.Value]:
    forms = {text: cell_values.entry_number(text) for text in set(values) if isinstance(text, str)}
    return [forms[value] if isinstance(value, str) else value for value in values]


def is_cell_problem(reading: RowReading, problem: Problem) -> bool:
    """True if a problem with the file belongs to a cell; the row of a formula (E008) is recorded here, that of
    a value (E010) was before."""
    if problem.code != "E008":
        return problem.code == "E010"
    cell_place = (problem.file, problem.sheet, problem.row)
    for table, places in reading.locations.items():
        if cell_place in places:
            name = known_headings(table).get(heading_key(problem.column), "")
            reading.bad_rows.setdefault((table, name), set()).add(places.index(cell_place))
            return True
    return False
