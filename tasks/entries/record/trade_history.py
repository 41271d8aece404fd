"""What clients imported before, by HTS number and origin: rates, chapter 99 numbers, cases, quota,
licences, special programs, manufacturers. From what the book recorded, and from the report that the
broker's own system gives; kept as content, so that it travels with the book.
"""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from functools import cache
from importlib.resources import files
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import sqlalchemy as sa

from tasks.core import clock
from tasks.core.content import ContentStore
from tasks.core.journal.journal import Journal
from tasks.core.status_lines import last_event
from tasks.entries.events import HistoryTaken
from tasks.entries.numbers import tariff_numbers
from tasks.entries.record.code_lists import codes_where
from tasks.entries.record.entry_record import read_table
from tasks.entries.tables import ENTRIES, NUMBERS
from tasks.security.api import REFERENCE_PREFIX

LISTS = ("list", "digit list")
_TYPES = {"integer": pa.int64(), "date": pa.date32()}
Row = dict[str, Any]


@dataclass(frozen=True)
class HistoryColumn:
    """One column. `also`: other headings by which a report may call it; `form`: what a value must
    match as a whole. `type`: text, digits, integer, date, or a list of texts or digits."""

    field: str
    title: str
    also: tuple[str, ...]
    type: str
    form: str
    example: str
    note: str


@cache
def history_columns() -> tuple[HistoryColumn, ...]:
    """The columns of `data/history/columns.csv`, in order."""
    return tuple(
        HistoryColumn(**{**row, "also": tuple(part.strip() for part in row["also"].split(";"))})
        for row in shipped("columns.csv")
    )


def shipped(name: str) -> list[dict[str, Any]]:
    text = files("continuity_data").joinpath("history", name).read_text(encoding="utf-8")
    return list(csv.DictReader(io.StringIO(text)))


@cache
def schema() -> pa.Schema:
    """The Arrow schema of a history; `source` is the file a row came from, empty for the book."""
    return pa.schema(
        [
            *(
                pa.field(one.field, pa.list_(pa.string()) if one.type in LISTS else _TYPES.get(one.type, pa.string()))
                for one in history_columns()
            ),
            pa.field("source", pa.string()),
        ]
    )


def table(rows: Iterable[Mapping[str, Any]]) -> pa.Table:
    """Rows in the order of client, HTS number and origin."""
    listed = sorted(rows, key=lambda row: json.dumps(row, default=str, sort_keys=True))
    listed.sort(key=lambda row: tuple(str(row.get(name) or "") for name in _ORDER))
    return pa.Table.from_pylist(listed, schema())


_ORDER = ("importer", "importer_number", "hts_number", "country_of_origin", "source")


def latest_history(journal: Journal, content: ContentStore) -> pa.Table | None:
    """The history as last taken; None if there is none."""
    found = last_event(journal.rows, HistoryTaken.kind)
    if found is None:
        return None
    return pq.ParquetFile(pa.BufferReader(content.get(found[1]["content"]))).read(use_threads=False)


def load_history(
    journal: Journal, content: ContentStore, actor: str, given: tuple[str, Sequence[Row], date] | None = None
) -> HistoryTaken | None:
    """Take a history into the book: rows of a file (its name, rows and as-of day), which replace
    those of the file before, and what the book itself recorded. Returns what was written; None if
    there is nothing, or nothing new."""
    before = latest_history(journal, content)
    rows = list(recorded_history(journal, content))
    name, listed, as_of = given or ("", _kept(before), _newest(rows))
    made = table([*rows, *({**row, "source": row.get("source") or name} for row in listed)])
    if not made.num_rows or (before is not None and made.equals(before)):
        return None
    sink = io.BytesIO()
    pq.write_table(made, sink, compression="zstd")
    said = HistoryTaken(
        content=content.put(sink.getvalue()),
        file=name,
        as_of=as_of.isoformat(),
        rows=made.num_rows,
        clients=len(set(zip(*(made[c].to_pylist() for c in _ORDER[:2]), strict=True))),
    )
    journal.append(said, "history", actor)
    return said


def _kept(before: pa.Table | None) -> list[Row]:
    """Rows that came by file the last time."""
    return [] if before is None else [row for row in before.to_pylist() if row["source"]]


def _newest(rows: Sequence[Row]) -> date:
    return max((row["last_entry"] for row in rows if row["last_entry"]), default=clock.now().date())


def recorded_history(journal: Journal, content: ContentStore) -> Iterator[Row]:
    """One row for each client, HTS number and origin among the recorded entries."""
    found: dict[tuple[str, ...], Row] = {}
    for line in _lines(journal, content):
        key = (line["importer"], line["importer_number"], line["hts_number"], line["origin"])
        row = found.setdefault(key, _fresh(line))
        _add(row, line)
    for row in found.values():
        numbers = row.pop("numbers")
        yield {**row, "entries": len(numbers), **{name: sorted(row[name]) for name in _SETS}}


_SETS = ("entry_types", "chapter_99", "ad_case", "cvd_case", "licences", "spi", "mid")


def _fresh(line: Row) -> Row:
    return {
        "importer_number": line["importer_number"],
        "importer": line["importer"],
        "hts_number": line["hts_number"],
        "country_of_origin": line["origin"],
        "last_entry": None,
        "quota": None,
        "numbers": set(),
        **{name: set() for name in _SETS},
    }


def _add(row: Row, line: Row) -> None:
    row["numbers"].add(line["number"])
    for name in _SETS:
        row[name] |= line[name]
    newer = line["on"] and (row["last_entry"] is None or line["on"] >= row["last_entry"])
    for name in ("rate", "ad_rate", "cvd_rate"):
        if line[name] and (newer or not row.get(name)):
            row[name] = line[name]
    row["last_entry"] = line["on"] if newer else row["last_entry"]
    if line["quota"] and row["quota"] != "Y":
        row["quota"] = line["quota"]


def _lines(journal: Journal, content: ContentStore) -> Iterator[Row]:
    """Each line of each entry that is recorded, as its last revision has it."""
    ended = ("void", "burnt", "handed over")
    query = (
        sa.select(ENTRIES.c.number, ENTRIES.c.content)
        .join(NUMBERS, NUMBERS.c.number == ENTRIES.c.number)
        .where(NUMBERS.c.state.notin_(ended))
    )
    by_content: dict[str, set[str]] = {}
    for row in journal.rows(query):
        by_content.setdefault(row.content, set()).add(row.number)
    for digest, numbers in by_content.items():
        yield from _of_content(content.get(digest), numbers)


def _of_content(data: bytes, numbers: set[str]) -> Iterator[Row]:
    heads = {row["entry_number"]: row for row in read_table(data, "entries").to_pylist()}
    tariffs: dict[tuple[str, int], list[Row]] = {}
    for row in read_table(data, "tariffs").to_pylist():
        tariffs.setdefault((row["entry_number"], row["line"]), []).append(row)
    lines = read_table(data, "lines").to_pylist()
    count: dict[str, int] = {}
    for line in lines:
        count[line["entry_number"]] = count.get(line["entry_number"], 0) + 1
    for line in lines:
        number = line["entry_number"]
        own = tariffs.get((number, line["line"]), [])
        main = [row for row in own if not is_special(row["hts_number"])]
        if number in numbers and main and line["country_of_origin"]:
            yield _line(heads[number], line, own, main[-1], alone=count[number] == 1)


def is_special(hts: str | None) -> bool:
    """Numbers of chapters 98 and 99 stand beside another one."""
    return tariff_numbers.is_special(hts or "")


def _line(head: Row, line: Row, own: list[Row], main: Row, *, alone: bool) -> Row:
    private = (head["importer_number"] or "").startswith(REFERENCE_PREFIX)
    quota = head["entry_type"] in codes_where("entry_type", "quota")
    licence = " ".join(filter(None, (line["license_type"], line["license_number"])))
    return {
        "number": head["entry_number"],
        "importer": head["importer_name"] or "",
        "importer_number": "" if private else head["importer_number"] or "",
        "hts_number": main["hts_number"],
        "origin": line["country_of_origin"],
        "on": head["release_date"] or head["arrival_date"] or head["import_date"],
        "entry_types": _some(head["entry_type"]),
        "rate": _rate(main["duty"], main["value"]),
        "chapter_99": {row["hts_number"] for row in own if is_special(row["hts_number"])},
        "ad_case": _some(line["ad_case"]),
        "ad_rate": _case_rate(line, "ad"),
        "cvd_case": _some(line["cd_case"]),
        "cvd_rate": _case_rate(line, "cd"),
        "quota": ("Y" if alone else "?") if quota else "",
        "licences": _some(licence),
        "spi": _some(line["program_indicator"]),
        "mid": _some(line["manufacturer_id"]),
    }


def _some(value: str | None) -> set[str]:
    return {value} if value else set()


def _rate(duty: Any, value: int | None) -> str:
    """What was paid, as a share of the value: the tariff's own words are not recorded."""
    if duty is None or not value:
        return ""
    return f"{100 * float(duty) / value:.2f}% as paid" if duty else "free as paid"


def _case_rate(line: Row, kind: str) -> str:
    rate = line[f"{kind}_rate"]
    return "" if rate is None else f"{rate}{' a unit' if line[f'{kind}_rate_type'] == 'S' else '%'}"
