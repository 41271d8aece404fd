"""What rules find, kept as arrays until a person must read it."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace

import numpy as np
import pyarrow as pa

from tasks.core.errors import Problem
from tasks.core.ssn import without_ssn
from tasks.entries.record.entry_record import EntryRecord
from tasks.entries.record.record_fields import RECORD_SHEETS, field_named

Words = str | Callable[[str], str] | Mapping[int, str]
"""What to say: the same for all rows, worked out of the value, or by row."""
Place = Callable[[str, int], tuple[str, str, int]]
"""Where a row of a table stands: (table, index) to file, sheet and spreadsheet row."""

MOST = 1000
"""So many rows of one fault are listed one by one; a column filled in wrongly would drown all."""

_LONGEST = 80
_SSN = "***-**-****"
_SSN_FIELDS = ("importer_number", "consignee_number", "number")


@dataclass(frozen=True)
class RuleHit:
    """One fault: the rows of a table that have it, and what to say. `wrong` and `right` may be
    worked out of the value; both read on from it: wrong 'value'; right."""

    table: str
    field: str
    rows: np.ndarray
    code: str
    wrong: Words
    right: Words

    def of_rows(self, rows: np.ndarray) -> RuleHit:
        """The same fault at other rows."""
        return replace(self, rows=rows)


@dataclass
class RuleFindings:
    """All the faults of one record."""

    record: EntryRecord
    hits: list[RuleHit] = field(default_factory=list)

    @property
    def faulty(self) -> frozenset[str]:
        """The entry numbers of all the rows at fault, as they stand in those rows."""
        return frozenset(
            number
            for hit in self.hits
            for number in self._numbers(hit.table).take(hit.rows).to_pylist()
            if number is not None
        )

    def problems(self, place: Place | None = None) -> list[Problem]:
        """Every fault as a problem, by place. Without `place` the entry number stands for it."""
        where = place or self._by_number
        return sorted(problem for hit in self.hits for problem in self._spelled(hit, where))

    def _numbers(self, table: str) -> pa.ChunkedArray:
        return getattr(self.record, table)["entry_number"]

    def _by_number(self, table: str, row: int) -> tuple[str, str, int]:
        number = self._numbers(table)[row].as_py()
        return f"entry {number}", RECORD_SHEETS[table], 0

    def _spelled(self, hit: RuleHit, where: Place) -> Iterator[Problem]:
        title = field_named(hit.table, hit.field).title
        column = getattr(self.record, hit.table)[hit.field]
        for row in hit.rows[:MOST].tolist():
            value = text_of(column[row].as_py())
            file, sheet, line = where(hit.table, row)
            yield Problem(
                file,
                sheet,
                line,
                title,
                masked(hit.table, hit.field, value),
                _wording(hit.wrong, value, row),
                _wording(hit.right, value, row),
                hit.code,
            )
        if len(hit.rows) > MOST:
            file, sheet, _ = where(hit.table, int(hit.rows[MOST]))
            text = f"the same in {len(hit.rows) - MOST:,} more rows"
            yield Problem(file, sheet, 0, title, "", text, "mend the whole column", hit.code)


def _wording(wording: Words, value: str, row: int) -> str:
    if isinstance(wording, str):
        return wording
    return wording[row] if isinstance(wording, Mapping) else wording(value)


def text_of(value: object) -> str:
    """A cell as a person would write it."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return "Y" if value else "N"
    return str(value)


def masked(table: str, name: str, value: str) -> str:
    """The value as a report may show it: nothing private, no Social Security number, no novel."""
    if not value or value.startswith("~"):
        return value
    if field_named(table, name).level == "private":
        return "(private)"
    digits = sum(character.isdigit() for character in value)
    if name in _SSN_FIELDS and digits == 9 and value[2:3] != "-":
        return _SSN
    value = without_ssn(value)
    return value if len(value) <= _LONGEST else f"{value[: _LONGEST - 3]}..."
