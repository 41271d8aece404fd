"""What clients imported before, by HTS number and origin: rates, chapter 99 numbers, cases, quota, licenses,
special programs, manufacturers. From recorded entries and from a report of the broker's own system; kept as content,
so that it travels with the journal.
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

LIST_TYPES = ("list", "digit list")
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
def history_schema() -> pa.Schema:
    """The Arrow schema of a history; `source` is the file a row came from, empty for recorded entries."""
    return pa.schema(
        [
            *(
                pa.field(
                    column.field,
                    pa.list_(pa.string()) if column.type in LIST_TYPES else _TYPES.get(column.type, pa.string()),
                )
                for column in history_columns()
            ),
            pa.field("source", pa.string()),
        ]
    )


def history_table(rows: Iterable[Mapping[str, Any]]) -> pa.Table:
    """Rows in the order of client, HTS number and origin."""
    ordered = sorted(rows, key=lambda row: json.dumps(row, default=str, sort_keys=True))
    ordered.sort(key=lambda row: tuple(str(row.get(name) or "") for name in _SORT_KEYS))
    return pa.Table.from_pylist(ordered, history_schema())


_SORT_KEYS = ("importer", "importer_number", "hts_number", "country_of_origin", "source")


def latest_history(journal: Journal, content: ContentStore) -> pa.Table | None:
    """The history as last taken; None if there is none."""
    event = last_event(journal.rows, HistoryTaken.kind)
    if event is None:
        return None
    return pq.ParquetFile(pa.BufferReader(content.get(event[1]["content"]))).read(use_threads=False)


def load_history(
    journal: Journal, content: ContentStore, actor: str, report: tuple[str, Sequence[Row], date] | None = None
) -> HistoryTaken | None:
    """Record a history: rows of a `report` (its name, rows and as-of day), which replace those of the file
    before, and recorded entries. Returns the event; None if there is nothing, or nothing new."""
    previous = latest_history(journal, content)
    rows = list(recorded_history(journal, content))
    name, file_rows, as_of = report or ("", _file_rows(previous), _newest(rows))
    history = history_table([*rows, *({**row, "source": row.get("source") or name} for row in file_rows)])
    if not history.num_rows or (previous is not None and history.equals(previous)):
        return None
    sink = io.BytesIO()
    pq.write_table(history, sink, compression="zstd")
    body = HistoryTaken(
        content=content.put(sink.getvalue()),
        file=name,
        as_of=as_of.isoformat(),
        rows=history.num_rows,
        clients=len(set(zip(*(history[c].to_pylist() for c in _SORT_KEYS[:2]), strict=True))),
    )
    journal.append(body, "history", actor)
    return body


def _file_rows(history: pa.Table | None) -> list[Row]:
    """Rows that came by file the last time."""
    return [] if history is None else [row for row in history.to_pylist() if row["source"]]


def _newest(rows: Sequence[Row]) -> date:
    return max((row["last_entry"] for row in rows if row["last_entry"]), default=clock.now().date())


def recorded_history(journal: Journal, content: ContentStore) -> Iterator[Row]:
    """One row for each client, HTS number and origin among the recorded entries."""
    rows: dict[tuple[str, ...], Row] = {}
    for line in _lines(journal, content):
        key = (line["importer"], line["importer_number"], line["hts_number"], line["origin"])
        row = rows.setdefault(key, _new_row(line))
        _add_line(row, line)
    for row in rows.values():
        numbers = row.pop("numbers")
        yield {**row, "entries": len(numbers), **{name: sorted(row[name]) for name in _SETS}}


_SETS = ("entry_types", "chapter_99", "ad_case", "cvd_case", "licences", "spi", "mid")


def _new_row(line: Row) -> Row:
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


def _add_line(row: Row, line: Row) -> None:
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
        yield from _content_lines(content.get(digest), numbers)


def _content_lines(data: bytes, numbers: set[str]) -> Iterator[Row]:
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
        line_tariffs = tariffs.get((number, line["line"]), [])
        main = [row for row in line_tariffs if not is_special(row["hts_number"])]
        if number in numbers and main and line["country_of_origin"]:
            yield _line_facts(heads[number], line, line_tariffs, main[-1], alone=count[number] == 1)


def is_special(hts: str | None) -> bool:
    """True for numbers of chapters 98 and 99, which accompany another one."""
    return tariff_numbers.is_special(hts or "")


def _line_facts(head: Row, line: Row, tariffs: list[Row], main: Row, *, alone: bool) -> Row:
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
        "entry_types": _as_set(head["entry_type"]),
        "rate": _rate(main["duty"], main["value"]),
        "chapter_99": {row["hts_number"] for row in tariffs if is_special(row["hts_number"])},
        "ad_case": _as_set(line["ad_case"]),
        "ad_rate": _case_rate(line, "ad"),
        "cvd_case": _as_set(line["cd_case"]),
        "cvd_rate": _case_rate(line, "cd"),
        "quota": ("Y" if alone else "?") if quota else "",
        "licences": _as_set(licence),
        "spi": _as_set(line["program_indicator"]),
        "mid": _as_set(line["manufacturer_id"]),
    }


def _as_set(value: str | None) -> set[str]:
    return {value} if value else set()


def _rate(duty: Any, value: int | None) -> str:
    """The duty paid as a share of the value: the tariff's own rate is not recorded."""
    if duty is None or not value:
        return ""
    return f"{100 * float(duty) / value:.2f}% as paid" if duty else "free as paid"


def _case_rate(line: Row, kind: str) -> str:
    rate = line[f"{kind}_rate"]
    return "" if rate is None else f"{rate}{' a unit' if line[f'{kind}_rate_type'] == 'S' else '%'}"
