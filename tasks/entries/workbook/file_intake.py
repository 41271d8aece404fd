"""Reads the files that desks hand in: workbooks one by one, CSV files of one folder together.

Nothing is changed here. Every problem of a file is reported at once, by sheet, row, column and value,
with the right value.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from hashlib import sha256
from itertools import groupby
from pathlib import Path

import numpy as np

from tasks.core.errors import Problem
from tasks.core.files import digest_of
from tasks.core.untrusted_input import ArchiveLimits
from tasks.entries.record.entry_record import EntryRecord
from tasks.entries.record.record_fields import RECORD_SHEETS
from tasks.entries.validation.rule_checks import FilerRules
from tasks.entries.validation.rule_findings import RuleFindings
from tasks.entries.validation.rule_list import release_findings
from tasks.entries.workbook.file_grids import open_file
from tasks.entries.workbook.row_reader import RowReading, is_cell_problem, read_grid, record_of

# findings of rules that a missing sheet implies
_IMPLIED_FINDINGS = {
    "bills": {"E401", "E409", "E410"},
    "lines": {"E501", "E505", "E520"},
    "tariffs": {"E503", "E601"},
    "parties": {"E520"},
}
_NEEDED_SHEETS = ("entries", *_IMPLIED_FINDINGS)


@dataclass(frozen=True)
class IntakeFile:
    """One file handed in: its name and SHA-256 (64 hex digits)."""

    path: Path
    sha256: str


@dataclass(frozen=True)
class FileIntake:
    """The content of a workbook, or of the CSV files of one folder.

    `record`: every entry read, faulty ones too. `unused`: printed numbers whose row holds nothing
    more. `faulty`: numbers that a problem belongs to. `blocked`: a problem belongs to no entry
    (a sheet, a heading, a row without a known number), so that every entry may be incomplete.
    `notes`: values that were accepted in another spelling than the sheet's.
    """

    sources: tuple[IntakeFile, ...]
    kind: str
    desk: str
    record: EntryRecord
    problems: tuple[Problem, ...]
    unused: tuple[str, ...] = ()
    faulty: frozenset[str] = frozenset()
    blocked: bool = False
    rows: Mapping[str, int] = field(default_factory=dict)
    notes: tuple[Problem, ...] = ()

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

    def clean(self) -> EntryRecord:
        """The entries and spoiled numbers without a problem; none if the file is blocked."""
        if self.blocked:
            return EntryRecord.empty()
        spoiled = self.record.voided["entry_number"].to_pylist()
        return self.record.take({*self.record.numbers, *spoiled} - self.faulty)


def read_entry_files(
    paths: Iterable[Path], profile: FilerRules | None = None, limits: ArchiveLimits | None = None
) -> list[FileIntake]:
    """Read and check many files; one intake a workbook, one for the CSV files of each folder."""
    ordered = list(paths)
    tables = [path for path in ordered if path.suffix.lower() == ".csv"]
    groups = [[path] for path in ordered if path not in tables]
    groups += [list(group) for _, group in groupby(sorted(tables), lambda path: path.parent)]
    return [_read_group(group, profile or FilerRules(), limits) for group in groups]


def _read_group(paths: Sequence[Path], profile: FilerRules, limits: ArchiveLimits | None) -> FileIntake:
    opened = [open_file(path, limits) for path in paths]
    reading = RowReading()
    for file in opened:
        reading.problems += file.problems
        for grid in file.grids:
            read_grid(reading, grid)
    blamed = {problem: is_cell_problem(reading, problem) for problem in reading.problems}
    reading.blocked = not all(blamed.values())
    kind = "csv" if paths[0].suffix.lower() == ".csv" else "workbook"
    if any(file.readable for file in opened):
        _missing_sheets(reading, paths, kind)
    about = opened[0].about
    record = record_of(reading, about.get("desk", ""))
    findings = release_findings(record, profile)
    _add_findings(reading, findings)
    return FileIntake(
        sources=tuple(IntakeFile(path, digest_of(path) if path.is_file() else "") for path in paths),
        kind=kind,
        desk=about.get("desk", "") or _desk_of(record),
        record=record.sorted(),
        problems=tuple(sorted(set(reading.problems))),
        unused=tuple(sorted(set(reading.unused) - set(record.numbers))),
        faulty=findings.faulty | _cell_numbers(reading),
        blocked=reading.blocked or _has_unowned_problem(reading, findings),
        rows=_entry_rows(reading),
        notes=tuple(reading.notes),
    )


def _missing_sheets(reading: RowReading, paths: Sequence[Path], kind: str) -> None:
    kind_name = "sheet" if kind == "workbook" else "CSV file"
    for table in _NEEDED_SHEETS:
        if table not in reading.columns:
            name = RECORD_SHEETS[table]
            fault, right = f"the {kind_name} {name} is missing", f"a {kind_name} {name} with its headings"
            reading.problems.append(Problem(paths[0].name, "", 0, "", "", fault, right, "E004"))
            reading.blocked = True


def _entry_rows(reading: RowReading) -> dict[str, int]:
    numbers = reading.columns.get("entries", {}).get("entry_number", [])
    places = reading.locations.get("entries", [])
    return {str(number): row for number, (_, _, row) in zip(numbers, places, strict=True)}


def _add_findings(reading: RowReading, findings: RuleFindings) -> None:
    """Drop the findings of cells and sheets that were already reported, and add the others."""
    missing = {table for table in _IMPLIED_FINDINGS if table not in reading.columns}
    reported = {code for table in missing for code in _IMPLIED_FINDINGS[table]}
    hits = []
    for hit in findings.hits:
        if (hit.table, hit.field) in reading.absent or hit.code in reported:
            continue
        bad_rows = reading.bad_rows.get((hit.table, hit.field), set())
        rows = hit.rows[~np.isin(hit.rows, list(bad_rows))] if bad_rows else hit.rows
        if rows.size:
            hits.append(hit.of_rows(rows))
    findings.hits = hits
    reading.problems += findings.problems(reading.location)


def _cell_numbers(reading: RowReading) -> set[str]:
    """Numbers of the rows with a cell that gave no value, or a formula."""
    rows = {(table, row) for (table, _), bad_rows in reading.bad_rows.items() for row in bad_rows}
    numbers = {reading.columns[table]["entry_number"][row] for table, row in rows}
    return {str(number) for number in numbers if number is not None}


def _has_unowned_problem(reading: RowReading, findings: RuleFindings) -> bool:
    """True if some problem belongs to no entry of this file: a row whose number is missing, wrong or unknown
    may belong to any."""
    lost = {"E101", "E103", "E105"}
    unread = any(
        name == "entry_number" or reading.columns[table]["entry_number"][row] is None
        for (table, name), rows in reading.bad_rows.items()
        for row in rows
    )
    return unread or any(h.field == "entry_number" and h.code in lost for h in findings.hits)


def _desk_of(record: EntryRecord) -> str:
    desks = {desk for desk in record.entries["desk"].to_pylist() if desk}
    return desks.pop() if len(desks) == 1 else ""
