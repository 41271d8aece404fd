"""SE records of parties and lines: SE30-36, SE40-61, OI and the PGA records the entry carries.

CATAIR SE v40 p.58-74; PGA message set July 2026 p.13-21, 32.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from tasks.ace.layout import layout
from tasks.ace.se_header import refuse_clear
from tasks.ace.slices import (
    LINES,
    PARTIES,
    Keys,
    Mask,
    Part,
    Private,
    Slice,
    chosen,
    constant,
    keys,
    lookup,
    numpy,
    unsealed,
    upper,
)
from tasks.shared.errors import Problem

_PARTY_ORDER = ("MF", "SE", "BY", "CN", "ST", "CS", "LG")
_PGA_COLUMNS = ("agency", "program", "processing", "disclaimer", "reference")
_UNSTRUCTURED = "15"
_ADDRESS = 35
_SPLIT = rf"^(?P<first>.{{1,{_ADDRESS}}})(?: +(?P<rest>.{{1,{_ADDRESS}}}))?$"
_FIRST_PARTY, _PARTY_STEP = 8, 8
_TARIFF, _TARIFF_STEP, _ORDER_STEP = 1 << 21, 1 << 12, 128
"""Places on a line: SE40, SE41, parties, then tariff numbers, each with its PGA records."""


def parties(part: Slice) -> list[Part]:
    """SE30-SE36 for the whole entry (line 0), SE50-SE56 for a line."""
    line = part.integers("line", "parties")
    kind = part.plain("party", "parties")
    order = pc.index_in(kind, value_set=pa.array(_PARTY_ORDER))
    place = numpy(pc.fill_null(order, len(_PARTY_ORDER)), np.int64)
    at = keys(
        part.ranks["parties"],
        np.where(line == 0, PARTIES, LINES),
        line,
        _FIRST_PARTY + _PARTY_STEP * place,
    )
    return [
        made
        for rows, level in ((line == 0, "SE3"), (line > 0, "SE5"))
        if rows.any()
        for made in _party_records(part, np.flatnonzero(rows), level, at)
    ]


def _party_records(part: Slice, rows: Keys, level: str, at: Keys) -> list[Part]:
    rank = part.ranks["parties"][rows]
    column = {
        name: chosen(part.column(name, "parties"), rows)
        for name in part.tables["parties"].column_names
    }
    made = [_party(part, column, rank, f"{level}0", at[rows])]
    if column["global_id_type"].null_count < len(rows):
        known = np.flatnonzero(pc.is_valid(column["global_id_type"]))
        columns = {
            "gbi_qualifier": column["global_id_type"].take(known),
            "gbi_identifier": column["global_id"].take(known),
        }
        record = part.encode(f"{level}1", columns, rank[known])
        made.append(Part(at[rows][known] + 1, record))
    named = np.flatnonzero(pc.is_valid(column["name"]))
    if len(named):
        named_rank, place = rank[named], at[rows][named]
        address = _address(column["address"].take(named))
        made.append(Part(place + 2, part.encode(f"{level}5", address, named_rank)))
        town = _town({name: values.take(named) for name, values in column.items()})
        made.append(Part(place + 3, part.encode(f"{level}6", town, named_rank)))
    return made


def _party(
    part: Slice, column: Mapping[str, pa.Array], rank: Keys, record: str, at: Keys
) -> Part:
    number, sealed, clear = unsealed(column["number"], column["number_type"])
    refuse_clear(part, clear, rank, f"{record} number")
    columns = {
        "entity_code": column["party"],
        "entity_name": upper(column["name"]),
        "identifier_qualifier": column["number_type"],
        "entity_identifier": number,
    }
    place = layout("SE", record)["entity_identifier"]
    private = tuple(
        Private(int(row), place.start, place.length, column["number"][int(row)].as_py())
        for row in sealed
    )
    return Part(at, part.encode(record, columns, rank), private)


def _address(address: pa.Array) -> dict[str, pa.Array]:
    """One street line in one or two components of 35, cut at a blank where there is one.

    A number of its own (qualifier 01, 02) is not told apart: 15 is an unstructured address.
    """
    if pa.types.is_dictionary(address.type):
        halves = _halves(upper(address.dictionary))
        first, rest = (pa.DictionaryArray.from_arrays(address.indices, half) for half in halves)
        second = rest.dictionary.take(rest.indices)
    else:
        first, second = _halves(upper(address))
        rest = second
    qualifier = pc.if_else(pc.is_valid(second), _UNSTRUCTURED, pa.scalar(None, pa.string()))
    return {
        "address_qualifier": constant(_UNSTRUCTURED, len(address)),
        "address_information": first,
        "address_qualifier_2": qualifier,
        "address_information_2": rest,
    }


def _halves(text: pa.Array) -> tuple[pa.Array, pa.Array]:
    nothing = pa.scalar(None, pa.string())
    long = pc.fill_null(pc.greater(pc.binary_length(text), _ADDRESS), False)
    if not pc.any(long).as_py():
        return text, pa.nulls(len(text), pa.string())
    pieces = pc.extract_regex(text, _SPLIT)
    first = pc.struct_field(pieces, "first")
    rest = pc.struct_field(pieces, "rest")
    cut = pc.and_(long, pc.is_null(pieces))
    first = pc.if_else(cut, pc.utf8_slice_codeunits(text, 0, _ADDRESS), first)
    rest = pc.if_else(cut, pc.utf8_slice_codeunits(text, _ADDRESS), rest)
    return pc.if_else(long, first, text), pc.if_else(long, rest, nothing)


def _town(column: Mapping[str, pa.Array]) -> dict[str, pa.Array]:
    return {
        "city": upper(column["city"]),
        "subdivision": column["subdivision"],
        "postal_code": upper(column["postal_code"]),
        "country_code": column["country"],
    }


def lines(part: Slice) -> list[Part]:
    """SE40, SE41 for zone entries, SE60 and SE61 in the order of p.73, then the PGA records."""
    rank = part.ranks["lines"]
    line = part.integers("line", "lines")
    columns = {
        "line": part.column("line", "lines"),
        "country_of_origin": part.column("country_of_origin", "lines"),
        "description": upper(part.column("description", "lines")),
    }
    made = [Part(keys(rank, LINES, line), part.encode("SE40", columns, rank))]
    zone = np.flatnonzero(part.is_any("zone_status", ("P", "N"), "lines"))
    if len(zone):
        columns = {
            "zone_status": chosen(part.column("zone_status", "lines"), zone),
            "privileged_date": chosen(part.column("privileged_date", "lines"), zone),
            "zone_quantity": chosen(part.column("zone_quantity", "lines"), zone),
        }
        record = part.encode("SE41", columns, rank[zone])
        made.append(Part(keys(rank[zone], LINES, line[zone], 1), record))
    return [*made, *_tariffs(part)]


def _tariffs(part: Slice) -> list[Part]:
    rank = part.ranks["tariffs"]
    line = part.integers("line", "tariffs")
    position = part.integers("position", "tariffs")
    place = _tariff_place(part.plain("hts_number", "tariffs"), position)
    columns = {
        "hts_number": part.column("hts_number", "tariffs"),
        "value": part.column("value", "tariffs"),
    }
    at = keys(rank, LINES, line, place)
    made = [Part(at, part.encode("SE60", columns, rank))]
    current = np.flatnonzero(part.given("current_hts_number", "tariffs"))
    if len(current):
        columns = {
            "current_hts_number": chosen(part.column("current_hts_number", "tariffs"), current)
        }
        record = part.encode("SE61", columns, rank[current])
        made.append(Part(at[current] + 1, record))
    if len(part.ranks["pga"]):
        made.extend(_agencies(part, at, _tariff_id(rank, line, position)))
    return made


def _tariff_place(hts: pa.Array, position: Keys) -> Keys:
    """Chapter 98, then 99, then the number that carries the value (p.73; TIB: 9813 first)."""
    chapter = pc.index_in(pc.utf8_slice_codeunits(hts, 0, 2), value_set=pa.array(["98", "99"]))
    order = numpy(pc.fill_null(chapter, 2), np.int64)
    return _TARIFF + (order * _ORDER_STEP + position) * _TARIFF_STEP


def _tariff_id(rank: Keys, line: Keys, position: Keys) -> Keys:
    return (rank << 20) | (line << 8) | position


def _agencies(part: Slice, at: Keys, tariffs: Keys) -> list[Part]:
    """OI once a tariff number; PG01 an agency row, numbered from 001 within the agency (PGA p.13);
    without a disclaimer PG02 P, and PG14 where a permit or confirmation is known."""
    rank, line = part.ranks["pga"], part.integers("line", "pga")
    own = _tariff_id(rank, line, part.integers("position", "pga"))
    match = lookup(tariffs, own)
    if (match < 0).any():
        _note_lost(part, match < 0, rank)
        return []
    agency = part.plain("agency", "pga").dictionary_encode().indices.to_numpy()
    order = np.lexsort((np.arange(len(own)), agency, own))
    first = _changes(own[order])
    place, rows = at[match[order]], rank[order]
    columns = {name: part.column(name, "pga").take(pa.array(order)) for name in _PGA_COLUMNS}
    pga = _Agencies(rows, place + 3 + 4 * _count_from(first), columns)
    number = _count_from(first | _changes(agency[order])) + 1
    described = _description(part, rows[first], line[order][first], place[first])
    return [described, *_agency_records(part, pga, number)]


@dataclass(frozen=True)
class _Agencies:
    """Agency rows in the order of the file, each with the place of its first record."""

    rank: Keys
    place: Keys
    columns: Mapping[str, pa.Array]


def _agency_records(part: Slice, pga: _Agencies, number: Keys) -> list[Part]:
    columns = {
        "pga_line_number": pa.array(number),
        "government_agency_code": pga.columns["agency"],
        "government_agency_program_code": pga.columns["program"],
        "government_agency_processing_code": pga.columns["processing"],
        "disclaimer": pga.columns["disclaimer"],
    }
    made = [Part(pga.place, part.encode("PG01", columns, pga.rank, "PGA"))]
    full = numpy(pc.is_null(pga.columns["disclaimer"]), np.bool_)
    item = {"item_type": constant("P", int(full.sum()))}
    made.append(Part(pga.place[full] + 1, part.encode("PG02", item, pga.rank[full], "PGA")))
    known = full & numpy(pc.is_valid(pga.columns["reference"]), np.bool_)
    permit = {"lpco_number_or_name": upper(chosen(pga.columns["reference"], known))}
    made.append(Part(pga.place[known] + 2, part.encode("PG14", permit, pga.rank[known], "PGA")))
    return made


def _description(part: Slice, rank: Keys, line: Keys, place: Keys) -> Part:
    known = (part.ranks["lines"] << 10) | part.integers("line", "lines")
    row = np.maximum(lookup(known, (rank << 10) | line), 0)
    text = upper(part.column("description", "lines")).take(pa.array(row))
    return Part(place + 2, part.encode("OI", {"description": text}, rank, "PGA"))


def _changes(values: Keys) -> Mask:
    """Where a value differs from the one before; the first one does."""
    return np.concatenate(([True], values[1:] != values[:-1]))


def _count_from(starts: Mask) -> Keys:
    """0, 1, 2 ... from each start."""
    row = np.arange(len(starts))
    return row - np.maximum.accumulate(np.where(starts, row, 0))


def _note_lost(part: Slice, lost: Mask, rank: Keys) -> None:
    numbers = part.column("entry_number")
    for row in np.flatnonzero(lost):
        part.problems.append(
            Problem(
                sheet=f"entry {numbers[int(rank[row])].as_py()}",
                column="PG01",
                wrong="agency data for a tariff number that the line does not have",
            )
        )
