"""Cargo release status: SO notifications, and the WO records of C1 that mirror them.

CQ v21 p.43-64 (WO10-WO72; "records WO10 through WO72 mimic SO10 through SO72"), SO v36 for the
codes added since. The latest SO60 decides the release; 22 and 98 carry its date.

Bills of a status message: SO40 with the SO42 and SO50 that follow it, and their WO twins.

The entries of a status message (SO, or the WO records of C1) and conditions on them.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from tasks.ace.answers.answer_facts import ON_FILE
from tasks.ace.answers.column_values import (
    Index,
    clock_times,
    entry_numbers,
    first_by_owner,
    hide_ssn,
    is_one_of,
    take_or_null,
)
from tasks.ace.answers.record_reader import AnswerRecords
from tasks.ace.checker.record_deck import RecordColumns
from tasks.ace.code_meanings import look_up_code, meaning_of


@dataclass(frozen=True)
class StatusMessage:
    """The entries of a status message: deck rows of their first records, and their numbers."""

    starts: Index
    numbers: pa.Array


def add_conditions(
    reading: AnswerRecords, status: StatusMessage, rows: RecordColumns, owner: Index, said: Mapping[str, str | pa.Array]
) -> None:
    """Conditions at records; plain texts stand for every row."""
    count = len(rows)
    if not count:
        return
    columns = {
        name: pa.array([value] * count, pa.string()) if isinstance(value, str) else value
        for name, value in {"severity": "I", **said}.items()
    }
    columns |= {
        "head": pa.array(reading.heads(status.starts, owner)),
        "block": pa.array(reading.block[rows.at]),
        "entry_number": take_or_null(status.numbers, owner),
        "final": pa.array(np.zeros(count, dtype=bool)),
    }
    reading.add("conditions", columns, rows.at)


def read_bills(reading: AnswerRecords, status: StatusMessage, letters: str) -> None:
    """SO40 with the SO42 and SO50 that follow it; a house bill stands on its own row."""
    rows = reading.rows(f"{letters}40")
    said = reading.columns(rows, "bill_type", "issuer_code", "bill_number", "quantity", "unit_of_measure")
    manifested = reading.texts(rows, "manifested_quantity")["manifested_quantity"]
    owner = reading.owner(rows.at, status.starts)
    match = reading.rows(f"{letters}50")
    seen = reading.columns(
        match,
        "disposition_date",
        "disposition_code",
        "narrative_message",
        "split_indicator",
        "carrier_code",
        "date_of_arrival",
    )
    more = reading.texts(match, "district_port_of_arrival", _voyage(match))
    at = clock_times(seen["disposition_date"], match.raw("disposition_time"))
    place = _following(reading, rows, match, status)
    bond = reading.rows(f"{letters}42")
    moved = reading.columns(bond, "in_bond_number", "date_of_in_bond_arrival")
    kind = reading.texts(bond, "in_bond_entry_type")["in_bond_entry_type"]
    leg = _following(reading, rows, bond, status)
    reading.add(
        "bills",
        {
            "head": pa.array(reading.heads(status.starts, owner)),
            "entry_number": take_or_null(status.numbers, owner),
            "bill_type": said["bill_type"],
            "issuer": said["issuer_code"],
            "bill_number": said["bill_number"],
            "quantity": said["quantity"],
            "unit": said["unit_of_measure"],
            "manifested": _whole(manifested),
            "in_bond_number": take_or_null(moved["in_bond_number"], leg),
            "in_bond_type": take_or_null(kind, leg),
            "in_bond_arrival": take_or_null(moved["date_of_in_bond_arrival"], leg),
            "code": take_or_null(seen["disposition_code"], place),
            "text": take_or_null(seen["narrative_message"], place),
            "at": take_or_null(at, place),
            "split": take_or_null(is_one_of(seen["split_indicator"], "Y"), place),
            "carrier_code": take_or_null(seen["carrier_code"], place),
            "voyage": take_or_null(more[_voyage(match)], place),
            "arrival_date": take_or_null(seen["date_of_arrival"], place),
            "port": take_or_null(more["district_port_of_arrival"], place),
        },
        rows.at,
    )
    _matches(reading, status, match, seen, at, rows, said, letters)


def _matches(
    reading: AnswerRecords,
    status: StatusMessage,
    match: RecordColumns,
    seen: dict[str, pa.Array],
    at: pa.Array,
    bills: RecordColumns,
    said: dict[str, pa.Array],
    letters: str,
) -> None:
    """Each SO50 as a condition of the bill before it."""
    bill = reading.owner(match.at, bills.at)
    name = pc.binary_join_element_wise(
        pc.fill_null(said["issuer_code"], ""), pc.fill_null(said["bill_number"], ""), " "
    )
    add_conditions(
        reading,
        status,
        match,
        reading.owner(match.at, status.starts),
        {
            "level": "bill",
            "code": seen["disposition_code"],
            "place": "bill",
            "text": seen["narrative_message"],
            "at": at,
            "record": f"{letters}50",
            "reference": pc.utf8_trim_whitespace(take_or_null(name, bill)),
        },
    )


def _following(reading: AnswerRecords, bills: RecordColumns, after: RecordColumns, status: StatusMessage) -> Index:
    """For each bill the first such record after it, before a bill of another group or entry.

    A master and its house stand one after the other and share what follows them.
    """
    if not len(after):
        return np.full(len(bills), -1, dtype=np.int64)
    found = np.searchsorted(after.at, bills.at)
    near = after.at[np.minimum(found, len(after) - 1)]
    own = reading.owner(bills.at, status.starts)
    same = (found < len(after)) & (reading.owner(near, status.starts) == own)
    between = reading.owner(near, bills.at) - np.arange(len(bills))
    house = np.append(bills.matrix[1:, 4] == ord("H"), False)
    return np.where(same & ((between == 0) | ((between == 1) & house)), found, -1)


def _voyage(rows: RecordColumns) -> str:
    return next(name for name in ("voyage", "voyage_flight_trip") if name in rows.layout.by_name)


def _whole(text: pa.Array) -> pa.Array:
    good = pc.match_substring_regex(text, r"^\s*[0-9]{1,15}\s*$")
    kept = pc.if_else(good, pc.utf8_trim_whitespace(text), pa.scalar(None, pa.string()))
    return kept.cast(pa.int64())


STATES = frozenset(
    {
        "released",
        "not released",
        "admissible",
        "exam",
        "detained",
        "hold",
        "review",
        "suspended",
        "documents",
        "quota",
        "split",
        "cancelled",
        "no bill",
        "in-bond",
        "port",
        "bill",
        "rejected",
    }
)
"""Meanings of SO60 codes that say where the goods stand. The others tell of a date or a request."""

_DATED = ("22", "98")
_REMOVED = "99"


def read_status(reading: AnswerRecords, letters: str = "SO") -> StatusMessage:
    """Adds an entry for each SO10 (or WO10), its dispositions, bills and references."""
    heads = reading.rows(f"{letters}10")
    numbers = entry_numbers(heads.raw("entry_filer_code"), heads.raw("entry_number"))
    status = StatusMessage(heads.at, numbers)
    if not len(heads):
        return status
    fields = reading.columns(heads, "district_port_of_entry", "entry_type_code", "importer_of_record_number")
    text = reading.texts(heads, "district_port_of_entry", "entry_type_code")
    columns = {
        "entry_number": numbers,
        "disposition": pa.array([ON_FILE] * len(heads), pa.string()),
        "block": pa.array(reading.block[heads.at]),
        "port": text["district_port_of_entry"],
        "entry_type": text["entry_type_code"],
        "importer_number": fields["importer_of_record_number"],
    }
    columns |= _dispositions(reading, status, letters)
    columns |= _references(reading, status, letters)
    reading.add("entries", columns, heads.at)
    read_bills(reading, status, letters)
    return status


def _dispositions(reading: AnswerRecords, status: StatusMessage, letters: str) -> dict[str, pa.Array]:
    """The conditions of SO60, and what they come to for each entry."""
    rows = reading.rows(f"{letters}60")
    count = len(status.starts)
    said = reading.columns(
        rows, "disposition_action_date", "disposition_action_code", "narrative_message", "release_date", "document_type"
    )
    origin = reading.texts(rows, "release_origin_code")["release_origin_code"]
    at = clock_times(said["disposition_action_date"], rows.raw("disposition_action_time"))
    owner = reading.owner(rows.at, status.starts)
    code = said["disposition_action_code"]
    document = said["document_type"]
    add_conditions(
        reading,
        status,
        rows,
        owner,
        {
            "level": "entry",
            "code": code,
            "place": "entry",
            "text": said["narrative_message"],
            "at": at,
            "record": f"{letters}60",
            "reference": pc.if_else(
                pc.is_valid(document), pc.binary_join_element_wise("document", document, " "), None
            ),
        },
    )
    meanings = meaning_of("SO", "entry")
    meaning = pa.array([meanings.get(one or "", "") for one in code.to_pylist()], pa.string())
    order = _in_time(owner, at)
    states = _latest(order, owner, _among(meaning, sorted(STATES)), count)
    dated = _latest(order, owner, _among(code, list(_DATED)), count)
    any_ = _latest(order, owner, np.ones(len(owner), dtype=bool), count)
    removed = _among(take_or_null(origin, dated), [_REMOVED])
    day = pc.if_else(pa.array(removed), pa.scalar(None, pa.date32()), take_or_null(said["release_date"], dated))
    return {
        "release": take_or_null(meaning, states),
        "release_code": take_or_null(code, any_),
        "release_date": day,
        "release_origin": take_or_null(origin, dated),
        "code": take_or_null(code, any_),
        "text": take_or_null(said["narrative_message"], any_),
        "at": take_or_null(at, any_),
        "severity": pa.array([""] * count, pa.string()),
    }


def _in_time(owner: Index, at: pa.Array) -> Index:
    """Rows by owner, time and place: what stands last in a message wins among equals."""
    seconds = pc.fill_null(at.cast(pa.int64()), -1).to_numpy(zero_copy_only=False)
    return np.lexsort((np.arange(len(owner)), seconds, owner))


def _latest(order: Index, owner: Index, mask: np.ndarray, count: int) -> Index:
    """(count,) the row that stands last in the order for each owner; -1 without one."""
    kept = order[mask[order]]
    last = np.full(count, -1, dtype=np.int64)
    inside = kept[owner[kept] >= 0]
    last[owner[inside]] = inside
    return last


def _references(reading: AnswerRecords, status: StatusMessage, letters: str) -> dict[str, pa.Array]:
    """SO20: our reference, why a request was refused (RSN), what CBP said about it (CMT)."""
    rows = reading.rows(f"{letters}20")
    said = reading.texts(rows, "qualifier", "reference")
    owner = reading.owner(rows.at, status.starts)
    kind, value = said["qualifier"], said["reference"]
    why = np.flatnonzero(_among(kind, ["RSN"]))
    add_conditions(
        reading,
        status,
        _some(rows, why),
        owner[why],
        {
            "level": "request",
            "code": take_or_null(value, why),
            "place": "reason",
            "severity": "F",
            "text": _narratives(take_or_null(value, why)),
            "record": f"{letters}20",
        },
    )
    count = len(status.starts)
    remarks = np.where(_among(kind, ["CMT"]), owner, -1)
    return {
        "reference": first_by_owner(value, np.where(_among(kind, ["CR"]), owner, -1), count),
        "remarks": hide_ssn(_together(value, remarks, count)),
    }


def _narratives(code: pa.Array) -> pa.Array:
    """Our short text of a refusal reason: the message itself carries only the number."""
    found = [look_up_code("SO", one or "", "reason") for one in code.to_pylist()]
    return pa.array([one.texts[0] if one.known else None for one in found], pa.string())


def _some(rows: RecordColumns, which: Index) -> RecordColumns:
    return RecordColumns(rows.layout, rows.matrix[which], rows.at[which])


def _together(text: pa.Array, owner: Index, count: int) -> pa.Array:
    """(count,) texts of each owner one after the other; null where there is none."""
    said: list[list[str]] = [[] for _ in range(count)]
    for row in np.flatnonzero(owner >= 0):
        value = text[int(row)].as_py()
        if value:
            said[owner[row]].append(value)
    return pa.array([" ".join(one) or None for one in said], pa.string())


def _among(text: pa.Array, values: list[str]) -> np.ndarray:
    return pc.is_in(text, value_set=pa.array(values, pa.string())).to_numpy(zero_copy_only=False)
