"""The export of open work: read with clear errors, nothing taken of a faulty file unless its clean
rows are asked for."""

from __future__ import annotations

import csv
import difflib
import io
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime
from hashlib import sha256
from pathlib import Path

from tasks.core import clock, untrusted_input
from tasks.core.clock import parse_moment
from tasks.core.errors import BadInput, HostileFile, Problem
from tasks.core.settings import BrokerSettings, Settings
from tasks.entries.api import (
    IMPORTER_MASK,
    IMPORTER_NUMBER_FORMATS,
    EntrySettings,
    NumberSettings,
    code_meanings,
    is_importer_number,
    is_ssn_importer,
    masked_importer,
    parse_entry_number,
)
from tasks.incident.events import WorkLine
from tasks.incident.settings import OpenWorkFileSettings
from tasks.workspace import Workspace

FIELDS = tuple(name for name in WorkLine.__struct_fields__ if name != "item")
MOST = 100_000
BY_ENTRY = ("summary", "immediate-delivery", "unpaid", "unanswered", "bill-update", "psc", "protest")
"""Kinds of work whose reference is an entry number."""
_LONGEST = 200


@dataclass
class OpenWorkExport:
    """What a file holds. `as_of`: when it was written last."""

    file: str
    source: str
    as_of: datetime
    lines: list[WorkLine] = field(default_factory=list[WorkLine])
    problems: list[Problem] = field(default_factory=list[Problem])
    faulty: int = 0


@dataclass(frozen=True)
class OpenWorkReader:
    """How one file of the settings is read. `works`: the kinds of work that deadlines know."""

    source: OpenWorkFileSettings
    settings: Settings
    workspace: Workspace
    works: Collection[str]

    @property
    def path(self) -> Path:
        return self.settings.home / self.source.file

    def read(self) -> OpenWorkExport:
        """Never raises for what a file holds: `problems` tells it."""
        name = self.path.name
        try:
            text = untrusted_input.read_text(self.path)
            data = self.path.read_bytes()
            as_of = datetime.fromtimestamp(self.path.stat().st_mtime, UTC)
        except HostileFile as refused:
            return OpenWorkExport(name, "", clock.now(), problems=list(refused.problems))
        except OSError as wrong:
            why = Problem(file=str(self.path), code="open-work-file-not-opened", values={"strerror": wrong.strerror})
            return OpenWorkExport(name, "", clock.now(), problems=[why])
        export = OpenWorkExport(name, sha256(data).hexdigest(), as_of)
        self._fill(export, text)
        return export

    def _fill(self, export: OpenWorkExport, text: str) -> None:
        try:
            rows = list(csv.reader(io.StringIO(text, newline=""), strict=True))
        except csv.Error as wrong:
            export.problems.append(Problem(file=export.file, code="csv-malformed", values={"reason": wrong}))
            return
        if len(rows) > MOST:
            export.problems.append(
                Problem(file=export.file, value=f"{len(rows):,}", code="table-too-many-rows", values={"most": MOST})
            )
            return
        places, problems = self._places(rows[0] if rows else [], export.file)
        export.problems += problems
        if problems:
            return
        rows_by_item: dict[str, int] = {}
        for number, row in enumerate(rows[1:], 2):
            if any(cell.strip() for cell in row):
                self._row(export, number, row, places, rows_by_item)

    def _places(self, heading: list[str], name: str) -> tuple[dict[str, int], list[Problem]]:
        apart = next((sign for sign in ";\t|" if len(heading) == 1 and sign in heading[0]), "")
        if apart:
            right = "a comma between the cells: saved as CSV UTF-8 (comma delimited)"
            return {}, [Problem(file=name, row=1, value=apart, right=right, code="csv-separator-wrong")]
        columns_by_key = {_key(text): index for index, text in enumerate(heading)}
        # Under no name: how many cells a row has.
        columns, problems = dict[str, int](), list[Problem]()
        columns[""] = len(heading)
        for name_ in FIELDS:
            heading_ = self.source.columns.get(name_, name_)
            column = columns_by_key.get(_key(heading_))
            needed = name_ in self.source.columns or name_ == "reference"
            needed = needed or (name_ == "work" and not self.source.kind)
            if column is not None:
                columns[name_] = column
            elif needed:
                near = difflib.get_close_matches(heading_, heading, n=1)
                perhaps = f"perhaps {near[0]!r}" if near else f"one of {', '.join(heading)[:80]}"
                right = f"set columns.{name_} under [incident] open_work; {perhaps}"
                problems.append(Problem(file=name, row=1, column=heading_, right=right, code="csv-heading-missing"))
        return columns, problems

    def _row(
        self,
        export: OpenWorkExport,
        number: int,
        row: list[str],
        places: Mapping[str, int],
        rows_by_item: dict[str, int],
    ) -> None:
        values = {name: row[column].strip() if column < len(row) else "" for name, column in places.items()}
        cells = {name: values.get(name, "") for name in FIELDS}
        cells["work"] = self.source.kind or self.source.kinds.get(cells["work"], cells["work"])
        problems = list(self._faults(cells))
        if extra := [cell for cell in row[places[""] :] if cell.strip()]:
            right = "a value with a comma stands in quotes"
            problems.append(Problem(value=extra[0][:40], right=right, code="row-has-extra-cell"))
        key = f"{cells['work']}:{cells['reference']}"
        if key in rows_by_item:
            problems.append(
                Problem(
                    column="reference",
                    value=_short(cells["reference"]),
                    code="work-reference-duplicated",
                    values={"row": rows_by_item[key]},
                )
            )
        rows_by_item.setdefault(key, number)
        if problems:
            export.faulty += 1
            export.problems += [self._at(problem, export.file, number) for problem in problems]
            return
        export.lines.append(WorkLine(item=key, **cells))

    def _at(self, problem: Problem, name: str, number: int) -> Problem:
        column = self.source.columns.get(problem.column, problem.column)
        return replace(problem, file=name, row=number, column=column)

    def _faults(self, cells: dict[str, str]) -> Iterator[Problem]:
        """What is wrong in one row; what can be read is brought to its one form on the way."""
        if cells["work"] not in self.works:
            yield Problem(
                column="work",
                value=_short(cells["work"]),
                code="work-kind-unknown",
                values={"kinds": ", ".join(sorted(self.works))},
            )
        yield from self._reference(cells)
        for name, codes in (("entry_type", "entry_type"), ("mode", "mode_of_transport")):
            if cells[name] and cells[name] not in code_meanings(codes):
                yield Problem(
                    column=name,
                    value=_short(cells[name]),
                    code="work-code-unknown",
                    values={"table": f"data/codes/{codes}.csv"},
                )
        yield from self._port(cells)
        for name, value in cells.items():
            if name != "importer_number" and is_ssn_importer(value):
                # Only that column is sealed: under a wrong heading it would stand in the journal for good.
                yield Problem(column=name, value=IMPORTER_MASK, code="ssn-in-wrong-column")
        number = cells["importer_number"]
        if number and not is_importer_number(number):
            # Perhaps a Social Security number without its hyphens.
            yield Problem(
                column="importer_number",
                value=f"{number[:3]}...",
                right=IMPORTER_NUMBER_FORMATS,
                code="importer-number-invalid",
            )
        for name in ("starts", "due"):
            yield from self._when(cells, name)
        if not (cells["starts"] or cells["due"]):
            yield Problem(column="starts", code="work-day-missing")
        for name, value in cells.items():
            if len(value) > _LONGEST:
                yield Problem(column=name, value=f"{value[:30]}...", code="cell-too-long", values={"longest": _LONGEST})

    def _reference(self, cells: dict[str, str]) -> Iterator[Problem]:
        if not cells["reference"]:
            yield Problem(column="reference", code="work-reference-missing")
        elif cells["work"] in BY_ENTRY:
            filer = self.settings(BrokerSettings).filer_code
            try:
                offsets = {filer: self.settings(NumberSettings).check_digit_offset}
                cells["reference"] = str(parse_entry_number(cells["reference"], offsets=offsets))
            except BadInput as bad:
                for fault in bad.problems:
                    masked = masked_importer(fault.value)
                    yield replace(fault, file="", column="reference", value=masked)

    def _port(self, cells: dict[str, str]) -> Iterator[Problem]:
        port, further = cells["port"], self.settings(EntrySettings).further_ports
        if port and port not in code_meanings("port") and port not in further:
            if port.zfill(4) in code_meanings("port"):
                yield Problem(
                    column="port", value=_short(port), code="work-port-lacks-zero", values={"port": port.zfill(4)}
                )
            else:
                yield Problem(column="port", value=_short(port), code="work-port-unknown")

    def _when(self, cells: dict[str, str], name: str) -> Iterator[Problem]:
        text = cells[name]
        if not text:
            return
        try:
            cells[name] = self._day(text) or clock.text(parse_moment(text, self.workspace.zone, name, ahead=True))
        except BadInput as bad:
            if ":" in text:
                yield replace(bad.problems[0], value=_short(text))
            else:
                yield Problem(
                    column=name,
                    value=_short(text),
                    code="work-day-malformed",
                    values={"format": self.source.dates or "YYYY-MM-DD"},
                )

    def _day(self, text: str) -> str:
        """A day in its ISO form; empty if the text is none."""
        try:
            if self.source.dates:
                return datetime.strptime(text, self.source.dates).date().isoformat()
            return date.fromisoformat(text).isoformat()
        except ValueError:
            return ""


def _key(text: str) -> str:
    return " ".join(text.replace("_", " ").split()).lower()


def _short(value: str) -> str:
    return masked_importer(value)[:40]
