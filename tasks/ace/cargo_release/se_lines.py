"""SE records of lines: SE40-SE61, OI and the PGA records that the entry carries.

CATAIR SE v40 p.64-66, 73-74; PGA message set July 2026 p.13-21, 32.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import pyarrow as pa

from tasks.ace.wire.array_tools import (
    Keys,
    Mask,
    as_mask,
    constant_column,
    count_within,
    find_rows,
    is_given,
    take_rows,
    upper_case,
    whole_numbers,
)
from tasks.ace.wire.entry_slices import LINES, EntrySlice, RecordPart, position_keys
from tasks.core import arrow_compute as pc
from tasks.core.errors import Problem

_PGA_COLUMNS = ("agency", "program", "processing", "disclaimer", "reference")
_TARIFF, _TARIFF_STEP, _ORDER_STEP = 1 << 21, 1 << 12, 128
_LINE_STEP = 1 << 10
"""Places on a line: after the parties, each tariff number with its PGA records."""


def line_parts(part: EntrySlice) -> list[RecordPart]:
    """SE40, SE41 for zone entries, SE60 and SE61 in the order of p.73, then the PGA records."""
    rank = part.ranks["lines"]
    line = part.integers("line", "lines")
    columns = {
        "line": part.column("line", "lines"),
        "country_of_origin": part.column("country_of_origin", "lines"),
        "description": upper_case(part.column("description", "lines")),
    }
    parts = [RecordPart(position_keys(rank, LINES, line), part.encode("SE40", columns, rank))]
    zone = np.flatnonzero(part.is_any("zone_status", ("P", "N"), "lines"))
    if len(zone):
        # The summary names the day of every privileged line (674), the release only where the tariff
        # number is no longer active (SE v40 p.63).
        old = pa.array(_superseded(part, line))
        dates = part.column("privileged_date", "lines")
        dates = pc.if_else(old, dates, pa.scalar(None, dates.type))
        columns = {
            "zone_status": take_rows(part.column("zone_status", "lines"), zone),
            "privileged_date": take_rows(dates, zone),
            "zone_quantity": take_rows(part.column("zone_quantity", "lines"), zone),
        }
        record = part.encode("SE41", columns, rank[zone])
        parts.append(RecordPart(position_keys(rank[zone], LINES, line[zone], 1), record))
    return [*parts, *_tariffs(part)]


def _superseded(part: EntrySlice, line: np.ndarray) -> np.ndarray:
    """Which lines have a tariff number that is no longer active, with its successor."""
    named = part.given("current_hts_number", "tariffs")
    tariffs = part.ranks["tariffs"] * _LINE_STEP + part.integers("line", "tariffs")
    return np.isin(part.ranks["lines"] * _LINE_STEP + line, tariffs[named])


def _tariffs(part: EntrySlice) -> list[RecordPart]:
    rank = part.ranks["tariffs"]
    line = part.integers("line", "tariffs")
    position = part.integers("position", "tariffs")
    position_on_line = tariff_place(part.plain("hts_number", "tariffs"), position)
    columns = {"hts_number": part.column("hts_number", "tariffs"), "value": part.column("value", "tariffs")}
    at = position_keys(rank, LINES, line, position_on_line)
    parts = [RecordPart(at, part.encode("SE60", columns, rank))]
    current = np.flatnonzero(part.given("current_hts_number", "tariffs"))
    if len(current):
        columns = {"current_hts_number": take_rows(part.column("current_hts_number", "tariffs"), current)}
        record = part.encode("SE61", columns, rank[current])
        parts.append(RecordPart(at[current] + 1, record))
    if len(part.ranks["pga"]):
        parts.extend(_agencies(part, at, _tariff_id(rank, line, position)))
    return parts


def tariff_place(hts: pa.Array, position: Keys) -> Keys:
    """Chapter 98, then 99, then the number that carries the value (p.73; TIB: 9813 first)."""
    chapter = pc.index_in(pc.utf8_slice_codeunits(hts, 0, 2), value_set=pa.array(["98", "99"]))
    order = whole_numbers(chapter, 2)
    return _TARIFF + (order * _ORDER_STEP + position) * _TARIFF_STEP


def _tariff_id(rank: Keys, line: Keys, position: Keys) -> Keys:
    return (rank << 20) | (line << 8) | position


def _agencies(part: EntrySlice, at: Keys, tariffs: Keys) -> list[RecordPart]:
    """OI once a tariff number; PG01 an agency row, numbered from 001 within the agency (PGA p.13);
    without a disclaimer PG02 P, and PG14 where a permit or confirmation is known."""
    rank, line = part.ranks["pga"], part.integers("line", "pga")
    tariff_of = _tariff_id(rank, line, part.integers("position", "pga"))
    match = find_rows(tariffs, tariff_of)
    if (match < 0).any():
        _note_lost(part, match < 0, rank)
        return []
    agency = part.plain("agency", "pga").dictionary_encode().indices.to_numpy()
    order = np.lexsort((np.arange(len(tariff_of)), agency, tariff_of))
    within = count_within(tariff_of[order])
    first = within == 0
    position, rows = at[match[order]], rank[order]
    columns = {name: part.column(name, "pga").take(order) for name in _PGA_COLUMNS}
    pga = _AgencyRows(rows, position + 3 + 4 * within, columns)
    number = count_within((tariff_of << 8 | agency)[order]) + 1
    described = _description(part, rows[first], line[order][first], position[first])
    return [described, *_agency_records(part, pga, number)]


@dataclass(frozen=True)
class _AgencyRows:
    """Agency rows in the order of the file, each with the place of its first record."""

    rank: Keys
    position: Keys
    columns: Mapping[str, pa.Array]


def _agency_records(part: EntrySlice, pga: _AgencyRows, number: Keys) -> list[RecordPart]:
    columns = {
        "pga_line_number": pa.array(number),
        "government_agency_code": pga.columns["agency"],
        "government_agency_program_code": pga.columns["program"],
        "government_agency_processing_code": pga.columns["processing"],
        "disclaimer": pga.columns["disclaimer"],
    }
    parts = [RecordPart(pga.position, part.encode("PG01", columns, pga.rank, "PGA"))]
    full = as_mask(pc.is_null(pga.columns["disclaimer"]))
    item_columns = {"item_type": constant_column("P", int(full.sum()))}
    parts.append(RecordPart(pga.position[full] + 1, part.encode("PG02", item_columns, pga.rank[full], "PGA")))
    permitted = full & is_given(pga.columns["reference"])
    permit = {"lpco_number_or_name": upper_case(take_rows(pga.columns["reference"], permitted))}
    parts.append(RecordPart(pga.position[permitted] + 2, part.encode("PG14", permit, pga.rank[permitted], "PGA")))
    return parts


def _description(part: EntrySlice, rank: Keys, line: Keys, position: Keys) -> RecordPart:
    line_ids = (part.ranks["lines"] << 10) | part.integers("line", "lines")
    row = np.maximum(find_rows(line_ids, (rank << 10) | line), 0)
    text = upper_case(part.column("description", "lines")).take(row)
    return RecordPart(position + 2, part.encode("OI", {"description": text}, rank, "PGA"))


def _note_lost(part: EntrySlice, orphaned: Mask, rank: Keys) -> None:
    numbers = part.column("entry_number")
    for row in np.flatnonzero(orphaned):
        part.problems.append(
            Problem(subject=numbers[int(rank[row])].as_py(), column="PG01", code="agency-data-without-tariff-number")
        )
