"""Agency statuses: SO70, SO71 and SO72, in SO and UC, and WO70-WO72 in C1.

Columns 79-80 tell the version of the group and are read first: up to version 03 a line number has
four columns and a tariff position one, from 04 (6 September 2025) three and two (CQ v21 p.58-60).
Of several statuses of one agency line the latest time holds (CQ v21 p.61 note 8).
"""

from __future__ import annotations

import numpy as np
import pyarrow as pa

from tasks.ace.answers.column_values import Index, clock_times, hide_ssn
from tasks.ace.answers.record_reader import AnswerRecords
from tasks.ace.checker.record_deck import RecordColumns, integers
from tasks.ace.wire.array_tools import take_or_null, to_numpy, whole_numbers
from tasks.ace.wire.data_classes import Bytes, digit_bytes, is_blank
from tasks.core import arrow_compute as pc

_NEW = (slice(56, 59), slice(59, 61), slice(61, 64), slice(64, 67), slice(67, 69), slice(69, 72))
_OLD = (slice(56, 60), slice(60, 61), slice(61, 64), slice(64, 68), slice(68, 69), slice(69, 72))
_PLACES = ("line", "tariff", "pga_line", "last_line", "last_tariff", "last_pga_line")
_VERSION = slice(78, 80)
_FIRST_NEW = 4


def read_agencies(reading: AnswerRecords, starts: Index, numbers: pa.Array, letters: str = "SO") -> None:
    """Adds a row and a condition for each SO70 of the entries that begin at `starts`."""
    rows = reading.rows(f"{letters}70")
    if not len(rows):
        return
    program = next(name for name in rows.layout.by_name if name.endswith("program_code"))
    fields = reading.columns(
        rows,
        "government_agency_code",
        program,
        "status_action_date",
        "pga_entry_level_status_code",
        "pga_entry_level_status_message",
        "pga_line_level_status_code",
        "status_reason_code",
        "document_type_code",
        "pga_entry_hold_type",
    )
    at = clock_times(fields["status_action_date"], rows.raw("status_action_time"))
    owner = reading.owner(rows.at, starts)
    places = _places(rows.matrix)
    shared = {
        "head": reading.heads(starts, owner),
        "entry_number": take_or_null(numbers, owner),
        "at": at,
        "text": fields["pga_entry_level_status_message"],
    }
    details, references = _details(reading, rows, letters)
    reading.add(
        "agencies",
        shared
        | places
        | {
            "agency": fields["government_agency_code"],
            "program": fields[program],
            "status": fields["pga_entry_level_status_code"],
            "line_status": fields["pga_line_level_status_code"],
            "reason": fields["status_reason_code"],
            "document_type": fields["document_type_code"],
            "hold": fields["pga_entry_hold_type"],
            "version": reading.texts(rows, "version")["version"],
            "latest": _latest(owner, fields, program, places, at),
            "sub_reasons": details,
            "references": references,
            "comments": _comments(reading, rows, letters),
        },
        rows.at,
    )
    _conditions(reading, rows, shared, fields, program, places)


def _places(matrix: Bytes) -> dict[str, pa.Array]:
    """Line, tariff position and agency line, and the last of each, by the record's version."""
    version = matrix[:, _VERSION]
    new = digit_bytes(version).all(axis=1) & (integers(version) >= _FIRST_NEW)
    columns = {}
    for name, late, early in zip(_PLACES, _NEW, _OLD, strict=True):
        value = np.where(new, integers(matrix[:, late]), integers(matrix[:, early]))
        blank = np.where(new, is_blank(matrix[:, late]), is_blank(matrix[:, early]))
        columns[name] = pa.array(value, mask=blank)
    return columns


def _latest(
    owner: Index, fields: dict[str, pa.Array], program: str, places: dict[str, pa.Array], at: pa.Array
) -> pa.Array:
    """Which statuses are the last of their entry, agency, program and agency line."""
    code = pc.binary_join_element_wise(
        pc.fill_null(fields["government_agency_code"], ""), pc.fill_null(fields[program], ""), "."
    ).dictionary_encode()
    keys = [to_numpy(code.indices, np.int64), owner]
    keys += [whole_numbers(places[name]) for name in _PLACES[:3]]
    seconds = whole_numbers(at.cast(pa.int64()), -1)
    order = np.lexsort((np.arange(len(owner)), seconds, *keys))
    stacked = np.stack([key[order] for key in keys])
    last = np.ones(len(order), dtype=bool)
    last[:-1] = (stacked[:, 1:] != stacked[:, :-1]).any(axis=0)
    latest = np.empty(len(order), dtype=bool)
    latest[order] = last
    return pa.array(latest)


def _details(reading: AnswerRecords, rows: RecordColumns, letters: str) -> tuple[pa.Array, pa.Array]:
    """Sub-reason codes, and the agency's own numbers, of the SO71s under each SO70."""
    details = reading.rows(f"{letters}71")
    names = [field.name for field in details.layout.data_fields]
    texts = {name: column.to_pylist() for name, column in reading.texts(details, *names).items()}
    sub = [name for name in names if "sub_reason" in name]
    pairs = [name for name in names if "qualifier" in name]
    numbers = [
        name
        for name in names
        if "number" in name and "qualifier" not in name and "date" not in name and "time" not in name
    ]
    reasons: list[list[str]] = [[] for _ in range(len(rows))]
    references: list[list[str]] = [[] for _ in range(len(rows))]
    for row, status in enumerate(reading.owner(details.at, rows.at)):
        if status < 0:
            continue
        reasons[status].extend(texts[name][row] for name in sub if texts[name][row])
        for kind, number in zip(pairs, numbers, strict=True):
            if texts[number][row]:
                references[status].append(f"{texts[kind][row] or ''} {texts[number][row]}".strip())
    return _joined(reasons, " "), _joined(references, "; ")


def _comments(reading: AnswerRecords, rows: RecordColumns, letters: str) -> pa.Array:
    comments = reading.rows(f"{letters}72")
    remarks = reading.texts(comments, "comments_to_trade_from_pga")["comments_to_trade_from_pga"]
    texts: list[list[str]] = [[] for _ in range(len(rows))]
    for row, status in enumerate(reading.owner(comments.at, rows.at)):
        if status >= 0 and remarks[row].is_valid:
            texts[status].append(remarks[row].as_py())
    return hide_ssn(_joined(texts, " "))


def _joined(texts: list[list[str]], between: str) -> pa.Array:
    return pa.array([between.join(parts) or None for parts in texts], pa.string())


def _conditions(
    reading: AnswerRecords,
    rows: RecordColumns,
    shared: dict[str, pa.Array],
    fields: dict[str, pa.Array],
    program: str,
    places: dict[str, pa.Array],
) -> None:
    len(rows)
    hold = pc.fill_null(pc.is_valid(fields["pga_entry_hold_type"]), False)
    name = pc.binary_join_element_wise(fields["government_agency_code"], pc.fill_null(fields[program], ""), " ")
    reading.add(
        "conditions",
        shared
        | {
            "level": "agency",
            "code": fields["pga_entry_level_status_code"],
            "place": "agency",
            "severity": pc.if_else(hold, "P", "I"),
            "record": rows.layout.record,
            "line": places["line"].cast(pa.string()),
            "reference": pc.utf8_trim_whitespace(name),
            "final": False,
        },
        rows.at,
    )
