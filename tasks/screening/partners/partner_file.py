"""A file of partners, CSV, XLSX or Parquet, into rows of the register; every fault by its row.

A faulty row is left out and reported; the caller decides whether the rest may be screened. A fault that
concerns the whole file (encoding, no heading, a workbook that is none) leaves nothing to screen.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pyarrow as pa

from tasks.core.errors import BadInput, HostileFile, Problem
from tasks.core.files import digest_of
from tasks.screening.partners import row_reader
from tasks.screening.partners.cell_values import cell_text, cell_value
from tasks.screening.partners.partner_register import (
    IDENTIFIERS,
    PartnerColumn,
    complete_row,
    register_columns,
    register_table,
)
from tasks.screening.partners.row_reader import CellRows

_IDENTIFIER_FIELDS = {"tax_id": "tax", **{kind: kind for kind in IDENTIFIERS}}
_SHOWN_CHARACTERS = 60


@dataclass(frozen=True)
class PartnerFile:
    """`partners`: the clean rows as a REGISTER table; `refused`: how many rows were left out."""

    file: str
    sha256: str
    partners: pa.Table
    problems: tuple[Problem, ...]
    refused: int


def read_partners(path: Path) -> PartnerFile:
    """Read a partner file. Never raises for what the file holds."""
    try:
        digest = digest_of(path)
        rows = row_reader.open_rows(path)
    except HostileFile as refused:
        return PartnerFile(path.name, digest_of(path), register_table([]), refused.problems, 0)
    except OSError as error:
        cause = error.strerror or type(error).__name__
        problem = Problem(path.name, code="partner-file-not-opened", values={"cause": cause})
        return PartnerFile(path.name, "", register_table([]), (problem,), 0)
    reader = _PartnerReader(rows)
    partners = list(reader.partners())
    return PartnerFile(
        path.name, digest, register_table(partners), tuple(sorted(reader.problems, key=lambda p: p.row)), reader.refused
    )


class _PartnerReader:
    """Goes through the rows once and keeps what was wrong."""

    def __init__(self, rows: CellRows) -> None:
        self._rows = rows
        self.problems = list(rows.problems)
        self.refused = len({problem.row for problem in rows.problems if problem.row})
        self._rows_by_partner: dict[str, int] = {}

    def partners(self) -> Iterator[dict[str, Any]]:
        fields = self._bind(self._rows.heading)
        if fields is None:
            return
        for number, cells in self._rows.rows:
            if not any(cell_text(cell) for cell in cells):
                continue
            before = len(self.problems)
            row = self._row(number, fields, cells)
            self._judge(number, row, {problem.column for problem in self.problems[before:]})
            if len(self.problems) > before:
                self.refused += 1
            else:
                yield complete_row(row)

    def _bind(self, heading: Sequence[object]) -> list[PartnerColumn | None] | None:
        """The column behind each heading; None, and a fault, if it is no heading of partners."""
        by_name = {name: column for column in register_columns() for name in column.names}
        keys = [" ".join(cell_text(cell).split()).lower() for cell in heading]
        fields = [by_name.get(key) for key in keys]
        if any(problem.row == 1 for problem in self.problems):
            return None
        names = [column.field for column in fields if column]
        lacking = [column.title for column in register_columns()[:2] if column.field not in names]
        for column in register_columns():
            if names.count(column.field) > 1:
                self._add(Problem(row=1, column=column.title, code="partner-column-twice"))
        unknown = [key for key, column in zip(keys, fields, strict=True) if key and not column]
        for key in unknown if names else ():
            self._add(
                Problem(
                    row=1,
                    column=key[:_SHOWN_CHARACTERS],
                    code="partner-column-unknown",
                    values={"columns": ", ".join(column.title for column in register_columns())},
                )
            )
        if lacking:
            self._add(
                Problem(
                    row=1,
                    value="" if names else ", ".join(filter(None, keys)),
                    code="partner-columns-missing",
                    values={"columns": ", ".join(lacking)},
                )
            )
        return None if lacking or len(names) > len(set(names)) else fields

    def _row(self, number: int, fields: list[PartnerColumn | None], cells: Sequence[object]) -> dict[str, Any]:
        row: dict[str, Any] = {"identifiers": [], "role": "supplier", "kind": "unknown"}
        for column, cell in zip(fields, cells, strict=False):
            text = cell_text(cell)
            if column is None or not text:
                continue
            kind = _IDENTIFIER_FIELDS.get(column.field)
            try:
                if kind:
                    parts = [part for part in text.split(";") if part.strip()]
                    identifiers = [{"kind": kind, "value": cell_value(column.type, part)} for part in parts]
                    row["identifiers"] += identifiers
                else:
                    row[column.field] = cell_value(column.type, text)
            except BadInput as error:
                (problem,) = error.problems
                self._add(replace(problem, row=number, column=column.title, value=text))
        return row

    def _judge(self, number: int, row: dict[str, Any], faulty: set[str]) -> None:
        """What is missing or occurs twice; `faulty`: columns of the row already found wrong."""
        for column in register_columns()[:2]:
            if not row.get(column.field) and column.title not in faulty:
                self._add(
                    Problem(
                        row=number, column=column.title, code="partner-cell-empty", values={"meaning": column.meaning}
                    )
                )
        partner = row.get("partner", "")
        if first := self._rows_by_partner.get(partner):
            self._add(
                Problem(
                    row=number,
                    column=register_columns()[0].title,
                    value=partner,
                    code="partner-id-twice",
                    values={"first": first},
                )
            )
        elif partner:
            self._rows_by_partner[partner] = number
        if row["role"] == "vessel" and row["kind"] == "unknown":
            row["kind"] = "vessel"

    def _add(self, problem: Problem) -> None:
        """A problem of this file; a long value is cut."""
        text = problem.value
        excerpt = text if len(text) <= _SHOWN_CHARACTERS else f"{text[:_SHOWN_CHARACTERS]}..."
        excerpt = excerpt.encode("utf-8", "replace").decode()
        self.problems.append(replace(problem, file=self._rows.file, sheet=self._rows.sheet, value=excerpt))
