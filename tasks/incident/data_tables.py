"""The tables behind letters, agencies and what comes after release: shipped in `data/`, and replaced by a
file of the same name in the home folder, since much in them is only known at second hand."""

from __future__ import annotations

import csv
import io
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path

from tasks.core.errors import BadInput, Problem
from tasks.core.untrusted_input import read_text

Row = dict[str, str]


@dataclass(frozen=True)
class DataTable:
    """Rows of one file, its heading on row 1. `replaced`: it is the broker's, not the one that ships."""

    name: str
    rows: tuple[Row, ...]
    replaced: bool

    @property
    def title(self) -> str:
        """Which of the two files it is, for a person."""
        return f"{self.name} ({'your own' if self.replaced else 'as shipped'})"


def table(home: Path, folder: str, name: str) -> DataTable:
    """`<home>/<room>/<name>` if there is one, else the one of `data/<room>`. Raises BadInput if the
    home's file lacks a column or names something twice, HostileFile if it is not plain text."""
    shipped = files("continuity_data").joinpath(folder, name).read_text(encoding="utf-8")
    path = home / folder / name
    if not path.is_file():
        return DataTable(name, _rows(shipped), replaced=False)
    own_rows = _checked(path, read_text(path), tuple(_rows(shipped)[0]))
    return DataTable(name, own_rows, replaced=True)


def csv_bytes(rows: Iterable[Iterable[object]]) -> bytes:
    """A CSV file with a byte order mark, its cells safe for a spreadsheet."""
    sink = io.StringIO(newline="")
    csv.writer(sink).writerows([safe_cell(str(value)) for value in row] for row in rows)
    return b"\xef\xbb\xbf" + sink.getvalue().encode()


def safe_cell(text: str) -> str:
    """A spreadsheet would run what begins with these as a formula."""
    return f"'{text}" if text[:1] in ("=", "+", "-", "@", "\t", "\r") else text


def _rows(text: str) -> tuple[Row, ...]:
    return tuple(csv.DictReader(io.StringIO(text)))


def _checked(path: Path, text: str, columns: tuple[str, ...]) -> tuple[Row, ...]:
    reader = csv.DictReader(io.StringIO(text))
    have = reader.fieldnames or ()
    problems = [
        Problem(
            file=path.name, column=column, code="letter-table-column-missing", values={"columns": ",".join(columns)}
        )
        for column in columns
        if column not in have
    ]
    rows = tuple(reader)
    for number, row in enumerate(rows, start=2):
        if None in row or None in row.values():
            problems.append(Problem(file=path.name, row=number, code="letter-table-cell-count-wrong"))
    if problems:
        raise BadInput("letter-table-invalid", problems, path=path)
    return rows


def require_known(checked: DataTable, column: str, allowed: Collection[str]) -> None:
    """Raises BadInput, with each row, where a column holds what the program has no meaning for."""
    problems = [
        Problem(
            file=checked.name,
            row=number,
            column=column,
            value=row[column],
            code="grant-act-unknown",
            values={"allowed": ", ".join(sorted(allowed))},
        )
        for number, row in enumerate(checked.rows, start=2)
        if row[column] not in allowed
    ]
    if problems:
        raise BadInput("letter-table-values-invalid", problems, words=checked.title)
