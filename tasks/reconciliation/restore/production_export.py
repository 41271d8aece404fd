"""Settled entries for the production system: a CSV a table and one workbook, with the fields of the
record, and what ACE says of each. Private values stay masked unless they are asked for."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pyarrow as pa
import sqlalchemy as sa

from tasks.core.errors import Refused
from tasks.core.files import digest_of, write_atomic
from tasks.core.journal.journal import is_drill
from tasks.documents.api import write_listing
from tasks.entries.api import ENTRIES, NUMBERS, RECORD_SHEETS, VIEWS, EntryRecord, private_references, unseal_record
from tasks.reconciliation.accounting.report_rows import MASK
from tasks.reconciliation.events import ProductionExported
from tasks.reconciliation.plan.batch_building import load_records
from tasks.security.api import is_reference, write_manifest
from tasks.workspace import Workspace

_OPEN, _OWNER_ONLY = 0o644, 0o600
_FORMULA = ("=", "+", "-", "@", "\t", "\r")


def write_export(workspace: Workspace, folder: Path, actor: str, *, private: bool = False) -> list[Path]:
    """Write every settled entry that was recorded; returns the files, the manifest last.

    `private`: Social Security numbers and drivers' data in the clear, where their keys were not
    destroyed; the files are then for the owner's eyes. Raises Refused if nothing is settled, or the
    folder holds something already.
    """
    if folder.exists() and any(folder.iterdir()):
        raise Refused("accounting-export-folder-not-empty", folder=folder)
    where = _settled_contents(workspace)
    if not where:
        raise Refused("settled-entry-missing")
    record = load_records(workspace.content, where)
    exported = unseal_record(record, workspace.vault) if private else _masked(record)
    sheets = {RECORD_SHEETS[name]: _rows(table) for name, table in exported.items() if table.num_rows}
    sheets["ACE"] = list(_ace_rows(workspace, sorted(where)))
    paths = list(_write_files(workspace, folder, sheets, _OWNER_ONLY if private else _OPEN))
    drill_mark = "DRILL " if is_drill(workspace.journal) else ""
    paths.append(write_manifest(folder, workspace.settings.home, f"{drill_mark}settled entries"))
    body = ProductionExported(numbers=sorted(where), private=private, manifest=digest_of(paths[-1]))
    workspace.journal.append(body, "production", actor)
    return paths


def _settled_contents(workspace: Workspace) -> dict[str, str]:
    query = (
        sa.select(ENTRIES.c.number, ENTRIES.c.content)
        .join(NUMBERS, NUMBERS.c.number == ENTRIES.c.number)
        .where(NUMBERS.c.state == "settled")
        .order_by(ENTRIES.c.number)
    )
    return {row.number: row.content for row in workspace.journal.rows(query)}


def _masked(record: EntryRecord) -> EntryRecord:
    """References mean nothing outside this project: they leave as a mask."""
    tables = dict(record.items())
    for table, name in {(table, name) for table, name, _, _ in private_references(record)}:
        rows = tables[table]
        values = [MASK if is_reference(value) else value for value in rows[name].to_pylist()]
        index = rows.column_names.index(name)
        column = pa.array(values, pa.string())
        tables[table] = rows.set_column(index, rows.schema.field(index), column)
    return EntryRecord.of(tables)


def _rows(table: pa.Table) -> list[dict[str, Any]]:
    """Rows with the record's own field names; those that no entry fills are left out."""
    used = [name for name in table.column_names if table[name].null_count < table.num_rows]
    return table.select(used).to_pylist()


def _ace_rows(workspace: Workspace, numbers: list[str]) -> Iterator[dict[str, Any]]:
    """What ACE showed last of each summary, and how the entry was settled."""
    query = sa.select(VIEWS).where(VIEWS.c.about == "summary")
    statuses = {row.number: row for row in workspace.journal.rows(query)}
    ends = {row.number: row.note for row in workspace.journal.rows(sa.select(NUMBERS))}
    for number in numbers:
        status = statuses.get(number)
        facts = {
            name: status._mapping[name] if status else ""
            for name in ("summary", "version", "control", "release_date", "late")
        }
        yield {"entry_number": number, **facts, "settled": ends[number]}


def _write_files(
    workspace: Workspace, folder: Path, sheets: dict[str, list[dict[str, Any]]], mode: int
) -> Iterator[Path]:
    for name, rows in sheets.items():
        yield write_atomic(folder / f"{name.lower()}.csv", _csv(rows), mode)
    workbook = folder / "settled-entries.xlsx"
    write_listing(workbook, sheets, drill=is_drill(workspace.journal))
    workbook.chmod(mode)
    yield workbook


def _csv(rows: list[dict[str, Any]]) -> bytes:
    """UTF-8 with a mark, so that a spreadsheet reads it as such. A text that a spreadsheet would
    take for a formula is led by an apostrophe."""
    sink = io.StringIO()
    out = csv.DictWriter(sink, list(rows[0]), lineterminator="\r\n")
    out.writeheader()
    for row in rows:
        out.writerow({name: _cell(value) for name, value in row.items()})
    return sink.getvalue().encode("utf-8-sig")


def _cell(value: Any) -> Any:
    if isinstance(value, str) and value.startswith(_FORMULA):
        return f"'{value}"
    return {True: "Y", False: "N"}.get(value, value) if isinstance(value, bool) else value
