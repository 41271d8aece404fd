"""SE records of lines: SE40-SE61, OI and the PGA records that the entry carries.

CATAIR SE v40 p.64-66, 73-74; PGA message set July 2026 p.13-21, 32.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from tasks.ace.wire.array_tools import Keys, Mask, constant_column, find_rows, take_rows, to_numpy, upper_case
from tasks.ace.wire.entry_slices import LINES, EntrySlice, RecordPart, position_keys
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
    made = [RecordPart(position_keys(rank, LINES, line), part.encode("SE40", columns, rank))]
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
        made.append(RecordPart(position_keys(rank[zone], LINES, line[zone], 1), record))
    return [*made, *_tariffs(part)]


def _superseded(part: EntrySlice, line: np.ndarray) -> np.ndarray:
    """Which lines have a tariff number that is no longer active, with its successor."""
    named = part.given("current_hts_number", "tariffs")
    tariffs = part.ranks["tariffs"] * _LINE_STEP + part.integers("line", "tariffs")
    return np.isin(part.ranks["lines"] * _LINE_STEP + line, tariffs[named])


def _tariffs(part: EntrySlice) -> list[RecordPart]:
    rank = part.ranks["tariffs"]
    line = part.integers("line", "tariffs")
    position = part.integers("position", "tariffs")
    place = tariff_place(part.plain("hts_number", "tariffs"), position)
    columns = {"hts_number": part.column("hts_number", "tariffs"), "value": part.column("value", "tariffs")}
    at = position_keys(rank, LINES, line, place)
    made = [RecordPart(at, part.encode("SE60", columns, rank))]
    current = np.flatnonzero(part.given("current_hts_number", "tariffs"))
    if len(current):
        columns = {"current_hts_number": take_rows(part.column("current_hts_number", "tariffs"), current)}
        record = part.encode("SE61", columns, rank[current])
        made.append(RecordPart(at[current] + 1, record))
    if len(part.ranks["pga"]):
        made.extend(_agencies(part, at, _tariff_id(rank, line, position)))
    return made


def tariff_place(hts: pa.Array, position: Keys) -> Keys:
    """Chapter 98, then 99, then the number that carries the value (p.73; TIB: 9813 first)."""
    chapter = pc.index_in(pc.utf8_slice_codeunits(hts, 0, 2), value_set=pa.array(["98", "99"]))
    order = to_numpy(pc.fill_null(chapter, 2), np.int64)
    return _TARIFF + (order * _ORDER_STEP + position) * _TARIFF_STEP


def _tariff_id(rank: Keys, line: Keys, position: Keys) -> Keys:
    return (rank << 20) | (line << 8) | position


def _agencies(part: EntrySlice, at: Keys, tariffs: Keys) -> list[RecordPart]:
    """OI once a tariff number; PG01 an agency row, numbered from 001 within the agency (PGA p.13);
    without a disclaimer PG02 P, and PG14 where a permit or confirmation is known."""
    rank, line = part.ranks["pga"], part.integers("line", "pga")
    own = _tariff_id(rank, line, part.integers("position", "pga"))
    match = find_rows(tariffs, own)
    if (match < 0).any():
        _note_lost(part, match < 0, rank)
        return []
    agency = part.plain("agency", "pga").dictionary_encode().indices.to_numpy()
    order = np.lexsort((np.arange(len(own)), agency, own))
    first = _changes(own[order])
    place, rows = at[match[order]], rank[order]
    columns = {name: part.column(name, "pga").take(pa.array(order)) for name in _PGA_COLUMNS}
    pga = _AgencyRows(rows, place + 3 + 4 * _count_from(first), columns)
    number = _count_from(first | _changes(agency[order])) + 1
    described = _description(part, rows[first], line[order][first], place[first])
    return [described, *_agency_records(part, pga, number)]


@dataclass(frozen=True)
class _AgencyRows:
    """Agency rows in the order of the file, each with the place of its first record."""

    rank: Keys
    place: Keys
    columns: Mapping[str, pa.Array]


def _agency_records(part: EntrySlice, pga: _AgencyRows, number: Keys) -> list[RecordPart]:
    columns = {
        "pga_line_number": pa.array(number),
        "government_agency_code": pga.columns["agency"],
        "government_agency_program_code": pga.columns["program"],
        "government_agency_processing_code": pga.columns["processing"],
        "disclaimer": pga.columns["disclaimer"],
    }
    made = [RecordPart(pga.place, part.encode("PG01", columns, pga.rank, "PGA"))]
    full = to_numpy(pc.is_null(pga.columns["disclaimer"]), np.bool_)
    item = {"item_type": constant_column("P", int(full.sum()))}
    made.append(RecordPart(pga.place[full] + 1, part.encode("PG02", item, pga.rank[full], "PGA")))
    known = full & to_numpy(pc.is_valid(pga.columns["reference"]), np.bool_)
    permit = {"lpco_number_or_name": upper_case(take_rows(pga.columns["reference"], known))}
    made.append(RecordPart(pga.place[known] + 2, part.encode("PG14", permit, pga.rank[known], "PGA")))
    return made


def _description(part: EntrySlice, rank: Keys, line: Keys, place: Keys) -> RecordPart:
    known = (part.ranks["lines"] << 10) | part.integers("line", "lines")
    row = np.maximum(find_rows(known, (rank << 10) | line), 0)
    text = upper_case(part.column("description", "lines")).take(pa.array(row))
    return RecordPart(place + 2, part.encode("OI", {"description": text}, rank, "PGA"))


def _changes(values: Keys) -> Mask:
    """Where a value differs from the one before; the first one does."""
    return np.concatenate(([True], values[1:] != values[:-1]))


def _count_from(starts: Mask) -> Keys:
    """0, 1, 2 ... from each start."""
    row = np.arange(len(starts))
    return row - np.maximum.accumulate(np.where(starts, row, 0))


def _note_lost(part: EntrySlice, lost: Mask, rank: Keys) -> None:
    numbers = part.column("entry_number")
    for row in np.flatnonzero(lost):
        part.problems.append(
            Problem(subject=numbers[int(rank[row])].as_py(), column="PG01", code="agency-data-without-tariff-number")
        )
