"""SE records of parties: SE30-SE36 for the entry, SE50-SE56 for a line (CATAIR SE v40 p.58-72)."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from tasks.ace.cargo.header import refuse_clear
from tasks.ace.layout import layout
from tasks.ace.wire.slices import LINES, PARTIES, Part, Private, Slice, keys
from tasks.ace.wire.vectors import Keys, chosen, constant, numpy, unsealed, upper

_PARTY_ORDER = ("MF", "SE", "BY", "CN", "ST", "CS", "LG")
_UNSTRUCTURED = "15"
_ADDRESS = 35
_SPLIT = rf"^(?P<first>.{{1,{_ADDRESS}}})(?: +(?P<rest>.{{1,{_ADDRESS}}}))?$"
_FIRST_PARTY, _PARTY_STEP = 8, 8
"""Places on a line: after SE40 and SE41, before the tariff numbers."""


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


def _party(part: Slice, column: Mapping[str, pa.Array], rank: Keys, record: str, at: Keys) -> Part:
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
