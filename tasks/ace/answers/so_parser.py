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

from tasks.ace.answers.answer_facts import ON_FILE
from tasks.ace.answers.column_values import Index, clock_times, entry_numbers, first_by_owner, hide_ssn, is_one_of
from tasks.ace.answers.record_reader import AnswerRecords, select_rows
from tasks.ace.answers.table_schemas import ColumnValues
from tasks.ace.checker.record_deck import RecordColumns
from tasks.ace.code_meanings import look_up_code, meaning_of
from tasks.ace.wire.array_tools import NO_TEXT, take_or_null, texts_among, whole_numbers
from tasks.core import arrow_compute as pc


@dataclass(frozen=True)
class StatusMessage:
    """The entries of a status message: deck rows of their first records, and their numbers."""

    starts: Index
    numbers: pa.Array


def add_conditions(
    reading: AnswerRecords, status: StatusMessage, rows: RecordColumns, owner: Index, facts: Mapping[str, ColumnValues]
) -> None:
    """Conditions at records; a plain text stands for every row."""
    columns = {
        "severity": "I",
        **facts,
        "head": reading.heads(status.starts, owner),
        "entry_number": take_or_null(status.numbers, owner),
        "final": False,
    }
    reading.add("conditions", columns, rows.at)


def read_bills(reading: AnswerRecords, status: StatusMessage, letters: str) -> None:
    """SO40 with the SO42 and SO50 that follow it; a house bill stands on its own row."""
    rows = reading.rows(f"{letters}40")
    fields = reading.columns(rows, "bill_type", "issuer_code", "bill_number", "quantity", "unit_of_measure")
    manifested = reading.texts(rows, "manifested_quantity")["manifested_quantity"]
    owner = reading.owner(rows.at, status.starts)
    match = reading.rows(f"{letters}50")
    statuses = reading.columns(
        match,
        "disposition_date",
        "disposition_code",
        "narrative_message",
        "split_indicator",
        "carrier_code",
        "date_of_arrival",
    )
    arrivals = reading.texts(match, "district_port_of_arrival", _voyage(match))
    at = clock_times(statuses["disposition_date"], match.raw("disposition_time"))
    status_row = _following(reading, rows, match, status)
    bond = reading.rows(f"{letters}42")
    moved = reading.columns(bond, "in_bond_number", "date_of_in_bond_arrival")
    kind = reading.texts(bond, "in_bond_entry_type")["in_bond_entry_type"]
    leg = _following(reading, rows, bond, status)
    reading.add(
        "bills",
        {
            "head": reading.heads(status.starts, owner),
            "entry_number": take_or_null(status.numbers, owner),
            "bill_type": fields["bill_type"],
            "issuer": fields["issuer_code"],
            "bill_number": fields["bill_number"],
            "quantity": fields["quantity"],
            "unit": fields["unit_of_measure"],
            "manifested": _whole_numbers(manifested),
            "in_bond_number": take_or_null(moved["in_bond_number"], leg),
            "in_bond_type": take_or_null(kind, leg),
            "in_bond_arrival": take_or_null(moved["date_of_in_bond_arrival"], leg),
            "code": take_or_null(statuses["disposition_code"], status_row),
            "text": take_or_null(statuses["narrative_message"], status_row),
            "at": take_or_null(at, status_row),
            "split": take_or_null(is_one_of(statuses["split_indicator"], "Y"), status_row),
            "carrier_code": take_or_null(statuses["carrier_code"], status_row),
            "voyage": take_or_null(arrivals[_voyage(match)], status_row),
            "arrival_date": take_or_null(statuses["date_of_arrival"], status_row),
            "port": take_or_null(arrivals["district_port_of_arrival"], status_row),
        },
        rows.at,
    )
    _matches(reading, status, match, statuses, at, rows, fields, letters)


def _matches(
    reading: AnswerRecords,
    status: StatusMessage,
    match: RecordColumns,
    statuses: dict[str, pa.Array],
    at: pa.Array,
    bills: RecordColumns,
    fields: dict[str, pa.Array],
    letters: str,
) -> None:
    """Each SO50 as a condition of the bill before it."""
    bill = reading.owner(match.at, bills.at)
    name = pc.binary_join_element_wise(
        pc.fill_null(fields["issuer_code"], ""), pc.fill_null(fields["bill_number"], ""), " "
    )
    add_conditions(
        reading,
        status,
        match,
        reading.owner(match.at, status.starts),
        {
            "level": "bill",
            "code": statuses["disposition_code"],
            "place": "bill",
            "text": statuses["narrative_message"],
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
    index = np.searchsorted(after.at, bills.at)
    candidate = after.at[np.minimum(index, len(after) - 1)]
    entry = reading.owner(bills.at, status.starts)
    same = (index < len(after)) & (reading.owner(candidate, status.starts) == entry)
    between = reading.owner(candidate, bills.at) - np.arange(len(bills))
    is_house = np.append(bills.matrix[1:, 4] == ord("H"), False)
    return np.where(same & ((between == 0) | ((between == 1) & is_house)), index, -1)


def _voyage(rows: RecordColumns) -> str:
    return next(name for name in ("voyage", "voyage_flight_trip") if name in rows.layout.by_name)


def _whole_numbers(text: pa.Array) -> pa.Array:
    good = pc.match_substring_regex(text, r"^\s*[0-9]{1,15}\s*$")
    digits = pc.if_else(good, pc.utf8_trim_whitespace(text), NO_TEXT)
    return digits.cast(pa.int64())


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
    columns: dict[str, ColumnValues] = {
        "entry_number": numbers,
        "disposition": ON_FILE,
        "port": text["district_port_of_entry"],
        "entry_type": text["entry_type_code"],
        "importer_number": fields["importer_of_record_number"],
    }
    columns |= _dispositions(reading, status, letters)
    columns |= _references(reading, status, letters)
    reading.add("entries", columns, heads.at)
    read_bills(reading, status, letters)
    return status


def _dispositions(reading: AnswerRecords, status: StatusMessage, letters: str) -> dict[str, ColumnValues]:
    """The conditions of SO60, and what they come to for each entry."""
    rows = reading.rows(f"{letters}60")
    count = len(status.starts)
    fields = reading.columns(
        rows, "disposition_action_date", "disposition_action_code", "narrative_message", "release_date", "document_type"
    )
    origin = reading.texts(rows, "release_origin_code")["release_origin_code"]
    at = clock_times(fields["disposition_action_date"], rows.raw("disposition_action_time"))
    owner = reading.owner(rows.at, status.starts)
    code = fields["disposition_action_code"]
    document = fields["document_type"]
    add_conditions(
        reading,
        status,
        rows,
        owner,
        {
            "level": "entry",
            "code": code,
            "place": "entry",
            "text": fields["narrative_message"],
            "at": at,
            "record": f"{letters}60",
            "reference": pc.if_else(
                pc.is_valid(document), pc.binary_join_element_wise("document", document, " "), None
            ),
        },
    )
    meanings = meaning_of("SO", "entry")
    meaning = pa.array([meanings.get(value or "", "") for value in code.to_pylist()], pa.string())
    order = _in_time(owner, at)
    states = _latest(order, owner, texts_among(meaning, sorted(STATES)), count)
    dated = _latest(order, owner, texts_among(code, list(_DATED)), count)
    any_ = _latest(order, owner, np.ones(len(owner), dtype=bool), count)
    removed = texts_among(take_or_null(origin, dated), [_REMOVED])
    day = pc.if_else(pa.array(removed), pa.scalar(None, pa.date32()), take_or_null(fields["release_date"], dated))
    return {
        "release": take_or_null(meaning, states),
        "release_code": take_or_null(code, any_),
        "release_date": day,
        "release_origin": take_or_null(origin, dated),
        "code": take_or_null(code, any_),
        "text": take_or_null(fields["narrative_message"], any_),
        "at": take_or_null(at, any_),
        "severity": "",
    }


def _in_time(owner: Index, at: pa.Array) -> Index:
    """Rows by owner, time and place: what stands last in a message wins among equals."""
    seconds = whole_numbers(at.cast(pa.int64()), -1)
    return np.lexsort((np.arange(len(owner)), seconds, owner))


def _latest(order: Index, owner: Index, mask: np.ndarray, count: int) -> Index:
    """(count,) the row that stands last in the order for each owner; -1 without one."""
    rows = order[mask[order]]
    last = np.full(count, -1, dtype=np.int64)
    inside = rows[owner[rows] >= 0]
    last[owner[inside]] = inside
    return last


def _references(reading: AnswerRecords, status: StatusMessage, letters: str) -> dict[str, pa.Array]:
    """SO20: our reference, why a request was refused (RSN), what CBP said about it (CMT)."""
    rows = reading.rows(f"{letters}20")
    texts = reading.texts(rows, "qualifier", "reference")
    owner = reading.owner(rows.at, status.starts)
    kind, value = texts["qualifier"], texts["reference"]
    why = np.flatnonzero(texts_among(kind, ["RSN"]))
    add_conditions(
        reading,
        status,
        select_rows(rows, why),
        owner[why],
        {
            "level": "request",
            "code": take_or_null(value, why),
            "place": "reason",
            "severity": "F",
            "text": [look_up_code("SO", reason or "", "reason").narrative for reason in value.take(why).to_pylist()],
            "record": f"{letters}20",
        },
    )
    count = len(status.starts)
    remarks = np.where(texts_among(kind, ["CMT"]), owner, -1)
    return {
        "reference": first_by_owner(value, np.where(texts_among(kind, ["CR"]), owner, -1), count),
        "remarks": hide_ssn(_joined_by_owner(value, remarks, count)),
    }


def _joined_by_owner(text: pa.Array, owner: Index, count: int) -> pa.Array:
    """(count,) texts of each owner one after the other; null where there is none."""
    texts_of: list[list[str]] = [[] for _ in range(count)]
    for row in np.flatnonzero(owner >= 0):
        value = text[int(row)].as_py()
        if value:
            texts_of[owner[row]].append(value)
    return pa.array([" ".join(words) or None for words in texts_of], pa.string())
