"""Cargo release status: SO notifications, and the WO records of C1 that mirror them.

CQ v21 p.43-64 (WO10-WO72; "records WO10 through WO72 mimic SO10 through SO72"), SO v36 for the
codes added since. The latest SO60 decides the release; 22 and 98 carry its date.
"""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from tasks.ace.answers.columns import Index, clock, entry_numbers, hidden, placed, taken
from tasks.ace.answers.read import Reading
from tasks.ace.answers.shape import ON_FILE
from tasks.ace.answers.so_bills import read_bills
from tasks.ace.answers.status import Status, add_conditions
from tasks.ace.checks.deck import Rows
from tasks.ace.condition_codes import look_up, meaning_of

STATES = frozenset({
    "released", "not released", "admissible", "exam", "detained", "hold", "review", "suspended",
    "documents", "quota", "split", "cancelled", "no bill", "in-bond", "port", "bill", "rejected",
})  # fmt: skip
"""Meanings of SO60 codes that say where the goods stand. The others tell of a date or a request."""

_DATED = ("22", "98")
_REMOVED = "99"


def read_status(reading: Reading, letters: str = "SO") -> Status:
    """Adds an entry for each SO10 (or WO10), its dispositions, bills and references."""
    heads = reading.rows(f"{letters}10")
    numbers = entry_numbers(heads.raw("entry_filer_code"), heads.raw("entry_number"))
    status = Status(heads.at, numbers)
    if not len(heads):
        return status
    fields = reading.columns(
        heads, "district_port_of_entry", "entry_type_code", "importer_of_record_number"
    )
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


def _dispositions(reading: Reading, status: Status, letters: str) -> dict[str, pa.Array]:
    """The conditions of SO60, and what they come to for each entry."""
    rows = reading.rows(f"{letters}60")
    count = len(status.starts)
    said = reading.columns(
        rows, "disposition_action_date", "disposition_action_code", "narrative_message",
        "release_date", "document_type",
    )  # fmt: skip
    origin = reading.texts(rows, "release_origin_code")["release_origin_code"]
    at = clock(said["disposition_action_date"], rows.raw("disposition_action_time"))
    owner = reading.owner(rows.at, status.starts)
    code = said["disposition_action_code"]
    document = said["document_type"]
    add_conditions(reading, status, rows, owner, {
        "level": "entry", "code": code, "place": "entry", "text": said["narrative_message"],
        "at": at, "record": f"{letters}60",
        "reference": pc.if_else(
            pc.is_valid(document), pc.binary_join_element_wise("document", document, " "), None
        ),
    })  # fmt: skip
    meanings = meaning_of("SO", "entry")
    meaning = pa.array([meanings.get(one or "", "") for one in code.to_pylist()], pa.string())
    order = _in_time(owner, at)
    states = _latest(order, owner, _among(meaning, sorted(STATES)), count)
    dated = _latest(order, owner, _among(code, list(_DATED)), count)
    any_ = _latest(order, owner, np.ones(len(owner), dtype=bool), count)
    removed = _among(taken(origin, dated), [_REMOVED])
    day = pc.if_else(pa.array(removed), pa.scalar(None, pa.date32()),
                     taken(said["release_date"], dated))  # fmt: skip
    return {
        "release": taken(meaning, states),
        "release_code": taken(code, any_),
        "release_date": day,
        "release_origin": taken(origin, dated),
        "code": taken(code, any_),
        "text": taken(said["narrative_message"], any_),
        "at": taken(at, any_),
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


def _references(reading: Reading, status: Status, letters: str) -> dict[str, pa.Array]:
    """SO20: our reference, why a request was refused (RSN), what CBP said about it (CMT)."""
    rows = reading.rows(f"{letters}20")
    said = reading.texts(rows, "qualifier", "reference")
    owner = reading.owner(rows.at, status.starts)
    kind, value = said["qualifier"], said["reference"]
    why = np.flatnonzero(_among(kind, ["RSN"]))
    add_conditions(reading, status, _some(rows, why), owner[why], {
        "level": "request", "code": taken(value, why), "place": "reason", "severity": "F",
        "text": _narratives(taken(value, why)), "record": f"{letters}20",
    })  # fmt: skip
    count = len(status.starts)
    remarks = np.where(_among(kind, ["CMT"]), owner, -1)
    return {
        "reference": placed(value, np.where(_among(kind, ["CR"]), owner, -1), count),
        "remarks": hidden(_together(value, remarks, count)),
    }


def _narratives(code: pa.Array) -> pa.Array:
    """Our short text of a refusal reason: the message itself carries only the number."""
    found = [look_up("SO", one or "", "reason") for one in code.to_pylist()]
    return pa.array([one.texts[0] if one.known else None for one in found], pa.string())


def _some(rows: Rows, which: Index) -> Rows:
    return Rows(rows.layout, rows.matrix[which], rows.at[which])


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
