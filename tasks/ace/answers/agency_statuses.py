"""Agency statuses: SO70, SO71 and SO72, in SO and UC, and WO70-WO72 in C1.

Columns 79-80 tell the version of the group and are read first: up to version 03 a line number has
four columns and a tariff position one, from 04 (6 September 2025) three and two (CQ v21 p.58-60).
Of several statuses of one agency line the latest time holds (CQ v21 p.61 note 8).
"""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from tasks.ace.answers.column_values import Index, clock_times, hide_ssn, take_or_null
from tasks.ace.answers.record_reader import AnswerRecords
from tasks.ace.checker.record_deck import RecordColumns, integers
from tasks.ace.wire.data_classes import Bytes, digit_bytes, is_blank

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
    said = reading.columns(
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
    at = clock_times(said["status_action_date"], rows.raw("status_action_time"))
    owner = reading.owner(rows.at, starts)
    places = _places(rows.matrix)
    shared = {
        "head": pa.array(reading.heads(starts, owner)),
        "entry_number": take_or_null(numbers, owner),
        "at": at,
        "text": said["pga_entry_level_status_message"],
    }
    details, references = _details(reading, rows, letters)
    reading.add(
        "agencies",
        shared
        | places
        | {
            "agency": said["government_agency_code"],
            "program": said[program],
            "status": said["pga_entry_level_status_code"],
            "line_status": said["pga_line_level_status_code"],
            "reason": said["status_reason_code"],
            "document_type": said["document_type_code"],
            "hold": said["pga_entry_hold_type"],
            "version": reading.texts(rows, "version")["version"],
            "latest": _latest(owner, said, program, places, at),
            "sub_reasons": details,
            "references": references,
            "comments": _comments(reading, rows, letters),
        },
        rows.at,
    )
    _conditions(reading, rows, shared, said, program, places)


def _places(matrix: Bytes) -> dict[str, pa.Array]:
    """Line, tariff position and agency line, and the last of each, by the record's version."""
    version = matrix[:, _VERSION]
    new = digit_bytes(version).all(axis=1) & (integers(version) >= _FIRST_NEW)
    made = {}
    for name, late, early in zip(_PLACES, _NEW, _OLD, strict=True):
        value = np.where(new, integers(matrix[:, late]), integers(matrix[:, early]))
        blank = np.where(new, is_blank(matrix[:, late]), is_blank(matrix[:, early]))
        made[name] = pa.array(value, mask=blank)
    return made


def _latest(
    owner: Index, said: dict[str, pa.Array], program: str, places: dict[str, pa.Array], at: pa.Array
) -> pa.Array:
    """Which statuses are the last of their entry, agency, program and agency line."""
    code = pc.binary_join_element_wise(
        pc.fill_null(said["government_agency_code"], ""), pc.fill_null(said[program], ""), "."
    ).dictionary_encode()
    keys = [code.indices.to_numpy(zero_copy_only=False), owner]
    keys += [pc.fill_null(places[name], 0).to_numpy(zero_copy_only=False) for name in _PLACES[:3]]
    seconds = pc.fill_null(at.cast(pa.int64()), -1).to_numpy(zero_copy_only=False)
    order = np.lexsort((np.arange(len(owner)), seconds, *keys))
    stacked = np.stack([key[order] for key in keys])
    last = np.ones(len(order), dtype=bool)
    last[:-1] = (stacked[:, 1:] != stacked[:, :-1]).any(axis=0)
    found = np.empty(len(order), dtype=bool)
    found[order] = last
    return pa.array(found)


def _details(reading: AnswerRecords, rows: RecordColumns, letters: str) -> tuple[pa.Array, pa.Array]:
    """Sub-reason codes, and the agency's own numbers, of the SO71s under each SO70."""
    more = reading.rows(f"{letters}71")
    names = [one.name for one in more.layout.data_fields]
    said = {name: column.to_pylist() for name, column in reading.texts(more, *names).items()}
    sub = [name for name in names if "sub_reason" in name]
    pairs = [name for name in names if "qualifier" in name]
    numbers = [
        name
        for name in names
        if "number" in name and "qualifier" not in name and "date" not in name and "time" not in name
    ]
    reasons: list[list[str]] = [[] for _ in range(len(rows))]
    references: list[list[str]] = [[] for _ in range(len(rows))]
    for row, own in enumerate(reading.owner(more.at, rows.at)):
        if own < 0:
            continue
        reasons[own].extend(said[name][row] for name in sub if said[name][row])
        for kind, number in zip(pairs, numbers, strict=True):
            if said[number][row]:
                references[own].append(f"{said[kind][row] or ''} {said[number][row]}".strip())
    return _joined(reasons, " "), _joined(references, "; ")


def _comments(reading: AnswerRecords, rows: RecordColumns, letters: str) -> pa.Array:
    more = reading.rows(f"{letters}72")
    said = reading.texts(more, "comments_to_trade_from_pga")["comments_to_trade_from_pga"]
    texts: list[list[str]] = [[] for _ in range(len(rows))]
    for row, own in enumerate(reading.owner(more.at, rows.at)):
        if own >= 0 and said[row].is_valid:
            texts[own].append(said[row].as_py())
    return hide_ssn(_joined(texts, " "))


def _joined(texts: list[list[str]], between: str) -> pa.Array:
    return pa.array([between.join(one) or None for one in texts], pa.string())


def _conditions(
    reading: AnswerRecords,
    rows: RecordColumns,
    shared: dict[str, pa.Array],
    said: dict[str, pa.Array],
    program: str,
    places: dict[str, pa.Array],
) -> None:
    count = len(rows)
    hold = pc.fill_null(pc.is_valid(said["pga_entry_hold_type"]), False)
    name = pc.binary_join_element_wise(said["government_agency_code"], pc.fill_null(said[program], ""), " ")
    reading.add(
        "conditions",
        shared
        | {
            "block": pa.array(reading.block[rows.at]),
            "level": pa.array(["agency"] * count, pa.string()),
            "code": said["pga_entry_level_status_code"],
            "place": pa.array(["agency"] * count, pa.string()),
            "severity": pc.if_else(hold, "P", "I"),
            "record": pa.array([rows.layout.record] * count, pa.string()),
            "line": places["line"].cast(pa.string()),
            "reference": pc.utf8_trim_whitespace(name),
            "final": pa.array(np.zeros(count, dtype=bool)),
        },
        rows.at,
    )
