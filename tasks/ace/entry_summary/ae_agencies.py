"""OI and PGA records of the summary: PG01 an agency row, PG02, then what the record carries raw.

PGA message set July 2026 p.13-21, 61-70. They go only where the summary is certified for release,
or says in 10 column 68 that the goods came by expedited release or weekly zone entry (p.180). A
disclaimer is the record's own, never a default, and has PG01 only.
"""

from __future__ import annotations

import numpy as np
import pyarrow as pa

from tasks.ace.entry_summary.summary_slices import SummarySlice
from tasks.ace.wire.array_tools import (
    Keys,
    Mask,
    as_mask,
    count_within,
    find_rows,
    flag_column,
    is_given,
    take_or_null,
    to_numpy,
    upper_case,
)
from tasks.ace.wire.data_classes import Bytes
from tasks.ace.wire.entry_slices import RecordPart
from tasks.ace.wire.record_layouts import RECORD_WIDTH
from tasks.core import arrow_compute as pc

_ROOM = 60
"""Raw records an agency row can carry between its PG01 and the next."""

_FIRST, _STEP = 3, _ROOM + 4
MOST = 63
"""Agency rows that a tariff number can carry: the places between it and the next number."""

_WITH_ITEM = "PG02"


def agency_parts(part: SummarySlice, at: Keys) -> list[RecordPart]:
    """OI once a tariff number, then its agencies' records; `at`: place of each tariff number."""
    sent = _with_agency_data(part)[part.ranks["pga"]]
    if not sent.any():
        return []
    rows = np.flatnonzero(sent)
    rank, line = part.ranks["pga"][rows], part.integers("line", "pga")[rows]
    tariff_of = _tariff(rank, line, part.integers("position", "pga")[rows])
    tariff_ids = _tariff(part.ranks["tariffs"], part.integers("line", "tariffs"), part.integers("position", "tariffs"))
    match = find_rows(tariff_ids, tariff_of)
    for row in np.flatnonzero(match < 0):
        part.note(int(rank[row]), f"line {line[row]} PG01", "agency-data-without-tariff-number")
    if (match < 0).any():
        return []
    agency = part.plain("agency", "pga").take(rows).dictionary_encode()
    order = np.lexsort((rows, agency.indices.to_numpy(), tariff_of))
    pga = _OrderedAgencies(part, rows[order], at[match[order]], tariff_of[order])
    for row in np.flatnonzero(pga.within >= MOST):
        column = f"line {pga.line[row]} PG01"
        part.note(int(pga.rank[row]), column, "agency-records-too-many", most=MOST)
    return _agency_records(part, pga)


def _with_agency_data(part: SummarySlice) -> Mask:
    weekly = part.is_any("entry_type", ("06",)) & part.given("zone_week")
    return part.yes("certified") | part.yes("expedited_release") | weekly


def _tariff(rank: Keys, line: Keys, position: Keys) -> Keys:
    return (rank << 20) | (line << 8) | position


class _OrderedAgencies:
    """Agency rows in the order of the file, with the place of the first record of each."""

    def __init__(self, part: SummarySlice, rows: Keys, tariff: Keys, tariff_of: Keys) -> None:
        self.rows = rows
        self.rank = part.ranks["pga"][rows]
        self.line = part.integers("line", "pga")[rows]
        self.within = count_within(tariff_of)
        self.tariff = tariff
        self.place = tariff + _FIRST + 1 + self.within * _STEP
        agency = part.plain("agency", "pga").take(rows).dictionary_encode()
        self.number = count_within((tariff_of << 8) | agency.indices.to_numpy()) + 1

    def take(self, column: pa.Array) -> pa.Array:
        return column.take(self.rows)


def _agency_records(part: SummarySlice, pga: _OrderedAgencies) -> list[RecordPart]:
    columns = {
        "pga_line_number": pa.array(pga.number),
        "government_agency_code": pga.take(part.column("agency", "pga")),
        "government_agency_program_code": pga.take(part.column("program", "pga")),
        "government_agency_processing_code": pga.take(part.column("processing", "pga")),
        "disclaimer": pga.take(part.column("disclaimer", "pga")),
    }
    raw, owner = _raw_records(part, pga)
    disclaimed = is_given(columns["disclaimer"])
    for row in np.flatnonzero(disclaimed & (np.bincount(owner, minlength=len(pga.rows)) > 0)):
        part.note(int(pga.rank[row]), f"line {pga.line[row]} PG01", "agency-data-beside-disclaimer")
    begun = np.zeros(len(pga.rows), dtype=bool)
    begun[owner[as_mask(pc.starts_with(raw, _WITH_ITEM))]] = True
    undescribed = ~disclaimed & ~begun
    parts = [_descriptions(part, pga), RecordPart(pga.place, part.records("PG01", columns, pga.rank))]
    if undescribed.any():
        items = part.records("PG02", {"item_type": flag_column(undescribed[undescribed], "P")}, pga.rank[undescribed])
        parts.append(RecordPart(pga.place[undescribed] + 1, items))
    if len(raw):
        keys = pga.place[owner] + 2 + np.minimum(count_within(owner), _ROOM - 1)
        parts.append(RecordPart(keys, _record_bytes(part, raw, pga.rank[owner])))
    return parts


def _descriptions(part: SummarySlice, pga: _OrderedAgencies) -> RecordPart:
    """OI: the line's own words; class AN, so that a sign becomes a blank (p.93)."""
    first = pga.within == 0
    row = find_rows(part.line_keys, ((pga.rank << 10) | pga.line)[first])
    text = take_or_null(upper_case(part.plain("description", "lines")), row)
    plain = pc.replace_substring_regex(text, "[^A-Z0-9 ]", " ")
    keys, rank = pga.tariff[first] + _FIRST, pga.rank[first]
    return RecordPart(keys, part.records("OI", {"description": plain}, rank))


def _raw_records(part: SummarySlice, pga: _OrderedAgencies) -> tuple[pa.Array, Keys]:
    """The raw records of all agency rows and the row of `pga` that each belongs to."""
    text = upper_case(pga.take(part.plain("records", "pga")))
    filled = np.flatnonzero(is_given(text))
    if not len(filled):
        return pa.array([], pa.string()), np.empty(0, dtype=np.int64)
    pieces = pc.split_pattern(text.take(filled), "\n")
    return pc.list_flatten(pieces), filled[to_numpy(pc.list_parent_indices(pieces), np.int64)]


def _record_bytes(part: SummarySlice, raw: pa.Array, rank: Keys) -> Bytes:
    too_long = as_mask(pc.greater(pc.binary_length(raw), RECORD_WIDTH))
    for row in np.flatnonzero(too_long):
        start = raw[int(row)].as_py()[:4]
        part.note(int(rank[row]), "PG record", "agency-record-too-long", start, width=RECORD_WIDTH)
    padded = pc.utf8_slice_codeunits(pc.ascii_rpad(raw, RECORD_WIDTH, " "), 0, RECORD_WIDTH)
    content = "".join(map(str, padded.to_pylist())).encode("ascii", "replace")
    return np.frombuffer(content, dtype=np.uint8).reshape(-1, RECORD_WIDTH)
